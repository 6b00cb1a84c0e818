"""The values every printable document is made of: the whole contract between callers and forms.

Money is an integer count of tiyn, dates are dates of the district's calendar, quantities are exact
decimals in whole thousandths. All values are frozen and refuse nonsense when they are made, with
`ValueError` (or `TypeError` for a float where money is meant), so `render` has nothing left to doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from invoices.checks import (
    require,
    require_ascii,
    require_document,
    require_money,
    require_quantity,
    require_signed,
)

BOTH = ("kk", "ru")


@dataclass(frozen=True, slots=True)
class LocalText:
    """One text in the languages documents are printed in.

    An empty language falls back: kk to ru, ru to kk, en to ru and then kk.
    """

    kk: str = ""
    ru: str = ""
    en: str = ""

    @classmethod
    def same(cls, text: str) -> LocalText:
        """Return `text` for every language: a person's name, a number, a phone."""
        return cls(text, text, text)

    def __bool__(self) -> bool:
        return bool(self.kk or self.ru or self.en)

    def get(self, language: str) -> str:
        """Return the text in `language`, or its nearest fallback, or an empty string."""
        if language == "kk":
            return self.kk or self.ru or self.en
        if language == "ru":
            return self.ru or self.kk or self.en
        return self.en or self.ru or self.kk

    def each(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Return the different non-empty texts in `languages`, in that order."""
        return tuple(dict.fromkeys(filter(None, map(self.get, languages))))


NO_TEXT = LocalText()


@dataclass(frozen=True, slots=True)
class Party:
    """A side of a document: the enterprise, a resident, an organisation.

    `tax_id` is the IIN or BIN as text (leading zeros count), empty when it may not be printed.
    """

    name: LocalText
    tax_id: str = ""
    is_person: bool = False  # prints «ИИН» instead of «БИН»
    address: LocalText = NO_TEXT
    phone: str = ""

    def __post_init__(self) -> None:
        require(bool(self.name), "a party needs a name")


@dataclass(frozen=True, slots=True)
class BankDetails:
    """Where the supplier is paid: account (IBAN, «ИИК»), bank, BIC and beneficiary code."""

    iban: str
    bic: str
    bank_name: LocalText
    kbe: str  # two digits: residency and sector, 16 for a communal enterprise
    knp: str = "859"  # payment purpose code, three digits

    def __post_init__(self) -> None:
        require(bool(self.iban and self.bic), "bank details need an account and a BIC")


@dataclass(frozen=True, slots=True)
class ContractReference:
    """The contract a document refers to."""

    number: str
    signed_on: date

    def __post_init__(self) -> None:
        require(bool(self.number), "a contract needs a number")


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs: position and name, either may be left empty to be written by hand."""

    position: LocalText = NO_TEXT
    name: str = ""


BY_HAND = Signatory()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice or a credit note.

    `amount` is what this line adds to the total: VAT included, benefit already taken off.
    """

    name: LocalText
    amount: int  # tiyn
    quantity: Decimal | None = None  # None: a sum without a quantity
    unit: LocalText = NO_TEXT
    unit_price: int | None = None  # tiyn for one unit, VAT included
    code: str = ""
    benefit: int = 0  # tiyn taken off before `amount`
    vat_rate: Decimal | None = None  # percent; None: without VAT
    vat: int = 0  # tiyn of VAT inside `amount`

    def __post_init__(self) -> None:
        require(bool(self.name), "a line needs a name")
        require_money(amount=self.amount, benefit=self.benefit, vat=self.vat)
        if self.unit_price is not None:
            require_money(unit_price=self.unit_price)
        require_quantity(self.quantity)
        require(self.vat <= self.amount, "VAT inside a line cannot exceed its amount")
        require(self.vat_rate is not None or self.vat == 0, "VAT needs its rate")


@dataclass(frozen=True, slots=True)
class PersonalAccount:
    """The state of a customer's personal account over a period.

    Positive `opening` and `closing` are debt, negative ones an advance. The sums must agree:
    closing = opening + charged - benefit - paid + adjusted.
    """

    number: str
    period_from: date
    period_to: date
    opening: int
    charged: int  # before benefits
    benefit: int
    paid: int
    closing: int
    adjusted: int = 0  # credit notes, refunds, corrections; printed when not zero

    def __post_init__(self) -> None:
        require_money(charged=self.charged, benefit=self.benefit, paid=self.paid)
        require_signed(opening=self.opening, closing=self.closing, adjusted=self.adjusted)
        require(self.period_from <= self.period_to, "the account's period ends before it starts")
        expected = self.opening + self.charged - self.benefit - self.paid + self.adjusted
        require(self.closing == expected, f"closing debt {self.closing} is not {expected} tiyn")


@dataclass(frozen=True, slots=True)
class FiscalReceipt:
    """What the cash register (ККМ) printed: its receipt's fiscal sign, its number, local time."""

    fiscal_number: str
    register_number: str
    issued_at: datetime | None = None  # already in the district's time; printed as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDocument:
    """«Счет на оплату»: kk and ru on one page by default, or one language."""

    number: str
    issued_on: date
    supplier: Party
    bank: BankDetails
    buyer: Party
    lines: tuple[Line, ...]
    payer: Party | None = None  # when another than the buyer pays
    contract: ContractReference | None = None
    due_on: date | None = None
    account: PersonalAccount | None = None
    benefit_reason: LocalText = NO_TEXT
    payment_link: str = ""  # ASCII; drawn as a QR code when given
    executor: Signatory = BY_HAND
    languages: tuple[str, ...] = BOTH

    def __post_init__(self) -> None:
        require_document(self.number, self.languages)
        require(bool(self.lines), "an invoice needs at least one line")
        require_ascii(self.payment_link)

    @property
    def total(self) -> int:
        """Tiyn to pay: the sum of the lines' amounts."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class ActLine:
    """One line of an act of completed work (columns 2 to 8 of form Р-1)."""

    name: LocalText
    performed_from: date
    unit: LocalText
    quantity: Decimal
    unit_price: int  # tiyn
    amount: int  # tiyn
    performed_to: date | None = None  # when the work took several days
    report: LocalText = NO_TEXT  # column 4: date, number, pages of a report

    def __post_init__(self) -> None:
        require(bool(self.name), "a line needs a name")
        require_money(unit_price=self.unit_price, amount=self.amount)
        require_quantity(self.quantity)
        last = self.performed_to or self.performed_from
        require(self.performed_from <= last, "work cannot end before it starts")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActDocument:
    """«Акт выполненных работ (оказанных услуг)», form Р-1: one complete copy in each language."""

    number: str
    drawn_on: date
    customer: Party
    executor: Party
    lines: tuple[ActLine, ...]
    contract: ContractReference | None = None
    customer_supplies: LocalText = NO_TEXT  # use of the customer's stocks: name, quantity, cost
    attachment: LocalText = NO_TEXT  # list of attached documents
    attachment_pages: int | None = None
    executor_signatory: Signatory = BY_HAND
    customer_signatory: Signatory = BY_HAND
    accepted_on: date | None = None
    languages: tuple[str, ...] = BOTH

    def __post_init__(self) -> None:
        require_document(self.number, self.languages)
        require(bool(self.lines), "an act needs at least one line")

    @property
    def total(self) -> int:
        """Tiyn: the sum of the lines' amounts."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class CashOrderDocument:
    """«Приходный кассовый ордер», form КО-1, with its tear-off receipt."""

    number: str
    drawn_on: date
    organisation: Party
    received_from: LocalText
    basis: LocalText
    amount: int  # tiyn, more than zero
    debit_account: str = "1010"
    credit_account: str = "1210"
    purpose_code: str = ""
    chief_accountant: Signatory = BY_HAND
    cashier: Signatory = BY_HAND
    fiscal: FiscalReceipt | None = None
    languages: tuple[str, ...] = BOTH

    def __post_init__(self) -> None:
        require_document(self.number, self.languages)
        require_money(amount=self.amount)
        require(self.amount > 0, "a cash order is for more than zero")
        require(bool(self.received_from and self.basis), "a cash order says from whom and why")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNoteDocument:
    """A credit note to one invoice: its lines hold what is taken off, as positive sums."""

    number: str
    issued_on: date
    invoice_number: str
    invoice_issued_on: date
    supplier: Party
    buyer: Party
    lines: tuple[Line, ...]
    reason: LocalText
    contract: ContractReference | None = None
    account_number: str = ""
    invoice_total_before: int | None = None  # tiyn, less earlier credit notes
    executor: Signatory = BY_HAND
    languages: tuple[str, ...] = BOTH

    def __post_init__(self) -> None:
        require_document(self.number, self.languages)
        require(bool(self.invoice_number), "a credit note names its invoice")
        require(bool(self.lines), "a credit note needs at least one line")
        require(bool(self.reason), "a credit note says why")
        if self.invoice_total_before is not None:
            require_money(invoice_total_before=self.invoice_total_before)
            require(self.total <= self.invoice_total_before, "more is credited than the invoice holds")

    @property
    def total(self) -> int:
        """Tiyn taken off: the sum of the lines' amounts."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class ReconciliationRow:
    """One operation of a period: debit raises the counterparty's debt, credit lowers it."""

    on: date
    document: LocalText
    operation: LocalText
    debit: int = 0  # tiyn
    credit: int = 0  # tiyn

    def __post_init__(self) -> None:
        require_money(debit=self.debit, credit=self.credit)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationDocument:
    """«Акт сверки взаимных расчётов» of one customer for a period; rows may be none."""

    number: str
    drawn_on: date
    period_from: date
    period_to: date
    organisation: Party
    counterparty: Party
    opening: int  # tiyn; positive: the counterparty owes, negative: the organisation does
    rows: tuple[ReconciliationRow, ...] = ()
    contract: ContractReference | None = None
    account_number: str = ""
    organisation_signatory: Signatory = BY_HAND
    counterparty_signatory: Signatory = BY_HAND
    languages: tuple[str, ...] = BOTH

    def __post_init__(self) -> None:
        require_document(self.number, self.languages)
        require_signed(opening=self.opening)
        require(self.period_from <= self.period_to, "the period ends before it starts")

    @property
    def closing(self) -> int:
        """Tiyn at the end of the period, signed like `opening`."""
        return self.opening + sum(row.debit - row.credit for row in self.rows)


@dataclass(frozen=True, slots=True)
class SettledLine:
    """A part of a payment and the invoice line it settled."""

    invoice_number: str
    invoice_issued_on: date
    name: LocalText
    amount: int  # tiyn

    def __post_init__(self) -> None:
        require(bool(self.invoice_number and self.name), "a settled line names its invoice and service")
        require_money(amount=self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceiptDocument:
    """A payment's receipt: what was received, what it settled and why, what remains."""

    number: str
    received_on: date
    organisation: Party
    payer: Party
    means: LocalText  # cash, bank transfer, card …
    amount: int  # tiyn; equals the settled lines and the advance together
    settled: tuple[SettledLine, ...] = ()
    advance: int = 0  # tiyn kept for the next invoice
    customer: Party | None = None  # whose debt was paid, when not the payer's own
    account_number: str = ""
    why: LocalText = NO_TEXT  # why in this order
    debt_after: int = 0  # tiyn still owed after this payment
    fiscal: FiscalReceipt | None = None
    link: str = ""  # ASCII; drawn as a QR code when given
    cashier: Signatory = BY_HAND
    languages: tuple[str, ...] = BOTH

    def __post_init__(self) -> None:
        require_document(self.number, self.languages)
        require_money(amount=self.amount, advance=self.advance, debt_after=self.debt_after)
        require(self.amount > 0, "a receipt is for more than zero")
        spent = sum(line.amount for line in self.settled) + self.advance
        require(spent == self.amount, f"settled and advance make {spent}, received {self.amount} tiyn")
        require_ascii(self.link)

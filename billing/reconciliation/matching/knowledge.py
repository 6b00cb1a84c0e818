"""What is known to the scoring of rows, as plain values: customers, open invoices, payments, rules."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from billing.kernel.money import Money
from billing.payments.models import PaymentMethod
from billing.reconciliation.matches import OpenRow
from billing.reconciliation.models import MatchKind

# An account that the money of more customers came from is a collector's, and says nothing of one of them.
PAYERS_OF_IBAN_MAX = 3
LIMITATION_YEARS = 3  # nobody pays an older invoice without saying of which year it is


class KnownCustomer(NamedTuple):
    """A customer who may have paid; ``payer_id`` is another one who pays his invoices."""

    id: UUID
    account_number: str
    iin_bin: str | None
    name: str
    payer_id: UUID | None = None


class KnownInvoice(NamedTuple):
    """An invoice that may have been paid.

    Attributes:
        customer_id: whose debt it is.
        payer_id: another customer who pays it.
        open_amount: zero where it is settled.
    """

    id: UUID
    customer_id: UUID
    payer_id: UUID | None
    year: int
    number: int
    issued_on: date
    due_on: date
    open_amount: Money


class Movement(NamedTuple):
    """What tells a movement on the bank account from another: two files may show one in different words."""

    booked_on: date
    document_number: str
    purpose: str
    iin_bin: str
    iban: str

    @classmethod
    def of(cls, row: OpenRow) -> "Movement":
        """The movement that a row shows."""
        return cls(
            row.booked_on,
            row.document_number,
            row.purpose,
            row.counterparty_iin_bin,
            row.counterparty_iban,
        )


class KnownPayment(NamedTuple):
    """A payment that was recorded and not reversed.

    Attributes:
        transfer_id: its posting on the money account.
        shown_by: the bank's movement that a live match says it is; None while no statement showed it.
        settled: whether a provider has paid it over.
    """

    id: UUID
    transfer_id: UUID
    customer_id: UUID
    amount: Money
    received_on: date
    method: PaymentMethod
    outside_id: str | None
    shown_by: Movement | None = None
    settled: bool = False

    @property
    def awaits_statement(self) -> bool:
        """Whether it came by bank and no row of a statement has been found for it."""
        return self.method is PaymentMethod.BANK and self.shown_by is None


@dataclass(frozen=True, slots=True)
class KnownRule:
    """A rule that a person made of an earlier decision; what it does not ask for is the empty text."""

    id: UUID
    kind: MatchKind
    customer_id: UUID | None
    account: str | None
    iban: str
    iin_bin: str
    purpose_part: str
    why: str

    def holds_for(self, row: OpenRow, folded_purpose: str) -> bool:
        """Whether the row is what the rule asks for, in everything it asks."""
        return (
            self.iban in {"", row.counterparty_iban, row.ultimate_iban}
            and self.iin_bin in {"", row.counterparty_iin_bin, row.ultimate_iin_bin}
            and self.purpose_part in folded_purpose
        )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How sure the program must be, of 100, and how far a recorded payment's day may lie from its row's."""

    points: int = 80
    days_around: int = 5


@dataclass(slots=True)
class Known:
    """What was loaded for some rows. Grows while they are booked, so that one of them knows of the other.

    Attributes:
        by_iban: whose money earlier rows from an account were (see ``seen_behind``).
        invoices: by number; of every year that may be meant.
        owed: invoices on which something is open, by id.
        debts: which of them a customer owes or pays for others, the earliest due first.
        payments: by customer, near the rows' days.
        nobody: IIN, BIN and IBAN that say nothing about a customer: ours, and those of providers.
    """

    customers: dict[UUID, KnownCustomer] = field(default_factory=dict)
    by_account: dict[str, UUID] = field(default_factory=dict)
    by_iin_bin: dict[str, UUID] = field(default_factory=dict)
    by_iban: dict[str, frozenset[UUID]] = field(default_factory=dict)
    rules: Sequence[KnownRule] = ()
    invoices: dict[int, list[KnownInvoice]] = field(default_factory=dict)
    owed: dict[UUID, KnownInvoice] = field(default_factory=dict)
    debts: dict[UUID, list[UUID]] = field(default_factory=dict)
    payments: dict[UUID, list[KnownPayment]] = field(default_factory=dict)
    nobody: frozenset[str] = frozenset()
    thresholds: Thresholds = Thresholds()

    def person(self, iin_bin: str) -> UUID | None:
        """The customer with this IIN or BIN, unless it says nothing about a customer."""
        return None if iin_bin in self.nobody else self.by_iin_bin.get(iin_bin)

    def open_invoices(self, customer_id: UUID) -> list[KnownInvoice]:
        """What a customer owes or pays for others, the earliest due first."""
        invoices = [self.owed[each] for each in self.debts.get(customer_id, ())]
        return [invoice for invoice in invoices if invoice.open_amount.tiyn]

    def numbered(self, number: int) -> list[KnownInvoice]:
        """The invoices with a number, as far as they are open now."""
        return [self.owed.get(invoice.id, invoice) for invoice in self.invoices.get(number, ())]

    def settle(self, customer_id: UUID, amount: Money, named: Collection[UUID]) -> None:
        """Lower what is open as a payment of the customer will: named invoices first, then the oldest."""
        invoices = self.open_invoices(customer_id)
        if named:
            invoices.sort(key=lambda each: each.id not in named)
        for invoice in invoices:
            part = min(amount, invoice.open_amount)
            self.owed[invoice.id] = invoice._replace(open_amount=invoice.open_amount - part)
            amount -= part

    def forget_payments(self, before: date) -> None:
        """Forget payments that lie too far back to be one of the rows that are still to come."""
        after = {
            customer_id: [each for each in payments if each.received_on >= before]
            for customer_id, payments in self.payments.items()
        }
        self.payments = {customer_id: payments for customer_id, payments in after.items() if payments}

    def note_payer(self, row: OpenRow, customer_id: UUID) -> None:
        """Remember whose money a row was: its account speaks for him at the next one."""
        # Behind another's account somebody else may have paid every time.
        if row.counterparty_iban and not row.ultimate_name and not row.ultimate_iin_bin:
            seen = self.by_iban.get(row.counterparty_iban)
            if seen is None:
                self.by_iban[row.counterparty_iban] = frozenset({customer_id})
            elif seen and customer_id not in seen:
                self.by_iban[row.counterparty_iban] = seen_behind({*seen, customer_id})

    def note(self, payment: KnownPayment) -> None:
        """Remember what has just been recorded or confirmed, in place of what was known of it."""
        others = [each for each in self.payments.get(payment.customer_id, ()) if each.id != payment.id]
        self.payments[payment.customer_id] = [*others, payment]


def seen_behind(customer_ids: Collection[UUID] = ()) -> frozenset[UUID]:
    """For whom an account speaks that these customers' money came from; for nobody if it is a collector's."""
    return frozenset(customer_ids if len(customer_ids) <= PAYERS_OF_IBAN_MAX else ())

"""An enterprise that can bill and collect, and the ways to an invoice and a payment that the product has."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.budget import service as budget
from billing.budget.models import BudgetCode, PolicyKind
from billing.catalog.models import Service
from billing.customers import service as customers
from billing.customers.models import Contract, Customer
from billing.districts.models import Enterprise
from billing.invoicing import service as invoicing
from billing.invoicing.credit_notes import issue_credit_note
from billing.invoicing.models import CreditNote, Invoice, InvoiceLine
from billing.invoicing.standing import Standing, standing_of
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.payments import service as payments
from billing.payments import standing as payment_standing
from billing.payments.models import Payment, PaymentMethod, PaymentReversal, Refund
from billing.receivables import service as receivables
from tests.support.catalog import make_service
from tests.support.customers import make_customer
from tests.support.districts import make_enterprise
from tests.support.orders import Trade
from tests.support.workforce import make_engagement

LONG_AGO = date(2020, 1, 1)
MARCH = Month(2026, 3)
MARCH_31 = date(2026, 3, 31)
APRIL_10 = date(2026, 4, 10)
APRIL_30 = date(2026, 4, 30)
PRICE = Money.tenge(580)
CODES = ("206109", "201510")

_numbers = count(1)


def open_for_business(
    session: Session,
    serial: int = 1,
    *,
    policy: PolicyKind = PolicyKind.GROSS,
    policy_from: date = LONG_AGO,
    vat_from: date | None = None,
    payment_term_days: int = 20,
) -> Enterprise:
    """An enterprise with its book, the budget's book, a classification and a posting policy."""
    enterprise = make_enterprise(session, serial, vat_from=vat_from, payment_term_days=payment_term_days)
    ledger.open_enterprise_book(session, enterprise.id)
    ledger.open_budget_book(session)
    for code in CODES:
        if session.scalar(select(BudgetCode.code).where(BudgetCode.code == code)) is None:
            session.add(
                BudgetCode(code=code, valid_from_year=2020, name_kk=f"Код {code}", name_ru=f"Код {code}")
            )
    session.flush()
    share = policy is PolicyKind.NET_INCOME_SHARE
    budget.set_posting_policy(
        session,
        enterprise.id,
        kind=policy,
        valid_from=policy_from,
        steps=[budget.Step(Money(0), Money(0), 500)] if share else (),
        revenue_code="201510" if share else None,
    )
    return enterprise


def make_contract(
    session: Session,
    enterprise: Enterprise,
    customer: Customer,
    *charges: tuple[Service, str],
    starts_on: date = LONG_AGO,
) -> Contract:
    """A contract that charges services every month: pairs of (service, quantity)."""
    contract = customers.sign_contract(
        session, enterprise.id, customer.id, signed_on=starts_on, starts_on=starts_on
    )
    for service, quantity in charges:
        customers.add_charge(
            session, contract.id, service_id=service.id, quantity=Decimal(quantity), valid_from=starts_on
        )
    return contract


def make_invoice(
    session: Session, contract: Contract, period: Month = MARCH, *, issued_on: date | None = None
) -> Invoice:
    """A contract's charges of a month, invoiced on its last day."""
    return invoicing.issue_invoice(
        session,
        contract.enterprise_id,
        contract.customer_id,
        contract_id=contract.id,
        period=period,
        issued_on=issued_on or period.last_day,
    )


def pay(
    session: Session,
    enterprise_id: UUID,
    customer_id: UUID,
    tenge: int | str,
    *,
    method: PaymentMethod = PaymentMethod.BANK,
    received_on: date = APRIL_10,
    invoice_ids: tuple[UUID, ...] = (),
) -> Payment:
    """A payment of a sum in tenge; cash comes with its fiscal receipt."""
    receipt = None
    if method is PaymentMethod.CASH:
        receipt = payments.CashReceipt(
            f"{next(_numbers):010d}", "010101234567", datetime(2026, 4, 10, 6, 30, tzinfo=UTC)
        )
    payment_id = payments.record_payment(
        session,
        enterprise_id,
        customer_id,
        amount=Money.tenge(tenge),
        method=method,
        received_on=received_on,
        receipt=receipt,
        invoice_ids=invoice_ids,
    )
    return payments.get_payment(session, payment_id)


@dataclass(frozen=True)
class Desk:
    """An enterprise that bills and collects, a service at 580 tenge, a resident charged two of it a month.

    Registered for VAT unless said otherwise: a month comes to 1,160 tenge, 160 of them VAT from 2026 on.
    """

    session: Session
    enterprise: Enterprise
    service: Service
    customer: Customer
    contract: Contract

    def issue(self, period: Month = MARCH, **options: Any) -> Invoice:
        """The contract's charges of a month, invoiced on its last day."""
        return make_invoice(self.session, self.contract, period, **options)

    def pay(self, tenge: int | str, **options: Any) -> Payment:
        """A payment of the customer."""
        return pay(self.session, self.enterprise.id, self.customer.id, tenge, **options)

    def standing(self, invoice: Invoice, today: date = APRIL_10) -> Standing:
        """How an invoice stands."""
        return standing_of(self.session, invoice.id, today=today)

    @property
    def debt(self) -> Money:
        """What the customer owes."""
        return receivables.debt_of(self.session, self.enterprise.id, self.customer.id)

    @property
    def advance(self) -> Money:
        """What the customer has paid ahead."""
        return receivables.advance_of(self.session, self.enterprise.id, self.customer.id)

    def hire(self) -> Trade:
        """What an order needs, with a worker hired now."""
        engagement = make_engagement(self.session, self.enterprise.id)
        return Trade(self.enterprise, self.service, self.customer, engagement)

    def at(self, session: Session) -> "Desk":
        """The same desk in another unit of work."""
        return replace(self, session=session)


def open_desk(
    session: Session,
    serial: int = 1,
    *,
    price: Money = PRICE,
    vat_from: date | None = LONG_AGO,
    **options: Any,
) -> Desk:
    """A desk; another serial gives another enterprise and customer in the same district."""
    enterprise = open_for_business(session, serial, vat_from=vat_from, **options)
    service = make_service(session, enterprise.id, price=price)
    customer = make_customer(session, serial)
    contract = make_contract(session, enterprise, customer, (service, "2"))
    return Desk(session, enterprise, service, customer, contract)


def only_line(session: Session, invoice: Invoice) -> InvoiceLine:
    """The line of an invoice that has no other."""
    [line] = invoicing.lines_of(session, invoice.id)
    return line


def advance_left(session: Session, payment: Payment) -> Money:
    """What no invoice has taken of a payment and nobody gave back."""
    return payment_standing.standing_of(session, payment).advance


def refund(session: Session, payment: Payment, tenge: int | str, *, refunded_on: date = APRIL_30) -> Refund:
    """Money given back to the bank account it came from."""
    return payments.refund(
        session,
        payment.id,
        amount=Money.tenge(tenge),
        method=PaymentMethod.BANK,
        refunded_on=refunded_on,
        reason="по заявлению",
    )


def credit(
    session: Session,
    invoice: Invoice,
    amounts: dict[UUID, Money] | None = None,
    *,
    issued_on: date = APRIL_30,
) -> CreditNote:
    """A credit note, of the whole invoice if nothing is said."""
    return issue_credit_note(session, invoice.id, issued_on=issued_on, reason="қате", amounts=amounts)


def reverse(session: Session, payment: Payment, *, reversed_on: date = APRIL_30) -> PaymentReversal:
    """A payment undone."""
    return payments.reverse_payment(session, payment.id, reversed_on=reversed_on, reason="чужой платёж")

"""An enterprise that can bill and collect, and the ways to an invoice and a payment that the product has."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
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
from billing.invoicing.models import Invoice
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod
from tests.support.districts import make_enterprise

LONG_AGO = date(2020, 1, 1)
MARCH = Month(2026, 3)
MARCH_31 = date(2026, 3, 31)
APRIL_10 = date(2026, 4, 10)
CODES = ("206109", "201510")

_numbers = count(1)


def open_for_business(
    session: Session,
    serial: int = 1,
    *,
    policy: PolicyKind = PolicyKind.GROSS,
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
        valid_from=LONG_AGO,
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
    return payments.record_payment(
        session,
        enterprise_id,
        customer_id,
        amount=Money.tenge(tenge),
        method=method,
        received_on=received_on,
        receipt=receipt,
        invoice_ids=invoice_ids,
    )

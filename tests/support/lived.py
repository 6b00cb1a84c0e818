"""A season lived through by the product's own services: everything that ``verify`` can look at is there."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from billing.catalog.models import Service
from billing.customers.models import Customer
from billing.districts.models import Enterprise
from billing.invoicing import service as invoicing
from billing.invoicing.credit_notes import issue_credit_note
from billing.invoicing.models import Invoice
from billing.invoicing.service import lines_of
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.orders import service as orders
from billing.orders.completion import complete_order
from billing.orders.doers import Doer, WorkItem
from billing.orders.models import CompletionAct
from billing.payments.models import Payment, PaymentMethod
from billing.payments.service import refund, reverse_payment
from billing.workforce.models import ContractorContract, Engagement
from tests.support.billing import make_contract, make_invoice, open_for_business, pay
from tests.support.catalog import make_service
from tests.support.customers import make_customer, make_organisation
from tests.support.workforce import make_contractor_contract, make_engagement

JANUARY, FEBRUARY = Month(2026, 1), Month(2026, 2)
T = Money.tenge


@dataclass(frozen=True)
class Season:
    """What took part in the season, and some of its documents.

    Attributes:
        invoice: of two orders' acts; ``paid`` settled a part of it.
        reversed: a cash payment that was taken back.
    """

    enterprise: Enterprise
    snow: Service
    resident: Customer
    school: Customer
    engagement: Engagement
    contractor: ContractorContract
    acts: tuple[CompletionAct, ...]
    invoice: Invoice
    paid: Payment
    overpaid: Payment
    reversed: Payment


def live_a_season(session: Session) -> Season:
    """January and February 2026: orders, invoices, payments of every kind, corrections; January closed."""
    enterprise = open_for_business(session, vat_from=date(2020, 1, 1))
    snow = make_service(session, enterprise.id, code="SNOW")
    water = make_service(session, enterprise.id, code="WATER", revenue_code="201510", price=T("333.33"))
    resident = make_customer(session, 1)
    school = make_organisation(session, 601)
    kindergarten = make_organisation(session, 602, payer_id=school.id)
    engagement = make_engagement(session, enterprise.id)
    contractor = make_contractor_contract(session, enterprise.id, snow.id)
    doers = [Doer(engagement_id=engagement.id), Doer(contractor_contract_id=contractor.id)]
    acts = tuple(
        done(session, snow.id, resident.id, doer, date(2026, 1, 10 + number))
        for number, doer in enumerate(doers)
    )
    cancelled = orders.take_order(
        session,
        customer_id=resident.id,
        service_id=snow.id,
        requested_on=date(2026, 1, 12),
        quantity=Decimal(1),
    )
    orders.cancel_order(session, cancelled.id, reason="Қар еріді")
    invoice = invoicing.issue_invoice(session, enterprise.id, resident.id, issued_on=date(2026, 1, 15))
    paid = pay(session, enterprise.id, resident.id, "1234.56", received_on=date(2026, 1, 20))
    contracts = [
        make_contract(session, enterprise, customer, (water, "3"), (snow, "1"))
        for customer in (resident, kindergarten)
    ]
    for contract in contracts:
        make_invoice(session, contract, JANUARY)
    overpaid = pay(
        session,
        enterprise.id,
        school.id,
        2500,
        received_on=date(2026, 1, 31),
        method=PaymentMethod.CARD,
    )
    for book in ledger.list_books(session):
        ledger.close_month(session, book.id, JANUARY, today=date(2026, 2, 1))
    reversed_ = _february(session, enterprise, resident, invoice, overpaid)
    make_invoice(session, contracts[1], FEBRUARY)
    return Season(
        enterprise, snow, resident, school, engagement, contractor, acts, invoice, paid, overpaid, reversed_
    )


def done(session: Session, service_id: UUID, customer_id: UUID, doer: Doer, day: date) -> CompletionAct:
    """An order of two hours, done by one doer on the day it was taken."""
    order = orders.take_order(
        session, customer_id=customer_id, service_id=service_id, requested_on=day, quantity=Decimal(2)
    )
    orders.confirm_order(session, order.id)
    orders.assign_order(session, order.id, [doer])
    work = WorkItem(
        Decimal(2),
        engagement_id=doer.engagement_id,
        contractor_contract_id=doer.contractor_contract_id,
    )
    return complete_order(session, order.id, completed_on=day, quantity=Decimal(2), work=[work])


def _february(
    session: Session, enterprise: Enterprise, resident: Customer, invoice: Invoice, overpaid: Payment
) -> Payment:
    """Cash, a wrong payment taken back, a part credited and billed work credited whole, a refund."""
    pay(
        session,
        enterprise.id,
        resident.id,
        100,
        received_on=date(2026, 2, 3),
        method=PaymentMethod.CASH,
    )
    wrong = pay(
        session,
        enterprise.id,
        resident.id,
        777,
        received_on=date(2026, 2, 4),
        method=PaymentMethod.CASH,
    )
    reverse_payment(session, wrong.id, reversed_on=date(2026, 2, 5), reason="Қате төлем")
    first, second = lines_of(session, invoice.id)
    issue_credit_note(
        session,
        invoice.id,
        issued_on=date(2026, 2, 6),
        reason="Жұмыс толық емес",
        amounts={first.id: T("500.01"), second.id: second.total},
    )
    refund(
        session,
        overpaid.id,
        amount=T(200),
        method=PaymentMethod.BANK,
        refunded_on=date(2026, 2, 7),
        reason="Артық төлем",
    )
    return wrong


@dataclass(frozen=True)
class Fee:
    """An invoice of 3,000 and 333.33 tenge (VAT within), and a payment of 2,000 for it."""

    enterprise: Enterprise
    snow: Service
    customer: Customer
    invoice: Invoice
    payment: Payment


def collect_a_fee(session: Session) -> Fee:
    """The least that fills every report: a customer invoiced for January, who pays a part in February."""
    enterprise = open_for_business(session, vat_from=date(2020, 1, 1))
    snow = make_service(session, enterprise.id, code="SNOW")
    water = make_service(session, enterprise.id, code="WATER", revenue_code="201510", price=T("333.33"))
    customer = make_customer(session)
    contract = make_contract(session, enterprise, customer, (snow, "3"), (water, "1"))
    invoice = make_invoice(session, contract, JANUARY)
    payment = pay(session, enterprise.id, customer.id, 2000, received_on=date(2026, 2, 10))
    return Fee(enterprise, snow, customer, invoice, payment)

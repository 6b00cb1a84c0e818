"""A small season with one of everything, for pages and reports: made through the services."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.invoicing.credit_notes import issue_credit_note
from billing.invoicing.runs.schedule import set_schedule
from billing.invoicing.runs.service import go_on, start_run
from billing.invoicing.service import issue_invoice, lines_of
from billing.kernel.clock import ALMATY
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.orders.models import OrderState
from billing.outbox.models import BouncingMailbox
from billing.payments.models import PaymentMethod
from billing.reconciliation.column_profiles import save_profile
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matching.rules import Asks, add_rule
from billing.reconciliation.models import MatchingRule, StatementRow, StatementUpload
from billing.reconciliation.uploads import receive
from tests.support.bank_files import document, one_c, section
from tests.support.billing import open_for_business, pay
from tests.support.catalog import make_service
from tests.support.customers import make_charge, make_contract
from tests.support.districts import make_cash_desk
from tests.support.identifiers import synthetic_iban
from tests.support.orders import Trade, make_act, make_order, make_resident
from tests.support.providers import make_provider
from tests.support.receipt_books import make_book, make_cashier
from tests.support.requests import report_problem
from tests.support.workforce import make_contractor_contract, make_engagement


@dataclass(frozen=True)
class Season:
    """Ids of one of everything."""

    enterprise: UUID
    customer: UUID
    contract: UUID
    charge: UUID
    orders: dict[OrderState, UUID]
    invoice: UUID
    credit_note: UUID
    payment: UUID
    run: UUID
    account_number: str
    provider: UUID
    yesterday: date
    cash_desk: UUID
    upload: UUID
    statement: UUID
    row: UUID
    request: UUID
    rule: UUID
    profile: UUID
    receipt_book: UUID


def make_season(session: Session, day: date) -> Season:
    """A customer's season until a day: orders in every state, an invoice paid in part, a credit note.

    The invoice is of 6,000 tenge, of which 1,000 are credited and 2,500 are paid. A run bills the contract's
    1,000 tenge a month.
    """
    start, done = day - timedelta(days=60), day - timedelta(days=30)
    enterprise = open_for_business(session)
    service = make_service(session, enterprise.id)
    trade = Trade(enterprise, service, make_resident(session), make_engagement(session, enterprise.id))
    make_contractor_contract(session, enterprise.id, service.id, starts_on=start, ends_on=day)
    contract = make_contract(session, enterprise.id, trade.customer.id, starts_on=start)
    charge = make_charge(session, contract, service.id)
    act = make_act(session, trade, quantity="6", completed_on=done)
    orders = {
        state: make_order(session, trade, state=state, requested_on=done, completed_on=done).id
        for state in OrderState
        if state is not OrderState.INVOICED
    }
    invoice = issue_invoice(
        session, enterprise.id, trade.customer.id, issued_on=done, order_ids=[act.order_id]
    )
    payment = pay(
        session,
        enterprise.id,
        trade.customer.id,
        "2500",
        method=PaymentMethod.CASH,
        received_on=done + timedelta(days=1),
    )
    lines = {each.id: Money.tenge(1000) for each in lines_of(session, invoice.id)}
    note = issue_credit_note(session, invoice.id, issued_on=day, reason="скидка", amounts=lines)
    upload = send_statement(session, day)
    assert upload.statement_id is not None
    make_bounce(session, trade.customer)
    set_schedule(session, enterprise.id, day_of_month=1, hour=9, today=day)
    run = start_run(session, enterprise.id, Month.of(day), issued_on=day)
    go_on(session, run.id, now=datetime.combine(day, time(9), ALMATY))
    return Season(
        enterprise=enterprise.id,
        customer=trade.customer.id,
        contract=contract.id,
        charge=charge.id,
        orders=orders | {OrderState.INVOICED: act.order_id},
        invoice=invoice.id,
        credit_note=note.id,
        payment=payment.id,
        run=run.id,
        account_number=trade.customer.account_number,
        provider=make_provider(session, enterprise.id).id,
        yesterday=day - timedelta(days=1),
        cash_desk=make_cash_desk(session, enterprise.id).id,
        upload=upload.id,
        statement=upload.statement_id,
        row=session.scalars(select(StatementRow.id)).one(),
        request=report_problem(session, trade.customer.id, invoice.id, received_on=day).id,
        rule=make_rule(session, enterprise.id).id,
        profile=save_profile(session, name="Ауыл банкі", headings={"date": ["Күні"], "amount": ["Сома"]}).id,
        receipt_book=make_book(session, enterprise.id, make_cashier(session, "saule"), issued_on=start).id,
    )


def make_bounce(session: Session, customer: Customer) -> None:
    """The customer chose e-mail, and his mailbox takes no letters."""
    customer.email, customer.invoices_by_email = "turgyn@example.kz", True
    session.add(
        BouncingMailbox(
            district_id=customer.district_id,
            mailbox=customer.email,
            reason="550 5.1.1 User unknown",
            bounced_at=datetime(2026, 10, 1, 4, tzinfo=UTC),
        )
    )


def send_statement(session: Session, day: date) -> StatementUpload:
    """A statement of a day: 777 tenge of somebody nobody knows, who waits for a decision."""
    text = f"{day:%d.%m.%Y}"
    content = one_c(
        section(["777.00"], first=text, last=text), document("777.00", day=text), first=text, last=text
    )
    return receive(session, content.encode(), file_name="statement.txt", received_on=day)


def make_rule(session: Session, enterprise_id: UUID) -> MatchingRule:
    """A rule by which the bank's interest is posted."""
    asks = Asks(iban=synthetic_iban(900), purpose_part="вознаграждение")
    return add_rule(session, enterprise_id, Direction.IN, asks, why="проценты банка", account="6010")

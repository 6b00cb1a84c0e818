"""Everything an order needs, and orders in any state, made the way the product makes them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.archive.models import ArchivedDocument
from billing.catalog.models import Service
from billing.customers.models import Customer
from billing.districts.models import Enterprise, NumberSeries
from billing.kernel.money import Money
from billing.ledger.models import Account, Transfer
from billing.ledger.service import open_enterprise_book
from billing.orders import service
from billing.orders.completion import complete_order
from billing.orders.doers import Doer, WorkItem
from billing.orders.models import CompletionAct, OrderState, OrderTransition, ServiceOrder, WorkDone
from billing.workforce.models import Engagement
from tests.support.catalog import make_service
from tests.support.customers import make_customer
from tests.support.districts import make_enterprise
from tests.support.workforce import make_engagement

REQUESTED = date(2026, 3, 2)
DONE = date(2026, 3, 10)
PRICE = Money.tenge(1_000)


@dataclass(frozen=True)
class Trade:
    """An enterprise with its open book, one service at 1,000 tenge an hour, a resident, a hired worker."""

    enterprise: Enterprise
    service: Service
    customer: Customer
    engagement: Engagement

    @property
    def doer(self) -> Doer:
        """The worker as somebody to assign."""
        return Doer(engagement_id=self.engagement.id)

    def work(self, hours: str = "2") -> list[WorkItem]:
        """So many hours of the worker, at 1,500 tenge each."""
        return [WorkItem(Decimal(hours), engagement_id=self.engagement.id)]


def make_trade(session: Session, *, price: Money = PRICE, vat_from: date | None = None) -> Trade:
    """Everything an order needs."""
    enterprise = make_enterprise(session, vat_from=vat_from)
    open_enterprise_book(session, enterprise.id)
    return Trade(
        enterprise=enterprise,
        service=make_service(session, enterprise.id, price=price),
        customer=make_resident(session),
        engagement=make_engagement(session, enterprise.id),
    )


def make_resident(session: Session, serial: int = 1, *, name: str = "Есенова Айгүл") -> Customer:
    """A resident of the village; another serial gives another IIN."""
    return make_customer(session, serial, name=name, street="Достық", house=str(serial))


def make_order(
    session: Session,
    trade: Trade,
    *,
    state: OrderState = OrderState.DRAFT,
    quantity: str = "3",
    requested_on: date = REQUESTED,
    completed_on: date = DONE,
    customer_id: UUID | None = None,
    service_id: UUID | None = None,
    contract_id: UUID | None = None,
) -> ServiceOrder:
    """An order of three hours, led to a state step by step."""
    order = service.take_order(
        session,
        customer_id=customer_id or trade.customer.id,
        service_id=service_id or trade.service.id,
        requested_on=requested_on,
        quantity=Decimal(quantity),
        contract_id=contract_id,
    )
    if state == OrderState.CANCELLED:
        return service.cancel_order(session, order.id, reason="Тапсырыс беруші бас тартты")
    if state != OrderState.DRAFT:
        service.confirm_order(session, order.id)
    if state not in {OrderState.DRAFT, OrderState.CONFIRMED}:
        service.assign_order(session, order.id, [trade.doer])
    if state in {OrderState.COMPLETED, OrderState.INVOICED}:
        act = complete_order(
            session, order.id, completed_on=completed_on, quantity=order.quantity, work=trade.work()
        )
        if state == OrderState.INVOICED:
            service.mark_invoiced(session, [act.id])
    return order


def make_act(
    session: Session,
    trade: Trade,
    *,
    quantity: str = "3",
    completed_on: date = DONE,
    customer_id: UUID | None = None,
    service_id: UUID | None = None,
    contract_id: UUID | None = None,
) -> CompletionAct:
    """The act of a completed order: 3 hours for 3,000 tenge, requested on the day it was done."""
    order = make_order(
        session,
        trade,
        state=OrderState.ASSIGNED,
        quantity=quantity,
        requested_on=completed_on,
        customer_id=customer_id,
        service_id=service_id,
        contract_id=contract_id,
    )
    return complete_order(
        session, order.id, completed_on=completed_on, quantity=order.quantity, work=trade.work()
    )


def complete(session: Session, order: ServiceOrder, trade: Trade, **given: Any) -> CompletionAct:
    """Complete an order after 2.5 hours, done by the worker in two."""
    facts = {"completed_on": DONE, "quantity": Decimal("2.5"), "work": trade.work("2")} | given
    return complete_order(session, order.id, **facts)


def postings(session: Session) -> list[tuple[Any, ...]]:
    """Everything posted: date, debit, credit, amount, party and source."""
    debit, credit = Account.__table__.alias(), Account.__table__.alias()
    rows = session.execute(
        select(Transfer, debit.c.code, credit.c.code)
        .join(debit, debit.c.id == Transfer.debit_account_id)
        .join(credit, credit.c.id == Transfer.credit_account_id)
        .order_by(Transfer.id)
    )
    return [
        (row.posted_on, dr, cr, row.amount, row.party_id, row.source_kind, row.source_id)
        for row, dr, cr in rows
    ]


def traces(session: Session) -> list[int]:
    """What a refused completion must leave as it was."""
    counts = [
        session.scalar(select(func.count()).select_from(model)) or 0
        for model in (CompletionAct, WorkDone, Transfer, ArchivedDocument, OrderTransition)
    ]
    acts = session.scalar(select(NumberSeries.last_number).where(NumberSeries.series == "act"))
    return [*counts, acts or 0]

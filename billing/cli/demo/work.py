"""The demo's work: orders from the list, most of them completed, some cancelled, the latest under way."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.catalog.models import Service, Unit
from billing.cli.demo.people import CONTRACTORS, WORKERS
from billing.cli.demo.scene import Scene, moved_orders
from billing.cli.demo.steps import Unit as Work
from billing.kernel.dates import Month
from billing.orders import service as orders
from billing.orders.completion import complete_order
from billing.orders.doers import WorkItem
from billing.orders.lists import import_orders
from billing.orders.models import OrderState, ServiceOrder
from billing.workforce.models import Contractor, ContractorContract, Engagement, Worker

# Who does what: places in WORKERS, and hours of each for one unit of the service.
_DOERS = {
    "SNOW": ((0, 1), "0.5"),
    "ROAD": ((2,), "1"),
    "WATER": ((3,), "0.3"),
    "BULK": ((1, 4), "2"),
    "GREEN": ((5,), "1"),
}
_UNDER_WAY = (OrderState.DRAFT, OrderState.CONFIRMED, OrderState.ASSIGNED)
_CANCEL_EVERY = 14
_CHANGE_EVERY = 5


def orders_to_take_down(session: Session, scene: Scene) -> list[Work]:
    """The requests of three months and the current one, from the office's list."""

    def take_down(session: Session) -> None:
        report = import_orders(session, moved_orders(scene), today=scene.today)
        assert not report.problems, report.problems

    return [] if session.scalar(select(ServiceOrder.id).limit(1)) else [take_down]


def orders_to_complete(session: Session, scene: Scene) -> list[Work]:
    """Everything of the past months is completed or cancelled; the current month's stays under way."""
    statement = (
        select(ServiceOrder.id, ServiceOrder.number, ServiceOrder.requested_on, ServiceOrder.state)
        .where(ServiceOrder.state.in_(_UNDER_WAY))
        .order_by(ServiceOrder.requested_on, ServiceOrder.id)
    )
    work: list[Work] = []
    for order in session.execute(statement):
        if Month.of(order.requested_on) in scene.months:
            work.append(partial(_complete, order_id=order.id))
        elif order.state is OrderState.DRAFT and order.number % 3:
            work.append(partial(_begin, order_id=order.id))
    return work


def _complete(session: Session, *, order_id: UUID) -> None:
    order = orders.get_order(session, order_id)
    service = session.scalars(select(Service).where(Service.id == order.service_id)).one()
    if order.number % _CANCEL_EVERY == 7:
        orders.cancel_order(session, order.id, reason="Тапсырыс беруші бас тартты")
        return
    orders.confirm_order(session, order.id)
    items = _work_items(session, service, order.quantity)
    last_day = Month.of(order.requested_on).last_day
    done_on = min(order.requested_on + timedelta(days=1 + order.number % 3), last_day)
    orders.assign_order(session, order.id, [item.doer for item in items])
    quantity = order.quantity
    if order.number % _CHANGE_EVERY == 0 and service.unit is not Unit.TRIP:
        quantity += Decimal("0.5")
    complete_order(
        session,
        order.id,
        completed_on=done_on,
        quantity=quantity,
        work=_work_items(session, service, quantity),
    )


def _begin(session: Session, *, order_id: UUID) -> None:
    """Of three orders one stays a draft, one is confirmed, one is assigned too."""
    order = orders.confirm_order(session, order_id)
    if order.number % 3 == 2:
        service = session.scalars(select(Service).where(Service.id == order.service_id)).one()
        orders.assign_order(
            session, order_id, [item.doer for item in _work_items(session, service, order.quantity)]
        )


def _work_items(session: Session, service: Service, quantity: Decimal) -> list[WorkItem]:
    """What each doer does: hours of workers, or the service itself of a contractor."""
    contractor = next((each for each in CONTRACTORS if each[3] == service.code), None)
    if contractor is not None:
        contract = session.scalars(
            select(ContractorContract)
            .join(
                Contractor,
                (Contractor.district_id == ContractorContract.district_id)
                & (Contractor.id == ContractorContract.contractor_id),
            )
            .where(Contractor.bin == contractor[1])
        ).one()
        return [WorkItem(quantity, contractor_contract_id=contract.id)]
    places, hours = _DOERS[service.code]
    each = (quantity * Decimal(hours)).quantize(Decimal("0.001"))
    engagements = [_engagement(session, WORKERS[place][1]) for place in places]
    return [WorkItem(each, engagement_id=engagement_id) for engagement_id in engagements]


def _engagement(session: Session, iin: str) -> UUID:
    statement = select(Engagement.id).join(
        Worker, (Worker.district_id == Engagement.district_id) & (Worker.id == Engagement.worker_id)
    )
    return session.scalars(statement.where(Worker.iin == iin)).one()

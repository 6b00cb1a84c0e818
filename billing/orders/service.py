"""Orders from the customer's request to the assigned doers. What completion does stands in ``completion``."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from billing.catalog.service import check_service_active, get_service
from billing.customers.service import check_contract_allows, check_customer_active, get_contract
from billing.districts.service import take_numbers
from billing.kernel.checks import check_quantity, check_range, line, optional_line
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import AlreadyExists, NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.paging import Page, PageRequest, Sorts, page_of
from billing.kernel.rows import check_version, get_row
from billing.orders.doers import Doer, check_doers, terms_on
from billing.orders.models import CompletionAct, OrderAssignment, OrderState, OrderTransition, ServiceOrder
from billing.orders.states import Step, check_editable

ORDER_SORTS: Sorts = {
    "-requested_on": (ServiceOrder.requested_on, ServiceOrder.id),
    "number": (ServiceOrder.year, ServiceOrder.number, ServiceOrder.id),
}
NUMBER_SERIES = "order"
NOTE_LENGTH_MAX = 1000


class ContractOfAnother(RuleViolation):
    """The contract is another customer's, or with another enterprise. Facts: ``number``."""

    code = "contract_of_another"


def take_order(
    session: Session,
    *,
    customer_id: UUID,
    service_id: UUID,
    requested_on: date,
    quantity: Decimal,
    contract_id: UUID | None = None,
    planned_on: date | None = None,
    place: str = "",
    note: str = "",
    outside_reference: str | None = None,
) -> ServiceOrder:
    """Take down what a customer asks for, as a draft of the enterprise that delivers the service.

    Args:
        quantity: in the service's unit. Its price is the one of the day of completion, not of today.
        contract_id: the contract the customer asks under; None without one.
        outside_reference: names the order where it comes from, a row of an imported list; unique.

    Raises:
        NotFound: no such customer, service or contract.
        ServiceInactive, CustomerInactive: the one or the other was taken off the books.
        ContractOfAnother: the contract is not between this customer and this enterprise.
        ContractNotStarted, ContractEnded: the contract does not hold on `requested_on`.
        InvalidQuantity, EndsBeforeStart, InvalidText: a value makes no sense.
        AlreadyExists: the enterprise has an order with this outside reference.
    """
    service = check_service_active(session, service_id)
    customer = check_customer_active(session, customer_id)
    check_quantity(quantity)
    check_range(requested_on, planned_on, field="planned_on")
    _check_contract(session, contract_id, customer.id, service.enterprise_id, requested_on)
    reference = _new_reference(session, service.enterprise_id, outside_reference)
    order = ServiceOrder(
        district_id=district_of(session),
        id=new_id(),
        enterprise_id=service.enterprise_id,
        year=requested_on.year,
        customer_id=customer.id,
        service_id=service.id,
        contract_id=contract_id,
        requested_on=requested_on,
        planned_on=planned_on,
        quantity=quantity,
        place=optional_line(place, field="place", length_max=300),
        note=optional_line(note, field="note", length_max=NOTE_LENGTH_MAX),
        state=OrderState.DRAFT,
        outside_reference=reference,
    )
    order.number = take_numbers(session, service.enterprise_id, NUMBER_SERIES, requested_on.year)
    session.add(order)
    session.flush()
    record_steps(session, [order.id], None, OrderState.DRAFT)
    return order


def edit_order(
    session: Session,
    order_id: UUID,
    *,
    version: int | None,
    quantity: Decimal,
    contract_id: UUID | None,
    planned_on: date | None,
    place: str,
    note: str,
) -> ServiceOrder:
    """Change what the customer asked for, until somebody is assigned to it.

    Another customer, service or day of request is another order: cancel this one.

    Raises:
        NotFound, StaleVersion: no such order or contract, or somebody edited it meanwhile.
        OrderNotInState: it is assigned, completed, invoiced or cancelled.
        ContractOfAnother, ContractNotStarted, ContractEnded, InvalidQuantity, EndsBeforeStart, InvalidText:
            as when it was taken.
    """
    order = get_order(session, order_id, lock=True)
    check_version(order, version, kind="service_order")
    check_editable(order.state)
    check_quantity(quantity)
    check_range(order.requested_on, planned_on, field="planned_on")
    _check_contract(session, contract_id, order.customer_id, order.enterprise_id, order.requested_on)
    place = optional_line(place, field="place", length_max=300)
    note = optional_line(note, field="note", length_max=NOTE_LENGTH_MAX)
    order.quantity, order.contract_id, order.planned_on = quantity, contract_id, planned_on
    order.place, order.note = place, note
    session.flush()
    return order


def confirm_order(session: Session, order_id: UUID) -> ServiceOrder:
    """Agree to do what the draft says.

    Raises:
        NotFound: no such order.
        OrderNotInState: it is not a draft.
    """
    order = get_order(session, order_id, lock=True)
    Step.CONFIRM.check(order.state)
    move(session, order, Step.CONFIRM)
    return order


def assign_order(
    session: Session, order_id: UUID, doers: Sequence[Doer], *, planned_on: date | None = None
) -> ServiceOrder:
    """Say who is to do the order, in place of whoever was to before.

    Args:
        planned_on: the day they are to do it; None leaves the order's own, or else the day of request.

    Raises:
        NotFound: no such order, engagement or contractor's contract.
        OrderNotInState: it is neither confirmed nor assigned.
        NoDoer, NotOneDoer, DoerRepeated, EndsBeforeStart: the list or the day makes no sense.
        DoerOfAnotherEnterprise, EngagementNotInForce, ContractorContractNotInForce, NoContractorPrice: one
            of them cannot do this work on that day. Nobody is assigned.
    """
    order = get_order(session, order_id, lock=True)
    Step.ASSIGN.check(order.state)
    check_doers(doers, field="doers")
    check_range(order.requested_on, planned_on, field="planned_on")
    service = get_service(session, order.service_id)
    for doer in doers:
        terms_on(session, doer, service, planned_on or order.planned_on or order.requested_on)
    order.planned_on = planned_on or order.planned_on
    session.execute(
        delete(OrderAssignment).where(
            OrderAssignment.district_id == order.district_id, OrderAssignment.order_id == order.id
        )
    )
    session.execute(
        insert(OrderAssignment),
        [
            {
                "district_id": order.district_id,
                "order_id": order.id,
                "position": position,
                "engagement_id": doer.engagement_id,
                "contractor_contract_id": doer.contractor_contract_id,
            }
            for position, doer in enumerate(doers, start=1)
        ],
    )
    move(session, order, Step.ASSIGN)
    return order


def cancel_order(session: Session, order_id: UUID, *, reason: str) -> ServiceOrder:
    """Give an order up before it is completed; it keeps its number and says why.

    Raises:
        NotFound: no such order.
        OrderNotInState: it is completed, invoiced or cancelled already.
        InvalidText: no reason.
    """
    order = get_order(session, order_id, lock=True)
    Step.CANCEL.check(order.state)
    order.cancel_reason = line(reason, field="reason", length_max=300)
    move(session, order, Step.CANCEL, reason=order.cancel_reason)
    return order


def mark_invoiced(session: Session, act_ids: Collection[UUID]) -> None:
    """Note that these acts of completed orders stand on an invoice now.

    Raises:
        NotFound: one of them is no act of the district.
        OrderNotInState: one of the orders is invoiced already. None is marked.
    """
    _move_all(session, act_ids, Step.INVOICE)


def unmark_invoiced(session: Session, act_ids: Collection[UUID]) -> None:
    """Note that these acts are to be invoiced again, because their invoice was credited as a whole.

    Raises:
        NotFound: one of them is no act of the district.
        OrderNotInState: one of the orders is not invoiced. None is marked.
    """
    _move_all(session, act_ids, Step.TAKE_INVOICE_BACK)


def get_order(session: Session, order_id: UUID, *, lock: bool = False) -> ServiceOrder:
    """An order of the district; with ``lock`` as it is now, and nobody else moves it meanwhile.

    Raises:
        NotFound: no such order.
    """
    return get_row(session, ServiceOrder, order_id, kind="service_order", lock=lock)


def find_order(session: Session, enterprise_id: UUID, outside_reference: str) -> ServiceOrder | None:
    """The order that came under this name from outside; None if none did."""
    return session.scalar(
        select(ServiceOrder).where(
            ServiceOrder.enterprise_id == enterprise_id, ServiceOrder.outside_reference == outside_reference
        )
    )


def list_orders(
    session: Session,
    request: PageRequest,
    *,
    state: OrderState | None = None,
    customer_id: UUID | None = None,
    service_id: UUID | None = None,
    enterprise_id: UUID | None = None,
    requested_from: date | None = None,
    requested_to: date | None = None,
) -> Page[ServiceOrder]:
    """Orders, the newest request first, in pages; both dates count."""
    statement = select(ServiceOrder)
    wanted = {
        ServiceOrder.state: state,
        ServiceOrder.customer_id: customer_id,
        ServiceOrder.service_id: service_id,
        ServiceOrder.enterprise_id: enterprise_id,
    }
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    if requested_from is not None:
        statement = statement.where(ServiceOrder.requested_on >= requested_from)
    if requested_to is not None:
        statement = statement.where(ServiceOrder.requested_on <= requested_to)
    return page_of(session, statement, ORDER_SORTS, request)


def history_of(session: Session, order_id: UUID) -> list[OrderTransition]:
    """Every step of an order, the first first."""
    statement = select(OrderTransition).where(OrderTransition.order_id == order_id)
    return list(session.scalars(statement.order_by(OrderTransition.id)))


def doers_of(session: Session, order_id: UUID) -> list[Doer]:
    """Who is assigned to an order, in the order they were named."""
    rows = session.scalars(
        select(OrderAssignment).where(OrderAssignment.order_id == order_id).order_by(OrderAssignment.position)
    )
    return [Doer(row.engagement_id, row.contractor_contract_id) for row in rows]


def move(session: Session, order: ServiceOrder, step: Step, *, reason: str | None = None) -> None:
    """Take a step that was checked, and record it."""
    was, order.state = order.state, step.leads_to
    session.flush()
    record_steps(session, [order.id], was, step.leads_to, reason=reason)


def record_steps(
    session: Session,
    order_ids: Collection[UUID],
    was: OrderState | None,
    to: OrderState,
    *,
    reason: str | None = None,
) -> None:
    """Write one step of each of these orders into their histories, in one statement."""
    session.execute(
        insert(OrderTransition),
        [
            {
                "district_id": district_of(session),
                "id": new_id(),
                "order_id": order_id,
                "from_state": was,
                "to_state": to,
                "reason": reason,
                "recorded_by": actor_of(session),
            }
            for order_id in order_ids
        ],
    )


def _new_reference(session: Session, enterprise_id: UUID, outside_reference: str | None) -> str | None:
    if outside_reference is None:
        return None
    reference = line(outside_reference, field="outside_reference", length_max=100)
    if find_order(session, enterprise_id, reference) is not None:
        raise AlreadyExists(kind="service_order", field="outside_reference", value=reference)
    return reference


def _check_contract(
    session: Session, contract_id: UUID | None, customer_id: UUID, enterprise_id: UUID, day: date
) -> None:
    if contract_id is None:
        return
    contract = get_contract(session, contract_id)
    if (contract.customer_id, contract.enterprise_id) != (customer_id, enterprise_id):
        raise ContractOfAnother(number=contract.number)
    check_contract_allows(contract, day)


def _move_all(session: Session, act_ids: Collection[UUID], step: Step) -> None:
    """One step for the orders of many acts in three statements, however many there are."""
    if not act_ids:
        return
    # Locked in one order everywhere, so that two invoices of the same orders wait and never deadlock.
    rows = session.execute(
        select(ServiceOrder.id, ServiceOrder.state, CompletionAct.id.label("act_id"))
        .join(
            CompletionAct,
            (CompletionAct.district_id == ServiceOrder.district_id)
            & (CompletionAct.order_id == ServiceOrder.id),
        )
        .where(CompletionAct.id.in_(act_ids))
        .order_by(ServiceOrder.id)
        .with_for_update(of=ServiceOrder)
    ).all()
    for missing in set(act_ids) - {row.act_id for row in rows}:
        raise NotFound(kind="completion_act", id=missing)
    for row in rows:
        step.check(row.state)
    order_ids = [row.id for row in rows]
    session.execute(
        update(ServiceOrder)
        .where(ServiceOrder.district_id == district_of(session), ServiceOrder.id.in_(order_ids))
        .values(state=step.leads_to, version=ServiceOrder.version + 1),
        execution_options={"synchronize_session": "fetch"},
    )
    record_steps(session, order_ids, step.starts[0], step.leads_to)

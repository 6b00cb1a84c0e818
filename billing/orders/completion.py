"""Completion of an order: what was done, by whom, what it costs both sides, and the act that says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billing.catalog.models import Service, Tariff
from billing.catalog.service import get_service, price_on
from billing.customers.service import check_contract_allows, get_contract, get_customer
from billing.districts.service import take_numbers
from billing.kernel.checks import check_quantity
from billing.kernel.columns import money_sum
from billing.kernel.db import district_of
from billing.kernel.errors import RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import Page, PageRequest, Sorts, page_of
from billing.kernel.rows import get_row
from billing.ledger import service as ledger
from billing.ledger.chart import CONTRACTORS, COST, WORKERS
from billing.ledger.models import SourceKind
from billing.orders.documents import archive_act
from billing.orders.doers import Terms, WorkItem, WorkUnitDiffers, check_doers, terms_on
from billing.orders.facts import act_facts
from billing.orders.models import CompletionAct, OrderState, ServiceOrder, WorkDone
from billing.orders.service import get_order, move
from billing.orders.states import Step
from billing.workforce.contracts import use_ceiling

ACT_SORTS: Sorts = {
    "-completed_on": (CompletionAct.completed_on, CompletionAct.id),
    "number": (CompletionAct.year, CompletionAct.number, CompletionAct.id),
}
NUMBER_SERIES = "act"


class CompletedBeforeRequested(RuleViolation):
    """Work is not done before it is asked for. Facts: ``requested_on``, ``completed_on``."""

    code = "completed_before_requested"


class CompletedInFuture(RuleViolation):
    """Work that is still to be done is not completed. Facts: ``completed_on``, ``today``."""

    code = "completed_in_future"


class NothingToCharge(RuleViolation):
    """Quantity times price rounds to nothing, and no invoice is written for zero. Facts: ``price``."""

    code = "nothing_to_charge"


@dataclass(frozen=True, slots=True)
class _Work:
    """One doer's part with its price, before it is written down."""

    item: WorkItem
    terms: Terms

    @property
    def cost(self) -> Money:
        return self.terms.rate.times(self.item.quantity)


def complete_order(
    session: Session,
    order_id: UUID,
    *,
    completed_on: date,
    quantity: Decimal,
    work: Sequence[WorkItem],
    today: date | None = None,
) -> CompletionAct:
    """Complete an assigned order: freeze quantity × price, write and archive the act, post the cost.

    The doers need not be those who were assigned: somebody else may have come. Worker's cost is quantity ×
    rate of the engagement (Dr 7010 Cr 3350); a contractor's is quantity × price of its contract (Cr 3310)
    and counts against the contract's ceiling.

    Args:
        completed_on: the date of the turnover, in the district's calendar; price and tax are those of it.
        quantity: really done, in the service's unit; what the customer pays for.
        today: refuses a later `completed_on`; None where no clock is at hand.

    Raises:
        NotFound: no such order, engagement or contract, or the enterprise has no book.
        OrderNotInState: it is not assigned; completed already, for one.
        CompletedBeforeRequested, CompletedInFuture: the date makes no sense.
        ContractNotStarted, ContractEnded: the customer's contract does not hold on the date.
        NoTariff: the service has no price for the customer on the date.
        NothingToCharge: the amount is less than half a tiyn.
        NoDoer, NotOneDoer, DoerRepeated, WorkUnitDiffers, InvalidQuantity: the work makes no sense.
        DoerOfAnotherEnterprise, EngagementNotInForce, ContractorContractNotInForce, NoContractorPrice: one
            of the doers could not do this work on the date.
        CeilingExceeded: a contractor's contract has not so much left.
        MonthClosed: the date lies in a closed month.
    """
    # Locked first: of two clerks who complete the same order at once, one must find it completed.
    order = get_order(session, order_id, lock=True)
    Step.COMPLETE.check(order.state)
    _check_date(session, order, completed_on, today)
    check_quantity(quantity)
    service = get_service(session, order.service_id)
    parts = _priced(session, work, service, completed_on)
    tariff = _tariff(session, order, quantity, completed_on)
    _use_ceilings(session, parts)
    _record_work(session, order, parts, completed_on)
    order.completed_on = completed_on
    move(session, order, Step.COMPLETE)
    act = _write_act(session, order, service, tariff, quantity)
    archive_act(session, act)
    return act


def get_act(session: Session, act_id: UUID) -> CompletionAct:
    """An act of the district.

    Raises:
        NotFound: no such act.
    """
    return get_row(session, CompletionAct, act_id, kind="completion_act")


def find_act(session: Session, order_id: UUID) -> CompletionAct | None:
    """The act of an order; None while it is not completed."""
    return session.scalar(select(CompletionAct).where(CompletionAct.order_id == order_id))


def list_acts(
    session: Session,
    request: PageRequest,
    *,
    customer_id: UUID | None = None,
    service_id: UUID | None = None,
    enterprise_id: UUID | None = None,
    completed_from: date | None = None,
    completed_to: date | None = None,
) -> Page[CompletionAct]:
    """Acts, the newest first, in pages; both dates count."""
    statement = select(CompletionAct)
    wanted = {
        CompletionAct.customer_id: customer_id,
        CompletionAct.service_id: service_id,
        CompletionAct.enterprise_id: enterprise_id,
    }
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    if completed_from is not None:
        statement = statement.where(CompletionAct.completed_on >= completed_from)
    if completed_to is not None:
        statement = statement.where(CompletionAct.completed_on <= completed_to)
    return page_of(session, statement, ACT_SORTS, request)


def acts_to_bill(
    session: Session,
    *,
    customer_id: UUID | None = None,
    enterprise_id: UUID | None = None,
    until: date | None = None,
) -> list[CompletionAct]:
    """The acts that stand on no invoice yet, by customer and then in the order of the work.

    Args:
        until: the last day of completion that counts; None takes all.
    """
    statement = (
        select(CompletionAct)
        .join(
            ServiceOrder,
            (ServiceOrder.district_id == CompletionAct.district_id)
            & (ServiceOrder.id == CompletionAct.order_id),
        )
        .where(ServiceOrder.state == OrderState.COMPLETED)
        .order_by(CompletionAct.customer_id, CompletionAct.completed_on, CompletionAct.id)
    )
    if customer_id is not None:
        statement = statement.where(CompletionAct.customer_id == customer_id)
    if enterprise_id is not None:
        statement = statement.where(CompletionAct.enterprise_id == enterprise_id)
    if until is not None:
        statement = statement.where(CompletionAct.completed_on <= until)
    return list(session.scalars(statement))


def work_of(session: Session, order_id: UUID) -> list[WorkDone]:
    """What each doer did for an order, in the order it was written down."""
    return list(session.scalars(select(WorkDone).where(WorkDone.order_id == order_id).order_by(WorkDone.id)))


def used_of(session: Session, contract_id: UUID) -> Money:
    """What the work under a contractor's contract costs together, by the work itself: for verification."""
    return (
        session.scalar(select(money_sum(WorkDone.cost)).where(WorkDone.contractor_contract_id == contract_id))
        or ZERO
    )


def _check_date(session: Session, order: ServiceOrder, completed_on: date, today: date | None) -> None:
    if completed_on < order.requested_on:
        raise CompletedBeforeRequested(requested_on=order.requested_on, completed_on=completed_on)
    if today is not None and completed_on > today:
        raise CompletedInFuture(completed_on=completed_on, today=today)
    if order.contract_id is not None:
        check_contract_allows(get_contract(session, order.contract_id), completed_on)


def _tariff(session: Session, order: ServiceOrder, quantity: Decimal, day: date) -> Tariff:
    customer = get_customer(session, order.customer_id)
    tariff = price_on(session, order.service_id, customer.category, day)
    if tariff.price.times(quantity) <= ZERO:
        raise NothingToCharge(price=tariff.price)
    return tariff


def _write_act(
    session: Session, order: ServiceOrder, service: Service, tariff: Tariff, quantity: Decimal
) -> CompletionAct:
    assert order.completed_on is not None
    act = CompletionAct(
        district_id=order.district_id,
        id=new_id(),
        enterprise_id=order.enterprise_id,
        year=order.completed_on.year,
        order_id=order.id,
        customer_id=order.customer_id,
        service_id=order.service_id,
        tariff_id=tariff.id,
        completed_on=order.completed_on,
        quantity=quantity,
        unit=service.unit,
        unit_price=tariff.price,
        amount=tariff.price.times(quantity),
        facts=act_facts(session, order, service, order.completed_on),
    )
    # Taken last, because the series stays locked until the commit.
    act.number = take_numbers(session, order.enterprise_id, NUMBER_SERIES, act.year)
    session.add(act)
    session.flush()
    return act


def _priced(session: Session, work: Sequence[WorkItem], service: Service, day: date) -> list[_Work]:
    check_doers([item.doer for item in work], field="work")
    parts = []
    for position, item in enumerate(work):
        check_quantity(item.quantity, field=f"work.{position}.quantity")
        terms = terms_on(session, item.doer, service, day)
        if item.unit is not None and item.unit != terms.unit:
            raise WorkUnitDiffers(field=f"work.{position}.unit", unit=terms.unit, given=item.unit)
        parts.append(_Work(item, terms))
    return parts


def _use_ceilings(session: Session, parts: Sequence[_Work]) -> None:
    costs = [
        (part.item.contractor_contract_id, part.cost) for part in parts if part.item.contractor_contract_id
    ]
    # In one order everywhere, so that two completions wait for each other and never deadlock.
    for contract_id, cost in sorted(costs):
        use_ceiling(session, contract_id, cost)


def _record_work(session: Session, order: ServiceOrder, parts: Sequence[_Work], day: date) -> None:
    ids = [new_id() for _ in parts]
    session.execute(
        insert(WorkDone),
        [
            {
                "district_id": district_of(session),
                "id": work_id,
                "order_id": order.id,
                "engagement_id": part.item.engagement_id,
                "contractor_contract_id": part.item.contractor_contract_id,
                "quantity": part.item.quantity,
                "unit": part.terms.unit,
                "rate": part.terms.rate,
                "cost": part.cost,
                "done_on": day,
            }
            for work_id, part in zip(ids, parts, strict=True)
        ],
    )
    entries = [
        ledger.Entry(
            debit=COST,
            credit=WORKERS if part.item.engagement_id else CONTRACTORS,
            amount=part.cost,
            source_kind=SourceKind.WORK,
            source_id=work_id,
            party_id=part.terms.party_id,
        )
        for work_id, part in zip(ids, parts, strict=True)
        if part.cost > ZERO  # a thousandth of a cheap unit may round to nothing, and nothing is not posted
    ]
    book_id = ledger.enterprise_book_id(session, order.enterprise_id)
    ledger.post(session, book_id, day, entries)

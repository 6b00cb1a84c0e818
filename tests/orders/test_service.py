"""Orders are taken, changed, assigned and given up only where their state allows it."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from billing.catalog.refusals import ServiceInactive
from billing.catalog.service import deactivate_service
from billing.customers.refusals import (
    ContractEnded,
    ContractNotStarted,
    CustomerInactive,
)
from billing.customers.service import deactivate_customer, sign_contract
from billing.kernel.checks import EndsBeforeStart, InvalidQuantity, InvalidText
from billing.kernel.errors import AlreadyExists, NotFound, StaleVersion
from billing.kernel.ids import new_id
from billing.kernel.paging import PageRequest
from billing.orders.doers import Doer, DoerRepeated, NoDoer, NotOneDoer
from billing.orders.models import OrderState, ServiceOrder
from billing.orders.service import (
    ContractOfAnother,
    assign_order,
    cancel_order,
    confirm_order,
    doers_of,
    edit_order,
    find_order,
    get_order,
    history_of,
    list_orders,
    take_order,
)
from billing.orders.states import OrderNotInState, Step
from billing.workforce.contracts import ContractorContractNotInForce
from billing.workforce.service import EngagementNotInForce
from tests.support.catalog import make_service
from tests.support.districts import make_enterprise
from tests.support.orders import REQUESTED, make_order, make_resident
from tests.support.workforce import make_contractor_contract, make_engagement, make_worker


def take(session, trade, **given):
    """Three hours of snow removal."""
    facts = {
        "customer_id": trade.customer.id,
        "service_id": trade.service.id,
        "requested_on": REQUESTED,
        "quantity": Decimal(3),
    }
    return take_order(session, **facts | given)


def edit(session, order, **given):
    """An edit that changes nothing but what is given."""
    facts = {
        "version": order.version,
        "quantity": order.quantity,
        "contract_id": order.contract_id,
        "planned_on": order.planned_on,
        "place": order.place,
        "note": order.note,
    }
    return edit_order(session, order.id, **facts | given)


def orders_taken(session):
    """How many orders there are."""
    return session.scalar(select(func.count()).select_from(ServiceOrder))


def test_an_order_is_taken_as_a_draft_of_the_service_s_enterprise(session, trade):
    """It has the next number of the year of request, and its history begins."""
    order = take(session, trade, place="  Достық 1,   аула ", note="қақпа ашық", planned_on=date(2026, 3, 5))

    assert (order.enterprise_id, order.year, order.number) == (trade.enterprise.id, 2026, 1)
    assert (order.state, order.version) == (OrderState.DRAFT, 1)
    assert (order.place, order.note) == ("Достық 1, аула", "қақпа ашық")
    assert [(step.from_state, step.to_state) for step in history_of(session, order.id)] == [
        (None, OrderState.DRAFT)
    ]


def test_orders_are_numbered_in_the_year_of_request(session, trade):
    """Every year starts at 1."""
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2)]

    orders = [take(session, trade, requested_on=day) for day in days]

    assert [(order.year, order.number) for order in orders] == [(2025, 1), (2026, 1), (2026, 2)]


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"quantity": Decimal(0)}, InvalidQuantity),
        ({"quantity": Decimal("0.0001")}, InvalidQuantity),
        ({"quantity": Decimal(1_000_000)}, InvalidQuantity),
        ({"planned_on": date(2026, 3, 1)}, EndsBeforeStart),
        ({"note": "x" * 1001}, InvalidText),
        ({"outside_reference": " "}, InvalidText),
        ({"customer_id": new_id()}, NotFound),
        ({"service_id": new_id()}, NotFound),
        ({"contract_id": new_id()}, NotFound),
    ],
)
def test_an_order_that_makes_no_sense_is_not_taken(session, trade, wrong, refusal):
    """No order is left behind, and its number goes to the next one."""
    with pytest.raises(refusal):
        take(session, trade, **wrong)

    assert orders_taken(session) == 0
    assert take(session, trade).number == 1


def test_what_was_taken_off_the_books_takes_no_orders(session, trade):
    """Neither a service nor a customer that is not active any more."""
    neighbour = make_resident(session, 2)
    deactivate_customer(session, neighbour.id, on=REQUESTED)
    with pytest.raises(CustomerInactive):
        take(session, trade, customer_id=neighbour.id)

    deactivate_service(session, trade.service.id)
    with pytest.raises(ServiceInactive):
        take(session, trade)

    assert orders_taken(session) == 0


def test_the_contract_must_be_this_customer_s_with_this_enterprise(session, trade):
    """Another customer's contract, or one with another enterprise, is refused."""
    neighbour, other = make_resident(session, 2), make_enterprise(session, 2)
    terms = {"signed_on": REQUESTED, "starts_on": REQUESTED}
    theirs = sign_contract(session, trade.enterprise.id, neighbour.id, **terms)
    elsewhere = sign_contract(session, other.id, trade.customer.id, number="Б-9", **terms)

    for contract in (theirs, elsewhere):
        with pytest.raises(ContractOfAnother) as refused:
            take(session, trade, contract_id=contract.id)
        assert refused.value.facts == {"number": contract.number}

    assert orders_taken(session) == 0


@pytest.mark.parametrize(
    ("day", "refusal"), [(date(2026, 2, 28), ContractNotStarted), (date(2026, 4, 1), ContractEnded)]
)
def test_the_contract_must_hold_on_the_day_of_request(session, trade, day, refusal):
    """A day before its first or after its last is refused; the days themselves are taken."""
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    contract = sign_contract(
        session, trade.enterprise.id, trade.customer.id, signed_on=first, starts_on=first, ends_on=last
    )

    with pytest.raises(refusal):
        take(session, trade, contract_id=contract.id, requested_on=day)
    assert orders_taken(session) == 0

    for held in (first, last):
        assert take(session, trade, contract_id=contract.id, requested_on=held).contract_id == contract.id


def test_an_order_from_outside_is_taken_once(session, trade):
    """The same row of an imported list again is refused; the first order is found by it."""
    order = take(session, trade, outside_reference="march.xlsx:7")

    with pytest.raises(AlreadyExists) as refused:
        take(session, trade, outside_reference="march.xlsx:7")

    assert refused.value.facts["value"] == "march.xlsx:7"
    assert find_order(session, trade.enterprise.id, "march.xlsx:7") is order
    assert find_order(session, trade.enterprise.id, "march.xlsx:8") is None
    assert orders_taken(session) == 1


def test_an_order_is_edited_until_somebody_is_assigned(session, trade):
    """A draft and a confirmed order change; the version counts the edits."""
    order = take(session, trade)
    edit(session, order, quantity=Decimal("4.5"))
    confirm_order(session, order.id)
    edit(session, order, place="Мектеп", planned_on=date(2026, 3, 9))

    assert (order.quantity, order.place, order.planned_on) == (
        Decimal("4.5"),
        "Мектеп",
        date(2026, 3, 9),
    )
    assert order.version == 4


@pytest.mark.parametrize(
    "state", [OrderState.ASSIGNED, OrderState.COMPLETED, OrderState.INVOICED, OrderState.CANCELLED]
)
def test_later_an_order_is_not_edited(session, trade, state):
    """What somebody was sent to do, or did, stays as it is."""
    order = make_order(session, trade, state=state)

    with pytest.raises(OrderNotInState) as refused:
        edit(session, order, quantity=Decimal(9))

    assert refused.value.facts == {"state": state, "wanted": (OrderState.DRAFT, OrderState.CONFIRMED)}
    assert order.quantity == Decimal(3)


def test_an_edit_of_an_old_version_is_refused(session, trade):
    """The second of two clerks must look again."""
    order = take(session, trade)
    edit(session, order, note="бірінші")

    with pytest.raises(StaleVersion) as refused:
        edit(session, order, version=1, note="екінші")

    assert refused.value.facts["version"] == 2
    assert get_order(session, order.id).note == "бірінші"


@pytest.mark.parametrize("state", list(OrderState))
@pytest.mark.parametrize("step", [Step.CONFIRM, Step.ASSIGN, Step.CANCEL])
def test_every_step_is_taken_only_from_its_states(session, trade, state, step):
    """The table of steps holds for every state: what it lacks is refused and leaves no history."""
    order = make_order(session, trade, state=state)
    steps = {
        Step.CONFIRM: lambda: confirm_order(session, order.id),
        Step.ASSIGN: lambda: assign_order(session, order.id, [trade.doer]),
        Step.CANCEL: lambda: cancel_order(session, order.id, reason="Қажет емес"),
    }
    before = len(history_of(session, order.id))

    if state in step.starts:
        assert steps[step]().state == step.leads_to
        assert history_of(session, order.id)[-1].to_state == step.leads_to
    else:
        with pytest.raises(OrderNotInState):
            steps[step]()
        assert get_order(session, order.id).state == state
        assert len(history_of(session, order.id)) == before


def test_the_history_tells_every_step(session, trade):
    """From the draft to the invoice, each state follows the one before."""
    order = make_order(session, trade, state=OrderState.INVOICED)

    steps = [(step.from_state, step.to_state) for step in history_of(session, order.id)]

    assert steps == [
        (None, OrderState.DRAFT),
        (OrderState.DRAFT, OrderState.CONFIRMED),
        (OrderState.CONFIRMED, OrderState.ASSIGNED),
        (OrderState.ASSIGNED, OrderState.COMPLETED),
        (OrderState.COMPLETED, OrderState.INVOICED),
    ]


def test_a_cancelled_order_says_why_and_keeps_its_number(session, trade):
    """The next order gets the next number."""
    order = make_order(session, trade, state=OrderState.CANCELLED)

    assert order.cancel_reason == "Тапсырыс беруші бас тартты"
    assert history_of(session, order.id)[-1].reason == "Тапсырыс беруші бас тартты"
    assert (order.number, take(session, trade).number) == (1, 2)


def test_nothing_is_cancelled_without_a_reason(session, trade):
    """Blanks are no reason."""
    order = take(session, trade)

    with pytest.raises(InvalidText):
        cancel_order(session, order.id, reason="  ")

    assert get_order(session, order.id).state == OrderState.DRAFT


def test_assigning_again_replaces_who_was_assigned(session, trade):
    """The second list stands alone, in its own order."""
    order = make_order(session, trade, state=OrderState.ASSIGNED)
    other = make_engagement(session, trade.enterprise.id, make_worker(session, 902).id)
    contract = make_contractor_contract(session, trade.enterprise.id, trade.service.id)
    doers = [Doer(contractor_contract_id=contract.id), Doer(engagement_id=other.id)]

    assign_order(session, order.id, doers, planned_on=date(2026, 3, 12))

    assert doers_of(session, order.id) == doers
    assert order.planned_on == date(2026, 3, 12)


@pytest.mark.parametrize(
    ("doers", "refusal"),
    [
        ([], NoDoer),
        ([Doer()], NotOneDoer),
        ([Doer(new_id(), new_id())], NotOneDoer),
        ([Doer(engagement_id=new_id())], NotFound),
        ([Doer(contractor_contract_id=new_id())], NotFound),
    ],
)
def test_nonsense_is_not_assigned(session, trade, doers, refusal):
    """The order stays confirmed and nobody is assigned."""
    order = make_order(session, trade, state=OrderState.CONFIRMED)

    with pytest.raises(refusal):
        assign_order(session, order.id, doers)

    assert get_order(session, order.id).state == OrderState.CONFIRMED
    assert doers_of(session, order.id) == []


def test_nobody_is_assigned_twice(session, trade):
    """The same engagement twice in a list is refused."""
    order = make_order(session, trade, state=OrderState.CONFIRMED)

    with pytest.raises(DoerRepeated):
        assign_order(session, order.id, [trade.doer, trade.doer])

    assert doers_of(session, order.id) == []


def test_doers_must_be_bound_on_the_planned_day(session, trade):
    """An engagement or contract that does not hold on that day cannot be assigned for it."""
    order = make_order(session, trade, state=OrderState.CONFIRMED)
    april = date(2026, 4, 1)
    worker = make_engagement(session, trade.enterprise.id, make_worker(session, 902).id, starts_on=april)
    contract = make_contractor_contract(session, trade.enterprise.id, trade.service.id, starts_on=april)
    doers = {
        EngagementNotInForce: Doer(engagement_id=worker.id),
        ContractorContractNotInForce: Doer(contractor_contract_id=contract.id),
    }

    for refusal, doer in doers.items():
        with pytest.raises(refusal):
            assign_order(session, order.id, [doer])
    assert doers_of(session, order.id) == []

    assign_order(session, order.id, list(doers.values()), planned_on=april)
    assert len(doers_of(session, order.id)) == 2


def test_orders_are_listed_by_what_is_asked(session, trade):
    """State, customer, service and days narrow the list; the newest request comes first."""
    neighbour = make_resident(session, 2)
    other = make_service(session, trade.enterprise.id, code="OTHER")
    first = make_order(session, trade)
    second = make_order(session, trade, requested_on=date(2026, 3, 3), customer_id=neighbour.id)
    third = make_order(session, trade, requested_on=date(2026, 3, 4), service_id=other.id)
    confirm_order(session, second.id)

    def listed(**filters):
        return list_orders(session, PageRequest(), **filters).items

    assert listed() == [third, second, first]
    assert listed(state=OrderState.CONFIRMED) == [second]
    assert listed(customer_id=neighbour.id) == [second]
    assert listed(service_id=other.id) == [third]
    assert listed(requested_from=date(2026, 3, 3), requested_to=date(2026, 3, 3)) == [second]
    assert list_orders(session, PageRequest(sort="number")).items == [first, second, third]


def test_pages_follow_each_other(session, trade):
    """The cursor goes on where the page ended, also between orders of one day."""
    orders = [make_order(session, trade) for _ in range(3)]

    first = list_orders(session, PageRequest(limit=2))
    second = list_orders(session, PageRequest(limit=2, cursor=first.next_cursor))

    assert [*first.items, *second.items] == orders[::-1]
    assert second.next_cursor is None


def test_the_database_refuses_a_completed_order_without_a_date(session, trade):
    """Not even raw SQL completes an order by its state alone."""
    make_order(session, trade, state=OrderState.ASSIGNED)

    with pytest.raises(DBAPIError, match="completed_dated"), session.begin_nested():
        session.execute(text("UPDATE service_order SET state = 'completed'"))

"""What cannot have happened is not completed, and a refusal leaves no trace."""

from datetime import date
from decimal import Decimal

import pytest

from billing.catalog.models import PayerCategory, Unit
from billing.catalog.refusals import NoTariff
from billing.customers.refusals import ContractEnded
from billing.customers.service import end_contract, sign_contract
from billing.kernel.checks import InvalidQuantity
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger.service import MonthClosed, close_month, enterprise_book_id
from billing.orders.completion import (
    CompletedBeforeRequested,
    CompletedInFuture,
    NothingToCharge,
    find_act,
    work_of,
)
from billing.orders.doers import (
    DoerOfAnotherEnterprise,
    DoerRepeated,
    NoDoer,
    NotOneDoer,
    WorkItem,
    WorkUnitDiffers,
)
from billing.orders.models import OrderState
from billing.orders.service import get_order
from billing.orders.states import OrderNotInState
from billing.workforce.contracts import (
    CeilingExceeded,
    ContractorContractNotInForce,
    NoContractorPrice,
    get_contractor_contract,
)
from billing.workforce.service import EngagementNotInForce, end_engagement
from tests.support.catalog import make_service
from tests.support.districts import make_enterprise
from tests.support.orders import DONE, REQUESTED, complete, make_act, make_order, traces
from tests.support.workforce import make_contractor_contract, make_engagement


def test_an_order_is_completed_once(session, trade, order):
    """The second completion is refused and leaves no second act, cost or document."""
    complete(session, order, trade)
    before = traces(session)

    with pytest.raises(OrderNotInState) as refused:
        complete(session, order, trade)

    assert refused.value.facts == {"state": OrderState.COMPLETED, "wanted": (OrderState.ASSIGNED,)}
    assert traces(session) == before


@pytest.mark.parametrize("state", [state for state in OrderState if state != OrderState.ASSIGNED])
def test_only_an_assigned_order_is_completed(session, trade, state):
    """From any other state completion is refused."""
    order = make_order(session, trade, state=state)
    before = traces(session)

    with pytest.raises(OrderNotInState):
        complete(session, order, trade)

    assert traces(session) == before
    assert get_order(session, order.id).state == state


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"completed_on": date(2026, 3, 1)}, CompletedBeforeRequested),
        ({"today": date(2026, 3, 9)}, CompletedInFuture),
        ({"quantity": Decimal(0)}, InvalidQuantity),
        ({"quantity": Decimal(-1)}, InvalidQuantity),
        ({"quantity": Decimal("0.0005")}, InvalidQuantity),
        ({"quantity": Decimal("NaN")}, InvalidQuantity),
        ({"work": []}, NoDoer),
        ({"work": [WorkItem(Decimal(1))]}, NotOneDoer),
    ],
)
def test_a_completion_that_makes_no_sense_is_refused(session, trade, order, wrong, refusal):
    """Dates, quantities and doers that cannot be: nothing is written, no number is taken."""
    before = traces(session)

    with pytest.raises(refusal):
        complete(session, order, trade, **wrong)

    assert traces(session) == before
    assert get_order(session, order.id).state == OrderState.ASSIGNED


def test_work_of_one_doer_is_written_in_one_row(session, trade, order):
    """The same doer twice is refused."""
    with pytest.raises(DoerRepeated):
        complete(session, order, trade, work=[*trade.work("1"), *trade.work("2")])

    assert work_of(session, order.id) == []


def test_work_is_counted_in_the_unit_it_is_paid_by(session, trade, order):
    """Trips given for a worker paid by the hour are refused; the right unit is taken."""
    wrong = WorkItem(Decimal(2), engagement_id=trade.engagement.id, unit=Unit.TRIP)
    right = WorkItem(Decimal(2), engagement_id=trade.engagement.id, unit=Unit.HOUR)

    with pytest.raises(WorkUnitDiffers) as refused:
        complete(session, order, trade, work=[wrong])

    assert refused.value.facts == {"field": "work.0.unit", "unit": Unit.HOUR, "given": Unit.TRIP}
    assert complete(session, order, trade, work=[right]).number == 1


def test_work_for_less_than_half_a_tiyn_is_refused(session, trade):
    """There is no invoice for zero, hence no act for it either."""
    mote = make_service(session, trade.enterprise.id, code="MOTE", price=Money(1))
    order = make_order(session, trade, state=OrderState.ASSIGNED, service_id=mote.id)
    before = traces(session)

    with pytest.raises(NothingToCharge) as refused:
        complete(session, order, trade, quantity=Decimal("0.499"))

    assert refused.value.facts == {"price": Money(1)}
    assert traces(session) == before


def test_without_a_tariff_there_is_no_act(session, trade):
    """A service nobody priced for the customer's category is not completed."""
    unpriced = make_service(session, trade.enterprise.id, code="NEW", price=None)
    order = make_order(session, trade, state=OrderState.ASSIGNED, service_id=unpriced.id)
    before = traces(session)

    with pytest.raises(NoTariff) as refused:
        complete(session, order, trade)

    assert refused.value.facts == {"service": "NEW", "category": PayerCategory.RESIDENT, "day": DONE}
    assert traces(session) == before


def test_a_doer_must_be_engaged_on_the_day(session, trade, order):
    """A worker who has left and a contract that is over do no work."""
    contract = make_contractor_contract(
        session, trade.enterprise.id, trade.service.id, ends_on=date(2026, 3, 9)
    )
    end_engagement(session, trade.engagement.id, ends_on=date(2026, 3, 9))
    before = traces(session)

    with pytest.raises(EngagementNotInForce):
        complete(session, order, trade)
    with pytest.raises(ContractorContractNotInForce):
        complete(session, order, trade, work=[WorkItem(Decimal(1), contractor_contract_id=contract.id)])

    assert traces(session) == before


def test_a_contractor_must_have_a_price_for_the_service(session, trade, order):
    """A contract about other services does not pay for this one."""
    other = make_service(session, trade.enterprise.id, code="OTHER")
    contract = make_contractor_contract(session, trade.enterprise.id, other.id, number="П-7")

    with pytest.raises(NoContractorPrice) as refused:
        complete(session, order, trade, work=[WorkItem(Decimal(1), contractor_contract_id=contract.id)])

    assert refused.value.facts == {"number": "П-7", "day": DONE}
    assert work_of(session, order.id) == []


def test_a_doer_of_another_enterprise_is_refused(session, trade, order):
    """Another enterprise's worker is not this one's cost."""
    other = make_enterprise(session, 2)
    engagement = make_engagement(session, other.id, trade.engagement.worker_id, number="Б-1")

    with pytest.raises(DoerOfAnotherEnterprise) as refused:
        complete(session, order, trade, work=[WorkItem(Decimal(1), engagement_id=engagement.id)])

    assert refused.value.facts == {"number": "Б-1"}
    assert work_of(session, order.id) == []


def test_the_ceiling_stops_the_act(session, trade, order):
    """An act that passes the contractor's ceiling by a tiyn is refused as a whole."""
    contract = make_contractor_contract(
        session, trade.enterprise.id, trade.service.id, ceiling=Money.tenge("2399.99")
    )
    before = traces(session)

    with pytest.raises(CeilingExceeded) as refused:
        complete(session, order, trade, work=[WorkItem(Decimal(3), contractor_contract_id=contract.id)])

    assert refused.value.facts["cost"] == Money.tenge(2_400)
    assert traces(session) == before
    assert get_contractor_contract(session, contract.id).used == Money(0)


def test_after_the_end_of_the_customer_s_contract_nothing_is_completed(session, trade):
    """An order under a contract is done while the contract holds; its last day counts."""
    contract = sign_contract(
        session, trade.enterprise.id, trade.customer.id, signed_on=REQUESTED, starts_on=REQUESTED
    )
    order = make_order(session, trade, state=OrderState.ASSIGNED, contract_id=contract.id)
    end_contract(session, contract.id, on=DONE, reason="Көшіп кетті")
    before = traces(session)

    with pytest.raises(ContractEnded):
        complete(session, order, trade, completed_on=date(2026, 3, 11))
    assert traces(session) == before

    assert complete(session, order, trade).facts["contract"] == {
        "number": contract.number,
        "signed_on": "2026-03-02",
    }


def test_nothing_is_completed_in_a_closed_month(session, trade, order):
    """The cost cannot be posted into a closed month, so the order stays assigned."""
    make_act(session, trade, completed_on=date(2026, 2, 20))
    book_id = enterprise_book_id(session, trade.enterprise.id)
    close_month(session, book_id, Month(2026, 2), today=date(2026, 4, 5))
    close_month(session, book_id, Month(2026, 3), today=date(2026, 4, 5))

    with pytest.raises(MonthClosed), session.begin_nested():
        complete(session, order, trade)

    session.expire_all()
    assert get_order(session, order.id).state == OrderState.ASSIGNED
    assert find_act(session, order.id) is None

"""Completion freezes what was done and what it costs, and posts it."""

from datetime import date
from decimal import Decimal

from billing.catalog.models import Unit
from billing.kernel.money import Money
from billing.ledger.models import SourceKind
from billing.orders.completion import (
    find_act,
    used_of,
    work_of,
)
from billing.orders.doers import (
    WorkItem,
)
from billing.orders.models import OrderState
from billing.orders.service import assign_order, get_order
from billing.workforce.contracts import (
    get_contractor_contract,
)
from tests.support.catalog import make_tariff
from tests.support.orders import (
    DONE,
    complete,
    postings,
)
from tests.support.workforce import make_contractor_contract, make_engagement, make_worker


def test_the_act_freezes_quantity_and_price_of_the_day(session, trade, order):
    """2.5 hours at the 1,000 tenge of that day are 2,500 tenge, whatever was asked for or comes later."""
    make_tariff(session, trade.service.id, price=Money.tenge(1_200), valid_from=date(2026, 3, 11))

    act = complete(session, order, trade)

    assert (act.year, act.number) == (2026, 1)
    assert (act.quantity, act.unit, act.unit_price) == (Decimal("2.5"), Unit.HOUR, Money.tenge(1_000))
    assert act.amount == Money.tenge(2_500)
    assert act.completed_on == DONE
    assert find_act(session, order.id) is act
    assert get_order(session, order.id).state == OrderState.COMPLETED
    assert get_order(session, order.id).completed_on == DONE


def test_a_later_day_has_its_own_price(session, trade, order):
    """From the day of the new tariff on the act has the new price."""
    make_tariff(session, trade.service.id, price=Money.tenge(1_200), valid_from=DONE)

    assert complete(session, order, trade).amount == Money.tenge(3_000)


def test_the_worker_is_owed_for_his_hours(session, trade, order):
    """Two hours at 1,500 tenge: Dr 7010 Cr 3350 for 3,000 tenge, the worker's."""
    complete(session, order, trade)

    [done] = work_of(session, order.id)
    assert (done.quantity, done.unit, done.rate) == (Decimal(2), Unit.HOUR, Money.tenge(1_500))
    assert done.cost == Money.tenge(3_000)
    assert postings(session) == [
        (DONE, "7010", "3350", Money.tenge(3_000), trade.engagement.worker_id, SourceKind.WORK, done.id)
    ]


def test_a_contractor_is_owed_by_its_contract_and_uses_the_ceiling(session, trade, order):
    """Three hours at 800 tenge: Dr 7010 Cr 3310 for 2,400 tenge, taken off the ceiling."""
    contract = make_contractor_contract(session, trade.enterprise.id, trade.service.id)

    complete(session, order, trade, work=[WorkItem(Decimal(3), contractor_contract_id=contract.id)])

    [done] = work_of(session, order.id)
    assert (done.rate, done.cost, done.unit) == (Money.tenge(800), Money.tenge(2_400), Unit.HOUR)
    assert postings(session) == [
        (DONE, "7010", "3310", Money.tenge(2_400), contract.contractor_id, SourceKind.WORK, done.id)
    ]
    assert get_contractor_contract(session, contract.id).used == Money.tenge(2_400)
    assert used_of(session, contract.id) == Money.tenge(2_400)


def test_several_doers_are_each_owed_their_part(session, trade, order):
    """A worker's hours and a contractor's are two rows and two postings of one completion."""
    contract = make_contractor_contract(session, trade.enterprise.id, trade.service.id)

    complete(
        session,
        order,
        trade,
        work=[*trade.work("0.333"), WorkItem(Decimal("1.5"), contractor_contract_id=contract.id)],
    )

    assert [done.cost for done in work_of(session, order.id)] == [Money.tenge("499.50"), Money.tenge(1_200)]
    assert [posting[1:4] for posting in postings(session)] == [
        ("7010", "3350", Money.tenge("499.50")),
        ("7010", "3310", Money.tenge(1_200)),
    ]


def test_a_cost_that_rounds_to_nothing_is_written_down_but_not_posted(session, trade, order):
    """A thousandth of an hour at 0.01 tenge costs nothing; the act stands all the same."""
    cheap = make_engagement(session, trade.enterprise.id, make_worker(session, 902).id, rate=Money(1))

    complete(session, order, trade, work=[WorkItem(Decimal("0.001"), engagement_id=cheap.id)])

    assert [done.cost for done in work_of(session, order.id)] == [Money(0)]
    assert postings(session) == []


def test_today_is_not_the_future(session, trade, order):
    """Work done today may be completed today."""
    assert complete(session, order, trade, today=DONE).completed_on == DONE


def test_other_doers_than_the_assigned_may_come(session, trade, order):
    """Who did the work is what completion says."""
    other = make_engagement(session, trade.enterprise.id, make_worker(session, 902, name="Серік").id)
    assign_order(session, order.id, [trade.doer])

    complete(session, order, trade, work=[WorkItem(Decimal(1), engagement_id=other.id)])

    assert [done.engagement_id for done in work_of(session, order.id)] == [other.id]

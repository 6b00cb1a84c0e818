"""Whatever happens at the same moment, an order has one act and a contract its ceiling."""

import threading
from decimal import Decimal

from sqlalchemy import func, select

from billing.kernel.money import Money
from billing.orders.completion import (
    used_of,
)
from billing.orders.doers import (
    WorkItem,
)
from billing.orders.models import CompletionAct, OrderState, OrderTransition, ServiceOrder
from billing.orders.states import OrderNotInState
from billing.workforce.contracts import (
    CeilingExceeded,
    get_contractor_contract,
)
from tests.support.districts import DISTRICT_ID
from tests.support.orders import (
    complete,
    make_order,
    make_trade,
    postings,
)
from tests.support.workforce import make_contractor_contract


def race(jobs, refusal):
    """Run jobs at the same moment; how many came through and how many were refused."""
    start = threading.Barrier(len(jobs))
    results = []

    def run(job):
        start.wait()
        try:
            job()
            results.append("done")
        except refusal:
            results.append("refused")

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_of_completions_at_once_one_wins(sessions):
    """Four clerks complete one order at the same moment: one act, one cost, three refusals."""
    with sessions.begin(DISTRICT_ID) as session:
        trade = make_trade(session)
        order = make_order(session, trade, state=OrderState.ASSIGNED)

    def job():
        with sessions.begin(DISTRICT_ID) as session:
            complete(session, order, trade)

    assert race([job] * 4, OrderNotInState) == ["done", "refused", "refused", "refused"]
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(CompletionAct)) == 1
        assert [posting[3] for posting in postings(session)] == [Money.tenge(3_000)]


def test_orders_at_once_do_not_pass_the_contractor_s_ceiling(sessions):
    """Four orders of 2,400 tenge race for a ceiling of 5,000: two are completed, gaplessly numbered."""
    with sessions.begin(DISTRICT_ID) as session:
        trade = make_trade(session)
        contract = make_contractor_contract(
            session, trade.enterprise.id, trade.service.id, ceiling=Money.tenge(5_000)
        )
        orders = [make_order(session, trade, state=OrderState.ASSIGNED) for _ in range(4)]
    work = [WorkItem(Decimal(3), contractor_contract_id=contract.id)]

    def job(order):
        with sessions.begin(DISTRICT_ID) as session:
            complete(session, order, trade, work=work)

    jobs = [lambda order=order: job(order) for order in orders]
    assert race(jobs, CeilingExceeded) == ["done", "done", "refused", "refused"]
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert get_contractor_contract(session, contract.id).used == Money.tenge(4_800)
        assert used_of(session, contract.id) == Money.tenge(4_800)
        assert sorted(session.scalars(select(CompletionAct.number))) == [1, 2]
        states = session.scalars(select(ServiceOrder.state))
        assert sorted(states) == ["assigned", "assigned", "completed", "completed"]


def test_orders_taken_at_once_get_all_numbers(sessions):
    """Eight clerks at the same moment: numbers 1 to 8, none twice."""
    with sessions.begin(DISTRICT_ID) as session:
        trade = make_trade(session)

    def job():
        with sessions.begin(DISTRICT_ID) as session:
            make_order(session, trade)

    assert race([job] * 8, OrderNotInState) == ["done"] * 8
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert sorted(session.scalars(select(ServiceOrder.number))) == list(range(1, 9))
        assert session.scalar(select(func.count()).select_from(OrderTransition)) == 8

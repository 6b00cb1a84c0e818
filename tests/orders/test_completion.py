"""Completion freezes what was done and what it costs, once, on paper and in the books."""

import threading
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from billing.archive.models import ArchivedDocument, DocumentKind
from billing.archive.service import fetch
from billing.catalog.models import PayerCategory, Unit
from billing.catalog.refusals import NoTariff
from billing.customers.refusals import ContractEnded, InvalidQuantity
from billing.customers.service import end_contract, sign_contract
from billing.districts.models import NumberSeries
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.kernel.paging import PageRequest
from billing.ledger.models import Account, SourceKind, Transfer
from billing.ledger.service import MonthClosed, close_month, enterprise_book_id
from billing.orders.completion import (
    CompletedBeforeRequested,
    CompletedInFuture,
    NothingToCharge,
    acts_to_bill,
    complete_order,
    find_act,
    list_acts,
    used_of,
    work_of,
)
from billing.orders.doers import (
    Doer,
    DoerOfAnotherEnterprise,
    DoerRepeated,
    NoDoer,
    NotOneDoer,
    WorkItem,
    WorkUnitDiffers,
)
from billing.orders.models import CompletionAct, OrderState, OrderTransition, ServiceOrder, WorkDone
from billing.orders.service import assign_order, get_order, mark_invoiced, unmark_invoiced
from billing.orders.states import OrderNotInState
from billing.workforce.contracts import (
    CeilingExceeded,
    ContractorContractNotInForce,
    NoContractorPrice,
    get_contractor_contract,
)
from billing.workforce.service import EngagementNotInForce, end_engagement
from tests.support.catalog import make_service, make_tariff
from tests.support.districts import DISTRICT_ID, make_enterprise
from tests.support.orders import DONE, REQUESTED, make_act, make_order, make_resident, make_trade
from tests.support.workforce import make_contractor_contract, make_engagement, make_worker


@pytest.fixture
def trade(session):
    """Everything an order needs."""
    return make_trade(session)


@pytest.fixture
def order(session, trade):
    """An assigned order of three hours."""
    return make_order(session, trade, state=OrderState.ASSIGNED)


def complete(session, order, trade, **given):
    """Complete an order after 2.5 hours, done by the worker in two."""
    facts = {"completed_on": DONE, "quantity": Decimal("2.5"), "work": trade.work("2")} | given
    return complete_order(session, order.id, **facts)


def postings(session):
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


def traces(session):
    """What a refused completion must leave as it was."""
    counts = [
        session.scalar(select(func.count()).select_from(model))
        for model in (CompletionAct, WorkDone, Transfer, ArchivedDocument, OrderTransition)
    ]
    acts = session.scalar(select(NumberSeries.last_number).where(NumberSeries.series == "act"))
    return [*counts, acts or 0]


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


def test_the_act_keeps_what_could_change(session, trade, order):
    """Names, addresses, who signs: all as on the day of completion."""
    facts = complete(session, order, trade).facts

    assert facts["executor"]["bin"] == trade.enterprise.bin
    assert facts["signatory"]["name"] == "Сынақов Т. Т."
    assert facts["customer"]["name"] == "Есенова Айгүл"
    assert facts["customer"]["address_kk"] == "Боранқұл ауылы, Достық 1"
    assert facts["customer"]["address_ru"] == "с.Боранкул, Достық 1"
    assert facts["service"]["name_ru"] == "Уборка снега"
    assert facts["contract"] is None


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


def test_the_act_is_archived_as_form_r1_in_both_languages(session, trade, order):
    """The archived PDF names the parties, the work and the sums in Kazakh and in Russian."""
    act = complete(session, order, trade)

    document, content = fetch(session, DocumentKind.COMPLETION_ACT, act.id)
    words = " ".join("\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).split())

    assert document.file_name == "act-2026-000001.pdf"
    assert document.template_version.startswith("act-r1/")
    for expected in (
        "«Боранқұл Сервис» КМК",
        "КГП «Боранкул Сервис»",
        "Қар тазалау",
        "Уборка снега",
        "Есенова Айгүл",
        trade.customer.iin_bin,
        "Форма Р-1",
        "2,5",
        "Сынақов Т. Т.",
    ):
        assert expected in words
    assert "2 500,00" in words.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_acts_are_numbered_without_gaps_in_the_year_of_completion(session, trade):
    """Orders of one year completed in the next are acts of the next; each year starts at 1."""
    days = [date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 1)]

    numbers = [(act.year, act.number) for act in (make_act(session, trade, completed_on=day) for day in days)]

    assert numbers == [(2025, 1), (2025, 2), (2026, 1)]


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


def test_today_is_not_the_future(session, trade, order):
    """Work done today may be completed today."""
    assert complete(session, order, trade, today=DONE).completed_on == DONE


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


def test_other_doers_than_the_assigned_may_come(session, trade, order):
    """Who did the work is what completion says."""
    other = make_engagement(session, trade.enterprise.id, make_worker(session, 902, name="Серік").id)
    assign_order(session, order.id, [trade.doer])

    complete(session, order, trade, work=[WorkItem(Decimal(1), engagement_id=other.id)])

    assert [done.engagement_id for done in work_of(session, order.id)] == [other.id]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE completion_act SET amount = amount + 1",
        "UPDATE work_done SET cost = 0",
        "DELETE FROM completion_act",
        "DELETE FROM order_transition",
    ],
)
def test_not_even_raw_sql_changes_what_was_done(session, trade, order, change):
    """The database itself refuses to change an act, the work or the history."""
    complete(session, order, trade)

    with pytest.raises(DBAPIError, match="append_only"), session.begin_nested():
        session.execute(text(change))


def test_acts_wait_for_their_invoice(session, trade):
    """Completed and not invoiced acts are to be billed, up to a day, of a customer; invoiced ones are not."""
    neighbour = make_resident(session, 2)
    first = make_act(session, trade)
    later = make_act(session, trade, completed_on=date(2026, 3, 20))
    other = make_act(session, trade, customer_id=neighbour.id)

    assert set(acts_to_bill(session)) == {first, later, other}
    assert acts_to_bill(session, customer_id=trade.customer.id) == [first, later]
    assert acts_to_bill(session, customer_id=trade.customer.id, until=DONE) == [first]
    assert acts_to_bill(session, enterprise_id=make_enterprise(session, 2).id) == []

    mark_invoiced(session, [first.id, other.id])
    assert acts_to_bill(session) == [later]
    unmark_invoiced(session, [other.id])
    assert set(acts_to_bill(session)) == {later, other}


def test_an_act_is_invoiced_once(session, trade):
    """A second marking is refused and marks nothing else either."""
    first, second = make_act(session, trade), make_act(session, trade)
    mark_invoiced(session, [first.id])

    with pytest.raises(OrderNotInState):
        mark_invoiced(session, [second.id, first.id])

    assert get_order(session, second.order_id).state == OrderState.COMPLETED
    assert get_order(session, first.order_id).state == OrderState.INVOICED


def test_acts_are_listed_newest_first_by_what_is_asked(session, trade):
    """Dates count on both ends."""
    acts = [make_act(session, trade, completed_on=date(2026, 3, day)) for day in (10, 11, 12)]

    everything = list_acts(session, PageRequest())
    middle = list_acts(
        session, PageRequest(), completed_from=date(2026, 3, 11), completed_to=date(2026, 3, 11)
    )

    assert everything.items == acts[::-1]
    assert middle.items == [acts[1]]
    assert list_acts(session, PageRequest(), customer_id=make_resident(session, 2).id).items == []


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


def test_a_doer_is_one_of_two_kinds():
    """The doer of a piece of work is what completion and assignment compare."""
    assert WorkItem(Decimal(1)).doer == Doer()

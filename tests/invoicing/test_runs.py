"""Billing runs: everybody once, the broken parked with a reason, skipped months caught up, nothing twice."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, func, select

from billing.catalog.models import PayerCategory
from billing.customers import service as customers
from billing.districts.models import BankAccount
from billing.districts.refusals import NoPrimaryAccount
from billing.invoicing.models import BilledPeriod, Invoice, InvoiceLine
from billing.invoicing.runs import service as runs
from billing.invoicing.runs.models import BillingRun, BillingRunInvoice, BillingRunResult, Pace, RunOutcome
from billing.invoicing.service import lines_of
from billing.kernel.checks import EndsBeforeStart
from billing.kernel.dates import Month
from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.kernel.kept_facts import recall
from billing.kernel.money import total
from billing.ledger import service as ledger
from billing.ledger.models import Transfer
from billing.verification.service import verify
from tests.support.billing import credit, make_invoice, open_for_business, pay
from tests.support.catalog import make_service, make_tariff
from tests.support.customers import make_charge, make_contract, make_customer
from tests.support.orders import Trade, make_act
from tests.support.village import (
    MORNING,
    NOVEMBER,
    NOVEMBER_30,
    T,
    bill_here,
    counts,
    make_village,
    results,
    start,
)
from tests.support.workforce import make_engagement

OCTOBER = Month(2026, 10)
SEPTEMBER = Month(2026, 9)


@pytest.fixture
def village(session):
    """A village without contracts."""
    return make_village(session)


def lay_water(session, village, serial=1, **terms):
    """One cubic metre of water a month, for somebody new."""
    customer = make_customer(session, serial)
    contract = make_contract(session, village.enterprise.id, customer.id)
    make_charge(session, contract, village.water.id, **terms)
    return contract


def invoices_of(session, contract):
    """Months and sums of a contract's invoices, as they were numbered."""
    rows = session.execute(
        select(Invoice.period, Invoice.total)
        .where(Invoice.contract_id == contract.id)
        .order_by(Invoice.number)
    )
    return [(period, amount) for period, amount in rows]


def rows(session, *models):
    """How many rows there are of each."""
    return [session.scalar(select(func.count()).select_from(model)) for model in models]


def test_everybody_is_billed_and_the_broken_are_parked(session):
    """Of twenty contracts two lack a price, two are out of season, two are free: the others get invoices."""
    village = make_village(session, 20)

    run = bill_here(session, village)

    assert counts(run) == (14, 4, 2, 14)
    assert run.done == run.subjects == 20
    invoices = session.scalars(select(Invoice).order_by(Invoice.number)).all()
    assert [invoice.number for invoice in invoices] == list(range(1, 15))
    assert run.total == total(invoice.total for invoice in invoices)
    refused = results(session, run, RunOutcome.REFUSED)
    assert [each.code for each in refused] == ["no_tariff"] * 2
    assert recall(refused[0].facts) == {
        "service": "NEW",
        "category": PayerCategory.RESIDENT,
        "day": NOVEMBER_30,
    }
    codes = sorted(each.code for each in results(session, run, RunOutcome.NOTHING_DUE))
    assert codes == ["nothing_charged"] * 2 + ["nothing_to_invoice"] * 2
    assert list(verify(session)) == []


def test_season_part_month_benefit_and_tax_are_those_of_the_day(session, village):
    """17 of 30 days of a cubic metre at 373.33 less a third, 16 % within; snow only in its months."""
    [contract] = village.settle(session, 1)
    customers.end_contract(session, contract.id, on=date(2026, 11, 17), reason="көшті")
    make_charge(session, contract, village.snow.id, first_month=11, last_month=3, valid_to=date(2026, 11, 17))
    make_charge(session, lay_water(session, village, 2), village.snow.id, first_month=12, last_month=3)

    run = bill_here(session, village)

    [first, second] = results(session, run, RunOutcome.BILLED)
    links = session.execute(select(BillingRunInvoice.result_id, BillingRunInvoice.invoice_id))
    linked = {row.result_id: row.invoice_id for row in links}
    water, snow = sorted(
        lines_of(session, linked[first.id]), key=lambda line: line.service_code, reverse=True
    )
    assert (water.quantity, water.unit_price, water.amount) == (Decimal("0.283"), T("373.33"), T("105.65"))
    assert (snow.quantity, snow.total, snow.vat_rate_bp) == (Decimal("0.567"), T("1133.99"), 1_600)
    assert [line.service_code for line in lines_of(session, linked[second.id])] == ["WATER"]


def test_the_same_run_again_says_that_everything_is_billed(session):
    """A second run issues nothing; each contract it billed before is told as billed already."""
    village = make_village(session, 10)
    first = bill_here(session, village)
    before = rows(session, Invoice, InvoiceLine, BilledPeriod, Transfer)

    again = bill_here(session, village)

    assert counts(first) == (7, 2, 1, 7)
    assert counts(again) == (0, 9, 1, 0)
    codes = sorted(each.code for each in results(session, again, RunOutcome.NOTHING_DUE))
    assert codes == ["nothing_charged", "nothing_to_invoice", *["period_already_billed"] * 7]
    assert rows(session, Invoice, InvoiceLine, BilledPeriod, Transfer) == before


def test_what_was_broken_is_billed_when_it_is_mended(session, village):
    """After the price is set, the next run bills the parked contract and nobody else."""
    village.settle(session, 10)
    parked = results(session, bill_here(session, village), RunOutcome.REFUSED)
    make_tariff(session, village.unpriced.id, price=T(100), valid_from=date(2026, 1, 1))

    run = bill_here(session, village)

    [billed] = results(session, run, RunOutcome.BILLED)
    assert billed.contract_id == parked[0].contract_id
    assert counts(run) == (1, 9, 0, 1)


def test_skipped_months_are_caught_up_in_order_at_their_own_prices(session, village):
    """After August, November's run bills September at the old price, then October and November at the new."""
    contract = lay_water(session, village)
    other = lay_water(session, village, 2)
    make_invoice(session, contract, Month(2026, 8), issued_on=date(2026, 9, 1))

    run = bill_here(session, village)

    assert run.first_period == Month(2026, 8)
    assert invoices_of(session, contract)[1:] == [
        (SEPTEMBER, T("333.33")),
        (OCTOBER, T("373.33")),
        (NOVEMBER, T("373.33")),
    ]
    assert [period for period, _ in invoices_of(session, other)] == [
        Month(2026, 8),
        SEPTEMBER,
        OCTOBER,
        NOVEMBER,
    ]
    [first, _] = results(session, run)
    assert (first.invoices, first.total) == (3, T("1079.99"))
    assert list(verify(session)) == []


def test_contracts_older_than_the_first_bill_are_left_alone(session, village):
    """Nothing was ever billed: a contract of 2020 gets November only, unless somebody asks for more."""
    contract = lay_water(session, village)

    bill_here(session, village)
    assert [period for period, _ in invoices_of(session, contract)] == [NOVEMBER]

    bill_here(session, village, since=SEPTEMBER)
    assert sorted(period for period, _ in invoices_of(session, contract)) == [SEPTEMBER, OCTOBER, NOVEMBER]


def test_a_month_credited_since_is_not_brought_back_by_a_later_run(session, village):
    """October was taken off again: November's run leaves it; October's own run bills it anew."""
    contract = lay_water(session, village)
    october = make_invoice(session, contract, OCTOBER, issued_on=date(2026, 10, 31))
    credit(session, october, issued_on=date(2026, 11, 2))

    november = bill_here(session, village, since=OCTOBER)
    assert counts(november) == (1, 0, 0, 1)
    assert [period for period, _ in invoices_of(session, contract)] == [OCTOBER, NOVEMBER]

    bill_here(session, village, OCTOBER)
    assert [period for period, _ in invoices_of(session, contract)] == [OCTOBER, NOVEMBER, OCTOBER]


def test_a_contract_with_a_broken_month_is_parked_whole(session, village):
    """September has no price yet: neither it nor the months after it are billed, in order or not at all."""
    contract = lay_water(session, village)
    make_charge(session, contract, village.unpriced.id)
    make_tariff(session, village.unpriced.id, price=T(100), valid_from=date(2026, 10, 1))

    run = bill_here(session, village, since=SEPTEMBER)

    [parked] = results(session, run)
    assert (parked.outcome, parked.code) == (RunOutcome.REFUSED, "no_tariff")
    assert recall(parked.facts)["day"] == date(2026, 9, 30)
    assert rows(session, Invoice) == [0]


def test_completed_work_is_billed_if_asked(session, village):
    """Two acts of one customer make one invoice beside his contract's; without being asked none."""
    contract = lay_water(session, village)
    customer = customers.get_customer(session, contract.customer_id)
    trade = Trade(village.enterprise, village.snow, customer, make_engagement(session, village.enterprise.id))
    make_act(session, trade)
    make_act(session, trade)

    assert counts(bill_here(session, village)) == (1, 0, 0, 1)
    run = bill_here(session, village, include_orders=True)

    assert counts(run) == (1, 1, 0, 1)
    [billed] = results(session, run, RunOutcome.BILLED)
    assert (billed.contract_id, billed.customer_id, billed.total) == (None, customer.id, T("11999.94"))
    assert list(verify(session)) == []


def test_two_contracts_of_one_customer_are_two_invoices(session, village):
    """Each states the account with itself in it: the second one's debt holds the first."""
    first = lay_water(session, village)
    second = make_contract(session, village.enterprise.id, first.customer_id)
    make_charge(session, second, village.water.id, quantity=Decimal(2))

    bill_here(session, village)

    closing = [
        invoice.facts["account"]["closing"]
        for invoice in session.scalars(select(Invoice).order_by(Invoice.number))
    ]
    assert closing == [T("373.33").tiyn, T("1119.99").tiyn]


def test_a_refusal_of_one_customer_keeps_nobody_else_from_his_invoice(session, village):
    """The budget does not know the code of one prepaid fee: he is parked, the other nine are billed."""
    contracts = [lay_water(session, village, serial) for serial in range(1, 10)]
    odd = break_budget_of(session, village)

    run = bill_here(session, village, batch_size=50)

    assert counts(run) == (9, 0, 1, 9)
    [parked] = results(session, run, RunOutcome.REFUSED)
    assert (parked.contract_id, parked.code) == (odd.id, "unknown_budget_code")
    assert all(len(invoices_of(session, contract)) == 1 for contract in contracts)
    assert list(verify(session)) == []


def break_budget_of(session, village):
    """Somebody who paid ahead for a service whose code the classification does not have."""
    service = make_service(session, village.enterprise.id, code="OLD")
    service.revenue_code = "299999"
    customer = make_customer(session, 77)
    pay(session, village.enterprise.id, customer.id, 100, received_on=date(2026, 11, 2))
    contract = make_contract(session, village.enterprise.id, customer.id)
    make_charge(session, contract, service.id)
    return contract


def test_a_trial_says_what_the_run_would_do_and_writes_nothing(session):
    """Totals and refusals of the trial are those of the run after it."""
    village = make_village(session, 20)
    terms = runs.agree(session, village.enterprise.id, NOVEMBER, issued_on=NOVEMBER_30)
    before = rows(session, Invoice, BillingRun, BillingRunResult, Transfer)

    preview = runs.preview_run(session, terms, batch_size=3)

    assert rows(session, Invoice, BillingRun, BillingRunResult, Transfer) == before
    run = bill_here(session, village)
    assert (preview.subjects, preview.invoices, preview.total) == (20, run.invoices, run.total)
    assert preview.vat == total(session.scalars(select(Invoice.vat)))
    assert preview.counts == {
        RunOutcome.BILLED: run.billed,
        RunOutcome.NOTHING_DUE: run.nothing_due,
        RunOutcome.REFUSED: run.refused,
    }
    assert [finding.subject.id for finding in preview.refusals] == [
        result.contract_id for result in results(session, run, RunOutcome.REFUSED)
    ]


def test_what_would_be_refused_for_everybody_is_refused_at_the_start(session, village):
    """A month to come, a closed one, an order of months turned round, no bank account: no run begins."""
    lay_water(session, village)
    with pytest.raises(runs.PeriodNotBegun):
        start(session, village, Month(2026, 12))
    with pytest.raises(EndsBeforeStart):
        start(session, village, since=Month(2026, 12))
    with pytest.raises(NotFound):
        runs.start_run(session, new_id(), NOVEMBER, issued_on=NOVEMBER_30)
    bill_here(session, village, OCTOBER, issued_on=date(2026, 10, 31))
    book_id = ledger.enterprise_book_id(session, village.enterprise.id)
    ledger.close_month(session, book_id, OCTOBER, today=NOVEMBER_30)
    with pytest.raises(ledger.MonthClosed):
        start(session, village, OCTOBER, issued_on=date(2026, 10, 31))
    poor = open_for_business(session, 2)
    session.execute(BankAccount.__table__.delete().where(BankAccount.enterprise_id == poor.id))
    with pytest.raises(NoPrimaryAccount):
        runs.start_run(session, poor.id, NOVEMBER, issued_on=NOVEMBER_30)

    assert rows(session, BillingRun) == [1]


def test_a_run_takes_no_more_statements_for_more_contracts(session, village):
    """A batch of forty contracts of every sort asks the database no more often than one of ten."""
    village.settle(session, 10)
    few = statements_of_a_batch(session, village)
    village.settle(session, 40, first_serial=100)

    assert statements_of_a_batch(session, village) <= few  # fewer: the first fee opened its account


def statements_of_a_batch(session, village):
    """How many statements one batch takes."""
    run = start(session, village)
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    event.listen(session.get_bind(), "before_cursor_execute", note)
    try:
        runs.go_on(session, run.id, now=MORNING, batch_size=100)
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", note)
    return len(seen)


def test_the_pace_is_counted_from_when_the_run_was_taken_up(session, village):
    """Ten of thirty contracts in two minutes are five a minute, and four minutes are left."""
    village.settle(session, 30)
    run = runs.take_up(session, start(session, village).id, worker="test", now=MORNING)
    assert run.pace is None

    run = runs.go_on(session, run.id, now=MORNING + timedelta(minutes=2), batch_size=10)

    assert run.pace == Pace(5, timedelta(minutes=4))

"""Posting policies by date, revenue lines, shares of net income, and the plan."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from billing.budget import service as budget
from billing.budget.classification import import_starter_set
from billing.budget.models import BudgetCode, PolicyKind, PostingPolicy, RevenueLine
from billing.budget.reports import execution_table, get_revenue_line, revenue_execution, revenue_lines
from billing.budget.service import NetIncomeShareNotDue, NoPostingPolicy, Step, UnknownBudgetCode
from billing.kernel.dates import Month
from billing.kernel.errors import AlreadyExists, InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, total
from billing.kernel.paging import PageRequest
from billing.ledger import service as ledger
from billing.ledger.models import Account, SourceKind, Transfer
from billing.ledger.service import MonthClosed
from billing.payments.service import reverse_payment
from tests.support.billing import make_contract, make_invoice, open_for_business, pay
from tests.support.books import balance, open_books
from tests.support.catalog import make_service
from tests.support.customers import make_customer
from tests.support.districts import LONG_AGO
from tests.support.lived import collect_a_fee

T = Money.tenge
# Panfilov district, 29.07.2025 № 338: 5 % up to 3,000,000 tenge, then 150,000 and 10 % of the rest.
NORM = (Step(ZERO, ZERO, 500), Step(T(3_000_000), T(150_000), 1_000))
MARCH_31 = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("income", "share"),
    [
        ("-500000", "0"),
        ("0", "0"),
        ("0.09", "0"),
        ("0.10", "0.01"),
        ("1000", "50"),
        ("3000000", "150000"),
        ("3000000.10", "150000.01"),
        ("3000001", "150000.10"),
        ("50000000", "4850000"),
    ],
)
def test_the_share_of_net_income_follows_the_norm(income, share):
    """5 % of each tenge up to three million, 10 % of each above; no share of a loss."""
    assert budget.net_income_share(T(income), NORM) == T(share)


@given(st.integers(0, 10**10), st.integers(0, 10**10))
def test_more_income_never_means_a_smaller_share(first, second):
    """The norm only rises, and never takes more than a tenth."""
    lower, higher = sorted((Money(first), Money(second)))
    assert budget.net_income_share(lower, NORM) <= budget.net_income_share(higher, NORM)
    assert budget.net_income_share(higher, NORM).tiyn * 10 <= higher.tiyn + 10


def test_no_norm_no_share():
    """Without a step that is reached there is nothing to post."""
    assert budget.net_income_share(T(100), [Step(T(100), ZERO, 500)]) == ZERO


def test_a_share_is_one_revenue_line_without_a_payment(session):
    """4,000,000 of net income: 250,000 on the policy's code, in transit, with no payment behind it."""
    books = open_books(session, policy=None)
    budget.set_posting_policy(
        session,
        books.enterprise.id,
        kind=PolicyKind.NET_INCOME_SHARE,
        valid_from=LONG_AGO,
        steps=NORM,
        revenue_code="201102",
    )

    share = budget.post_net_income_share(
        session, books.enterprise.id, net_income=T(4_000_000), posted_on=MARCH_31
    )

    line = session.scalars(select(RevenueLine)).one()
    assert share == line.amount == T(250_000)
    assert (line.code, line.fiscal_year, line.payment_id) == ("201102", 2026, None)
    assert balance(session, books.budget_book, "201102", 2026) == -T(250_000)
    assert balance(session, books.budget_book, "transit") == T(250_000)
    nothing = budget.post_net_income_share(session, books.enterprise.id, net_income=T(-1), posted_on=MARCH_31)
    assert nothing == ZERO
    assert session.scalar(select(func.count()).select_from(RevenueLine)) == 1


@pytest.mark.parametrize("policy", [PolicyKind.GROSS, PolicyKind.OWN_ACCOUNT])
def test_a_share_is_posted_only_under_its_policy(session, policy):
    """Under another policy the share is refused and nothing stands in the budget."""
    books = open_books(session, policy=policy)
    with pytest.raises(NetIncomeShareNotDue):
        budget.post_net_income_share(session, books.enterprise.id, net_income=T(1000), posted_on=MARCH_31)
    assert session.scalar(select(func.count()).select_from(Transfer)) == 0


def test_a_policy_holds_from_its_date(session):
    """Own account until June, gross from July: only July's fee is revenue; before the first there is none."""
    enterprise = open_for_business(session, policy=PolicyKind.OWN_ACCOUNT)
    budget.set_posting_policy(session, enterprise.id, kind=PolicyKind.GROSS, valid_from=date(2026, 7, 1))
    service = make_service(session, enterprise.id)
    customer = make_customer(session)
    make_invoice(session, make_contract(session, enterprise, customer, (service, "1")))

    pay(session, enterprise.id, customer.id, 100, received_on=date(2026, 6, 30))
    assert session.scalar(select(func.count()).select_from(RevenueLine)) == 0
    pay(session, enterprise.id, customer.id, 100, received_on=date(2026, 7, 1))

    assert session.scalars(select(RevenueLine.amount)).all() == [T(100)]
    kinds = [budget.policy_on(session, enterprise.id, date(2026, month, 1)).kind for month in (6, 7)]
    assert kinds == [PolicyKind.OWN_ACCOUNT, PolicyKind.GROSS]
    with pytest.raises(NoPostingPolicy):
        budget.policy_on(session, enterprise.id, date(2019, 12, 31))


def test_a_policy_is_set_once_a_day_and_whole(session):
    """Another from the same day, a share without norm or code, a norm without a share, twice one step."""
    books = open_books(session)
    own = books.enterprise.id
    later = {"valid_from": date(2026, 1, 1)}
    share = {"kind": PolicyKind.NET_INCOME_SHARE, **later}

    with pytest.raises(AlreadyExists):
        budget.set_posting_policy(session, own, kind=PolicyKind.OWN_ACCOUNT, valid_from=LONG_AGO)
    for wrong, field in [
        ({**share, "revenue_code": "201102"}, "steps"),
        ({**share, "steps": NORM}, "revenue_code"),
        ({**share, "steps": [*NORM, NORM[0]], "revenue_code": "201102"}, "steps"),
        ({"kind": PolicyKind.GROSS, **later, "steps": NORM}, "steps"),
        ({"kind": PolicyKind.GROSS, **later, "revenue_code": "201102"}, "revenue_code"),
    ]:
        with pytest.raises(InvalidInput) as refusal:
            budget.set_posting_policy(session, own, **wrong)
        assert refusal.value.facts["field"] == field
    with pytest.raises(UnknownBudgetCode):
        budget.set_posting_policy(session, own, **share, steps=NORM, revenue_code="299999")
    with pytest.raises(NotFound):
        budget.set_posting_policy(session, new_id(), kind=PolicyKind.GROSS, **later)
    assert session.scalar(select(func.count()).select_from(PostingPolicy)) == 1


def test_a_code_s_account_is_opened_with_its_first_fee_of_the_year(session):
    """Nothing before, one account for 2026 after the first fee, the same one after the second."""
    fee = collect_a_fee(session)
    accounts = select(func.count()).select_from(Account).where(Account.code == "206109")
    assert session.scalar(accounts) == 1

    pay(session, fee.enterprise.id, fee.customer.id, 100, received_on=date(2026, 3, 1))
    assert session.scalar(accounts) == 1
    pay(session, fee.enterprise.id, fee.customer.id, 100, received_on=date(2027, 3, 1))

    years = session.scalars(select(Account.fiscal_year).where(Account.code == "206109"))
    assert sorted(years) == [2026, 2027]


def test_a_fee_of_an_unknown_code_is_refused(session):
    """A code that ended with 2026 takes no fee of 2027: neither payment nor transfer stays."""
    fee = collect_a_fee(session)
    for code in session.scalars(select(BudgetCode)):
        code.valid_to_year = 2026
    session.flush()
    before = session.scalar(select(func.count()).select_from(Transfer))

    with pytest.raises(UnknownBudgetCode) as refusal, session.begin_nested():
        pay(session, fee.enterprise.id, fee.customer.id, 100, received_on=date(2027, 1, 5))

    assert refusal.value.facts["fiscal_year"] == 2027
    assert session.scalar(select(func.count()).select_from(Transfer)) == before


def test_vat_is_never_revenue(session):
    """2,000 paid on lines of 3,000 and 333.33: 1,551.73 and 172.41 of revenue, 275.86 of VAT is none."""
    collect_a_fee(session)
    amounts = session.scalars(select(RevenueLine.amount).order_by(RevenueLine.amount)).all()
    assert amounts == [T("172.41"), T("1551.73")]


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE revenue_line SET amount = 1",
        "UPDATE revenue_line SET code = '201510'",
        "DELETE FROM revenue_line",
    ],
)
def test_a_revenue_line_is_never_changed(session, harm):
    """Neither its sum nor its code, nor is it deleted: the database refuses."""
    collect_a_fee(session)
    with pytest.raises(DBAPIError, match="append_only"), session.begin_nested():
        session.execute(text(harm))
    assert session.scalar(select(func.count()).select_from(RevenueLine)) == 2


def test_a_revenue_line_has_the_whole_way_or_none(session):
    """A line that knows its payment but not its service is refused by the database."""
    fee = collect_a_fee(session)
    entry = ledger.Entry("transit", "206109", T(1), SourceKind.NET_INCOME_SHARE, new_id(), fiscal_year=2026)
    [transfer_id] = ledger.post(session, ledger.budget_book_id(session), MARCH_31, [entry])
    line = insert(RevenueLine).values(
        district_id=1,
        id=new_id(),
        transfer_id=transfer_id,
        enterprise_id=fee.enterprise.id,
        code="206109",
        fiscal_year=2026,
        month=Month(2026, 3),
        amount=T(1),
        payment_id=fee.payment.id,
    )
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(line)


def plan(session, code, tenge, number="12/3"):
    """What the maslikhat planned for 2026."""
    return budget.plan_revenue(
        session,
        fiscal_year=2026,
        code=code,
        amount=T(tenge),
        decision_number=number,
        decision_date=date(2025, 12, 25),
    )


def test_a_later_decision_replaces_the_plan(session):
    """One plan per code and year; an unknown code has none."""
    open_books(session)
    plan(session, "206109", 100)
    plan(session, "206109", 250, "14/1")

    [only] = budget.list_plan(session, 2026)
    assert (only.amount, only.decision_number) == (T(250), "14/1")
    with pytest.raises(UnknownBudgetCode):
        plan(session, "299999", 1)


def live_through_spring(session):
    """February's payment of 2,000, March's of 500, April's reversal of March's."""
    fee = collect_a_fee(session)
    import_starter_set(session)
    wrong = pay(session, fee.enterprise.id, fee.customer.id, 500, received_on=date(2026, 3, 5))
    reverse_payment(session, wrong.id, reversed_on=date(2026, 4, 6), reason="Қате")
    plan(session, "206109", 10_000)
    plan(session, "101202", 0)
    return fee


EXECUTION = {
    "1": ("0.00", {}, None),
    "101": ("0.00", {}, None),
    "101202": ("0.00", {}, None),
    "2": ("10000.00", {2: "1724.14", 3: "431.03", 4: "-431.03"}, 1724),
    "201": ("0.00", {2: "172.41", 3: "43.10", 4: "-43.10"}, None),
    "201510": ("0.00", {2: "172.41", 3: "43.10", 4: "-43.10"}, None),
    "206": ("10000.00", {2: "1551.73", 3: "387.93", 4: "-387.93"}, 1552),
    "206109": ("10000.00", {2: "1551.73", 3: "387.93", 4: "-387.93"}, 1552),
}


def figures(execution):
    """Code to plan, months, percentage in basis points."""
    return {
        row.code: (
            str(row.plan),
            {month: str(amount) for month, amount in row.months.items()},
            row.execution_bp,
        )
        for row in execution.rows
    }


@pytest.mark.parametrize("closed", [0, 2, 3, 4, 6])
def test_execution_is_the_same_however_much_is_closed(session, closed):
    """By code and month, with sums of class and category; a plan of zero has no percentage."""
    live_through_spring(session)
    book_id = ledger.budget_book_id(session)
    for month in range(2, closed + 1):
        ledger.close_month(session, book_id, Month(2026, month), today=date(2026, 12, 1))

    execution = revenue_execution(session, 2026, Month(2026, 12))

    assert figures(execution) == EXECUTION
    assert (execution.total.plan, execution.total.collected) == (T(10_000), T("1724.14"))


@pytest.mark.parametrize("closed", [False, True])
def test_execution_through_a_month_leaves_later_ones_out(session, closed):
    """Through March: April's reversal is not yet seen, in sums or columns."""
    live_through_spring(session)
    if closed:
        for month in (2, 3, 4):
            ledger.close_month(
                session, ledger.budget_book_id(session), Month(2026, month), today=date(2026, 12, 1)
            )

    execution = revenue_execution(session, 2026, Month(2026, 3))

    assert execution.total.collected == T("2155.17")
    table = execution_table(execution)
    assert [column.key for column in table.columns if column.key.startswith("month")] == [
        "month_01",
        "month_02",
        "month_03",
    ]
    assert table.totals["collected"] == T("2155.17")
    assert [row.is_sum for row in table.rows] == [True, True, False, True, True, False, True, False]


def test_an_empty_year_has_an_empty_execution(session):
    """Nothing planned, nothing collected, no book: no rows, a total of zero."""
    execution = revenue_execution(session, 2030, Month(2030, 12))
    assert (execution.rows, execution.total.collected) == ([], ZERO)


def test_unconfirmed_codes_are_marked(session):
    """A code from an official source is confirmed, a recalled one is not."""
    open_books(session)
    plan(session, "101202", 1)
    plan(session, "201510", 1)
    rows = {row.code: row for row in revenue_execution(session, 2026, Month(2026, 12)).rows}
    assert (rows["101202"].is_confirmed, rows["201510"].is_confirmed, rows["2"].is_confirmed) == (
        True,
        False,
        None,
    )
    assert rows["2"].name.ru == "Неналоговые поступления"
    assert rows["201"].name.en == "Class 201"


def test_a_payment_leads_to_its_lines_and_each_line_back(session):
    """The trail both ways: lines of the payment, and from a line to payment, invoice line and service."""
    fee = live_through_spring(session)

    page = revenue_lines(session, PageRequest(sort="id"), payment_id=fee.payment.id)

    assert total(line.amount for line in page.items) == T("1724.14")
    [snow] = [line for line in page.items if line.service_id == fee.snow.id]
    again = get_revenue_line(session, snow.id)
    assert (again.payment_id, again.code, again.amount) == (fee.payment.id, "206109", T("1551.73"))
    april = revenue_lines(session, PageRequest(), month=Month(2026, 4), code="206109")
    assert [line.amount for line in april.items] == [T("-387.93")]
    with pytest.raises(NotFound):
        get_revenue_line(session, fee.payment.id)


def test_a_closed_month_takes_no_fee_and_gives_none_back(session):
    """The budget's March is closed: neither a payment of March nor a reversal in March gets in."""
    fee = live_through_spring(session)
    for month in (2, 3):
        ledger.close_month(
            session, ledger.budget_book_id(session), Month(2026, month), today=date(2026, 12, 1)
        )
    lines = session.scalar(select(func.count()).select_from(RevenueLine))

    with pytest.raises(MonthClosed), session.begin_nested():
        pay(session, fee.enterprise.id, fee.customer.id, 10, received_on=MARCH_31)
    with pytest.raises(MonthClosed), session.begin_nested():
        reverse_payment(session, fee.payment.id, reversed_on=MARCH_31, reason="Қате")

    assert session.scalar(select(func.count()).select_from(RevenueLine)) == lines

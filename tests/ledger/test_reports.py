"""The trial balance and the account card: right over any cut of the time, and cheap over closed months."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from billing.kernel.checks import EndsBeforeStart
from billing.kernel.dates import Month
from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.kernel.paging import PageRequest
from billing.ledger import service as ledger
from billing.ledger.balances import sources_of
from billing.ledger.chart import BANK, CASH, COST, INCOME
from billing.ledger.models import SourceKind
from billing.ledger.reports import account_card, account_card_table, trial_balance, trial_balance_table
from billing.ledger.service import Entry
from tests.support.books import open_books

T = Money.tenge
DAYS = st.dates(date(2025, 12, 1), date(2026, 6, 30))
ONE_DAY = timedelta(days=1)


def fill(session):
    """Sales and costs in four months; each is 100 tenge less than the one before."""
    books = open_books(session)
    moves = [
        (date(2026, 1, 10), BANK, INCOME, T(1000)),
        (date(2026, 1, 31), COST, BANK, T(900)),
        (date(2026, 2, 1), BANK, INCOME, T(800)),
        (date(2026, 2, 15), CASH, INCOME, T(700)),
        (date(2026, 3, 15), BANK, CASH, T(600)),
        (date(2026, 4, 2), BANK, INCOME, T(500)),
    ]
    for day, debit, credit, amount in moves:
        entry = Entry(debit, credit, amount, SourceKind.MANUAL, source_id=new_id())
        ledger.post(session, books.enterprise_book, day, [entry])
    return books.enterprise_book


def close(session, book_id, *months):
    """Close months of 2026."""
    for month in months:
        ledger.close_month(session, book_id, Month(2026, month), today=date(2026, 7, 1))


def numbers(trial):
    """Code to opening, debit, credit, closing in tenge."""
    return {
        row.account.code: tuple(
            money.tiyn // 100 for money in (row.opening, row.turnover.debit, row.turnover.credit, row.closing)
        )
        for row in trial.rows
    }


MARCH_TO_APRIL = {
    BANK: (900, 1100, 0, 2000),
    CASH: (700, 0, 600, 100),
    INCOME: (-2500, 0, 500, -3000),
    COST: (900, 0, 0, 900),
}


@pytest.mark.parametrize("closed", [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4, 5)])
def test_the_trial_balance_is_the_same_however_much_is_closed(session, closed):
    """Opening, turnovers and closing of March and April, from transfers alone or from frozen months."""
    book_id = fill(session)
    close(session, book_id, *closed)

    trial = trial_balance(session, book_id, date(2026, 3, 1), date(2026, 4, 30))

    assert numbers(trial) == MARCH_TO_APRIL


def test_totals_of_the_trial_balance_are_equal_in_pairs(session):
    """Debits equal credits at the beginning, in the period and at the end."""
    book_id = fill(session)
    table = trial_balance_table(trial_balance(session, book_id, date(2026, 2, 2), date(2026, 3, 20)))

    assert {key: str(value) for key, value in table.totals.items()} == {
        "opening_debit": "1800.00",
        "opening_credit": "1800.00",
        "debit": "1300.00",
        "credit": "1300.00",
        "closing_debit": "2500.00",
        "closing_credit": "2500.00",
    }
    assert [row.values["account"] for row in table.rows] == [CASH, BANK, INCOME, COST]


@pytest.mark.parametrize("day", [date(2026, 1, 20), date(2026, 2, 1), date(2026, 2, 28)])
def test_a_day_within_a_closed_month_is_exact(session, day):
    """A closed month cut in two is read from its transfers, to the day."""
    book_id = fill(session)
    close(session, book_id, 1, 2, 3)
    whole = trial_balance(session, book_id, date(2026, 1, 1), date(2026, 6, 30))
    before = numbers(trial_balance(session, book_id, date(2026, 1, 1), day))
    after = numbers(trial_balance(session, book_id, day + ONE_DAY, date(2026, 6, 30)))

    for code, (_, debit, credit, closing) in numbers(whole).items():
        first = before.get(code, (0, 0, 0, 0))
        assert after[code][0] == first[3]
        assert (first[1] + after[code][1], first[2] + after[code][2]) == (debit, credit)
        assert after[code][3] == closing


def forget_closed_months(session, through):
    """Remove every transfer up to a day, past the triggers: only what is frozen knows of them now."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ALTER TABLE transfer DISABLE TRIGGER append_only"))
    else:
        session.execute(text("DROP TRIGGER transfer_no_delete"))
    session.execute(
        text("DELETE FROM transfer WHERE posted_on <= :through"), {"through": through.isoformat()}
    )
    assert session.execute(text("SELECT count(*) FROM transfer")).scalar() == 2


def test_closed_months_are_read_from_what_is_frozen(session):
    """With the transfers of closed months gone, balance and card of the later ones are what they were."""
    book_id = fill(session)
    close(session, book_id, 1, 2)
    forget_closed_months(session, date(2026, 2, 28))

    assert numbers(trial_balance(session, book_id, date(2026, 3, 1), date(2026, 4, 30))) == MARCH_TO_APRIL
    assert numbers(trial_balance(session, book_id, date(2026, 1, 1), date(2026, 4, 30)))[INCOME] == (
        0,
        0,
        3000,
        -3000,
    )
    card = account_card(session, book_id, BANK, first_day=date(2026, 3, 1), last_day=date(2026, 4, 30))
    assert (card.opening, card.closing) == (T(900), T(2000))


def test_the_card_runs_from_opening_to_closing(session):
    """Each transfer with its counter-account, side and the balance after it."""
    book_id = fill(session)
    card = account_card(session, book_id, BANK, first_day=date(2026, 1, 31), last_day=date(2026, 3, 31))

    assert (card.opening, card.closing) == (T(1000), T(1500))
    assert [
        (row.posted_on, row.counter_account, row.debit, row.credit, row.balance) for row in card.rows.items
    ] == [
        (date(2026, 1, 31), COST, T(0), T(900), T(100)),
        (date(2026, 2, 1), INCOME, T(800), T(0), T(900)),
        (date(2026, 3, 15), CASH, T(600), T(0), T(1500)),
    ]
    table = account_card_table(card)
    assert [row.values["balance"] for row in table.rows] == [T(1000), T(100), T(900), T(1500)]
    assert table.totals == {"balance": T(1500)}


def test_the_card_in_pages_goes_on_where_the_page_before_ended(session):
    """Two rows a page: the third begins with the balance after the second."""
    book_id = fill(session)
    whole = account_card(session, book_id, BANK, first_day=date(2026, 1, 1), last_day=date(2026, 6, 30))
    rows, cursor = [], None
    for _ in range(3):
        card = account_card(
            session,
            book_id,
            BANK,
            first_day=date(2026, 1, 1),
            last_day=date(2026, 6, 30),
            request=PageRequest(cursor, limit=2),
        )
        rows += card.rows.items
        cursor = card.rows.next_cursor

    assert cursor is None
    assert rows == whole.rows.items
    assert rows[-1].balance == whole.closing == T(2000)


def test_a_card_of_no_account_or_a_period_backwards_is_refused(session):
    """Neither is a report of zeros."""
    book_id = fill(session)
    with pytest.raises(NotFound):
        account_card(session, book_id, "4444", first_day=date(2026, 1, 1), last_day=date(2026, 1, 2))
    with pytest.raises(EndsBeforeStart):
        trial_balance(session, book_id, date(2026, 1, 2), date(2026, 1, 1))


@given(first=DAYS, last=DAYS, closed=st.none() | st.integers(1, 6))
def test_months_and_days_cover_a_period_exactly_once(first, last, closed):
    """Every day of the period stands in one source; whole months are closed ones inside the period."""
    closed_through = Month(2026, closed).last_day if closed else None
    sources = sources_of(first, last, closed_through)
    covered = [day for start, end in sources.days for day in _days(start, end)]
    if sources.months is not None:
        covered += _days(sources.months[0].first_day, sources.months[1].last_day)
        assert closed_through is not None
        assert sources.months[1].last_day <= closed_through

    assert sorted(covered) == _days(first, last)


def _days(first, last):
    return [first + ONE_DAY * number for number in range((last - first).days + 1)]

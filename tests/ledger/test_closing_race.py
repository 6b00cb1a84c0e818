"""Closing a month while others post into it: real transactions on PostgreSQL, in either order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import select, text

from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.ledger.chart import BANK
from billing.ledger.models import Account, Book, MonthBalance
from billing.ledger.service import MonthClosed
from tests.support.books import balance, open_books, post_sale
from tests.support.districts import DISTRICT_ID

pytestmark = pytest.mark.postgresql_only

JANUARY = Month(2026, 1)
DAY, TODAY = date(2026, 1, 20), date(2026, 2, 2)
TEN = Money.tenge(10)
POLLS_MAX = 20_000


@pytest.fixture
def book_id(sessions):
    """A book with one sale in January, committed."""
    with sessions.begin(DISTRICT_ID) as session:
        books = open_books(session)
        post_sale(session, books.enterprise_book, date(2026, 1, 2), TEN)
        return books.enterprise_book


def wait_for_a_waiter(engine):
    """Return when some transaction waits for another's lock."""
    with engine.connect() as connection:
        for _ in range(POLLS_MAX):
            if connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return
    raise AssertionError("nobody waits")


def frozen_balance(sessions):
    """What closing wrote down for the bank account."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalars(
            select(MonthBalance.balance)
            .join(Account, Account.id == MonthBalance.account_id)
            .where(Account.code == BANK)
        ).one()


def test_closing_waits_for_who_is_posting(sessions, engine, book_id):
    """An entry not yet committed is awaited, and stands in the frozen balance."""

    def close():
        with sessions.begin(DISTRICT_ID) as session:
            ledger.close_month(session, book_id, JANUARY, today=TODAY)

    with ThreadPoolExecutor(1) as pool:
        with sessions.begin(DISTRICT_ID) as session:
            post_sale(session, book_id, DAY, TEN)
            closing = pool.submit(close)
            wait_for_a_waiter(engine)
            assert not closing.done()
        closing.result(timeout=60)

    assert frozen_balance(sessions) == Money.tenge(20)


def test_who_posts_while_the_month_is_being_closed_is_refused(sessions, engine, book_id):
    """The poster waits for the closing, sees the month closed, and leaves nothing."""

    def post():
        with sessions.begin(DISTRICT_ID) as session:
            post_sale(session, book_id, DAY, TEN)

    with ThreadPoolExecutor(1) as pool:
        with sessions.begin(DISTRICT_ID) as session:
            ledger.close_month(session, book_id, JANUARY, today=TODAY)
            posting = pool.submit(post)
            wait_for_a_waiter(engine)
        with pytest.raises(MonthClosed):
            posting.result(timeout=60)

    assert frozen_balance(sessions) == TEN
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert balance(session, book_id, BANK) == TEN


def test_many_posters_and_one_closing(sessions, book_id):
    """Whoever got in stands in the frozen balance; everybody else was refused; nobody is lost between."""

    def post(_):
        try:
            with sessions.begin(DISTRICT_ID) as session:
                post_sale(session, book_id, DAY, TEN)
        except MonthClosed:
            return 0
        return 1

    def close():
        with sessions.begin(DISTRICT_ID) as session:
            ledger.close_month(session, book_id, JANUARY, today=TODAY)

    with ThreadPoolExecutor(12) as pool:
        before = [pool.submit(post, number) for number in range(10)]
        closing = pool.submit(close)
        after = [pool.submit(post, number) for number in range(10)]
        closing.result(timeout=60)
        posted = sum(each.result(timeout=60) for each in before + after)

    assert frozen_balance(sessions) == Money.tenge(10 + 10 * posted)
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert balance(session, book_id, BANK) == Money.tenge(10 + 10 * posted)
        assert session.scalars(select(Book.closed_through).where(Book.id == book_id)).one() == date(
            2026, 1, 31
        )

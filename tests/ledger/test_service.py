"""Postings, mirrored corrections, closed months: what may happen to a book, and what the database refuses."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from billing.kernel.dates import Month
from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.ledger.chart import ADVANCES, BANK, CASH, INCOME, RECEIVABLES
from billing.ledger.models import Account, Book, MonthBalance, SourceKind, Transfer
from billing.ledger.service import AlreadyReversed, Entry, MonthClosed, MonthNotNext, MonthNotOver
from tests.support.books import balance, open_books, post_sale

JANUARY, FEBRUARY, MARCH = Month(2026, 1), Month(2026, 2), Month(2026, 3)
TEN = Money.tenge(10)


def count_transfers(session):
    """How many transfers the district has."""
    return session.scalar(select(func.count()).select_from(Transfer))


def raw_transfer(session, book_id, posted_on, *, debit=BANK, credit=INCOME):
    """Write a transfer past the service."""
    accounts = {a.code: a.id for a in session.scalars(select(Account).where(Account.book_id == book_id))}
    session.execute(
        insert(Transfer).values(
            district_id=1,
            id=new_id(),
            book_id=book_id,
            debit_account_id=accounts[debit],
            credit_account_id=accounts[credit],
            amount=TEN,
            posted_on=posted_on,
            source_kind=SourceKind.MANUAL,
            source_id=new_id(),
        )
    )


def test_an_entry_moves_its_two_accounts(session):
    """Ten tenge to the bank from income: +10 there, -10 here, nothing elsewhere."""
    books = open_books(session)

    post_sale(session, books.enterprise_book, date(2026, 1, 15), TEN)

    assert balance(session, books.enterprise_book, BANK) == TEN
    assert balance(session, books.enterprise_book, INCOME) == -TEN
    assert balance(session, books.enterprise_book, CASH) == Money(0)


def test_a_book_is_opened_once(session):
    """Opening it again gives the same book, and no account twice."""
    books = open_books(session)
    accounts = session.scalar(select(func.count()).select_from(Account))

    assert ledger.open_enterprise_book(session, books.enterprise.id).id == books.enterprise_book
    assert ledger.open_budget_book(session).id == books.budget_book
    assert session.scalar(select(func.count()).select_from(Account)) == accounts == 15


@pytest.mark.parametrize(("debit", "credit"), [("9999", INCOME), (BANK, "9999"), ("8888", "9999")])
def test_an_unknown_account_is_refused(session, debit, credit):
    """An account the book does not have: the refusal names it, nothing is posted."""
    books = open_books(session)
    entry = Entry(debit, credit, TEN, SourceKind.MANUAL, source_id=new_id())

    with pytest.raises(NotFound) as refusal:
        ledger.post(session, books.enterprise_book, date(2026, 1, 15), [entry])

    assert refusal.value.facts["kind"] == "account"
    assert "9999" in refusal.value.facts["id"]
    assert count_transfers(session) == 0


def test_an_unknown_book_is_refused(session):
    """A book of nobody takes no entry and closes no month."""
    open_books(session)
    entry = Entry(BANK, INCOME, TEN, SourceKind.MANUAL, source_id=new_id())

    with pytest.raises(NotFound) as refusal:
        ledger.post(session, UUID(int=1), date(2026, 1, 15), [entry])
    assert refusal.value.facts["kind"] == "book"
    with pytest.raises(NotFound):
        ledger.close_month(session, UUID(int=1), JANUARY, today=date(2026, 3, 1))
    with pytest.raises(NotFound):
        ledger.reverse(session, UUID(int=1), [], date(2026, 3, 1))


def test_one_event_is_posted_once(session):
    """The same source and position again is refused by the database itself."""
    books = open_books(session)
    source_id = new_id()
    post_sale(session, books.enterprise_book, date(2026, 1, 15), TEN, source_id=source_id)

    with pytest.raises(IntegrityError), session.begin_nested():
        post_sale(session, books.enterprise_book, date(2026, 1, 16), TEN, source_id=source_id)

    assert count_transfers(session) == 1


def test_a_reversal_mirrors_and_removes_nothing(session):
    """Both transfers stand, the second points to the first, and the accounts are where they were."""
    books = open_books(session)
    source_id = new_id()
    original = post_sale(session, books.enterprise_book, date(2026, 1, 15), TEN, source_id=source_id)

    mirrors = ledger.reverse(session, books.enterprise_book, [source_id], date(2026, 2, 3))

    mirror = session.scalars(select(Transfer).where(Transfer.id == mirrors[original])).one()
    first = session.scalars(select(Transfer).where(Transfer.id == original)).one()
    assert (mirror.debit_account_id, mirror.credit_account_id) == (
        first.credit_account_id,
        first.debit_account_id,
    )
    assert (mirror.amount, mirror.posted_on, mirror.reverses_id) == (TEN, date(2026, 2, 3), original)
    assert balance(session, books.enterprise_book, BANK) == Money(0)
    assert count_transfers(session) == 2


def test_a_reversal_happens_once(session):
    """A second reversal of the same source is refused."""
    books = open_books(session)
    source_id = new_id()
    post_sale(session, books.enterprise_book, date(2026, 1, 15), TEN, source_id=source_id)
    ledger.reverse(session, books.enterprise_book, [source_id], date(2026, 2, 3))

    with pytest.raises(AlreadyReversed) as refusal:
        ledger.reverse(session, books.enterprise_book, [source_id], date(2026, 2, 4))

    assert refusal.value.facts["source_id"] == source_id
    assert count_transfers(session) == 2


def test_months_are_closed_in_order_each_once(session):
    """The first is the month of the first transfer; none is left out or closed again."""
    books = open_books(session)
    post_sale(session, books.enterprise_book, date(2026, 1, 15), TEN)
    spring = date(2026, 4, 1)

    with pytest.raises(MonthNotNext) as refusal:
        ledger.close_month(session, books.enterprise_book, FEBRUARY, today=spring)
    assert refusal.value.facts == {"month": FEBRUARY, "expected": JANUARY}

    ledger.close_month(session, books.enterprise_book, JANUARY, today=spring)
    for wrong in (JANUARY, MARCH):
        with pytest.raises(MonthNotNext) as refusal:
            ledger.close_month(session, books.enterprise_book, wrong, today=spring)
        assert refusal.value.facts["expected"] == FEBRUARY
    ledger.close_month(session, books.enterprise_book, FEBRUARY, today=spring)
    assert ledger.get_book(session, books.enterprise_book).closed_through == date(2026, 2, 28)


def test_a_month_is_closed_after_its_last_day(session):
    """On the 31st it is refused, on the 1st it is closed."""
    books = open_books(session)
    post_sale(session, books.enterprise_book, date(2026, 1, 15), TEN)

    with pytest.raises(MonthNotOver):
        ledger.close_month(session, books.enterprise_book, JANUARY, today=date(2026, 1, 31))
    assert ledger.get_book(session, books.enterprise_book).closed_through is None

    ledger.close_month(session, books.enterprise_book, JANUARY, today=date(2026, 2, 1))
    assert ledger.get_book(session, books.enterprise_book).closed_through == date(2026, 1, 31)


def test_closing_freezes_turnovers_and_balances(session):
    """Turnover is the month's own, the balance goes on from the month before, quiet accounts have rows."""
    books = open_books(session)
    post_sale(session, books.enterprise_book, date(2026, 1, 15), TEN)
    post_sale(session, books.enterprise_book, date(2026, 1, 31), TEN)
    post_sale(session, books.enterprise_book, date(2026, 2, 1), Money.tenge(5))
    post_sale(session, books.enterprise_book, date(2026, 3, 1), Money.tenge(7))
    for month in (JANUARY, FEBRUARY):
        ledger.close_month(session, books.enterprise_book, month, today=date(2026, 3, 5))

    frozen = {
        (row.code, row.month): (row.debit, row.credit, row.balance)
        for row in session.execute(
            select(
                Account.code,
                MonthBalance.month,
                MonthBalance.debit,
                MonthBalance.credit,
                MonthBalance.balance,
            ).join(Account, Account.id == MonthBalance.account_id)
        )
    }
    nothing = Money(0)
    assert frozen[BANK, JANUARY] == (Money.tenge(20), nothing, Money.tenge(20))
    assert frozen[BANK, FEBRUARY] == (Money.tenge(5), nothing, Money.tenge(25))
    assert frozen[INCOME, FEBRUARY] == (nothing, Money.tenge(5), Money.tenge(-25))
    assert frozen[CASH, FEBRUARY] == (nothing, nothing, nothing)
    assert len(frozen) == 2 * 13


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 1, 31), date(2025, 12, 31)])
def test_nothing_is_posted_into_a_closed_month(session, day):
    """The service refuses posting and reversal up to the last closed day; nothing is written."""
    books = open_books(session)
    source_id = new_id()
    post_sale(session, books.enterprise_book, date(2026, 1, 15), TEN, source_id=source_id)
    ledger.close_month(session, books.enterprise_book, JANUARY, today=date(2026, 2, 1))

    with pytest.raises(MonthClosed) as refusal:
        post_sale(session, books.enterprise_book, day, TEN)
    assert refusal.value.facts == {"posted_on": day, "closed_through": date(2026, 1, 31)}
    with pytest.raises(MonthClosed):
        ledger.reverse(session, books.enterprise_book, [source_id], day)

    assert count_transfers(session) == 1


def test_the_database_itself_keeps_a_closed_month(session):
    """A row written past the service into a closed month is refused by the trigger; the next day is open."""
    books = open_books(session)
    post_sale(session, books.enterprise_book, date(2026, 1, 15), TEN)
    ledger.close_month(session, books.enterprise_book, JANUARY, today=date(2026, 2, 1))

    with pytest.raises(DBAPIError, match="month_closed"), session.begin_nested():
        raw_transfer(session, books.enterprise_book, date(2026, 1, 31))

    raw_transfer(session, books.enterprise_book, date(2026, 2, 1))
    raw_transfer(session, books.budget_book, date(2026, 1, 31), debit="ksn", credit="transit")
    assert count_transfers(session) == 3


@pytest.mark.parametrize(
    "harm",
    [
        update(Transfer).values(posted_on=date(2026, 1, 1)),
        update(Transfer).values(amount=Money(1)),
        delete(Transfer),
        text("UPDATE transfer SET amount = 1"),
        text("DELETE FROM transfer"),
    ],
    ids=["date", "amount", "delete", "raw update", "raw delete"],
)
def test_a_transfer_is_never_changed_nor_deleted(session, harm):
    """The database refuses it, whoever asks."""
    books = open_books(session)
    post_sale(session, books.enterprise_book, date(2026, 1, 15), TEN)

    with pytest.raises(DBAPIError, match="append_only"), session.begin_nested():
        session.execute(harm, execution_options={"synchronize_session": False})

    assert balance(session, books.enterprise_book, BANK) == TEN


def test_no_transfer_runs_between_two_books(session):
    """Debit in the enterprise's book and credit in the budget's: the keys do not allow it."""
    books = open_books(session)
    account = {
        (a.book_id, a.code): a.id
        for a in session.scalars(select(Account).where(Account.code.in_([BANK, "transit"])))
    }
    for book_id in (books.enterprise_book, books.budget_book):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(
                insert(Transfer).values(
                    district_id=1,
                    id=new_id(),
                    book_id=book_id,
                    debit_account_id=account[books.enterprise_book, BANK],
                    credit_account_id=account[books.budget_book, "transit"],
                    amount=TEN,
                    posted_on=date(2026, 1, 15),
                    source_kind=SourceKind.MANUAL,
                    source_id=new_id(),
                )
            )
    assert count_transfers(session) == 0


def test_the_budget_has_one_book(session):
    """A second book of the budget is refused by the database."""
    open_books(session)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(Book).values(district_id=1, id=new_id(), kind="budget"))


def test_accounts_are_opened_once_and_listed_by_book(session):
    """Opening the same accounts again opens none; the district's books are listed, the budget's first."""
    books = open_books(session)
    rows = ledger.ENTERPRISE_CHART[:3]

    assert ledger.open_accounts(session, books.enterprise_book, rows) == 0
    assert ledger.open_accounts(session, books.enterprise_book, []) == 0
    assert [book.id for book in ledger.list_books(session)] == [books.budget_book, books.enterprise_book]
    codes = session.scalars(select(Account.code).where(Account.book_id == books.enterprise_book))
    assert {RECEIVABLES, ADVANCES} <= set(codes)

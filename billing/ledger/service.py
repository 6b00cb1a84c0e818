"""Books, postings, mirrored corrections, closed months. Nothing is ever updated but a book's closing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, literal, select, union_all
from sqlalchemy.orm import Session

from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.db import actor_of, district_of, insert_into
from billing.kernel.errors import NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.ledger.chart import BUDGET_CHART, ENTERPRISE_CHART, AccountRow
from billing.ledger.models import Account, Book, BookKind, MonthBalance, SourceKind, Transfer


class MonthClosed(RuleViolation):
    """The date lies in a closed month. Facts: ``posted_on``, ``closed_through``."""

    code = "month_closed"


class MonthNotOver(RuleViolation):
    """A month is closed only after its last day. Facts: ``month``."""

    code = "month_not_over"


class MonthNotNext(RuleViolation):
    """Months are closed in order, each once. Facts: ``month``, ``expected``."""

    code = "month_not_next"


class AlreadyReversed(RuleViolation):
    """What was posted is mirrored already. Facts: ``source_id``."""

    code = "already_reversed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One transfer to post: from the credited to the debited account, by their codes in the book.

    Attributes:
        debit: code of the account debited; a revenue account of the budget is given by ``fiscal_year`` too.
        amount: strictly positive.
        position: tells entries of one source apart.
        party_id: the customer, worker or contractor whose debt or advance moves.
    """

    debit: str
    credit: str
    amount: Money
    source_kind: SourceKind
    source_id: UUID
    position: int = 0
    party_id: UUID | None = None
    invoice_id: UUID | None = None
    reverses_id: UUID | None = None  # the transfer that this one corrects
    fiscal_year: int = 0  # of a revenue account, when one of the two is


def open_enterprise_book(session: Session, enterprise_id: UUID) -> Book:
    """Open an enterprise's book with the standard chart; the same book again if it is open."""
    book = session.scalar(select(Book).where(Book.enterprise_id == enterprise_id))
    return book or _open(session, BookKind.ENTERPRISE, enterprise_id, ENTERPRISE_CHART)


def open_budget_book(session: Session) -> Book:
    """Open the district's budget book; the same book again if it is open."""
    book = session.scalar(select(Book).where(Book.kind == BookKind.BUDGET))
    return book or _open(session, BookKind.BUDGET, None, BUDGET_CHART)


def _open(session: Session, kind: BookKind, enterprise_id: UUID | None, chart: Sequence[AccountRow]) -> Book:
    book = Book(district_id=district_of(session), id=new_id(), kind=kind, enterprise_id=enterprise_id)
    session.add(book)
    session.flush()
    open_accounts(session, book.id, chart)
    return book


def get_book(session: Session, book_id: UUID) -> Book:
    """A book of the district.

    Raises:
        NotFound: no such book.
    """
    book = session.get(Book, (district_of(session), book_id))
    if book is None:
        raise NotFound(kind="book", id=book_id)
    return book


def list_books(session: Session) -> list[Book]:
    """The district's books, the budget's first."""
    return list(session.scalars(select(Book).order_by(Book.kind, Book.id)))


def enterprise_book_id(session: Session, enterprise_id: UUID) -> UUID:
    """The id of an enterprise's book.

    Raises:
        NotFound: the enterprise has no book.
    """
    book_id = session.scalar(select(Book.id).where(Book.enterprise_id == enterprise_id))
    if book_id is None:
        raise NotFound(kind="book", id=enterprise_id)
    return book_id


def budget_book_id(session: Session) -> UUID:
    """The id of the district's budget book.

    Raises:
        NotFound: it has not been opened.
    """
    book_id = session.scalar(select(Book.id).where(Book.kind == BookKind.BUDGET))
    if book_id is None:
        raise NotFound(kind="book", id="budget")
    return book_id


def open_accounts(session: Session, book_id: UUID, rows: Iterable[AccountRow]) -> int:
    """Open the accounts that the book does not have yet; the others stay as they are. Returns how many."""
    values = [
        {
            "district_id": district_of(session),
            "id": new_id(),
            "book_id": book_id,
            "code": row.code,
            "fiscal_year": row.fiscal_year,
            "kind": row.kind,
            "name_kk": row.name_kk,
            "name_ru": row.name_ru,
            "name_en": row.name_en,
        }
        for row in rows
    ]
    if not values:
        return 0
    statement = insert_into(session, Account).on_conflict_do_nothing().returning(Account.id)
    return len(session.execute(statement, values).all())


def post(session: Session, book_id: UUID, posted_on: date, entries: Sequence[Entry]) -> list[UUID]:
    """Post entries to a book, all on one date. Returns the transfers' ids, in the entries' order.

    Raises:
        NotFound: no such book, or an account it does not have.
        MonthClosed: the date lies in a closed month. Nothing is posted.
    """
    assert all(entry.amount > ZERO for entry in entries), entries
    if not entries:
        return []
    accounts = _accounts(session, book_id, posted_on, entries)
    ids = [new_id() for _ in entries]
    session.execute(
        insert(Transfer),
        [
            {
                "district_id": district_of(session),
                "id": transfer_id,
                "book_id": book_id,
                "debit_account_id": accounts[entry.debit],
                "credit_account_id": accounts[entry.credit],
                "amount": entry.amount,
                "posted_on": posted_on,
                "source_kind": entry.source_kind,
                "source_id": entry.source_id,
                "position": entry.position,
                "party_id": entry.party_id,
                "invoice_id": entry.invoice_id,
                "reverses_id": entry.reverses_id,
                "recorded_by": actor_of(session),
            }
            for transfer_id, entry in zip(ids, entries, strict=True)
        ],
    )
    return ids


def _accounts(session: Session, book_id: UUID, posted_on: date, entries: Sequence[Entry]) -> dict[str, UUID]:
    """Ids of the entries' accounts, after a look at whether the month is open."""
    years = {entry.fiscal_year for entry in entries} | {0}
    assert len(years) <= 2, years  # one date, hence one fiscal year
    codes = {code for entry in entries for code in (entry.debit, entry.credit)}
    # The book's row is locked against closing (FOR KEY SHARE waits only for FOR UPDATE, not for others
    # who post), and read in the same statement, so that the month cannot be closed between look and write.
    rows = session.execute(
        select(Book.closed_through, Account.code, Account.fiscal_year, Account.id)
        .join(Account, (Account.district_id == Book.district_id) & (Account.book_id == Book.id))
        .where(Book.id == book_id, Account.code.in_(codes), Account.fiscal_year.in_(years))
        .with_for_update(of=Book, read=True, key_share=True)
    ).all()
    if not rows:
        get_book(session, book_id)  # the book may be there, and none of the accounts
    else:
        _refuse_closed(rows[0].closed_through, posted_on)
    accounts = {row.code: row.id for row in rows}
    missing = codes - accounts.keys()
    if missing:
        raise NotFound(kind="account", id=", ".join(sorted(missing)))
    return accounts


def check_month_open(session: Session, book_id: UUID, day: date) -> None:
    """Refuse a day on which nothing can be posted any more, before much work is done for it.

    Raises:
        NotFound: no such book.
        MonthClosed: the day lies in a closed month.
    """
    _refuse_closed(get_book(session, book_id).closed_through, day)


def _refuse_closed(closed_through: date | None, posted_on: date) -> None:
    if closed_through is not None and posted_on <= closed_through:
        raise MonthClosed(posted_on=posted_on, closed_through=closed_through)


def reverse(
    session: Session, book_id: UUID, source_ids: Sequence[UUID], reversed_on: date
) -> dict[UUID, UUID]:
    """Mirror every transfer of the given sources in a book: debit and credit exchanged, nothing removed.

    Returns:
        The mirrored transfers' ids to their mirrors' ids.

    Raises:
        NotFound: no such book.
        MonthClosed: the date lies in a closed month.
        AlreadyReversed: one of them is mirrored already. Nothing is posted.
    """
    book = session.execute(
        select(Book.closed_through).where(Book.id == book_id).with_for_update(read=True, key_share=True)
    ).one_or_none()
    if book is None:
        raise NotFound(kind="book", id=book_id)
    _refuse_closed(book.closed_through, reversed_on)
    originals = list(
        session.scalars(
            select(Transfer).where(
                Transfer.book_id == book_id,
                Transfer.source_id.in_(source_ids),
                Transfer.reverses_id.is_(None),
            )
        )
    )
    ids = [transfer.id for transfer in originals]
    done = session.scalar(select(Transfer.source_id).where(Transfer.reverses_id.in_(ids)).limit(1))
    if done is not None:
        raise AlreadyReversed(source_id=done)
    mirrors = {transfer.id: new_id() for transfer in originals}
    if originals:
        session.execute(
            insert(Transfer), [_mirror(session, t, mirrors[t.id], reversed_on) for t in originals]
        )
    return mirrors


def _mirror(session: Session, original: Transfer, mirror_id: UUID, reversed_on: date) -> dict[str, Any]:
    return {
        "district_id": original.district_id,
        "id": mirror_id,
        "book_id": original.book_id,
        "debit_account_id": original.credit_account_id,
        "credit_account_id": original.debit_account_id,
        "amount": original.amount,
        "posted_on": reversed_on,
        "source_kind": original.source_kind,
        "source_id": original.source_id,
        "position": -1 - original.position,  # beside its original, told apart by the sign
        "party_id": original.party_id,
        "invoice_id": original.invoice_id,
        "reverses_id": original.id,
        "recorded_by": actor_of(session),
    }


def close_month(session: Session, book_id: UUID, month: Month, *, today: date) -> None:
    """Freeze a month of a book: keep its balances, and refuse every later posting into it.

    Args:
        today: the district's date; a month is closed only after its last day.

    Raises:
        NotFound: no such book.
        MonthNotOver: the month has not ended.
        MonthNotNext: an earlier month is still open, or this one is closed already.
    """
    book = session.scalar(select(Book).where(Book.id == book_id).with_for_update())
    if book is None:
        raise NotFound(kind="book", id=book_id)
    if month.last_day >= today:
        raise MonthNotOver(month=month)
    expected = _next_to_close(session, book)
    if expected is not None and month != expected:
        raise MonthNotNext(month=month, expected=expected)
    _freeze(session, book, month)
    book.closed_through = month.last_day
    session.flush()


def _next_to_close(session: Session, book: Book) -> Month | None:
    """The month after the last closed one, or that of the first transfer; None where nothing was posted."""
    if book.closed_through is not None:
        return Month.of(book.closed_through).next()
    first = session.scalar(select(func.min(Transfer.posted_on)).where(Transfer.book_id == book.id))
    return Month.of(first) if first is not None else None


def _freeze(session: Session, book: Book, month: Month) -> None:
    in_month = (Transfer.book_id == book.id) & Transfer.posted_on.between(month.first_day, month.last_day)
    sides = union_all(
        select(
            Transfer.debit_account_id.label("account_id"),
            Transfer.amount.label("debit"),
            literal(ZERO, Transfer.amount.type).label("credit"),
        ).where(in_month),
        select(
            Transfer.credit_account_id,
            literal(ZERO, Transfer.amount.type),
            Transfer.amount,
        ).where(in_month),
    ).subquery()
    turnover = (
        select(
            sides.c.account_id,
            func.sum(sides.c.debit).label("debit"),
            func.sum(sides.c.credit).label("credit"),
        )
        .group_by(sides.c.account_id)
        .subquery()
    )
    before = (
        select(MonthBalance.account_id, MonthBalance.balance)
        .where(MonthBalance.book_id == book.id, MonthBalance.month == month.previous())
        .subquery()
    )
    rows = session.execute(
        select(
            Account.id,
            money_sum(turnover.c.debit),
            money_sum(turnover.c.credit),
            money_sum(before.c.balance),
        )
        .outerjoin(turnover, turnover.c.account_id == Account.id)
        .outerjoin(before, before.c.account_id == Account.id)
        .where(Account.book_id == book.id)
        .group_by(Account.id)
    ).all()
    session.execute(
        insert(MonthBalance),
        [
            {
                "district_id": book.district_id,
                "book_id": book.id,
                "month": month,
                "account_id": account_id,
                "debit": debit,
                "credit": credit,
                "balance": opening + debit - credit,
            }
            for account_id, debit, credit, opening in rows
        ],
    )

"""Closes months: their balances are frozen, and nothing is posted into them any more."""

from datetime import date
from uuid import UUID

from sqlalchemy import func, insert, literal, select, union_all
from sqlalchemy.orm import Session

from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.errors import NotFound, RuleViolation
from billing.kernel.money import ZERO
from billing.ledger.models import Account, Book, MonthBalance, Transfer


class MonthNotOver(RuleViolation):
    """A month is closed only after its last day. Facts: ``month``."""

    code = "month_not_over"


class MonthNotNext(RuleViolation):
    """Months are closed in order, each once. Facts: ``month``, ``expected``."""

    code = "month_not_next"


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

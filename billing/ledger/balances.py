"""Turnovers and balances: frozen months are read from where they are frozen, only the rest from transfers.

The cost of a balance therefore grows with the open months, not with the history (house decision 11).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, literal, or_, select, union_all
from sqlalchemy.orm import Session

from billing.kernel.columns import MoneyType, money_sum
from billing.kernel.dates import Month
from billing.kernel.db import district_of
from billing.kernel.money import ZERO, Money
from billing.ledger.models import MonthBalance, Transfer

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Turnover:
    """What went to an account and from it."""

    debit: Money = ZERO
    credit: Money = ZERO

    @property
    def balance(self) -> Money:
        """Debits minus credits."""
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the turnovers of a period stand: whole closed months, and days that only transfers know."""

    months: tuple[Month, Month] | None
    days: tuple[tuple[date, date], ...]


def sources_of(first_day: date, last_day: date, closed_through: date | None) -> Sources:
    """Cut a period into its whole closed months and the days before and after them."""
    if first_day > last_day:
        return Sources(None, ())
    first_month = Month.of(first_day) if first_day.day == 1 else Month.of(first_day).next()
    last_month = Month.of(min(last_day, closed_through)) if closed_through else None
    if last_month is not None and last_month.last_day > min(last_day, closed_through or last_day):
        last_month = last_month.previous()
    if last_month is None or first_month > last_month:
        return Sources(None, ((first_day, last_day),))
    days = []
    if first_day < first_month.first_day:
        days.append((first_day, first_month.first_day - ONE_DAY))
    if last_month.last_day < last_day:
        days.append((last_month.last_day + ONE_DAY, last_day))
    return Sources((first_month, last_month), tuple(days))


def turnovers(
    session: Session, book_id: UUID, first_day: date, last_day: date, closed_through: date | None
) -> dict[UUID, Turnover]:
    """Turnovers by account id in a period, both ends included; accounts without any are left out."""
    sources = sources_of(first_day, last_day, closed_through)
    selects = []
    if sources.months is not None:
        selects.append(
            select(MonthBalance.account_id, MonthBalance.debit, MonthBalance.credit).where(
                MonthBalance.district_id == district_of(session),
                MonthBalance.book_id == book_id,
                MonthBalance.month.between(*sources.months),
            )
        )
    if sources.days:
        lived = (
            Transfer.district_id == district_of(session),
            Transfer.book_id == book_id,
            or_(*(Transfer.posted_on.between(*days) for days in sources.days)),
        )
        nothing = literal(ZERO, MoneyType)
        # Summed by pair of accounts first: each transfer is read once, and of pairs there are few.
        pairs = (
            select(
                Transfer.debit_account_id, Transfer.credit_account_id, money_sum(Transfer.amount).label("sum")
            )
            .where(*lived)
            .group_by(Transfer.debit_account_id, Transfer.credit_account_id)
            .cte("pairs")
        )
        selects += [
            select(pairs.c.debit_account_id, pairs.c.sum, nothing),
            select(pairs.c.credit_account_id, nothing, pairs.c.sum),
        ]
    if not selects:
        return {}
    sides = union_all(*selects).subquery()
    account_id, debit, credit = sides.c
    rows = session.execute(select(account_id, money_sum(debit), money_sum(credit)).group_by(account_id))
    return {row[0]: Turnover(row[1], row[2]) for row in rows if row[1] or row[2]}


def balances_on(session: Session, book_id: UUID, day: date, closed_through: date | None) -> dict[UUID, Money]:
    """Balances by account id at the end of a day, debits minus credits; zero ones may be left out."""
    frozen = _last_frozen(day, closed_through)
    known: dict[UUID, Money] = {}
    first_open = date.min
    if frozen is not None:
        first_open = frozen.last_day + ONE_DAY
        rows = session.execute(
            select(MonthBalance.account_id, MonthBalance.balance).where(
                MonthBalance.book_id == book_id, MonthBalance.month == frozen
            )
        )
        known = {row.account_id: row.balance for row in rows}
    for account_id, turnover in turnovers(session, book_id, first_open, day, None).items():
        known[account_id] = known.get(account_id, ZERO) + turnover.balance
    return known


def balance_of(
    session: Session, book_id: UUID, account_id: UUID, day: date, closed_through: date | None
) -> Money:
    """An account's balance at the end of a day, debits minus credits."""
    frozen = _last_frozen(day, closed_through)
    start, first_open = ZERO, date.min
    if frozen is not None:
        first_open = frozen.last_day + ONE_DAY
        start = (
            session.scalar(
                select(MonthBalance.balance).where(
                    MonthBalance.book_id == book_id,
                    MonthBalance.month == frozen,
                    MonthBalance.account_id == account_id,
                )
            )
            or ZERO
        )
    moved = session.scalar(
        select(signed_sum(account_id)).where(
            Transfer.book_id == book_id,
            Transfer.posted_on.between(first_open, day),
            or_(Transfer.debit_account_id == account_id, Transfer.credit_account_id == account_id),
        )
    )
    return start + (moved or ZERO)


def signed_sum(account_id: UUID) -> ColumnElement[Money]:
    """The sum of transfers from an account's point of view: debits plus, credits minus."""
    return money_sum(case((Transfer.debit_account_id == account_id, Transfer.amount), else_=-Transfer.amount))


def _last_frozen(day: date, closed_through: date | None) -> Month | None:
    """The last closed month that ends on or before a day."""
    if closed_through is None:
        return None
    month = Month.of(min(day, closed_through))
    return month if month.last_day <= min(day, closed_through) else month.previous()

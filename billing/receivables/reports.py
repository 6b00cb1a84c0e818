"""Who owes how much for how long: open lines of invoices by customer and days past due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, literal, select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.kernel.columns import MoneyType, money_sum
from billing.kernel.db import district_of
from billing.kernel.money import ZERO, Money, total
from billing.kernel.paging import Page, PageRequest, page_of
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.receivables.models import Receivable

# Days past due, both ends included; None is without an end on that side.
BUCKETS: dict[str, tuple[int | None, int | None]] = {
    "not_due": (None, 0),
    "days_1_30": (1, 30),
    "days_31_60": (31, 60),
    "days_61_90": (61, 90),
    "over_90": (91, None),
}
AGED_DEBT = (
    Column("account_number", width=16),
    Column("customer_name", width=40),
    *(Column(bucket, Kind.MONEY) for bucket in BUCKETS),
    Column("debt", Kind.MONEY),
    Column("oldest_due_on", Kind.DATE, width=12),
)


@dataclass(frozen=True, slots=True)
class AgedRow:
    """A customer's debt, cut by days past due."""

    customer_id: UUID
    account_number: str
    customer_name: str
    buckets: dict[str, Money]
    debt: Money
    oldest_due_on: date


@dataclass(frozen=True, slots=True)
class AgedDebt:
    """Debts of an enterprise's customers; ``totals`` are of all of them, not of the page.

    Attributes:
        day: the day from which days past due are counted. What is open is what is open now.
    """

    day: date
    rows: Page[AgedRow]
    totals: dict[str, Money]


def aged_debt(
    session: Session, enterprise_id: UUID, *, day: date, request: PageRequest | None = None
) -> AgedDebt:
    """Every customer who owes something, the largest debt first, cut by how long it is due.

    Args:
        request: the page wanted, by ``-debt``, ``customer_name`` or ``account_number``; None for all.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    debts = _debts(session, enterprise_id, day)
    rows = select(*debts.c[:-1])
    if request is None:
        page: Page[Any] = Page(list(session.execute(rows.order_by(debts.c.debt.desc(), debts.c.id))), None)
    else:
        page = page_of(session, rows, _sorts(debts), request)
    sums = session.execute(select(*(money_sum(debts.c[bucket]) for bucket in BUCKETS))).one()
    totals = dict(zip(BUCKETS, sums, strict=True))
    totals["debt"] = total(totals.values())
    return AgedDebt(day, Page([_row(row) for row in page.items], page.next_cursor), totals)


def aged_debt_table(aged: AgedDebt) -> ReportTable:
    """The debts for people."""
    rows = [
        Row(
            {
                "account_number": row.account_number,
                "customer_name": row.customer_name,
                **row.buckets,
                "debt": row.debt,
                "oldest_due_on": row.oldest_due_on,
            }
        )
        for row in aged.rows.items
    ]
    return ReportTable("aged_debt", {"day": aged.day}, AGED_DEBT, rows, aged.totals, aged.rows.next_cursor)


def _debts(session: Session, enterprise_id: UUID, day: date) -> Subquery:
    """One row per customer who owes; only open lines are read, by their own index."""
    statement: Select[*tuple[Any, ...]] = (
        select(
            Customer.id,
            Customer.account_number,
            Customer.name.label("customer_name"),
            *(_within(day, *days).label(bucket) for bucket, days in BUCKETS.items()),
            money_sum(Receivable.open_amount).label("debt"),
            func.min(Receivable.due_on).label("oldest_due_on"),
            Customer.name_sort_key,
        )
        .join(
            Customer,
            and_(Customer.district_id == Receivable.district_id, Customer.id == Receivable.customer_id),
        )
        # Said here too: a statement that selects from a subquery alone is not fenced by the session.
        .where(
            Receivable.district_id == district_of(session),
            Receivable.enterprise_id == enterprise_id,
            Receivable.open_amount > ZERO,
        )
        .group_by(Customer.id, Customer.account_number, Customer.name, Customer.name_sort_key)
    )
    return statement.subquery()


def _within(day: date, first: int | None, last: int | None) -> ColumnElement[Money]:
    """What is open and due between ``first`` and ``last`` days before a day."""
    conditions = []
    if first is not None:
        conditions.append(Receivable.due_on <= day - timedelta(days=first))
    if last is not None:
        conditions.append(Receivable.due_on >= day - timedelta(days=last))
    return money_sum(case((and_(*conditions), Receivable.open_amount), else_=literal(ZERO, MoneyType)))


def _sorts(debts: Subquery) -> dict[str, Sequence[Any]]:
    return {
        "-debt": (debts.c.debt, debts.c.id),
        "customer_name": (debts.c.name_sort_key, debts.c.id),
        "account_number": (debts.c.account_number, debts.c.id),
    }


def _row(row: Any) -> AgedRow:
    customer_id, account_number, customer_name, *amounts, debt, oldest_due_on = row
    buckets = dict(zip(BUCKETS, amounts, strict=True))
    return AgedRow(customer_id, account_number, customer_name, buckets, debt, oldest_due_on)

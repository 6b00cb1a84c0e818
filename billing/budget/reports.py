"""What the akim reads: revenue by code and month against the plan, and where each tenge of it came from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from billing.budget.models import BudgetCode, PlannedRevenue, RevenueLine
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.errors import NotFound
from billing.kernel.i18n import messages, text
from billing.kernel.money import BASIS_POINTS, ZERO, Money, total
from billing.kernel.paging import Page, PageRequest, page_of
from billing.kernel.ready import Ready, among_given
from billing.kernel.reporting import Column, Kind, Name, ReportTable, Row
from billing.ledger.models import Account, AccountKind, Book, BookKind, MonthBalance

EXECUTION = (
    Column("code", width=10),
    Column("code_name", width=44),
    Column("is_confirmed", Kind.FLAG, width=14),
    Column("plan", Kind.MONEY),
    *(Column(f"month_{month:02d}", Kind.MONEY, width=14) for month in range(1, 13)),
    Column("collected", Kind.MONEY),
    Column("execution", Kind.PERCENT, width=11),
)
CATEGORY_DIGITS, CLASS_DIGITS, CODE_DIGITS = 1, 3, 6
_NAMELESS = Name("", "")
_UNKNOWN = (_NAMELESS, False)

# Put together once: the report reads so little that most of its time would go into making the questions.
_PLANS = Ready(
    select(PlannedRevenue.code, PlannedRevenue.amount).where(
        PlannedRevenue.fiscal_year == bindparam("fiscal_year")
    )
)
_BUDGET_BOOK = Ready(select(Book.id, Book.closed_through).where(Book.kind == BookKind.BUDGET))
_FROZEN = Ready(
    select(Account.code, MonthBalance.month, MonthBalance.credit, MonthBalance.debit)
    .join(
        MonthBalance,
        (MonthBalance.district_id == Account.district_id) & (MonthBalance.account_id == Account.id),
    )
    .where(
        Account.book_id == bindparam("book_id"),
        Account.kind == AccountKind.INCOME,
        Account.fiscal_year == bindparam("fiscal_year"),
        MonthBalance.book_id == bindparam("book_id"),
        MonthBalance.month.between(bindparam("first"), bindparam("last")),
    )
)
_OPEN = Ready(
    select(RevenueLine.code, RevenueLine.month, money_sum(RevenueLine.amount))
    .where(
        RevenueLine.fiscal_year == bindparam("fiscal_year"),
        RevenueLine.month.between(bindparam("first"), bindparam("last")),
    )
    .group_by(RevenueLine.code, RevenueLine.month)
)
_CODES = Ready(
    select(BudgetCode.code, BudgetCode.name_kk, BudgetCode.name_ru, BudgetCode.is_confirmed)
    .where(among_given(BudgetCode.code, "codes"))
    .order_by(BudgetCode.valid_from_year)
)
_LINE_SORTS = {
    "-month": (RevenueLine.month, RevenueLine.id),
    "id": (RevenueLine.id,),
}


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """Plan and revenue of a code, or of the class (3 digits) or category (1 digit) it lies in.

    Attributes:
        months: revenue by month number; a month without any is missing.
        is_confirmed: whether the code was seen in an official source; None for classes and categories.
    """

    code: str
    name: Name
    is_confirmed: bool | None
    plan: Money
    months: dict[int, Money] = field(default_factory=dict)

    @property
    def collected(self) -> Money:
        """Revenue of all the months."""
        return total(self.months.values())

    @property
    def execution_bp(self) -> int | None:
        """Revenue as a share of the plan in basis points, rounded half-up; None where nothing was planned."""
        if self.plan == ZERO:
            return None
        return Money(BASIS_POINTS).share(self.collected.tiyn, self.plan.tiyn).tiyn


@dataclass(frozen=True, slots=True)
class Execution:
    """The revenue side of a fiscal year's budget through a month, sums of classes and categories included."""

    fiscal_year: int
    through: Month
    rows: list[ExecutionRow]
    total: ExecutionRow


def revenue_execution(session: Session, fiscal_year: int, through: Month) -> Execution:
    """Planned and collected revenue by code and month, from the year's first month through a given one.

    Closed months are read from their frozen balances, later ones from revenue lines. Every code that was
    planned or collected has a row, and so have its class and category; all of it in the codes' order.
    """
    plans = {row.code: row.amount for row in _PLANS.rows(session, fiscal_year=fiscal_year)}
    months: defaultdict[str, dict[int, Money]] = defaultdict(dict)
    for code, month, amount in _collected(session, fiscal_year, min(through, Month(fiscal_year, 12))):
        if amount:
            months[code][month.month] = amount
    known = _newest_codes(session, plans.keys() | months.keys())
    rows = [
        ExecutionRow(code, *known.get(code, _UNKNOWN), plans.get(code, ZERO), months.get(code, {}))
        for code in sorted(plans.keys() | months.keys())
    ]
    return Execution(fiscal_year, through, list(_with_sums(rows)), _sum_of("", rows))


def execution_table(execution: Execution) -> ReportTable:
    """The execution for people: months after the last one asked for are left out."""
    last = execution.through.month if execution.through.year == execution.fiscal_year else 12
    shown = [c for c in EXECUTION if not c.key.startswith("month_") or int(c.key[-2:]) <= last]
    facts = {"fiscal_year": execution.fiscal_year, "through": execution.through}
    rows = [Row(_cells(row), is_sum=len(row.code) < CODE_DIGITS) for row in execution.rows]
    sums = {key: value for key, value in _cells(execution.total).items() if key not in {"code", "code_name"}}
    return ReportTable("revenue_execution", facts, shown, rows, sums)


def revenue_lines(
    session: Session,
    request: PageRequest,
    *,
    fiscal_year: int | None = None,
    code: str | None = None,
    month: Month | None = None,
    payment_id: UUID | None = None,
    invoice_line_id: UUID | None = None,
    service_id: UUID | None = None,
) -> Page[RevenueLine]:
    """Revenue lines, the newest month first, or by id; filters that are None do not filter.

    ``payment_id`` answers where a payment went in the budget; each line knows the way back by itself.
    """
    wanted = {
        RevenueLine.fiscal_year: fiscal_year,
        RevenueLine.code: code,
        RevenueLine.month: month,
        RevenueLine.payment_id: payment_id,
        RevenueLine.invoice_line_id: invoice_line_id,
        RevenueLine.service_id: service_id,
    }
    statement = select(RevenueLine).where(
        *(column == value for column, value in wanted.items() if value is not None)
    )
    return page_of(session, statement, _LINE_SORTS, request)


def get_revenue_line(session: Session, line_id: UUID) -> RevenueLine:
    """A revenue line, which names its payment, allocation, invoice line and service.

    Raises:
        NotFound: no such line.
    """
    line = session.scalar(select(RevenueLine).where(RevenueLine.id == line_id))
    if line is None:
        raise NotFound(kind="revenue_line", id=line_id)
    return line


def _collected(session: Session, fiscal_year: int, through: Month) -> Iterator[tuple[str, Month, Money]]:
    """Code, month and revenue: frozen turnovers of closed months, then the lines after them."""
    books = _BUDGET_BOOK.rows(session)
    if not books:
        return
    [book] = books
    first = Month(fiscal_year, 1)
    if book.closed_through is not None:
        closed = Month.of(book.closed_through)
        last = min(closed, through)
        frozen = _FROZEN.rows(session, book_id=book.id, fiscal_year=fiscal_year, first=first, last=last)
        for code, month, credit, debit in frozen:
            yield code, month, credit - debit
        first = max(first, closed.next())
    for code, month, amount in _OPEN.rows(session, fiscal_year=fiscal_year, first=first, last=through):
        yield code, month, amount


def _newest_codes(session: Session, codes: Iterable[str]) -> dict[str, tuple[Name, bool]]:
    """The names of codes, and whether they were seen in an official source."""
    rows = _CODES.rows(session, codes=list(codes))
    return {code: (Name(name_kk, name_ru), is_confirmed) for code, name_kk, name_ru, is_confirmed in rows}


def _with_sums(rows: Sequence[ExecutionRow]) -> Iterator[ExecutionRow]:
    """The rows in order, each category and class before what lies in it."""
    for category, of_category in groupby(rows, lambda row: row.code[:CATEGORY_DIGITS]):
        inside = list(of_category)
        yield _sum_of(category, inside)
        for name, of_class in groupby(inside, lambda row: row.code[:CLASS_DIGITS]):
            detail = list(of_class)
            yield _sum_of(name, detail)
            yield from detail


def _sum_of(code: str, rows: Sequence[ExecutionRow]) -> ExecutionRow:
    months: dict[int, Money] = {}
    for row in rows:
        for month, amount in row.months.items():
            months[month] = months.get(month, ZERO) + amount
    return ExecutionRow(code, _group_name(code), None, total(row.plan for row in rows), months)


def _group_name(code: str) -> Name:
    """The name of a category; a class is known by its number."""
    if not code:
        return _NAMELESS
    known = f"budget_category.{code}" in messages("ru")
    message = "budget_class" if len(code) > CATEGORY_DIGITS else "budget_category"
    message += f".{code}" if known else ""
    return Name(*(text(message, language, code=code) for language in ("kk", "ru", "en")))


def _cells(row: ExecutionRow) -> dict[str, Any]:
    return {
        "code": row.code,
        "code_name": row.name,
        "is_confirmed": row.is_confirmed,
        "plan": row.plan,
        **{f"month_{month:02d}": row.months.get(month, ZERO) for month in range(1, 13)},
        "collected": row.collected,
        "execution": row.execution_bp,
    }

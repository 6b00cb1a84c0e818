"""Rows that wait for a person: which, why, whose they are and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from billing.access.models import User
from billing.access.service import roles_of
from billing.districts.models import BankAccount
from billing.kernel.checks import line
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.identifiers import mask_iin, mask_iins_in
from billing.kernel.money import total
from billing.kernel.paging import Page, PageRequest, Sorts, page_of
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.kernel.rows import check_version
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.models import ExceptionKind, RowException, StatementRow

EXPORTED_MAX = 10_000  # rows of one spreadsheet; whoever has more left open has another problem
SORTS: Sorts = {
    "opened_on": (RowException.opened_on, RowException.row_id),
    "-amount": (StatementRow.amount, RowException.row_id),
    "-booked_on": (StatementRow.booked_on, RowException.row_id),
}
COLUMNS = (
    Column("exception", width=24),
    Column("waits_since", Kind.DATE, width=12),
    Column("age_days", Kind.NUMBER, width=8),
    Column("booked_on", Kind.DATE, width=12),
    Column("came_in", Kind.MONEY),
    Column("went_out", Kind.MONEY),
    Column("counterparty", width=40),
    Column("counterparty_iin_bin", width=14),
    Column("purpose", width=60),
    Column("owner", width=24),
    Column("note", width=40),
    Column("row_id", Kind.ID, width=36),
)

_SIDES = {Direction.IN: "came_in", Direction.OUT: "went_out"}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that waits, with the person who looks after it."""

    exception: RowException
    row: StatementRow
    owner_name: str | None

    def age_days(self, today: date) -> int:
        """For how long it has waited."""
        return (today - self.exception.opened_on).days


def list_exceptions(
    session: Session,
    request: PageRequest,
    *,
    today: date,
    bank_account_id: UUID | None = None,
    enterprise_id: UUID | None = None,
    kind: ExceptionKind | None = None,
    direction: Direction | None = None,
    owner_id: UUID | None = None,
    without_owner: bool = False,
    age_days_min: int | None = None,
) -> Page[Waiting]:
    """Rows that wait, the longest waiting first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = _waiting()
    conditions = {
        StatementRow.bank_account_id: bank_account_id,
        BankAccount.enterprise_id: enterprise_id,
        RowException.kind: kind,
        StatementRow.direction: direction,
        RowException.owner_id: owner_id,
    }
    for column, value in conditions.items():
        if value is not None:
            statement = statement.where(column == value)
    if without_owner:
        statement = statement.where(RowException.owner_id.is_(None))
    if age_days_min is not None:
        statement = statement.where(RowException.opened_on <= today - timedelta(days=age_days_min))
    page = page_of(session, statement, SORTS, request)
    return Page([Waiting(*each) for each in page.items], page.next_cursor)


def get_exception(session: Session, row_id: UUID) -> Waiting:
    """A row that waits.

    Raises:
        NotFound: no such row, or it is explained.
    """
    found = session.execute(_waiting().where(RowException.row_id == row_id)).one_or_none()
    if found is None:
        raise NotFound(kind="row_exception", id=row_id)
    return Waiting(*found)


def look_after(
    session: Session,
    row_id: UUID,
    *,
    owner_id: UUID | None,
    note: str | None,
    version: int | None = None,
) -> Waiting:
    """Say who looks after a waiting row, and what is known of it so far.

    Args:
        owner_id: a user with a role in the district; None: nobody.

    Raises:
        NotFound: no such row, or it is explained.
        InvalidInput: the owner does not work in this district.
        StaleVersion: somebody changed it meanwhile.
    """
    waiting = get_exception(session, row_id)
    check_version(waiting.exception, version, kind="row_exception")
    if owner_id is not None and not roles_of(session, owner_id):
        raise InvalidInput(field="owner_id")
    waiting.exception.owner_id = owner_id
    waiting.exception.note = line(note, field="note", length_max=300) if note else None
    session.flush()
    return get_exception(session, row_id)


def _waiting() -> Select[*tuple[Any, ...]]:
    return (
        select(RowException, StatementRow, User.name)
        .join(
            StatementRow,
            and_(
                StatementRow.district_id == RowException.district_id, StatementRow.id == RowException.row_id
            ),
        )
        .join(
            BankAccount,
            and_(
                BankAccount.district_id == StatementRow.district_id,
                BankAccount.id == StatementRow.bank_account_id,
            ),
        )
        .outerjoin(User, User.id == RowException.owner_id)
        .where(RowException.closed_on.is_(None))
    )


def exceptions_table(waiting: Sequence[Waiting], *, today: date) -> ReportTable:
    """Waiting rows for people, personal numbers masked."""
    rows = [
        Row(
            {
                "exception": each.exception.kind,
                "waits_since": each.exception.opened_on,
                "age_days": each.age_days(today),
                "booked_on": each.row.booked_on,
                _SIDES[each.row.direction]: each.row.amount,
                "counterparty": mask_iins_in(each.row.ultimate_name or each.row.counterparty_name),
                "counterparty_iin_bin": mask_iin(each.row.ultimate_iin_bin or each.row.counterparty_iin_bin),
                "purpose": mask_iins_in(each.row.purpose),
                "owner": each.owner_name or "",
                "note": each.exception.note or "",
                "row_id": str(each.row.id),
            }
        )
        for each in waiting
    ]
    totals = {
        column: total(each.row.amount for each in waiting if each.row.direction is direction)
        for direction, column in _SIDES.items()
    }
    return ReportTable("statement_exceptions", {"day": today}, COLUMNS, rows, totals)


def all_exceptions(session: Session, *, today: date, **filters: Any) -> list[Waiting]:
    """Every waiting row that the filters of ``list_exceptions`` leave, up to a spreadsheet's length."""
    found: list[Waiting] = []
    request = PageRequest(limit=200)
    while len(found) < EXPORTED_MAX:
        page = list_exceptions(session, request, today=today, **filters)
        found += page.items
        if page.next_cursor is None:
            break
        request = PageRequest(page.next_cursor, limit=200)
    return found

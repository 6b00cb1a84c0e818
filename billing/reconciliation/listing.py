"""Lists of what was taken in: statements, and their rows with what each was or why it waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount
from billing.kernel.identifiers import mask_iin, mask_iins_in
from billing.kernel.money import Money
from billing.kernel.paging import Page, PageRequest, page_of
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.kernel.rows import get_row
from billing.kernel.shown import Shown
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.models import (
    BankStatement,
    ExceptionKind,
    MatchedRow,
    MatchKind,
    RowException,
    StatementMatch,
    StatementRow,
)

STATEMENT_SORTS = {
    "-date_to": (BankStatement.date_to, BankStatement.id),
    "recorded_at": (BankStatement.recorded_at, BankStatement.id),
}
ROW_SORTS = {
    "-booked_on": (StatementRow.booked_on, StatementRow.id),
    "amount": (StatementRow.amount, StatementRow.id),
}
STATEMENT_COLUMNS = (
    Column("date_from", Kind.DATE, width=12),
    Column("date_to", Kind.DATE, width=12),
    Column("iban", width=22),
    Column("file", width=30),
    Column("opening", Kind.MONEY),
    Column("credited", Kind.MONEY),
    Column("debited", Kind.MONEY),
    Column("closing", Kind.MONEY),
    Column("row_count", Kind.NUMBER, width=8),
    Column("new_row_count", Kind.NUMBER, width=8),
)
ROW_COLUMNS = (
    Column("booked_on", Kind.DATE, width=12),
    Column("iban", width=22),
    Column("direction", width=8),
    Column("amount", Kind.MONEY),
    Column("counterparty", width=36),
    Column("iin_bin", width=14),
    Column("purpose", width=60),
    Column("row_state", width=22),
    Column("row_id", Kind.ID, width=36),
)


class RowState(Shown):
    """Whether the program or a person knows what a row was."""

    MATCHED = "matched"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class RowStanding:
    """A row and what became of it.

    Attributes:
        match_id: of the live match that explains it; None while it waits.
        exception: why it waits.
        since: it has been waiting.
    """

    row: StatementRow
    iban: str
    match_id: UUID | None
    match_kind: MatchKind | None
    exception: ExceptionKind | None
    since: date | None

    @property
    def state(self) -> RowState:
        """Whether it is explained."""
        return RowState.WAITING if self.match_id is None else RowState.MATCHED


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows; None does not ask.

    Attributes:
        kind: of the exception for which a row waits.
    """

    bank_account_id: UUID | None = None
    statement_id: UUID | None = None
    direction: Direction | None = None
    state: RowState | None = None
    kind: ExceptionKind | None = None
    booked_from: date | None = None
    booked_to: date | None = None


def get_statement(session: Session, statement_id: UUID) -> BankStatement:
    """A statement that was taken in.

    Raises:
        NotFound: no such statement.
    """
    return get_row(session, BankStatement, statement_id, kind="bank_statement")


def list_statements(
    session: Session, request: PageRequest, *, bank_account_id: UUID | None = None
) -> Page[BankStatement]:
    """Statements, the latest days first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(BankStatement)
    if bank_account_id is not None:
        statement = statement.where(BankStatement.bank_account_id == bank_account_id)
    return page_of(session, statement, STATEMENT_SORTS, request)


def list_rows(session: Session, request: PageRequest, wanted: RowFilter) -> Page[RowStanding]:
    """Rows and what became of them, the latest first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    page = page_of(session, _rows(wanted), ROW_SORTS, request)
    return Page([RowStanding(*row) for row in page.items], page.next_cursor)


def all_rows(session: Session, wanted: RowFilter) -> list[RowStanding]:
    """All such rows in the order of their days: for a spreadsheet, which has no pages."""
    ordered = _rows(wanted).order_by(StatementRow.booked_on, StatementRow.id)
    return [RowStanding(*row) for row in session.execute(ordered)]


def get_standing(session: Session, row_id: UUID) -> RowStanding:
    """A row and what became of it.

    Raises:
        NotFound: no such row.
    """
    get_row(session, StatementRow, row_id, kind="statement_row")
    return RowStanding(*session.execute(_rows(RowFilter()).where(StatementRow.id == row_id)).one())


def waiting_by_kind(session: Session) -> list[tuple[ExceptionKind, int, date]]:
    """How many rows wait, by reason, and since when the oldest of them; most of them first."""
    counted = (
        select(RowException.kind, func.count(), func.min(RowException.opened_on))
        .where(RowException.closed_on.is_(None))
        .group_by(RowException.kind)
        .order_by(func.count().desc(), RowException.kind)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(counted)]


def _rows(wanted: RowFilter) -> Select[*tuple[Any, ...]]:
    statement = (
        select(
            StatementRow,
            BankAccount.iban,
            StatementMatch.id,
            StatementMatch.kind,
            RowException.kind,
            RowException.opened_on,
        )
        .join(
            BankAccount,
            and_(
                BankAccount.district_id == StatementRow.district_id,
                BankAccount.id == StatementRow.bank_account_id,
            ),
        )
        .outerjoin(
            MatchedRow,
            and_(MatchedRow.district_id == StatementRow.district_id, MatchedRow.row_id == StatementRow.id),
        )
        .outerjoin(
            StatementMatch,
            and_(
                StatementMatch.district_id == MatchedRow.district_id,
                StatementMatch.id == MatchedRow.match_id,
            ),
        )
        .outerjoin(
            RowException,
            and_(
                RowException.district_id == StatementRow.district_id,
                RowException.row_id == StatementRow.id,
                RowException.closed_on.is_(None),
            ),
        )
    )
    equal = (
        (StatementRow.bank_account_id, wanted.bank_account_id),
        (StatementRow.statement_id, wanted.statement_id),
        (StatementRow.direction, wanted.direction),
        (RowException.kind, wanted.kind),
    )
    conditions = [column == value for column, value in equal if value is not None]
    if wanted.booked_from is not None:
        conditions.append(StatementRow.booked_on >= wanted.booked_from)
    if wanted.booked_to is not None:
        conditions.append(StatementRow.booked_on <= wanted.booked_to)
    if wanted.state is not None:
        waits = MatchedRow.row_id.is_(None)
        conditions.append(waits if wanted.state is RowState.WAITING else ~waits)
    return statement.where(*conditions)


def statements_table(statements: Sequence[BankStatement], ibans: dict[UUID, str]) -> ReportTable:
    """Statements for people."""
    rows = [
        Row(
            {
                "date_from": each.date_from,
                "date_to": each.date_to,
                "iban": ibans[each.bank_account_id],
                "file": each.file_name,
                "opening": each.opening,
                "credited": each.credited,
                "debited": each.debited,
                "closing": each.closing,
                "row_count": each.row_count,
                "new_row_count": each.new_row_count,
            }
        )
        for each in statements
    ]
    return ReportTable("bank_statements", {}, STATEMENT_COLUMNS, rows)


def rows_table(standings: Sequence[RowStanding]) -> ReportTable:
    """Rows for people, personal numbers masked."""
    rows = [
        Row(
            {
                "booked_on": each.row.booked_on,
                "iban": each.iban,
                "direction": each.row.direction,
                "amount": signed(each.row),
                "counterparty": mask_iins_in(each.row.ultimate_name or each.row.counterparty_name),
                "iin_bin": mask_iin(each.row.ultimate_iin_bin or each.row.counterparty_iin_bin),
                "purpose": mask_iins_in(each.row.purpose),
                "row_state": each.match_kind or each.exception,
                "row_id": each.row.id,
            }
        )
        for each in standings
    ]
    return ReportTable("statement_rows", {}, ROW_COLUMNS, rows)


def signed(row: StatementRow) -> Money:
    """What a row moved, as the account saw it."""
    return row.amount if row.direction is Direction.IN else -row.amount

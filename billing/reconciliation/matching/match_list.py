"""Lists what was decided about rows: by whom, when, why, and whether it was taken back."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.paging import Page, PageRequest, Sorts, page_of
from billing.reconciliation.models import MatchKind, MatchUndo, StatementMatch

SORTS: Sorts = {"-decided_at": (StatementMatch.decided_at, StatementMatch.id)}


def list_matches(
    session: Session,
    request: PageRequest,
    *,
    bank_account_id: UUID | None = None,
    kind: MatchKind | None = None,
    decided_by: UUID | None = None,
    by_person: bool | None = None,
    undone: bool | None = None,
) -> Page[tuple[StatementMatch, MatchUndo | None]]:
    """Matches with their undos, the last decided first.

    Args:
        by_person: whether somebody said why; the program's own matches have no such word.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(StatementMatch, MatchUndo).outerjoin(
        MatchUndo,
        (MatchUndo.district_id == StatementMatch.district_id) & (MatchUndo.match_id == StatementMatch.id),
    )
    equal = (
        (StatementMatch.bank_account_id, bank_account_id),
        (StatementMatch.kind, kind),
        (StatementMatch.decided_by, decided_by),
    )
    statement = statement.where(*(column == value for column, value in equal if value is not None))
    if by_person is not None:
        said = StatementMatch.why.is_not(None)
        statement = statement.where(said if by_person else ~said)
    if undone is not None:
        taken_back = MatchUndo.match_id.is_not(None)
        statement = statement.where(taken_back if undone else ~taken_back)
    page = page_of(session, statement, SORTS, request)
    return Page([(row[0], row[1]) for row in page.items], page.next_cursor)

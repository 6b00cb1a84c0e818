"""One row of the current district: read or refused, locked before it is changed, at the version last seen."""

from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.db import Identified, Versioned
from billing.kernel.errors import NotFound, StaleVersion

T = TypeVar("T", bound=Identified)


def get_row(session: Session, model: type[T], row_id: UUID, *, kind: str, lock: bool = False) -> T:
    """The row of the current district with this id.

    Args:
        kind: what the thing is called in a refusal, ``customer``.
        lock: hold the row until the end of the transaction, and read it afresh.

    Raises:
        NotFound: no such row in the current district.
    """
    statement = select(model).where(model.id == row_id)
    if lock:
        # Read afresh: what an earlier query of this session saw may have changed before the lock came.
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row = session.scalar(statement)
    if row is None:
        raise NotFound(kind=kind, id=row_id)
    return row


def check_version(row: Versioned, version: int | None, *, kind: str) -> None:
    """Let nobody overwrite an edit he has not seen.

    Args:
        version: the one the editor read; None where nobody read it before (an import, the program itself).

    Raises:
        StaleVersion: the row has another version now.
    """
    if version is not None and row.version != version:
        raise StaleVersion(kind=kind, id=getattr(row, "id", None), version=row.version)

"""What pages share that anybody may open: they find the district themselves, and nothing of them is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from billing.districts.models import District
from billing.kernel.db import ALL_DISTRICTS, Identified, scope

NOT_FOUND, GONE = 404, 410


@contextmanager
def visiting(session: Session, district_id: int) -> Iterator[None]:
    """Work in a district that the address names, and in the reader's own again when that went well."""
    before = session.info.get("district_id")
    scope(session, district_id)
    yield
    if before is not None:
        scope(session, before)


def find_district(session: Session, row_id: UUID, *tables: type[Identified]) -> int | None:
    """In which district one of the tables has a row with this id; None where none has."""
    with visiting(session, ALL_DISTRICTS):
        # By their keys: without the district an index that begins with it is of no use.
        districts = select(District.id)
        known = (
            session.scalar(
                select(table.district_id).where(table.district_id.in_(districts), table.id == row_id)
            )
            for table in tables
        )
        return next((each for each in known if each is not None), None)


def guarded(answer: Response) -> Response:
    """The answer, with what keeps its address from search engines, shared browsers and other sites."""
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer

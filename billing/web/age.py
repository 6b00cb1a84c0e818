"""How old a report's figures are, told to whoever reads it: a replica may be a little behind."""

from typing import Any

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from billing.kernel.db import as_of

AS_OF = "Report-As-Of"
BEHIND = "Report-Behind-Seconds"
# How OpenAPI documents them.
HEADERS: dict[str, Any] = {
    AS_OF: {
        "description": "What was recorded until then is in the figures. Absent where nothing can be missing.",
        "schema": {"type": "string", "format": "date-time"},
    },
    BEHIND: {
        "description": "Seconds since then; 0 where nothing is missing.",
        "schema": {"type": "integer", "minimum": 0},
    },
}


def tell_age(answer: Response, session: Session) -> None:
    """Say in the headers of an answer how old its figures are, where they come from a replica."""
    age = as_of(session)
    if age is not None:
        answer.headers[AS_OF] = age.instant.isoformat(timespec="milliseconds")
        answer.headers[BEHIND] = str(age.behind_seconds)

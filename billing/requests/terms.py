"""In how many working days requests are answered: the law's term, or one that the district has set itself.

An application is answered within 15 working days of its receipt (АППК, art. 76). An enterprise is not always
bound by it, and a contract may say less: so the term is a setting, by kind.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.db import district_of
from billing.kernel.errors import InvalidInput
from billing.requests.models import RequestKind, RequestTerm

WORKING_DAYS = 15
WORKING_DAYS_MAX = 30


def terms(session: Session) -> Mapping[RequestKind, int]:
    """The term of each kind, in working days."""
    own = session.execute(select(RequestTerm.kind, RequestTerm.working_days)).all()
    return dict.fromkeys(RequestKind, WORKING_DAYS) | {row.kind: row.working_days for row in own}


def working_days_of(session: Session, kind: RequestKind) -> int:
    """The term of a kind, in working days."""
    return terms(session)[kind]


def set_term(session: Session, kind: RequestKind, working_days: int) -> None:
    """Answer requests of a kind within another term from now on; those that wait keep theirs.

    Raises:
        InvalidInput: not from 1 to 30 working days.
    """
    if not 1 <= working_days <= WORKING_DAYS_MAX:
        raise InvalidInput(field="working_days")
    known = session.get(RequestTerm, (district_of(session), kind), with_for_update=True)
    if known is None:
        known = RequestTerm(district_id=district_of(session), kind=kind)
        session.add(known)
    known.working_days = working_days
    session.flush()

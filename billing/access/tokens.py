"""API tokens: a program acts as a user in one district.

The token is ``auyl_<district>_<secret>``. The number says in which district its hash is looked up; the secret
is random, so a plain SHA-256 of it is kept and nothing that could be guessed.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.access.models import ApiToken, Role, User
from billing.access.service import authenticate_password, get_user, roles_of, workplaces
from billing.kernel.db import district_of, scope
from billing.kernel.errors import InvalidInput, NotFound, Unauthenticated
from billing.kernel.paging import Page, PageRequest, page_of

SECRET_BYTES = 32
_SORTS = {"id": (ApiToken.id,)}


class ExpiryInThePast(InvalidInput):
    """The token would have expired already. Facts: ``field``."""

    code = "expiry_in_the_past"


class SeveralDistricts(InvalidInput):
    """The user works in several districts and named none. Facts: ``field``, ``districts``."""

    code = "several_districts"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody known, in one district.

    Attributes:
        user: who.
        district_id: the rural district he works in now.
        roles: what he may do there; none if his memberships were taken away.
    """

    user: User
    district_id: int
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token at the only moment its text is known.

    Attributes:
        row: what is stored.
        text: what the program sends; shown once.
    """

    row: ApiToken
    text: str


def issue_token(
    session: Session, user_id: UUID, *, label: str, expires_on: date | None, today: date
) -> IssuedToken:
    """Give a user's program a token for the session's district.

    Args:
        expires_on: the last day it works; None for a token that works until it is revoked.

    Raises:
        NotFound: the user is not a member of the district.
        ExpiryInThePast: `expires_on` is before `today`.
    """
    get_user(session, user_id)
    if expires_on is not None and expires_on < today:
        raise ExpiryInThePast(field="expires_on")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    district_id = district_of(session)
    row = ApiToken(
        district_id=district_id,
        user_id=user_id,
        label=label,
        secret_hash=_hash(secret),
        expires_on=expires_on,
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return IssuedToken(row, f"auyl_{district_id}_{secret}")


def issue_for_password(
    session: Session,
    login: str,
    password: str,
    *,
    district_id: int | None = None,
    label: str,
    expires_on: date | None,
    today: date,
) -> IssuedToken:
    """Give a token to whoever knows a user's password; scopes the session to the token's district.

    Args:
        district_id: where it shall work; None for a user who works in only one district.

    Raises:
        Unauthenticated: wrong log-in or password, or he does not work in that district.
        SeveralDistricts: he works in more than one and named none.
        ExpiryInThePast: `expires_on` is before `today`.
    """
    user = authenticate_password(session, login, password)
    known = [place.district.id for place in workplaces(session, user.id)]
    if district_id is None and len(known) > 1:
        raise SeveralDistricts(field="district_id", districts=known)
    chosen = district_id or (known[0] if known else None)
    if chosen is None or chosen not in known:
        raise Unauthenticated
    scope(session, chosen)
    return issue_token(session, user.id, label=label, expires_on=expires_on, today=today)


def revoke_token(session: Session, token_id: UUID, *, at: datetime, owner_id: UUID | None = None) -> None:
    """Let a token work no more; revoking it again changes nothing.

    Args:
        owner_id: whose token it must be; None for any of the district.

    Raises:
        NotFound: no such token, or it is another's.
    """
    token = session.get(ApiToken, (district_of(session), token_id), with_for_update=True)
    if token is None or owner_id not in (None, token.user_id):
        raise NotFound(kind="token", id=token_id)
    if token.revoked_at is None:
        token.revoked_at = at
        session.flush()


def list_tokens(session: Session, *, owner_id: UUID | None, page: PageRequest) -> Page[ApiToken]:
    """Tokens of the district, revoked ones too, the oldest first; `owner_id` limits them to one user's."""
    statement = select(ApiToken)
    if owner_id is not None:
        statement = statement.where(ApiToken.user_id == owner_id)
    return page_of(session, statement, _SORTS, page)


def authenticate(session: Session, secret: str, *, on: date) -> Caller:
    """Whose token this is, in the session's district.

    Raises:
        Unauthenticated: unknown, revoked or expired, or its user is not active any more.
    """
    found = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.secret_hash == _hash(secret), ApiToken.revoked_at.is_(None), User.is_active)
    ).one_or_none()
    if found is None or (found.ApiToken.expires_on is not None and found.ApiToken.expires_on < on):
        raise Unauthenticated
    return Caller(found.User, district_of(session), roles_of(session, found.User.id))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()

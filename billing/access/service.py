"""Users of the program, their roles in districts, and the log of who read personal data.

A user is one person across all districts; his memberships say where he may do what. An administrator works
in his own district only, so he edits no user who is also a member elsewhere: a new password set in one
district would open the other.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from billing.access.models import Membership, PersonalDataAccess, Role, User
from billing.access.passwords import hash_password, is_password
from billing.districts.models import District
from billing.kernel.db import ALL_DISTRICTS, actor_of, district_of, scope
from billing.kernel.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    RuleViolation,
    StaleVersion,
    Unauthenticated,
)
from billing.kernel.ids import new_id
from billing.kernel.paging import Page, PageRequest, page_of
from billing.kernel.shown import Language

_USER_SORTS = {"login": (User.login,), "name": (User.name, User.login)}
_MEMBERSHIP_SORTS = {"user_id": (Membership.user_id, Membership.role)}
_READING_SORTS = {"-read_at": (PersonalDataAccess.read_at, PersonalDataAccess.id)}


class LastAdministrator(RuleViolation):
    """The district would be left without anybody who can manage its users."""

    code = "last_administrator"


class MemberElsewhere(RuleViolation):
    """The user belongs to another district too; only he himself or the command line may change him."""

    code = "member_elsewhere"


class WrongPassword(InvalidInput):
    """The present password is another one. Facts: ``field``."""

    code = "wrong_password"


@dataclass(frozen=True, slots=True)
class Workplace:
    """A district somebody works in, and what he may do there."""

    district: District
    roles: tuple[Role, ...]


def create_user(
    session: Session, login: str, *, name: str, password: str, language: Language = Language.RU
) -> User:
    """Let the program know a person. He may do nothing until he is given a role.

    Args:
        login: short; upper and lower case are the same.

    Raises:
        AlreadyExists: the login is taken, perhaps in another district.
        WeakPassword: the password would be guessed.
    """
    known = normal_login(login)
    if find_user(session, known) is not None:
        raise AlreadyExists(kind="user", field="login", value=known)
    password_hash = hash_password(password, login=known)
    user = User(
        id=new_id(), login=known, name=name, password_hash=password_hash, language=language, is_active=True
    )
    session.add(user)
    session.flush()
    return user


def create_member(
    session: Session,
    login: str,
    *,
    name: str,
    password: str,
    roles: Sequence[Role],
    language: Language = Language.RU,
) -> User:
    """Let the program know a person and give him roles in the session's district.

    Raises:
        AlreadyExists: the login is taken, perhaps in another district.
        WeakPassword: the password would be guessed.
    """
    user = create_user(session, login, name=name, password=password, language=language)
    for role in sorted(set(roles)):
        grant_role(session, user.login, role)
    return user


def normal_login(login: str) -> str:
    """A login as it is kept: case does not matter to people."""
    return login.strip().casefold()


def find_user(session: Session, login: str) -> User | None:
    """The user of a login, of whatever district."""
    return session.scalars(select(User).where(User.login == normal_login(login))).one_or_none()


def get_user(session: Session, user_id: UUID) -> User:
    """A member of the session's district.

    Raises:
        NotFound: no such user here.
    """
    user = session.get(User, user_id)
    if user is None or not roles_of(session, user_id):
        raise NotFound(kind="user", id=user_id)
    return user


def list_users(session: Session, *, page: PageRequest) -> Page[User]:
    """Members of the district, also those who are not active any more."""
    members = select(Membership.user_id)
    return page_of(session, select(User).where(User.id.in_(members)), _USER_SORTS, page)


def edit_user(
    session: Session,
    user_id: UUID,
    *,
    version: int | None,
    name: str | None = None,
    language: Language | None = None,
    is_active: bool | None = None,
) -> User:
    """Change what is known of a member; what is None stays.

    Raises:
        NotFound: no such user here.
        StaleVersion: he was changed since he was read.
        MemberElsewhere: another district counts on him too.
        LastAdministrator: nobody else here could manage users.
    """
    user = _editable(session, user_id)
    if version is not None and version != user.version:
        raise StaleVersion(kind="user", id=user_id, version=user.version)
    if is_active is False and Role.ADMIN in roles_of(session, user_id):
        _require_other_administrator(session, user_id)
    user.name = user.name if name is None else name
    user.language = user.language if language is None else language
    user.is_active = user.is_active if is_active is None else is_active
    session.flush()
    return user


def set_password(session: Session, user_id: UUID, password: str) -> None:
    """Give a member another password, because he forgot his.

    Raises:
        NotFound: no such user here.
        MemberElsewhere: another district would be opened by it.
        WeakPassword: it would be guessed.
    """
    user = _editable(session, user_id)
    user.password_hash = hash_password(password, login=user.login)
    session.flush()


def change_password(session: Session, user: User, *, old: str, new: str) -> None:
    """Let a user choose another password.

    Raises:
        WrongPassword: `old` is not his present one.
        WeakPassword: `new` would be guessed.
    """
    if not is_password(old, user.password_hash):
        raise WrongPassword(field="old_password")
    user.password_hash = hash_password(new, login=user.login)
    session.flush()


def authenticate_password(session: Session, login: str, password: str) -> User:
    """The active user with this login and password.

    Raises:
        Unauthenticated: no such user, another password, or not active; the answer does not say which.
    """
    user = find_user(session, login)
    right = is_password(password, None if user is None else user.password_hash)
    if user is None or not right or not user.is_active:
        raise Unauthenticated
    return user


def roles_of(session: Session, user_id: UUID) -> frozenset[Role]:
    """What a user may do in the session's district."""
    return frozenset(session.scalars(select(Membership.role).where(Membership.user_id == user_id)))


def grant_role(session: Session, login: str, role: Role) -> Membership:
    """Let a user do more in the session's district; granting it again changes nothing.

    Raises:
        NotFound: no such user at all.
    """
    user = find_user(session, login)
    if user is None:
        raise NotFound(kind="user", id=normal_login(login))
    membership = session.get(Membership, (district_of(session), user.id, role))
    if membership is None:
        membership = Membership(district_id=district_of(session), user_id=user.id, role=role)
        session.add(membership)
        session.flush()
    return membership


def list_memberships(session: Session, *, page: PageRequest) -> Page[Membership]:
    """Who may do what in the session's district."""
    return page_of(session, select(Membership), _MEMBERSHIP_SORTS, page)


def revoke_role(session: Session, user_id: UUID, role: Role) -> None:
    """Take a role away in the session's district.

    Raises:
        NotFound: he does not have it.
        LastAdministrator: nobody else here could manage users.
    """
    membership = session.get(Membership, (district_of(session), user_id, role))
    if membership is None:
        raise NotFound(kind="membership", id=user_id)
    if role is Role.ADMIN:
        _require_other_administrator(session, user_id)
    session.execute(
        delete(Membership).where(
            Membership.district_id == district_of(session),
            Membership.user_id == user_id,
            Membership.role == role,
        )
    )


def workplaces(session: Session, user_id: UUID) -> list[Workplace]:
    """Every district a user works in, by number. Looks over the fences, and leaves the session as it was."""
    with region_wide(session):
        found = session.execute(
            select(District, Membership.role)
            .join(Membership, Membership.district_id == District.id)
            .where(Membership.user_id == user_id)
            .order_by(District.id, Membership.role)
        ).all()
    roles: dict[int, list[Role]] = {}
    for district, role in found:
        roles.setdefault(district.id, []).append(role)
    districts = {district.id: district for district, _ in found}
    return [Workplace(districts[number], tuple(held)) for number, held in roles.items()]


def get_district(session: Session, district_id: int) -> District:
    """A district by its number.

    Raises:
        NotFound: there is none.
    """
    district = session.get(District, district_id)
    if district is None:
        raise NotFound(kind="district", id=district_id)
    return district


def log_personal_data_access(
    session: Session, *, subject_kind: str, subject_id: UUID | None, fields: Sequence[str], purpose: str
) -> PersonalDataAccess:
    """Record that the acting user reads unmasked personal data (Law № 94-V of 21.05.2013).

    Args:
        subject_kind: ``customer`` or ``worker``.
        subject_id: whose data; None for a whole list.
        fields: what is read, such as ``iin``.
        purpose: why, in the reader's own words.

    Raises:
        Unauthenticated: nobody acts, so nobody could be named in the log.
    """
    actor_id = actor_of(session)
    if actor_id is None:
        raise Unauthenticated
    reading = PersonalDataAccess(
        district_id=district_of(session),
        user_id=actor_id,
        subject_kind=subject_kind,
        subject_id=subject_id,
        fields=",".join(fields),
        purpose=purpose,
    )
    session.add(reading)
    session.flush()
    return reading


def list_personal_data_accesses(
    session: Session,
    *,
    page: PageRequest,
    user_id: UUID | None = None,
    subject_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[PersonalDataAccess]:
    """The log of readings, the newest first.

    Args:
        user_id: only what this user read.
        subject_id: only readings of this person's data.
        since: from this instant on.
        until: before this instant.
    """
    statement = select(PersonalDataAccess)
    for column, wanted in (
        (PersonalDataAccess.user_id, user_id),
        (PersonalDataAccess.subject_id, subject_id),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if since is not None:
        statement = statement.where(PersonalDataAccess.read_at >= since)
    if until is not None:
        statement = statement.where(PersonalDataAccess.read_at < until)
    return page_of(session, statement, _READING_SORTS, page)


@contextmanager
def region_wide(session: Session) -> Iterator[None]:
    """Look over the fences of all districts, and leave the session as it was."""
    before = session.info.get("district_id")
    session.flush()
    scope(session, ALL_DISTRICTS)
    try:
        yield
    finally:
        if before is None:
            del session.info["district_id"]
        else:
            scope(session, before)


def _editable(session: Session, user_id: UUID) -> User:
    user = get_user(session, user_id)
    if any(place.district.id != district_of(session) for place in workplaces(session, user_id)):
        raise MemberElsewhere
    return user


def _require_other_administrator(session: Session, user_id: UUID) -> None:
    # The district's row is locked: two administrators taking each other's role at once must not both succeed.
    session.execute(select(District.id).where(District.id == district_of(session)).with_for_update())
    others = session.scalar(
        select(func.count())
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .where(Membership.role == Role.ADMIN, Membership.user_id != user_id, User.is_active)
    )
    if not others:
        raise LastAdministrator

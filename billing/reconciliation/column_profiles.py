"""Profiles of spreadsheets' columns that accountants keep, beside the built-in ones."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount
from billing.kernel.checks import line
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists, NotFound
from billing.kernel.rows import check_version, get_row
from billing.reconciliation.formats.profiles import (
    BUILT_IN,
    NAME_LENGTH_MAX,
    ColumnProfile,
    checked_headings,
)
from billing.reconciliation.models import SavedProfile


def save_profile(
    session: Session,
    *,
    name: str,
    headings: Mapping[str, Sequence[str]],
    bank_account_id: UUID | None = None,
    profile_id: UUID | None = None,
    version: int | None = None,
) -> SavedProfile:
    """Keep a profile, or change one.

    Args:
        headings: the names that a column may have, by our field (``formats.profiles.FIELDS``).
        bank_account_id: for a bank whose files do not name the account.
        profile_id: of the profile to change; a new one where not given.
        version: of it that the accountant saw.

    Raises:
        NotFound: no such profile or account.
        StaleVersion: somebody changed it meanwhile.
        InvalidInput: a field that we do not know, or too many names of one.
        ProfileIncomplete, HeadingTwice, InvalidText: see there.
        AlreadyExists: another profile has the name. Nothing is kept.
    """
    name = line(name, field="name", length_max=NAME_LENGTH_MAX)
    checked = checked_headings(headings)
    if bank_account_id is not None:
        get_row(session, BankAccount, bank_account_id, kind="bank_account")
    same = find_same_name(session, name)
    if same is not None and same.id != profile_id:
        raise AlreadyExists(kind="column_profile", field="name", value=name)
    if profile_id is None:
        saved = SavedProfile(district_id=district_of(session), name=name, headings=checked)
        session.add(saved)
    else:
        saved = get_row(session, SavedProfile, profile_id, kind="column_profile", lock=True)
        check_version(saved, version, kind="column_profile")
        saved.name, saved.headings = name, checked
    saved.bank_account_id = bank_account_id
    session.flush()
    return saved


def find_profile(session: Session, name: str) -> SavedProfile:
    """The district's profile with this name.

    Raises:
        NotFound: no such profile.
    """
    saved = find_same_name(session, name.strip())
    if saved is None:
        raise NotFound(kind="column_profile", id=name)
    return saved


def find_same_name(session: Session, name: str) -> SavedProfile | None:
    """The district's profile with exactly this name."""
    return session.scalar(select(SavedProfile).where(SavedProfile.name == name))


def list_profiles(session: Session) -> list[SavedProfile]:
    """The district's profiles, by name."""
    return list(session.scalars(select(SavedProfile).order_by(SavedProfile.name)))


def told_profile(session: Session, saved: SavedProfile) -> ColumnProfile:
    """A kept profile as readers of spreadsheets take it."""
    return _read(saved, _ibans(session))


def profiles_for(
    session: Session, *, profile_id: UUID | None = None, bank_account_id: UUID | None = None
) -> Sequence[ColumnProfile]:
    """The profiles to try on a file: the named one; else the account's, the district's, the built-in ones.

    Raises:
        NotFound: no such profile.
    """
    if profile_id is not None:
        saved = [get_row(session, SavedProfile, profile_id, kind="column_profile")]
        return [_read(each, _ibans(session)) for each in saved]
    found = list_profiles(session)
    found.sort(key=lambda each: each.bank_account_id is None or each.bank_account_id != bank_account_id)
    ibans = _ibans(session) if found else {}
    return [*(_read(each, ibans) for each in found), *BUILT_IN]


def _ibans(session: Session) -> Mapping[UUID, str]:
    return {row.id: row.iban for row in session.execute(select(BankAccount.id, BankAccount.iban))}


def _read(saved: SavedProfile, ibans: Mapping[UUID, str]) -> ColumnProfile:
    headings = {field: tuple(names) for field, names in saved.headings.items()}
    account = ibans[saved.bank_account_id] if saved.bank_account_id else ""
    return ColumnProfile(saved.name, MappingProxyType(headings), account)

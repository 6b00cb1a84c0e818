"""API tokens."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from billing.access import service, tokens
from billing.access.models import ApiToken, Role
from billing.kernel.db import scope
from billing.kernel.errors import NotFound, Unauthenticated
from billing.kernel.paging import PageRequest
from tests.support.districts import DISTRICT_ID, make_district
from tests.support.web import PASSWORD, TODAY, make_user

NOON = datetime(2026, 11, 23, 7, tzinfo=UTC)


def secret_of(issued: tokens.IssuedToken) -> str:
    """What stands behind the district's number."""
    return issued.text.split("_", 2)[2]


def issue(session, user, *, expires_on: date | None = None) -> tokens.IssuedToken:
    """A token of a user."""
    return tokens.issue_token(session, user.id, label="1C", expires_on=expires_on, today=TODAY)


def test_a_token_names_its_user_and_roles(session):
    """The secret is not stored, and whoever shows it is its user with his roles in the district."""
    user = make_user(session, "aigul", Role.CLERK, Role.CASHIER)
    issued = issue(session, user)

    caller = tokens.authenticate(session, secret_of(issued), on=TODAY)

    assert issued.text.startswith(f"auyl_{DISTRICT_ID}_")
    assert secret_of(issued) not in str(issued.row.__dict__)
    assert (caller.user, caller.district_id) == (user, DISTRICT_ID)
    assert caller.roles == {Role.CLERK, Role.CASHIER}


def test_a_token_works_through_its_last_day(session):
    """On the last day it opens, on the next it does not; one that would be over already is not issued."""
    user = make_user(session, "aigul", Role.CLERK)
    issued = issue(session, user, expires_on=TODAY)

    assert tokens.authenticate(session, secret_of(issued), on=TODAY).user is user
    with pytest.raises(Unauthenticated):
        tokens.authenticate(session, secret_of(issued), on=TODAY + timedelta(days=1))
    with pytest.raises(tokens.ExpiryInThePast):
        issue(session, user, expires_on=TODAY - timedelta(days=1))
    assert session.scalar(select(func.count()).select_from(ApiToken)) == 1


def test_a_revoked_token_opens_nothing(session):
    """Only its owner revokes it where one is named; the first moment of revoking stays."""
    user, other = make_user(session, "aigul", Role.CLERK), make_user(session, "bolat", Role.CLERK)
    issued = issue(session, user)

    with pytest.raises(NotFound):
        tokens.revoke_token(session, issued.row.id, at=NOON, owner_id=other.id)
    assert tokens.authenticate(session, secret_of(issued), on=TODAY).user is user

    tokens.revoke_token(session, issued.row.id, at=NOON, owner_id=user.id)
    tokens.revoke_token(session, issued.row.id, at=NOON + timedelta(hours=1))
    assert issued.row.revoked_at == NOON
    with pytest.raises(Unauthenticated):
        tokens.authenticate(session, secret_of(issued), on=TODAY)


def test_an_inactive_users_token_opens_nothing(session):
    """Shutting a user out shuts his programs out."""
    user = make_user(session, "aigul", Role.CLERK)
    issued = issue(session, user)

    service.edit_user(session, user.id, version=None, is_active=False)

    with pytest.raises(Unauthenticated):
        tokens.authenticate(session, secret_of(issued), on=TODAY)


def test_a_token_opens_its_own_district_only(session):
    """The same secret shown in another district is unknown there."""
    issued = issue(session, make_user(session, "aigul", Role.CLERK))
    make_district(session, district_id=2, kato_code="473635000")
    scope(session, 2)

    with pytest.raises(Unauthenticated):
        tokens.authenticate(session, secret_of(issued), on=TODAY)


def test_a_password_gets_a_token_for_the_only_district(session):
    """Who works in one district need not name it; who works in two must; a foreign one is refused."""
    make_user(session, "aigul", Role.CLERK)
    known = {"label": "curl", "expires_on": None, "today": TODAY}

    only = tokens.issue_for_password(session, "aigul", PASSWORD, **known)
    assert only.row.district_id == DISTRICT_ID
    with pytest.raises(Unauthenticated):
        tokens.issue_for_password(session, "aigul", PASSWORD, district_id=2, **known)

    make_district(session, district_id=2, kato_code="473635000")
    scope(session, 2)
    service.grant_role(session, "aigul", Role.AKIM)
    with pytest.raises(tokens.SeveralDistricts) as refusal:
        tokens.issue_for_password(session, "aigul", PASSWORD, **known)
    assert refusal.value.facts == {"field": "district_id", "districts": [1, 2]}
    second = tokens.issue_for_password(session, "aigul", PASSWORD, district_id=2, **known)
    assert second.text.startswith("auyl_2_")


def test_a_user_without_a_district_gets_no_token(session):
    """The right password opens nothing without a role."""
    make_user(session, "aigul")

    with pytest.raises(Unauthenticated):
        tokens.issue_for_password(session, "aigul", PASSWORD, label="x", expires_on=None, today=TODAY)

    assert session.scalar(select(func.count()).select_from(ApiToken)) == 0


def test_tokens_are_listed_for_one_or_for_all(session):
    """A member sees his own, an administrator all of the district."""
    user, other = make_user(session, "aigul", Role.CLERK), make_user(session, "bolat", Role.CLERK)
    first, second = issue(session, user).row, issue(session, other).row

    assert tokens.list_tokens(session, owner_id=user.id, page=PageRequest()).items == [first]
    assert tokens.list_tokens(session, owner_id=None, page=PageRequest()).items == [first, second]

"""Users, their roles, and the log of readings."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from billing.access import service
from billing.access.models import Membership, PersonalDataAccess, Role, User
from billing.access.passwords import WeakPassword
from billing.kernel.db import scope
from billing.kernel.errors import AlreadyExists, NotFound, StaleVersion, Unauthenticated
from billing.kernel.paging import PageRequest
from billing.kernel.shown import Language
from tests.support.districts import DISTRICT_ID, make_district
from tests.support.web import PASSWORD, make_user

FIRST_PAGE = PageRequest()


def count(session, model):
    """Rows of a table."""
    return session.scalar(select(func.count()).select_from(model))


def test_a_new_user_may_do_nothing(session):
    """A person is known by a login in small letters and has no role until he is given one."""
    user = service.create_user(session, " Aigul ", name="Айгүл Серікқызы", password=PASSWORD)

    assert (user.login, user.name, user.language, user.is_active) == ("aigul", "Айгүл Серікқызы", "ru", True)
    assert PASSWORD not in user.password_hash and user.password_hash.startswith("$argon2id$")
    assert service.roles_of(session, user.id) == frozenset()
    with pytest.raises(NotFound):
        service.get_user(session, user.id)


def test_a_login_is_taken_once(session):
    """The same login in other letters is refused; one user stays."""
    make_user(session, "aigul")

    with pytest.raises(AlreadyExists) as refusal:
        make_user(session, "AIGUL")

    assert refusal.value.facts == {"kind": "user", "field": "login", "value": "aigul"}
    assert count(session, User) == 1


@pytest.mark.parametrize(
    "password", ["short-1", "aaaaaaaaaaaa", "xxAIGUL-2026xx", "12121212121212", "x" * 200]
)
def test_a_password_that_would_be_guessed_is_refused(session, password):
    """Too short, too uniform, holding the login or absurdly long: no user is made."""
    with pytest.raises(WeakPassword) as refusal:
        make_user(session, "aigul", password=password)

    assert refusal.value.facts == {"field": "password", "length_min": 10}
    assert count(session, User) == 0


def test_the_password_opens_for_its_user_only(session):
    """Login and password together name the user; a wrong one, nobody's or an inactive user's do not."""
    user = make_user(session, "aigul", Role.ADMIN)
    make_user(session, "bolat", Role.ADMIN)

    assert service.authenticate_password(session, "Aigul", PASSWORD) is user
    for login, password in (("aigul", PASSWORD + "!"), ("nobody", PASSWORD), ("aigul", "")):
        with pytest.raises(Unauthenticated):
            service.authenticate_password(session, login, password)
    service.edit_user(session, user.id, version=None, is_active=False)
    with pytest.raises(Unauthenticated):
        service.authenticate_password(session, "aigul", PASSWORD)


def test_the_own_password_is_changed_with_the_present_one(session):
    """Without the present password nothing changes; with it the new one counts."""
    user = make_user(session, "aigul")

    with pytest.raises(service.WrongPassword):
        service.change_password(session, user, old="something else", new="Жаңа-құпия-77")
    assert service.authenticate_password(session, "aigul", PASSWORD) is user

    service.change_password(session, user, old=PASSWORD, new="Жаңа-құпия-77")
    assert service.authenticate_password(session, "aigul", "Жаңа-құпия-77") is user
    with pytest.raises(Unauthenticated):
        service.authenticate_password(session, "aigul", PASSWORD)


def test_granting_a_role_twice_is_granting_it_once(session):
    """A role is a fact, not a count."""
    user = make_user(session, "aigul", Role.CLERK, Role.CLERK, Role.CASHIER)

    assert service.roles_of(session, user.id) == {Role.CLERK, Role.CASHIER}
    assert count(session, Membership) == 2
    with pytest.raises(NotFound):
        service.grant_role(session, "nobody", Role.CLERK)


def test_the_last_administrator_stays(session):
    """The only one cannot lose the role or be shut out; with a second active one he can."""
    first = make_user(session, "first", Role.ADMIN)
    second = make_user(session, "second", Role.ADMIN)
    service.edit_user(session, second.id, version=None, is_active=False)

    with pytest.raises(service.LastAdministrator):
        service.revoke_role(session, first.id, Role.ADMIN)
    with pytest.raises(service.LastAdministrator):
        service.edit_user(session, first.id, version=None, is_active=False)
    assert service.roles_of(session, first.id) == {Role.ADMIN} and first.is_active

    service.edit_user(session, second.id, version=None, is_active=True)
    service.revoke_role(session, first.id, Role.ADMIN)
    assert service.roles_of(session, first.id) == frozenset()


def test_a_role_not_held_cannot_be_taken(session):
    """Taking away what is not there is refused."""
    user = make_user(session, "aigul", Role.CLERK)

    with pytest.raises(NotFound):
        service.revoke_role(session, user.id, Role.AKIM)

    assert service.roles_of(session, user.id) == {Role.CLERK}


def test_an_edit_changes_only_what_is_named(session):
    """Name and language change, the version counts on, and an edit of an older version is refused."""
    user = make_user(session, "aigul", Role.CLERK)

    service.edit_user(session, user.id, version=1, name="Айгүл Омарова", language=Language.KK)
    assert (user.name, user.language, user.is_active, user.version) == ("Айгүл Омарова", "kk", True, 2)

    with pytest.raises(StaleVersion) as refusal:
        service.edit_user(session, user.id, version=1, name="Басқа")
    assert refusal.value.facts["version"] == 2
    assert user.name == "Айгүл Омарова"


def test_who_works_elsewhere_too_is_not_changed_from_here(session):
    """An administrator cannot open another district by setting a shared user's password."""
    user = make_user(session, "aigul", Role.CLERK)
    make_district(session, district_id=2, kato_code="473635000")
    scope(session, 2)
    service.grant_role(session, "aigul", Role.ADMIN)
    scope(session, DISTRICT_ID)

    with pytest.raises(service.MemberElsewhere):
        service.set_password(session, user.id, "Бөтен-құпия-1")
    with pytest.raises(service.MemberElsewhere):
        service.edit_user(session, user.id, version=None, is_active=False)

    assert service.authenticate_password(session, "aigul", PASSWORD) is user
    assert session.info["district_id"] == DISTRICT_ID


def test_workplaces_are_all_districts_of_a_user(session):
    """Whoever logs in sees every district he has a role in, with his roles."""
    user = make_user(session, "aigul", Role.CLERK, Role.ADMIN)
    make_district(session, district_id=2, kato_code="473635000")
    scope(session, 2)
    service.grant_role(session, "aigul", Role.AKIM)

    places = service.workplaces(session, user.id)

    assert [(place.district.id, place.roles) for place in places] == [
        (DISTRICT_ID, (Role.ADMIN, Role.CLERK)),
        (2, (Role.AKIM,)),
    ]
    assert session.info["district_id"] == 2


def test_members_of_another_district_are_not_seen(session):
    """A user without a role here is no user here."""
    here = make_user(session, "here", Role.CLERK)
    make_district(session, district_id=2, kato_code="473635000")
    scope(session, 2)
    there = make_user(session, "there", Role.CLERK)
    scope(session, DISTRICT_ID)

    assert service.list_users(session, page=FIRST_PAGE).items == [here]
    with pytest.raises(NotFound):
        service.get_user(session, there.id)


def test_readings_of_personal_data_name_the_reader(session):
    """Who read whose what and why is logged, found by reader and subject, and only with a reader."""
    user = make_user(session, "aigul", Role.CLERK)
    with pytest.raises(Unauthenticated):
        service.log_personal_data_access(
            session, subject_kind="customer", subject_id=user.id, fields=["iin"], purpose="салыстыру"
        )
    session.info["actor_id"] = user.id

    first = service.log_personal_data_access(
        session, subject_kind="customer", subject_id=user.id, fields=["iin", "phone"], purpose="салыстыру"
    )
    service.log_personal_data_access(
        session, subject_kind="customer", subject_id=None, fields=["iin"], purpose="тізім"
    )

    assert (first.user_id, first.fields, first.purpose) == (user.id, "iin,phone", "салыстыру")
    assert service.list_personal_data_accesses(session, page=FIRST_PAGE, subject_id=user.id).items == [first]
    assert len(service.list_personal_data_accesses(session, page=FIRST_PAGE, user_id=user.id).items) == 2
    session.refresh(first)
    later = first.read_at + timedelta(seconds=1)
    assert service.list_personal_data_accesses(session, page=FIRST_PAGE, since=later).items == []
    assert len(service.list_personal_data_accesses(session, page=FIRST_PAGE, until=later).items) == 2
    assert count(session, PersonalDataAccess) == 2

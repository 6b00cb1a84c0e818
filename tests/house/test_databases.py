"""The databases that all other tests stand on."""

import pytest
from sqlalchemy import func, inspect, select, text

from billing.districts.models import District
from tests.support.districts import DISTRICT_ID, make_district


def test_an_empty_database_has_no_table(empty_database):
    """What a migration test starts from holds nothing."""
    with empty_database.engine() as engine:
        assert inspect(engine).get_table_names() == []


@pytest.mark.postgresql_only
def test_the_application_has_no_special_rights(database, engine):
    """Row-level security applies to the role the application connects as: it may not pass it by."""
    with engine.connect() as connection:
        rights = connection.execute(
            text(
                "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb"
                " FROM pg_roles WHERE rolname = current_user"
            )
        ).one()
    assert tuple(rights) == (False, False, False, False)
    assert database.kind == "postgresql"


@pytest.mark.parametrize("run", [1, 2])
def test_a_session_leaves_nothing_behind(session, run):
    """Each test sees its own district and none of what the test before it wrote."""
    make_district(session, district_id=2, kato_code="473635000")

    assert session.info["district_id"] == DISTRICT_ID
    assert session.scalars(select(District.id).order_by(District.id)).all() == [DISTRICT_ID, 2]


@pytest.mark.parametrize("run", [1, 2])
def test_sessions_really_commit_into_a_database_of_the_test_own(sessions, engine, run):
    """A second connection sees what a unit of work wrote; the next test does not."""
    with sessions.begin(None) as session:
        make_district(session, district_id=2, kato_code="473635000")

    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(District)) == 2


def test_a_unit_of_work_that_raises_leaves_nothing(sessions, engine):
    """Raising rolls back."""

    def found_and_fail() -> None:
        with sessions.begin(None) as session:
            make_district(session, district_id=2, kato_code="473635000")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        found_and_fail()

    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(District)) == 1

"""The session's fence around a district, wherever in a statement the district's table stands."""

import pytest
from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from billing.access.models import Membership, Role, User
from billing.kernel.db import ALL_DISTRICTS, NotScoped
from billing.kernel.ready import Ready
from tests.support.districts import DISTRICT_ID, make_district
from tests.support.web import make_user

OTHER = aliased(Membership)
STATEMENTS = {
    "itself": select(Membership.user_id),
    "joined": select(User.id).join(Membership, Membership.user_id == User.id),
    "in a sub-query": select(User.id).where(User.id.in_(select(Membership.user_id))),
    "an alias": select(User.id).where(User.id.in_(select(OTHER.user_id))),
    "exists": select(User.id).where(exists().where(Membership.user_id == User.id)),
    "a derived table": select(select(Membership.user_id).subquery().c.user_id),
}


@pytest.fixture
def two_districts(sessions):
    """One clerk in each of two districts."""
    with sessions.begin(None) as session:
        make_district(session, district_id=2, kato_code="473635000")
    for district_id in (DISTRICT_ID, 2):
        with sessions.begin(district_id) as session:
            make_user(session, f"clerk{district_id}", Role.CLERK)
    return sessions


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_every_part_of_a_statement_stays_in_the_district(two_districts, statement):
    """A district sees its own row, region-wide work sees both, and an unscoped session may not ask."""
    for district_id, expected in ((DISTRICT_ID, 1), (2, 1), (ALL_DISTRICTS, 2)):
        with two_districts.begin(district_id) as session:
            assert len(session.execute(statement).all()) == expected
    with two_districts.begin(None) as session, pytest.raises(NotScoped):
        session.execute(statement)


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_a_query_made_once_stays_in_the_district(two_districts, statement):
    """It is asked of one district after the other; of no district and of all of them it may not be asked."""
    query = Ready(statement)
    for district_id in (DISTRICT_ID, 2, DISTRICT_ID):
        with two_districts.begin(district_id) as session:
            [row] = query.rows(session)
            assert session.get_one(User, row[0]).login == f"clerk{district_id}"
    for district_id in (None, ALL_DISTRICTS):
        with two_districts.begin(district_id) as session, pytest.raises(NotScoped):
            query.rows(session)


def test_counting_stays_in_the_district(two_districts):
    """A count that names no column of the table is fenced too."""
    with two_districts.begin(2) as session:
        assert session.scalar(select(func.count()).select_from(Membership)) == 1


def test_tables_without_a_district_need_no_scope(two_districts):
    """Users belong to no district by themselves."""
    with two_districts.begin(None) as session:
        assert session.scalar(select(func.count()).select_from(User)) == 2

"""Districts stay apart: keys refuse a row that points over the fence, queries and PostgreSQL see one side."""

from datetime import date

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from billing.customers.models import Contract, Customer
from billing.districts.models import Enterprise
from billing.kernel.db import ALL_DISTRICTS, NotScoped, scope
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.payments.models import PaymentMethod, Refund
from tests.support.customers import make_customer
from tests.support.districts import (
    DISTRICT_ID,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_district,
    make_enterprise,
)
from tests.support.season import make_season

DAY = date(2026, 1, 1)


@pytest.fixture
def neighbours(sessions):
    """Two districts with an enterprise and a customer each: their ids by district."""
    with sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    ids = {}
    for district_id in (DISTRICT_ID, OTHER_DISTRICT_ID):
        with sessions.begin(district_id) as session:
            ids[district_id] = (make_enterprise(session).id, make_customer(session).id)
    return ids


def contract_row(district_id, enterprise_id, customer_id):
    return {
        "district_id": district_id,
        "id": new_id(),
        "enterprise_id": enterprise_id,
        "customer_id": customer_id,
        "number": "1",
        "signed_on": DAY,
        "starts_on": DAY,
        "version": 1,
    }


def test_the_database_refuses_a_contract_with_the_neighbours_customer(sessions, neighbours):
    """A raw INSERT that points into the other district fails on its foreign key, on both databases."""
    own_enterprise, own_customer = neighbours[DISTRICT_ID]
    _, foreign_customer = neighbours[OTHER_DISTRICT_ID]

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), sessions.begin(DISTRICT_ID) as session:
        session.execute(
            insert(Contract.__table__), contract_row(DISTRICT_ID, own_enterprise, foreign_customer)
        )

    with sessions.begin(ALL_DISTRICTS) as session:
        assert session.scalar(select(func.count()).select_from(Contract)) == 0
        session.execute(insert(Contract.__table__), contract_row(DISTRICT_ID, own_enterprise, own_customer))
        assert session.scalar(select(func.count()).select_from(Contract)) == 1


@pytest.mark.parametrize("column", ["enterprise_id", "customer_id"])
def test_what_repeats_another_key_is_refused_too(sessions, column):
    """A refund of our own payment that names the neighbour's enterprise or customer is not stored."""
    with sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    with sessions.begin(OTHER_DISTRICT_ID) as session:
        foreign = {"enterprise_id": make_enterprise(session).id, "customer_id": make_customer(session).id}
    with sessions.begin(DISTRICT_ID) as session:
        season = make_season(session, DAY)
    refund = {
        "id": new_id(),
        "district_id": DISTRICT_ID,
        "payment_id": season.payment,
        "enterprise_id": season.enterprise,
        "customer_id": season.customer,
        "amount": Money.tenge(1),
        "method": PaymentMethod.BANK,
        "refunded_on": DAY,
        "reason": "сынақ",
    }

    with pytest.raises(IntegrityError), sessions.begin(DISTRICT_ID) as session:
        session.execute(insert(Refund), refund | {column: foreign[column]})
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(func.count(Refund.id))) == 0
        session.execute(insert(Refund), refund)


def test_region_wide_work_cannot_tie_districts_together_either(sessions, neighbours):
    """Who may see all districts still cannot point from one into another."""
    own_enterprise, _ = neighbours[DISTRICT_ID]
    _, foreign_customer = neighbours[OTHER_DISTRICT_ID]

    for district_id in neighbours:
        with pytest.raises(IntegrityError), sessions.begin(ALL_DISTRICTS) as session:
            session.execute(
                insert(Contract.__table__), contract_row(district_id, own_enterprise, foreign_customer)
            )


def test_queries_see_the_sessions_district_only(sessions, neighbours):
    """Entities, columns, counts and sub-queries are fenced; region-wide work sees both sides."""
    own_enterprise, own_customer = neighbours[DISTRICT_ID]
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert [customer.id for customer in session.scalars(select(Customer))] == [own_customer]
        assert session.scalars(select(Enterprise.id)).all() == [own_enterprise]
        assert session.scalar(select(func.count()).select_from(Customer)) == 1
        assert session.scalar(select(func.count()).select_from(select(Customer.id).subquery())) == 1
        assert session.get(Customer, (OTHER_DISTRICT_ID, neighbours[OTHER_DISTRICT_ID][1])) is None

    with sessions.begin(ALL_DISTRICTS, read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 2


def test_an_update_of_everything_reaches_one_district(sessions, neighbours):
    """A forgotten WHERE does not cross the fence."""
    with sessions.begin(DISTRICT_ID) as session:
        session.execute(update(Customer).values(house="99"))

    with sessions.begin(ALL_DISTRICTS, read_only=True) as session:
        houses = dict(session.execute(select(Customer.district_id, Customer.house)).all())
    assert houses == {DISTRICT_ID: "99", OTHER_DISTRICT_ID: "1"}


def test_a_query_nobody_scoped_fails(sessions, neighbours):
    """Forgetting the district is an error, never a view of every district."""
    with sessions.begin(None, read_only=True) as session, pytest.raises(NotScoped):
        session.scalars(select(Customer)).all()


def count_customers(session):
    return session.scalar(text("SELECT count(*) FROM customer"))


@pytest.mark.postgresql_only
def test_postgresql_hides_the_neighbours_rows_from_any_sql(sessions, neighbours):
    """Bare SQL of the application's own role sees one district, both region-wide, and none unscoped."""
    seen = {}
    for district_id in (None, ALL_DISTRICTS, DISTRICT_ID, OTHER_DISTRICT_ID):
        with sessions.begin(district_id, read_only=True) as session:
            seen[district_id] = count_customers(session)
    assert seen == {None: 0, ALL_DISTRICTS: 2, DISTRICT_ID: 1, OTHER_DISTRICT_ID: 1}

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        scope(session, OTHER_DISTRICT_ID)
        assert session.scalar(text("SELECT district_id FROM customer")) == OTHER_DISTRICT_ID


@pytest.mark.postgresql_only
def test_postgresql_refuses_to_write_into_the_neighbours_district(sessions, neighbours):
    """A row for another district than the session's is refused, and an update finds nothing."""
    enterprise_id, customer_id = neighbours[OTHER_DISTRICT_ID]

    with pytest.raises(ProgrammingError, match="row-level security"), sessions.begin(DISTRICT_ID) as session:
        session.execute(
            insert(Contract.__table__), contract_row(OTHER_DISTRICT_ID, enterprise_id, customer_id)
        )

    with sessions.begin(DISTRICT_ID) as session:
        found = session.execute(
            text("UPDATE customer SET house = '99' WHERE district_id = :d RETURNING 1"),
            {"d": OTHER_DISTRICT_ID},
        )
        assert found.all() == []

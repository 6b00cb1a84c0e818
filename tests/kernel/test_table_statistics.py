"""PostgreSQL looks again at tables that bulk work has made larger; SQLite has nothing to look at."""

import pytest
from sqlalchemy import text

from billing.access.models import PersonalDataAccess
from billing.districts.models import KatoPlace
from billing.kernel.bulk import looked_up_by_keys
from billing.kernel.table_statistics import look_again, plan_anew

TABLES = (KatoPlace, PersonalDataAccess)
PAGES = text("SELECT relpages FROM pg_class WHERE relname = 'kato_place'")
ROWS_READ = text("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'grown'")
ROWS_OF_PAGE_MAX = 120  # more of these rows do not go on a page of 8 KiB


def add_places(session, first, count):
    """Places nobody lives in."""
    session.execute(
        text(
            "INSERT INTO kato_place (code, name_ru, name_folded, edition)"
            " VALUES (:code, 'Место без имени и без людей', '', '2022-10-17')"
        ),
        [{"code": f"9{number:08d}"} for number in range(first, first + count)],
    )


@pytest.mark.postgresql_only
def test_what_has_doubled_is_looked_at_again(session):
    """A large table once, then not until it has doubled; a small one, or one that has not grown, never."""
    session.execute(text("ANALYZE kato_place"))  # what other tests took back still fills pages
    many = max(3_000, ROWS_OF_PAGE_MAX * session.scalar(PAGES))
    assert look_again(session, TABLES) == []
    add_places(session, 0, many)
    assert look_again(session, TABLES) == ["kato_place"]
    assert session.scalar(text("SELECT reltuples FROM pg_class WHERE relname = 'kato_place'")) >= many
    more = ROWS_OF_PAGE_MAX * session.scalar(PAGES) // 4
    add_places(session, many, more)
    assert look_again(session, TABLES) == []
    add_places(session, many + more, 5 * more)
    assert look_again(session, TABLES) == ["kato_place"]


@pytest.mark.sqlite_only
def test_sqlite_needs_nothing(session):
    """It is asked nothing."""
    add_places(session, 0, 3_000)

    assert look_again(session, TABLES) == []


@pytest.mark.postgresql_only
def test_references_are_looked_up_anew_by_how_large_their_table_is_now(session):
    """Planned when it was tiny, each look reads all of a table that grew since; planned anew, one row."""
    session.execute(text("CREATE TEMPORARY TABLE grown (id int PRIMARY KEY)"))
    session.execute(text("CREATE TEMPORARY TABLE pointing (id int REFERENCES grown)"))
    session.execute(text("INSERT INTO grown SELECT generate_series(1, 10)"))
    session.execute(text("ANALYZE grown"))
    for _ in range(10):  # after some looks the plan is kept
        session.execute(text("INSERT INTO pointing VALUES (1)"))
    session.execute(text("INSERT INTO grown SELECT generate_series(11, 2000)"))

    def rows_read_by_looks():
        before = session.scalar(ROWS_READ)
        session.execute(text("INSERT INTO pointing SELECT generate_series(1901, 2000)"))
        return session.scalar(ROWS_READ) - before

    assert rows_read_by_looks() > 100_000
    plan_anew(session)
    assert rows_read_by_looks() == 0


def test_keys_and_the_written_order_are_for_the_block_only(session):
    """Behind the block the planner is as free as before, also where a refusal takes a savepoint back."""
    before = planner(session)

    with looked_up_by_keys(session):
        within = planner(session)
    with pytest.raises(ZeroDivisionError), session.begin_nested(), looked_up_by_keys(session):
        raise ZeroDivisionError

    assert planner(session) == before
    assert within == (before if before is None else ("off", "off", "off", "1"))


def planner(session):
    """What PostgreSQL's planner may do; None for SQLite, which has no such settings."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    names = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "join_collapse_limit")
    return tuple(session.scalar(text(f"SHOW {name}")) for name in names)

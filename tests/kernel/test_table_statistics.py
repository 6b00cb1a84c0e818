"""PostgreSQL looks again at tables that bulk work has made larger; SQLite has nothing to look at."""

import pytest
from sqlalchemy import text

from billing.access.models import PersonalDataAccess
from billing.districts.models import KatoPlace
from billing.kernel.table_statistics import look_again

TABLES = (KatoPlace, PersonalDataAccess)
PAGES = text("SELECT relpages FROM pg_class WHERE relname = 'kato_place'")
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

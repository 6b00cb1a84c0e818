"""The databases that all other tests stand on."""

from sqlalchemy import text


def test_an_empty_database_has_no_table(empty_database):
    """What a migration test starts from holds nothing."""
    with empty_database.engine() as engine, engine.connect() as connection:
        if empty_database.kind == "sqlite":
            tables = connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one()
        else:
            tables = connection.execute(
                text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            ).scalar_one()
    assert tables == 0


def test_migrated(session):
    """x."""
    from sqlalchemy import select

    from billing.districts.models import District
    assert len(session.scalars(select(District)).all()) == 1


def test_sess(sessions):
    """x."""
    from sqlalchemy import select

    from billing.districts.models import District
    with sessions.begin(None) as session:
        assert len(session.scalars(select(District)).all()) == 1

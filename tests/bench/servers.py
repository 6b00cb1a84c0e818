"""Where the databases that are measured come from."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, NullPool, create_engine, make_url

from tests.support.databases import Database, PostgresqlDatabases
from tests.support.postgres import Server, given_url


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[PostgresqlDatabases]:
    """Databases of a server of this run, or of the one that ``TEST_DATABASE_URL`` names.

    Args:
        durable: of one that keeps every commit on its disk and looks after its tables, as in production.
    """
    given = given_url()
    server = None if given is not None else Server(durable=durable)
    try:
        databases = PostgresqlDatabases(given or make_url(server.url if server else ""))
        yield databases
        databases.close()
    finally:
        if server is not None:
            server.stop()


@contextmanager
def as_superuser(databases: PostgresqlDatabases, database: Database) -> Iterator[Connection]:
    """Whoever passes through the walls between districts, statement by statement."""
    url = databases.server.set(database=make_url(database.url).database)
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection

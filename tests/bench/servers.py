"""Where the databases that are measured come from."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, make_url

from tests.support.databases import Database, PostgresqlDatabases
from tests.support.postgres import Server, given_url


class Servers:
    """PostgreSQL servers of this run, each started when it is first wanted, or the one that is given.

    ``TEST_DATABASE_URL`` names that one.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def forgetful(self) -> PostgresqlDatabases:
        """Databases in memory: what is measured there is the work of processors."""
        return self._stack.enter_context(_postgresql(durable=False))

    @cached_property
    def durable(self) -> PostgresqlDatabases:
        """Databases that keep every commit on a disk and look after their tables, as in production."""
        return self._stack.enter_context(_postgresql(durable=True))


@contextmanager
def _postgresql(*, durable: bool) -> Iterator[PostgresqlDatabases]:
    given = given_url()
    server = None if given is not None else Server(durable=durable, roomy=True)
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


@contextmanager
def bare_sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    """A file of SQLite without the application, as careful with money as the application is."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    yield connection
    connection.close()

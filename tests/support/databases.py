"""Fresh migrated databases, cheap enough for every test.

The real migrations run once per worker and kind of database; every further database is a copy.
"""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import URL, Engine, NullPool, create_engine, make_url, text

from billing.kernel import migrations
from billing.kernel.db import make_engine
from tests.support.postgres import APPLICATION_ROLE
from tests.support.scratch import scratch_directory

CONNECTIONS_MAX = 60  # more than the 50 clients of the concurrency tests


@dataclass(frozen=True, slots=True)
class Database:
    """One database of a test.

    Attributes:
        kind: ``sqlite`` or ``postgresql``.
        url: for the application's own role.
    """

    kind: str
    url: str

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """An engine that leaves no connection behind."""
        engine = make_engine(self.url, pool_size=CONNECTIONS_MAX)
        try:
            yield engine
        finally:
            engine.dispose()


class SqliteDatabases:
    """Databases as files in a directory of one worker."""

    def __init__(self) -> None:
        self.directory = scratch_directory("sqlite")

    @contextmanager
    def empty(self) -> Iterator[Database]:
        """A database without a table."""
        path = self.directory / f"{uuid.uuid4().hex}.db"
        try:
            yield Database("sqlite", f"sqlite:///{path}")
        finally:
            for file in self.directory.glob(f"{path.name}*"):  # the write-ahead log's files too
                file.unlink()

    @contextmanager
    def migrated(self) -> Iterator[Database]:
        """A database at the newest revision."""
        with self.empty() as database:
            shutil.copyfile(self._template, self.directory / Path(database.url).name)
            yield database

    @cached_property
    def shared_engine(self) -> Engine:
        """An engine on the worker's own migrated database, for tests that roll everything back."""
        path = self.directory / "shared.db"
        shutil.copyfile(self._template, path)
        return make_engine(f"sqlite:///{path}")

    @cached_property
    def _template(self) -> Path:
        path = self.directory / "template.db"
        migrations.upgrade(f"sqlite:///{path}")
        return path

    def close(self) -> None:
        """Remove what lives as long as the worker."""
        if "shared_engine" in vars(self):
            self.shared_engine.dispose()
        shutil.rmtree(self.directory)


class PostgresqlDatabases:
    """Databases of one worker on the run's server, all owned by a role without special rights."""

    def __init__(self, server: URL) -> None:
        self.server = server
        self._prefix = f"auyl_test_{uuid.uuid4().hex[:12]}"
        self._count = 0
        self._existing: set[str] = set()
        self._administration = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._make_role()

    @contextmanager
    def empty(self) -> Iterator[Database]:
        """A database without a table."""
        name = self._create()
        try:
            yield self._database(name)
        finally:
            self._drop(name)

    @contextmanager
    def migrated(self) -> Iterator[Database]:
        """A database at the newest revision."""
        name = self._create(template=self._template)
        try:
            yield self._database(name)
        finally:
            self._drop(name)

    @contextmanager
    def copy_of(self, database: Database) -> Iterator[Database]:
        """Another database with the same rows; nobody may be connected to the first meanwhile."""
        name = self._create(template=make_url(database.url).database or "")
        try:
            yield self._database(name)
        finally:
            self._drop(name)

    @cached_property
    def shared_engine(self) -> Engine:
        """An engine on the worker's own migrated database, for tests that roll everything back."""
        return make_engine(self._database(self._create(template=self._template)).url)

    @cached_property
    def _template(self) -> str:
        name = self._create()
        migrations.upgrade(self._database(name).url)
        return name

    def close(self) -> None:
        """Drop what lives as long as the worker: the server may be somebody's own."""
        if "shared_engine" in vars(self):
            self.shared_engine.dispose()
        for name in sorted(self._existing):
            self._drop(name)

    def _database(self, name: str) -> Database:
        url = self.server.set(username=APPLICATION_ROLE, password=APPLICATION_ROLE, database=name)
        return Database("postgresql", url.render_as_string(hide_password=False))

    def _create(self, template: str = "template0") -> str:
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {APPLICATION_ROLE}")
        self._existing.add(name)
        return name

    def _drop(self, name: str) -> None:
        self._administer(f"DROP DATABASE {name} WITH (FORCE)")
        self._existing.discard(name)

    def _make_role(self) -> None:
        # Another worker may make it at this very moment.
        self._administer(
            f"DO $$ BEGIN CREATE ROLE {APPLICATION_ROLE} LOGIN PASSWORD '{APPLICATION_ROLE}';"
            " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )

    def _administer(self, statement: str) -> None:
        with self._administration.connect() as connection:
            connection.execute(text(statement))

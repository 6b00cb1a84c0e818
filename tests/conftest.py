"""Fixtures of all tests. Whoever asks for a database gets his test run on SQLite and on PostgreSQL.

``session``   one transaction in the test district, rolled back: for services.
``sessions``  the application's own factory on a fresh database: for what only a real commit shows.
``engine``    an engine on the same fresh database; ``database`` is its kind and URL.
``documents``  where the sessions of the test archive documents.
``empty_database``  kind and URL of a database without a table.
``app``, ``office``  the application on a fresh database, and a client with a member's token.

A test takes either ``session`` or one of the others: they are different databases.

A test fails in which a statement of the application brings rows of two districts together.

``@pytest.mark.postgresql_only`` (``sqlite_only``) is for what exists on one of them alone.
"""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Engine, event, make_url
from sqlalchemy.orm import Session

from billing.archive.service import DocumentStore, storing_in
from billing.customers.account_links import signing_with
from billing.invoicing.runs.printing import drawing_late
from billing.kernel.db import Sessions, scope
from tests.support.databases import Database, PostgresqlDatabases, SqliteDatabases
from tests.support.district_watch import WATCH
from tests.support.districts import DISTRICT_ID, make_district
from tests.support.postgres import Server, given_url
from tests.support.web import app, fresh_app, fresh_office, office  # noqa: F401  # fixtures

KINDS = ("sqlite", "postgresql")
SERVER = pytest.StashKey[Server]()

hypothesis.settings.register_profile(
    "house",
    deadline=None,  # a busy build machine is slow, not wrong
    derandomize=True,  # the same examples on every machine; find new ones with --hypothesis-profile=default
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and watch every statement."""
    for kind in KINDS:
        config.addinivalue_line("markers", f"{kind}_only: the test makes sense on {kind} alone")
    event.listen(Engine, "before_cursor_execute", WATCH.look)
    config.pluginmanager.register(WATCH)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker which server is there: the main process starts one for all."""
    node.workerinput["postgresql"] = server_url(node.config)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if this process started it."""
    server = config.stash.get(SERVER, None)
    if server is not None:
        server.stop()
        del config.stash[SERVER]


def server_url(config: pytest.Config) -> str:
    """A superuser's URL of the run's PostgreSQL server, which is started when it is first wanted."""
    if hasattr(config, "workerinput"):
        return str(config.workerinput["postgresql"])
    url = given_url()
    if url is None:
        if SERVER not in config.stash:
            config.stash[SERVER] = Server()
        url = config.stash[SERVER].url
    return url.render_as_string(hide_password=False)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name sets in a fixed order: two workers with other hash seeds must collect the same tests."""
    return "+".join(sorted(map(str, val))) if isinstance(val, set | frozenset) else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs a database on both kinds, or on the one its marker names."""
    if "database_kind" in metafunc.fixturenames:
        only = [kind for kind in KINDS if metafunc.definition.get_closest_marker(f"{kind}_only")]
        metafunc.parametrize("database_kind", only or KINDS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database of this run of the test: ``sqlite`` or ``postgresql``."""
    return str(request.param)


@pytest.fixture(scope="session")
def _sqlite() -> Iterator[SqliteDatabases]:
    databases = SqliteDatabases()
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def _postgresql(request: pytest.FixtureRequest) -> Iterator[PostgresqlDatabases]:
    databases = PostgresqlDatabases(make_url(server_url(request.config)))
    yield databases
    databases.close()


@pytest.fixture
def databases(request: pytest.FixtureRequest, database_kind: str) -> SqliteDatabases | PostgresqlDatabases:
    """Where databases of this kind come from."""
    databases: SqliteDatabases | PostgresqlDatabases = request.getfixturevalue(f"_{database_kind}")
    return databases


@pytest.fixture
def empty_database(databases: SqliteDatabases | PostgresqlDatabases) -> Iterator[Database]:
    """A database of the test's own, without a table."""
    with databases.empty() as database:
        yield database


@pytest.fixture
def database(databases: SqliteDatabases | PostgresqlDatabases) -> Iterator[Database]:
    """A database of the test's own, at the newest revision."""
    with databases.migrated() as database:
        yield database


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """An engine on the test's own database."""
    with database.engine() as engine:
        yield engine


@pytest.fixture
def documents(tmp_path: Path) -> DocumentStore:
    """Where the test's sessions archive documents."""
    return DocumentStore(tmp_path / "documents")


@pytest.fixture
def sessions(engine: Engine, documents: DocumentStore) -> Sessions:
    """Units of work that really commit, in the test's own database, where the test district exists."""
    sessions = Sessions(engine, info=storing_in(documents) | drawing_late() | signing_with("for tests only"))
    with sessions.begin(None) as session:
        make_district(session)
    return sessions


@pytest.fixture
def session(
    request: pytest.FixtureRequest,
    databases: SqliteDatabases | PostgresqlDatabases,
    documents: DocumentStore,
) -> Iterator[Session]:
    """One transaction in the test district, rolled back at the end."""
    assert "database" not in request.fixturenames, (
        "take `session` or `sessions`: they are different databases"
    )
    with Session(databases.shared_engine, expire_on_commit=False) as session:
        session.info.update(storing_in(documents) | drawing_late() | signing_with("for tests only"))
        make_district(session)
        scope(session, DISTRICT_ID)
        yield session
        session.rollback()

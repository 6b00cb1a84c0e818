"""Brings a database to a schema revision: Alembic, configured in code, so that no ``alembic.ini`` is needed.

The revisions lie beside the packages in a source checkout and inside the package in an installed wheel.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool

from billing.kernel.db import make_engine

FILE_TEMPLATE = "%(year)d%(month).2d%(day).2d_%(hour).2d%(minute).2d_%(slug)s"  # files read as history


def directory() -> Path:
    """Where the revisions lie.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    package = Path(__file__).parents[1]
    # An editable install has no copy inside the package, a wheel has none beside it.
    for candidate in (package / "_migrations", package.parent / "migrations"):
        if (candidate / "env.py").is_file():
            return candidate
    raise FileNotFoundError(package / "_migrations")


def make_config(engine: Engine | None = None) -> Config:
    """Alembic's configuration; ``env.py`` finds the engine in its attributes."""
    config = Config()
    for name, value in (
        ("script_location", str(directory())),
        ("file_template", FILE_TEMPLATE),
        ("path_separator", "os"),
        ("timezone", "UTC"),
    ):
        config.set_main_option(name, value.replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


def upgrade(target: Engine | str, revision: str = "head") -> None:
    """Bring a database up to a revision, all of it or nothing.

    Args:
        target: an engine, or the URL of a database.
        revision: a revision's id; the newest by default.
    """
    with _engine_for(target) as engine:
        command.upgrade(make_config(engine), revision)


def downgrade(target: Engine | str, revision: str) -> None:
    """Bring a database down to a revision (``base`` for nothing at all), all of it or nothing.

    Raises:
        RuntimeError: from a revision whose way back would lose records of money.
    """
    with _engine_for(target) as engine:
        command.downgrade(make_config(engine), revision)


def current(target: Engine | str) -> str | None:
    """The revision a database stands at; None for an empty one."""
    with _engine_for(target) as engine, engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def heads() -> list[str]:
    """The newest revisions known to the program: one, unless two branches were merged carelessly."""
    return ScriptDirectory.from_config(make_config()).get_heads()


def write_revision(target: Engine | str, message: str) -> None:
    """Write a new revision file for what differs between the tables in code and an up-to-date database.

    Args:
        target: a database that stands at the newest revision.
        message: what the change does to the data, imperative: "Add the contract's end date".
    """
    with _engine_for(target) as engine:
        command.revision(make_config(engine), message=message, autogenerate=True)


@contextmanager
def _engine_for(target: Engine | str) -> Iterator[Engine]:
    if isinstance(target, Engine):
        yield target
        return
    engine = make_engine(target, poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()

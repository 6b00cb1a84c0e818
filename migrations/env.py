"""Runs the revisions against one database, in one transaction: all of them, or nothing."""

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Engine, TypeDecorator, text

from billing import tables

LOCK_TIMEOUT = "10s"  # a revision that waits longer for a table would hold up every clerk behind it
STATEMENT_TIMEOUT = "15min"
ADVISORY_LOCK = 0x6175796C  # "auyl": two servers that start together migrate one after the other


def render_item(kind: str, item: Any, _: AutogenContext) -> str | bool:
    """Write our own column types as plain ones: a revision must outlive the code of its day."""
    if kind == "type" and isinstance(item, TypeDecorator) and type(item).__module__.startswith("billing."):
        return f"sa.{item.impl_instance!r}"
    return False


def migrate(connection: Connection) -> None:
    """Run what was asked for in one transaction, and look at the references before it is committed."""
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        render_item=render_item,
        render_as_batch=True,
        compare_server_default=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
            connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
            # Of every district: behind their fence a new key would look at no row, and take whatever is there.
            connection.execute(text("SELECT set_config('auyl.district_id', '0', true)"))
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            dangling = connection.execute(text("PRAGMA foreign_key_check")).all()
            if dangling:
                raise RuntimeError(f"rows that point to nothing after the migration: {dangling[:10]}")


def run(engine: Engine) -> None:
    """Migrate over a connection of its own, on SQLite with foreign keys off."""
    with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            migrate(connection)
            return
        # Changing a table on SQLite is dropping and renaming it: with foreign keys on, that empties
        # cascading children. The switch works only outside a transaction, hence the driver's own hands.
        driver = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            migrate(connection)
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


run(context.config.attributes["engine"])

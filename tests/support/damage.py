"""A hand in the database: harm past the triggers, and what ``verify`` finds of it."""

from typing import Any
from uuid import UUID

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from billing.kernel.i18n import Language
from billing.verification.service import CHECKS, counted, verify


def unlock(session: Session, *tables: str) -> None:
    """Let tables be changed: drop their append-only triggers, and PostgreSQL's check of references."""
    for table in (*tables, "transfer"):
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        else:
            for event in ("no_update", "no_delete", "month_open"):
                session.execute(text(f"DROP TRIGGER IF EXISTS {table}_{event}"))


def unbind(session: Session, table: str) -> None:
    """Let rows of a table name whatever they like until the transaction is rolled back."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
        return
    for key in inspect(session.connection()).get_foreign_keys(table):
        session.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{key["name"]}"'))


def harm(session: Session, statement: str, *tables: str, **values: Any) -> None:
    """Change rows past the triggers; fails if it changed none."""
    unlock(session, *tables)
    bound = {name: _stored(session, value) for name, value in values.items()}
    result: Any = session.execute(text(statement), bound)
    assert result.rowcount == 1, result.rowcount
    session.expire_all()


def _stored(session: Session, value: Any) -> Any:
    sqlite = session.get_bind().dialect.name == "sqlite"
    return value.hex if isinstance(value, UUID) and sqlite else value


def found(session: Session) -> dict[str, int]:
    """Codes of the differences, each with how often it was found; each has its three sentences.

    What the tallies have spared is looked for here all the same: they must not have spared anything wrong.
    """
    codes: dict[str, int] = {}
    for difference in verify(session):
        codes[difference.code] = codes.get(difference.code, 0) + 1
        assert difference.district_id == 1
        for language in Language:
            assert "{" not in difference.message(language)
    counts, district = counted(session), {"district": session.info["district_id"]}
    for check in CHECKS:
        if check.is_spared(counts):
            assert session.execute(check.statement(), district).all() == [], check.code
    return codes

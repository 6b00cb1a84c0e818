"""Rows of a file on their way in: a temporary table that each database fills as fast as it can.

What is known already is found there by one statement instead of a query per row. PostgreSQL refuses COPY into
a table with row-level security, and takes it here.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast
from uuid import UUID

import psycopg
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    case,
    delete,
    exists,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Session

from billing.kernel.columns import money_sum
from billing.kernel.money import Money
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.models import StatementRow

ROWS = cast("Table", StatementRow.__table__)
STAGED = Table(
    "staged_statement_row",
    MetaData(),
    *(Column(column.name, column.type, nullable=False) for column in ROWS.columns),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)

Staged = Sequence[Any]  # one value per column of ``ROWS``, in its order


def stage(session: Session, rows: Iterable[Staged]) -> None:
    """Fill the temporary table; what an earlier file left there is gone."""
    connection = session.connection()
    discard(session)
    STAGED.create(connection)
    copy_into(connection, STAGED, rows)


def discard(session: Session) -> None:
    """Let the temporary table go."""
    session.connection().exec_driver_sql(f"DROP TABLE IF EXISTS {STAGED.name}")


def copy_into(connection: Connection, table: Table, rows: Iterable[Staged]) -> None:
    """Write rows that nothing needs to come back from, one at a time through memory: COPY, or executemany.

    Args:
        rows: one value per column of the table, in its order.
    """
    dialect = connection.dialect
    to_driver = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns]
    bound = (
        [value if write is None else write(value) for write, value in zip(to_driver, row, strict=True)]
        for row in rows
    )
    driver = connection.connection.driver_connection
    assert driver is not None
    names = ", ".join(column.name for column in table.columns)
    if isinstance(driver, psycopg.Connection):
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for values in bound:
                copy.write_row(values)
        return
    places = ", ".join("?" for _ in table.columns)
    driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({places})", bound)  # noqa: S608


def forget_known(session: Session) -> None:
    """Drop the staged rows that the account has already."""
    known = exists().where(
        ROWS.c.district_id == STAGED.c.district_id,
        ROWS.c.bank_account_id == STAGED.c.bank_account_id,
        ROWS.c.fingerprint == STAGED.c.fingerprint,
        ROWS.c.occurrence == STAGED.c.occurrence,
    )
    session.execute(delete(STAGED).where(known))


def staged_sum(session: Session) -> tuple[int, Money]:
    """How many rows are staged, and what they moved: in plus, out minus."""
    count, amount = session.execute(select(func.count(), moved(STAGED))).one()
    return count, amount


def keep_staged(session: Session) -> None:
    """Move the staged rows to the statements' own."""
    names = [column.name for column in ROWS.columns]
    session.execute(insert(ROWS).from_select(names, select(*(STAGED.c[name] for name in names))))


def moved(rows: Table) -> ColumnElement[Money]:
    """The sum of rows as the account saw it: in plus, out minus."""
    amount = rows.c.amount
    return money_sum(case((rows.c.direction == Direction.IN, amount), else_=-amount))


def values_of(district_id: int, bank_account_id: UUID, **values: Any) -> Staged:
    """A row's values in the order of the table's columns."""
    found = {"district_id": district_id, "bank_account_id": bank_account_id, **values}
    return [found[column.name] for column in ROWS.columns]

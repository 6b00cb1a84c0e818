"""Reads and writes many rows in one statement: arrays on PostgreSQL, the driver's own batches on SQLite.

SQLAlchemy's ``insert`` spends several times as long on each row as the database does, and psycopg as long on
each element of a list; COPY refuses tables with row-level security. So on PostgreSQL a column travels as one
array (``kernel.arrays``). A single row travels as values: for arrays of any length PostgreSQL keeps no plan.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import (
    JSON,
    ColumnElement,
    Dialect,
    Table,
    Uuid,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.types import TypeEngine, UserDefinedType

from billing.kernel.arrays import Array, array
from billing.kernel.behind import write
from billing.kernel.columns import EnumType, MoneyType
from billing.kernel.db import district_of

_BY_KEYS = text(
    "SELECT set_config('enable_seqscan', :others, true), set_config('enable_hashjoin', :others, true),"
    " set_config('enable_mergejoin', :others, true), set_config('join_collapse_limit', :joins, true)"
)

Row = tuple[Any, ...]  # a value per column, as Python has it
Binder = Callable[[Any], Any]

# Values go as texts: of an integer psycopg chooses the type by its size, and the server would prepare the
# statement for every choice.
_TEXTS: Mapping[str, Callable[[Any], str]] = {
    "UUID": attrgetter("hex"),
    "BIGINT": str,
    "INTEGER": str,
    "SMALLINT": str,
    "BOOLEAN": str,
    "DATE": date.isoformat,
    "TIME WITHOUT TIME ZONE": time.isoformat,
    "TIMESTAMP WITH TIME ZONE": datetime.isoformat,
}


def among(
    session: Session, column: InstrumentedAttribute[Any] | ColumnElement[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """Whether a column is one of many values: ``IN`` with one parameter, however many there are.

    A statement with thousands of parameters takes longer to write and to parse than to run, and both
    databases limit their number.
    """
    connection = session.connection()
    bind = binder_of(column.type, connection.dialect)
    bound = [value if bind is None else bind(value) for value in values]
    if connection.dialect.name == "postgresql":
        element = carried(column.type, connection.dialect)
        return column == func.any(literal(array(bound, element), _ArrayType(element)))
    listed = func.json_each(json.dumps(bound, ensure_ascii=False)).table_valued("value")
    return column.in_(select(listed.c.value))


@contextmanager
def planned_each_time(session: Session) -> Iterator[None]:
    """Let PostgreSQL plan each statement for the values it has; for work whose tables grow by thousands.

    After some repetitions the driver and the database keep one plan for all values. Of an array it knows
    nothing then, and may compare each row of a table with each of its thousands.
    """
    connection = session.connection().connection.dbapi_connection
    if not isinstance(connection, psycopg.Connection):
        yield
        return
    threshold, connection.prepare_threshold = connection.prepare_threshold, None
    try:
        yield
    finally:
        connection.prepare_threshold = threshold


@contextmanager
def looked_up_by_keys(session: Session) -> Iterator[None]:
    """Let PostgreSQL find rows by their keys, and join in the order in which the joins are written.

    For work on thousands of rows of tables that grow meanwhile: nothing is known yet of what such a table
    holds, and the planner would rather go over all of it. To be used within a savepoint, which takes it back
    where the block raises.
    """
    if session.connection().dialect.name != "postgresql":
        yield
        return
    session.execute(_BY_KEYS, {"others": "off", "joins": "1"})
    yield
    session.execute(_BY_KEYS, {"others": "on", "joins": "8"})


def insert_rows(
    session: Session, model: type[DeclarativeBase], columns: Sequence[str], rows: Sequence[Row]
) -> None:
    """Insert rows into a model's table: a single statement, whatever their number.

    Args:
        columns: names of the columns that every row gives, in order; the others take their server's default.
    """
    if not rows:
        return
    session.flush()  # what the new rows point to may still wait in the session
    table = model.__table__
    assert isinstance(table, Table)
    _write(session, table, tuple(columns), rows)


def insert_row_once(
    session: Session, model: type[DeclarativeBase], columns: Sequence[str], row: Row, *, key: Sequence[str]
) -> bool:
    """Insert a row unless one with the same key is there; who inserts it at this moment is waited for.

    Cheaper than a savepoint around an INSERT that may be refused.

    Args:
        key: the columns of a UNIQUE constraint.

    Returns:
        Whether it was inserted.
    """
    session.flush()
    table = model.__table__
    assert isinstance(table, Table)
    connection = session.connection()
    names, dialect = tuple(columns), connection.dialect
    once = f"{_insert_values(table, names, dialect)} ON CONFLICT ({', '.join(key)}) DO NOTHING"
    [values] = _values(table, names, [row], dialect)
    return connection.exec_driver_sql(once, values).rowcount == 1


def lower_rows(
    session: Session, model: type[DeclarativeBase], key: str, columns: Sequence[str], rows: Sequence[Row]
) -> None:
    """Lower columns of a district's rows, each row by its own values: a single statement.

    The CHECKs of the table refuse what cannot be lowered so far. Objects that the session holds already keep
    their old values.

    Args:
        key: the column that tells the rows apart within the district; no row may be given twice.
        rows: the key, then a value per column.
    """
    if not rows:
        return
    session.flush()
    table = model.__table__
    assert isinstance(table, Table)
    assert len({row[0] for row in rows}) == len(rows), "a row given twice would be lowered once"
    connection, district_id = session.connection(), district_of(session)
    dialect, names = connection.dialect, tuple(columns)
    if dialect.name == "postgresql" and len(rows) > 1:
        statement = _lower_arrays(table, key, names, dialect)
        write(session, statement, (*_arrays(table, _by_column((key, *names), rows), dialect), district_id))
        return
    statement = _lower_values(table, key, names, dialect)
    reordered = [(*row[1:], district_id, row[0]) for row in rows]
    values = _values(table, (*names, "district_id", key), reordered, dialect)
    if len(values) == 1:
        write(session, statement, values[0])
    else:
        connection.exec_driver_sql(statement, values)


@lru_cache(maxsize=50)
def _lower_values(table: Table, key: str, columns: tuple[str, ...], dialect: Dialect) -> str:
    place = {name: _place(table, name, dialect) for name in ("district_id", key, *columns)}
    lowered = ", ".join(f"{name} = {name} - {place[name]}" for name in columns)
    return (
        f"UPDATE {table.name} SET {lowered}"  # noqa: S608
        f" WHERE district_id = {place['district_id']} AND {key} = {place[key]}"
    )


@lru_cache(maxsize=50)
def _lower_arrays(table: Table, key: str, columns: tuple[str, ...], dialect: Dialect) -> str:
    names = (key, *columns)
    arrays = ", ".join(f"%s::{carried(table.c[name].type, dialect)}[]" for name in names)
    lowered = ", ".join(f"{name} = {table.name}.{name} - given.{name}" for name in columns)
    return (
        f"UPDATE {table.name} SET {lowered}"  # noqa: S608
        f" FROM unnest({arrays}) AS given ({', '.join(names)})"
        f" WHERE {table.name}.district_id = %s AND {table.name}.{key} = given.{key}"
    )


def _by_column(columns: Sequence[str], rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
    """The values of each column."""
    return dict(zip(columns, zip(*rows, strict=True), strict=True))


def _arrays(table: Table, held: Mapping[str, Sequence[Any]], dialect: Dialect) -> Iterator[Array]:
    """Columns as arrays of their values."""
    for name, values in held.items():
        yield array(_bound_column(_binder(table, name, dialect), values), _carried_by(table, name, dialect))


def _values(table: Table, columns: tuple[str, ...], rows: Sequence[Row], dialect: Dialect) -> list[Row]:
    """Rows as the driver takes them; many column by column, as that is how their values repeat."""
    binders = _binders(table, columns, dialect)
    if len(rows) > 1:
        return list(zip(*map(_bound_column, binders, zip(*rows, strict=True)), strict=True))
    return [
        tuple([value if bind is None else bind(value) for bind, value in zip(binders, row, strict=True)])
        for row in rows
    ]


@lru_cache(maxsize=500)
def _binders(table: Table, columns: tuple[str, ...], dialect: Dialect) -> list[Binder | None]:
    """How each column's values reach the driver when they go as values."""
    binders = [_binder(table, name, dialect) for name in columns]
    if dialect.name != "postgresql":
        return binders
    writers = [_TEXTS.get(_carried_by(table, name, dialect)) for name in columns]
    return [
        bind if write is None else partial(_as_text, bind, write)
        for bind, write in zip(binders, writers, strict=True)
    ]


def _as_text(bind: Binder | None, write: Callable[[Any], str], value: Any) -> str | None:
    bound = value if bind is None else bind(value)
    return None if bound is None else write(bound)


def _bound_column(bind: Binder | None, values: Sequence[Any]) -> Sequence[Any]:
    if bind is None:
        return values
    if _is_one(values):
        return [bind(values[0])] * len(values)
    return [bind(value) for value in values]


def _is_one(values: Sequence[Any]) -> bool:
    """Whether a column holds one value, as most columns of bulk work do."""
    first, last = values[:1], values[-1:]
    return len(values) > 1 and first[0] is last[0] and all(value is first[0] for value in values)


def _write(session: Session, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    connection = session.connection()
    dialect = connection.dialect
    if dialect.name == "postgresql" and len(rows) > 1:
        write(session, *_as_arrays(table, columns, rows, dialect))
        return
    statement, values = _insert_values(table, columns, dialect), _values(table, columns, rows, dialect)
    if len(values) == 1:
        write(session, statement, values[0])
    else:
        connection.exec_driver_sql(statement, values)


@lru_cache(maxsize=200)
def _insert_values(table: Table, columns: tuple[str, ...], dialect: Dialect) -> str:
    places = ", ".join(_place(table, name, dialect) for name in columns)
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608


def _place(table: Table, column: str, dialect: Dialect) -> str:
    """Where a value stands in a statement."""
    if dialect.name != "postgresql":
        return "?"
    kind = table.c[column].type
    return f"%s::{carried(kind, dialect)}" + ("::json" if isinstance(kind, JSON) else "")


def _as_arrays(
    table: Table, columns: tuple[str, ...], rows: Sequence[Row], dialect: Dialect
) -> tuple[str, Row]:
    """An INSERT of many rows: each column is an array, or a value where all rows have the same."""
    held = _by_column(columns, rows)
    # One is an array in any case: it says how many rows there are.
    arrays = tuple(name for name in columns if not _is_one(held[name])) or columns[:1]
    shared = tuple(name for name in columns if name not in arrays)
    [values] = _values(table, shared, [tuple(held[name][0] for name in shared)], dialect)
    given = _arrays(table, {name: held[name] for name in arrays}, dialect)
    return _insert_arrays(table, columns, arrays, dialect), (*values, *given)


@lru_cache(maxsize=500)
def _insert_arrays(table: Table, columns: tuple[str, ...], arrays: tuple[str, ...], dialect: Dialect) -> str:
    kinds = {name: table.c[name].type for name in columns}
    given = ", ".join(f"%s::{carried(kinds[name], dialect)}[]" for name in arrays)
    from_array = {
        name: f"given.{name}" + ("::json" if isinstance(kinds[name], JSON) else "") for name in arrays
    }
    selected = [from_array.get(name) or _place(table, name, dialect) for name in columns]
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)})"  # noqa: S608
        f" SELECT {', '.join(selected)} FROM unnest({given}) AS given ({', '.join(arrays)})"
    )


def carried(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """The element type of the array that carries a column."""
    compiled = kind.compile(dialect)
    # Text without its length, because a cast to VARCHAR(30) would cut what is too long instead of refusing
    # it; and there is no array of JSON to unnest.
    return "TEXT" if compiled.startswith(("VARCHAR", "JSON")) else compiled


@lru_cache(maxsize=2000)
def _carried_by(table: Table, column: str, dialect: Dialect) -> str:
    return carried(table.c[column].type, dialect)


@lru_cache(maxsize=2000)
def _binder(table: Table, column: str, dialect: Dialect) -> Binder | None:
    found = table.c[column]
    if isinstance(found.type, MoneyType) and not found.nullable:
        return attrgetter("tiyn")  # what its own binder says, without calling Python for each row
    return binder_of(found.type, dialect)


def binder_of(kind: TypeEngine[Any], dialect: Dialect) -> Binder | None:
    """How a value reaches the driver; None where it goes as it is."""
    if isinstance(kind, JSON):
        return _to_json
    if isinstance(kind, Uuid) and dialect.name == "sqlite":
        return _to_hex
    bind = kind.dialect_impl(dialect).bind_processor(dialect)
    # An enumeration has few values, and thousands of rows hold them.
    return lru_cache(maxsize=100)(bind) if isinstance(kind, EnumType) and bind is not None else bind


def _to_json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _to_hex(value: UUID | None) -> str | None:
    return None if value is None else f"{value.int:032x}"


class _ArrayType(UserDefinedType[Array]):
    """An array as a parameter of the array's own type."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, element: str) -> None:
        self.element = element

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in SQL."""
        return f"{self.element}[]"

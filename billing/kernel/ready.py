"""Queries that are asked of every payment, put together once: making one takes longer than asking it.

SQLAlchemy needs several times as long to build a ``select``, to fence it and to look up how it is said in SQL
as to send it. A query whose values are parameters is all of that once.
"""

import json
from collections.abc import Collection
from functools import partial
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Dialect, Row, Select, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session, with_loader_criteria
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import iterate, replacement_traverse
from sqlalchemy.types import TypeEngine, UserDefinedType

from billing.kernel.arrays import array
from billing.kernel.bulk import Binder, binder_of, carried
from billing.kernel.db import InDistrict, district_of

# The fence of ``kernel.db`` again, with the district as a parameter.
_FENCE = with_loader_criteria(
    InDistrict, lambda cls: cls.district_id == bindparam("district_id"), include_aliases=True
)
_POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


class Ready:
    """A query of columns within the session's district, its values named parameters."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._lists = _lists_in(statement)
        self._statement = statement.options(_FENCE)
        self._of_one = _with_single_values(statement).options(_FENCE)

    def rows(self, session: Session, **values: Any) -> list[Row[*tuple[Any, ...]]]:
        """All rows for these values.

        Raises:
            NotScoped: the session works in no district, or in all of them.
        """
        session.flush()  # what is asked for may still wait in the session
        values["district_id"] = district_of(session)
        statement = self._statement
        if all(len(values[name]) == 1 for name in self._lists):
            statement = self._of_one
            values |= {name: next(iter(values[name])) for name in self._lists}
        return list(session.connection().execute(statement, values))


def among_given(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """``kernel.bulk.among`` in a query that is put together once: the values come as a parameter."""
    return _Among(column, bindparam(name, type_=_Many(column.type)))


def _lists_in(statement: Select[*tuple[Any, ...]]) -> frozenset[str]:
    """The names of the lists that a query made with ``among_given`` takes."""
    return frozenset(part.given.key for part in iterate(statement) if isinstance(part, _Among))


def _with_single_values(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The query for lists of one value, each given as that value.

    A kept plan for a list of any length is a worse one than for a single value, so PostgreSQL keeps none.
    """
    found = replacement_traverse(statement, {}, _equal)
    assert isinstance(found, Select)
    return found


class _Many(UserDefinedType[Collection[Any]]):
    """Values that travel as one parameter: an array on PostgreSQL, JSON on SQLite."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, element: TypeEngine[Any]) -> None:
        self.element = element

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in SQL, which only PostgreSQL is told."""
        return f"{carried(self.element, _POSTGRESQL)}[]"

    def bind_processor(self, dialect: Dialect) -> Binder:
        """How the values reach the driver."""
        bind = binder_of(self.element, dialect)
        element = carried(self.element, dialect)
        write = partial(array, element=element) if dialect.name == "postgresql" else json.dumps
        return lambda values: write([value if bind is None else bind(value) for value in values])


class _Among(FunctionElement[bool]):
    """Whether a column is one of the values that a parameter carries."""

    inherit_cache = True
    name = "among"

    @property
    def column(self) -> ColumnElement[Any]:
        """Which column."""
        return self.clauses.clauses[0]

    @property
    def given(self) -> BindParameter[Any]:
        """The parameter."""
        given = self.clauses.clauses[1]
        assert isinstance(given, BindParameter)
        return given


def _equal(element: Any, **_: Any) -> ColumnElement[bool] | None:
    if not isinstance(element, _Among):
        return None
    return element.column == bindparam(element.given.key, type_=element.column.type)


@compiles(_Among, "postgresql")
def _among_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, given = (compiler.process(part, **options) for part in (element.column, element.given))
    return f"{column} = ANY ({given})"


@compiles(_Among, "sqlite")
def _among_listed(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, given = (compiler.process(part, **options) for part in (element.column, element.given))
    return f"{column} IN (SELECT value FROM json_each({given}))"  # noqa: S608 - said by the compiler

"""Lists in pages by a cursor: every page costs the same, and rows added meanwhile shift nothing."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Date, Integer, Select, Uuid, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from billing.kernel.columns import InstantType, MoneyType, MonthType
from billing.kernel.dates import Month
from billing.kernel.errors import InvalidInput
from billing.kernel.money import Money

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200

T = TypeVar("T")
Sorts = Mapping[str, Sequence[InstrumentedAttribute[Any]]]


class InvalidCursor(InvalidInput):
    """The cursor was not made by this list in this order."""

    code = "invalid_cursor"


class InvalidSort(InvalidInput):
    """The list cannot be sorted so. Facts: ``sort``, ``allowed``."""

    code = "invalid_sort"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list is wanted.

    Attributes:
        cursor: ``next_cursor`` of the page before; None for the first page.
        limit: rows wanted, at most ``PAGE_SIZE_MAX``.
        sort: one of the sorts, ``-`` in front turns it round; None for the list's own.
    """

    cursor: str | None = None
    limit: int = PAGE_SIZE
    sort: str | None = None


FIRST_PAGE = PageRequest()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of a list, and the cursor of the next page; None on the last one."""

    items: list[T]
    next_cursor: str | None


def page_of(
    session: Session, statement: Select[*tuple[Any, ...]], sorts: Sorts, request: PageRequest
) -> Page[Any]:
    """One page of a statement's rows: its entity, or a row where it selects several columns.

    Args:
        sorts: names to columns that are never NULL; the last column must make the order unique. The first
            sort is the list's own; ``-name`` turns one round, and a list's own sort may be written ``-name``.

    Raises:
        InvalidSort: an unknown sort.
        InvalidCursor: a cursor of another list or order, or garbage.
    """
    sort = request.sort or next(iter(sorts))
    columns = sorts.get(sort) or sorts.get(sort.removeprefix("-")) or sorts.get(f"-{sort}")
    if columns is None:
        raise InvalidSort(sort=sort, allowed=", ".join(sorts))
    descending = sort.startswith("-")
    if request.cursor is not None:
        after = _decode(request.cursor, sort, columns)
        keys, bounds = tuple_(*columns), tuple_(*after)
        statement = statement.where(keys < bounds if descending else keys > bounds)
    ordered = statement.order_by(*(column.desc() if descending else column.asc() for column in columns))
    width = len(statement.column_descriptions)
    limit = min(max(request.limit, 1), PAGE_SIZE_MAX)
    rows = session.execute(ordered.add_columns(*columns).limit(limit + 1)).all()
    items = [row[0] if width == 1 else row[:width] for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items, _encode(sort, rows[limit - 1][-len(columns) :]) if more else None)


def _encode(sort: str, values: Sequence[Any]) -> str:
    texts = [str(value.tiyn) if isinstance(value, Money) else str(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps([sort, *texts]).encode()).decode()


def _decode(cursor: str, sort: str, columns: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    try:
        made_for, *texts = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        if made_for != sort or len(texts) != len(columns):
            raise InvalidCursor(field="cursor")
        return [
            literal(_value(text, column.type), column.type)
            for text, column in zip(texts, columns, strict=True)
        ]
    except (ValueError, TypeError, binascii.Error) as error:
        raise InvalidCursor(field="cursor") from error


def _value(text: str, column_type: Any) -> Any:
    readers: list[tuple[type, Any]] = [
        (MoneyType, lambda tiyn: Money(int(tiyn))),
        (MonthType, Month.parse),
        (InstantType, datetime.fromisoformat),
        (Date, date.fromisoformat),
        (Integer, int),
        (Uuid, UUID),
    ]
    for known, read in readers:
        if isinstance(column_type, known):
            return read(text)
    text.encode()  # half a character (a lone surrogate) is a ValueError here rather than in the driver
    if "\0" in text:
        raise ValueError(text)
    return text

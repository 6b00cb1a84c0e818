"""Arrays of PostgreSQL in its own binary format: a column of thousands of rows is one parameter.

psycopg looks at each element of a list; here an array's elements are all of the column's type, and become
bytes in one pass. The server reads them as they are, where texts would be parsed number by number.

Source of the format: ``array_recv`` and the ``…_recv`` functions of PostgreSQL's types.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_NULL = b"\xff\xff\xff\xff"  # a length of -1
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_length = struct.Struct(">i").pack
_header = struct.Struct(">iiIii").pack  # dimensions, whether there are NULLs, element's type, count, first
_small, _whole, _big = (struct.Struct(f">{size}").pack for size in "hiq")


@dataclass(frozen=True, slots=True)
class Array:
    """An array on its way to the server.

    Attributes:
        oid: of the array's type.
    """

    oid: int
    content: bytes


@dataclass(frozen=True, slots=True)
class _Kind:
    """How elements of a type are written.

    Attributes:
        length: of every element in bytes; None where each has its own.
    """

    oid: int
    array_oid: int
    length: int | None
    write: Callable[[Any], bytes]


def _write_uuid(value: UUID) -> bytes:
    return value.int.to_bytes(16)


@lru_cache(maxsize=1_000)
def _write_date(value: date) -> bytes:
    return _whole(value.toordinal() - _EPOCH_DAY)


def _write_instant(value: datetime) -> bytes:
    return _big((value - _EPOCH) // _MICROSECOND)


def _write_time(value: time) -> bytes:
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return _big(seconds * 1_000_000 + value.microsecond)


_KINDS: Mapping[str, _Kind] = {
    "UUID": _Kind(2950, 2951, 16, _write_uuid),
    "BIGINT": _Kind(20, 1016, 8, _big),
    "INTEGER": _Kind(23, 1007, 4, _whole),
    "SMALLINT": _Kind(21, 1005, 2, _small),
    "BOOLEAN": _Kind(16, 1000, 1, struct.Struct(">?").pack),
    "DATE": _Kind(1082, 1182, 4, _write_date),
    "TIME WITHOUT TIME ZONE": _Kind(1083, 1183, 8, _write_time),
    "TIMESTAMP WITH TIME ZONE": _Kind(1184, 1185, 8, _write_instant),
    "TEXT": _Kind(25, 1009, None, str.encode),
}


def array(values: Sequence[Any], element: str) -> Array:
    """Values of one type, as the driver would take them; None is NULL.

    Args:
        element: the type's name in SQL, in capitals.
    """
    kind = _KINDS[element]
    if not values:
        return Array(kind.array_oid, _header(0, 0, kind.oid, 0, 1)[:12])
    has_null, elements = _elements(values, kind)
    return Array(kind.array_oid, _header(1, has_null, kind.oid, len(values), 1) + elements)


def _elements(values: Sequence[Any], kind: _Kind) -> tuple[bool, bytes]:
    """Whether there are NULLs, and the elements one after the other, each behind its length."""
    first = values[0]
    if first is values[-1] and all(value is first for value in values):
        return first is None, _element(first, kind) * len(values)  # most columns of bulk work hold one value
    if type(None) in set(map(type, values)):  # ``None in values`` asks each of them whether it is equal
        return True, b"".join([_element(value, kind) for value in values])
    written = map(kind.write, values)
    if kind.length is None:
        return False, b"".join([_length(len(each)) + each for each in written])
    length = _length(kind.length)
    return False, length + length.join(written)


def _element(value: Any, kind: _Kind) -> bytes:
    if value is None:
        return _NULL
    written = kind.write(value)
    return _length(len(written)) + written


class _ArrayDumper(Dumper):
    """Hands an array to the server with its type."""

    format = Format.BINARY

    def get_key(self, obj: Array, format: Any) -> Any:  # noqa: A002, ARG002
        """Arrays of each type are dumped by an object of their own, which knows the type."""
        return (self.cls, obj.oid)

    def upgrade(self, obj: Array, format: Any) -> "_ArrayDumper":  # noqa: A002, ARG002
        """That object."""
        dumper = type(self)(self.cls)
        dumper.oid = obj.oid
        return dumper

    def dump(self, obj: Array) -> bytes:
        """The array's bytes."""
        return obj.content


psycopg.adapters.register_dumper(Array, _ArrayDumper)

"""Watches the whole test run: no statement of the application may bring rows of two districts together.

A statement is read once, whatever its parameters; most name one table of a district and are not read at all.
Only PostgreSQL is watched: it is what a country would be spread over, and SQLite runs the same statements.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import sqlglot.errors
from sqlalchemy import Connection

from billing import tables
from tests.support.joined_districts import DISTRICT, Columns, Reading, read

ROOT = Path(__file__).parents[2]
OURS = {str(ROOT / "billing"): True, str(ROOT / "invoices"): True, str(ROOT / "tests"): False}

_TYPE = r"(?:::\w+(?:\(\d+\))?)?"
# What makes, changes or counts a table brings no rows together, unless it fills it at once.
_DEFINITION = re.compile(r"\s*(?:ALTER|ANALYZE|COMMENT|DROP|CREATE(?! (?:\w+ )?TABLE \w+ AS\b))\b")
_LIST = re.compile(rf"\(%\(\w+\)s{_TYPE}(?:, %\(\w+\)s{_TYPE})+\)")
_UNREADABLE = Reading(is_bound=False, parameters=frozenset(), literals=frozenset())


class DistrictWatch:
    """A listener of ``before_cursor_execute``, and the plugin that fails the test.

    Attributes:
        offences: statements of the application that joined across districts, since somebody took them.
    """

    def __init__(self, columns: Columns) -> None:
        self.offences: list[str] = []
        self._columns = columns
        self._readings: dict[str, Reading | None] = {}
        names = sorted((name for name, known in columns.items() if DISTRICT in known), reverse=True)
        self._named = re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?![.\w])")

    def look(
        self, connection: Connection, _cursor: object, sql: str, given: Any, _context: object, _many: bool
    ) -> None:
        """Note the statement if it is one of the application that leaves its district."""
        if connection.dialect.name != "postgresql":
            return
        if sql in self._readings:
            reading = self._readings[sql]
        else:
            reading = self._readings[sql] = self._read(sql)
        if reading is None:
            return
        rounds = given if isinstance(given, list) else [given]
        if not all(map(reading.stays_in_one_district, rounds)) and is_of_the_application(sys._getframe(1)):
            self.offences.append(sql)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """Fail the test in which, or in whose fixtures, the application joined across districts."""
        try:
            yield
        finally:
            offences = self.taken()
        assert not offences, "joins across districts:\n\n" + "\n\n".join(offences)

    def taken(self) -> list[str]:
        """The offences so far; the next look begins anew."""
        taken, self.offences = self.offences, []
        return taken

    def _read(self, sql: str) -> Reading | None:
        """What the statement does; None where it cannot bring two tables together."""
        if len(self._named.findall(sql)) < 2 or _DEFINITION.match(sql):
            return None
        short = _LIST.sub("(NULL)", sql)  # `IN` with three values is the same statement as with four
        if short != sql and short in self._readings:
            return self._readings[short]
        try:
            reading = read(short, self._columns)
        except (AssertionError, sqlglot.errors.SqlglotError):
            reading = _UNREADABLE
        self._readings[short] = reading
        return reading


def is_of_the_application(frame: FrameType | None) -> bool:
    """Whether the nearest code of ours that asked for a statement is the application's, not a test's."""
    for name in _files(frame):
        for folder, is_application in OURS.items():
            if name.startswith(folder):
                return is_application
    return False


def _files(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


# The one of the whole run; a test that provokes it takes what it noted.
WATCH = DistrictWatch({table.name: table.columns.keys() for table in tables.metadata.sorted_tables})

"""Writes behind the caller's back: of thousands of rows while the caller computes, of single rows as one.

Bulk work turns thousands of rows into decisions (our process) and stores them (the database's process). One
after the other leaves one of two cores idle. Within ``writing_behind`` the statements of ``kernel.bulk`` are
handed to a thread, which sends them over the same connection in the given order; every other statement waits
for them first. So nobody reads what is not yet written, and the order of statements is the written one.

A single payment writes to six tables, and each statement costs both processes more than its row. Within
``writing_together`` they are sent as one.
"""

import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from itertools import chain
from typing import Any

import psycopg
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

STATEMENTS_MAX = 24  # that wait; each holds the text of some thousands of rows
# How long a thread that computes keeps the interpreter from one that has just heard from the database. By
# default it is 5 ms, and a statement takes several turns.
_SWITCH = timedelta(microseconds=100)
# Of the interpreter, not of a block: two blocks at once must not leave the short turn behind them.
_USUAL_SWITCH_SECONDS = sys.getswitchinterval()
_INFO_KEY = "billing.kernel.behind"


class _Behind:
    """Statements on their way over one connection."""

    def __init__(self, connection: Connection, thread: ThreadPoolExecutor) -> None:
        self.connection = connection
        self._thread = thread
        self._sent: deque[tuple[str, Future[None]]] = deque()

    def send(self, statement: str, parameters: tuple[Any, ...]) -> None:
        """Hand a statement over; waits while too many are on their way."""
        while len(self._sent) >= STATEMENTS_MAX:
            self._wait_for_one()
        self._sent.append((statement, self._thread.submit(self._execute, statement, parameters)))

    def wait(self) -> None:
        """Wait until all is written.

        Raises:
            DBAPIError: a statement was refused; those after it were not tried.
        """
        while self._sent:
            self._wait_for_one()

    def abandon(self) -> None:
        """Forget what has not been sent yet; afterwards the connection is nobody's."""
        for _, future in self._sent:
            future.cancel()
        self._sent.clear()
        self._thread.submit(int).result()  # what had been begun is over now

    def _wait_for_one(self) -> None:
        statement, future = self._sent.popleft()
        try:
            future.result()
        except psycopg.Error as error:
            self.abandon()
            raise DBAPIError.instance(
                statement, None, error, psycopg.Error, dialect=self.connection.dialect
            ) from error

    def _execute(self, statement: str, parameters: tuple[Any, ...]) -> None:
        driver = self.connection.connection.dbapi_connection
        assert isinstance(driver, psycopg.Connection)
        with driver.cursor() as cursor:
            cursor.execute(statement.encode(), parameters)


@contextmanager
def writing_behind(session: Session) -> Iterator[None]:
    """Let the writes of ``kernel.bulk`` run while the block goes on; all are written when it is left.

    A refusal by the database comes up with the next other statement, or at the block's end. Of a block within
    a block nothing is on its way any more once it was left by an exception. SQLite works in our own process,
    and writes at once.

    Raises:
        DBAPIError: a write was refused. Roll back to before the block.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        yield
        return
    if (outer := session.info.get(_INFO_KEY)) is not None:
        try:
            yield
        except BaseException:
            outer.abandon()
            raise
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="writes") as thread:
        behind = _Behind(connection, thread)

        def wait(*_: object) -> None:
            behind.wait()

        session.info[_INFO_KEY] = behind
        event.listen(connection, "before_cursor_execute", wait)
        sys.setswitchinterval(_SWITCH.total_seconds())
        try:
            yield
            behind.wait()
        finally:
            behind.abandon()
            sys.setswitchinterval(_USUAL_SWITCH_SECONDS)
            del session.info[_INFO_KEY]
            event.remove(connection, "before_cursor_execute", wait)


class _Together:
    """Statements that wait to be sent as one."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []

    def send(self, statement: str, parameters: tuple[Any, ...]) -> None:
        """Let a statement wait."""
        self._waiting.append((statement, parameters))

    def write(self, connection: Connection) -> None:
        """Send what waits."""
        if self._waiting:
            statements, parameters = zip(*self._waiting, strict=True)
            connection.exec_driver_sql(_as_one(statements), tuple(chain.from_iterable(parameters)))


@lru_cache(maxsize=50)
def _as_one(statements: tuple[str, ...]) -> str:
    *others, last = statements
    if not others:
        return last
    return f"WITH {', '.join(f'w{place} AS ({each})' for place, each in enumerate(others))} {last}"


@contextmanager
def writing_together(session: Session) -> Iterator[None]:
    """Send the block's writes of ``kernel.bulk`` with one statement, at its end: for work of single rows.

    Until then nobody sees them, nor does the block itself. References between them are looked up when all are
    there; two of them must not change one row. On SQLite, where nothing travels, each is written at once.

    Raises:
        DBAPIError: a write was refused, and none was done.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql" or _INFO_KEY in session.info:
        yield
        return
    together = session.info[_INFO_KEY] = _Together()
    try:
        yield
    finally:
        del session.info[_INFO_KEY]
    together.write(connection)


def write(session: Session, statement: str, parameters: tuple[Any, ...]) -> None:
    """Execute a statement in the driver's own words of which only the effect matters: now, or later."""
    later: _Behind | _Together | None = session.info.get(_INFO_KEY)
    if later is None:
        session.connection().exec_driver_sql(statement, parameters)
    else:
        later.send(statement, parameters)

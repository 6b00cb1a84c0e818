"""The press: renders documents and keeps them in the store, in several processes where that pays.

What is to be printed is cut into sheaves. The press's other processes take them as they come; whoever asked
does his own work meanwhile, and then prints what nobody has taken. A press without other processes is
therefore the same code, and so is one whose processes could not be started or were killed: a sheaf that does
not come back is printed here.

The processes are fresh interpreters, not forks: a server has threads. They live on what their parent tells
them, and end when he does, however that was.
"""

import logging
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from threading import Condition, Thread
from typing import Any

from sqlalchemy.orm import Session

from billing.archive.store import DocumentStore, Kept
from billing.kernel.db import Sessions

PRESS = "press"  # the press's name in a session's info
PROCESSES = "print_processes"  # in a session's info: how many may print, this one among them
SHEAF = 25  # documents that one process prints before others may take the next ones
STARTS_MAX = 3  # of a process that dies again and again
# An interpreter takes as long to start as a thousand invoices to print.
WORTH_PROCESSES_MIN = 1_000
PRINTER = "billing.archive.printer"

_logger = logging.getLogger(__name__)

Render = Callable[[Any], bytes]


@dataclass(eq=False, slots=True)
class Sheaf:
    """Some documents that one process prints.

    Attributes:
        kept: what became of them; None until they are printed.
        returned: whether another process failed to print them.
    """

    store: DocumentStore
    render: Render
    documents: Sequence[object]
    kept: list[Kept] | None = None
    returned: bool = False

    def print_here(self) -> None:
        """Render the documents and keep them, in this process."""
        self.kept = self.store.print_all(self.render, self.documents)


@dataclass(frozen=True, slots=True)
class Work:
    """What was given to a press at once."""

    press: "Press"
    sheaves: Sequence[Sheaf]

    def kept(self) -> list[Kept]:
        """What was kept of each document, in order; all of them are on disk.

        Raises:
            OSError: the store does not take them.
        """
        while (sheaf := self.press.take_back(self.sheaves)) is not None:
            sheaf.print_here()
        return [each for sheaf in self.sheaves for each in sheaf.kept or ()]


@dataclass(eq=False)
class Press:
    """Processes that print, this one among them. Opened, it starts the others; closed, it ends them."""

    processes: int = 1
    _waiting: deque[Sheaf] = field(default_factory=deque)
    _turn: Condition = field(default_factory=Condition)
    _closed: bool = False
    _servants: list[Thread] = field(default_factory=list)

    def __enter__(self) -> "Press":
        self._servants = [
            Thread(target=self._serve, name=f"press-{number}", daemon=True)
            for number in range(1, self.processes)
        ]
        for servant in self._servants:
            servant.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._turn:
            self._closed = True
            self._turn.notify_all()
        for servant in self._servants:
            servant.join()

    @contextmanager
    def printing(self, store: DocumentStore, render: Render, documents: Iterable[object]) -> Iterator[Work]:
        """Begin to print as the documents come; what nobody began when the block is left will not be."""
        sheaves: list[Sheaf] = []
        coming = iter(documents)
        try:
            while some := list(islice(coming, SHEAF)):
                sheaves.append(Sheaf(store, render, some))
                with self._turn:
                    self._waiting.append(sheaves[-1])
                    self._turn.notify_all()
            yield Work(self, sheaves)
        finally:
            with self._turn:
                self._waiting = deque(each for each in self._waiting if each not in sheaves)

    def take_back(self, sheaves: Sequence[Sheaf]) -> Sheaf | None:
        """A sheaf that nobody prints; waits for those that somebody does; None when all are printed."""
        with self._turn:
            while True:
                for sheaf in sheaves:
                    if sheaf.returned and sheaf.kept is None:
                        return sheaf
                    if sheaf in self._waiting:
                        self._waiting.remove(sheaf)
                        return sheaf
                if all(sheaf.kept is not None for sheaf in sheaves):
                    return None
                self._turn.wait()

    def _serve(self) -> None:
        """Give another process one sheaf after the other; a new one, where it dies."""
        for _ in range(STARTS_MAX):
            try:
                with _started() as printer:
                    while (sheaf := self._next()) is not None:
                        self._print(printer, sheaf)
                return
            except Exception as error:  # whatever became of it: its work is done here
                _logger.warning("a process of the press ended: %s", type(error).__name__)

    def _next(self) -> Sheaf | None:
        with self._turn:
            self._turn.wait_for(lambda: self._closed or self._waiting)
            return None if self._closed else self._waiting.popleft()

    def _print(self, printer: "subprocess.Popen[bytes]", sheaf: Sheaf) -> None:
        kept = None
        try:
            kept = _ask(printer, (sheaf.store, sheaf.render, sheaf.documents))
        finally:
            with self._turn:
                sheaf.kept, sheaf.returned = kept, kept is None
                self._turn.notify_all()


@contextmanager
def _started() -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-P", "-m", PRINTER]
    with subprocess.Popen(  # noqa: S603  # our own interpreter
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as printer:
        assert printer.stdin is not None
        try:
            yield printer
        finally:
            printer.stdin.close()


def _ask(printer: "subprocess.Popen[bytes]", order: object) -> list[Kept] | None:
    assert printer.stdin is not None and printer.stdout is not None
    pickle.dump(order, printer.stdin, pickle.HIGHEST_PROTOCOL)
    printer.stdin.flush()
    kept: list[Kept] | None = pickle.load(printer.stdout)  # noqa: S301  # our own process
    return kept


ALONE = Press()


def press_of(session: Session) -> Press:
    """The press a session works with; by default this process alone."""
    press: Press = session.info.get(PRESS, ALONE)
    return press


@contextmanager
def with_press(sessions: Sessions, *, expected: int) -> Iterator[Sessions]:
    """Units of work with a press of as many processes as the settings say, if it is worth them.

    Those that have a press already keep it.

    Args:
        expected: how many documents will about be printed.
    """
    if PRESS in sessions.info:
        yield sessions
        return
    processes = sessions.info.get(PROCESSES, 1) if expected >= WORTH_PROCESSES_MIN else 1
    with Press(processes) as press:
        yield Sessions(sessions.engine, {**sessions.info, PRESS: press})

"""Turns: threads of one process pass one after the other, in the order in which they came.

SQLite lets one transaction write. Whoever finds it taken sleeps and tries again, ever more seldom, so that of
many threads the late ones pass and an early one may wait for all of them. Here each is woken by the one
before him; against other processes SQLite's own waiting stands as it was.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, get_ident


class Turns:
    """A queue before something that one thread at a time may have."""

    def __init__(self) -> None:
        """Nobody has it, nobody waits."""
        self._guard = Lock()
        self._waiting: deque[Lock] = deque()
        self._is_taken = False
        self._holder: int | None = None

    @contextmanager
    def turn(self, seconds_max: int) -> Iterator[None]:
        """Wait for one's turn, and hold it to the end of the block.

        Whoever has waited as long as he may goes on without it, and whoever has it already has it still: what
        stands behind the queue decides then.
        """
        if self._holder == get_ident() or not self._wait(seconds_max):
            yield
            return
        self._holder = get_ident()
        try:
            yield
        finally:
            self._holder = None
            self._pass_on()

    def _wait(self, seconds_max: int) -> bool:
        """Whether the turn came."""
        mine = Lock()
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=seconds_max):
            return True
        with self._guard:
            if mine not in self._waiting:
                return True  # it came at the last moment
            self._waiting.remove(mine)
            return False

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

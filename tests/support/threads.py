"""Many clients at once, as threads that start together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")

CLIENTS = {"postgresql": 50, "sqlite": 8}  # SQLite has one writer at a time: more would only queue longer


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """The results of ``work(0)`` … ``work(count - 1)``, run in as many threads that start together."""
    barrier = Barrier(count)

    def wait_and_work(number: int) -> T:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(wait_and_work, range(count)))

"""How often the process looks for cycles among its objects."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Objects made since the last look. Bulk work makes hundreds of thousands that stay until its end, and none
# in cycles: with Python's usual 700 the collector walks over all of them again and again.
YOUNG_MAX = 50_000
YOUNGER_ROUNDS_MAX = 20


def collect_rarely() -> None:
    """Look for cycles seldom, for as long as the process lives; called once, where a process begins."""
    gc.set_threshold(YOUNG_MAX, YOUNGER_ROUNDS_MAX, YOUNGER_ROUNDS_MAX)


@contextmanager
def no_collecting() -> Iterator[None]:
    """Look for no cycles while bulk work makes its objects: each look would walk over all of them.

    What nobody points to any more goes at once all the same; cycles wait for the end of the block.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:  # of two blocks at once, the first one that began turns it on again
            gc.enable()

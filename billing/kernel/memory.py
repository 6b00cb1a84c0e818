"""How often the process looks for cycles among its objects."""

import gc

# Objects made since the last look. Bulk work makes hundreds of thousands that stay until its end, and none
# in cycles: with Python's usual 700 the collector walks over all of them again and again.
YOUNG_MAX = 50_000
YOUNGER_ROUNDS_MAX = 20


def collect_rarely() -> None:
    """Look for cycles seldom, for as long as the process lives; called once, where a process begins."""
    gc.set_threshold(YOUNG_MAX, YOUNGER_ROUNDS_MAX, YOUNGER_ROUNDS_MAX)

"""Another process of the press: ``python -m billing.archive.printer``, told what to print by its parent."""

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from billing.archive.store import DocumentStore, Kept


def main() -> None:
    """Print sheaf after sheaf until the parent is gone."""
    # Whoever stops the program at a terminal stops all of it: the parent says when it is time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library says is no answer
    while True:
        try:
            store, render, documents = pickle.load(sys.stdin.buffer)  # noqa: S301  # of our own parent
        except EOFError:
            return
        pickle.dump(_kept(store, render, documents), answers)
        answers.flush()


def _kept(
    store: DocumentStore, render: Callable[[Any], bytes], documents: Sequence[object]
) -> list[Kept] | None:
    """What was kept; None where that failed: the parent tries himself, and meets the reason."""
    try:
        return store.print_all(render, documents)
    except Exception:
        traceback.print_exc()
        return None


if __name__ == "__main__":
    main()

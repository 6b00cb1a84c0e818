"""Processes that kill themselves hard, with SIGKILL, before a statement or commit of their number."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, event

from billing.archive.service import DocumentStore, storing_in
from billing.kernel.db import Sessions, make_engine


def sessions_of(url: str, documents: str) -> Sessions:
    """Units of work whose connections nobody shares with a child; what is compiled may be shared."""
    return Sessions(make_engine(url, poolclass=NullPool), info=storing_in(DocumentStore(Path(documents))))


def die_at(sessions: Sessions, statement: int) -> None:
    """From here on count statements and commits, and die before the one of this number."""
    left = statement

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(sessions.engine, "before_cursor_execute", count)
    event.listen(sessions.engine, "commit", count)


def live_and_die(life: Callable[[], None]) -> None:
    """Live once in a process of its own; a life that ends otherwise than by SIGKILL is an error."""
    child = os.fork()
    if child == 0:
        try:
            life()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"ended with status {status}"

"""The queue of background work, and whoever works it off.

The queue only wakes a worker sooner: what is to be done stands in the database, and a worker looks there
once a minute. A queue that is lost, or a worker that was killed, therefore loses no run.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey, crontab
from huey.consumer import Consumer

from billing.invoicing.runs import service as runs
from billing.invoicing.runs.schedule import districts_with_schedules, start_due
from billing.kernel.clock import ALMATY, now
from billing.kernel.db import ALL_DISTRICTS, Sessions
from billing.kernel.errors import Refusal
from billing.worker.runs import work_off
from billing.worker.uploads import take_up_the_silent

NAME = "auyl"
STALE_AFTER = timedelta(minutes=5)  # many times what a batch takes: then its worker is dead
LOOK_SECONDS_MAX = 1  # how long an idle worker sleeps before it looks into the queue again
END_SECONDS_MAX = 10  # given to a batch when workers are told to end; a later one finds it undone

Left = tuple[int, UUID]  # district and run
_logger = logging.getLogger(__name__)


class Background:
    """A queue at an address: a file's ``sqlite:///…``, ``redis://…``, or ``postgresql://…``.

    Opened when it is first used: a process that never bills in the background never touches it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.sessions: Sessions | None = None

    @cached_property
    def huey(self) -> Huey:
        """The queue itself."""
        return _open(self.url)

    @cached_property
    def bill(self) -> Any:
        """The task of working a run off: calling it puts it into the queue."""
        return self.huey.task(name="bill")(self._bill)

    def wake(self, district_id: int, run_id: UUID) -> None:
        """Call a worker to a run. A queue that cannot be reached is no fault: workers look by themselves."""
        try:
            self.bill(district_id, str(run_id))
        except Exception:
            _logger.exception("the queue of background work does not answer")

    def workers(
        self,
        sessions: Sessions,
        *,
        threads: int = 1,
        send: Callable[[], object] = lambda: None,
        ask: Callable[[], object] = lambda: None,
    ) -> Consumer:
        """Workers that work the queue off in threads: ``run()`` them, or ``start()`` them beside a server.

        Args:
            send: sends what the outbox holds; called once a minute.
            ask: asks banks about card payments; called once a minute.
        """
        self.sessions = sessions
        assert self.bill  # known before the first task comes
        self.huey.periodic_task(crontab(), name="look_round")(self._look_round)
        self.huey.periodic_task(crontab(), name="send")(send)
        self.huey.periodic_task(crontab(), name="ask")(ask)
        return BesideConsumer(
            self.huey, workers=threads, max_delay=LOOK_SECONDS_MAX, shutdown_timeout=END_SECONDS_MAX
        )

    def _bill(self, district_id: int, run_id: str) -> None:
        assert self.sessions is not None
        bill_if_left(self.sessions, district_id, UUID(run_id))

    def _look_round(self) -> None:
        assert self.sessions is not None
        for district_id, run_id in look_round(self.sessions):
            self.wake(district_id, run_id)
        take_up_the_silent(self.sessions)


class BesideConsumer(Consumer):  # type: ignore[misc]  # huey has no types
    """Workers beside a server, whose process already knows what to do with signals."""

    def _set_signal_handlers(self) -> None:
        return


def look_round(sessions: Sessions) -> list[Left]:
    """Start what is scheduled for now; the runs of all districts that nobody works on, these among them."""
    with sessions.begin(ALL_DISTRICTS, read_only=True) as session:
        scheduling = districts_with_schedules(session)
    for district_id in scheduling:
        with sessions.begin(district_id) as session:
            start_due(session, now().astimezone(ALMATY))
    with sessions.begin(ALL_DISTRICTS, read_only=True) as session:
        left = runs.runs_left(session, stale_before=now() - STALE_AFTER)
    return [(run.district_id, run.id) for run in left]


def bill_if_left(sessions: Sessions, district_id: int, run_id: UUID) -> None:
    """Work a run off, unless somebody else does or it is finished; one that is refused is halted."""
    try:
        for _ in work_off(sessions, district_id, run_id, stale_before=now() - STALE_AFTER):
            continue
    except Refusal as refusal:
        _logger.warning("run %s of district %s was halted: %s", run_id, district_id, refusal)


def _open(url: str) -> Huey:
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        return SqliteHuey(NAME, filename=str(path), results=False, fsync=False)
    if url.startswith("redis"):
        return RedisHuey(NAME, url=url, results=False)
    return PostgresHuey(NAME, dsn=url, results=False)

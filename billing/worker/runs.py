"""Works off a billing run, one unit of work per batch; whoever is killed is followed by another."""

import os
import socket
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import OperationalError

from billing.archive.press import with_press
from billing.invoicing.runs import service as runs
from billing.invoicing.runs.models import BillingRun, RunStage
from billing.kernel.clock import now
from billing.kernel.db import Sessions, is_repeatable
from billing.kernel.errors import Refusal

ATTEMPTS_MAX = 5


def name_of_process() -> str:
    """By which people find the process that works on a run."""
    return f"{socket.gethostname()}:{os.getpid()}"[:100]


def work_off(
    sessions: Sessions,
    district_id: int,
    run_id: UUID,
    *,
    batch_size: int = runs.BATCH_SIZE,
    stale_before: datetime | None = None,
) -> Iterator[BillingRun]:
    """Take up a run and do its batches until it is finished; yields it after each.

    Args:
        stale_before: leave the run alone if its worker was heard of since; None works beside him, in turns.

    Raises:
        NotFound: no such run.
        Refusal: what no contract can be billed for; the run is halted with this reason.
    """
    with sessions.begin(district_id) as session:
        if stale_before is not None and not runs.is_left(session, run_id, stale_before=stale_before):
            return
        run = runs.take_up(session, run_id, worker=name_of_process(), now=now())
    yield run
    while not run.is_finished and run.stage is not RunStage.PAPERS:
        try:
            run = _next_batch(sessions, run, batch_size)
        except Refusal as refusal:
            with sessions.begin(district_id) as session:
                runs.halt(session, run_id, refusal)
            raise
        yield run
    with with_press(sessions, expected=run.invoices - run.printed) as printing:
        while not run.is_finished:
            run = _next_batch(printing, run, batch_size)
            yield run


def _next_batch(sessions: Sessions, run: BillingRun, batch_size: int) -> BillingRun:
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            # On behalf of whoever asked for the run, whichever process happens to do it.
            with sessions.begin(run.district_id, actor_id=run.recorded_by) as session:
                return runs.go_on(session, run.id, now=now(), batch_size=batch_size)
        except OperationalError as error:
            if not is_repeatable(error) or attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError

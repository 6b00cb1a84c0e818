"""A program that works a billing run off until it is killed hard in the middle of it.

``python -m tests.support.runner URL DOCUMENTS RUN STATEMENT…`` takes the run up once for each number given,
and each time kills itself with SIGKILL before the statement, or the commit, of that number. Another process
prints some of the invoices.
"""

import sys
from uuid import UUID

from billing.archive import press as presses
from billing.archive.service import STORE
from billing.kernel.db import Sessions
from billing.worker.runs import work_off
from tests.support.districts import DISTRICT_ID
from tests.support.dying import die_at, live_and_die, sessions_of
from tests.support.printing import at_work

BATCH_SIZE = 4
SHEAF = 1  # invoices: so that a batch this small is printed by two


def work_until_killed(sessions: Sessions, run_id: UUID, statement: int) -> None:
    """Work on the run; comes back only if it ends before the statement."""
    presses.SHEAF = SHEAF
    with at_work(sessions.info[STORE]) as press:
        die_at(sessions, statement)
        printing = Sessions(sessions.engine, {**sessions.info, presses.PRESS: press})
        for _ in work_off(printing, DISTRICT_ID, run_id, batch_size=BATCH_SIZE):
            continue


def main(url: str, documents: str, run_id: str, *statements: str) -> None:
    """Work and die once per number."""
    sessions = sessions_of(url, documents)
    for statement in map(int, statements):
        live_and_die(lambda: work_until_killed(sessions, UUID(run_id), statement))  # noqa: B023 - called at once


if __name__ == "__main__":
    main(*sys.argv[1:])

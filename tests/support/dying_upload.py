"""Whoever takes a large statement in and is killed hard in the middle of it.

``python -m tests.support.dying_upload URL DOCUMENTS UPLOAD STATEMENT…`` takes the upload up once for each
number given, and each time kills itself with SIGKILL before the statement, or the commit, of that number.
"""

import sys
from uuid import UUID

from billing.kernel.db import Sessions
from billing.worker.uploads import work_off
from tests.support.districts import DISTRICT_ID
from tests.support.dying import die_at, live_and_die, sessions_of


def work_until_killed(sessions: Sessions, upload_id: UUID, statement: int) -> None:
    """Take the upload up; does not come back where it has more statements than that."""
    die_at(sessions, statement)
    work_off(sessions, DISTRICT_ID, upload_id)


def main(url: str, documents: str, upload: str, *statements: str) -> None:
    """Work and die once per number; a life that ends otherwise is an error."""
    sessions = sessions_of(url, documents)
    for statement in map(int, statements):
        live_and_die(lambda: work_until_killed(sessions, UUID(upload), statement))  # noqa: B023 - called at once


if __name__ == "__main__":
    main(*sys.argv[1:])

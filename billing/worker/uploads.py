"""Takes large files in after the answer, in a thread of the process that got them, or of whichever lives."""

import logging
from threading import Thread
from uuid import UUID

from billing.kernel.clock import now, today
from billing.kernel.db import ALL_DISTRICTS, Sessions
from billing.kernel.errors import Refusal
from billing.reconciliation import uploads

_logger = logging.getLogger(__name__)


def work_off(sessions: Sessions, district_id: int, upload_id: UUID) -> None:
    """Take a waiting upload's file in, or write down why not. Whatever was done already stays done."""
    _say_alive(sessions, district_id, upload_id, 0, None)
    with sessions.begin(district_id, read_only=True) as session:
        actor_id = uploads.get_upload(session, upload_id).recorded_by
    # PostgreSQL shows the way meanwhile; SQLite has one writer, who is busy with the file itself.
    progress = None
    if sessions.engine.dialect.name == "postgresql":

        def progress(done: int, total: int) -> None:
            _say_alive(sessions, district_id, upload_id, done, total)

    try:
        with sessions.begin(district_id, actor_id=actor_id) as session:
            upload = uploads.take_up(session, upload_id)
            if upload is not None:
                uploads.finish(session, upload, taken_in_on=today(), progress=progress)
    except Refusal as refusal:
        with sessions.begin(district_id, actor_id=actor_id) as session:
            uploads.refuse(session, upload_id, refusal)


def work_off_later(sessions: Sessions, district_id: int, upload_id: UUID) -> Thread:
    """Do the same in a thread of its own."""

    def run() -> None:
        try:
            work_off(sessions, district_id, upload_id)
        except Exception:
            # It waits on, and is taken up again: by whoever asks for it, or at the next start.
            _logger.exception("upload %s was not taken in", upload_id)

    thread = Thread(target=run, name=f"upload-{upload_id}", daemon=True)
    thread.start()
    return thread


def take_up_the_silent(sessions: Sessions) -> None:
    """Take up the uploads of which nobody was heard for a while, one after the other."""
    with sessions.begin(ALL_DISTRICTS, read_only=True) as session:
        silent = uploads.waiting_uploads(session, silent_at=now())
    for district_id, upload_id in silent:
        work_off(sessions, district_id, upload_id)


def work_off_what_waits(sessions: Sessions) -> Thread:
    """Take up, one after the other, what a process before this one left: at the start of a server."""

    def run() -> None:
        with sessions.begin(ALL_DISTRICTS, read_only=True) as session:
            waiting = uploads.waiting_uploads(session)
        for district_id, upload_id in waiting:
            work_off_later(sessions, district_id, upload_id).join()

    thread = Thread(target=run, name="uploads", daemon=True)
    thread.start()
    return thread


def _say_alive(sessions: Sessions, district_id: int, upload_id: UUID, done: int, total: int | None) -> None:
    with sessions.begin(district_id) as session:
        uploads.say_alive(session, upload_id, now=now(), done=done, total=total)

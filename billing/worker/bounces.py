"""Takes what mail servers send back out of the folder in which it arrives."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from billing.kernel.clock import now
from billing.kernel.db import ALL_DISTRICTS, Sessions
from billing.outbox import service as outbox
from billing.outbox.models import Delivery

# A maildir has these; other folders have the messages themselves.
SUBFOLDERS = ("", "new", "cur")
DONE = "returned"  # where reports lie that were read
SIZE_MAX = 5_000_000  # of a message in bytes; a report gives back one letter


@dataclass(frozen=True, slots=True)
class Read:
    """What was found.

    Attributes:
        returned: letters that came back.
        known: reports of what was known already.
        foreign: messages that are no report of ours; they stay where they are, for people.
    """

    returned: int = 0
    known: int = 0
    foreign: int = 0


def read_bounces(sessions: Sessions, folder: Path) -> Read:
    """Read every report in a folder or maildir, note whose mailbox it is about, and put it away.

    Noted before it is put away: whoever dies in between meets it again, and that changes nothing.
    """
    counts = {True: 0, False: 0, None: 0}
    for path in list(_messages(folder)):
        news = _note(sessions, path)
        counts[news] += 1
        if news is not None:
            done = folder / DONE
            done.mkdir(exist_ok=True)
            path.replace(done / path.name)
    return Read(counts[True], counts[False], counts[None])


def _messages(folder: Path) -> Iterator[Path]:
    for name in SUBFOLDERS:
        subfolder = folder / name
        if subfolder.is_dir():
            yield from sorted(
                path for path in subfolder.iterdir() if path.is_file() and not path.name.startswith(".")
            )


def _note(sessions: Sessions, path: Path) -> bool | None:
    """Whether a report was news; None if it is none of ours."""
    if path.stat().st_size > SIZE_MAX:
        return None
    returned = outbox.read_report(path.read_bytes())
    if returned is None:
        return None
    district_id = _district_of(sessions, returned.delivery_id)
    if district_id is None:
        return None
    with sessions.begin(district_id) as session:
        return outbox.bounce(session, returned.delivery_id, reason=returned.reason, now=now())


def _district_of(sessions: Sessions, delivery_id: UUID) -> int | None:
    with sessions.begin(ALL_DISTRICTS, read_only=True) as session:
        return session.scalar(
            select(Delivery.district_id).where(Delivery.id == delivery_id, Delivery.mailbox.is_not(None))
        )

"""Slows guessing down: attempts to log in are counted in the database, so that all processes count together.

An attempt is counted before its secret is looked at, and taken back when the secret was right: many who
guess at once are counted one after the other, on the row of what they guess at.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from billing.access.models import LogInTally
from billing.kernel.db import insert_into
from billing.kernel.errors import Refusal

COUNTED_FOR = timedelta(minutes=15)
SWEPT_AT_ONCE = 100
# Whoever holds an IPv6 connection has as many addresses as he likes, all of one network.
IPV6_NETWORK_BITS = 64

_TABLE: Any = LogInTally.__table__


class TooManyAttempts(Refusal):
    """Somebody guesses; nothing was looked at. Facts: ``minutes`` to wait."""

    code = "too_many_attempts"


@dataclass(frozen=True, slots=True)
class Guessed:
    """What attempts are counted at.

    Attributes:
        name: says what it is, ``account 47363900019``; it is stored as a hash.
        attempts_max: as many are looked at until the time is over.
        counted_for: from the first of them.
    """

    name: str
    attempts_max: int
    counted_for: timedelta = COUNTED_FOR

    @property
    def sha256(self) -> str:
        """The row's key."""
        return hashlib.sha256(self.name.encode()).hexdigest()


def network_of(address: str) -> str:
    """Where a caller comes from, as one who guesses cannot change it at will; what is no address stays."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(known if known.version == 4 else ip_network((known, IPV6_NETWORK_BITS), strict=False))


def count_attempt(session: Session, *guessed: Guessed, at: datetime) -> None:
    """Count an attempt at each of these, and hold them until the end of the transaction.

    Callers name them in one order, the widest first: nobody can block crosswise.

    Raises:
        TooManyAttempts: one of them has had its attempts for now.
    """
    _sweep(session, at)
    for each in guessed:
        attempts, ends_at = _counted(session, each, at)
        if attempts > each.attempts_max:
            raise TooManyAttempts(minutes=-((at - ends_at) // timedelta(minutes=1)))


def forget_attempts(session: Session, guessed: Guessed) -> None:
    """Begin to count anew: it was not a guess."""
    session.execute(delete(_TABLE).where(_TABLE.c.subject_sha256 == guessed.sha256))


def take_attempt_back(session: Session, guessed: Guessed) -> None:
    """Count one less: it was not a guess. What others tried from there stays counted."""
    session.execute(
        update(_TABLE)
        .where(_TABLE.c.subject_sha256 == guessed.sha256, _TABLE.c.attempts > 0)
        .values(attempts=_TABLE.c.attempts - 1)
    )


def _counted(session: Session, guessed: Guessed, at: datetime) -> tuple[int, datetime]:
    is_over = _TABLE.c.ends_at <= at
    ends_at = at + guessed.counted_for
    row = {"subject_sha256": guessed.sha256, "attempts": 1, "ends_at": ends_at}
    counted = session.execute(
        insert_into(session, _TABLE)
        .values(row)
        .on_conflict_do_update(
            index_elements=[_TABLE.c.subject_sha256],
            set_={
                "attempts": case((is_over, 1), else_=_TABLE.c.attempts + 1),
                "ends_at": case((is_over, ends_at), else_=_TABLE.c.ends_at),
            },
        )
        .returning(_TABLE.c.attempts, _TABLE.c.ends_at)
    ).one()
    return counted.attempts, counted.ends_at


def _sweep(session: Session, at: datetime) -> None:
    """Drop a few tallies that are over, leaving alone what others hold: guesses must not fill the disk."""
    over = (
        select(_TABLE.c.subject_sha256)
        .where(_TABLE.c.ends_at <= at)
        .limit(SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(_TABLE).where(_TABLE.c.subject_sha256.in_(over)))

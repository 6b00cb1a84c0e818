"""A standby of PostgreSQL that reports are read from: how far behind it is, and when it is left alone."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

RETRY_SECONDS: Final = 30
# A machine that is switched off does not even refuse; a report waits this long before it is read elsewhere.
CONNECT_SECONDS_MAX: Final = 3
SILENT_MILLISECONDS_MAX: Final = 10_000

_POSITION = text("SELECT CAST(pg_current_wal_lsn() AS text)")
# What is replayed is compared with where the primary stood a moment ago, because the time of the last
# transaction alone says nothing: it is long ago on a quiet night as well as on a standby that is cut off.
_STANDING = text("""
    SELECT pg_is_in_recovery() AS is_standby, clock_timestamp() AS now,
           pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn) AS shows_all,
           pg_last_xact_replay_timestamp() AS replayed_at
""")

_logger = logging.getLogger(__name__)


class ReplicaLost(RuntimeError):
    """The replica failed in the middle of a report; the same report again can be read from the primary."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """How old the figures of a replica are.

    Attributes:
        instant: what was committed until then is in them.
        behind_seconds: since then; 0 where nothing is missing.
    """

    instant: datetime
    behind_seconds: int


class Replica:
    """A standby, and whether it is worth asking."""

    def __init__(self, engine: Engine, *, retry_seconds: int = RETRY_SECONDS) -> None:
        """Remember the engine.

        Args:
            retry_seconds: how long a lost replica is left alone.
        """
        self.engine = engine
        self.retry_seconds = retry_seconds
        self._lost_until: int | None = None  # by the machine's own count of seconds, not by a clock

    @property
    def is_lost(self) -> bool:
        """Whether reports come from the primary because the replica did not answer."""
        return self._lost_until is not None

    def is_worth_asking(self) -> bool:
        """Whether to try it now. Of a lost one, one caller in a while is told so, and nobody else waits."""
        if self._lost_until is None:
            return True
        if _seconds() < self._lost_until:
            return False
        self._lost_until = _seconds() + self.retry_seconds
        return True

    def as_of(self, connection: Connection, position: str) -> AsOf | None:
        """How old the replica's figures are; None where that cannot be said, so that it must not be read.

        Args:
            connection: to the replica.
            position: of the primary, by ``position_of``, taken before.
        """
        row = connection.execute(_STANDING, {"position": position}).one()
        if not row.is_standby:
            self.lose("it is no standby")
            return None
        if self.is_lost:
            self._lost_until = None
            _logger.warning("the read replica answers again")
        if row.shows_all:
            return AsOf(row.now, 0)
        if row.replayed_at is None:  # started a moment ago, and has not seen a transaction end
            return None
        # Something is missing, so never 0; and the two machines' clocks may differ by a little.
        return AsOf(row.replayed_at, max(1, int((row.now - row.replayed_at).total_seconds())))

    def lose(self, why: object) -> None:
        """Leave the replica alone for a while: reports are read from the primary."""
        if not self.is_lost:
            _logger.warning("the read replica is lost, reports are read from the primary: %s", why)
        self._lost_until = _seconds() + self.retry_seconds

    def note(self, error: DBAPIError) -> None:
        """Take note of what stopped a report: only a lost connection means that the replica is lost."""
        if error.connection_invalidated:
            self.lose(error.orig)


def position_of(primary: Connection) -> str:
    """Up to where a primary has written its log: what is committed now lies before that."""
    return str(primary.scalar(_POSITION))


def _seconds() -> int:
    return time.monotonic_ns() // 1_000_000_000

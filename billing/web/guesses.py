"""Slows the guessing of passwords down: log-ins of staff, page or API, are counted where they come from."""

from datetime import timedelta

from flask import request

from billing.access.attempts import Guessed, TooManyAttempts, count_attempt, network_of
from billing.kernel.clock import now
from billing.kernel.db import Sessions
from billing.web.errors import TooManyRequests

LOG_INS_PER_MINUTE_MAX = 10
MINUTE = timedelta(minutes=1)


def count_log_in(sessions: Sessions) -> None:
    """Count this request, in a transaction of its own: what becomes of the request does not undo that.

    The database counts, so that all processes count together.

    Raises:
        TooManyRequests: too many came from there within a minute.
    """
    whence = Guessed(f"staff {network_of(request.remote_addr or '')}", LOG_INS_PER_MINUTE_MAX, MINUTE)
    try:
        with sessions.begin(None) as session:
            count_attempt(session, whence, at=now())
    except TooManyAttempts as refusal:
        raise TooManyRequests from refusal

"""Whoever hears a bank's notice and is killed hard before it is committed.

``python -m tests.support.dying_notice URL DOCUMENTS CARD_PAYMENT STATEMENT…`` hears it once for each number
given, and each time kills itself with SIGKILL before the statement of that number, or before the commit.
"""

import os
import signal
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event

from billing.kernel.db import Sessions
from billing.payments.cards import service as cards
from billing.payments.cards.gateway import CardOutcome, Report
from tests.support.card_desk import NOW
from tests.support.districts import DISTRICT_ID
from tests.support.dying import die_at, live_and_die, sessions_of


def hear_until_killed(sessions: Sessions, card_payment_id: UUID, statement: int) -> None:
    """Hear that the order is paid; never comes back."""
    die_at(sessions, statement)
    event.listen(sessions.engine, "commit", _die)
    with sessions.begin(DISTRICT_ID) as session:
        card = cards.get_card_payment(session, card_payment_id)
        cards.hear(session, card.id, Report(CardOutcome.CHARGED, card.amount), now=NOW + timedelta(minutes=3))


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, documents: str, card_payment_id: str, *statements: str) -> None:
    """Hear and die once per number; a life that ends otherwise is an error."""
    sessions = sessions_of(url, documents)
    for statement in map(int, statements):
        live_and_die(lambda: hear_until_killed(sessions, UUID(card_payment_id), statement))  # noqa: B023 - at once


if __name__ == "__main__":
    main(*sys.argv[1:])

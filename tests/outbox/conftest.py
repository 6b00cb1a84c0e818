"""A resident with a mailbox who is billed and pays, and somebody who sends what the outbox holds."""

from datetime import timedelta

import pytest
import time_machine

from billing.kernel.db import Sessions
from billing.worker.mail import FileMailer
from billing.worker.outbox import Sender
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID
from tests.support.listeners import listening_webhook

KEY = "for tests only"
NOON = "2026-11-23T12:00:00+05:00"


@pytest.fixture(autouse=True)
def clock():
    """The sender's clock; ``clock.shift`` moves it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(sessions):
    """A desk; its customer has no mailbox yet."""
    with sessions.begin(DISTRICT_ID) as session:
        return open_desk(session)


@pytest.fixture
def listener():
    """A program that listens."""
    with listening_webhook() as heard:
        yield heard


@pytest.fixture
def mail(tmp_path):
    """Where letters are put."""
    return tmp_path / "mail"


@pytest.fixture
def sender(sessions: Sessions, mail) -> Sender:
    """Whoever sends."""
    return Sender(sessions, KEY, FileMailer(mail), "auyl@example.kz")


@pytest.fixture
def later(clock):
    """Let minutes go by."""
    return lambda minutes: clock.shift(timedelta(minutes=minutes))

"""Attempts to log in: counted in the database, each where it guesses, and forgotten in time."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from billing.access.attempts import (
    COUNTED_FOR,
    Guessed,
    TooManyAttempts,
    count_attempt,
    forget_attempts,
    network_of,
    take_attempt_back,
)
from billing.access.models import LogInTally
from tests.support.residents import NOON

TWICE = Guessed("account 1", 2)
OFTEN = Guessed("address 203.0.113.7", 4)


def tallies(session):
    """How much is counted at each."""
    return dict(session.execute(select(LogInTally.subject_sha256, LogInTally.attempts)).all())


def test_as_many_attempts_as_allowed_and_no_more(session):
    """Two are looked at; the third is told how many minutes to wait; another's are his own."""
    count_attempt(session, TWICE, at=NOON)
    count_attempt(session, TWICE, at=NOON + timedelta(minutes=5))
    with pytest.raises(TooManyAttempts) as refusal:
        count_attempt(session, TWICE, at=NOON + timedelta(minutes=5, seconds=1))

    assert refusal.value.facts == {"minutes": 10}
    count_attempt(session, Guessed("account 2", 2), at=NOON)


def test_the_time_ends_for_all_attempts_at_once(session):
    """A quarter of an hour after the first attempt it is counted anew, from one."""
    for minutes in (0, 14):
        count_attempt(session, TWICE, at=NOON + timedelta(minutes=minutes))
    count_attempt(session, TWICE, at=NOON + COUNTED_FOR)

    assert tallies(session) == {TWICE.sha256: 1}


def test_a_right_secret_takes_its_attempt_back(session):
    """The account counts from nothing; from the address only this one attempt is taken back."""
    for _ in range(2):
        count_attempt(session, OFTEN, TWICE, at=NOON)
    take_attempt_back(session, OFTEN)
    forget_attempts(session, TWICE)

    assert tallies(session) == {OFTEN.sha256: 1}


def test_what_is_over_is_swept_away(session):
    """Guesses at a thousand accounts do not stay for ever."""
    for number in range(5):
        count_attempt(session, Guessed(f"account {number}", 2), at=NOON)
    count_attempt(session, OFTEN, at=NOON + COUNTED_FOR)

    assert session.scalar(select(func.count()).select_from(LogInTally)) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_an_ipv6_caller_cannot_change_his_address(address, network):
    """All addresses of one connection count as one; what is no address is counted as it is."""
    assert network_of(address) == network

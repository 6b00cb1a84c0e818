"""A card payment told by everybody at once, asked about meanwhile, and a process that dies in the middle."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from billing.payments.cards import service as cards
from billing.payments.cards.gateway import CardOutcome, Report
from billing.payments.cards.models import CardPayment, CardPaymentState
from billing.payments.models import Payment
from billing.payments.providers.models import ProviderIncident
from tests.support.card_desk import NOW, card_desk
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID
from tests.support.threads import at_once

ROOT = Path(__file__).parents[2]
BEFORE_COMMIT = "100000"  # more statements than there are
LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def desk(sessions):
    """A resident with an invoice, and a bank that takes cards."""
    with card_desk(sessions) as desk:
        yield desk


def charged(card, amount=None):
    return Report(CardOutcome.CHARGED, amount or card.amount, LATER, "af2089fe")


def test_pages_opened_at_once_are_one_order(sessions, desk, together, clients):
    """Everybody gets the same number."""
    made = together(lambda session, _: cards.begin(session, desk.invoice_id, now=NOW))

    assert {card.order_number for card in made} == {"100000001"} and len(made) == clients
    assert count(sessions, CardPayment) == 1


def test_notices_at_once_are_one_payment(sessions, desk, together):
    """The same notice over all lines: one payment, and everybody hears that it is paid."""
    card = desk.begin()

    heard = together(lambda session, _: cards.hear(session, card.id, charged(card), now=LATER))

    assert {each.state for each in heard} == {CardPaymentState.PAID}
    assert len({each.payment_id for each in heard}) == count(sessions, Payment) == 1
    assert all_agrees(sessions)


def test_notices_and_answers_at_once_are_one_payment(sessions, desk):
    """While the bank tells, others ask it: the same payment, whoever was first."""
    card = desk.begin()
    desk.bank.type_card(card.order_number)
    with sessions.begin(DISTRICT_ID) as session:
        cards.ask_again(session, card.id, now=NOW - timedelta(days=400))

    def act(number):
        if number % 2:
            return desk.asker().ask_due(DISTRICT_ID)
        with sessions.begin(DISTRICT_ID) as session:
            return cards.hear(session, card.id, charged(card), now=LATER)

    at_once(8, act)

    assert desk.seen(card).state is CardPaymentState.PAID
    assert count(sessions, Payment) == 1
    assert all_agrees(sessions)


def test_a_wrong_sum_told_at_once_is_one_incident(sessions, desk, together):
    """Half of the notices lie: either the order is paid and the lies came late, or they are noted once."""
    card = desk.begin()

    def hear(session, number):
        amount = card.amount if number % 2 else card.amount.times(2)
        return cards.hear(session, card.id, charged(card, amount), now=LATER)

    together(hear)

    assert desk.seen(card).state is CardPaymentState.PAID
    assert count(sessions, Payment) == 1
    assert count(sessions, ProviderIncident) <= 1
    assert all_agrees(sessions)


def test_a_process_that_dies_while_it_hears_loses_nothing(sessions, desk, database, documents):
    """Killed in the middle and before its commit: nothing is left of it; told again, it is one payment."""
    card = desk.begin()
    program = [sys.executable, "-m", "tests.support.dying_notice", database.url, documents.directory]

    subprocess.run([*program, str(card.id), "25", BEFORE_COMMIT], cwd=ROOT, check=True, timeout=120)

    assert desk.seen(card).state is CardPaymentState.PENDING
    assert count(sessions, Payment) == count(sessions, ProviderIncident) == 0
    with sessions.begin(DISTRICT_ID) as session:
        assert cards.hear(session, card.id, charged(card), now=LATER).state is CardPaymentState.PAID
    assert count(sessions, Payment) == 1
    assert all_agrees(sessions)

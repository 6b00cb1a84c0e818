"""Whoever asks the bank: once a minute, ever more seldom, until something comes of it."""

from datetime import timedelta

import pytest
import time_machine

from billing.kernel.dates import Month
from billing.kernel.db import ALL_DISTRICTS
from billing.payments.cards import service as cards
from billing.payments.cards.models import CardPaymentState
from billing.payments.models import Payment
from tests.support.card_desk import NOW
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID
from tests.support.statements import counted_statements


@pytest.fixture(autouse=True)
def clock():
    """The asker's clock; ``clock.shift`` moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def test_the_bank_is_asked_where_it_did_not_tell(desk, clock):
    """Not in the first minute; then the payment is there, and nobody asks again."""
    card = desk.begin()
    desk.bank.type_card(card.order_number)
    assert desk.asker().ask_all() == (0, 0)

    clock.shift(timedelta(minutes=1))
    assert desk.asker().ask_all() == (1, 0)
    assert desk.seen(card).state is CardPaymentState.PAID
    clock.shift(timedelta(days=1))
    assert desk.asker().ask_all() == (0, 0)
    assert all_agrees(desk.sessions)


@pytest.mark.sqlite_only
def test_it_is_asked_ever_more_seldom_until_time_is_up(desk, clock):
    """After 1, 2, 4, 8, 16 minutes, then every 30; after two hours and a quarter the order has expired."""
    card = desk.begin()
    asked, minutes = [], 0
    while desk.seen(card).next_look_at is not None:
        clock.shift(timedelta(minutes=1))
        minutes += 1
        asked += [minutes] * sum(desk.asker().ask_all())

    assert asked == [1, 2, 4, 8, 16, 32, 62, 92, 122, 152]
    assert desk.seen(card).state is CardPaymentState.EXPIRED
    assert desk.bank.questions == [card.order_number] * 10


@pytest.mark.sqlite_only
def test_a_bank_at_work_is_waited_for_beyond_that(desk, clock):
    """Held on the card, not taken: neither paid nor expired, whatever the time."""
    card = desk.begin()
    desk.bank.type_card(card.order_number, "AUTH")
    for _ in range(8):
        clock.shift(timedelta(hours=1))
        assert desk.asker().ask_all() == (1, 0)

    assert desk.seen(card).state is CardPaymentState.PENDING
    desk.bank.orders[card.order_number].state = "CHARGE"
    clock.shift(timedelta(hours=1))
    desk.asker().ask_all()
    assert desk.seen(card).state is CardPaymentState.PAID


@pytest.mark.sqlite_only
@pytest.mark.parametrize("fault", [500, "text", "cut", "slow"])
def test_silence_says_nothing(desk, clock, fault):
    """The bank is down when time is up: the order is not given up before it has answered."""
    card = desk.begin()
    clock.shift(timedelta(hours=3))
    desk.bank.faults.append(fault)

    assert desk.asker(timeout_seconds=1).ask_all() == (0, 1)
    assert desk.seen(card).state is CardPaymentState.PENDING
    desk.bank.type_card(card.order_number)
    clock.shift(timedelta(minutes=30))
    assert desk.asker().ask_all() == (1, 0)
    assert desk.seen(card).state is CardPaymentState.PAID


@pytest.mark.sqlite_only
def test_nobody_waits_long_for_a_silent_bank(desk, clock):
    """Eight orders are due and the bank is down: five are asked about in this round, three in the next."""
    with desk.sessions.begin(DISTRICT_ID) as session:
        here = desk.desk.at(session)
        for month in range(4, 12):
            cards.begin(session, here.issue(Month(2026, month)).id, now=NOW)
    clock.shift(timedelta(minutes=1))
    desk.bank.faults += [503] * 8

    assert [desk.asker().ask_all() for _ in range(3)] == [(0, 5), (0, 3), (0, 0)]


@pytest.mark.sqlite_only
def test_a_refused_card_is_asked_about_while_another_can_be_tried(desk, clock):
    """Refused, then paid with another card on the same page, and no notice came of it."""
    card = desk.begin()
    desk.bank.type_card(card.order_number, "REJECT")
    clock.shift(timedelta(minutes=1))
    desk.asker().ask_all()
    assert desk.seen(card).state is CardPaymentState.REFUSED

    desk.bank.type_card(card.order_number)
    clock.shift(timedelta(minutes=1))
    desk.asker().ask_all()
    assert desk.seen(card).state is CardPaymentState.PAID
    assert count(desk.sessions, Payment) == 1


def test_an_asker_who_dies_is_followed_by_another(desk, clock):
    """Claimed and never heard of: asked again when the next question is due."""
    card = desk.begin()
    desk.bank.type_card(card.order_number)
    clock.shift(timedelta(minutes=1))
    with desk.sessions.begin(DISTRICT_ID) as session:
        assert len(cards.claim_due(session, now=NOW + timedelta(minutes=1))) == 1

    assert desk.asker().ask_all() == (0, 0)
    clock.shift(timedelta(minutes=1))
    assert desk.asker().ask_all() == (1, 0)
    assert desk.seen(card).state is CardPaymentState.PAID


@pytest.mark.sqlite_only
def test_what_is_settled_is_asked_about_only_when_somebody_wants_it(desk, clock):
    """The enterprise gave the money back at the bank: asked again, the accountant's page knows."""
    card = desk.begin()
    desk.bank.type_card(card.order_number)
    clock.shift(timedelta(minutes=1))
    desk.asker().ask_all()
    desk.bank.orders[card.order_number].state = "REFUND"
    with desk.sessions.begin(DISTRICT_ID) as session:
        cards.ask_again(session, card.id, now=NOW)

    assert desk.asker().ask_all() == (1, 0)
    assert desk.seen(card).state is CardPaymentState.RETURNED


def test_claiming_many_needs_no_more_queries(desk, clock):
    """A batch is claimed in as many statements as a single one."""
    desk.begin()
    clock.shift(timedelta(minutes=1))
    with desk.sessions.begin(DISTRICT_ID) as session, counted_statements(session) as one:
        assert len(cards.claim_due(session, now=NOW + timedelta(minutes=1))) == 1
    assert len(one) == 3  # the due ones, one UPDATE, the merchants
    with desk.sessions.begin(ALL_DISTRICTS, read_only=True) as session, counted_statements(session) as none:
        assert cards.claim_due(session, now=NOW) == []
    assert len(none) <= 2

"""A provider's line gone mad: the same payment told by everybody at once, of one account or of several."""

from collections import Counter
from datetime import datetime, time

import pytest
from sqlalchemy import select

from billing.kernel.clock import ALMATY
from billing.kernel.money import Money
from billing.payments.models import Payment, PaymentMethod
from billing.payments.providers import service
from billing.payments.providers.models import (
    AnswerFormat,
    CallOutcome,
    ProviderAnswer,
    ProviderIncident,
    ProviderTransaction,
)
from billing.payments.providers.protocol.messages import Call, Command
from billing.payments.service import OutsideIdReused, record_payment
from tests.support.committed import all_agrees, count
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.providers import make_provider
from tests.support.web import TODAY

T = Money.tenge
NOW = datetime.combine(TODAY, time(9), ALMATY)


@pytest.fixture
def provider(sessions, desk):
    """A provider that answers in JSON."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_provider(session, desk.enterprise.id, answer_format=AnswerFormat.JSON)


@pytest.fixture
def accounts(sessions, desk):
    """Two neighbours."""
    with sessions.begin(DISTRICT_ID) as session:
        return [desk.customer.account_number, make_customer(session, 2).account_number]


def told(account, txn_id, tenge=100):
    return Call(Command.PAY, str(txn_id), account, T(tenge), None)


def test_one_payment_told_by_all_at_once_is_one_payment(sessions, provider, accounts, together):
    """Everybody gets the same bytes."""
    answers = together(lambda session, _: service.pay(session, provider, told(accounts[0], 7), now=NOW))

    assert len({answer.body for answer in answers}) == 1
    assert answers[0].outcome is CallOutcome.ACCEPTED
    assert count(sessions, Payment) == count(sessions, ProviderTransaction) == 1
    assert count(sessions, ProviderIncident) == 0
    assert all_agrees(sessions)


def test_one_transaction_told_of_two_accounts_at_once(sessions, provider, accounts, together, clients):
    """Whoever was first is paid, the other half is refused and one incident counts them all."""
    answers = together(
        lambda session, number: service.pay(session, provider, told(accounts[number % 2], 7), now=NOW)
    )

    assert Counter(answer.outcome for answer in answers) == {
        CallOutcome.ACCEPTED: clients // 2,
        CallOutcome.TXN_REUSED: clients // 2,
    }
    assert len({answer.body for answer in answers if answer.outcome is CallOutcome.ACCEPTED}) == 1
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert session.scalars(select(Payment.amount)).all() == [T(100)]
        assert session.scalars(select(ProviderIncident.times)).all() == [clients // 2]
    assert all_agrees(sessions)


def test_a_transaction_and_a_clerk_who_enters_it_at_once(sessions, provider, accounts, desk, together):
    """Of another customer: one of the two is recorded, the other refused; nobody blocks."""
    with sessions.begin(DISTRICT_ID) as session:
        other = make_customer(session, 3).id

    def act(session, number):
        if number % 2:
            return service.pay(session, provider, told(accounts[0], 7), now=NOW).outcome
        record_payment(
            session,
            desk.enterprise.id,
            other,
            amount=T(100),
            method=PaymentMethod.PROVIDER,
            received_on=TODAY,
            channel=provider.code,
            outside_id="7",
        )
        return other

    answers = together(act)

    paid = {answer for answer in answers if not isinstance(answer, OutsideIdReused)}
    assert paid in ({CallOutcome.ACCEPTED}, {other, CallOutcome.TXN_REUSED})
    assert count(sessions, Payment) == 1
    assert count(sessions, ProviderAnswer) == 1
    assert all_agrees(sessions)


def test_payments_of_two_neighbours_at_once_are_all_there(sessions, provider, accounts, together, clients):
    """Every client tells a payment of his own, of one of two accounts: none waits for ever, none is lost."""
    answers = together(
        lambda session, number: service.pay(session, provider, told(accounts[number % 2], number), now=NOW)
    )

    assert {answer.outcome for answer in answers} == {CallOutcome.ACCEPTED}
    assert count(sessions, Payment) == len({answer.body for answer in answers}) == clients
    assert all_agrees(sessions)

"""The bank's notices at our door: believed with the order's secret only, answered when they are booked."""

import json
from uuid import uuid4

import pytest

from billing.payments.cards.models import CardPaymentState
from billing.payments.models import Payment
from billing.payments.providers.models import ProviderDialect, ProviderIncident
from tests.support.committed import all_agrees, count
from tests.support.providers import open_line


@pytest.fixture
def door(app, desk):
    """Sends a notice as the bank does, to the address it was told; the status it is answered with."""

    def send(card, body=None, **lies):
        told = json.dumps(desk.bank.notice(card.order_number, **lies)) if body is None else body
        address = f"/cards/{card.id}/notice"
        return app.test_client().post(address, data=told, content_type="application/json").status_code

    return send


def test_a_notice_is_booked_before_it_is_answered(desk, door):
    """Paid; sent again, and again, it is the same payment."""
    card = desk.begin()
    desk.bank.type_card(card.order_number)

    assert [door(card) for _ in range(3)] == [200, 200, 200]

    assert desk.seen(card).state is CardPaymentState.PAID
    assert count(desk.sessions, Payment) == 1
    assert all_agrees(desk.sessions)


def test_notices_in_the_wrong_order(desk, door):
    """The refusal of the first card comes after the payment with the second: paid it stays."""
    card = desk.begin()
    desk.bank.type_card(card.order_number)
    assert door(card) == 200
    assert door(card, code="error", reason="Insufficient funds") == 200

    assert (desk.seen(card).state, desk.seen(card).reason) == (CardPaymentState.PAID, None)


@pytest.mark.parametrize(
    ("lies", "status"),
    [
        ({"secret_hash": "0" * 64}, 403),
        ({"secret_hash": ""}, 403),
        ({"secret_hash": None}, 403),
        ({"secret_hash": "құпия"}, 403),
        ({"invoiceId": "100000002"}, 403),
        ({"invoiceId": "1"}, 400),
        ({"code": ""}, 400),
    ],
)
@pytest.mark.sqlite_only
def test_who_does_not_know_the_secret_is_nobody(desk, door, lies, status):
    """Nothing is booked, nothing noted, and the order can still be paid."""
    card = desk.begin()
    desk.bank.type_card(card.order_number)

    assert door(card, **lies) == status

    assert desk.seen(card).state is CardPaymentState.PENDING
    assert count(desk.sessions, Payment) == count(desk.sessions, ProviderIncident) == 0
    assert door(card) == 200 and desk.seen(card).state is CardPaymentState.PAID


def test_the_bank_s_own_wrong_sum_is_an_incident(desk, door):
    """The secret is right and the sum is not: believed enough to tell an accountant, not to book."""
    card = desk.begin()
    desk.bank.type_card(card.order_number)

    assert door(card, amount=1) == 200

    assert desk.seen(card).state is CardPaymentState.CHARGED
    assert (count(desk.sessions, Payment), count(desk.sessions, ProviderIncident)) == (0, 1)


@pytest.mark.sqlite_only
def test_rubbish_and_strangers(app, desk, door):
    """No notice, too long a one, an order nobody made, and reading instead of sending."""
    card = desk.begin()
    client = app.test_client()
    assert door(card, body=b"\xff") == 400
    assert door(card, body=b"x" * 20_001) == 413
    desk.bank.type_card(card.order_number)
    told = json.dumps(desk.bank.notice(card.order_number))
    assert client.post(f"/cards/{uuid4()}/notice", data=told).status_code == 404
    assert client.post("/cards/1/notice", data=told).status_code == 404
    assert client.get(f"/cards/{card.id}/notice").status_code == 405
    assert count(desk.sessions, Payment) == 0


@pytest.mark.sqlite_only
def test_a_bank_s_page_knows_no_check_and_pay(app, desk):
    """A secret made for it by mistake opens nothing: it would book without a bank."""
    assert desk.provider.dialect is ProviderDialect.EPAY
    line = open_line(app, desk.provider)
    assert line.check(desk.desk.customer.account_number).status_code == 404
    assert line.pay(desk.desk.customer.account_number).status_code == 404
    assert count(desk.sessions, Payment) == 0

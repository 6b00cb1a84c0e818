"""The provider gave the payer his money back: the debt is open again, once, or a person hears why not."""

import pytest

from billing.kernel.money import Money
from billing.payments.models import Payment, PaymentReversal
from billing.payments.providers import service
from billing.payments.service import find_payment
from tests.support.billing import refund
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID
from tests.support.providers import code, said
from tests.support.web import TODAY

T = Money.tenge


def test_a_cancelled_payment_is_taken_back_once(sessions, kaspi, desk, account):
    """The same again gets the same answer; a call that tells the payment again still gets its own."""
    paid = kaspi.pay(account, "1160.00", txn_id=7)

    first, again = kaspi.cancel(account, "1160.00", txn_id=7), kaspi.cancel(account, "1160.00", txn_id=7)

    assert code(first) == 0 and first.data == again.data
    assert said(first)["prv_txn_id"] == said(paid)["prv_txn_id"]
    assert kaspi.pay(account, "1160.00", txn_id=7).data == paid.data
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert desk.at(session).debt == T(1160)
        assert (
            session.get(PaymentReversal, (DISTRICT_ID, find_payment(session, "kaspi", "7").id)).reversed_on
            == TODAY
        )
    assert count(sessions, PaymentReversal) == 1
    assert all_agrees(sessions)


def test_a_payment_cancelled_before_it_is_told_is_not_taken(sessions, kaspi, osmp, account):
    """Calls overtake each other: the late payment hears that it is cancelled, in both dialects."""
    for line, cancelled in ((kaspi, 2), (osmp, 300)):
        assert code(line.cancel(account, txn_id=7)) == 0
        late = line.pay(account, txn_id=7)
        assert code(late) == cancelled
        assert line.pay(account, txn_id=7).data == late.data
    assert count(sessions, Payment) == 0


@pytest.mark.parametrize("told", [{"tenge": "1.00"}, {"account": "47363909995"}])
def test_a_cancel_that_contradicts_the_payment_waits_for_a_person(sessions, osmp, account, told):
    """Another sum or account under that number: nothing is taken back."""
    osmp.pay(account, "100.00", txn_id=7)

    assert code(osmp.cancel(**{"account": account, "tenge": "100.00", "txn_id": 7, **told})) == 300
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert [each.kind.value for each in service.list_incidents(session).items] == ["txn_reused"]
    assert count(sessions, PaymentReversal) == 0


def test_what_cannot_be_taken_back_waits_for_a_person(sessions, osmp, account):
    """Its money was given back at our desk already: both would have paid the resident."""
    osmp.pay(account, "2000.00", txn_id=7)
    with sessions.begin(DISTRICT_ID) as session:
        refund(session, find_payment(session, "osmp", "7"), 100, refunded_on=TODAY)

    assert code(osmp.cancel(account, "2000.00", txn_id=7)) == 8
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        [incident] = service.list_incidents(session).items
    assert (incident.kind.value, incident.refusal) == ("cancel_refused", "payment_refunded")
    assert count(sessions, PaymentReversal) == 0
    assert all_agrees(sessions)

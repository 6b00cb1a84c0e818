"""Orders and what the bank says of them: booked once, or left to an accountant; never lost, never doubled."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from billing.invoicing.standing import standing_of
from billing.kernel.errors import NotFound
from billing.kernel.money import ZERO, Money
from billing.payments import service as payments
from billing.payments.cards import service as cards
from billing.payments.cards.gateway import CardOutcome, Report
from billing.payments.cards.models import CardPayment, CardPaymentState
from billing.payments.models import Payment, PaymentMethod
from billing.payments.providers import service as providers
from billing.payments.providers.models import IncidentKind, ProviderIncident
from tests.support.card_desk import CODE, NOW
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID
from tests.support.providers import make_agreement
from tests.support.web import TODAY

T = Money.tenge
SUM = T(1160)
CHARGED = Report(CardOutcome.CHARGED, SUM, NOW + timedelta(minutes=3), "af2089fe")


def hear(desk, card, report, now=NOW + timedelta(minutes=4)):
    with desk.sessions.begin(DISTRICT_ID) as session:
        return cards.hear(session, card.id, report, now=now)


def incidents(desk):
    with desk.sessions.begin(DISTRICT_ID, read_only=True) as session:
        kept = ProviderIncident
        return session.execute(
            select(kept.kind, kept.txn_id, kept.amount, kept.refusal, kept.times).order_by(kept.first_at)
        ).all()


def test_a_charged_order_is_a_payment_of_its_invoice(desk):
    """1,160 tenge, on the bank's day, under the order's number, in transit until the bank pays it over."""
    card = hear(desk, desk.begin(), CHARGED)

    assert (card.state, card.reference, card.next_look_at) == (CardPaymentState.PAID, "af2089fe", None)
    with desk.sessions.begin(DISTRICT_ID, read_only=True) as session:
        payment = session.scalars(select(Payment)).one()
        standing = standing_of(session, desk.invoice_id, today=TODAY)
    assert payment.id == card.payment_id
    assert (payment.amount, payment.received_on) == (SUM, TODAY)
    assert (payment.method, payment.channel) == (PaymentMethod.CARD, CODE)
    assert payment.outside_id == card.order_number == "100000001"
    assert standing.open_amount == ZERO
    assert all_agrees(desk.sessions)


def test_the_same_said_again_is_one_payment(desk):
    """Told three times, and refused in between by a late notice: still paid, once."""
    card = desk.begin()
    refused = Report(CardOutcome.REFUSED, SUM, reason="Insufficient funds")
    for report in (CHARGED, refused, CHARGED, Report(CardOutcome.PENDING), Report(CardOutcome.UNKNOWN)):
        card = hear(desk, card, report)

    assert (card.state, card.reason) == (CardPaymentState.PAID, None)
    assert count(desk.sessions, Payment) == 1 and incidents(desk) == []


def test_two_open_pages_are_one_order(desk):
    """Opened again before it is paid: the same number, and more time to pay."""
    first = desk.begin()
    second = desk.begin(NOW + timedelta(minutes=30))

    assert (second.id, second.order_number) == (first.id, first.order_number)
    assert second.expires_at == first.expires_at + timedelta(minutes=30)
    assert count(desk.sessions, CardPayment) == 1


def test_after_a_refusal_another_order_is_made_and_the_first_may_still_be_paid(desk):
    """Both pages were open and both were paid: all the money is there, the second as an advance."""
    first = hear(desk, desk.begin(), Report(CardOutcome.REFUSED, SUM, reason="Insufficient funds"))
    assert (first.state, first.reason) == (CardPaymentState.REFUSED, "Insufficient funds")
    assert first.next_look_at is not None  # another card may be tried on the same page
    second = desk.begin(NOW + timedelta(minutes=5))
    assert second.order_number == "100000002"

    assert hear(desk, second, CHARGED).state is CardPaymentState.PAID
    assert hear(desk, first, CHARGED).state is CardPaymentState.PAID

    with desk.sessions.begin(DISTRICT_ID) as session:
        here = desk.desk.at(session)
        assert (here.debt, here.advance) == (ZERO, SUM)
    assert all_agrees(desk.sessions)


@pytest.mark.parametrize("told", [T("1160.01"), T(1), T(11_600), None])
def test_another_sum_is_left_to_an_accountant(desk, told):
    """Nothing is booked; one incident says what the bank took, however often it is told."""
    card = desk.begin()
    for _ in range(3):
        card = hear(desk, card, Report(CardOutcome.CHARGED, told))

    assert card.state is CardPaymentState.CHARGED and card.payment_id is None
    assert card.told_amount == (told or ZERO)
    assert count(desk.sessions, Payment) == 0
    assert incidents(desk) == [(IncidentKind.SUM_DIFFERS, "100000001", told or ZERO, None, 1)]


def test_what_an_accountant_booked_is_found_and_not_booked_again(desk):
    """The bank took 100 tenge less; the accountant books what came, and the order is paid with that."""
    card = hear(desk, desk.begin(), Report(CardOutcome.CHARGED, T(1060)))
    with desk.sessions.begin(DISTRICT_ID) as session:
        provider = providers.get_provider(session, desk.provider.id)
        late = providers.record_late(
            session,
            provider,
            card.order_number,
            account=desk.desk.customer.account_number,
            amount=T(1060),
            paid_at=NOW,
        )

    card = hear(desk, card, Report(CardOutcome.CHARGED, T(1060)), NOW + timedelta(hours=7))

    assert (card.state, card.payment_id) == (CardPaymentState.PAID, late.id)
    assert late.method is PaymentMethod.CARD
    assert count(desk.sessions, Payment) == 1
    assert all_agrees(desk.sessions)


def test_a_payment_that_cannot_be_posted_waits_and_is_booked_later(desk):
    """The order's invoice was credited meanwhile and no posting policy holds: the accountant hears of it."""
    card = desk.begin()
    with desk.sessions.begin(DISTRICT_ID) as session:
        session.execute(text("UPDATE posting_policy SET valid_from = '2099-01-01'"))

    card = hear(desk, card, CHARGED)
    assert card.state is CardPaymentState.CHARGED and card.told_amount is None
    assert incidents(desk) == [(IncidentKind.NOT_BOOKED, "100000001", SUM, "no_posting_policy", 1)]
    assert count(desk.sessions, Payment) == 0

    with desk.sessions.begin(DISTRICT_ID) as session:
        session.execute(text("UPDATE posting_policy SET valid_from = '2020-01-01'"))
    assert hear(desk, card, CHARGED, NOW + timedelta(hours=7)).state is CardPaymentState.PAID
    assert all_agrees(desk.sessions)


def test_an_invoice_paid_meanwhile_makes_the_card_an_advance(desk):
    """Cash came first; the card's money is kept for the next invoice, not refused."""
    card = desk.begin()
    with desk.sessions.begin(DISTRICT_ID) as session:
        desk.desk.at(session).pay(1160)

    assert hear(desk, card, CHARGED).state is CardPaymentState.PAID
    with desk.sessions.begin(DISTRICT_ID) as session:
        assert desk.desk.at(session).advance == SUM


def test_the_bank_s_clock_is_believed_within_reason(desk):
    """A day before the order and a day to come are its own day and today: no lie closes or opens a month."""
    for days in (-40, 40):
        card = desk.begin()
        hear(desk, card, Report(CardOutcome.CHARGED, SUM, NOW + timedelta(days=days)))
        with desk.sessions.begin(DISTRICT_ID) as session:
            payment = session.scalars(select(Payment).order_by(Payment.id.desc()).limit(1)).one()
            assert payment.received_on == TODAY
            payments.reverse_payment(session, payment.id, reversed_on=TODAY, reason="сынақ")


def test_money_given_back_is_told_to_the_accountant(desk):
    """The books keep the payment until a person takes it back; an unpaid order needs nobody."""
    paid = hear(desk, desk.begin(), CHARGED)
    paid = hear(desk, paid, Report(CardOutcome.RETURNED, SUM))

    assert (paid.state, paid.payment_id is None) == (CardPaymentState.RETURNED, False)
    assert incidents(desk) == [(IncidentKind.RETURNED, "100000001", SUM, None, 1)]
    assert hear(desk, paid, CHARGED).state is CardPaymentState.RETURNED
    assert count(desk.sessions, Payment) == 1


def test_nobody_is_asked_to_pay_what_is_not_owed(desk):
    """A settled invoice, an enterprise without an agreement, and sums the bank does not take: refused."""

    def refused(invoice_id=desk.invoice_id):
        with desk.sessions.begin(DISTRICT_ID) as session, pytest.raises(Exception) as refusal:
            cards.begin(session, invoice_id, now=NOW)
        return type(refusal.value)

    assert refused(desk.desk.customer.id) is NotFound
    with desk.sessions.begin(DISTRICT_ID) as session:
        small = make_agreement(desk.provider.dialect, sum_max=T(1000))
        providers.edit_provider(session, desk.provider.id, small, version=None)
    assert refused() is cards.CardSumOutOfBounds
    with desk.sessions.begin(DISTRICT_ID) as session:
        providers.close_provider(session, desk.provider.id)
    assert refused() is cards.CardsNotTaken
    with desk.sessions.begin(DISTRICT_ID) as session:
        desk.desk.at(session).pay(1160)
    assert refused() is cards.NothingToPay
    assert count(desk.sessions, CardPayment) == 0


def test_an_open_page_with_another_sum_is_waited_for(desk):
    """Something was paid meanwhile: nobody pays twice, on the old page and a new one, within its time."""
    first = desk.begin()
    with desk.sessions.begin(DISTRICT_ID) as session:
        desk.desk.at(session).pay(160)
    with desk.sessions.begin(DISTRICT_ID) as session, pytest.raises(cards.OtherSumPending) as refusal:
        cards.begin(session, desk.invoice_id, now=NOW)
    assert refusal.value.facts == {"amount": SUM, "expires_at": first.expires_at}

    hear(desk, first, Report(CardOutcome.UNKNOWN), first.expires_at)
    assert desk.begin(first.expires_at).amount == T(1000)

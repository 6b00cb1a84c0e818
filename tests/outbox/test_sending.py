"""What happened is told once it is committed, signed, again until it is taken, and never twice on purpose."""

import hashlib
import hmac
from datetime import datetime
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select

from billing.customers.models import Customer
from billing.kernel.clock import ALMATY
from billing.kernel.shown import Language
from billing.outbox import service as outbox
from billing.outbox.deliveries import ATTEMPTS_MAX
from billing.outbox.models import Delivery, DeliveryState, EventKind, OutboxEvent
from billing.payments.notices import KINDS, compose
from billing.reconciliation.service import take_in
from billing.worker.background import Background
from billing.worker.mail import SmtpMailer
from billing.worker.outbox import Sender
from tests.support.bank_files import OWN, one_c, section
from tests.support.billing import reverse
from tests.support.committed import count
from tests.support.districts import DISTRICT_ID
from tests.support.listeners import listening_mail
from tests.support.statements import counted_statements
from tests.support.threads import at_once

KEY = "for tests only"
AT_NOON = datetime(2026, 11, 23, 12, tzinfo=ALMATY)  # where the sender's clock stands


@pytest.fixture
def webhook(sessions, listener):
    """The listener, told of everything."""
    with sessions.begin(DISTRICT_ID) as session:
        return outbox.add_webhook(session, url=listener.url)


@pytest.fixture
def paid(sessions, desk):
    """An invoice, a payment, and its reversal."""
    with sessions.begin(DISTRICT_ID) as session:
        here = desk.at(session)
        invoice, payment = here.issue(), here.pay(1160)
        reverse(session, payment)
        return invoice, payment


def states(sessions):
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.execute(select(Delivery.state, Delivery.attempts).order_by(Delivery.id)).all()


def test_what_was_rolled_back_is_told_to_nobody(sessions, desk, webhook, sender, listener):
    """A payment that failed in the end leaves no event; the next one that holds is told."""

    def pay_and_fail():
        with sessions.begin(DISTRICT_ID) as session:
            desk.at(session).pay(100)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pay_and_fail()
    assert count(sessions, OutboxEvent) == 0
    with sessions.begin(DISTRICT_ID) as session:
        desk.at(session).pay(200)

    assert sender.send_due(DISTRICT_ID) == (1, 0)
    assert [message["data"]["amount"] for message in listener.messages] == ["200.00"]


def test_a_reconciled_statement_is_told_to_programs_and_to_no_mailbox(
    sessions, desk, webhook, sender, listener
):
    """Of one that was rolled back nobody hears; the customer's mailbox gets nothing of the other either."""
    with sessions.begin(DISTRICT_ID) as session:
        session.get(Customer, (DISTRICT_ID, desk.customer.id)).email = "turgyn@example.kz"
    nothing_moved = one_c(section()).encode()

    def take_in_and_fail():
        with sessions.begin(DISTRICT_ID) as session:
            take_in(session, nothing_moved, file_name="a.txt", taken_in_on=AT_NOON.date())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_in_and_fail()
    assert (count(sessions, OutboxEvent), sender.send_due(DISTRICT_ID)) == (0, (0, 0))
    with sessions.begin(DISTRICT_ID) as session:
        taken = take_in(session, nothing_moved, file_name="a.txt", taken_in_on=AT_NOON.date())

    assert sender.send_due(DISTRICT_ID) == (1, 0)
    [message] = listener.messages
    assert message["kind"] == "statement.reconciled"
    assert message["data"]["statement_id"] == str(taken.statement.id)
    assert (message["data"]["iban"], message["data"]["closing"]) == (OWN, "100.00")


def test_events_are_told_in_order_with_their_facts(desk, webhook, sender, listener, paid):
    """Invoice, payment and reversal: numbers and sums, the account, and no name."""
    invoice, payment = paid
    assert sender.send_due(DISTRICT_ID) == (3, 0)
    assert sender.send_due(DISTRICT_ID) == (0, 0)

    assert [message["kind"] for message in listener.messages] == [kind.value for kind in KINDS]
    issued, received, reversed_ = (message["data"] for message in listener.messages)
    customer = {"customer_id": str(desk.customer.id), "account": desk.customer.account_number}
    assert issued == customer | {
        "invoice_id": str(invoice.id), "number": 1, "year": 2026, "issued_on": "2026-03-31",
        "due_on": "2026-04-20", "total": "1160.00", "vat": "160.00",
    }  # fmt: skip
    assert received == customer | {
        "payment_id": str(payment.id), "method": "bank", "channel": "bank", "outside_id": None,
        "amount": "1160.00", "received_on": "2026-04-10",
    }  # fmt: skip
    assert reversed_ == received | {"reversed_on": "2026-04-30", "reason": "чужой платёж"}
    assert {message["district_id"] for message in listener.messages} == {DISTRICT_ID}


def test_a_message_is_signed_with_its_moment(webhook, sender, listener, paid):
    """Whoever has the secret can tell that it is ours, unchanged, and of now."""
    sender.send_due(DISTRICT_ID)

    secret = outbox.secret_of(webhook, KEY)
    for headers, body in listener.requests:
        signed = f"{headers['Auyl-Timestamp']}.".encode() + body
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(headers["Auyl-Signature"], expected)
        assert int(headers["Auyl-Timestamp"]) == int(AT_NOON.timestamp())
    ids = [headers["Auyl-Event-Id"] for headers, _ in listener.requests]
    assert ids == [message["id"] for message in listener.messages] and len(set(ids)) == 3


def test_a_renewed_secret_signs_otherwise(sessions, webhook):
    """The secret is derived and differs between webhooks, generations and servers."""
    first = outbox.secret_of(webhook, KEY)
    with sessions.begin(DISTRICT_ID) as session:
        renewed = outbox.renew_secret(session, webhook.id)
        other = outbox.add_webhook(session, url=webhook.url)
    secrets = {
        first,
        outbox.secret_of(renewed, KEY),
        outbox.secret_of(other, KEY),
        outbox.secret_of(other, "x"),
    }
    assert len(secrets) == 4


def test_a_listener_hears_only_what_it_asked_for(sessions, sender, listener, paid):
    """One kind of event; a closed webhook hears nothing."""
    with sessions.begin(DISTRICT_ID) as session:
        outbox.add_webhook(session, url=listener.url, kinds=[EventKind.PAYMENT_RECEIVED])
        closed = outbox.add_webhook(session, url=listener.url)
        outbox.close_webhook(session, closed.id)

    assert sender.send_due(DISTRICT_ID) == (1, 0)
    assert [message["kind"] for message in listener.messages] == ["payment.received"]


@pytest.mark.usefixtures("paid", "webhook")
def test_what_was_not_taken_comes_again_later(sessions, sender, listener, later):
    """After one minute, then two, then four; the same id and body every time, until it is taken."""
    listener.statuses = [500, 302, 200, 503]
    assert sender.send_due(DISTRICT_ID) == (1, 2)
    assert sender.send_due(DISTRICT_ID) == (0, 0)
    later(1)
    assert sender.send_due(DISTRICT_ID) == (1, 1)
    later(1)
    assert sender.send_due(DISTRICT_ID) == (0, 0)
    later(1)
    assert sender.send_due(DISTRICT_ID) == (1, 0)

    first = listener.requests[0]
    again = [each for each in listener.requests if each[0]["Auyl-Event-Id"] == first[0]["Auyl-Event-Id"]]
    assert len(again) == 3 and {body for _, body in again} == {first[1]}
    assert states(sessions) == [(DeliveryState.SENT, 3), (DeliveryState.SENT, 2), (DeliveryState.SENT, 1)]


def test_after_days_of_trying_a_message_is_given_up(sessions, desk, sender, later):
    """Nobody listens: tried twenty times, at most twelve hours apart, then left with its reason."""
    with sessions.begin(DISTRICT_ID) as session:
        outbox.add_webhook(session, url="http://127.0.0.1:9")
        desk.at(session).pay(100)
    tried = 0
    while states(sessions) != [(DeliveryState.GIVEN_UP, ATTEMPTS_MAX)]:
        tried += sender.send_due(DISTRICT_ID)[1]
        later(12 * 60)
        assert tried <= ATTEMPTS_MAX

    assert tried == ATTEMPTS_MAX
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert "ConnectionRefusedError" in session.scalars(select(Delivery.last_error)).one()


@pytest.mark.usefixtures("paid", "webhook")
def test_a_sender_who_dies_loses_nothing(sessions, sender, listener, later):
    """Claimed and never settled: nobody gets it during the lease, after it another sends it."""
    with sessions.begin(DISTRICT_ID) as session:
        outbox.dispatch(session, compose, now=AT_NOON)
        assert len(outbox.claim_due(session, now=AT_NOON)) == 3

    assert sender.send_due(DISTRICT_ID) == (0, 0)
    later(5)
    assert sender.send_due(DISTRICT_ID) == (3, 0)
    assert len(listener.requests) == 3


def test_senders_at_once_send_everything_once(sessions, desk, webhook, sender, listener):
    """Four of them, thirty payments: thirty messages, each event once."""
    with sessions.begin(DISTRICT_ID) as session:
        for _ in range(30):
            desk.at(session).pay(10)

    sent = at_once(4, lambda _: sender.send_due(DISTRICT_ID)[0])
    # Whoever came while another made messages of the events may have found nothing to do.
    sent.append(sender.send_due(DISTRICT_ID)[0])

    assert sum(sent) == 30
    assert len({message["id"] for message in listener.messages}) == len(listener.messages) == 30


def test_customers_with_a_mailbox_are_written_to(sessions, desk, sender, mail, paid):
    """In the customer's own language, one letter per event; who has none gets none."""
    with sessions.begin(DISTRICT_ID) as session:
        customer = session.get(Customer, (DISTRICT_ID, desk.customer.id))
        customer.email, customer.language = "turgyn@example.kz", Language.RU

    assert sender.send_due(DISTRICT_ID) == (3, 0)

    letters = [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(mail.iterdir())]
    assert {letter["To"] for letter in letters} == {"turgyn@example.kz"}
    assert sorted(letter["Subject"].replace("\u00a0", " ") for letter in letters) == [
        "Платёж отменён: 1 160,00 ₸",
        "Платёж принят: 1 160,00 ₸",
        "Счёт № 000001: 1 160,00 ₸",
    ]
    assert all(desk.customer.account_number in letter.get_content() for letter in letters)
    assert len({letter["Message-ID"] for letter in letters}) == 3


@pytest.mark.usefixtures("paid")
def test_nobody_is_written_to_about_last_year(sessions, desk, sender, later, mail):
    """Whoever starts to send after weeks tells programs everything, and people nothing old."""
    with sessions.begin(DISTRICT_ID) as session:
        session.get(Customer, (DISTRICT_ID, desk.customer.id)).email = "turgyn@example.kz"
        session.execute(OutboxEvent.__table__.update().values(occurred_at=AT_NOON))
    later(15 * 24 * 60)

    assert sender.send_due(DISTRICT_ID) == (0, 0)
    assert not mail.exists()


@pytest.mark.sqlite_only
def test_letters_go_to_a_mail_server(sessions, desk, paid):
    """What the server took is sent; a server that is not there is tried again."""
    with sessions.begin(DISTRICT_ID) as session:
        session.get(Customer, (DISTRICT_ID, desk.customer.id)).email = "turgyn@example.kz"
        session.execute(OutboxEvent.__table__.update().values(occurred_at=AT_NOON))
    with listening_mail() as server:
        sender = Sender(sessions, KEY, SmtpMailer(server.url), "auyl@example.kz")
        assert sender.send_due(DISTRICT_ID) == (3, 0)
    assert all("To: turgyn@example.kz" in letter for letter in server.letters)
    assert len(server.letters) == 3


def test_more_events_need_no_more_queries(sessions, desk):
    """What ten events tell is found in as many statements as what one tells."""
    with sessions.begin(DISTRICT_ID) as session:
        for _ in range(10):
            desk.at(session).pay(10)
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        events = session.scalars(select(OutboxEvent)).all()
        with counted_statements(session) as one:
            compose(session, events[:1])
        with counted_statements(session) as ten:
            assert len(compose(session, events)) == 10
    assert len(ten) == len(one)


def test_workers_send_once_a_minute(sessions, sender, tmp_path):
    """A worker's queue knows the task, and runs it by the clock."""
    background = Background(f"sqlite:///{tmp_path / 'queue.db'}")
    background.workers(sessions, send=sender.send_all)

    due = {task.name for task in background.huey.read_periodic(AT_NOON.replace(tzinfo=None))}

    assert due == {"look_round", "send", "ask"}


def test_all_districts_are_served(sessions, webhook, sender, listener, paid):
    """One call sends for every district there is."""
    assert sender.send_all() == (3, 0)
    assert len(listener.requests) == 3

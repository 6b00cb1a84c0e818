"""Invoices sent as PDF, mailboxes that take none, and what mail servers send back of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.customers import service as customers
from billing.customers.models import Customer
from billing.kernel.cells import MissingValue
from billing.kernel.dates import Month
from billing.kernel.ids import new_id
from billing.kernel.shown import Language
from billing.outbox import service as outbox
from billing.outbox.bounces import readable
from billing.outbox.models import BouncingMailbox, Delivery, DeliveryState
from billing.worker.bounces import Read, read_bounces
from billing.worker.mail import SmtpMailer, concerns_mailbox
from billing.worker.outbox import Sender
from tests.outbox.conftest import KEY
from tests.support.billing import make_contract, make_invoice
from tests.support.committed import count
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.mail_server import mail_server, report
from tests.support.threads import at_once

MAILBOX = "turgyn@example.kz"
UNKNOWN = "550 5.1.1 <turgyn@example.kz>: Recipient address rejected: User unknown"
APRIL = Month(2026, 4)


@pytest.fixture
def server():
    """The other side's mail server."""
    with mail_server() as server:
        yield server


@pytest.fixture
def sender(sessions, server):
    """Whoever sends, through that server."""
    return Sender(sessions, KEY, SmtpMailer(server.url), "auyl@example.kz")


@pytest.fixture
def by_mail(sessions, desk):
    """The desk's customer chose e-mail."""
    with sessions.begin(DISTRICT_ID) as session:
        customer = session.get(Customer, (DISTRICT_ID, desk.customer.id))
        customer.email, customer.invoices_by_email, customer.language = MAILBOX, True, Language.RU


@pytest.fixture
def invoice(sessions, desk, by_mail):
    """An invoice of a customer who chose e-mail."""
    return issue(sessions, desk)


def issue(sessions, desk, month=None):
    """An invoice, committed."""
    with sessions.begin(DISTRICT_ID) as session:
        if month is None:
            return desk.at(session).issue()
        return make_invoice(session, desk.at(session).contract, month)


def fates(sessions):
    """How far each letter got, with its last error."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        rows = session.execute(select(Delivery.state, Delivery.last_error).order_by(Delivery.id))
        return [tuple(row) for row in rows]


def letter_id(sessions):
    """The Message-ID of the only letter."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return f"<{session.scalars(select(Delivery.id)).one()}@example.kz>"


def bounce_in_words(sessions):
    """Why the mailbox gets no letters; None if it does."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        found = outbox.bouncing(session, [MAILBOX]).get(MAILBOX)
        return found.reason if found else None


@pytest.mark.usefixtures("by_mail")
def test_an_invoice_is_sent_as_its_archived_bytes_once(sessions, desk, sender, server):
    """One letter in the customer's language with the PDF as it was archived; sending again sends nothing."""
    invoice = issue(sessions, desk)

    assert (sender.send_due(DISTRICT_ID), sender.send_due(DISTRICT_ID)) == ((1, 0), (0, 0))

    [letter] = server.letters
    [paper] = letter.iter_attachments()
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        archived = fetch(session, DocumentKind.INVOICE, invoice.id)[1]
    assert (letter["To"], letter["Auto-Submitted"]) == (MAILBOX, "auto-generated")
    assert letter["Date"].datetime.isoformat() == "2026-11-23T07:00:00+00:00"
    assert "Счёт приложен к письму." in letter.get_body().get_content()
    assert (paper.get_content_type(), paper.get_filename()) == (
        "application/pdf",
        "invoice-2026-000001.pdf",
    )
    assert paper.get_content() == archived


def test_who_did_not_choose_gets_no_paper_by_mail(sessions, desk, sender, server):
    """A customer with a mailbox alone is told of the invoice; nothing is attached."""
    with sessions.begin(DISTRICT_ID) as session:
        session.get(Customer, (DISTRICT_ID, desk.customer.id)).email = MAILBOX
    issue(sessions, desk)

    assert sender.send_due(DISTRICT_ID) == (1, 0)
    assert list(server.letters[0].iter_attachments()) == []


@pytest.mark.usefixtures("by_mail")
def test_a_mailbox_that_is_refused_gets_no_more_letters(sessions, desk, sender, server, later):
    """Refused for good: noted in the server's words, not tried again; the next invoice is not sent at all."""
    server.answers[MAILBOX] = UNKNOWN
    issue(sessions, desk)

    assert sender.send_due(DISTRICT_ID) == (0, 0)
    reason = "550 5.1.1 …: Recipient address rejected: User unknown"
    assert (fates(sessions), bounce_in_words(sessions)) == ([(DeliveryState.BOUNCED, reason)], reason)
    later(24 * 60)
    issue(sessions, desk, APRIL)
    server.answers.clear()
    assert sender.send_due(DISTRICT_ID) == (0, 0)

    assert fates(sessions) == [(DeliveryState.BOUNCED, reason)] * 2
    assert server.letters == []


@pytest.mark.usefixtures("by_mail")
def test_a_mailbox_that_is_trusted_again_gets_what_comes_after(sessions, desk, sender, server):
    """The invoice that came back stays on paper; the next one is sent."""
    server.answers[MAILBOX] = UNKNOWN
    issue(sessions, desk)
    sender.send_due(DISTRICT_ID)
    server.answers.clear()
    with sessions.begin(DISTRICT_ID) as session:
        customers.trust_mailbox(session, desk.customer.id)
    issue(sessions, desk, APRIL)

    assert sender.send_due(DISTRICT_ID) == (1, 0)
    assert [letter["Subject"][:15] for letter in server.letters] == ["Счёт № 000002: "]
    assert bounce_in_words(sessions) is None


@pytest.mark.usefixtures("invoice")
@pytest.mark.parametrize("answer", ["451 4.7.1 Greylisted, come again", "554 5.7.1 Relay access denied"])
def test_what_is_not_the_mailboxs_fault_is_tried_again(sessions, sender, server, later, answer):
    """A busy server, or one that does not know ours, silences nobody."""
    server.answers[MAILBOX] = answer
    assert sender.send_due(DISTRICT_ID) == (0, 1)
    assert bounce_in_words(sessions) is None

    server.answers.clear()
    later(1)
    assert sender.send_due(DISTRICT_ID) == (1, 0)


@pytest.mark.usefixtures("by_mail")
def test_a_full_mailbox_that_refuses_the_letter_itself_is_noted(sessions, desk, sender, server):
    """Some servers look at the addressee only when they have the letter."""
    server.data_answer = "552 5.2.2 Mailbox full"
    issue(sessions, desk)

    assert sender.send_due(DISTRICT_ID) == (0, 0)
    assert bounce_in_words(sessions) == "552 5.2.2 Mailbox full"


@pytest.mark.parametrize(
    ("code", "words", "final"),
    [
        (550, "5.1.1 user unknown", True),
        (552, "5.2.2 mailbox full", True),
        (550, "No such user here", True),
        (553, "name not allowed", True),
        (550, "5.7.1 rejected by policy", False),
        (550, "relay not permitted", False),
        (450, "4.2.1 try again", False),
        (554, "transaction failed", False),
        (530, "authentication required", False),
    ],
)
def test_only_a_final_word_about_the_mailbox_counts(code, words, final):
    """By the enhanced status where there is one, else by the code."""
    assert concerns_mailbox(code, words) is final


def test_a_letter_that_is_refused_for_what_it_says_silences_nobody():
    """After the addressee was taken only a status tells that it is about him."""
    assert not concerns_mailbox(550, "Message rejected as spam", of_letter=True)
    assert concerns_mailbox(550, "5.2.1 mailbox disabled", of_letter=True)


def test_a_damaged_paper_is_not_sent_until_it_is_healed(sessions, invoice, sender, documents, later):
    """No letter goes out without its invoice; the reason stands at the letter."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        document, content = fetch(session, DocumentKind.INVOICE, invoice.id)
    documents.path_of(document.sha256).write_bytes(b"harm")

    assert sender.send_due(DISTRICT_ID) == (0, 1)
    assert fates(sessions) == [(DeliveryState.WAITING, "document_damaged")]
    documents.put(content)
    later(1)
    assert sender.send_due(DISTRICT_ID) == (1, 0)


@pytest.mark.usefixtures("invoice")
@pytest.mark.parametrize(("where", "whole"), [("", True), ("new", True), ("cur", False)])
def test_a_report_is_read_noted_and_put_away(sessions, sender, tmp_path, where, whole):
    """In a folder or a maildir: the mailbox bounces with the reason; other mail stays where it is."""
    sender.send_due(DISTRICT_ID)
    folder = tmp_path / "Maildir" / where
    folder.mkdir(parents=True)
    (folder / "1.eml").write_bytes(report(letter_id(sessions), whole=whole))
    (folder / "2.eml").write_bytes(b"From: turgyn@example.kz\nSubject: rakhmet\n\nThanks!\n")
    (folder / "3.eml").write_bytes(report(f"<{new_id()}@example.kz>"))

    assert read_bounces(sessions, tmp_path / "Maildir") == Read(returned=1, foreign=2)

    reason = "550 5.1.1 …: User unknown"
    assert (fates(sessions), bounce_in_words(sessions)) == ([(DeliveryState.BOUNCED, reason)], reason)
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == ["2.eml", "3.eml"]
    assert [path.name for path in (tmp_path / "Maildir" / "returned").iterdir()] == ["1.eml"]


@pytest.mark.usefixtures("by_mail")
def test_the_same_report_again_changes_nothing(sessions, desk, sender, tmp_path):
    """Whoever trusted the mailbox meanwhile is not contradicted by an old report."""
    issue(sessions, desk)
    sender.send_due(DISTRICT_ID)
    (tmp_path / "mail").mkdir()
    content = report(letter_id(sessions))
    (tmp_path / "mail" / "1.eml").write_bytes(content)
    read_bounces(sessions, tmp_path / "mail")
    with sessions.begin(DISTRICT_ID) as session:
        customers.trust_mailbox(session, desk.customer.id)
    (tmp_path / "mail" / "1.eml").write_bytes(content)

    assert read_bounces(sessions, tmp_path / "mail") == Read(known=1)
    assert bounce_in_words(sessions) is None


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", ""])
def test_only_a_failure_counts(action):
    """A server that still tries, or says that all went well, sends nothing back."""
    assert outbox.read_report(report(f"<{new_id()}@example.kz>", action=action)) is None


def test_a_report_names_status_and_diagnosis():
    """Both, unless the diagnosis begins with the status already."""
    known = new_id()
    returned = outbox.read_report(
        report(f"<{known}@example.kz>", status="4.4.7", diagnosis="x-unix; no host\n  for five days")
    )
    assert returned == outbox.ReturnedLetter(known, "4.4.7 no host for five days")


@given(content=st.binary(max_size=300), cut=st.integers(0, 900), at=st.integers(0, 900))
def test_no_message_breaks_the_reader(content, cut, at):
    """Whatever arrives is a report or none; a stranger's mail raises nothing."""
    known = f"<{new_id()}@example.kz>"
    outbox.read_report(content)
    whole = report(known)
    outbox.read_report(whole[:at] + content + whole[at + cut :])


def test_reasons_are_one_line_without_the_address():
    """Control characters, addresses and length of a stranger's text do not reach the page."""
    assert readable("550\r\n\x00no <a.b@example.kz>:\tgone") == "550 no …: gone"
    assert readable("") == "—"
    assert len(readable("x" * 1000)) == 200


@pytest.mark.usefixtures("by_mail")
def test_all_letters_that_wait_for_the_mailbox_come_back(sessions, desk, sender, server):
    """Ten invoices wait: the first is refused, and the others are not even tried."""
    for month in range(1, 11):
        issue(sessions, desk, Month(2026, month))
    server.answers[MAILBOX] = UNKNOWN
    with sessions.begin(DISTRICT_ID) as session:
        stranger = make_customer(session, 7, email="other@example.kz")
        desk.at(session).pay(10)
        stranger_id = stranger.id

    sender.send_due(DISTRICT_ID)

    assert {state for state, _ in fates(sessions)} == {DeliveryState.BOUNCED}
    assert count(sessions, BouncingMailbox) == 1
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert customers.bounce_of(session, customers.get_customer(session, stranger_id)) is None


def test_invoices_by_mail_need_a_mailbox(session):
    """Who gives none cannot choose e-mail; nobody is taken on, and nobody loses his mailbox."""
    with pytest.raises(MissingValue) as refusal:
        make_customer(session, invoices_by_email=True)
    assert refusal.value.facts == {"field": "email"}
    assert session.scalar(select(func.count()).select_from(Customer)) == 0

    customer = make_customer(session, invoices_by_email=True, email=MAILBOX)
    without = customers.CustomerDetails(category=customer.category, name="X", invoices_by_email=True)
    with pytest.raises(MissingValue):
        customers.edit_customer(session, customer.id, without, version=customer.version)
    assert (customer.email, customer.invoices_by_email) == (MAILBOX, True)


@pytest.mark.parametrize("refused", [True, False])
def test_senders_at_once_send_each_invoice_once(sessions, desk, sender, server, refused):
    """Four of them, three customers with six invoices each: one letter each, or each noted as come back."""
    mailboxes = [f"{name}@example.kz" for name in ("a", "b", "c")]
    with sessions.begin(DISTRICT_ID) as session:
        here = desk.at(session)
        for serial, mailbox in enumerate(mailboxes, start=11):
            customer = make_customer(session, serial, email=mailbox, invoices_by_email=True)
            contract = make_contract(session, here.enterprise, customer, (here.service, "1"))
            for month in range(1, 7):
                make_invoice(session, contract, Month(2026, month))
    server.answers = dict.fromkeys(mailboxes, UNKNOWN) if refused else {}

    at_once(4, lambda _: sender.send_due(DISTRICT_ID))
    sender.send_due(DISTRICT_ID)

    assert [state for state, _ in fates(sessions)] == [
        DeliveryState.BOUNCED if refused else DeliveryState.SENT
    ] * 18
    assert (
        len({letter["Message-ID"] for letter in server.letters}) == len(server.letters) == 18 * (not refused)
    )
    assert count(sessions, BouncingMailbox) == (3 if refused else 0)

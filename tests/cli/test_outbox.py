"""`auyl outbox send`: tells programs and people, and says how many."""

from billing.customers.models import Customer
from billing.customers.service import bounce_of
from billing.outbox import service as outbox
from billing.outbox.models import Delivery
from tests.support.listeners import listening_webhook
from tests.support.mail_server import report


def test_everything_due_is_sent(auyl, office, enterprise_id):
    """An invoice is told to a program and written to its customer; the second time nothing is left."""
    with listening_webhook() as heard:
        with office.work() as session:
            outbox.add_webhook(session, url=heard.url)
            customer = session.query(Customer).one()
            customer.email = "turgyn@example.kz"
            account = customer.account_number
        auyl("invoice", "issue", account, "--month", "2026-03", "--on", "2026-03-31")

        assert auyl("outbox", "send").output == "2 messages were sent.\n"
        assert auyl("outbox", "send").output == "0 messages were sent.\n"

    assert [message["kind"] for message in heard.messages] == ["invoice.issued"]
    [letter] = (office.settings.var / "mail").iterdir()
    assert letter.suffix == ".eml"


def test_what_was_not_taken_is_said(auyl, office, enterprise_id):
    """Nobody listens: it will be tried again, and that is no failure of the command."""
    with office.work() as session:
        outbox.add_webhook(session, url="http://127.0.0.1:9")
        account = session.query(Customer).one().account_number
    auyl("invoice", "issue", account, "--month", "2026-03", "--on", "2026-03-31")

    result = auyl("outbox", "send")

    assert result.exit_code == 0
    assert result.stderr == "1 message was not taken and will be tried again.\n"


def test_a_worker_sends_too(auyl, office, enterprise_id):
    """Whoever looks once for background work also tells what is to be told."""
    with listening_webhook() as heard:
        with office.work() as session:
            outbox.add_webhook(session, url=heard.url)
            account = session.query(Customer).one().account_number
        auyl("invoice", "issue", account, "--month", "2026-03", "--on", "2026-03-31")
        assert auyl("worker", "--once").exit_code == 0

    assert [message["kind"] for message in heard.messages] == ["invoice.issued"]


def test_what_came_back_is_read_and_listed(auyl, office, enterprise_id):
    """A run's invoice is sent, comes back, is listed with its reason, and printed after all."""
    with office.work() as session:
        customer = session.query(Customer).one()
        customer.email, customer.invoices_by_email = "turgyn@example.kz", True
    auyl("run", "--period", "2026-03", "--on", "2026-03-31")
    waiting = auyl("outbox", "undelivered", "--period", "2026-03")
    assert waiting.stderr == ("On paper: 0; to be sent: 1; sent: 0; could not be sent: 0; came back: 0.\n")
    auyl("outbox", "send")
    assert auyl("print", "--period", "2026-03").exit_code == 1  # nothing is carried round
    with office.work(read_only=True) as session:
        delivery_id = session.query(Delivery).one().id
    maildir = office.settings.var / "Maildir" / "new"
    maildir.mkdir(parents=True)
    (maildir / "1").write_bytes(report(f"<{delivery_id}@localhost>"))
    (maildir / "2").write_bytes(b"Subject: rakhmet\n\n")

    read = auyl("outbox", "bounces", "--folder", str(maildir.parent))

    assert read.output == ("1 letter came back.\n1 message is not about letters of ours and stays there.\n")
    listed = auyl("outbox", "undelivered", "--period", "2026-03")
    assert "came back: 1." in listed.stderr
    assert "000001" in listed.stdout and "550 5.1.1 …: User unknown" in listed.stdout
    output = office.settings.var / "file.pdf"
    assert auyl("print", "--period", "2026-03", "--output", str(output)).exit_code == 0
    with office.work(read_only=True) as session:
        assert bounce_of(session, session.query(Customer).one()).reason == "550 5.1.1 …: User unknown"


def test_a_folder_that_is_not_there_is_said(auyl, office, enterprise_id):
    """Neither a setting nor an option: the command says what is missing, and exits with 1."""
    for words in (("outbox", "bounces"), ("outbox", "bounces", "--folder", "nowhere")):
        result = auyl(*words)
        assert result.exit_code == 1
        assert result.stderr.startswith("There is no folder in which letters arrive that came back: ")

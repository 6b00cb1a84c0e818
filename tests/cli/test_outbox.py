"""`auyl outbox send`: tells programs and people, and says how many."""

from billing.customers.models import Customer
from billing.outbox import service as outbox
from tests.support.listeners import listening_webhook


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

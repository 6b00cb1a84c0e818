"""Who asked is told what was decided: by a letter where a mailbox is known, programs by a message."""

from email import message_from_bytes
from email.policy import default

import pytest

from billing.customers.models import Customer
from billing.kernel.shown import Language
from billing.outbox import service as outbox
from billing.requests.models import Outcome
from billing.requests.service import decide_request
from tests.support.districts import DISTRICT_ID
from tests.support.requests import ask_for_service
from tests.support.web import TODAY


@pytest.fixture
def request_id(sessions, desk, listener):
    """A request of a resident who reads Russian, and a program that listens."""
    with sessions.begin(DISTRICT_ID) as session:
        outbox.add_webhook(session, url=listener.url)
        session.get(Customer, (DISTRICT_ID, desk.customer.id)).language = Language.RU
        return ask_for_service(session, desk.customer.id, desk.service.id).id


def decline(session, request_id):
    """No tractor."""
    decide_request(session, request_id, outcome=Outcome.DECLINED, words="Трактор в ремонте", decided_on=TODAY)


@pytest.fixture(params=["turgyn@example.kz", None])
def mailbox(request, sessions, desk, request_id):
    """His mailbox, if he has one; the request is declined."""
    with sessions.begin(DISTRICT_ID) as session:
        session.get(Customer, (DISTRICT_ID, desk.customer.id)).email = request.param
        decline(session, request_id)
    return request.param


def test_a_decision_is_told(desk, sender, listener, mail, mailbox):
    """The letter says in his language what was decided and why; without a mailbox only programs hear."""
    assert sender.send_due(DISTRICT_ID) == (2 if mailbox else 1, 0)
    [message] = listener.messages
    told = {name: message["data"][name] for name in ("kind", "outcome", "words", "account")}
    assert message["kind"] == "request.decided" and told == {
        "kind": "service",
        "outcome": "declined",
        "words": "Трактор в ремонте",
        "account": desk.customer.account_number,
    }
    letters = [message_from_bytes(path.read_bytes(), policy=default) for path in mail.glob("*.eml")]
    assert [letter["To"] for letter in letters] == ([mailbox] if mailbox else [])
    for letter in letters:
        assert "отклонено" in letter["Subject"] and "Трактор в ремонте" in letter.get_content()


def test_a_decision_that_was_rolled_back_is_told_to_nobody(sessions, sender, listener, request_id):
    """Neither a message nor a letter."""

    def decide_and_fail():
        with sessions.begin(DISTRICT_ID) as session:
            decline(session, request_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        decide_and_fail()
    assert sender.send_due(DISTRICT_ID) == (0, 0) and listener.messages == []

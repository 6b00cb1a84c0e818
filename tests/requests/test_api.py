"""Requests over HTTP: who may read and decide, what is masked, how a refusal looks."""

import pytest

from billing.access.models import Role
from billing.kernel.identifiers import mask_phone
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID
from tests.support.requests import ask_for_contacts, ask_for_service, report_problem


@pytest.fixture
def asked(sessions):
    """One request of each kind, by kind."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        invoice = desk.issue()
        return {
            "service": ask_for_service(session, desk.customer.id, desk.service.id),
            "problem": report_problem(session, desk.customer.id, invoice.id),
            "contacts": ask_for_contacts(session, desk.customer, phone="87015550101"),
        }


def at(asked, kind, rest=""):
    """The address of a request."""
    return f"/api/v1/requests/{asked[kind].id}{rest}"


def test_a_clerk_lists_and_decides(office, asked):
    """The list names all three by term; an accepted service is confirmed; the decision is shown."""
    clerk = office.member(Role.CLERK)
    listed = clerk.get("/api/v1/requests?state=waiting&limit=2").json
    assert len(listed["items"]) == 2 and listed["next_cursor"]

    answer = clerk.post(at(asked, "service", "/decision"), json={"outcome": "accepted"})
    assert (answer.status_code, answer.json["state"]) == (201, "decided")
    assert answer.json["decision"]["outcome"] == "accepted" and answer.json["decision"]["decided_by"]
    order = clerk.get(f"/api/v1/orders/{asked['service'].order_id}").json
    assert order["state"] == "confirmed"
    again = clerk.post(at(asked, "service", "/decision"), json={"outcome": "declined", "words": "x"})
    assert (again.status_code, again.json["code"]) == (409, "request_decided")


def test_a_repeated_decision_gets_the_same_answer(office, asked):
    """The key of the request makes it one."""
    sent = {"json": {"outcome": "answered", "words": "Верно"}, "headers": {"Idempotency-Key": "a"}}
    first = office.post(at(asked, "problem", "/decision"), **sent)
    again = office.post(at(asked, "problem", "/decision"), **sent)
    assert first.status_code == again.status_code == 201 and first.json == again.json


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("problem", {"outcome": "accepted"}, "outcome_not_for_kind"),
        ("service", {"outcome": "declined"}, "invalid_text"),
        ("service", {"outcome": "lost"}, "invalid_fields"),
    ],
)
@pytest.mark.sqlite_only
def test_a_wrong_decision_is_refused(office, asked, kind, body, code):
    """With its code; the request waits on."""
    answer = office.post(at(asked, kind, "/decision"), json=body)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert office.get(at(asked, kind)).json["state"] == "waiting"


@pytest.mark.sqlite_only
def test_a_phone_is_masked(office, asked):
    """In the request and in the log of changes."""
    masked = mask_phone("+77015550101")
    shown = office.get(at(asked, "contacts")).json["contacts"]
    assert shown == [{"field": "phone", "value": masked}] and "555" not in masked
    office.post(at(asked, "contacts", "/decision"), json={"outcome": "accepted"})
    changes = office.get("/api/v1/contact-changes").json["items"]
    assert [each["field"] for each in changes] == ["phone"]
    assert (changes[0]["before"], changes[0]["after"]) == ("", masked)


@pytest.mark.sqlite_only
def test_who_may_read_decide_and_set_terms(office, asked):
    """Members read but for the akim; clerks and accountants decide; administrators set terms."""
    for role in Role:
        member = office.member(role)
        reads = 403 if role is Role.AKIM else 200
        for path in ("/api/v1/requests", "/api/v1/requests.xlsx", at(asked, "problem")):
            assert member.get(path).status_code == reads, (role, path)
        decides = role in {Role.CLERK, Role.ACCOUNTANT}
        answer = member.post(at(asked, "problem", "/decision"), json={"outcome": "accepted"})
        assert answer.status_code == (422 if decides else 403), role
        term = member.put("/api/v1/request-terms/problem", json={"working_days": 10})
        assert term.status_code == (200 if role is Role.ADMIN else 403), role
    terms = {each["kind"]: each["working_days"] for each in office.get("/api/v1/request-terms").json["items"]}
    assert terms == {"service": 15, "problem": 10, "contacts": 15}


def test_a_spreadsheet_opens(office, asked):
    """The same list for people."""
    assert office.get("/api/v1/requests.xlsx?kind=problem").data.startswith(b"PK")

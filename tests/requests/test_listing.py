"""Lists of requests: by term, by state, by kind; one query, however many there are."""

from datetime import date, timedelta

import pytest

from billing.kernel.errors import NotFound
from billing.kernel.paging import PageRequest
from billing.requests.models import Outcome, RequestKind
from billing.requests.service import (
    RequestState,
    all_requests,
    decide_request,
    get_request,
    list_requests,
    requests_table,
)
from tests.support.customers import make_customer
from tests.support.requests import ask_for_contacts, ask_for_service, report_problem
from tests.support.statements import counted_statements
from tests.support.web import TODAY

OCTOBER_1 = date(2026, 10, 1)


@pytest.fixture
def asked(session, here, invoice):
    """An overdue problem, an answered one, a service and contacts that wait."""
    overdue = report_problem(session, here.customer.id, invoice.id, received_on=OCTOBER_1)
    answered = report_problem(session, here.customer.id, invoice.id, received_on=OCTOBER_1)
    decide_request(
        session, answered.id, outcome=Outcome.ANSWERED, words="дан", decided_on=OCTOBER_1 + timedelta(9)
    )
    service = ask_for_service(session, here.customer.id, here.service.id)
    contacts = ask_for_contacts(session, make_customer(session, 9), house="12")
    return {"overdue": overdue, "answered": answered, "service": service, "contacts": contacts}


def names(asked, page):
    """Which of them a page has, in its order."""
    known = {each.id: name for name, each in asked.items()}
    return [known[each.request.id] for each in page.items]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["overdue", "answered", "service", "contacts"]),
        ({"state": RequestState.WAITING}, ["overdue", "service", "contacts"]),
        ({"state": RequestState.OVERDUE}, ["overdue"]),
        ({"state": RequestState.DECIDED}, ["answered"]),
        ({"kind": RequestKind.PROBLEM}, ["overdue", "answered"]),
        ({"received_from": TODAY}, ["service", "contacts"]),
        ({"received_to": OCTOBER_1}, ["overdue", "answered"]),
    ],
)
def test_a_list_is_narrowed(session, asked, filters, expected):
    """By state on a day, by kind, by the day of receipt; what is due first comes first."""
    assert names(asked, list_requests(session, today=TODAY, **filters)) == expected


def test_whose_requests(session, here, asked):
    """A resident's own, the latest first; another's is not there for him."""
    page = list_requests(session, PageRequest(sort="-received_on"), today=TODAY, customer_id=here.customer.id)
    assert names(asked, page) == ["service", "answered", "overdue"]
    with pytest.raises(NotFound):
        get_request(session, asked["contacts"].id, customer_id=here.customer.id)


def test_a_term_is_over_on_the_day_after(session, asked):
    """On its last day a request still waits."""
    due = asked["overdue"].due_on
    standing = get_request(session, asked["overdue"].id)
    assert due == date(2026, 10, 22)
    assert standing.state(due) is RequestState.WAITING
    assert standing.state(due + timedelta(days=1)) is RequestState.OVERDUE


def test_pages_follow_each_other(session, asked):
    """Two and two, in one query each."""
    with counted_statements(session) as statements:
        first = list_requests(session, PageRequest(limit=2), today=TODAY)
        second = list_requests(session, PageRequest(first.next_cursor, limit=2), today=TODAY)

    assert names(asked, first) + names(asked, second) == ["overdue", "answered", "service", "contacts"]
    assert second.next_cursor is None and len(statements) == 2


def test_a_spreadsheet_holds_all_and_no_contacts(session, asked):
    """Every request with its decision; a phone that somebody wants is nobody's business there."""
    table = requests_table(all_requests(session, today=TODAY), today=TODAY)

    assert [row.values["request_state"] for row in table.rows] == [
        RequestState.OVERDUE,
        RequestState.DECIDED,
        RequestState.WAITING,
        RequestState.WAITING,
    ]
    assert table.rows[1].values["answer"] == "дан"
    assert set(table.rows[0].values) == {column.key for column in table.columns}

"""Residents ask: what is taken down, and what is refused and leaves nothing."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from billing.catalog.refusals import ServiceInactive
from billing.catalog.service import deactivate_service
from billing.customers.refusals import CustomerInactive
from billing.districts.calendar import last_day_of_term, set_calendar_day
from billing.kernel.checks import InvalidEmail, InvalidQuantity, InvalidText
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.identifiers import InvalidPhone
from billing.kernel.ids import new_id
from billing.orders.models import OrderState, ServiceOrder
from billing.requests.models import ContactField, RequestKind, ResidentRequest, WantedContact
from billing.requests.refusals import NothingToChange, RequestOfAnother, TooManyWaiting
from billing.requests.service import set_term, terms, wanted_contacts
from billing.requests.submitting import WAITING_MAX
from tests.support.customers import make_customer
from tests.support.requests import ask_for_contacts, ask_for_service, report_problem
from tests.support.web import TODAY


def count(session, table=ResidentRequest):
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(table))


def test_an_asked_service_is_a_draft_order(session, here):
    """Quantity, wished day and words stand on a draft order; the request waits fifteen working days."""
    request = ask_for_service(
        session,
        here.customer.id,
        here.service.id,
        quantity=Decimal("2.5"),
        planned_on=TODAY + timedelta(days=3),
        words="  по средам \n утром ",
    )

    order = session.get(ServiceOrder, (request.district_id, request.order_id))
    assert (order.state, order.quantity, order.note) == (OrderState.DRAFT, Decimal("2.5"), "по средам утром")
    assert (order.requested_on, order.planned_on) == (TODAY, TODAY + timedelta(days=3))
    assert (request.kind, request.words) == (RequestKind.SERVICE, "по средам утром")
    assert (request.received_on, request.due_on) == (TODAY, date(2026, 12, 14))


def test_a_problem_names_an_invoice_of_ones_own(session, here, invoice):
    """One's own invoice is taken; a neighbour's is not there for him, and nothing is left."""
    request = report_problem(session, here.customer.id, invoice.id)
    assert (request.kind, request.invoice_id, request.order_id) == (RequestKind.PROBLEM, invoice.id, None)

    neighbour = make_customer(session, 9)
    with pytest.raises(NotFound):
        report_problem(session, neighbour.id, invoice.id)
    with pytest.raises(InvalidText):
        report_problem(session, here.customer.id, invoice.id, " \n ")
    assert count(session) == 1


def test_contacts_are_asked_for_and_not_written(session, here):
    """What differs is kept with the request, in the form in which it will be stored; the card stays."""
    before = here.customer.version
    request = ask_for_contacts(session, here.customer, phone="8 701 555 01 01", house="7а", email="")

    wanted = {each.field: each.value for each in wanted_contacts(session, request.id)}
    assert wanted == {ContactField.PHONE: "+77015550101", ContactField.HOUSE: "7а"}
    assert (here.customer.version, here.customer.phone) == (before, None)


@pytest.mark.parametrize(
    ("wanted", "refusal", "field"),
    [
        ({"phone": "12"}, InvalidPhone, "phone"),
        ({"email": "nobody"}, InvalidEmail, "email"),
        ({"house": "x" * 21}, InvalidText, "house"),
        ({"place_code": "999999999"}, NotFound, None),
        ({}, NothingToChange, None),
    ],
)
def test_contacts_of_the_wrong_form_are_refused(session, here, wanted, refusal, field):
    """Said at the field; neither the request nor a contact is kept."""
    with pytest.raises(refusal) as refused:
        ask_for_contacts(session, here.customer, **wanted)

    assert refused.value.facts.get("field") == field
    assert count(session) == count(session, WantedContact) == 0


def test_a_refused_service_leaves_no_order(session, here):
    """No quantity, a day before today, a service off the list, a customer off the books."""
    for nonsense, refusal in (
        ({"quantity": Decimal(0)}, InvalidQuantity),
        ({"planned_on": TODAY - timedelta(days=1)}, InvalidInput),
        ({"words": "x" * 1001}, InvalidText),
    ):
        with pytest.raises(refusal):
            ask_for_service(session, here.customer.id, here.service.id, **nonsense)
    deactivate_service(session, here.service.id)
    with pytest.raises(ServiceInactive):
        ask_for_service(session, here.customer.id, here.service.id)
    here.customer.is_active = False
    session.flush()
    with pytest.raises(CustomerInactive):
        ask_for_service(session, here.customer.id, here.service.id)

    assert count(session) == count(session, ServiceOrder) == 0


def test_the_same_page_sent_again_is_the_same_request(session, here, invoice):
    """A double click takes one order; the page's id is nobody else's, and of no other kind."""
    key = new_id()
    first = ask_for_service(session, here.customer.id, here.service.id, request_id=key)
    again = ask_for_service(session, here.customer.id, here.service.id, request_id=key, quantity=Decimal(9))
    assert first is again and count(session, ServiceOrder) == 1

    with pytest.raises(RequestOfAnother):
        ask_for_service(session, make_customer(session, 9).id, here.service.id, request_id=key)
    assert count(session) == 1


def test_nobody_asks_faster_than_anybody_answers(session, here, invoice):
    """Twenty wait; the next is refused, and a neighbour's is not."""
    for _ in range(WAITING_MAX):
        report_problem(session, here.customer.id, invoice.id)
    with pytest.raises(TooManyWaiting) as refusal:
        report_problem(session, here.customer.id, invoice.id)

    assert refusal.value.facts == {"waiting_max": WAITING_MAX}
    assert count(session) == WAITING_MAX
    assert ask_for_service(session, make_customer(session, 9).id, here.service.id)


@pytest.mark.parametrize(
    ("received_on", "working_days", "last_day"),
    [
        (date(2026, 12, 14), 1, date(2026, 12, 15)),
        (date(2026, 12, 15), 1, date(2026, 12, 17)),  # the 16th is a holiday
        (date(2026, 12, 11), 5, date(2026, 12, 21)),  # two weekends and the holiday
        (date(2026, 12, 12), 1, date(2026, 12, 14)),  # received on a Saturday
        (date(2026, 3, 19), 2, date(2026, 3, 26)),  # Nauryz
    ],
)
def test_a_term_counts_working_days_of_the_calendar(session, received_on, working_days, last_day):
    """It begins on the day after, and neither weekends nor holidays count."""
    assert last_day_of_term(session, received_on, working_days) == last_day


def test_a_term_follows_the_edited_calendar(session, here, invoice):
    """A Saturday made a working day shortens the wait, a new holiday makes it longer; a term sent before
    keeps its day."""
    sent_before = report_problem(session, here.customer.id, invoice.id)
    set_calendar_day(session, date(2026, 11, 28), is_working=True, reason="moved")
    assert report_problem(session, here.customer.id, invoice.id).due_on == date(2026, 12, 11)
    for day in (24, 25):
        set_calendar_day(session, date(2026, 11, day), is_working=False, reason="storm")
    assert report_problem(session, here.customer.id, invoice.id).due_on == date(2026, 12, 15)
    assert sent_before.due_on == date(2026, 12, 14)


def test_a_district_sets_its_own_terms(session, here, invoice):
    """Five days for problems; the others keep the law's fifteen; nonsense changes nothing."""
    set_term(session, RequestKind.PROBLEM, 5)
    for nonsense in (0, 31):
        with pytest.raises(InvalidInput):
            set_term(session, RequestKind.PROBLEM, nonsense)

    assert terms(session) == {RequestKind.SERVICE: 15, RequestKind.PROBLEM: 5, RequestKind.CONTACTS: 15}
    assert report_problem(session, here.customer.id, invoice.id).due_on == date(2026, 11, 30)

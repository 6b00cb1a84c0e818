"""A request's way: the resident asks, the clerk decides, the resident reads what was decided."""

import re

import pytest
from sqlalchemy import func, select

from billing.access.models import PersonalDataAccess, Role
from billing.customers.models import Customer
from billing.kernel.i18n import Language
from billing.orders.models import OrderState, ServiceOrder
from billing.requests.models import ContactChange, RequestDecision, ResidentRequest
from tests.support.districts import DISTRICT_ID
from tests.support.pages import text_of
from tests.support.requests import ask_for_contacts
from tests.support.residents import at_home, give_code, make_tenant
from tests.support.season import make_season
from tests.support.web import TODAY

FORMS = ("/my/requests/service", "/my/requests/problem", "/my/requests/contacts")


@pytest.fixture
def season(sessions):
    """One of everything, until today."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_season(session, TODAY)


@pytest.fixture
def tenant(sessions, season):
    """The season's customer, with a code."""
    with sessions.begin(DISTRICT_ID) as session:
        return give_code(session, season.enterprise, session.get(Customer, (DISTRICT_ID, season.customer)))


@pytest.fixture
def resident(desk, tenant):
    """Logged in."""
    return at_home(desk, tenant)


def count(sessions, table):
    """How many rows there are."""
    with sessions.begin(DISTRICT_ID) as session:
        return session.scalar(select(func.count()).select_from(table))


def said_at(page, field):
    """The sentence at a field."""
    found = re.search(rf'id="{field}-wrong">([^<]*)<', page)
    return found and found[1]


def sent(answer):
    """Where a request that was taken is read."""
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["Location"]


def at_the_desk(place):
    """Where the clerk finds it."""
    return place.removeprefix("/my")


def test_a_service_is_ordered_confirmed_and_read(desk, sessions, resident):
    """A draft order; the clerk accepts with a remark; the resident reads both."""
    mine = sent(resident.send("/my/requests/service", quantity="2,5", words="Утром, пожалуйста"))
    said = text_of(resident.read(mine))
    assert "Your request is sent" in said and "14 Dec 2026" in said

    clerk = desk.seat(Role.CLERK)
    assert "Утром, пожалуйста" in clerk.read("/requests/?state=waiting")
    page = clerk.read(at_the_desk(mine))
    answer = clerk.send_from(page, at_the_desk(mine), "/decide", outcome="accepted", words="Приедем в среду")
    assert sent(answer) == at_the_desk(mine)
    order_id = re.search(r'href="/orders/([^"]+)"', clerk.read(at_the_desk(mine)))[1]
    assert "confirmed" in text_of(clerk.read(f"/orders/{order_id}"))

    said = text_of(resident.read(mine))
    assert "accepted" in said and "Приедем в среду" in said and "2.5" in said
    with sessions.begin(DISTRICT_ID) as session:
        order = session.scalars(select(ServiceOrder).order_by(ServiceOrder.id.desc())).first()
        assert (order.state, order.note) == (OrderState.CONFIRMED, "Утром, пожалуйста")


def test_a_service_is_declined_with_its_reason(desk, resident):
    """Without a reason nothing is decided; with one the resident reads it."""
    mine = sent(resident.send("/my/requests/service"))
    clerk, path = desk.seat(Role.CLERK), at_the_desk(mine)
    refused = clerk.send(path, "/decide", outcome="declined")
    assert refused.status_code == 422 and said_at(refused.text, "words")

    sent(clerk.send(path, "/decide", outcome="declined", words="Трактор в ремонте"))
    said = text_of(resident.read(mine))
    assert "declined" in said and "Трактор в ремонте" in said and "cancelled" in said


def test_a_problem_with_an_invoice_is_answered(desk, resident, season):
    """Its invoice is chosen by the link; the answer is read where it was asked."""
    form = f"/my/requests/problem?invoice={season.invoice}"
    mine = sent(resident.send(form, words="Снега не было"))
    sent(desk.seat(Role.CLERK).send(at_the_desk(mine), "/decide", outcome="answered", words="Проверим"))

    said = text_of(resident.read(mine))
    assert "Снега не было" in said and "Проверим" in said and "000001" in said


def test_contacts_are_written_once_a_clerk_has_looked(desk, sessions, resident, season):
    """The clerk reads the whole phone and is logged for it; the auditor sees it masked; then it stands."""
    mine = sent(resident.send("/my/requests/contacts", phone="8 701 555 01 01", house="12"))
    path = at_the_desk(mine)
    assert "+77015550101" not in desk.seat(Role.AUDITOR).read(path)
    clerk = desk.seat(Role.CLERK)
    assert "+77015550101" in clerk.read(path)
    with sessions.begin(DISTRICT_ID) as session:
        read = session.scalars(select(PersonalDataAccess)).one()
        assert (read.subject_id, set(read.fields.split(","))) == (season.customer, {"phone", "house"})
        assert session.get(Customer, (DISTRICT_ID, season.customer)).phone is None

    sent(clerk.send(path, "/decide", outcome="accepted"))
    with sessions.begin(DISTRICT_ID) as session:
        customer = session.get(Customer, (DISTRICT_ID, season.customer))
        assert (customer.phone, customer.house) == ("+77015550101", "12")
    assert count(sessions, ContactChange) == 2
    assert "+77015550101" in resident.read("/my/requests/contacts")


def test_a_refused_request_keeps_what_was_typed(resident, sessions):
    """Each wrong field is said at itself; neither a request nor an order is left."""
    before = count(sessions, ResidentRequest), count(sessions, ServiceOrder)
    for path, typed, field in (
        ("/my/requests/service", {"quantity": "0", "words": "Утром"}, "quantity"),
        ("/my/requests/service", {"planned_on": "22.11.2026"}, "planned_on"),
        ("/my/requests/problem", {"words": ""}, "words"),
        ("/my/requests/contacts", {"phone": "12"}, "phone"),
        ("/my/requests/contacts", {"email": "nobody"}, "email"),
    ):
        answer = resident.send(path, **typed)
        assert answer.status_code == 422 and said_at(answer.text, field), path
        assert all(value in answer.text for value in typed.values())
    assert resident.send("/my/requests/contacts").status_code == 422  # nothing is changed
    assert (count(sessions, ResidentRequest), count(sessions, ServiceOrder)) == before


def test_a_form_sent_twice_is_one_request(resident, sessions):
    """A double click leads to the same request and takes one order."""
    before = count(sessions, ServiceOrder)
    page = resident.read("/my/requests/service")
    first = resident.send_from(page, "/my/requests/service")
    again = resident.send_from(page, "/my/requests/service", quantity="9")

    assert sent(first) == sent(again) and count(sessions, ServiceOrder) == before + 1


@pytest.mark.sqlite_only
def test_what_is_wrong_with_a_card_is_said_to_the_clerk(desk, resident, sessions, season):
    """The card cannot be written any more: the sentence stands above the form, and nothing is decided."""
    mine = sent(resident.send("/my/requests/contacts", house="12"))
    with sessions.begin(DISTRICT_ID) as session:
        session.get(Customer, (DISTRICT_ID, season.customer)).iin_bin = "123456789012"
    answer = desk.seat(Role.CLERK).send(at_the_desk(mine), "/decide", outcome="accepted")

    assert answer.status_code == 422 and "IIN" in text_of(answer.text)
    assert count(sessions, RequestDecision) == count(sessions, ContactChange) == 0


@pytest.mark.sqlite_only
def test_who_is_out_meanwhile_is_shown_the_door(resident, sessions):
    """A form sent after the log-in is over writes nothing and leads back to the log-in."""
    page = resident.read("/my/requests/service")
    before = count(sessions, ResidentRequest)
    with resident.client.session_transaction() as cookie:
        del cookie["resident"]
    answer = resident.send_from(page, "/my/requests/service")

    assert answer.status_code == 401 and 'href="/my/login"' in answer.text
    assert count(sessions, ResidentRequest) == before


@pytest.mark.sqlite_only
def test_two_clerks_with_the_same_page(desk, resident, sessions):
    """The second is told what was decided; the first decision stands."""
    mine = sent(resident.send("/my/requests/service"))
    clerk, other, path = desk.seat(Role.CLERK), desk.seat(Role.ACCOUNTANT), at_the_desk(mine)
    stale = other.read(path)
    sent(clerk.send(path, "/decide", outcome="accepted"))
    answer = other.send_from(stale, path, "/decide", outcome="declined", words="нет")

    assert answer.status_code == 422 and "accepted" in text_of(answer.text)
    assert count(sessions, RequestDecision) == 1


def test_nobody_reads_anothers_request(desk, sessions, season, resident):
    """A neighbour finds neither the request nor the invoice; nobody logged in is led to the log-in."""
    mine = sent(resident.send("/my/requests/problem", words="Снега не было"))
    with sessions.begin(DISTRICT_ID) as session:
        other = make_tenant(session, season.enterprise, 77)
    neighbour = at_home(desk, other)
    assert neighbour.get(mine).status_code == 404
    assert "Снега" not in neighbour.read("/my/requests/")
    page = neighbour.read("/my/requests/problem")
    foreign = neighbour.send_from(page, "/my/requests/problem", invoice_id=str(season.invoice), words="x")
    assert foreign.status_code == 422
    for path in (mine, "/my/requests/", *FORMS):
        assert desk.stranger().get(path).headers["Location"] == "/my/login"


@pytest.mark.sqlite_only
def test_every_page_of_a_request_speaks_every_language(desk, sessions, tenant, season):
    """For the resident and for the clerk; no text is missing."""
    with sessions.begin(DISTRICT_ID) as session:
        contacts = ask_for_contacts(session, tenant.customer, phone="87015550101")
    shown = (f"/my/requests/{season.request}", f"/my/requests/{contacts.id}", "/my/requests/", "/my/", *FORMS)
    for language in Language:
        resident = at_home(desk, tenant, language.value)
        clerk = desk.seat(Role.CLERK, language=language.value)
        for reader, path in [(resident, path) for path in shown] + [(clerk, f"/requests/{contacts.id}")]:
            page = reader.read(path)
            assert f'<html lang="{language}">' in page and "page." not in text_of(page), path


@pytest.mark.sqlite_only
def test_the_clerks_list_as_a_spreadsheet(desk, season):
    """With the filters of the page."""
    assert desk.seat(Role.CLERK).get("/requests/?as=xlsx&kind=problem").data.startswith(b"PK")

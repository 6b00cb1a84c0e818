"""The residents' door: by account and code into one's own account and nowhere else."""

import re
from datetime import timedelta

import pytest
import time_machine

from billing.access.models import Role
from billing.customers.access_codes import ATTEMPTS_AT_ACCOUNT_MAX
from billing.customers.models import Customer
from billing.customers.service import find_access_code, make_access_code
from billing.kernel.db import scope
from billing.kernel.i18n import Language
from billing.pages.resident.identity import HOURS_MAX
from tests.invoices.paper import whole_text
from tests.support.addresses import FORMS, PAGES, address
from tests.support.billing import open_for_business
from tests.support.districts import (
    DISTRICT_ID,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_district,
    make_enterprise,
)
from tests.support.pages import text_of
from tests.support.residents import NOON, Tenant, at_home, give_code, log_in, log_out, make_tenant
from tests.support.season import make_season
from tests.support.web import TODAY


@pytest.fixture
def season(sessions):
    """One of everything, until today."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_season(session, TODAY)


@pytest.fixture
def tenant(sessions, season):
    """The season's customer, with a code."""
    with sessions.begin(DISTRICT_ID) as session:
        customer = session.get(Customer, (DISTRICT_ID, season.customer))
        return give_code(session, season.enterprise, customer)


def csrf_on(reader, path):
    """The mark of our own forms, from a page."""
    return re.search(r'name="csrf_token" value="([^"]+)"', reader.read(path))[1]


@pytest.fixture
def lodger(sessions):
    """A resident with a code and nothing else."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_tenant(session, open_for_business(session).id)


def test_a_resident_sees_his_own_account(desk, tenant, season):
    """His whole name, number, debt and papers; each paper opens, and leads to a report of what is wrong."""
    resident = at_home(desk, tenant)
    page = resident.read("/my/")

    said = text_of(page)
    assert "Есенова Айгүл" in said and season.account_number in said and "3,500.00" in said
    papers = re.findall(r'href="(/my/papers/[^"]+)"', page)
    assert len(papers) == 4  # the invoice, its credit note, the one of the run, the receipt
    for paper in papers:
        assert resident.get(paper).data.startswith(b"%PDF"), paper
        assert desk.stranger().get(paper).headers["Location"] == "/my/login"
    [problem] = re.findall(rf'href="(/my/requests/problem[^"]+{season.invoice})"', page)
    assert f'value="{season.invoice}" selected' in resident.read(problem)


@pytest.mark.sqlite_only
def test_the_door_speaks_every_language(desk, lodger):
    """The language of the log-in stays behind the door, and on the way out."""
    for language in Language:
        resident = at_home(desk, lodger, language.value)
        for path in ("/my/", "/my/login"):
            page = resident.read(path)
            assert f'<html lang="{language}">' in page and "page." not in text_of(page)
        assert log_out(resident).status_code == 303
        assert f'<html lang="{language}">' in resident.read("/my/login")


@pytest.mark.sqlite_only
def test_who_chose_no_language_reads_that_of_his_papers(desk, sessions, lodger):
    """The customer's own language, where neither an address nor the browser says another."""
    reader = desk.stranger()
    log_in(reader, lodger.customer.account_number, lodger.code)
    assert '<html lang="kk">' in reader.read("/my/")


def test_a_wrong_code_says_nothing_and_is_counted(desk, lodger):
    """A wrong code and an unknown account read alike; at last even the right code has to wait."""
    reader = desk.stranger()
    known = lodger.customer.account_number
    answers = [log_in(reader, known, "1") for _ in range(ATTEMPTS_AT_ACCOUNT_MAX)]
    unknown = log_in(reader, "47363900027", "1")

    assert {answer.status_code for answer in answers} == {unknown.status_code} == {401}
    assert text_of(answers[0].text) == text_of(unknown.text)
    assert known in answers[0].text and 'value="1"' not in answers[0].text
    waits = log_in(reader, known, lodger.code)
    assert waits.status_code == 429 and "15" in text_of(waits.text)
    assert reader.get("/my/").headers["Location"] == "/my/login"


@pytest.mark.sqlite_only
def test_logging_out_forgets(desk, lodger):
    """After the log-out the door is closed."""
    resident = at_home(desk, lodger)
    assert log_out(resident).status_code == 303
    assert resident.get("/my/").headers["Location"] == "/my/login"


def test_a_new_code_ends_the_log_in(desk, sessions, lodger):
    """Whoever is in with the old code is out at once."""
    resident = at_home(desk, lodger)
    with sessions.begin(DISTRICT_ID) as session:
        make_access_code(session, lodger.contract.id, on=TODAY, at=NOON)

    assert resident.get("/my/").headers["Location"] == "/my/login"


@pytest.mark.sqlite_only
def test_a_log_in_does_not_last(desk, lodger):
    """Half a day later a lent phone opens nothing."""
    resident = at_home(desk, lodger)
    with time_machine.travel(NOON + timedelta(hours=HOURS_MAX + 1)):
        assert resident.get("/my/").headers["Location"] == "/my/login"


@pytest.mark.sqlite_only
def test_a_form_without_our_token_is_refused(desk, lodger):
    """A page of another site logs nobody in or out."""
    reader = desk.stranger()
    typed = {"account": lodger.customer.account_number, "code": lodger.code}
    assert reader.client.post("/my/login", data=typed).status_code == 400
    assert at_home(desk, lodger).client.post("/my/logout").status_code == 400


@pytest.mark.sqlite_only
def test_a_resident_reaches_no_page_of_the_office(desk, season, tenant):
    """He is led to the office's log-in, and his forms are refused; the API does not know him either."""
    resident = at_home(desk, tenant)
    for path in PAGES:
        answer = resident.get(address(path, season))
        assert answer.status_code == 302 and "/login?" in answer.headers["Location"], path
    token = csrf_on(resident, "/my/")
    for path in FORMS:
        assert resident.client.post(address(path, season), data={"csrf_token": token}).status_code == 401, (
            path
        )
    assert resident.get("/api/v1/me").status_code == 401


def test_every_page_for_residents_is_closed_to_others(desk, app, lodger):
    """Nobody logged in and an accountant alike are led to the residents' log-in."""
    views = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/my/") and rule.endpoint.split(".")[0] != "resident_door"
    ]
    assert views
    for rule in views:
        assert getattr(app.view_functions[rule.endpoint], "for_residents", False), rule.rule
    for reader in (desk.stranger(), desk.seat(Role.ACCOUNTANT)):
        assert reader.get("/my/").headers["Location"] == "/my/login"


@pytest.mark.sqlite_only
def test_a_browser_is_an_offices_or_a_residents(desk, sessions, lodger):
    """A resident's log-in at the clerk's browser ends the clerk's."""
    clerk = desk.seat(Role.CLERK)
    assert clerk.get("/customers/").status_code == 200
    log_in(clerk, lodger.customer.account_number, lodger.code)

    assert clerk.get("/my/").status_code == 200
    assert "/login?" in clerk.get("/customers/").headers["Location"]


def test_each_resident_sees_only_what_is_his(desk, sessions, season, tenant):
    """A neighbour and somebody of another district see their own accounts, with nothing on them."""
    with sessions.begin(DISTRICT_ID) as session:
        neighbour = make_tenant(session, season.enterprise, 77, name="Көрші Көршіұлы")
    with sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
        scope(session, OTHER_DISTRICT_ID)
        foreign = make_tenant(session, make_enterprise(session, 2).id, 78, name="Алыс Ауылдағы")
    for other in (neighbour, foreign):
        page = at_home(desk, other).read("/my/")
        assert other.customer.name in page and other.customer.account_number in page
        assert "Есенова" not in page and "/my/papers/" not in page
        for kind, paper in (("invoice", season.invoice), ("receipt", season.payment)):
            assert at_home(desk, other).get(f"/my/papers/{kind}/{paper}.pdf").status_code == 404


def test_the_clerk_hands_over_a_slip_once(desk, sessions, season):
    """The contract's page prints account and code; they open; the page sent again prints no second one."""
    clerk, path = desk.seat(Role.CLERK), f"/contracts/{season.contract}"
    page = clerk.read(path)
    slip = clerk.send_from(page, path, "/access-code")

    assert (slip.status_code, slip.mimetype) == (200, "application/pdf")
    assert slip.headers["Cache-Control"] == "no-store"
    printed = whole_text(slip.data)
    code = re.search(r"\b(\d{5} \d{5})\b", printed)[1]
    assert season.account_number in printed and "/my/login" in printed

    again = clerk.send_from(page, path, "/access-code")
    assert again.status_code == 422 and 'role="alert"' in again.text
    with sessions.begin(DISTRICT_ID) as session:
        customer = session.get(Customer, (DISTRICT_ID, season.customer))
        assert find_access_code(session, customer.id).version == 1
    tenant = Tenant(customer, None, code)
    assert season.account_number in at_home(desk, tenant).read("/my/")
    assert clerk.send(path, "/access-code").mimetype == "application/pdf"
    assert log_in(desk.stranger(), season.account_number, code).status_code == 401


def test_a_program_makes_a_code(office, season):
    """PUT gives account and code once; the answer is kept nowhere, and a cashier gets none."""
    path = f"/api/v1/contracts/{season.contract}/access-code"
    assert office.member(Role.CASHIER).put(path).status_code == 403
    made = office.put(path, headers={"Idempotency-Key": "k"})

    assert (made.status_code, made.json["account_number"]) == (200, season.account_number)
    assert office.put(path, headers={"Idempotency-Key": "k"}).json["code"] != made.json["code"]

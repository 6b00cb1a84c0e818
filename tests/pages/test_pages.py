"""Every page: who may open it, in which languages it speaks, and that nobody sees another district."""

import re
from itertools import product
from uuid import uuid4

import pytest

from billing.access.models import Role
from billing.kernel.i18n import Language
from billing.web.access import access_of
from tests.support.addresses import ASKING_NOTHING, FORMS, PAGES, address
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.pages import text_of
from tests.support.season import make_season
from tests.support.web import TODAY

GROUPS = ("overview", "clerk", "cashier", "accountant")


@pytest.fixture
def season(sessions):
    """One of everything, until today."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_season(session, TODAY)


def token_on(reader, path):
    """The mark of our own forms, from a page."""
    return re.search(r'name="csrf_token" value="([^"]+)"', reader.read(path))[1]


def test_every_page_says_who_may_open_it_and_is_tried_here(app):
    """No page without roles, and none that the tests below forget."""
    known = {re.sub(r"\?.*", "", re.sub(r"{[^}]+}", "*", path)) for path in [*PAGES, *FORMS]}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.split(".")[0].split("_")[0] in GROUPS and "." in rule.endpoint:
            assert access_of(app.view_functions[rule.endpoint]) is not None, rule.endpoint
            assert re.sub(r"<[^>]+>", "*", rule.rule) in known, rule.rule


@pytest.mark.sqlite_only
def test_every_page_speaks_every_language(desk, season):
    """The accountant opens every page in each language; no text is missing."""
    for path, language in product(PAGES, Language):
        reader = desk.seat(Role.ACCOUNTANT, Role.AKIM, language=language.value)
        answer = reader.get(address(path, season))
        assert answer.status_code == 200, path
        if answer.mimetype == "text/html":
            assert f'<html lang="{language}">' in answer.text, path
            assert "page." not in text_of(answer.text), path
            assert answer.text.count("<h1") == 1, path


def test_every_page_on_both_databases(desk, season):
    """What is read for a page is read on both databases."""
    reader = desk.seat(Role.ACCOUNTANT, Role.AKIM)
    for path in PAGES:
        assert reader.get(address(path, season)).status_code == 200, path


@pytest.mark.sqlite_only
def test_who_may_open_which_page(desk, season):
    """Each role reads its pages and no other."""
    for role in Role:
        reader = desk.seat(role)
        for path, roles in PAGES.items():
            wanted = 200 if role in roles else 403
            assert reader.get(address(path, season)).status_code == wanted, (path, role)


@pytest.mark.sqlite_only
def test_who_may_send_which_form(desk, season):
    """Without the role a form is refused as a whole; with it, what is wrong with an empty one is said."""
    for role in Role:
        reader = desk.seat(role)
        token = token_on(reader, "/overview")
        for path, roles in FORMS.items():
            if role in roles and path.endswith(ASKING_NOTHING):
                continue
            answer = reader.client.post(address(path, season), data={"csrf_token": token})
            assert answer.status_code == (422 if role in roles else 403), (path, role)


@pytest.mark.sqlite_only
def test_strangers_are_led_to_the_log_in(desk, season):
    """Whoever is not logged in is asked to, and sends nothing."""
    stranger = desk.stranger()
    for path in PAGES:
        answer = stranger.get(address(path, season))
        assert answer.status_code == 302 and "/login" in answer.headers["Location"], path
    token = token_on(stranger, "/login")
    for path in FORMS:
        assert stranger.client.post(address(path, season), data={"csrf_token": token}).status_code == 401


def test_no_page_shows_another_district(desk, season, sessions):
    """An accountant of another district finds none of these things, and lists of his own only."""
    with sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    foreign = desk.seat(Role.ACCOUNTANT, district_id=OTHER_DISTRICT_ID)
    token = token_on(foreign, "/overview")
    for path in PAGES:
        if "{" in path and "reports" not in path:
            assert foreign.get(address(path, season)).status_code in {302, 404}, path
    for path in FORMS:
        if "{" in path:
            answer = foreign.client.post(address(path, season), data={"csrf_token": token, "reason": "x"})
            assert answer.status_code in {404, 422}, path
    assert "Есенова" not in foreign.read("/customers/") + foreign.read("/invoices/")


@pytest.mark.sqlite_only
def test_a_form_without_our_token_is_refused(desk, season):
    """A page of another site cannot make a clerk's browser do anything."""
    clerk = desk.seat(Role.CLERK)
    for path in FORMS:
        assert clerk.client.post(address(path, season), data={"reason": "x"}).status_code == 400, path


@pytest.mark.sqlite_only
def test_who_has_chosen_no_district_chooses_first(desk, season):
    """A page of a desk leads to the start page, where a district is chosen."""
    clerk = desk.seat(Role.CLERK)
    with clerk.client.session_transaction() as cookie:
        del cookie["district_id"]
    assert clerk.get("/customers/").headers["Location"] == "/"


@pytest.mark.sqlite_only
def test_what_is_not_there(desk, season):
    """An unknown id is a friendly page, in the reader's language."""
    clerk = desk.seat(Role.CLERK, language="ru")
    answer = clerk.get(f"/customers/{uuid4()}")
    assert answer.status_code == 404 and "Такая запись не найдена: заказчик." in answer.text


@pytest.mark.sqlite_only
def test_reports_as_spreadsheets(desk, season):
    """Each report opens in Excel, and as text with the decimal comma of Russian."""
    accountant = desk.seat(Role.ACCOUNTANT, language="ru")
    for path in PAGES:
        if path.startswith("/reports/") and path != "/reports/":
            joined = address(path, season) + ("&" if "?" in path else "?")
            assert accountant.get(f"{joined}as=xlsx").data.startswith(b"PK"), path
            assert accountant.get(f"{joined}as=csv").data.startswith("\N{BOM}".encode()), path
    debts = accountant.get("/reports/aged-debt?as=csv").data.decode("utf-8-sig")
    assert f"{season.account_number};Есенова Айгүл;" in debts and "2500,00" in debts
    statement = f"/reports/statement?account_number={season.account_number}&as=pdf"
    assert accountant.get(statement).data.startswith(b"%PDF")

"""The door for people: start page, log-in, languages, districts."""

import re

import pytest

from billing.access import service
from billing.access.models import Role
from billing.app import create_app
from billing.config import Settings, load_secret_key
from billing.kernel.db import scope
from tests.support.districts import make_district
from tests.support.web import PASSWORD, make_user


@pytest.fixture
def browser(app):
    """A browser that keeps cookies and reads English."""
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def aigul(sessions):
    """A clerk and cashier of the test district."""
    with sessions.begin(1) as session:
        return make_user(session, "aigul", Role.CLERK, Role.CASHIER)


def send(browser, path, *, form="/login", **fields):
    """Send a page's form, as a browser does."""
    page = browser.get(form).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    return browser.post(path, data={"csrf_token": token, **fields})


def log_in(browser, **fields):
    """Log in as aigul."""
    return send(browser, "/login", **{"login": "aigul", "password": PASSWORD, **fields})


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("kk", "API құжаттамасы"), ("ru", "Документация API"), ("en", "Documentation of the API")],
)
def test_the_start_page_in_three_languages(app, language, sentence):
    """What the browser asks for is what it gets, and the page says so to screen readers."""
    page = app.test_client().get("/", headers={"Accept-Language": language})

    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text and sentence in page.text


def test_a_chosen_language_stays(browser):
    """?lang counts from then on, and an unknown one changes nothing."""
    assert '<html lang="ru">' in browser.get("/?lang=ru").text
    assert '<html lang="ru">' in browser.get("/login").text
    assert '<html lang="ru">' in browser.get("/login?lang=de").text


def test_the_language_chosen_before_the_log_in_stays(browser, aigul):
    """Whoever reads the form in Kazakh goes on in Kazakh; nothing else of the old cookie lives on."""
    browser.get("/login?lang=kk")
    log_in(browser)
    assert '<html lang="kk">' in browser.get("/overview").text
    with browser.session_transaction() as cookie:
        assert cookie["language"] == "kk"


def test_who_logs_in_sees_his_district_and_roles(browser, aigul):
    """The log-in leads to the overview; the start page shows, in his language, name and roles."""
    entered = log_in(browser)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/overview")

    page = browser.get("/?lang=en").text
    assert "Айгүл" in page and "Боранкульский сельский округ" in page
    assert "cashier, clerk" in page and "you work here now" in page


def test_a_wrong_password_does_not_open(browser, aigul):
    """The form comes back with the login, a sentence, and without the password."""
    answer = log_in(browser, password="wrong-password")

    assert answer.status_code == 401
    assert 'value="aigul"' in answer.text and "wrong-password" not in answer.text
    assert 'role="alert"' in answer.text
    assert "Your districts" not in browser.get("/").text


def test_a_form_from_elsewhere_is_refused(browser, aigul):
    """Without the token of our own form nothing happens."""
    answer = browser.post("/login", data={"login": "aigul", "password": PASSWORD})

    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "Your districts" not in browser.get("/").text


def test_guessing_is_slowed_here_too(browser, aigul):
    """The eleventh attempt within a minute is refused, even with the right password."""
    statuses = [log_in(browser, password="wrong").status_code for _ in range(10)]

    assert statuses == [401] * 10
    assert log_in(browser).status_code == 429


def test_logging_out_forgets(browser, aigul):
    """After the log-out the page knows nobody."""
    log_in(browser)
    assert send(browser, "/logout", form="/").status_code == 303

    assert "Айгүл" not in browser.get("/").text


def test_a_new_password_ends_old_log_ins(browser, aigul, sessions):
    """Whoever is still logged in with the old one is not any more."""
    log_in(browser)
    assert "Айгүл" in browser.get("/").text
    with sessions.begin(1) as session:
        service.set_password(session, aigul.id, "Жаңа-құпия-77")

    assert "Айгүл" not in browser.get("/").text


def test_who_works_in_two_districts_chooses(browser, aigul, sessions):
    """Nothing is chosen at the log-in; a district of his own may be, a foreign one may not."""
    with sessions.begin(None) as session:
        make_district(session, district_id=2, kato_code="473635000")
        make_district(session, district_id=3, kato_code="473637000")
        scope(session, 2)
        service.grant_role(session, "aigul", Role.AKIM)
    log_in(browser)
    assert "you work here now" not in browser.get("/?lang=en").text

    assert send(browser, "/district", form="/", district_id="2").status_code == 303
    assert browser.get("/").text.count("you work here now") == 1
    assert send(browser, "/district", form="/", district_id="3").status_code == 404


@pytest.mark.parametrize(
    ("wanted", "location"),
    [
        ("/reports?month=2026-11", "/reports?month=2026-11"),
        ("https://elsewhere.example/", "/overview"),
        ("//elsewhere.example/", "/overview"),
        ("/\\elsewhere.example/", "/overview"),
        ("javascript:alert(1)", "/overview"),
    ],
)
def test_the_log_in_leads_back_but_never_away(browser, aigul, wanted, location):
    """Only an address of this server is followed."""
    assert log_in(browser, next=wanted).headers["Location"] == location


def test_pages_are_kept_by_nobody_and_fetch_nothing(browser):
    """Headers forbid foreign scripts, frames and shared copies; cookies are not for scripts."""
    page = browser.get("/?lang=ru")

    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "HttpOnly" in page.headers["Set-Cookie"] and "SameSite=Lax" in page.headers["Set-Cookie"]
    for address in re.findall(r'(?:href|src)="([^"]+\.(?:css|js))"', page.text):
        with browser.get(address) as file:
            assert file.status_code == 200


def test_the_secret_key_is_made_once_for_its_owner_only(tmp_path):
    """Without a key in the environment one is made, kept, and readable by nobody else."""
    settings = Settings.from_environment({"AUYL_VAR": str(tmp_path / "var")})

    first = load_secret_key(settings)
    assert len(first) == 64
    assert load_secret_key(settings) == first
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_behind_https_cookies_never_travel_without(sessions, tmp_path):
    """With an https address the cookie is marked and browsers are told to stay with https."""
    settings = Settings.from_environment(
        {"AUYL_VAR": str(tmp_path), "AUYL_SECRET_KEY": "x", "AUYL_PUBLIC_URL": "https://auyl.example"}
    )
    page = create_app(settings, sessions).test_client().get("/?lang=ru")

    assert "Secure" in page.headers["Set-Cookie"]
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"

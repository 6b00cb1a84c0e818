"""The page behind an invoice's QR code: open to everybody, and silent about persons."""

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from billing.app import create_app
from billing.config import Settings
from billing.customers.account_links import AccountToken, read_token
from billing.invoicing.documents import payment_link
from billing.invoicing.models import Invoice
from billing.kernel.db import scope
from billing.payments.models import Payment
from billing.payments.providers.service import close_provider
from tests.support.billing import reverse
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.identifiers import synthetic_iban
from tests.support.pages import text_of
from tests.support.providers import make_provider
from tests.support.season import make_season
from tests.support.web import TODAY


@pytest.fixture
def season(sessions):
    """One of everything, in one of two districts."""
    with sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    with sessions.begin(DISTRICT_ID) as session:
        return make_season(session, TODAY)


def test_anybody_sees_what_is_to_be_paid_and_where(desk, season):
    """Sum, personal account and bank details stand there; no name, no IIN; search engines stay away."""
    answer = desk.stranger().get(f"/pay/{season.invoice}?lang=en")

    said = text_of(answer.text)
    assert answer.status_code == 200 and answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "2,500.00 KZT" in said and season.account_number in said
    assert synthetic_iban(1) in said and "HSBKKZKX" in said and "859" in said
    assert "Есенова" not in answer.text and "Достық" not in answer.text


def test_the_provider_s_own_page_is_one_touch_away(desk, sessions, season):
    """Account and open sum are in the link; a closed provider and one without a page have none."""
    with sessions.begin(DISTRICT_ID) as session:
        link = "https://kaspi.kz/pay/auyl?id={account}&amount={sum}"
        make_provider(session, season.enterprise, "halyk", pay_link=link)
        make_provider(session, season.enterprise, "terminals")
        closed = make_provider(session, season.enterprise, "closed", pay_link="https://closed.kz/")
        close_provider(session, closed.id)

    answer = desk.stranger().get(f"/pay/{season.invoice}?lang=en")

    wanted = f'href="https://kaspi.kz/pay/auyl?id={season.account_number}&amp;amount=2500.00"'
    assert wanted in answer.text and "Pay with Kaspi" in answer.text
    assert "closed.kz" not in answer.text


def test_a_resident_sees_where_the_money_went(desk, sessions, season):
    """2,500 tenge of snow stand on a code of the budget; what was taken back stands against it."""
    said = text_of(desk.stranger().get(f"/pay/{season.invoice}?lang=en").text)
    assert "Where the money went" in said
    assert "2,500.00 KZT" in said and "budget code 206109 Код 206109" in said

    with sessions.begin(DISTRICT_ID) as session:
        reverse(session, session.get(Payment, (DISTRICT_ID, season.payment)), reversed_on=TODAY)
    said = text_of(desk.stranger().get(f"/pay/{season.invoice}?lang=en").text)
    assert "2,500.00 KZT , October 2026" in said and "-2,500.00 KZT , November 2026" in said


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("kk", "Мұндай шот жоқ"), ("ru", "Такого счёта нет"), ("en", "There is no such invoice")],
)
@pytest.mark.sqlite_only
def test_an_unknown_invoice_is_a_friendly_page(desk, season, language, sentence):
    """What to do then is said in three languages."""
    answer = desk.stranger().get(f"/pay/{uuid4()}?lang={language}")
    assert answer.status_code == 404 and sentence in answer.text


def test_the_served_application_knows_the_address_of_this_page(tmp_path):
    """Whatever serves it, an invoice issued there carries the link in its QR code."""
    settings = Settings.from_environment(
        {"AUYL_VAR": str(tmp_path), "AUYL_SECRET_KEY": "x", "AUYL_PUBLIC_URL": "https://auyl.example"}
    )
    sessions = create_app(settings).extensions["sessions"]
    issued = Invoice(id=uuid4(), facts={"account": {"number": "47363900019", "link_serial": 0}})
    with Session(sessions.engine, info=dict(sessions.info)) as session:
        scope(session, DISTRICT_ID)
        link = payment_link(session, issued)
        token = read_token(session, link.removeprefix("https://auyl.example/a/"))
        assert token == AccountToken(DISTRICT_ID, "47363900019", 0)

        del issued.facts["account"]["link_serial"]  # from before there were such links
        assert payment_link(session, issued) == f"https://auyl.example/pay/{issued.id}"

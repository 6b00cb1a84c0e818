"""The page behind an invoice's QR code: open to everybody, and silent about persons."""

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from billing.app import create_app
from billing.config import Settings
from billing.invoicing.documents import payment_link
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.identifiers import synthetic_iban
from tests.support.pages import text_of
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
    with Session(sessions.engine, info=dict(sessions.info)) as session:
        assert payment_link(session, "1") == "https://auyl.example/pay/1"

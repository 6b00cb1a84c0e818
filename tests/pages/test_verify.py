"""The page behind a paper's QR code: anybody may ask whether it holds, and learns no name."""

from urllib.parse import quote
from uuid import uuid4

import pytest

from billing.customers.account_links import PUBLIC_URL
from billing.invoicing.models import Invoice
from billing.payments.documents import receipt_number, verification_link
from billing.payments.models import Payment
from tests.support.billing import credit, reverse
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
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


def seen(desk, paper_id):
    answer = desk.stranger().get(f"/verify/{paper_id}?lang=en")
    assert answer.status_code == 200 and answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Есенова" not in answer.text and "Достық" not in answer.text
    return text_of(answer.text)


def test_papers_are_known_by_number_date_and_sum(desk, sessions, season):
    """Invoice, receipt and credit note; what was taken off the invoice since stands there too."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        receipt = receipt_number(session.get(Payment, (DISTRICT_ID, season.payment)))

    invoice, payment, note = (
        seen(desk, each) for each in (season.invoice, season.payment, season.credit_note)
    )

    assert "invoice No. 000001 Valid" in invoice and "6,000.00 KZT" in invoice
    assert "Taken off since 1,000.00 KZT" in invoice and "24 Oct 2026" in invoice
    assert f"receipt No. {receipt} Valid" in payment and "2,500.00 KZT" in payment
    assert "credit note No. 000001 Valid" in note and "1,000.00 KZT" in note


def test_what_was_taken_back_is_no_longer_valid(desk, sessions, season):
    """A reversed payment's receipt, and an invoice credited as a whole, say since when."""
    with sessions.begin(DISTRICT_ID) as session:
        reverse(session, session.get(Payment, (DISTRICT_ID, season.payment)), reversed_on=TODAY)
        credit(session, session.get(Invoice, (DISTRICT_ID, season.invoice)), issued_on=TODAY)

    assert "Cancelled on 23 Nov 2026" in seen(desk, season.payment)
    assert "Cancelled on 23 Nov 2026" in seen(desk, season.invoice)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("kk", "Мұндай құжат берілмеген"),
        ("ru", "Такой документ не выдавался"),
        ("en", "No such paper was issued"),
    ],
)
@pytest.mark.sqlite_only
def test_an_invented_paper_is_told_apart(desk, season, language, sentence):
    """An unknown code and something typed that is none are said in three languages."""
    stranger = desk.stranger()
    answer = stranger.get(f"/verify/{uuid4()}?lang={language}")
    assert answer.status_code == 404 and sentence in answer.text
    assert sentence in stranger.get(f"/verify/?lang={language}&code=123").text
    assert sentence not in stranger.get(f"/verify/?lang={language}").text


@pytest.mark.sqlite_only
def test_a_code_can_be_typed(desk, season):
    """The whole address from the code leads to the paper."""
    typed = f"https://auyl.example/verify/{season.payment}"
    answer = desk.stranger().get(f"/verify/?code={quote(typed)}")
    assert (answer.status_code, answer.location) == (302, f"/verify/{season.payment}")


@pytest.mark.sqlite_only
def test_receipts_carry_the_address(sessions, season):
    """Where residents reach the server it is printed as a QR code; elsewhere nothing is."""
    with sessions.begin(DISTRICT_ID) as session:
        assert verification_link(session, season.payment) == ""
        session.info[PUBLIC_URL] = "https://auyl.example"
        assert verification_link(session, season.payment) == f"https://auyl.example/verify/{season.payment}"

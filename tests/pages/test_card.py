"""A resident pays by card: from the invoice's page to the bank's, and back to what became of it."""

import html
import json
import re
from dataclasses import replace
from uuid import uuid4

import pytest

from billing.payments import service as payments
from billing.payments.cards import service as cards
from billing.payments.cards.gateway import CardOutcome, Report
from billing.payments.cards.models import CardPayment, CardPaymentState
from billing.payments.models import Payment
from billing.payments.providers import service as providers
from billing.web.security import counted
from tests.support.billing import reverse
from tests.support.card_desk import village_with_cards
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID
from tests.support.pages import form_of, text_of
from tests.support.served import serving
from tests.support.web import TODAY

PAID = "Paid. Thank you!"


@pytest.fixture
def village(app):
    """A resident with an invoice, and a bank that the application pays with."""
    with village_with_cards(app) as village:
        yield village


@pytest.fixture
def resident(desk):
    """Somebody with the invoice's paper and a phone, who reads English."""
    reader = desk.stranger()
    reader.read("/verify/?lang=en")
    return reader


def order_of(page):
    """What the bank's script is called with."""
    return json.loads(html.unescape(re.search(r'data-parameters="([^"]+)"', page)[1]))


def test_a_resident_pays_by_card(app, village, resident):
    """The bank's page asks for the open sum; told over real HTTP, the resident and the books know."""
    with serving(app) as url:
        app.extensions["settings"] = replace(app.extensions["settings"], public_url=url)
        invoice = f"/pay/{village.invoice_id}"
        before = resident.read(invoice)
        assert "Pay 1,160.00 KZT by card" in text_of(before)
        page = resident.send_from(before, invoice, "/cards/new")

        order = order_of(page.text)
        assert (order["amount"], order["invoiceId"]) == ("1160.00", "100000001")
        assert order["accountId"] == village.desk.customer.account_number
        assert order["language"] == "eng"
        policy = page.headers["Content-Security-Policy"]
        assert f"script-src 'self' {village.bank.url};" in policy and "Есенова" not in page.text
        back = order["backLink"].removeprefix(url)
        assert "Waiting for the bank." in text_of(resident.read(back))

        village.bank.type_card(order["invoiceId"])
        assert [village.bank.post(order["invoiceId"]) for _ in range(2)] == [200, 200]

    assert PAID in text_of(resident.read(back))
    assert "There is nothing to pay" in resident.send_from(before, invoice, "/cards/new").text
    assert count(village.sessions, Payment) == 1
    assert all_agrees(village.sessions)


def test_two_open_pages_pay_once(village, resident, desk):
    """On the phone and on the neighbour's: one order, which the bank takes once."""
    neighbour = desk.stranger()
    invoice = f"/pay/{village.invoice_id}"
    orders = [order_of(each.send(invoice, "/cards/new").text) for each in (resident, neighbour)]

    assert orders[0]["invoiceId"] == orders[1]["invoiceId"]
    assert orders[0]["auth"]["access_token"] != orders[1]["auth"]["access_token"]
    for order in orders:
        village.bank.type_card(order["invoiceId"])
    assert village.bank.orders[orders[0]["invoiceId"]].charges == 1
    assert count(village.sessions, CardPayment) == 1


def test_a_bank_that_does_not_answer_takes_nothing(village, resident):
    """Said in words, with a way to try again under the same order."""
    village.bank.faults.append(503)
    answer = resident.send(f"/pay/{village.invoice_id}", "/cards/new")

    assert answer.status_code == 503
    assert "The bank does not answer now. Nothing was charged" in text_of(answer.text)
    again = resident.send_from(answer.text, "/", "/cards/new")
    assert order_of(again.text)["invoiceId"] == "100000001"


@pytest.mark.parametrize(
    ("state", "words", "again"),
    [
        ("pending", "Waiting for the bank.", True),
        ("refused", "The bank refused the payment. Nothing was charged", True),
        ("expired", "It was not paid in time. Nothing was charged.", True),
        ("charged", "the payment is not booked yet. The accountant knows; do not pay again.", False),
        ("returned", "The bank gave the money back to your card.", False),
    ],
)
@pytest.mark.sqlite_only
def test_every_end_is_said_in_words(village, resident, state, words, again):
    """And only where nothing was charged is there a button to pay again."""
    card = village.begin()
    with village.sessions.begin(DISTRICT_ID) as session:
        session.get(CardPayment, (DISTRICT_ID, card.id)).state = CardPaymentState(state)

    page = resident.read(f"/cards/{card.id}")

    assert words in text_of(page) and card.order_number in page
    assert (f"/cards/new/{village.invoice_id}" in page) is again


@pytest.mark.sqlite_only
def test_a_payment_taken_back_is_said_with_its_day(village, resident):
    """The accountant reversed it: the resident sees it where he saw it paid."""
    card = village.begin()
    with village.sessions.begin(DISTRICT_ID) as session:
        report = Report(CardOutcome.CHARGED, card.amount)
        paid = cards.hear(session, card.id, report, now=card.made_at)
        reverse(session, payments.get_payment(session, paid.payment_id), reversed_on=TODAY)

    said = text_of(resident.read(f"/cards/{card.id}"))
    assert "The payment was taken back on 23 Nov 2026." in said and PAID not in said


@pytest.mark.sqlite_only
def test_without_an_agreement_there_is_no_button(app, village, resident):
    """Nobody is led to a bank that knows nothing of the enterprise, or from a forged form."""
    page = f"/pay/{village.invoice_id}"
    assert "/cards/new" in resident.read(page)
    assert resident.client.post(f"/cards/new/{village.invoice_id}").status_code == 400  # without our token
    with village.sessions.begin(DISTRICT_ID) as session:
        providers.close_provider(session, village.provider.id)
    assert "/cards/new" not in resident.read(page)
    with village.sessions.begin(DISTRICT_ID) as session:
        providers.reopen_provider(session, village.provider.id)
    app.extensions["card_gateway"] = village.bank.gateway()
    assert "/cards/new" not in resident.read(page)
    assert count(village.sessions, CardPayment) == 0


@pytest.mark.sqlite_only
def test_a_page_without_referrer_may_send_its_form(village, resident):
    """Over https browsers send no Referer from the invoice's page: that is no forgery."""
    page = resident.client.get(f"/pay/{village.invoice_id}?lang=en", base_url="https://localhost").text
    address, fields = form_of(page, "/", "/cards/new")
    answer = resident.client.post(address, data=fields, base_url="https://localhost")
    assert answer.status_code == 200 and order_of(answer.text)["invoiceId"] == "100000001"


@pytest.mark.sqlite_only
def test_nobody_makes_the_bank_busy(village, resident):
    """The eleventh order of an invoice within a minute is put off before the bank hears of it."""
    page = resident.read(f"/pay/{village.invoice_id}")
    counted.reset()
    answers = [resident.send_from(page, "/", "/cards/new").status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    assert village.bank.tokens == 10


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.sqlite_only
def test_unknown_card_payments_and_invoices(village, resident, language):
    """A friendly page each, in the reader's language."""
    page = resident.read(f"/pay/{village.invoice_id}?lang={language}")
    assert resident.get(f"/cards/{uuid4()}").status_code == 404
    unknown = page.replace(str(village.invoice_id), str(uuid4()))
    assert resident.send_from(unknown, "/", "/cards/new").status_code == 404
    assert "page." not in text_of(resident.read(f"/cards/{village.begin().id}"))

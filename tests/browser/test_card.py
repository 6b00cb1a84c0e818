"""Paying by card in a real browser: our page runs the bank's script, and nothing but it."""

import pytest

from tests.support.browser import PHONE, barriers, overflow
from tests.support.card_desk import village_with_cards
from tests.support.epay import MERCHANT

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def village(app):
    """A resident with an invoice, and a bank that the application pays with."""
    with village_with_cards(app) as village:
        yield village


def test_the_bank_s_page_opens_with_the_order(sit, village):
    """From the invoice's page, in one touch: the sum is a number there, and the token is the order's."""
    resident = sit("kk", screen=PHONE, scripts=True)
    resident.open(f"/pay/{village.invoice_id}?lang=kk")
    assert barriers(resident.page) == "" and overflow(resident.page) == []

    resident.page.get_by_role("button").first.click()
    resident.page.wait_for_url(f"{village.bank.url}/payform/**")

    token = f"TOKEN-{village.bank.tokens}"
    assert village.bank.pages == [f"100000001|number|1160|{MERCHANT.terminal}|{token}"]


def test_whoever_has_no_scripts_is_told(sit, village):
    """The bank's page would not work; what else can be done is said, and nothing is wider than the phone."""
    resident = sit("ru", screen=PHONE)
    resident.open(f"/pay/{village.invoice_id}?lang=ru")
    with resident.page.expect_navigation():
        resident.page.get_by_role("button").first.click()

    assert resident.says(resident.word("card_needs_script")) and overflow(resident.page) == []
    resident.follow("card_what_became")
    assert resident.says(resident.word("card_pending")) and overflow(resident.page) == []


def test_what_became_of_it_has_no_barrier(sit, village):
    """axe, on the page that the bank leads back to."""
    card = village.begin()
    resident = sit("en", scripts=True)
    resident.open(f"/cards/{card.id}?lang=en")
    assert barriers(resident.page) == ""

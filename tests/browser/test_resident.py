"""What residents open from a paper, on a cheap phone: no barrier, all within sight, in three languages."""

import pytest

from billing.customers.account_links import account_link, revoke_links
from billing.kernel.i18n import Language
from tests.support.browser import PHONE, barriers, overflow
from tests.support.districts import DISTRICT_ID
from tests.support.providers import make_provider

pytestmark = pytest.mark.sqlite_only

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def links(sessions, season):
    """A link to the season's account that works, one that was revoked, and one that never was."""
    with sessions.begin(DISTRICT_ID) as session:
        make_provider(session, season.enterprise, "halyk", pay_link="https://pay.kz/?id={account}&sum={sum}")
        revoke_links(session, season.customer, reason="қағаз жоғалды")
        account = season.account_number
        return account_link(session, account, 1), account_link(session, account, 0), f"/a/{'A' * 32}"


@pytest.mark.parametrize("language", list(Language))
def test_no_page_for_residents_has_a_barrier(sit, season, links, language):
    """axe, and the width of the screen, on each of them."""
    resident = sit(language, screen=PHONE, scripts=True)
    papers = [f"/pay/{season.invoice}", f"/pay/{NOBODY}", "/verify/"]
    papers += [f"/verify/{each}" for each in (season.payment, season.invoice, NOBODY)]
    found, wide = [], []
    for path in (*links, *papers):
        resident.page.goto(f"{path}?lang={language}")
        assert resident.page.locator("html").get_attribute("lang") == language
        found.append(barriers(resident.page))
        wide += [(path, what) for what in overflow(resident.page)]
    assert "\n".join(filter(None, found)) == ""
    assert wide == []


@pytest.mark.parametrize("language", list(Language))
def test_a_resident_finds_everything_without_javascript(sit, season, links, language):
    """From the code on the paper to the receipt, and how to pay; another language is a touch away."""
    resident = sit(language, screen=PHONE)
    resident.open(f"{links[0]}?lang={language}")

    assert resident.says(resident.word("account_of", number=season.account_number))
    pay = resident.page.locator('a[href^="https://pay.kz/"]')
    assert pay.get_attribute("href") == f"https://pay.kz/?id={season.account_number}&sum=3500.00"
    receipt = resident.page.locator('a[href*="/receipt/"]').get_attribute("href")
    assert resident.page.request.get(str(receipt)).body().startswith(b"%PDF")
    other = Language.RU if language is Language.KK else Language.KK
    resident.page.locator(f'header a[hreflang="{other}"]').click()
    assert resident.page.locator("html").get_attribute("lang") == other
    assert links[0] in resident.page.url


def test_the_account_prints_well(sit, season, links):
    """What can only be touched is not printed; sums, bank details and cash desks are, within the page."""
    resident = sit("ru", screen={"width": 720, "height": 1000})
    resident.open(f"{links[0]}?lang=ru")
    resident.page.emulate_media(media="print")

    assert not resident.page.locator("header").is_visible()
    assert not resident.page.locator('a[href^="https://pay.kz/"]').is_visible()
    for words in ("Лицевой счёт", "3 500,00", "HSBKKZKX", "понедельник", "206109"):
        assert resident.page.locator("main").get_by_text(words).first.is_visible(), words
    assert overflow(resident.page) == []

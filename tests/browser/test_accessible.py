"""Every page for everybody: axe finds no barrier, and it fits the screens there are."""

import pytest

from billing.access.models import Role
from billing.kernel.i18n import Language
from billing.kernel.money import Money
from billing.payments.models import PaymentMethod
from billing.payments.service import record_payment
from tests.support.addresses import ASKING_NOTHING, FORMS, PAGES, address
from tests.support.browser import DESK, PHONE, barriers, overflow
from tests.support.districts import DISTRICT_ID

pytestmark = pytest.mark.sqlite_only

SCREENS = (DESK, PHONE)
EVERYBODY = (
    "/",
    "/login",
    "/my/login",
    "/api/docs",
    "/pay/{invoice}",
    "/pay/00000000-0000-0000-0000-000000000000",
)
READ = sorted(path for path in PAGES if not path.endswith((".pdf", ".xlsx")))


def test_a_barrier_would_be_found(sit, app):
    """axe really looks: a picture without words is reported, with the page that has it."""
    reader = sit("en", scripts=True)
    reader.open("/")
    reader.page.evaluate("document.querySelector('main').append(new Image())")
    assert "image-alt" in barriers(reader.page)


@pytest.mark.parametrize("screen", SCREENS, ids=["desk", "phone"])
def test_no_page_has_a_barrier(sit, season, screen):
    """axe, on each page that people read, on both screens."""
    accountant = sit("ru", Role.ACCOUNTANT, Role.ADMIN, Role.AKIM, screen=screen, scripts=True)
    stranger = sit("kk", screen=screen, scripts=True)
    found = []
    for reader, paths in ((stranger, EVERYBODY), (accountant, READ)):
        for path in paths:
            reader.page.goto(address(path, season))
            found.append(barriers(reader.page))
    assert "\n".join(filter(None, found)) == ""


def test_no_refused_form_has_a_barrier(sit, season):
    """axe, on each form that comes back with what is wrong."""
    accountant = sit("en", Role.ACCOUNTANT, Role.ADMIN, scripts=True)
    found = []
    for path in FORMS:
        if not path.endswith(ASKING_NOTHING):
            accountant.open("/overview")
            assert send_empty(accountant.page, address(path, season)) == 422, path
            found.append(barriers(accountant.page))
    assert "\n".join(filter(None, found)) == ""


def test_no_batch_to_be_ticked_has_a_barrier(sit, season, sessions):
    """axe, and the width of a phone, where rows and payments wait to be put together."""
    with sessions.begin(DISTRICT_ID) as session:
        record_payment(
            session,
            season.enterprise,
            season.customer,
            amount=Money.tenge(500),
            method=PaymentMethod.PROVIDER,
            received_on=season.yesterday,
            channel="kaspi",
            outside_id="1",
        )
    accountant = sit("kk", Role.ACCOUNTANT, screen=PHONE, scripts=True)
    day = f"first_day={season.yesterday}&last_day={season.yesterday}"
    accountant.page.goto(f"/three-way/{season.provider}/batch?{day}&row={season.row}")
    accountant.press("batch_weigh")
    assert (barriers(accountant.page), overflow(accountant.page)) == ("", [])


def send_empty(page, path):
    """Send a form in which nothing is filled in but our token; returns the answer's status."""
    with page.expect_navigation() as answer:
        page.evaluate(
            """path => {
                const form = document.querySelector("form[method=post]")
                form.action = path
                form.submit()
            }""",
            path,
        )
    return answer.value.status


@pytest.mark.parametrize("language", list(Language))
def test_no_page_is_wider_than_its_screen(sit, season, language):
    """On a phone and on an old PC, in each language, whose words have different lengths."""
    accountant = sit(language, Role.ACCOUNTANT, Role.ADMIN, Role.AKIM)
    wide = []
    for path in (*EVERYBODY, *READ):
        accountant.page.goto(address(path, season))
        for screen in SCREENS:
            accountant.page.set_viewport_size(screen)
            wide += [(path, screen["width"], what) for what in overflow(accountant.page)]
    assert wide == []

"""The resident at his phone: 360 pixels, no JavaScript, three languages, and axe."""

import pytest

from billing.access.models import Role
from billing.customers.models import Customer
from billing.kernel.i18n import Language, label
from billing.requests.models import Outcome, RequestKind
from tests.support.browser import PHONE, barriers, overflow
from tests.support.districts import DISTRICT_ID
from tests.support.residents import give_code

pytestmark = pytest.mark.sqlite_only

FORMS = ("service", "problem", "contacts")


@pytest.fixture
def tenant(sessions, season):
    """The season's customer, with a code."""
    with sessions.begin(DISTRICT_ID) as session:
        return give_code(session, season.enterprise, session.get(Customer, (DISTRICT_ID, season.customer)))


def log_in(resident, tenant, code=None):
    """From the start page into the account."""
    resident.open(f"/?lang={resident.language}")
    resident.follow("resident_log_in")
    resident.field("account_number").fill(tenant.customer.account_number)
    resident.field("access_code").fill(code or tenant.code)
    resident.press("log_in")


@pytest.mark.parametrize("language", list(Language))
def test_a_resident_logs_in_at_a_phone(sit, tenant, language):
    """A wrong code is said, the right one opens the account; nothing scrolls sideways; and out again."""
    resident = sit(language, screen=PHONE)
    log_in(resident, tenant, "1")
    assert resident.says(resident.word("wrong_account_or_code")) and overflow(resident.page) == []
    log_in(resident, tenant)

    assert resident.page.url.endswith("/my/") and resident.says(tenant.customer.name)
    assert overflow(resident.page) == []
    resident.press("log_out")
    assert resident.page.url.endswith("/my/login")


@pytest.mark.parametrize("language", list(Language))
def test_a_service_is_asked_for_and_declined(sit, tenant, language):
    """The resident orders at his phone, the clerk declines with a reason, the resident reads it."""
    resident = sit(language, screen=PHONE)
    log_in(resident, tenant)
    resident.follow("my_requests")
    resident.follow("ask_service")
    resident.field("quantity").fill("2,5")
    assert overflow(resident.page) == []
    resident.press("send_request")
    assert resident.says(resident.word("request_sent")) and overflow(resident.page) == []
    mine = resident.page.url

    clerk = sit(language, Role.CLERK, screen=PHONE)
    clerk.follow("menu_requests")
    assert overflow(clerk.page) == []
    clerk.page.locator("tbody tr").filter(has_text=label(RequestKind.SERVICE, language)).get_by_role(
        "link"
    ).first.click()
    clerk.field("answer").fill("Трактор в ремонте")
    clerk.press("do_declined")
    assert clerk.says(clerk.word("request_decided")) and overflow(clerk.page) == []

    resident.open(mine)
    assert resident.says("Трактор в ремонте") and resident.says(label(Outcome.DECLINED, language))
    assert overflow(resident.page) == []


def test_no_page_of_a_resident_has_a_barrier(sit, tenant, season):
    """axe, and the phone's width, on the refused log-in, on each page behind it, and on refused forms."""
    resident = sit("kk", screen=PHONE, scripts=True)
    log_in(resident, tenant, "1")
    found = [barriers(resident.page)]
    log_in(resident, tenant)
    for path in ("", "requests/", f"requests/{season.request}", *(f"requests/{form}" for form in FORMS)):
        resident.open(f"/my/{path}")
        found += [barriers(resident.page), *overflow(resident.page)]
    for form in FORMS:
        resident.open(f"/my/requests/{form}")
        resident.press("send_request")
        found += [barriers(resident.page), *overflow(resident.page)]
    assert "\n".join(filter(None, found)) == ""

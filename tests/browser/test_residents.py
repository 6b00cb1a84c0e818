"""The resident at his phone: 360 pixels, no JavaScript, three languages, and axe."""

import pytest

from billing.customers.models import Customer
from billing.kernel.i18n import Language
from tests.support.browser import PHONE, barriers, overflow
from tests.support.districts import DISTRICT_ID
from tests.support.residents import give_code

pytestmark = pytest.mark.sqlite_only


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


def test_no_page_of_a_resident_has_a_barrier(sit, tenant):
    """axe, on the refused log-in and on the pages behind it."""
    resident = sit("kk", screen=PHONE, scripts=True)
    log_in(resident, tenant, "1")
    found = [barriers(resident.page)]
    log_in(resident, tenant)
    found.append(barriers(resident.page))
    assert "\n".join(filter(None, found)) == ""

"""The code to log in: made with a contract, kept as a hash, replaced by the next, not to be guessed."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from billing.access.attempts import COUNTED_FOR, TooManyAttempts
from billing.customers.access_codes import ATTEMPTS_AT_ACCOUNT_MAX, ATTEMPTS_FROM_ADDRESS_MAX
from billing.customers.models import AccessCode
from billing.customers.refusals import ContractEnded, CustomerInactive
from billing.customers.service import (
    deactivate_customer,
    end_contract,
    find_access_code,
    find_logged_in,
    log_in,
    make_access_code,
)
from billing.kernel.db import district_of, scope
from billing.kernel.errors import StaleVersion
from billing.kernel.identifiers import make_account_number
from tests.support.customers import make_contract, make_customer
from tests.support.districts import (
    DISTRICT_ID,
    DISTRICT_KATO,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_district,
    make_enterprise,
)
from tests.support.residents import ADDRESS, NOON, make_tenant
from tests.support.web import TODAY

NOBODYS_ACCOUNT = make_account_number(DISTRICT_KATO, 99)


@pytest.fixture
def tenant(session, enterprise):
    """A resident with a contract and a code."""
    return make_tenant(session, enterprise.id)


def attempt(session, tenant, code=None, *, account=None, address=ADDRESS, at=NOON):
    """Log in, by default with what is right."""
    account = account or tenant.customer.account_number
    return log_in(session, account, code or tenant.code, address=address, at=at)


def wrong_for(tenant):
    """A code that is not his."""
    return f"{(int(tenant.code) + 1) % 10**10:010d}"


def test_only_the_hash_is_kept(session, tenant):
    """Ten digits are handed over; the row holds an argon2 hash, its maker and its time."""
    row = find_access_code(session, tenant.customer.id)

    assert len(tenant.code) == 10 and tenant.code.isdigit()
    assert row.code_hash.startswith("$argon2id$") and tenant.code not in str(row.__dict__)
    assert (row.made_at, row.version) == (NOON, 1)


def test_account_and_code_open(session, tenant):
    """With blanks and hyphens as people type them; the session then works in the customer's district."""
    del session.info["district_id"]
    number, code = tenant.customer.account_number, tenant.code
    spaced = f"{number[:6]}-{number[6:]}"

    assert attempt(session, tenant, f"{code[:5]} {code[5:]}", account=spaced) is tenant.customer
    assert district_of(session) == DISTRICT_ID


def test_a_new_code_replaces_the_old_one(session, tenant):
    """The old one opens no more, and what was known of it is not the same any more."""
    before = find_access_code(session, tenant.customer.id).code_hash
    code = make_access_code(session, tenant.contract.id, on=TODAY, at=NOON + timedelta(days=1))

    assert attempt(session, tenant) is None
    assert attempt(session, tenant, code) is tenant.customer
    row = find_access_code(session, tenant.customer.id)
    assert row.code_hash != before and (row.version, row.made_at) == (2, NOON + timedelta(days=1))


def test_a_second_slip_of_the_same_page_is_refused(session, tenant):
    """Whoever saw no code, or another one, makes none; the one handed over still opens."""
    for seen in (0, 7):
        with pytest.raises(StaleVersion):
            make_access_code(session, tenant.contract.id, on=TODAY, at=NOON, version=seen)

    assert find_access_code(session, tenant.customer.id).version == 1
    assert attempt(session, tenant) is tenant.customer


def test_an_ended_contract_gives_no_code(session, enterprise):
    """Neither over its term nor ended early; a contract still to begin does. No refusal leaves a row."""
    over = make_contract(session, enterprise.id, make_customer(session).id, ends_on=date(2026, 1, 31))
    ended = make_contract(session, enterprise.id, make_customer(session, 2).id)
    end_contract(session, ended.id, on=date(2026, 2, 28), reason="moved")
    for contract in (over, ended):
        with pytest.raises(ContractEnded):
            make_access_code(session, contract.id, on=TODAY, at=NOON)
    assert session.scalar(select(func.count()).select_from(AccessCode)) == 0

    to_come = make_contract(
        session, enterprise.id, make_customer(session, 3).id, starts_on=TODAY + timedelta(days=9)
    )
    assert make_access_code(session, to_come.id, on=TODAY, at=NOON)


def test_who_is_off_the_books_is_out(session, tenant):
    """He neither logs in nor stays logged in nor gets a code."""
    assert find_logged_in(session, tenant.customer.id) is not None
    end_contract(session, tenant.contract.id, on=TODAY, reason="moved")
    deactivate_customer(session, tenant.customer.id, on=TODAY)

    assert attempt(session, tenant) is None
    assert find_logged_in(session, tenant.customer.id) is None
    with pytest.raises(CustomerInactive):
        make_access_code(session, tenant.contract.id, on=TODAY, at=NOON)


@pytest.mark.parametrize("account", [NOBODYS_ACCOUNT, "47363900018", "", "Есенова", "9" * 100])
def test_nobody_learns_which_accounts_there_are(session, tenant, account):
    """No such account, a mistyped one, no number at all: the same answer as for a wrong code."""
    assert log_in(session, account, tenant.code, address=ADDRESS, at=NOON) is None
    assert attempt(session, tenant, wrong_for(tenant)) is None


def test_an_account_without_a_code_does_not_open(session):
    """Nobody made a code, so none is right."""
    number = make_customer(session).account_number
    assert log_in(session, number, "", address=ADDRESS, at=NOON) is None


@pytest.mark.parametrize("there_is_one", [True, False])
def test_one_account_is_guessed_at_a_few_times(session, tenant, there_is_one):
    """From whatever addresses; then not even the right code is looked at. An account that is not there
    is counted alike. A quarter of an hour later it opens."""
    account = tenant.customer.account_number if there_is_one else NOBODYS_ACCOUNT
    for number in range(ATTEMPTS_AT_ACCOUNT_MAX):
        wrong = wrong_for(tenant)
        assert attempt(session, tenant, wrong, account=account, address=f"198.51.100.{number}") is None
    with pytest.raises(TooManyAttempts) as refusal:
        attempt(session, tenant, account=account)

    assert refusal.value.facts == {"minutes": 15}
    opened = attempt(session, tenant, account=account, at=NOON + COUNTED_FOR)
    assert opened is (tenant.customer if there_is_one else None)


def test_one_address_guesses_a_few_times(session, enterprise, tenant):
    """At whatever accounts, mistyped ones too; a right log-in in between does not begin it anew."""
    for number in range(ATTEMPTS_FROM_ADDRESS_MAX):
        assert log_in(session, f"no {number}", "1", address=ADDRESS, at=NOON) is None
        if number == 3:
            assert attempt(session, tenant) is tenant.customer
    with pytest.raises(TooManyAttempts):
        attempt(session, tenant)

    assert attempt(session, tenant, address="198.51.100.1") is tenant.customer


def test_a_right_log_in_begins_the_account_anew(session, tenant):
    """Four slips of the finger, the right code, and four more are still looked at."""
    for _ in range(2):
        for _ in range(ATTEMPTS_AT_ACCOUNT_MAX - 1):
            assert attempt(session, tenant, wrong_for(tenant)) is None
        assert attempt(session, tenant) is tenant.customer


def test_a_code_opens_in_its_own_district_only(session, tenant):
    """A neighbour's account of another district has its own code; each leads into its own district."""
    make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    scope(session, OTHER_DISTRICT_ID)
    foreign = make_tenant(session, make_enterprise(session, 2).id, 2)
    del session.info["district_id"]

    assert attempt(session, foreign, tenant.code) is None
    assert attempt(session, foreign) is foreign.customer
    assert district_of(session) == OTHER_DISTRICT_ID

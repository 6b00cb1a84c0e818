"""Links to accounts over the API: read out, revoked, and who revoked them."""

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.customers.models import AccountLinkRevocation
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district


@pytest.fixture
def customer(office):
    """A customer's id."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return make_customer(session).id


def revocations(office):
    """How many revocations are kept."""
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(AccountLinkRevocation))


def test_a_link_is_read_revoked_and_replaced(office, customer):
    """The new link differs; the list says who, when and why; the request sent again revokes nothing more."""
    path = f"/api/v1/customers/{customer}/account-link"
    before = office.get(path).json
    body = {"reason": "Шот жоғалды"}

    revoked = office.post(f"{path}/revoke", json=body, headers={"Idempotency-Key": "once-only"})
    again = office.post(f"{path}/revoke", json=body, headers={"Idempotency-Key": "once-only"})

    assert revoked.status_code == 201 and again.json == revoked.json
    after = office.get(path).json
    assert (before["serial"], after["serial"]) == (0, 1) and before["url"] != after["url"]
    [listed] = office.get(f"{path}/revocations").json["items"]
    assert listed == revoked.json
    assert (listed["serial"], listed["reason"]) == (1, "Шот жоғалды")
    assert listed["recorded_by"] == office.get("/api/v1/me").json["user"]["id"]


def test_who_may_give_links_away(office, customer):
    """Clerk and accountant; nobody else, nobody of another district, and no stranger."""
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    path = f"/api/v1/customers/{customer}/account-link"
    for role in Role:
        allowed = role in {Role.CLERK, Role.ACCOUNTANT}
        assert office.member(role).get(path).status_code == (200 if allowed else 403), role
        if not allowed:
            refused = office.member(role).post(f"{path}/revoke", json={"reason": "x"})
            assert refused.status_code == 403, role
    foreign = office.member(Role.CLERK, login="foreign", district_id=OTHER_DISTRICT_ID)
    assert foreign.get(path).status_code == 404
    assert foreign.post(f"{path}/revoke", json={"reason": "x"}).status_code == 404
    assert office.stranger.get(path).status_code == 401
    assert revocations(office) == 0


@pytest.mark.sqlite_only
@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 301}, {"reason": 1}])
def test_a_revocation_without_a_reason_is_refused(office, customer, body):
    """The field is named; nothing is written."""
    answer = office.post(f"/api/v1/customers/{customer}/account-link/revoke", json=body)
    assert answer.status_code == 422 and "reason" in answer.text
    assert revocations(office) == 0

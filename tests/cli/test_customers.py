"""`auyl customer`: the link to an account, and revoking those given before."""

import pytest
from sqlalchemy import select

from billing.customers.models import AccountLinkRevocation, Customer

pytestmark = pytest.mark.sqlite_only


def test_a_link_is_printed_and_replaced(auyl, office, enterprise_id):
    """The same link until it is revoked, another one after; the reason is kept."""
    with office.work() as session:
        account = session.scalars(select(Customer.account_number)).one()

    first = auyl("customer", "link", account).output.strip()
    assert first.startswith("http://127.0.0.1:8000/a/")
    assert auyl("customer", "link", account).output.strip() == first

    told = auyl("customer", "revoke-links", account, "--why", "lost paper").output
    second = auyl("customer", "link", account).output.strip()

    assert second != first and told.strip().endswith(second) and account in told
    with office.work() as session:
        assert session.scalars(select(AccountLinkRevocation.reason)).all() == ["lost paper"]


def test_an_unknown_customer_is_refused(auyl, office, enterprise_id):
    """Nothing is revoked."""
    refused = auyl("customer", "revoke-links", "47363999999", "--why", "x")
    assert refused.exit_code == 1
    with office.work() as session:
        assert session.scalars(select(AccountLinkRevocation)).all() == []

"""What of a payment is budget revenue: the enterprise's policy of the day of settlement says so."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.budget import service as budget
from billing.budget.models import PolicyKind, RevenueLine
from billing.budget.service import NoPostingPolicy
from billing.invoicing.models import InvoiceStatus
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.money import ZERO, Money
from billing.ledger import service as ledger
from tests.support.billing import MARCH, make_contract, make_invoice, open_desk, reverse
from tests.support.books import balance
from tests.support.catalog import make_service

T = Money.tenge
MAY_1 = date(2026, 5, 1)


def revenue(session):
    """The budget's revenue, and by how many lines."""
    return session.execute(select(money_sum(RevenueLine.amount), func.count(RevenueLine.id))).one()


@pytest.mark.parametrize("policy", [PolicyKind.OWN_ACCOUNT, PolicyKind.NET_INCOME_SHARE])
def test_fees_of_an_enterprise_on_its_own_account_are_not_revenue(session, policy):
    """The invoice is paid, the enterprise's book moves, the budget's does not."""
    desk = open_desk(session, policy=policy)
    invoice = desk.issue()

    payment = desk.pay(1160)

    assert desk.standing(invoice).status is InvoiceStatus.PAID
    assert balance(session, ledger.enterprise_book_id(session, desk.enterprise.id), "1030") == T(1160)
    assert revenue(session) == (ZERO, 0)
    reverse(session, payment)
    assert revenue(session) == (ZERO, 0)


def test_the_policy_of_the_day_decides(session):
    """Gross until 30 April, the enterprise's own from 1 May: the first payment is revenue, the second not."""
    desk = open_desk(session)
    budget.set_posting_policy(session, desk.enterprise.id, kind=PolicyKind.OWN_ACCOUNT, valid_from=MAY_1)
    desk.issue(MARCH)

    first = desk.pay(580, received_on=date(2026, 4, 30))
    desk.pay(580, received_on=MAY_1)

    assert revenue(session) == (T(500), 1)
    # What was posted is taken back whatever the policy of the later day.
    reverse(session, first, reversed_on=date(2026, 5, 2))
    assert revenue(session) == (ZERO, 2)


def test_an_advance_is_revenue_only_when_an_invoice_takes_it(session):
    """Paid ahead under gross, consumed under the own account: never revenue."""
    desk = open_desk(session)
    budget.set_posting_policy(session, desk.enterprise.id, kind=PolicyKind.OWN_ACCOUNT, valid_from=MAY_1)

    desk.pay(1160, received_on=date(2026, 4, 10))
    desk.issue(Month(2026, 5))

    assert desk.debt == ZERO
    assert revenue(session) == (ZERO, 0)


def test_without_a_policy_no_debt_is_settled(session):
    """The policy begins in May: a payment of April for an invoice is refused, nothing of it stays."""
    desk = open_desk(session, policy_from=MAY_1)
    invoice = desk.issue(MARCH)

    with pytest.raises(NoPostingPolicy), session.begin_nested():
        desk.pay(1160, received_on=date(2026, 4, 30))

    assert (desk.debt, desk.advance) == (T(1160), ZERO)
    desk.pay(1160, received_on=MAY_1)
    assert desk.standing(invoice).status is InvoiceStatus.PAID


def test_several_lines_split_to_the_tiyn_in_both_books(session):
    """Three payments over lines of several codes: revenue is what was allocated net of VAT, code by code."""
    desk = open_desk(session)
    water = make_service(session, desk.enterprise.id, code="WATER", price=T(333), revenue_code="201510")
    contract = make_contract(session, desk.enterprise, desk.customer, (desk.service, "1"), (water, "1"))
    invoice = make_invoice(session, contract)
    assert (invoice.total, invoice.vat) == (T(913), T("125.93"))

    for part in ("100.01", "400.50", "412.49"):
        desk.pay(part)

    rows = session.execute(select(RevenueLine.code, money_sum(RevenueLine.amount)).group_by(RevenueLine.code))
    assert {row[0]: str(row[1]) for row in rows} == {"206109": "500.00", "201510": "287.07"}
    transit = balance(session, ledger.budget_book_id(session), "transit")
    assert transit == T("787.07")

"""The personal account on an invoice: what it says adds up, month after month, and with another payer."""

from datetime import date
from decimal import Decimal

import pytest

from billing.catalog.models import PayerCategory
from billing.customers.service import (
    CustomerDetails,
    edit_customer,
    find_contract,
    grant_benefit,
    list_charges,
)
from billing.kernel.dates import Month
from billing.kernel.money import ZERO, Money
from billing.receivables import service as receivables
from tests.support import customers as customers_support
from tests.support.billing import (
    credit,
    make_contract,
    make_invoice,
    only_line,
    open_desk,
    open_for_business,
    pay,
    refund,
)
from tests.support.catalog import make_benefit, make_service
from tests.support.customers import make_organisation

T = Money.tenge
JANUARY, FEBRUARY, MARCH, APRIL = (Month(2026, number) for number in (1, 2, 3, 4))


@pytest.fixture
def desk(session):
    """A desk at which every month costs 1,160 tenge."""
    return open_desk(session)


def block(invoice):
    """The account block's sums in tenge."""
    account = invoice.facts["account"]
    names = ("opening", "charged", "benefit", "paid", "adjusted", "closing")
    return {name: str(Money(account[name])) for name in names if account[name]}


def test_a_first_invoice_opens_the_account(desk):
    """Nothing before, 1,160 charged, 1,160 to pay; the period is the month up to the day of issue."""
    invoice = desk.issue(issued_on=date(2026, 3, 20))

    assert block(invoice) == {"charged": "1160.00", "closing": "1160.00"}
    account = invoice.facts["account"]
    assert (account["period_from"], account["period_to"]) == ("2026-03-01", "2026-03-20")
    assert account["number"] == desk.customer.account_number


def test_every_month_opens_with_what_the_last_one_closed(desk):
    """Partial, over- and no payment: the debt, then the advance, is carried from month to month."""
    january = desk.issue(JANUARY)
    desk.pay(1000, received_on=date(2026, 2, 10))
    february = desk.issue(FEBRUARY)
    desk.pay(3000, received_on=date(2026, 3, 10))
    march = desk.issue(MARCH)
    april = desk.issue(APRIL)

    assert block(january) == {"charged": "1160.00", "closing": "1160.00"}
    assert block(february) == {
        "opening": "1160.00",
        "charged": "1160.00",
        "paid": "1000.00",
        "closing": "1320.00",
    }
    assert block(march) == {
        "opening": "1320.00",
        "charged": "1160.00",
        "paid": "3000.00",
        "closing": "-520.00",
    }
    assert block(april) == {"opening": "-520.00", "charged": "1160.00", "closing": "640.00"}
    assert desk.debt == T(640)


def test_the_second_invoice_of_a_month_shows_the_whole_month(desk):
    """Charged are both invoices; the opening debt is that of the month's beginning."""
    desk.issue(FEBRUARY)
    desk.issue(MARCH, issued_on=date(2026, 3, 10))
    water = make_service(desk.session, desk.enterprise.id, code="WATER")
    contract = make_contract(desk.session, desk.enterprise, desk.customer, (water, "1"))

    second = make_invoice(desk.session, contract, MARCH)

    assert block(second) == {"opening": "1160.00", "charged": "2160.00", "closing": "3320.00"}


def test_credits_and_refunds_are_adjustments(desk):
    """100 credited and 40 given back in April: the account tells them apart from payments."""
    invoice = desk.issue(MARCH)
    payment = desk.pay(1160, received_on=date(2026, 4, 2))
    credit(desk.session, invoice, {only_line(desk.session, invoice).id: T(100)}, issued_on=date(2026, 4, 5))
    refund(desk.session, payment, 40, refunded_on=date(2026, 4, 6))

    april = desk.issue(APRIL)

    assert block(april) == {
        "opening": "1160.00",
        "charged": "1160.00",
        "paid": "1160.00",
        "adjusted": "-60.00",
        "closing": "1100.00",
    }
    assert desk.debt == T(1100)


def test_a_benefit_is_shown_apart_from_what_is_charged(desk):
    """Charged in full, half of it taken off: the debt is the other half."""
    benefit = make_benefit(desk.session)
    grant_benefit(
        desk.session, desk.customer.id, benefit.id, valid_from=date(2026, 1, 1), evidence="Куәлік № 17"
    )

    assert block(desk.issue()) == {"charged": "1160.00", "benefit": "580.00", "closing": "580.00"}


def test_money_paid_to_another_enterprise_is_not_in_the_account(desk):
    """A customer of two enterprises pays the second and gets money back: the first one's account is still."""
    other = open_for_business(desk.session, 2)
    payment = pay(desk.session, other.id, desk.customer.id, 700, received_on=date(2026, 3, 5))
    refund(desk.session, payment, 200, refunded_on=date(2026, 3, 6))

    assert block(desk.issue(MARCH)) == {"charged": "1160.00", "closing": "1160.00"}
    assert receivables.advance_of(desk.session, other.id, desk.customer.id) == T(500)


@pytest.fixture
def payer(desk):
    """An organisation that pays for the desk's customer and owes 2,320 tenge of its own for March."""
    payer = make_organisation(desk.session)
    details = CustomerDetails(category=PayerCategory.RESIDENT, name="Тұрғынов", payer_id=payer.id)
    edit_customer(desk.session, desk.customer.id, details, version=None)
    return payer


def own_invoice(desk, payer, period=MARCH):
    """The payer's own charges of a month: four units, 2,320 tenge."""
    contract = find_contract(desk.session, desk.enterprise.id, "П-1") or customers_support.make_contract(
        desk.session, desk.enterprise.id, payer.id, number="П-1"
    )
    if not list_charges(desk.session, contract.id):
        customers_support.make_charge(desk.session, contract, desk.service.id, quantity=Decimal(4))
    return make_invoice(desk.session, contract, period)


def test_anothers_payment_is_paid_in_the_account_of_the_debtor(desk, payer):
    """The payer's 2,000 settle the debtor's 1,160 and 840 of his own: each account shows its part."""
    debtors = desk.issue(MARCH)
    own_invoice(desk, payer)
    pay(
        desk.session,
        desk.enterprise.id,
        payer.id,
        2000,
        received_on=date(2026, 4, 10),
        invoice_ids=(debtors.id,),
    )

    assert block(desk.issue(APRIL)) == {
        "opening": "1160.00",
        "charged": "1160.00",
        "paid": "1160.00",
        "closing": "1160.00",
    }
    assert block(own_invoice(desk, payer, APRIL)) == {
        "opening": "2320.00",
        "charged": "2320.00",
        "paid": "840.00",
        "closing": "3800.00",
    }


def test_the_payers_advance_settles_the_debtors_next_invoice(desk, payer):
    """500 tenge paid ahead by the payer are on the debtor's invoice as soon as it is issued."""
    pay(desk.session, desk.enterprise.id, payer.id, 500, received_on=date(2026, 3, 5))

    invoice = desk.issue(MARCH)

    stands = desk.standing(invoice)
    assert (stands.paid, stands.open_amount) == (T(500), T(660))
    assert receivables.advance_of(desk.session, desk.enterprise.id, payer.id) == ZERO
    assert invoice.facts["payer"]["name"] == payer.name


def test_the_debtor_may_pay_himself(desk, payer):
    """Another payer is no obstacle: the debtor's own money settles his invoice."""
    invoice = desk.issue(MARCH)
    desk.pay(1160)

    assert desk.standing(invoice).status == "paid"
    assert block(own_invoice(desk, payer)) == {"charged": "2320.00", "closing": "2320.00"}


def test_the_payer_who_left_pays_what_was_issued_for_him(desk, payer):
    """Invoices keep the payer of their day: the former one still settles March, no longer April."""
    desk.issue(MARCH)
    details = CustomerDetails(category=PayerCategory.RESIDENT, name="Тұрғынов")
    edit_customer(desk.session, desk.customer.id, details, version=None)
    desk.issue(APRIL)

    payment = pay(desk.session, desk.enterprise.id, payer.id, 3000, received_on=date(2026, 5, 5))

    assert [step["allocated"] for step in payment.explanation] == ["1160.00"]
    assert receivables.advance_of(desk.session, desk.enterprise.id, payer.id) == T(1840)
    assert desk.debt == T(1160)

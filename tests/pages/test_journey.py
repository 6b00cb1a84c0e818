"""A season's work through the pages: from the customer's card to the revenue line, as people do it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from billing.access.models import PersonalDataAccess, Role
from billing.budget.models import RevenueLine
from billing.customers.models import Customer
from billing.invoicing.models import Invoice
from billing.kernel.money import Money
from billing.orders.models import OrderState, ServiceOrder
from billing.payments.models import Payment
from tests.support.billing import open_for_business
from tests.support.catalog import make_service
from tests.support.districts import DISTRICT_ID
from tests.support.identifiers import synthetic_iin
from tests.support.pages import text_of
from tests.support.web import TODAY
from tests.support.workforce import make_engagement

IIN = synthetic_iin(77)


@pytest.fixture
def business(sessions):
    """An enterprise that can bill, a service at 1,000 tenge an hour, a hired worker."""
    with sessions.begin(DISTRICT_ID) as session:
        enterprise = open_for_business(session)
        make_service(session, enterprise.id)
        make_engagement(session, enterprise.id, starts_on=TODAY - timedelta(days=400))
        return enterprise


@pytest.fixture
def clerk(desk, business):
    """The clerk, who reads English."""
    return desk.seat(Role.CLERK)


@pytest.fixture
def cashier(desk, business):
    """The cashier."""
    return desk.seat(Role.CASHIER)


def led_to(answer):
    """Where a sent form led."""
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["Location"]


def take_on(clerk, name="Әлімбаева Гүлнұр"):
    """Take on a customer; returns the address of the card."""
    return led_to(
        clerk.send(
            "/customers/new", name=name, iin_bin=IIN, phone="8 701 123 45 67", street="Достық", house="5"
        )
    )


def complete_order(clerk, card, quantity="2,5"):
    """An order from the customer's wish to the completed work; returns its address."""
    number = card.rsplit("/", 1)[-1]
    order = led_to(clerk.send(f"/orders/new/{number}", quantity=quantity))
    led_to(clerk.send(order, "/confirm"))
    box = re.search(r'name="(engaged-[^"]+)"', clerk.read(order))[1]
    led_to(clerk.send(order, "/assign", fields={box: "1"}))
    led_to(clerk.send(order, "/complete", fields={box.replace("engaged", "hours"): "3"}))
    return order


def take_payment(cashier, card, amount, **typed):
    """Look at the division, then confirm it; returns the payment's address."""
    path = f"/payments/new/{card.rsplit('/', 1)[-1]}"
    receipt = {"fiscal_number": "12345", "register_number": "010101234567"}
    shown = cashier.send(path, amount=amount, **receipt, **typed)
    assert shown.status_code == 200, text_of(shown.text)
    return led_to(cashier.send_from(shown.text, path))


def test_a_fee_goes_through_the_pages_into_the_budget(desk, clerk, cashier, sessions):
    """Customer, order, act, invoice, payment, revenue line: each page leads to the next."""
    card = take_on(clerk)
    order = complete_order(clerk, card)
    assert "2,500.00 KZT" in text_of(clerk.read(order))
    assert clerk.get(f"{order}/act.pdf").data.startswith(b"%PDF")

    number = card.rsplit("/", 1)[-1]
    invoice = led_to(clerk.send(f"/invoices/new/{number}"))
    assert clerk.get(f"{invoice}.pdf").mimetype == "application/pdf"
    assert "2,500.00 KZT" in text_of(clerk.read(card))  # the debt

    payment = take_payment(cashier, card, "1 000,50")
    page = text_of(cashier.read(payment))
    assert "206109" in page and "1,000.50 KZT" in page
    for document in ("receipt.pdf", "cash-order.pdf"):
        assert cashier.get(f"{payment}/{document}").data.startswith(b"%PDF")

    akim = desk.seat(Role.AKIM)
    assert "1,000.50 KZT" in text_of(akim.read("/reports/execution"))
    assert "1,000.50 KZT" in text_of(akim.read("/overview"))
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(RevenueLine.amount)) == Money.tenge("1000.50")
        assert session.scalar(select(ServiceOrder.state)) is OrderState.INVOICED


@pytest.mark.sqlite_only
def test_all_completed_work_is_invoiced_at_once(clerk, sessions):
    """One click bills everybody with completed work, and says how many invoices that made."""
    card = take_on(clerk)
    complete_order(clerk, card)
    complete_order(clerk, card, "1")
    assert "3,500.00 KZT" in text_of(clerk.read("/invoices/issue"))

    issued = led_to(clerk.send("/invoices/issue"))
    assert "The invoices are issued. In all: 1." in text_of(clerk.read(issued))
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(Invoice.total)) == Money.tenge(3500)


@pytest.mark.sqlite_only
def test_a_contract_charges_a_month(clerk, sessions):
    """A contract signed and charged on the pages is invoiced for a month, once."""
    card = take_on(clerk)
    number = card.rsplit("/", 1)[-1]
    begin = (TODAY.replace(day=1) - timedelta(days=40)).replace(day=1)
    contract = led_to(clerk.send(f"/contracts/new/{number}", starts_on=str(begin), signed_on=str(begin)))
    led_to(clerk.send(contract, "/charges", quantity="4", valid_from=f"{begin:%d.%m.%Y}"))

    month, contract_id = f"{begin:%Y-%m}", contract.rsplit("/", 1)[-1]
    led_to(clerk.send(f"/invoices/new/{number}", contract_id=contract_id, period=month))
    again = clerk.send(f"/invoices/new/{number}", contract_id=contract_id, period=month)
    assert again.status_code == 422
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalars(select(Invoice.total)).all() == [Money.tenge(4000)]


def test_money_is_taken_only_after_its_division_was_seen(clerk, cashier, sessions):
    """A sum changed after the division was shown is shown anew; nothing is recorded in between."""
    card = take_on(clerk)
    complete_order(clerk, card)
    led_to(clerk.send(f"/invoices/new/{card.rsplit('/', 1)[-1]}"))
    path = f"/payments/new/{card.rsplit('/', 1)[-1]}"
    shown = cashier.send(path, amount="500", fiscal_number="1", register_number="2")

    changed = cashier.send_from(shown.text, path, amount="700")
    assert "The sum or the debt has changed" in text_of(changed.text)
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(func.count(Payment.id))) == 0

    led_to(cashier.send_from(changed.text, path))
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(Payment.amount)) == Money.tenge(700)


def test_money_is_given_back_and_payments_are_undone(desk, clerk, cashier, sessions):
    """The accountant refunds an advance, reverses a payment and credits an invoice; the cashier may not."""
    card = take_on(clerk)
    complete_order(clerk, card)
    invoice = led_to(clerk.send(f"/invoices/new/{card.rsplit('/', 1)[-1]}"))
    over = take_payment(cashier, card, "3000")
    accountant = desk.seat(Role.ACCOUNTANT)
    assert "Reverse the payment" not in cashier.read(over)

    too_much = accountant.send(over, "/refund", amount="500,01", reason="по заявлению")
    assert too_much.status_code == 422 and "500,01" in too_much.text
    led_to(accountant.send(over, "/refund", reason="по заявлению"))
    led_to(accountant.send(f"{invoice}/credit", reason="двойной счёт"))
    assert "2,500.00 KZT" in text_of(accountant.read(card))  # an advance again

    second = take_payment(cashier, card, "10")
    led_to(accountant.send(second, "/reverse", reversal_reason="чужой платёж"))
    assert "reversed" in text_of(accountant.read(second))
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(func.sum(RevenueLine.amount))) == Money(0)


@pytest.mark.sqlite_only
def test_whoever_sees_an_iin_is_written_down(clerk, sessions):
    """Numbers are masked on the card; with a purpose they are shown, and the reading is logged."""
    card = take_on(clerk)
    assert IIN not in clerk.read(card) and f"{IIN[:4]}******{IIN[-2:]}" in clerk.read(card)

    refused = clerk.send(card, "/personal", purpose="")
    assert refused.status_code == 422 and IIN not in refused.text
    shown = clerk.send(card, "/personal", purpose="сверка договора")
    assert IIN in shown.text and "+77011234567" in shown.text

    assert IIN in clerk.read(f"{card}/edit")
    with sessions.begin(DISTRICT_ID) as session:
        purposes = session.scalars(select(PersonalDataAccess.purpose).order_by(PersonalDataAccess.id)).all()
        assert purposes == ["сверка договора", "edit"]
        assert session.scalar(select(func.count(Customer.id))) == 1

"""Recording money: onto which account, against which debts, once, and with an explanation that is kept."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.budget.models import RevenueLine
from billing.invoicing.models import InvoiceStatus
from billing.kernel.dates import Month
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import FIRST_PAGE
from billing.ledger import service as ledger
from billing.ledger.service import MonthClosed
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod
from billing.receivables import service as receivables
from billing.receivables.models import Allocation
from billing.receivables.service import NotOpenForCustomer
from tests.support.billing import (
    APRIL_10,
    MARCH_31,
    advance_left,
    make_contract,
    make_invoice,
    open_desk,
    open_for_business,
    pay,
)
from tests.support.books import balance
from tests.support.catalog import make_service
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID

T = Money.tenge
APRIL = Month(2026, 4)


@pytest.fixture
def desk(session):
    """A desk at which every month costs 1,160 tenge."""
    return open_desk(session)


def moved(desk, code):
    """An account's balance in the enterprise's book."""
    return balance(desk.session, ledger.enterprise_book_id(desk.session, desk.enterprise.id), code)


def count(session, model):
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize(
    ("method", "account"),
    [
        (PaymentMethod.CASH, "1010"),
        (PaymentMethod.BANK, "1030"),
        (PaymentMethod.CARD, "1020"),
        (PaymentMethod.PROVIDER, "1020"),
    ],
)
def test_money_of_each_kind_comes_to_its_account(desk, method, account):
    """Cash to the desk, bank money to the account, cards and providers into transit until the statement."""
    desk.issue()
    desk.pay(1160, method=method)

    accounts = {code: moved(desk, code) for code in ("1010", "1020", "1030")}
    assert accounts == {"1010": ZERO, "1020": ZERO, "1030": ZERO} | {account: T(1160)}
    assert moved(desk, "1210") == moved(desk, "3510") == ZERO


def test_cash_comes_with_its_order_and_receipt(desk):
    """Numbers from 1 per year, the fiscal receipt kept, the КО-1 archived; a bank payment has none."""
    first = desk.pay(10, method=PaymentMethod.CASH, received_on=date(2025, 12, 31))
    second = desk.pay(10, method=PaymentMethod.CASH)
    third = desk.pay(10, method=PaymentMethod.CASH)
    bank = desk.pay(10)

    assert [(each.cash_order_year, each.cash_order_number) for each in (first, second, third, bank)] == [
        (2025, 1),
        (2026, 1),
        (2026, 2),
        (None, None),
    ]
    assert second.fiscal_at == datetime(2026, 4, 10, 6, 30, tzinfo=UTC)
    assert fetch(desk.session, DocumentKind.CASH_ORDER, second.id)[1].startswith(b"%PDF-")
    with pytest.raises(NotFound):
        fetch(desk.session, DocumentKind.CASH_ORDER, bank.id)


def test_the_oldest_debt_is_paid_first_and_the_reason_kept(desk):
    """1,500 pay March and 340 of April; the explanation says which, how much of what, and why."""
    march, april = desk.issue(), desk.issue(APRIL)

    payment = desk.pay(1500, received_on=date(2026, 5, 5))

    assert [
        (step["invoice_number"], step["open_before"], step["allocated"], step["reason"])
        for step in payment.explanation
    ] == [(1, "1160.00", "1160.00", "oldest_debt"), (2, "1160.00", "340.00", "oldest_debt")]
    assert [step["invoice_id"] for step in payment.explanation] == [str(march.id), str(april.id)]
    assert desk.standing(march).status is InvoiceStatus.PAID
    assert desk.standing(april).open_amount == T(820)


def test_named_invoices_are_paid_before_older_debts(desk):
    """April is named and paid, March gets what is left of 1,500; the reasons tell them apart."""
    march, april = desk.issue(), desk.issue(APRIL)

    payment = desk.pay(1500, received_on=date(2026, 5, 5), invoice_ids=(april.id,))

    assert [(step["invoice_id"], step["allocated"], step["reason"]) for step in payment.explanation] == [
        (str(april.id), "1160.00", "named"),
        (str(march.id), "340.00", "oldest_debt"),
    ]


def test_the_preview_is_what_recording_does(desk):
    """The plan shown beforehand and the explanation stored afterwards are the same, advance and all."""
    desk.issue()
    april = desk.issue(APRIL)
    desk.pay(100)
    for amount, named in ((T(500), ()), (T("1500.55"), (april.id,)), (T(9999), ())):
        shown = receivables.preview(desk.session, desk.enterprise.id, desk.customer.id, amount, named)
        before = count(desk.session, Allocation)

        payment = desk.pay(str(amount), invoice_ids=named)

        assert payment.explanation == [step.stored() for step in shown.steps]
        assert advance_left(desk.session, payment) == shown.rest
        assert count(desk.session, Allocation) - before == len(shown.parts)
    assert desk.debt == ZERO


def test_only_ones_own_open_invoices_can_be_named(desk):
    """A stranger's, a paid, another enterprise's and an unknown invoice are refused; nothing is recorded."""
    paid = desk.issue()
    desk.pay(1160)
    stranger = make_customer(desk.session, 2)
    strangers = make_invoice(
        desk.session, make_contract(desk.session, desk.enterprise, stranger, (desk.service, "1"))
    )
    other = open_for_business(desk.session, 2)
    elsewhere = make_invoice(
        desk.session,
        make_contract(desk.session, other, desk.customer, (make_service(desk.session, other.id), "1")),
    )

    for invoice_id in (paid.id, strangers.id, elsewhere.id, new_id()):
        with pytest.raises(NotOpenForCustomer) as refusal:
            desk.pay(100, invoice_ids=(invoice_id,))
        assert refusal.value.facts["invoice_ids"] == str(invoice_id)

    assert count(desk.session, Payment) == 1
    assert moved(desk, "1030") == T(1160)


def test_money_for_one_enterprise_pays_nothing_of_another(desk):
    """A customer owes two enterprises of a district: what he pays the second leaves the first's debt."""
    desk.issue()
    other = open_for_business(desk.session, 2)
    service = make_service(desk.session, other.id, price=T(300))
    make_invoice(desk.session, make_contract(desk.session, other, desk.customer, (service, "1")))

    pay(desk.session, other.id, desk.customer.id, 1000)

    assert desk.debt == T(1160)
    assert receivables.debt_of(desk.session, other.id, desk.customer.id) == ZERO
    assert receivables.advance_of(desk.session, other.id, desk.customer.id) == T(700)
    assert desk.advance == ZERO


def test_what_came_twice_under_one_id_is_one_payment(desk):
    """The bank's document told again with the same sum is the payment already recorded."""
    desk.issue()
    first = record(desk)

    assert record(desk).id == first.id

    assert count(desk.session, Payment) == 1
    assert moved(desk, "1030") == T(500)


@pytest.mark.parametrize(
    "told",
    [{"amount": T(501)}, {"received_on": date(2026, 4, 11)}],
)
def test_an_id_with_another_story_is_refused(desk, told):
    """The same document with another sum or day is not taken for the same payment, and not recorded."""
    record(desk)

    with pytest.raises(payments.OutsideIdReused) as refusal:
        record(desk, **told)

    assert refusal.value.facts == {"channel": "bank", "outside_id": "PAY-17"}
    assert moved(desk, "1030") == T(500)


def test_an_id_of_another_customer_or_enterprise_is_refused(desk):
    """One bank document is one customer's money for one enterprise."""
    record(desk)
    other = open_for_business(desk.session, 2)

    with pytest.raises(payments.OutsideIdReused):
        record(desk, customer_id=make_customer(desk.session, 2).id)
    with pytest.raises(payments.OutsideIdReused):
        record(desk, enterprise_id=other.id)

    assert count(desk.session, Payment) == 1


def test_channels_number_for_themselves(desk):
    """The same id from two providers is two payments; payments without an id are never taken for one."""
    for channel in ("kaspi", "halyk"):
        record(desk, channel=channel, method=PaymentMethod.PROVIDER)
    desk.pay(500)
    desk.pay(500)

    assert count(desk.session, Payment) == 4


def record(desk, **options):
    """500 tenge by the bank's document PAY-17."""
    dull = {
        "enterprise_id": desk.enterprise.id,
        "customer_id": desk.customer.id,
        "amount": T(500),
        "method": PaymentMethod.BANK,
        "received_on": APRIL_10,
        "outside_id": "PAY-17",
    }
    payment_id = payments.record_payment(desk.session, **(dull | options))
    return payments.get_payment(desk.session, payment_id)


def test_a_payment_makes_sense_or_is_refused(desk):
    """Zero, less, cash without receipt, a receipt without cash, nobody's money: not recorded."""
    receipt = payments.CashReceipt("1", "2", datetime(2026, 4, 10, tzinfo=UTC))
    for options, refusal in (
        ({"amount": ZERO}, InvalidInput),
        ({"amount": T(-5)}, InvalidInput),
        ({"method": PaymentMethod.CASH}, InvalidInput),
        ({"receipt": receipt}, InvalidInput),
        ({"customer_id": new_id()}, NotFound),
        ({"enterprise_id": new_id()}, NotFound),
    ):
        with pytest.raises(refusal):
            record(desk, **options)

    assert count(desk.session, Payment) == 0


def test_a_payment_in_a_closed_month_is_refused(sessions):
    """March is closed: neither payment nor number nor allocation stays behind."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        desk.issue()
        book_id = ledger.enterprise_book_id(session, desk.enterprise.id)
        ledger.close_month(session, book_id, Month(2026, 3), today=date(2026, 4, 1))

    with pytest.raises(MonthClosed), sessions.begin(DISTRICT_ID) as session:
        desk.at(session).pay(100, method=PaymentMethod.CASH, received_on=MARCH_31)

    with sessions.begin(DISTRICT_ID) as session:
        assert count(session, Payment) == count(session, Allocation) == 0
        assert desk.at(session).pay(1160, method=PaymentMethod.CASH).cash_order_number == 1


def test_money_older_than_its_debt_settles_it_on_the_invoices_day(desk):
    """Paid on 10 March, recorded after the invoice of 31 March: an advance until that day."""
    invoice = desk.issue()

    payment = desk.pay(1160, received_on=date(2026, 3, 10))

    [allocation] = desk.session.scalars(select(Allocation).where(Allocation.payment_id == payment.id))
    assert (allocation.allocated_on, allocation.amount) == (MARCH_31, T(1160))
    assert desk.standing(invoice).status is InvoiceStatus.PAID


def test_an_advance_younger_than_a_late_invoice_settles_it_on_the_days_of_its_money(desk):
    """March's invoice is written in May, dated 31 March; April's advance settles it in April, not before."""
    desk.pay(1160, received_on=APRIL_10)

    invoice = desk.issue(issued_on=MARCH_31)

    [allocation] = desk.session.scalars(select(Allocation).where(Allocation.invoice_id == invoice.id))
    assert allocation.allocated_on == APRIL_10
    [line] = desk.session.scalars(select(RevenueLine))
    assert (str(line.month), line.amount) == ("2026-04", T(1000))


def test_an_overpayment_waits_and_is_consumed_oldest_first(desk):
    """Two advances of 700: the next month of 1,160 takes the older whole and 460 of the younger."""
    older = desk.pay(700, received_on=date(2026, 3, 1))
    younger = desk.pay(700, received_on=date(2026, 3, 2))

    invoice = desk.issue()

    assert desk.standing(invoice).status is InvoiceStatus.PAID
    assert advance_left(desk.session, older) == ZERO
    assert advance_left(desk.session, younger) == T(240)
    assert moved(desk, "3510") == -T(240)


def test_payments_are_listed_by_customer_day_and_kind(desk):
    """Filters narrow the list, the latest payment comes first."""
    older = desk.pay(1, received_on=date(2026, 4, 1))
    newer = desk.pay(2, received_on=date(2026, 4, 2), method=PaymentMethod.CASH)
    others = pay(desk.session, desk.enterprise.id, make_customer(desk.session, 2).id, 3)

    def ids(**filters):
        return [each.id for each in payments.list_payments(desk.session, FIRST_PAGE, **filters).items]

    assert ids() == [others.id, newer.id, older.id]
    assert ids(customer_id=desk.customer.id) == [newer.id, older.id]
    assert ids(method=PaymentMethod.CASH) == [newer.id]
    assert ids(received_from=date(2026, 4, 2), received_to=date(2026, 4, 2)) == [newer.id]
    assert ids(enterprise_id=new_id()) == []
    with pytest.raises(NotFound):
        payments.get_payment(desk.session, new_id())

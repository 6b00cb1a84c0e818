"""Refunds and reversals: what may be given back, what is undone, and on which day."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.budget.models import RevenueLine
from billing.invoicing.models import InvoiceStatus
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.ledger import service as ledger
from billing.ledger.service import MonthClosed
from billing.payments import service as payments
from billing.payments.models import PaymentMethod, PaymentReversal, Refund
from billing.receivables.models import Allocation
from billing.receivables.service import AdvanceTooSmall
from tests.support.billing import APRIL_10, APRIL_30, advance_left, credit, open_desk, refund, reverse
from tests.support.books import balance
from tests.support.districts import DISTRICT_ID

T = Money.tenge
APRIL, MAY = Month(2026, 4), Month(2026, 5)


@pytest.fixture
def desk(session):
    """A desk at which every month costs 1,160 tenge, 160 of them VAT."""
    return open_desk(session)


def moved(desk, code):
    """An account's balance in the enterprise's book."""
    return balance(desk.session, ledger.enterprise_book_id(desk.session, desk.enterprise.id), code)


def revenue_by_month(session):
    """What each month's revenue comes to."""
    rows = session.execute(
        select(RevenueLine.month, money_sum(RevenueLine.amount)).group_by(RevenueLine.month)
    )
    return {str(row[0]): str(row[1]) for row in rows}


def count(session, model):
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize(("method", "account"), [(PaymentMethod.CASH, "1010"), (PaymentMethod.BANK, "1030")])
def test_a_refund_goes_out_of_the_account_of_its_own_kind(desk, method, account):
    """Money that came by bank may be given back in cash: the desk's account goes down by it."""
    payment = desk.pay(500, method=PaymentMethod.BANK)

    given_back = payments.refund(
        desk.session, payment.id, amount=T(200), method=method, refunded_on=APRIL_30, reason="өтініш"
    )

    expected = {"1010": ZERO, "1030": T(500)}
    expected[account] -= T(200)
    assert {code: moved(desk, code) for code in expected} == expected
    assert moved(desk, "3510") == -T(300)
    assert (given_back.customer_id, given_back.amount) == (desk.customer.id, T(200))


def test_refunds_together_never_exceed_the_advance(desk):
    """Of 840 paid ahead 800 are given back in two parts; 40.01 more are refused, 40 are not."""
    desk.issue()
    payment = desk.pay(2000)
    refund(desk.session, payment, 500)
    refund(desk.session, payment, 300)

    with pytest.raises(AdvanceTooSmall) as refusal:
        refund(desk.session, payment, "40.01")

    assert refusal.value.facts == {"advance": T(40), "amount": T("40.01")}
    assert count(desk.session, Refund) == 2
    refund(desk.session, payment, 40)
    assert desk.advance == ZERO


def test_a_payments_refund_takes_nothing_of_another_payment(desk):
    """Each payment gives back its own advance only."""
    first, second = desk.pay(100), desk.pay(100)

    with pytest.raises(AdvanceTooSmall):
        refund(desk.session, first, 150)

    refund(desk.session, first, 100)
    assert advance_left(desk.session, second) == T(100)


def test_a_credited_invoices_money_can_be_given_back(desk):
    """The invoice is credited, its 1,160 are an advance, and all of it goes back."""
    invoice = desk.issue()
    payment = desk.pay(1160)
    credit(desk.session, invoice)

    refund(desk.session, payment, 1160)

    assert moved(desk, "1030") == moved(desk, "3510") == moved(desk, "1210") == ZERO
    assert revenue_by_month(desk.session) == {"2026-04": "0.00"}


def test_a_refund_makes_sense_or_is_refused(desk):
    """Zero, less, a day before the payment, an unknown payment: nothing is given back."""
    payment = desk.pay(100)

    for amount in ("0", "-1"):
        with pytest.raises(InvalidInput):
            refund(desk.session, payment, amount)
    with pytest.raises(payments.DateBeforePayment):
        refund(desk.session, payment, 1, refunded_on=date(2026, 4, 9))
    with pytest.raises(NotFound):
        payments.refund(
            desk.session,
            new_id(),
            amount=T(1),
            method=PaymentMethod.BANK,
            refunded_on=APRIL_30,
            reason="өтініш",
        )

    assert desk.advance == T(100)
    assert moved(desk, "1030") == T(100)


def test_reversal_opens_the_debts_that_later_invoices_took(desk):
    """1,500 paid March and 340 of April when it was issued; reversed, both are open as a whole."""
    march = desk.issue()
    payment = desk.pay(1500)
    april = desk.issue(APRIL)
    assert desk.standing(april).paid == T(340)

    reversal = reverse(desk.session, payment, reversed_on=date(2026, 5, 2))

    assert reversal.reversed_on == date(2026, 5, 2)
    assert desk.standing(march).open_amount == desk.standing(april).open_amount == T(1160)
    assert (desk.debt, desk.advance, moved(desk, "1030")) == (T(2320), ZERO, ZERO)
    assert revenue_by_month(desk.session) == {"2026-04": "1293.10", "2026-05": "-1293.10"}


def test_nothing_is_undone_before_it_was_done(desk):
    """Reversed on 15 April, before the advance paid April's invoice of the 30th: that part goes back then."""
    desk.issue()
    payment = desk.pay(1500)
    desk.issue(APRIL)

    reverse(desk.session, payment, reversed_on=date(2026, 4, 15))

    rows = desk.session.execute(
        select(Allocation.amount, Allocation.allocated_on).where(Allocation.amount < ZERO)
    )
    assert sorted((str(row.amount), row.allocated_on) for row in rows) == [
        ("-1160.00", date(2026, 4, 15)),
        ("-340.00", APRIL_30),
    ]
    assert revenue_by_month(desk.session) == {"2026-04": "0.00"}


def test_reversal_after_a_credit_takes_the_advance(desk):
    """Half the invoice credited, the freed money lies as an advance: the whole payment can be reversed."""
    invoice = desk.issue()
    payment = desk.pay(1160)
    line_id = next(iter(desk.session.scalars(select(Allocation.invoice_line_id))))
    credit(desk.session, invoice, {line_id: T(580)})

    reverse(desk.session, payment, reversed_on=date(2026, 5, 2))

    stands = desk.standing(invoice)
    assert (stands.paid, stands.credited, stands.open_amount) == (ZERO, T(580), T(580))
    assert moved(desk, "1030") == moved(desk, "3510") == ZERO


def test_what_was_given_back_cannot_be_reversed(desk):
    """A tenge refunded: the reversal is refused, debts stay paid."""
    invoice = desk.issue()
    payment = desk.pay(1500)
    refund(desk.session, payment, 1)

    with pytest.raises(payments.PaymentRefunded):
        reverse(desk.session, payment)

    assert desk.standing(invoice).status is InvoiceStatus.PAID
    assert desk.advance == T(339)
    assert count(desk.session, PaymentReversal) == 0


def test_a_reversed_payment_is_done_with(desk):
    """No second reversal, no refund; the debt can be paid again by the right payment."""
    invoice = desk.issue()
    payment = desk.pay(1160)
    reverse(desk.session, payment)

    with pytest.raises(payments.PaymentReversed):
        reverse(desk.session, payment)
    with pytest.raises(AdvanceTooSmall):
        refund(desk.session, payment, 1)

    desk.pay(1160)
    assert desk.standing(invoice).status is InvoiceStatus.PAID
    assert count(desk.session, PaymentReversal) == 1


def test_a_reversal_has_a_day_of_its_own(desk):
    """Not before the payment; on the very day it may be."""
    payment = desk.pay(100)

    with pytest.raises(payments.DateBeforePayment):
        reverse(desk.session, payment, reversed_on=date(2026, 4, 9))
    assert desk.advance == T(100)

    reverse(desk.session, payment, reversed_on=APRIL_10)
    assert desk.advance == ZERO


def test_a_reversal_or_refund_in_a_closed_month_is_refused(sessions):
    """April is closed: on 30 April nothing goes back, on 1 May everything may."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        payment = desk.pay(1500)
        book_id = ledger.enterprise_book_id(session, desk.enterprise.id)
        ledger.close_month(session, book_id, APRIL, today=MAY.first_day)

    with pytest.raises(MonthClosed), sessions.begin(DISTRICT_ID) as session:
        reverse(session, payment)
    with pytest.raises(MonthClosed), sessions.begin(DISTRICT_ID) as session:
        refund(session, payment, 100)

    with sessions.begin(DISTRICT_ID) as session:
        assert desk.at(session).advance == T(1500)
        reverse(session, payment, reversed_on=MAY.first_day)
        assert desk.at(session).advance == ZERO

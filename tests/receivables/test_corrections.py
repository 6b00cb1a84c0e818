"""Debts, advances and the ways back: releases and credits leave books, budget and open lines in step."""

from datetime import date

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from billing.budget.models import RevenueLine
from billing.invoicing.credit_notes import issue_credit_note
from billing.invoicing.service import lines_of
from billing.kernel.dates import Month
from billing.kernel.money import ZERO, Money, total
from billing.ledger import service as ledger
from billing.ledger.chart import ADVANCES, RECEIVABLES
from billing.ledger.models import Transfer
from billing.ledger.service import MonthClosed
from billing.payments.models import PaymentMethod
from billing.payments.service import refund, reverse_payment
from billing.receivables import corrections
from billing.receivables import service as receivables
from billing.receivables.corrections import CreditExceedsLine
from billing.receivables.models import Advance, Allocation, Receivable
from billing.receivables.service import AdvanceTooSmall, NotOpenForCustomer
from tests.support.billing import (
    APRIL_10,
    MARCH,
    MARCH_31,
    make_contract,
    make_invoice,
    open_for_business,
    pay,
)
from tests.support.books import balance
from tests.support.catalog import make_service
from tests.support.customers import make_customer

T = Money.tenge
APRIL = Month(2026, 4)
MAY_5 = date(2026, 5, 5)


class Office:
    """An enterprise with VAT, two services, a customer with an invoice of 3,000 + 1,000 tenge for March."""

    def __init__(self, session, **options):
        self.session = session
        self.enterprise = open_for_business(session, vat_from=date(2020, 1, 1), **options)
        self.snow = make_service(session, self.enterprise.id, code="SNOW")
        self.water = make_service(session, self.enterprise.id, code="WATER", revenue_code="201510")
        self.customer = make_customer(session)
        self.contract = make_contract(
            session, self.enterprise, self.customer, (self.snow, "3"), (self.water, "1")
        )
        self.invoice = make_invoice(session, self.contract)
        self.snow_line, self.water_line = sorted(
            lines_of(session, self.invoice.id), key=lambda each: each.total, reverse=True
        )

    @property
    def book_id(self):
        return ledger.enterprise_book_id(self.session, self.enterprise.id)

    def pay(self, tenge, **options):
        return pay(self.session, self.enterprise.id, self.customer.id, tenge, **options)

    def opened(self):
        """What is open of the snow line and of the water line, each with its VAT."""
        self.session.expire_all()
        rows = {row.invoice_line_id: row for row in self.session.scalars(select(Receivable))}
        return [
            (str(rows[line.id].open_amount), str(rows[line.id].open_vat))
            for line in (self.snow_line, self.water_line)
        ]

    def advance(self):
        return receivables.advance_of(self.session, self.enterprise.id, self.customer.id)

    def check(self):
        """The books agree with the open lines, the advances and the revenue lines."""
        rows = list(self.session.scalars(select(Receivable)))
        assert balance(self.session, self.book_id, RECEIVABLES) == total(row.open_amount for row in rows)
        advances = list(self.session.scalars(select(Advance)))
        assert -balance(self.session, self.book_id, ADVANCES) == total(row.open_amount for row in advances)
        allocations = list(self.session.scalars(select(Allocation)))
        revenue = list(self.session.scalars(select(RevenueLine)))
        assert total(row.amount for row in revenue) == total(row.amount - row.vat for row in allocations)
        in_transit = balance(self.session, ledger.budget_book_id(self.session), "transit")
        assert in_transit == total(row.amount for row in revenue)


@pytest.fixture
def office(session):
    """An office with an unpaid invoice of 4,000 tenge."""
    return Office(session)


def test_an_issued_invoice_is_open_with_its_vat(office):
    """3,000.00 and 1,000.00 tenge, 16 % of VAT within; nothing is paid ahead."""
    assert office.opened() == [("3000.00", "413.79"), ("1000.00", "137.93")]
    assert receivables.debt_of(office.session, office.enterprise.id, office.customer.id) == T(4000)
    assert office.advance() == ZERO
    office.check()


def test_a_released_payment_is_an_advance_again(office):
    """Releasing puts the debt and its VAT back, the money into the advance, and takes the revenue back."""
    payment = office.pay(4000)
    office.check()

    live = corrections.live_allocations(office.session, payment_id=payment.id)
    corrections.release(office.session, [each.id for each in live], released_on=APRIL_10)

    assert office.opened() == [("3000.00", "413.79"), ("1000.00", "137.93")]
    assert office.advance() == T(4000)
    assert corrections.live_allocations(office.session, payment_id=payment.id) == []
    office.check()


def test_nothing_is_released_twice(office):
    """A second release of the same allocation is refused by the database."""
    payment = office.pay(100)
    ids = [each.id for each in corrections.live_allocations(office.session, payment_id=payment.id)]
    corrections.release(office.session, ids, released_on=APRIL_10)

    with pytest.raises(IntegrityError), office.session.begin_nested():
        corrections.release(office.session, ids, released_on=APRIL_10)

    assert office.advance() == T(100)
    office.check()


def test_nothing_is_released_in_a_closed_month(office):
    """A closed March keeps its allocations: the release is refused, debt and advance stay."""
    payment = office.pay(4000, received_on=MARCH_31)
    ledger.close_month(office.session, office.book_id, MARCH, today=date(2026, 4, 1))

    live = corrections.live_allocations(office.session, payment_id=payment.id)
    with pytest.raises(MonthClosed), office.session.begin_nested():
        corrections.release(office.session, [each.id for each in live], released_on=MARCH_31)

    assert office.opened() == [("0.00", "0.00"), ("0.00", "0.00")]
    assert office.advance() == ZERO


def test_a_closed_budget_month_refuses_the_fee_and_so_the_payment(office):
    """The budget's March is closed, the enterprise's is not: no payment of March gets in, in either book."""
    office.pay(100, received_on=MARCH_31)
    ledger.close_month(office.session, ledger.budget_book_id(office.session), MARCH, today=date(2026, 4, 1))

    with pytest.raises(MonthClosed), office.session.begin_nested():
        office.pay(100, received_on=MARCH_31)

    assert receivables.debt_of(office.session, office.enterprise.id, office.customer.id) == T(3900)
    office.check()


def test_a_credit_never_exceeds_the_line(office):
    """A tiyn more than the line is refused, also after an earlier credit; nothing is credited."""
    amounts = {office.water_line.id: T("1000.01")}
    with pytest.raises(CreditExceedsLine) as refusal:
        corrections.credit(office.session, amounts, credited_on=APRIL_10)
    assert refusal.value.facts["left"] == T(1000)

    corrections.credit(office.session, {office.water_line.id: T(400)}, credited_on=APRIL_10)
    with pytest.raises(CreditExceedsLine) as refusal:
        corrections.credit(office.session, {office.water_line.id: T("600.01")}, credited_on=APRIL_10)

    assert refusal.value.facts["left"] == T(600)
    assert office.opened()[1][0] == "600.00"


def test_crediting_a_paid_line_gives_its_money_back_as_an_advance(office):
    """The water line was paid; credited whole, its 1,000 tenge wait for the next invoice, without revenue."""
    office.pay(4000)

    note = issue_credit_note(
        office.session,
        office.invoice.id,
        issued_on=APRIL_10,
        reason="Су жеткізілмеді",
        amounts={office.water_line.id: T(1000)},
    )

    assert (note.total, note.vat) == (T(1000), T("137.93"))
    assert office.opened() == [("0.00", "0.00"), ("0.00", "0.00")]
    assert office.advance() == T(1000)
    office.check()
    by_code = dict(
        office.session.execute(
            select(RevenueLine.code, func.sum(RevenueLine.amount)).group_by(RevenueLine.code)
        ).all()
    )
    assert {code: int(getattr(amount, "tiyn", amount)) for code, amount in by_code.items()} == {
        "206109": 258_621,
        "201510": 0,
    }


def test_a_payment_reversed_in_another_year_lowers_that_year(session):
    """A fee of December is given back in January: December keeps its revenue, January's is negative."""
    office = Office(session)
    december = make_invoice(session, office.contract, Month(2026, 12))
    payment = office.pay(8000, received_on=date(2026, 12, 31), invoice_ids=(december.id,))

    reverse_payment(session, payment.id, reversed_on=date(2027, 1, 4), reason="Қате төлем")

    lines = session.execute(
        select(RevenueLine.fiscal_year, RevenueLine.month, RevenueLine.amount).where(
            RevenueLine.code == "201510"
        )
    ).all()
    sums = {}
    for year, month, amount in lines:
        sums[year, str(month)] = sums.get((year, str(month)), ZERO) + amount
    assert sums == {(2026, "2026-12"): T("1724.14"), (2027, "2027-01"): T("-1724.14")}
    budget_book = ledger.budget_book_id(session)
    assert balance(session, budget_book, "201510", 2026) == T("-1724.14")
    assert balance(session, budget_book, "201510", 2027) == T("1724.14")
    office.check()


def test_only_what_is_left_of_an_advance_is_given_back(office):
    """4,500 for a debt of 4,000: 500 can be refunded, 500.01 cannot, and afterwards nothing."""
    payment = office.pay(4500)
    terms = {"method": PaymentMethod.BANK, "refunded_on": MAY_5, "reason": "Артық төлем"}

    with pytest.raises(AdvanceTooSmall) as refusal:
        refund(office.session, payment.id, amount=T("500.01"), **terms)
    assert refusal.value.facts == {"advance": T(500), "amount": T("500.01")}
    refund(office.session, payment.id, amount=T(500), **terms)
    with pytest.raises(AdvanceTooSmall):
        refund(office.session, payment.id, amount=T("0.01"), **terms)

    assert office.advance() == ZERO
    office.check()


def test_the_next_invoice_consumes_the_advance(office):
    """1,500 paid ahead lower April's invoice to 2,500; the oldest advance goes first."""
    office.pay(5500)
    make_invoice(office.session, office.contract, APRIL)

    assert office.advance() == ZERO
    assert receivables.debt_of(office.session, office.enterprise.id, office.customer.id) == T(2500)
    office.check()


def test_a_preview_writes_nothing_and_names_only_open_invoices(office):
    """The plan is what a payment would do; an invoice of nobody is refused."""
    transfers = office.session.scalar(select(func.count()).select_from(Transfer))
    plan = receivables.preview(
        office.session, office.enterprise.id, office.customer.id, T(1000), [office.invoice.id]
    )

    assert [step.allocated for step in plan.steps] == [T(1000)]
    assert office.opened() == [("3000.00", "413.79"), ("1000.00", "137.93")]
    assert office.session.scalar(select(func.count()).select_from(Transfer)) == transfers
    with pytest.raises(NotOpenForCustomer):
        receivables.preview(
            office.session, office.enterprise.id, office.customer.id, T(1000), [office.contract.id]
        )


@pytest.mark.parametrize(
    "harm",
    [
        {"open_amount": Money(-1)},
        {"open_amount": T(3001)},
        {"credited": T(1)},
        {"open_vat": T(3001)},
    ],
    ids=["negative", "more than the line", "credited beside open", "more VAT than open"],
)
def test_the_database_holds_an_open_line_within_its_bounds(office, harm):
    """Whatever runs at once: below zero or above the line nothing is ever stored."""
    with pytest.raises(IntegrityError), office.session.begin_nested():
        office.session.execute(
            update(Receivable).where(Receivable.invoice_line_id == office.snow_line.id).values(**harm),
            execution_options={"synchronize_session": False},
        )
    assert office.opened()[0] == ("3000.00", "413.79")

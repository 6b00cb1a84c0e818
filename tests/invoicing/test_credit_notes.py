"""Credit notes: by line or whole, never more than the line, and what becomes of money already paid."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.budget.models import RevenueLine
from billing.catalog.models import PayerCategory
from billing.customers.service import CustomerDetails, edit_customer, grant_benefit
from billing.invoicing.credit_notes import (
    CreditBeforeInvoice,
    NothingToCredit,
    get_credit_note,
    issue_credit_note,
    list_credit_notes,
)
from billing.invoicing.models import CreditNote, CreditNoteLine, InvoiceStatus
from billing.invoicing.service import issue_invoice, lines_of
from billing.invoicing.supplies import PeriodAlreadyBilled
from billing.kernel.checks import InvalidText
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, split
from billing.kernel.paging import FIRST_PAGE
from billing.ledger import service as ledger
from billing.orders.models import OrderState
from billing.orders.service import get_order
from billing.receivables.allocation import OpenLine, vat_within
from billing.receivables.corrections import CreditExceedsLine
from billing.receivables.models import Allocation
from billing.receivables.service import advance_of
from tests.support.billing import (
    APRIL_10,
    APRIL_30,
    MARCH,
    MARCH_31,
    credit,
    make_contract,
    make_invoice,
    only_line,
    open_desk,
    pay,
)
from tests.support.catalog import make_benefit, make_service
from tests.support.customers import make_organisation
from tests.support.districts import DISTRICT_ID
from tests.support.orders import make_act

T = Money.tenge


@pytest.fixture
def desk(session):
    """A desk with a customer who is charged 1,160 tenge a month, 160 of them VAT."""
    return open_desk(session)


@pytest.fixture
def invoice(desk):
    """March's invoice, not yet paid."""
    return desk.issue()


def revenue(session):
    """The budget's revenue."""
    return session.scalar(select(money_sum(RevenueLine.amount)))


def count(session, model):
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(model))


def test_an_unpaid_invoice_is_credited_as_a_whole(desk, invoice):
    """Debt and VAT are gone, the invoice stands as credited, the note is numbered and printed."""
    note = credit(desk.session, invoice)

    assert (note.number, note.year, note.total, note.vat) == (1, 2026, T(1160), T(160))
    assert desk.standing(invoice).status is InvoiceStatus.CREDITED
    assert (desk.debt, desk.advance) == (ZERO, ZERO)
    document, content = fetch(desk.session, DocumentKind.CREDIT_NOTE, note.id)
    assert document.file_name == "credit-note-2026-000001.pdf"
    assert content.startswith(b"%PDF-")


def test_a_part_of_an_unpaid_invoice_is_credited(desk, invoice):
    """290 of 1,160 are taken off with their 40 of VAT; the rest is still to be paid."""
    note = credit(desk.session, invoice, {only_line(desk.session, invoice).id: T(290)})

    assert (note.total, note.vat) == (T(290), T(40))
    stands = desk.standing(invoice)
    assert (stands.credited, stands.open_amount, stands.status) == (T(290), T(870), InvoiceStatus.ISSUED)


def test_what_is_open_is_credited_before_what_is_paid(desk, invoice):
    """Of 1,160 with 500 paid, a credit of 660 touches no payment."""
    desk.pay(500)
    before = count(desk.session, Allocation)

    credit(desk.session, invoice, {only_line(desk.session, invoice).id: T(660)})

    assert count(desk.session, Allocation) == before
    stands = desk.standing(invoice)
    assert (stands.paid, stands.open_amount, stands.status) == (T(500), ZERO, InvoiceStatus.PAID)
    assert desk.advance == ZERO


def test_a_credit_beyond_what_is_open_frees_paid_money(desk, invoice):
    """Of 1,160 with 1,000 paid in two parts, a credit of 300 leaves 860 paid and 140 as an advance."""
    desk.pay(600)
    desk.pay(400, received_on=date(2026, 4, 11))

    credit(desk.session, invoice, {only_line(desk.session, invoice).id: T(300)})

    stands = desk.standing(invoice)
    assert (stands.paid, stands.open_amount, stands.credited) == (T(860), ZERO, T(300))
    assert desk.advance == T(140)
    assert revenue(desk.session) == T("741.38")  # 860 × 100 / 116


def test_freed_money_settles_the_rest_of_its_invoice_before_older_debts(desk):
    """February is older and open; money freed from March by a credit pays what is left of March first."""
    february, march = desk.issue(Month(2026, 2)), desk.issue()
    desk.pay(1160, invoice_ids=(march.id,))

    credit(desk.session, march, {only_line(desk.session, march).id: T(160)})

    assert desk.standing(march).open_amount == ZERO
    assert desk.standing(march).paid == T(1000)
    assert desk.standing(february).paid == T(160)
    assert desk.advance == ZERO


def test_a_paid_invoice_credited_as_a_whole_pays_the_next_debts(desk):
    """1,160 freed from a credited invoice settle the other one that is open."""
    march = desk.issue()
    desk.pay(1160)
    april = desk.issue(Month(2026, 4))

    credit(desk.session, march)

    assert desk.standing(march).status is InvoiceStatus.CREDITED
    assert desk.standing(april).status is InvoiceStatus.PAID
    assert (desk.debt, desk.advance) == (ZERO, ZERO)


def test_freed_money_of_another_payer_is_his(desk, session):
    """The payer's 1,160 become his advance, not the debtor's."""
    payer = make_organisation(session)
    details = CustomerDetails(category=PayerCategory.RESIDENT, name="Тұрғынов", payer_id=payer.id)
    edit_customer(session, desk.customer.id, details, version=None)
    march = desk.issue()
    pay(session, desk.enterprise.id, payer.id, 1160)

    credit(session, march)

    assert desk.advance == ZERO
    assert advance_of(session, desk.enterprise.id, payer.id) == T(1160)


def test_no_credit_beyond_the_line(desk, invoice):
    """A tiyn more than is left of the line is refused, also after an earlier note, and nothing changes."""
    line_id = only_line(desk.session, invoice).id
    credit(desk.session, invoice, {line_id: T(1000)})

    with pytest.raises(CreditExceedsLine) as refusal:
        credit(desk.session, invoice, {line_id: T("160.01")})

    assert refusal.value.facts["left"] == T(160)
    assert count(desk.session, CreditNote) == 1
    assert desk.standing(invoice).credited == T(1000)
    credit(desk.session, invoice)
    with pytest.raises(NothingToCredit):
        credit(desk.session, invoice)


def test_a_credit_makes_sense_or_is_refused(desk, invoice):
    """Zero, less, no line, another invoice's line, an unknown one, a day before issue: nothing credited."""
    line_id = only_line(desk.session, invoice).id
    april = desk.issue(Month(2026, 4))
    for amounts, refusal in (
        ({line_id: ZERO}, InvalidInput),
        ({line_id: T(-1)}, InvalidInput),
        ({}, InvalidInput),
        ({only_line(desk.session, april).id: T(1)}, NotFound),
        ({line_id: T(1), new_id(): T(1)}, NotFound),
    ):
        with pytest.raises(refusal):
            credit(desk.session, invoice, amounts)
    with pytest.raises(CreditBeforeInvoice):
        credit(desk.session, invoice, issued_on=date(2026, 3, 30))
    for reason in ("", "  ", "a" * 301, "a\0"):
        with pytest.raises(InvalidText):
            issue_credit_note(desk.session, invoice.id, issued_on=MARCH_31, reason=reason)

    assert count(desk.session, CreditNote) == 0
    assert desk.debt == T(2320)


def test_a_credit_in_a_closed_month_is_refused(sessions):
    """A note in closed March leaves invoice, advance and number alone; the first of April is number 1."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        invoice = desk.issue()
        desk.pay(1160, received_on=MARCH_31)
        book_id = ledger.enterprise_book_id(session, desk.enterprise.id)
        ledger.close_month(session, book_id, MARCH, today=date(2026, 4, 1))

    with pytest.raises(ledger.MonthClosed), sessions.begin(DISTRICT_ID) as session:
        credit(session, invoice, issued_on=MARCH_31)

    with sessions.begin(DISTRICT_ID) as session:
        assert desk.at(session).standing(invoice).status is InvoiceStatus.PAID
        assert desk.at(session).advance == ZERO
        assert credit(session, invoice, issued_on=date(2026, 4, 1)).number == 1


def test_several_lines_are_credited_by_one_note(desk):
    """Each line takes its own sum; the note adds them up, VAT included."""
    water = make_service(desk.session, desk.enterprise.id, code="WATER")
    contract = make_contract(desk.session, desk.enterprise, desk.customer, (desk.service, "2"), (water, "1"))
    invoice = make_invoice(desk.session, contract)
    amounts = dict(
        zip([line.id for line in lines_of(desk.session, invoice.id)], [T(116), T(58)], strict=True)
    )

    note = credit(desk.session, invoice, amounts)

    assert (note.total, note.vat) == (T(174), T(24))
    rows = desk.session.scalars(select(CreditNoteLine)).all()
    assert {row.invoice_line_id: row.amount for row in rows} == amounts
    assert get_credit_note(desk.session, note.id).total == T(174)
    assert [each.id for each in list_credit_notes(desk.session, FIRST_PAGE, invoice_id=invoice.id).items] == [
        note.id
    ]


def test_the_vat_of_all_credits_is_the_lines(desk, invoice):
    """Six odd credits, payments between them, take off exactly the line's 160 of VAT."""
    line_id = only_line(desk.session, invoice).id
    desk.pay("333.33")
    for amount in ("0.01", "99.99", "123.45", "333.33", "0.02"):
        credit(desk.session, invoice, {line_id: T(amount)})
    desk.pay("50.05", invoice_ids=(invoice.id,))
    credit(desk.session, invoice)

    vat = desk.session.scalar(select(money_sum(CreditNoteLine.vat)))
    amount = desk.session.scalar(select(money_sum(CreditNoteLine.amount)))
    assert (amount, vat) == (T(1160), T(160))
    assert revenue(desk.session) == ZERO


@given(
    st.integers(1, 10**9).flatmap(
        lambda total: st.tuples(
            st.just(total), st.integers(0, total), st.lists(st.integers(1, 10**6), min_size=1, max_size=8)
        )
    )
)
def test_parts_of_a_line_share_its_vat_without_rest(case):
    """However a line is cut into parts, their VAT adds up to the line's and is never more than the part."""
    whole, vat, weights = case
    open_amount, open_vat = Money(whole), Money(vat)
    for part in split(Money(whole), [Money(weight) for weight in weights]):
        line = OpenLine(
            new_id(),
            new_id(),
            new_id(),
            new_id(),
            "206109",
            2026,
            1,
            1,
            APRIL_10,
            APRIL_10,
            open_amount,
            open_vat,
        )
        if part == ZERO:
            continue
        share = vat_within(line, part)
        assert ZERO <= share <= part
        open_amount, open_vat = open_amount - part, open_vat - share
        assert ZERO <= open_vat <= open_amount

    assert (open_amount, open_vat) == (ZERO, ZERO)


def test_a_wholly_credited_month_is_billed_anew(desk, invoice):
    """After the whole credit March can be issued again, under the next number."""
    credit(desk.session, invoice)

    again = desk.issue(issued_on=APRIL_30)

    assert (again.number, again.total) == (2, T(1160))
    assert desk.debt == T(1160)


def test_a_wholly_credited_order_is_billed_anew(desk):
    """Its order stands as completed again, and the same act comes onto the next invoice."""
    act = make_act(desk.session, desk.hire())
    first = issue_invoice(desk.session, desk.enterprise.id, desk.customer.id, issued_on=MARCH_31)

    credit(desk.session, first)
    assert get_order(desk.session, act.order_id).state == OrderState.COMPLETED

    again = issue_invoice(desk.session, desk.enterprise.id, desk.customer.id, issued_on=APRIL_30)
    assert only_line(desk.session, again).act_id == act.id
    assert get_order(desk.session, act.order_id).state == OrderState.INVOICED


def test_a_partly_credited_month_stays_billed(desk, invoice):
    """A discount does not open the month for another invoice."""
    credit(desk.session, invoice, {only_line(desk.session, invoice).id: T(1)})

    with pytest.raises(PeriodAlreadyBilled):
        desk.issue(issued_on=APRIL_30)


def test_a_month_credited_piece_by_piece_is_billed_anew(desk, invoice):
    """Once the last tenge of the line is credited, it is not billed at all, and March can be issued again."""
    line = only_line(desk.session, invoice)
    credit(desk.session, invoice, {line.id: T(160)})
    credit(desk.session, invoice, {line.id: T(1000)})

    assert desk.issue(issued_on=APRIL_30).total == T(1160)


def test_a_line_of_zero_is_billed_anew_with_the_others(desk):
    """A benefit granted by mistake made a line zero: once the invoice is credited, the line is due again."""
    water = make_service(desk.session, desk.enterprise.id, code="WATER")
    contract = make_contract(desk.session, desk.enterprise, desk.customer, (desk.service, "2"), (water, "1"))
    benefit = make_benefit(desk.session, percent_bp=10_000, service_id=water.id)
    grant_benefit(
        desk.session,
        desk.customer.id,
        benefit.id,
        valid_from=date(2026, 3, 31),
        valid_to=date(2026, 3, 31),
        evidence="Куәлік № 17",
    )
    invoice = make_invoice(desk.session, contract)
    assert invoice.total == T(1160)

    credit(desk.session, invoice)

    again = make_invoice(desk.session, contract, issued_on=APRIL_30)
    assert {line.service_code for line in lines_of(desk.session, again.id)} == {"SNOW", "WATER"}

"""How invoices stand: the status of a day, in Python and in SQL alike, and lists in one query."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from billing.invoicing.models import InvoiceStatus
from billing.invoicing.standing import list_invoices, standing_of, status_of
from billing.kernel.dates import Month
from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import FIRST_PAGE, PageRequest
from billing.receivables.models import Receivable
from tests.support.billing import APRIL_10, MARCH, credit, only_line, open_desk
from tests.support.catalog import make_tariff
from tests.support.statements import counted_statements

T = Money.tenge
DUE = date(2026, 4, 20)
DAY_AFTER = date(2026, 4, 21)


@pytest.fixture
def desk(session):
    """A desk; its invoice of March is due on 20 April 2026."""
    return open_desk(session)


def listed(desk, status, today, **filters):
    """Ids of the invoices with a status."""
    page = list_invoices(desk.session, FIRST_PAGE, today=today, status=status, **filters)
    assert all(standing.status is status for standing in page.items)
    return [standing.invoice.id for standing in page.items]


def test_an_invoice_is_overdue_on_the_day_after_it_was_due(desk):
    """On its last day it is issued; a day later overdue, unpaid or partly paid."""
    invoice = desk.issue()
    assert desk.standing(invoice, DUE).status is InvoiceStatus.ISSUED
    assert desk.standing(invoice, DAY_AFTER).status is InvoiceStatus.OVERDUE

    desk.pay(1)
    assert desk.standing(invoice, DUE).status is InvoiceStatus.PARTLY_PAID
    assert desk.standing(invoice, DAY_AFTER).status is InvoiceStatus.OVERDUE
    assert listed(desk, InvoiceStatus.OVERDUE, DAY_AFTER) == [invoice.id]
    assert listed(desk, InvoiceStatus.OVERDUE, DUE) == []

    desk.pay(1159)
    assert desk.standing(invoice, DAY_AFTER).status is InvoiceStatus.PAID


def test_a_credit_of_the_unpaid_rest_leaves_a_paid_invoice(desk):
    """Partly paid and the rest credited: paid. Wholly credited: credited, on any day."""
    march, april = desk.issue(), desk.issue(Month(2026, 4))
    desk.pay(160)
    credit(desk.session, march, {only_line(desk.session, march).id: T(1000)})
    credit(desk.session, april)

    assert desk.standing(march, DAY_AFTER).status is InvoiceStatus.PAID
    assert desk.standing(april, date(2030, 1, 1)).status is InvoiceStatus.CREDITED


def test_an_unknown_invoice_has_no_standing(session):
    """NotFound, naming its kind."""
    with pytest.raises(NotFound) as refusal:
        standing_of(session, new_id(), today=APRIL_10)
    assert refusal.value.facts["kind"] == "invoice"


@st.composite
def standings(draw):
    """(open, credited) of an invoice of 1,160 tenge as payments and credits can leave them."""
    whole = T(1160).tiyn
    credited = draw(st.sampled_from([0, 1, whole - 1, whole]) | st.integers(0, whole))
    left = whole - credited
    return draw(st.sampled_from([0, min(1, left), left]) | st.integers(0, left)), credited


def test_the_database_filters_by_the_status_that_python_tells(desk):
    """Whatever is open and credited, on any day: exactly one filter finds the invoice, the right one."""
    invoice = desk.issue()
    line_id = only_line(desk.session, invoice).id

    @settings(max_examples=30)
    @given(standings(), st.sampled_from([APRIL_10, DUE, DAY_AFTER]))
    def agree(case, today):
        open_amount, credited = (Money(tiyn) for tiyn in case)
        desk.session.execute(
            update(Receivable)
            .where(Receivable.district_id == invoice.district_id, Receivable.invoice_line_id == line_id)
            .values(open_amount=open_amount, credited=credited, open_vat=ZERO)
        )
        told = status_of(invoice.total, open_amount, credited, invoice.due_on, today)
        assert desk.standing(invoice, today).status is told
        for status in InvoiceStatus:
            assert listed(desk, status, today) == ([invoice.id] if status is told else [])

    agree()


def test_a_list_takes_one_query_however_long(desk):
    """One invoice or thirty: one statement, with what is open, credited and due of each."""
    make_tariff(desk.session, desk.service.id, price=T(1), valid_from=date(2020, 2, 1))
    months = [Month(2021 + number // 12, number % 12 + 1) for number in range(30)]
    desk.issue(months[0])
    desk.session.expire_all()
    with counted_statements(desk.session) as for_one:
        assert len(list_invoices(desk.session, FIRST_PAGE, today=APRIL_10).items) == 1
    for month in months[1:]:
        desk.issue(month)
    desk.session.expire_all()

    with counted_statements(desk.session) as for_thirty:
        page = list_invoices(desk.session, FIRST_PAGE, today=APRIL_10)
        totals = [(each.invoice.total, each.paid, each.open_amount) for each in page.items]

    assert totals == [(T(2), ZERO, T(2))] * 30
    assert len(for_one) == len(for_thirty) == 1


def test_a_list_is_filtered_and_paged(desk):
    """By number and by dates of issue; pages of two follow each other without gap or repetition."""
    invoices = [desk.issue(Month(2026, month)) for month in (1, 2, 3, 4, 5)]
    today = date(2026, 5, 31)

    def numbers(**filters):
        page = list_invoices(desk.session, FIRST_PAGE, today=today, **filters)
        return [each.invoice.number for each in page.items]

    assert numbers() == [5, 4, 3, 2, 1]
    assert numbers(number=2) == [2]
    assert numbers(issued_from=MARCH.first_day, issued_to=MARCH.last_day) == [3]
    assert numbers(customer_id=new_id()) == []
    seen, cursor = [], None
    while len(seen) < 5:
        page = list_invoices(desk.session, PageRequest(cursor, 2, "number"), today=today)
        seen += [each.invoice.id for each in page.items]
        cursor = page.next_cursor
    assert (seen, cursor) == ([invoice.id for invoice in invoices], None)

"""Aged debt: each open tenge in exactly one bucket, counted from the due date."""

from datetime import date, timedelta

import pytest

from billing.kernel.dates import Month
from billing.kernel.money import Money, total
from billing.kernel.paging import InvalidSort, PageRequest
from billing.receivables.reports import BUCKETS, aged_debt, aged_debt_table
from tests.support.billing import make_contract, make_invoice, open_for_business, pay
from tests.support.catalog import make_service
from tests.support.customers import make_customer
from tests.support.statements import counted_statements

T = Money.tenge
DUE = date(2026, 4, 20)  # of an invoice of 31 March


@pytest.fixture
def village(session):
    """Three customers with an invoice of 1,000 tenge each; Dauren has a second one, Aigul has paid."""
    enterprise = open_for_business(session)
    service = make_service(session, enterprise.id)
    customers = {}
    for serial, name in enumerate(("Әйгүл", "Дәурен", "Ғалым"), 1):
        customer = customers[name] = make_customer(session, serial, name=name)
        contract = make_contract(session, enterprise, customer, (service, "1"))
        make_invoice(session, contract)
        if name == "Дәурен":
            make_invoice(session, contract, Month(2026, 4))
    pay(session, enterprise.id, customers["Әйгүл"].id, 1000)
    pay(session, enterprise.id, customers["Ғалым"].id, 250)
    return enterprise


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-1, "not_due"),
        (0, "not_due"),
        (1, "days_1_30"),
        (30, "days_1_30"),
        (31, "days_31_60"),
        (60, "days_31_60"),
        (61, "days_61_90"),
        (90, "days_61_90"),
        (91, "over_90"),
        (400, "over_90"),
    ],
)
def test_a_debt_stands_in_the_bucket_of_its_days(session, village, days, bucket):
    """On its due date it is not yet late; the day after it is, and so on to the last bucket."""
    aged = aged_debt(session, village.id, day=DUE + timedelta(days=days))

    galym = next(row for row in aged.rows.items if row.customer_name == "Ғалым")
    assert galym.buckets == {name: T(750) if name == bucket else T(0) for name in BUCKETS}
    assert (galym.debt, galym.oldest_due_on) == (T(750), DUE)


def test_who_owes_nothing_is_not_listed(session, village):
    """Aigul has paid; the others stand with the largest debt first, the totals are of all."""
    aged = aged_debt(session, village.id, day=date(2026, 5, 15))

    assert [(row.customer_name, row.debt) for row in aged.rows.items] == [
        ("Дәурен", T(2000)),
        ("Ғалым", T(750)),
    ]
    assert aged.rows.items[0].buckets["days_1_30"] == T(1000)
    assert aged.rows.items[0].buckets["not_due"] == T(1000)
    assert aged.totals["debt"] == T(2750) == total(row.debt for row in aged.rows.items)
    assert aged_debt_table(aged).totals["not_due"] == T(1000)


def test_a_page_has_totals_of_everybody(session, village):
    """One row a page, by name in the Kazakh order: Ghalym stands before Dauren; totals stay the same."""
    first = aged_debt(session, village.id, day=DUE, request=PageRequest(limit=1, sort="customer_name"))
    second = aged_debt(
        session,
        village.id,
        day=DUE,
        request=PageRequest(first.rows.next_cursor, limit=1, sort="customer_name"),
    )

    assert [row.customer_name for row in (*first.rows.items, *second.rows.items)] == ["Ғалым", "Дәурен"]
    assert second.rows.next_cursor is None
    assert first.totals == second.totals
    with pytest.raises(InvalidSort):
        aged_debt(session, village.id, day=DUE, request=PageRequest(sort="iin"))


def test_the_largest_debt_can_be_paged(session, village):
    """Sorted by debt, the second page goes on after the first."""
    first = aged_debt(session, village.id, day=DUE, request=PageRequest(limit=1))
    second = aged_debt(session, village.id, day=DUE, request=PageRequest(first.rows.next_cursor, limit=1))
    assert [row.debt for row in (*first.rows.items, *second.rows.items)] == [T(2000), T(750)]


def test_the_report_takes_two_statements_however_many_owe(session, village):
    """One for the rows, one for the totals."""
    with counted_statements(session) as statements:
        aged_debt(session, village.id, day=DUE)
    assert len(statements) == 2

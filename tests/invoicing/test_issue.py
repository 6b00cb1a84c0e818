"""Issuing invoices: what comes onto them, at which price and tax, under which number, and never twice."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from billing.catalog.models import VatCategory
from billing.catalog.refusals import NoTariff
from billing.customers import service as customers
from billing.invoicing.issued import IssuedInvoice, IssuedLine
from billing.invoicing.models import Invoice, InvoiceLine
from billing.invoicing.service import (
    NothingToInvoice,
    invoice_completed_orders,
    issue_invoice,
    lines_of,
)
from billing.invoicing.supplies import NothingCharged, OrderNotBillable, PeriodAlreadyBilled
from billing.kernel.dates import Month
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.ledger import service as ledger
from billing.orders.models import OrderState
from billing.orders.service import get_order
from tests.support.billing import MARCH, MARCH_31, make_contract, open_desk
from tests.support.catalog import make_benefit, make_service, make_tariff
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.orders import make_act, make_order

T = Money.tenge
MARCH_10 = date(2026, 3, 10)


@pytest.fixture
def desk(session):
    """A desk registered for VAT, whose customer owes nothing yet."""
    return open_desk(session)


def issue_orders(desk, issued_on=MARCH_31, **options):
    """The customer's completed work, invoiced."""
    return issue_invoice(desk.session, desk.enterprise.id, desk.customer.id, issued_on=issued_on, **options)


def grant(desk, benefit, valid_from=date(2026, 1, 1)):
    """The desk's customer is given a benefit."""
    customers.grant_benefit(
        desk.session, desk.customer.id, benefit.id, valid_from=valid_from, evidence="Куәлік № 17"
    )


def test_several_acts_come_onto_one_invoice(desk):
    """Three hours and half an hour at 580 tenge are two lines of one invoice; their orders are invoiced."""
    trade = desk.hire()
    first = make_act(desk.session, trade)
    second = make_act(desk.session, trade, quantity="0.5")

    invoice = issue_orders(desk)

    lines = lines_of(desk.session, invoice.id)
    assert [(line.position, line.quantity, line.total, line.act_id) for line in lines] == [
        (1, Decimal(3), T(1740), first.id),
        (2, Decimal("0.5"), T(290), second.id),
    ]
    assert (invoice.number, invoice.total, invoice.vat) == (1, T(2030), T(280))
    assert get_order(desk.session, first.order_id).state == OrderState.INVOICED
    assert desk.debt == T(2030)


def test_charges_and_orders_come_onto_one_invoice(desk):
    """A month's charge and an order's act make one invoice, each line with its own reason."""
    act = make_act(desk.session, desk.hire())

    invoice = desk_issue_both(desk, act)

    by_reason = {(line.act_id, line.period): line.total for line in lines_of(desk.session, invoice.id)}
    assert by_reason == {(act.id, None): T(1740), (None, MARCH): T(1160)}
    assert invoice.total == T(2900)


def desk_issue_both(desk, act):
    """The charges of March and one act."""
    return issue_orders(desk, contract_id=desk.contract.id, period=MARCH, order_ids=[act.order_id])


def test_every_customer_with_work_gets_one_invoice(desk):
    """Two customers with three acts get two invoices with numbers in a row; a second run finds nothing."""
    trade = desk.hire()
    other = make_customer(desk.session, 2)
    make_act(desk.session, trade)
    make_act(desk.session, trade)
    make_act(desk.session, trade, customer_id=other.id)

    issued = invoice_completed_orders(desk.session, desk.enterprise.id, issued_on=MARCH_31)

    assert sorted((each.number, each.customer_id) for each in issued) == [
        (number, customer_id) for number, customer_id in enumerate(sorted([desk.customer.id, other.id]), 1)
    ]
    assert {each.customer_id: each.total for each in issued} == {
        desk.customer.id: T(3480),
        other.id: T(1740),
    }
    assert invoice_completed_orders(desk.session, desk.enterprise.id, issued_on=MARCH_31) == []


def test_work_done_after_the_invoice_waits_for_the_next(desk):
    """An act of 10 March does not come onto an invoice of 9 March."""
    make_act(desk.session, desk.hire(), completed_on=MARCH_10)

    with pytest.raises(NothingToInvoice):
        issue_orders(desk, issued_on=date(2026, 3, 9))

    assert issue_orders(desk, issued_on=MARCH_10).total == T(1740)


def test_an_order_is_billed_once(desk):
    """Neither by its id nor with all the others does a billed order come onto a second invoice."""
    act = make_act(desk.session, desk.hire())
    issue_orders(desk)

    with pytest.raises(OrderNotBillable):
        issue_orders(desk, order_ids=[act.order_id])
    with pytest.raises(NothingToInvoice):
        issue_orders(desk)

    assert desk.session.scalar(select(func.count()).select_from(InvoiceLine)) == 1


def test_an_order_not_completed_or_of_another_is_not_billed(desk):
    """An assigned order and another customer's act are refused by name; nothing is issued."""
    trade = desk.hire()
    assigned = make_order(desk.session, trade, state=OrderState.ASSIGNED)
    others = make_act(desk.session, trade, customer_id=make_customer(desk.session, 2).id)

    unknown = new_id()
    for order_id, called in ((assigned.id, "1/2026"), (others.order_id, "2/2026"), (unknown, str(unknown))):
        with pytest.raises(OrderNotBillable) as refusal:
            issue_orders(desk, order_ids=[order_id])
        assert refusal.value.facts == {"orders": [called], "order_ids": [str(order_id)]}

    assert desk.session.scalar(select(func.count()).select_from(Invoice)) == 0


def test_a_period_is_billed_once(desk):
    """March cannot be billed again; a service added to the contract afterwards still can."""
    desk.issue()
    with pytest.raises(PeriodAlreadyBilled):
        desk.issue()

    water = make_service(desk.session, desk.enterprise.id, code="WATER")
    customers.add_charge(
        desk.session,
        desk.contract.id,
        service_id=water.id,
        quantity=Decimal(1),
        valid_from=date(2026, 3, 1),
    )
    added = desk.issue()

    assert [line.service_code for line in lines_of(desk.session, added.id)] == ["WATER"]
    assert added.total == T(1000)


def test_what_makes_no_sense_is_refused(desk):
    """Another's contract, a period alone, a month without charges, due before issue: no invoice."""
    stranger = make_customer(desk.session, 2)
    known = {"enterprise_id": desk.enterprise.id, "issued_on": MARCH_31}
    with pytest.raises(NotFound):
        issue_invoice(
            desk.session, customer_id=stranger.id, contract_id=desk.contract.id, period=MARCH, **known
        )
    with pytest.raises(InvalidInput) as refusal:
        issue_invoice(desk.session, customer_id=desk.customer.id, period=MARCH, **known)
    assert refusal.value.facts["field"] == "contract_id"
    with pytest.raises(NothingCharged):
        desk.issue(Month(2019, 12))
    with pytest.raises(InvalidInput) as refusal:
        issue_orders(desk, contract_id=desk.contract.id, period=MARCH, due_on=MARCH_10)
    assert refusal.value.facts["field"] == "due_on"

    assert desk.session.scalar(select(func.count()).select_from(Invoice)) == 0


def test_numbers_start_at_one_every_year(desk):
    """The year of issue counts: two of December 2025, then January 2026 starts at 1 again."""
    numbers = [
        desk.issue(period) for period in (Month(2025, 11), Month(2025, 12), Month(2026, 1), Month(2026, 2))
    ]

    assert [(each.year, each.number) for each in numbers] == [(2025, 1), (2025, 2), (2026, 1), (2026, 2)]


def test_a_refused_invoice_leaves_no_gap(sessions):
    """An invoice refused by the closed month, after it had its number, gives the number back."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        assert desk.issue(Month(2026, 1)).number == 1
        book_id = ledger.enterprise_book_id(session, desk.enterprise.id)
        ledger.close_month(session, book_id, Month(2026, 1), today=date(2026, 4, 1))

    with pytest.raises(ledger.MonthClosed), sessions.begin(DISTRICT_ID) as session:
        desk.at(session).issue(Month(2026, 2), issued_on=date(2026, 1, 31))
    with pytest.raises(NothingToInvoice), sessions.begin(DISTRICT_ID) as session:
        issue_orders(desk.at(session))

    with sessions.begin(DISTRICT_ID) as session:
        assert desk.at(session).issue(Month(2026, 2)).number == 2
        assert session.scalar(select(func.count()).select_from(Invoice)) == 2


def test_the_tax_is_that_of_the_day_of_supply(desk):
    """Work of 31 December bears 12 % and work of 1 January 16 %, on one invoice of February."""
    trade = desk.hire()
    make_act(desk.session, trade, quantity="2", completed_on=date(2025, 12, 31))
    make_act(desk.session, trade, quantity="2", completed_on=date(2026, 1, 1))

    invoice = issue_orders(desk, issued_on=date(2026, 2, 1))

    old, new = lines_of(desk.session, invoice.id)
    assert (old.vat_rate_bp, old.total, old.vat) == (1200, T(1160), T("124.29"))
    assert (new.vat_rate_bp, new.total, new.vat) == (1600, T(1160), T(160))
    assert invoice.vat == T("284.29")


def test_the_charge_of_december_issued_in_january_bears_the_tax_of_december(desk):
    """A charge is supplied on the last day of its month, whenever it is invoiced."""
    late = desk.issue(Month(2025, 12), issued_on=date(2026, 1, 5))

    [line] = lines_of(desk.session, late.id)
    assert (line.supplied_on, line.vat_rate_bp) == (date(2025, 12, 31), 1200)
    assert (late.year, late.number) == (2026, 1)


def test_who_is_not_registered_bears_no_tax(session):
    """Registered from 1 February: January is «Без НДС», February has 16 % within the same price."""
    desk = open_desk(session, vat_from=date(2026, 2, 1))

    january, february = desk.issue(Month(2026, 1)), desk.issue(Month(2026, 2))

    assert (january.total, january.vat) == (T(1160), ZERO)
    assert lines_of(session, january.id)[0].vat_rate_bp is None
    assert (february.total, february.vat) == (T(1160), T(160))


def test_an_exempt_service_bears_no_tax_beside_one_that_does(desk):
    """One invoice has a line with 16 % and one «Без НДС»; only the first one's tax is counted."""
    exempt = make_service(desk.session, desk.enterprise.id, code="BURIAL", vat_category=VatCategory.EXEMPT)
    contract = make_contract(desk.session, desk.enterprise, desk.customer, (desk.service, "2"), (exempt, "1"))

    invoice = issue_orders(desk, contract_id=contract.id, period=MARCH)

    assert {line.service_code: line.vat_rate_bp for line in lines_of(desk.session, invoice.id)} == {
        "SNOW": 1600,
        "BURIAL": None,
    }
    assert (invoice.total, invoice.vat) == (T(2160), T(160))


def test_the_price_is_that_of_the_day_of_supply(desk):
    """A tariff from 1 March prices March's charge, not February's, though both are invoiced in April."""
    make_tariff(desk.session, desk.service.id, price=T(700), valid_from=date(2026, 3, 1))

    february = desk.issue(Month(2026, 2), issued_on=date(2026, 4, 1))
    march = desk.issue(MARCH, issued_on=date(2026, 4, 1))

    assert (february.total, march.total) == (T(1160), T(1400))


def test_an_act_keeps_the_price_of_its_day(desk):
    """Work done before a new tariff began is invoiced at the old one, after it began."""
    make_act(desk.session, desk.hire(), quantity="1", completed_on=MARCH_10)
    make_tariff(desk.session, desk.service.id, price=T(700), valid_from=date(2026, 3, 11))

    assert issue_orders(desk).total == T(580)


def test_no_price_no_invoice(desk):
    """A service without a tariff on that day is refused, and its invoice with it."""
    unpriced = make_service(desk.session, desk.enterprise.id, code="NEW", valid_from=date(2026, 4, 1))
    contract = make_contract(
        desk.session, desk.enterprise, desk.customer, (desk.service, "2"), (unpriced, "1")
    )

    with pytest.raises(NoTariff):
        issue_orders(desk, contract_id=contract.id, period=MARCH)

    assert desk.debt == ZERO


@pytest.mark.parametrize(
    ("benefit", "total", "vat"),
    [
        ({"percent_bp": 5_000}, "580.00", "80.00"),
        ({"percent_bp": 3_333}, "773.37", "106.67"),
        ({"amount": T(200)}, "960.00", "132.41"),
    ],
)
def test_a_benefit_lowers_the_line_and_its_tax(desk, benefit, total, vat):
    """The tax is within what is left to pay; the line says what was taken off."""
    grant(desk, make_benefit(desk.session, **benefit))

    invoice = desk.issue()

    [line] = lines_of(desk.session, invoice.id)
    assert (str(line.amount), str(line.amount - line.benefit)) == ("1160.00", total)
    assert (str(invoice.total), str(invoice.vat)) == (total, vat)


@pytest.mark.parametrize("benefit", [{"percent_bp": 10_000}, {"amount": T(5_000)}])
def test_no_invoice_is_issued_for_zero(desk, benefit):
    """Who owes nothing after his benefit gets no invoice and uses no number."""
    grant(desk, make_benefit(desk.session, **benefit))
    make_act(desk.session, desk.hire())

    with pytest.raises(NothingToInvoice):
        desk.issue()
    assert invoice_completed_orders(desk.session, desk.enterprise.id, issued_on=MARCH_31) == []

    assert desk.session.scalar(select(func.count()).select_from(Invoice)) == 0
    assert desk.debt == ZERO


def test_a_line_of_zero_stands_beside_one_that_is_paid(desk):
    """A benefit of 100 % for one service leaves it on the invoice, for nothing; only the other is owed."""
    water = make_service(desk.session, desk.enterprise.id, code="WATER")
    contract = make_contract(desk.session, desk.enterprise, desk.customer, (desk.service, "2"), (water, "1"))
    grant(desk, make_benefit(desk.session, percent_bp=10_000, service_id=water.id))

    invoice = issue_orders(desk, contract_id=contract.id, period=MARCH)

    assert {line.service_code: line.total for line in lines_of(desk.session, invoice.id)} == {
        "SNOW": T(1160),
        "WATER": ZERO,
    }
    assert desk.debt == T(1160)
    desk.pay(1160)
    assert desk.standing(invoice).status == "paid"


def test_a_benefit_ends_with_its_grant(desk):
    """Granted up to 28 February, it lowers February's charge and no longer March's."""
    benefit = make_benefit(desk.session)
    customers.grant_benefit(
        desk.session,
        desk.customer.id,
        benefit.id,
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 2, 28),
        evidence="Куәлік № 17",
    )

    assert (desk.issue(Month(2026, 2)).total, desk.issue(MARCH).total) == (T(580), T(1160))


def test_the_invoice_is_due_after_the_enterprises_term(session):
    """By default 20 days after issue; a day of its own where one is given."""
    desk = open_desk(session)

    assert desk.issue().due_on == date(2026, 4, 20)
    own = issue_orders(desk, contract_id=desk.contract.id, period=Month(2026, 2), due_on=MARCH_31)
    assert own.due_on == MARCH_31


@pytest.mark.parametrize(("row", "table"), [(IssuedInvoice, Invoice), (IssuedLine, InvoiceLine)])
def test_a_row_that_is_issued_names_every_column(row, table):
    """A column that comes to a table cannot be forgotten: the rest are filled by the database itself."""
    given = [column.key for column in table.__table__.c if column.server_default is None]
    assert set(row._fields) == set(given)

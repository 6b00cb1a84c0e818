"""A run makes what issuing one invoice after the other makes: lines, sums, postings, revenue, papers."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from billing.budget.models import RevenueLine
from billing.catalog.refusals import NoTariff
from billing.customers.models import Contract, Customer
from billing.invoicing import service as invoicing
from billing.invoicing.models import BilledAct, BilledPeriod, Invoice, InvoiceLine
from billing.invoicing.service import NothingToInvoice
from billing.invoicing.supplies import NothingCharged, PeriodAlreadyBilled
from billing.kernel.dates import Month
from billing.ledger.models import Account, Transfer
from billing.orders.completion import acts_to_bill
from billing.receivables.models import Advance, Allocation, Receivable
from billing.verification.service import verify
from tests.support.billing import make_invoice, pay
from tests.support.customers import make_charge, make_contract, make_customer
from tests.support.orders import Trade, make_act
from tests.support.village import NOVEMBER, NOVEMBER_30, bill_here, make_village
from tests.support.workforce import make_engagement

SEPTEMBER = Month(2026, 9)
FOLLOWING = (
    Invoice,
    InvoiceLine,
    BilledPeriod,
    BilledAct,
    Receivable,
    Advance,
    Allocation,
    Transfer,
    RevenueLine,
)
MAY_DIFFER = {"id", "number", "invoice_number", "recorded_at", "transfer_id"}


@pytest.fixture
def village(session):
    """Eleven contracts of every sort, old debts and advances, somebody who pays for two others, and work."""
    village = make_village(session)
    contracts = village.settle(session, 11)
    # September was billed to some; what is open of it, and what was paid too much, meets the run.
    for contract in [*contracts[:4], *contracts[5:8]]:
        make_invoice(session, contract, SEPTEMBER, issued_on=date(2026, 9, 30))
    pay(session, village.enterprise.id, contracts[0].customer_id, 5_000, received_on=date(2026, 10, 9))
    payer = make_customer(session, 301)
    pay(session, village.enterprise.id, payer.id, 700, received_on=date(2026, 11, 5))
    for serial in (302, 303):
        child = make_customer(session, serial, payer_id=payer.id)
        contract = make_contract(session, village.enterprise.id, child.id)
        make_charge(session, contract, village.water.id)
        make_charge(session, contract, village.snow.id)
    second = make_contract(session, village.enterprise.id, contracts[5].customer_id)
    make_charge(session, second, village.snow.id)
    engagement = make_engagement(session, village.enterprise.id)
    for contract in contracts[:3]:
        customer = session.get(Customer, (contract.district_id, contract.customer_id))
        make_act(session, Trade(village.enterprise, village.snow, customer, engagement))
    return village


def one_by_one(session, village):
    """As a patient clerk would do it: contract by contract, month by month, then the work."""
    contracts = session.scalars(select(Contract).order_by(Contract.id)).all()
    months = [SEPTEMBER]
    while months[-1] < NOVEMBER:
        months.append(months[-1].next())
    for contract in contracts:
        try:
            # What no price is known for is left whole, as the run leaves it.
            with session.begin_nested():
                for month in months:
                    _try(session, contract, month)
        except NoTariff:
            continue
    for customer_id in sorted({act.customer_id for act in acts_to_bill(session, until=NOVEMBER_30)}):
        invoicing.issue_invoice(session, village.enterprise.id, customer_id, issued_on=NOVEMBER_30)


def _try(session, contract, month):
    try:
        make_invoice(session, contract, month, issued_on=NOVEMBER_30)
    except (NothingCharged, PeriodAlreadyBilled, NothingToInvoice):
        return


def everything(session):
    """All that follows from billing, by table; ids and numbers, which may differ, by what they stand for."""
    session.expire_all()
    names = {}
    for row in session.scalars(select(Invoice)):
        names[row.id] = f"invoice {row.contract_id} {row.customer_id} {row.period}"
    for row in session.scalars(select(InvoiceLine)):
        names[row.id] = f"line {row.position} of {names[row.invoice_id]}"
    for row in session.scalars(select(Allocation)):
        names[row.id] = f"{row.amount} of {row.payment_id} on {names[row.invoice_line_id]}"
    for row in session.scalars(select(Account)):
        names[row.id] = f"account {row.code} {row.fiscal_year}"
    return {model.__tablename__: sorted(_told(session, model, names)) for model in FOLLOWING}


def _told(session, model, names):
    columns = [column.key for column in model.__table__.c if column.key not in MAY_DIFFER]
    for row in session.scalars(select(model)):
        values = [getattr(row, name) for name in columns]
        yield [str(names.get(value, value) if isinstance(value, UUID) else value) for value in values]


@pytest.mark.parametrize("batch_size", [4, 100])
def test_a_run_makes_what_one_by_one_makes(session, village, batch_size):
    """Months caught up, part months, benefits, advances of one's own and of a payer: all the same."""
    savepoint = session.begin_nested()
    one_by_one(session, village)
    assert list(verify(session)) == []
    expected = everything(session)
    savepoint.rollback()

    run = bill_here(session, village, include_orders=True, batch_size=batch_size)

    assert run.first_period == SEPTEMBER
    assert list(verify(session)) == []
    found = everything(session)
    for what, rows in expected.items():
        assert found[what] == rows, what
    assert len(found["invoice"]) > 25 and len(found["allocation"]) > 8

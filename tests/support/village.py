"""A village to bill at once: contracts of every sort, some of them broken, made through the services."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from billing.catalog.models import Service
from billing.customers import service as customers
from billing.customers.models import Contract, Customer
from billing.districts.models import Enterprise
from billing.invoicing.runs import service as runs
from billing.invoicing.runs.models import BillingRun, BillingRunResult, RunOutcome
from billing.kernel.dates import Month
from billing.kernel.db import Sessions
from billing.kernel.money import Money
from billing.kernel.paging import PageRequest
from tests.support.billing import open_for_business, pay
from tests.support.catalog import make_benefit, make_service, make_tariff
from tests.support.customers import make_charge, make_contract, make_customer
from tests.support.districts import DISTRICT_ID

T = Money.tenge
NOVEMBER = Month(2026, 11)
NOVEMBER_30 = date(2026, 11, 30)
MORNING = datetime(2026, 11, 30, 4, tzinfo=UTC)
SORTS_OF_CONTRACTS = 10
PAID_AHEAD = (5, 7)


@dataclass(frozen=True)
class Village:
    """An enterprise registered for VAT, with snow in winter, water by month, and an unpriced service."""

    enterprise: Enterprise
    snow: Service
    water: Service
    unpriced: Service

    def settle(self, session: Session, count: int, first_serial: int = 1) -> list[Contract]:
        """That many contracts, going round the sorts; another first serial gives other people."""
        benefit = make_benefit(session, code=f"B{first_serial}", percent_bp=3_333)
        free = make_benefit(session, code=f"F{first_serial}", percent_bp=10_000)
        return [
            self._settle(session, serial, (serial - first_serial) % SORTS_OF_CONTRACTS, benefit.id, free.id)
            for serial in range(first_serial, first_serial + count)
        ]

    def _settle(self, session, serial, sort, benefit_id, free_id):
        customer = make_customer(session, serial)
        contract = make_contract(session, self.enterprise.id, customer.id)
        quantity = Decimal(serial % 7 + 1) / 4
        make_charge(session, contract, self.water.id, quantity=quantity)
        if sort in {1, 5, 6}:  # two lines
            make_charge(session, contract, self.snow.id, first_month=11, last_month=3)
        if sort == 2:  # a part of the month
            customers.end_contract(session, contract.id, on=date(2026, 11, 17), reason="көшті")
        if sort in {3, 4}:
            customers.grant_benefit(
                session,
                customer.id,
                benefit_id if sort == 3 else free_id,
                evidence="Куәлік № 1",
                valid_from=date(2026, 1, 1),
            )
        if sort in PAID_AHEAD:  # paid ahead: a part, and too much
            paid = 250 if sort == 5 else 10_000
            pay(session, self.enterprise.id, customer.id, paid, received_on=date(2026, 11, 3))
        if sort == 8:  # broken: nobody set a price
            make_charge(session, contract, self.unpriced.id)
        if sort == 9:  # not in season, and nothing else
            [water] = customers.list_charges(session, contract.id)
            customers.end_charge(session, water.id, valid_to=water.valid_from)
            make_charge(session, contract, self.snow.id, first_month=12, last_month=2)
        return contract


def make_village(session: Session, count: int = 0, **options) -> Village:
    """A village with that many contracts; the water costs 12 % more from October on."""
    enterprise = open_for_business(session, vat_from=date(2020, 1, 1), **options)
    village = Village(
        enterprise,
        make_service(session, enterprise.id, code="SNOW", price=T("1999.99")),
        make_service(session, enterprise.id, code="WATER", price=T("333.33"), revenue_code="201510"),
        make_service(session, enterprise.id, code="NEW", price=None),
    )
    make_tariff(session, village.water.id, price=T("373.33"), valid_from=date(2026, 10, 1))
    if count:
        village.settle(session, count)
    return village


def start(session: Session, village: Village, period: Month = NOVEMBER, **terms) -> BillingRun:
    """A run, its invoices dated on the last day of November."""
    return runs.start_run(session, village.enterprise.id, period, **({"issued_on": NOVEMBER_30} | terms))


def run_through(sessions: Sessions, run_id, *, batch_size: int = 7) -> BillingRun:
    """All batches, each in a unit of work of its own."""
    while True:
        with sessions.begin(DISTRICT_ID) as session:
            run = runs.go_on(session, run_id, now=MORNING, batch_size=batch_size)
        if run.is_finished:
            return run


def bill(sessions: Sessions, village: Village, period: Month = NOVEMBER, *, batch_size: int = 7, **terms):
    """A run from beginning to end."""
    with sessions.begin(DISTRICT_ID) as session:
        run_id = start(session, village, period, **terms).id
    return run_through(sessions, run_id, batch_size=batch_size)


def bill_here(session: Session, village: Village, period: Month = NOVEMBER, *, batch_size: int = 7, **terms):
    """The same within one unit of work."""
    run = start(session, village, period, **terms)
    while not run.is_finished:
        run = runs.go_on(session, run.id, now=MORNING, batch_size=batch_size)
    return run


def results(session: Session, run: BillingRun, outcome: RunOutcome | None = None) -> list[BillingRunResult]:
    """What a run did, in order."""
    return runs.list_results(session, run.id, PageRequest(limit=200), outcome=outcome).items


def counts(run: BillingRun) -> tuple[int, int, int, int]:
    """Billed, nothing due, refused, and invoices."""
    return run.billed, run.nothing_due, run.refused, run.invoices


def customer_of(session: Session, contract: Contract) -> Customer:
    """Whose contract it is."""
    return customers.get_customer(session, contract.customer_id)

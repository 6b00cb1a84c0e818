"""`auyl run`: tried, done, done again, and what is parked."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.customers.models import Contract
from billing.districts.models import Enterprise
from billing.invoicing.models import Invoice
from billing.invoicing.runs import service as runs
from billing.invoicing.runs.models import BillingRun
from tests.cli.conftest import MARCH
from tests.support.catalog import make_service
from tests.support.customers import make_charge, make_contract, make_customer
from tests.support.districts import DISTRICT_KATO

NAME = "КГП «Боранкул Сервис»"


@pytest.fixture
def parked(office, enterprise_id):
    """A second contract, whose service has no price; returns his account number."""
    with office.work() as session:
        enterprise = session.scalars(select(Enterprise)).one()
        customer = make_customer(session, 2)
        contract = make_contract(session, enterprise.id, customer.id, number="2/2026")
        make_charge(session, contract, make_service(session, enterprise.id, code="NEW", price=None).id)
        return customer.account_number


def count(office, model):
    """How many rows stand in a table."""
    with office.work(read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_a_trial_tells_totals_and_refusals_and_writes_nothing(auyl, office, parked):
    """One would be billed 1,000 tenge, one is refused by name; the command exits with 1."""
    result = auyl("run", "--period", "2026-03", "--dry-run", "--on", "2026-03-31")

    assert result.exit_code == 1
    assert result.stdout == (
        f"{NAME}, March 2026 (from March 2026): 1 invoices for 1,000.00\u00a0KZT, 137.93\u00a0KZT of it VAT."
        " Would be billed: 1; nothing due: 0; refused: 1. Nothing was written.\n"
    )
    assert result.stderr == (
        f"Contract 2/2026, account {parked}: No tariff is set for service NEW on 31 Mar 2026 (resident).\n"
    )
    assert (count(office, BillingRun), count(office, Invoice)) == (0, 0)


def test_a_run_bills_and_parks_and_the_second_finds_it_billed(auyl, office, parked):
    """The first issues an invoice; the second issues none; both name the parked contract and exit with 1."""
    first = auyl("run", "--period", "2026-03", "--on", "2026-03-31")
    again = auyl("run", "--period", "2026-03", "--on", "2026-03-31")

    assert (first.exit_code, again.exit_code) == (1, 1)
    assert first.stdout == (
        f"{NAME}, March 2026 (from March 2026): 1 invoices for 1,000.00\u00a0KZT."
        " Billed: 1; nothing due: 0; refused: 1.\n"
    )
    assert "0 invoices for 0.00" in again.stdout and "nothing due: 1; refused: 1" in again.stdout
    assert first.stderr == again.stderr != ""
    assert (count(office, BillingRun), count(office, Invoice)) == (2, 1)


def test_an_interrupted_run_goes_on(auyl, office, enterprise_id):
    """A run that somebody began and left is ended, not begun anew; all billed is exit code 0."""
    with office.work() as session:
        contract = session.scalars(select(Contract)).one()
        run = runs.start_run(session, contract.enterprise_id, MARCH, issued_on=date(2026, 3, 31))

    result = auyl("run", "--period", "2026-03")

    assert result.exit_code == 0
    assert result.stdout.startswith("The run that was interrupted goes on: 0 of 1 are done.\n")
    with office.work(read_only=True) as session:
        [known] = session.scalars(select(BillingRun)).all()
        assert (known.id, known.is_finished, known.invoices) == (run.id, True, 1)
        assert session.scalars(select(Invoice.issued_on)).one() == date(2026, 3, 31)


def test_a_month_to_come_is_refused(auyl, office, enterprise_id):
    """In April May is not billed; nothing is written."""
    result = auyl("run", "--period", "2026-05")

    assert result.exit_code == 1
    assert result.stderr == "May 2026 has not begun on 20 Apr 2026: a month is billed when it has.\n"
    assert count(office, BillingRun) == 0


def test_a_worker_once_does_what_is_left(auyl, office, enterprise_id):
    """A run that was asked for in the browser is worked off by a timer's `auyl worker --once`."""
    with office.work() as session:
        contract = session.scalars(select(Contract)).one()
        runs.start_run(session, contract.enterprise_id, MARCH, issued_on=date(2026, 3, 31))

    assert auyl("worker", "--once").exit_code == 0

    with office.work(read_only=True) as session:
        [known] = session.scalars(select(BillingRun)).all()
    assert (known.is_finished, known.invoices, count(office, Invoice)) == (True, 1, 1)


def test_the_last_run_of_a_month_is_printed(auyl, office, enterprise_id):
    """One PDF in the order of delivery, and the list to tick off; a month without a run is refused."""
    assert auyl("run", "--period", "2026-03", "--on", "2026-03-31").exit_code == 0
    pdf, xlsx = office.settings.var / "all.pdf", office.settings.var / "list.xlsx"

    result = auyl("print", "--period", "2026-03", "--output", str(pdf), "--delivery-list", str(xlsx))

    assert (result.exit_code, pdf.read_bytes()[:5], xlsx.read_bytes()[:2]) == (0, b"%PDF-", b"PK")
    assert auyl("print", "--period", "2026-02").exit_code == 1


def test_a_run_may_name_its_district(auyl, office, enterprise_id):
    """Behind the command as before it; a district that is not there is refused and bills nobody."""
    unknown = auyl("run", "--period", "2026-03", "--on", "2026-03-31", "--district", "473699000")
    assert (unknown.exit_code, unknown.stderr) == (1, "There is no such record: rural district.\n")

    done = auyl("run", "--period", "2026-03", "--on", "2026-03-31", "--district", DISTRICT_KATO)

    assert (done.exit_code, count(office, Invoice)) == (0, 1)

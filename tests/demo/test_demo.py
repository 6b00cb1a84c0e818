"""The demo district: made by one command, whole, kept by the second, going on after a stop."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from click.testing import CliRunner
from sqlalchemy import func, select

from billing.access.models import Role
from billing.access.service import authenticate_password, roles_of
from billing.access.tokens import authenticate
from billing.catalog.models import Tariff
from billing.cli import main
from billing.cli.demo.command import story
from billing.cli.demo.scene import moved_orders, scene_on
from billing.cli.demo.steps import run_steps
from billing.cli.demo.summary import summary_of
from billing.cli.demo.users import Secrets
from billing.cli.office import Office
from billing.customers.models import Contract, Customer
from billing.customers.service import log_in
from billing.invoicing.models import Invoice, InvoiceLine, InvoiceStatus
from billing.invoicing.standing import list_invoices
from billing.kernel import migrations
from billing.kernel.dates import Month
from billing.kernel.i18n import Language
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import PageRequest
from billing.orders.models import OrderState, ServiceOrder
from billing.payments.models import Payment, PaymentMethod
from tests.cli.conftest import settings_for

# Two fiscal years and both VAT rates lie in the three months before this day.
TODAY = date(2026, 2, 10)
DAY = datetime(2026, 2, 10, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Iterator[tuple[Office, str]]:
    """The demo in a database of its own, and what it printed."""
    var = tmp_path_factory.mktemp("var")
    office = Office(settings_for(f"sqlite:///{var / 'auyl.db'}", var), Language.EN)
    with time_machine.travel(DAY, tick=False):
        result = CliRunner().invoke(main, ["demo"], obj=office)
    assert (result.exit_code, result.exception) == (0, None)
    yield office, result.output
    office.engine.dispose()


def counted(office: Office) -> dict[str, int]:
    """How many of each thing there are."""
    with office.work(read_only=True) as session:
        return summary_of(session, scene_on(TODAY)).counts


def test_everything_a_season_brings_is_there(made):
    """Customers and orders from the two lists, and every kind of paper and event."""
    office, _ = made
    assert counted(office) == {
        "customers": 66,
        "contracts": 58,
        "workers": 6,
        "contractors": 2,
        "orders": 56,
        "acts": 45,
        "invoices": 178,
        "credit_notes": 1,
        "payments": 149,
        "refunds": 1,
        "reversals": 1,
        "documents_count": 282,
    }


def test_the_sums_agree_with_each_other(made):
    """What was invoiced is paid, credited or owed; the printed figures are these."""
    office, printed = made
    with office.work(read_only=True) as session:
        made_of = summary_of(session, scene_on(TODAY))
    assert made_of.sums == {
        "invoiced": Money.tenge(1_712_282),
        "paid": Money.tenge(1_417_857),
        "open": Money.tenge(309_920),
        "advances": Money.tenge("11817.50"),
        "revenue": Money.tenge("1260483.85"),
    }
    collected = [table.totals["collected"] for table in made_of.revenue]
    assert collected == [Money.tenge("434310.76"), Money.tenge("826173.09")]
    assert "1,260,483.85" in printed and "826,173.09" in printed


def test_verify_finds_no_difference(made):
    """Every sum, balance, number and document agrees."""
    office, _ = made
    result = CliRunner().invoke(main, ["verify"], obj=office)
    assert (result.exit_code, result.output) == (0, "Everything agrees: no difference was found.\n")


def test_invoices_stand_in_every_way(made):
    """Paid, partly paid, overdue; both tariffs and both VAT rates occur; residents hold benefits."""
    office, _ = made
    with office.work(read_only=True) as session:
        page = list_invoices(session, PageRequest(limit=200), today=TODAY)
        assert {standing.status for standing in page.items} >= {
            InvoiceStatus.PAID,
            InvoiceStatus.PARTLY_PAID,
            InvoiceStatus.OVERDUE,
            InvoiceStatus.ISSUED,
        }
        assert set(session.scalars(select(InvoiceLine.vat_rate_bp).distinct())) == {None, 1_200, 1_600}
        used = select(func.count(Tariff.valid_from.distinct())).where(
            Tariff.id.in_(select(InvoiceLine.tariff_id))
        )
        assert session.scalar(used) == 2
        assert session.scalar(select(func.count()).where(InvoiceLine.benefit > ZERO)) == 21
        assert set(session.scalars(select(Payment.method))) == {
            PaymentMethod.CASH,
            PaymentMethod.BANK,
            PaymentMethod.CARD,
        }
        assert set(session.scalars(select(ServiceOrder.state))) == set(OrderState) - {OrderState.COMPLETED}


def test_the_samples_are_pdfs_under_names_people_understand(made):
    """One of each kind."""
    office, _ = made
    samples = sorted((office.settings.var / "demo-documents").iterdir())
    kinds = [re.sub(r"-\d{4}-\d{6}\.pdf$", "", path.name) for path in samples]
    assert kinds == ["act", "cash-order", "credit-note", "invoice"]
    assert all(path.read_bytes().startswith(b"%PDF-") for path in samples)


def test_everybody_can_log_in_with_what_was_printed(made):
    """One user of each role, and a resident; the accountant's token works too."""
    office, printed = made
    with office.work(read_only=True) as session:
        for role in Role:
            password = re.search(rf"^{role.value} +(\S+)$", printed, re.MULTILINE)
            assert password is not None
            user = authenticate_password(session, role.value, password[1])
            assert roles_of(session, user.id) == {role}
        token = re.search(r"auyl_1_(\S+)", printed)
        assert token is not None
        assert authenticate(session, token[1], on=TODAY).user.login == "accountant"
    account, code = re.search(r"/my/, account (\d+), code (\d{10})", printed).groups()
    with office.sessions.begin(None) as session:
        resident = log_in(session, account, code, address="127.0.0.1", at=DAY)
        assert resident is not None and resident.account_number == account


def test_the_second_time_everything_is_kept(made):
    """The summary is printed again, no password is, and people are told how to get one."""
    office, printed = made
    before = counted(office)
    with time_machine.travel(DAY, tick=False):
        again = CliRunner().invoke(main, ["demo"], obj=office)
    assert again.exit_code == 0
    assert again.output.startswith("The demo data are there already and were kept.\n")
    assert "1,260,483.85" in again.output
    assert "auyl --district 473639000 user password admin" in again.output
    assert counted(office) == before
    passwords = re.findall(r"[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}", printed)
    assert len(passwords) == 6
    assert not any(password in again.output for password in passwords)


def test_stopped_in_the_middle_it_goes_on_where_it_was(tmp_path):
    """Killed while contracts are signed: nobody is taken on twice, nobody is left out."""
    office = Office(settings_for(f"sqlite:///{tmp_path / 'auyl.db'}", tmp_path), Language.EN)
    office.district = "473639000"
    scene, steps = scene_on(TODAY), story(Secrets())[:5]
    migrations.upgrade(office.engine)
    try:
        for state in run_steps(office, scene, steps):
            if state.step.code == "contracts" and state.done == 20:
                break
        with office.work(read_only=True) as session:
            assert session.scalar(select(func.count()).select_from(Contract)) == 20
        rest = [state.of for state in run_steps(office, scene, steps) if state.done == 0]
        assert rest == [0, 0, 0, 0, 38]
        with office.work(read_only=True) as session:
            assert session.scalar(select(func.count()).select_from(Customer)) == 66
            assert session.scalar(select(func.count()).select_from(Contract)) == 58
            assert session.scalar(select(func.count()).select_from(Invoice)) == 0
    finally:
        office.engine.dispose()


@pytest.mark.parametrize(
    ("today", "months"),
    [
        (date(2026, 2, 10), ("2025-11", "2025-12", "2026-01")),
        (date(2026, 5, 31), ("2026-02", "2026-03", "2026-04")),
        (date(2027, 1, 1), ("2026-10", "2026-11", "2026-12")),
    ],
)
def test_the_scene_is_the_three_full_months_before_today(today, months):
    """And the list of orders is moved there, never beyond today."""
    scene = scene_on(today)
    assert scene.months == tuple(Month.parse(month) for month in months)

    days = [
        date(int(year), int(month), int(day))
        for day, month, year in re.findall(r"(\d{2})\.(\d{2})\.(\d{4})", moved_orders(scene).decode("cp1251"))
    ]
    assert {Month.of(day) for day in days} == {*scene.months, Month.of(today)}
    assert max(days) <= today

"""A command line in a test's own database, on a day that does not pass."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result

from billing.catalog.models import PayerCategory
from billing.cli import main
from billing.cli.office import Office
from billing.config import Settings
from billing.kernel.dates import Month
from billing.kernel.i18n import Language
from tests.support.billing import open_for_business
from tests.support.catalog import make_service
from tests.support.customers import make_charge, make_contract, make_customer
from tests.support.databases import Database
from tests.support.districts import make_district

TODAY = date(2026, 4, 20)
MARCH = Month(2026, 3)

Auyl = Callable[..., Result]


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 4, 20, 7, tzinfo=UTC), tick=False):
        yield


def settings_for(database_url: str, var: Path) -> Settings:
    """Settings with everything below one directory."""
    return Settings.from_environment({"AUYL_DATABASE_URL": database_url, "AUYL_VAR": str(var)})


@pytest.fixture(autouse=True)
def _bugs_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUYL_DEBUG", "1")


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Iterator[Office]:
    """An English office in a migrated database without a district."""
    office = Office(settings_for(database.url, tmp_path), Language.EN)
    yield office
    office.engine.dispose()


@pytest.fixture
def auyl(office: Office) -> Auyl:
    """Types a command, and hands its outcome back."""

    def type_(*words: str, **options: object) -> Result:
        # Each command finds its district anew, as it would in a new process.
        for known in ("district_id", "actor_id", "console"):
            vars(office).pop(known, None)
        result = CliRunner().invoke(main, list(words), obj=office, **options)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return type_


@pytest.fixture
def enterprise_id(office: Office) -> str:
    """An enterprise with a customer who owes 2,320 tenge for March; returns its BIN."""
    with office.sessions.begin(None) as session:
        make_district(session)
    with office.work() as session:
        enterprise = open_for_business(session, vat_from=date(2020, 1, 1))
        service = make_service(session, enterprise.id, code="WASTE")
        customer = make_customer(session, 1, category=PayerCategory.RESIDENT)
        contract = make_contract(session, enterprise.id, customer.id, number="1/2026")
        make_charge(session, contract, service.id)
        return enterprise.bin

"""`auyl provider`: a new address, and a provider's program that tries a test server."""

import json

import pytest
from sqlalchemy import select

from billing.app import create_app
from billing.customers.models import Customer
from billing.districts.models import Enterprise
from billing.payments.models import Payment
from billing.payments.providers.models import ProviderDialect
from billing.verification.service import verify
from tests.support.customers import make_customer
from tests.support.providers import make_provider
from tests.support.served import serving

CALLS = 60


@pytest.fixture
def app(office):
    """The application on the command line's own database."""
    return create_app(office.settings, office.sessions)


@pytest.fixture
def accounts(office, enterprise_id):
    """Two residents."""
    with office.work() as session:
        make_customer(session, 2)
        return session.scalars(select(Customer.account_number)).all()


@pytest.fixture(params=[ProviderDialect.KASPI, ProviderDialect.OSMP])
def dialect(request, office, enterprise_id):
    """A provider of each dialect of the protocol."""
    with office.work() as session:
        enterprise = session.scalars(select(Enterprise.id)).one()
        make_provider(session, enterprise, "terminals", request.param, requests_per_minute_max=6_000)
    return request.param.value


def test_a_provider_gets_a_new_address(auyl, office, dialect):
    """It is printed once; a provider that is not there has none."""
    made = auyl("provider", "secret", "terminals")

    assert made.output.startswith("http://127.0.0.1:8000/pay/terminals/1-")
    assert auyl("provider", "secret", "terminals").output != made.output
    assert auyl("provider", "secret", "kaspi").exit_code == 1


def test_a_provider_s_program_finds_nothing_wrong(auyl, office, accounts, dialect, app):
    """Every scenario is played; as many payments are there as it counted, and everything agrees."""
    path = auyl("provider", "secret", "terminals").output.strip().partition("/pay/")[2]
    with serving(app) as url:
        result = auyl(
            "provider", "simulate", f"{url}/pay/{path}", "--dialect", dialect, "--calls", str(CALLS),
            "--clients", "4", "--commits", "--yes", "--format", "json",
            *(word for account in accounts for word in ("--account", account)),
        )  # fmt: skip

    assert result.exit_code == 0, result.output
    report, _, said = result.output.rpartition("}\n")
    rows = [row["values"] for row in json.loads(report + "}")["rows"]]
    assert [row["wrong"] for row in rows[:7]] == [0] * 7
    assert [row["calls"] for row in rows[:7]] == [24, 12, 12, 4, 2, 3, 2]
    assert all(row["p99_us"] > 0 for row in (*rows[:6], rows[7]))
    with office.work(read_only=True) as session:
        paid = session.scalars(select(Payment.outside_id)).all()
        assert list(verify(session)) == []
    assert len(paid) == len(set(paid)) == 12 + 4 + 3 + 4 + 1 + 1
    assert said.startswith(f"{len(paid)} payments were accepted")


def test_a_server_that_answers_wrongly_is_told_apart(auyl, accounts, dialect, app):
    """An address that is none: every story is wrong, and the exit code says so."""
    with serving(app) as url:
        result = auyl(
            "provider", "simulate", f"{url}/pay/terminals/1-nobody", "--calls", "20", "--clients", "2",
            "--yes", "--account", accounts[0],
        )  # fmt: skip

    assert result.exit_code == 1
    assert result.stderr.startswith("11 stories had a wrong answer")


def test_a_server_in_use_is_not_called_by_mistake(auyl, accounts):
    """Without a yes nothing is called."""
    result = auyl("provider", "simulate", "http://127.0.0.1:1/pay/x/y", "--account", accounts[0], input="n\n")

    assert result.exit_code == 1
    assert "Is http://127.0.0.1:1/pay/x a test server?" in result.output

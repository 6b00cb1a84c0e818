"""kill -9 of the server while providers call: what was answered is there, what was not is told again.

``PROVIDER_CALLS=10000 pytest tests/races/test_provider_death.py`` makes twenty thousand calls, in minutes.
"""

import os

import pytest
from sqlalchemy import select

from billing.cli.simulator import Scenario, Simulator
from billing.kernel.clock import ALMATY
from billing.payments.models import Payment
from billing.payments.providers import service
from billing.payments.providers.models import AnswerFormat, CallOutcome, ProviderAnswer, ProviderDialect
from tests.support.committed import all_agrees, count
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.providers import make_provider
from tests.support.served import MortalServer

DEATHS = 3
CLIENTS = 4
CALLS = int(os.environ.get("PROVIDER_CALLS", "80"))  # of each scenario


@pytest.fixture
def url_path(sessions, desk):
    """The address of a provider."""
    with sessions.begin(DISTRICT_ID) as session:
        provider = make_provider(session, desk.enterprise.id, answer_format=AnswerFormat.JSON)
        provider.requests_per_minute_max = 1_000_000  # more than any agreement may say
        _, secret = service.renew_secret(session, provider.id)
        return f"/pay/kaspi/{secret}"


@pytest.fixture
def server(database, documents, tmp_path, url_path):
    """The real server in a process of its own."""
    server = MortalServer(database.url, tmp_path)
    yield server
    server.kill()


def test_a_killed_server_neither_loses_nor_doubles_a_payment(sessions, desk, server, url_path):
    """Killed three times under load: payments are the accepted transactions, and everything agrees."""
    with sessions.begin(DISTRICT_ID) as session:
        accounts = [desk.customer.account_number]
        accounts += [make_customer(session, 10 + number).account_number for number in range(3)]
    simulator = MortalSimulator(server, url_path, accounts)

    tallies = [simulator.play(scenario, CALLS) for scenario in (Scenario.DUPLICATE, Scenario.CONCURRENT)]

    assert server.deaths == DEATHS
    assert [tally.wrong for tally in tallies] == [0, 0]
    assert simulator.paid
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        payments = session.scalars(select(Payment.outside_id)).all()
        answers = session.scalars(select(ProviderAnswer.outcome)).all()
    assert sorted(payments) == sorted(simulator.paid)
    assert answers == [CallOutcome.ACCEPTED] * len(payments)
    assert all_agrees(sessions)
    assert count(sessions, Payment) == len(simulator.paid)


class MortalSimulator(Simulator):
    """A provider's program that kills the server at some of its calls, while the other lines call on."""

    def __init__(self, server, url_path, accounts):
        super().__init__(
            server.url + url_path,
            accounts,
            dialect=ProviderDialect.KASPI,
            first_txn=1,
            clients=CLIENTS,
            started_at=server.clock.astimezone(ALMATY),
        )
        self.server = server
        self.deadly = {20 + CALLS * 2 * number // (DEATHS + 1) for number in range(DEATHS)}
        self.calls = 0

    def _ask(self, query):
        with self._lock:
            self.calls += 1
            deadly = self.calls in self.deadly
        if deadly:
            self.server.die_and_rise()
        return super()._ask(query)

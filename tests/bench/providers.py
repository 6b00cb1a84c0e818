"""A provider's program at work on a served PostgreSQL, beside what the database takes for a bare commit."""

from billing.cli.provider import commit
from billing.cli.simulator import Simulator, percentile
from billing.kernel.clock import ALMATY
from billing.payments.providers import service
from billing.payments.providers.models import ProviderDialect
from tests.bench.measuring import Measurement, at_most
from tests.bench.serving import production
from tests.bench.village import opened, settle
from tests.support.databases import PostgresqlDatabases
from tests.support.districts import DISTRICT_ID
from tests.support.providers import make_provider
from tests.support.served import clock_of

CLIENTS = 8
FIRST_TXN = 1_000_000


def measure(databases: PostgresqlDatabases, *, calls: int) -> list[Measurement]:
    """Checks and payments, repeated, contradicted, late and all at once; every answer is judged."""
    with databases.migrated() as database:
        village = settle(database, 1_000)
        with opened(database) as sessions:
            with sessions.begin(DISTRICT_ID) as session:
                provider = make_provider(session, village.enterprise_id, dialect=ProviderDialect.KASPI)
                provider.requests_per_minute_max = 1_000_000  # more than any agreement may say
                _, secret = service.renew_secret(session, provider.id)
            committed: list[int] = []
            with production(database, workers=2) as port:
                simulator = Simulator(
                    f"http://127.0.0.1:{port}/pay/{provider.code}/{secret}",
                    [account for _, account, _ in village.debtors],
                    dialect=ProviderDialect.KASPI,
                    first_txn=FIRST_TXN,
                    clients=CLIENTS,
                    started_at=clock_of(port).astimezone(ALMATY),
                    between=lambda: committed.append(commit(sessions)),
                )
                tallies = simulator.run(calls)
    wrong = {tally.scenario: tally.wrong for tally in tallies if tally.wrong}
    assert not wrong, wrong
    paid = [nanoseconds for tally in tallies for nanoseconds in tally.paying_nanoseconds]
    made = sum(len(tally.replies) for tally in tallies)
    return [
        at_most(
            f"p{percent} of a provider's pay over HTTP, {made:,} calls on {CLIENTS} lines / of a bare commit",
            percentile(paid, percent) / 1e6,
            percentile(committed, percent) / 1e6,
            None,
            unit="ms",
        )
        for percent in (50, 99)
    ]

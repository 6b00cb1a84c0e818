"""``auyl provider …``: the agreed providers, their secrets, and a provider's program to try them with."""

import time

import click
from sqlalchemy import update

from billing.cli.office import Office
from billing.cli.refusing import EXIT_REFUSED
from billing.cli.simulator import TEMPORARY, Simulator, Tally, percentile
from billing.cli.tables import formatted, show
from billing.cli.teaching import TeachingGroup
from billing.districts.models import KatoPlace
from billing.kernel.clock import ALMATY, now
from billing.kernel.db import Sessions
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.payments.providers import service
from billing.payments.providers.models import ProviderDialect

TXN_DIGITS = 10**5  # transactions of one millisecond, so that every run has numbers of its own
COLUMNS = (
    Column("scenario", width=30),
    Column("calls", Kind.NUMBER),
    Column("accepted", Kind.NUMBER),
    Column("refused", Kind.NUMBER),
    Column("wrong", Kind.NUMBER),
    Column("median_us", Kind.NUMBER),
    Column("p99_us", Kind.NUMBER),
)


@click.group("provider", cls=TeachingGroup)
def group() -> None:
    """Payment providers: who takes residents' money.

    Examples:
      auyl provider secret kaspi
      auyl provider simulate http://127.0.0.1:8000/pay/kaspi/1-… --account 47363900019
    """


@group.command("secret")
@click.argument("code")
@click.pass_obj
def secret(office: Office, /, *, code: str) -> None:
    """Make a new address for the provider with this CODE; the one before opens nothing from now on.

    Shown this once and not stored.

    Example:
      auyl provider secret kaspi
    """
    with office.work() as session:
        provider = service.get_provider_by_code(session, code)
        _, made = service.renew_secret(session, provider.id)
    click.echo(f"{office.settings.public_url}/pay/{code}/{made}")


@group.command("simulate")
@click.argument("url")
@click.option("--account", "accounts", multiple=True, required=True, help="Personal account to pay to.")
@click.option(
    "--dialect",
    type=click.Choice([dialect.value for dialect in TEMPORARY]),
    default=ProviderDialect.KASPI.value,
    show_default=True,
    help="Which codes mean: come again.",
)
@click.option("--calls", type=click.IntRange(1, 1_000_000), default=200, show_default=True)
@click.option("--clients", type=click.IntRange(1, 64), default=8, show_default=True, help="Lines at once.")
@click.option("--commits", is_flag=True, help="Measure beside it what a commit of our database takes.")
@click.option("--yes", is_flag=True, help="Do not ask whether this is a test server.")
@formatted
@click.pass_obj
def simulate(
    office: Office,
    /,
    *,
    url: str,
    accounts: tuple[str, ...],
    dialect: str,
    calls: int,
    clients: int,
    commits: bool,
    yes: bool,
    **form: object,
) -> None:
    """Call a test server at URL as a provider's program does, and judge its answers.

    It checks and pays, repeats, pays the same over all lines at once, comes late and out of order,
    contradicts itself and sends garbage. Everything it pays is booked: never call a server in use.
    Exits with 1 where an answer is none a provider could live with.

    Examples:
      auyl provider simulate http://127.0.0.1:8000/pay/kaspi/1-… --account 47363900019
      auyl provider simulate URL --account 47363900019 --calls 20000 --commits --yes
    """
    if not yes:
        click.confirm(office.text("simulate_really", url=url.rpartition("/")[0]), abort=True)
    committed: list[int] = []
    started_at = now().astimezone(ALMATY)
    simulator = Simulator(
        url,
        accounts,
        dialect=ProviderDialect(dialect),
        first_txn=int(started_at.timestamp() * 1000) * TXN_DIGITS,
        clients=clients,
        started_at=started_at,
        between=(lambda: committed.append(commit(office.sessions))) if commits else lambda: None,
    )
    tallies = simulator.run(calls)
    show(office, _table(tallies, committed), **form)  # type: ignore[arg-type]
    wrong = sum(tally.wrong for tally in tallies)
    if wrong:
        office.warn("simulated_wrong", count=wrong)
        raise click.exceptions.Exit(EXIT_REFUSED)
    office.say("simulated", count=len(simulator.paid))


def _table(tallies: list[Tally], committed: list[int]) -> ReportTable:
    rows = [
        Row(
            {
                "scenario": tally.scenario,
                "calls": len(tally.replies),
                "accepted": tally.accepted,
                "refused": tally.refused,
                "wrong": tally.wrong,
                "median_us": percentile(tally.paying_nanoseconds, 50) // 1_000,
                "p99_us": percentile(tally.paying_nanoseconds, 99) // 1_000,
            }
        )
        for tally in tallies
    ]
    if committed:
        times = {
            "median_us": percentile(committed, 50) // 1_000,
            "p99_us": percentile(committed, 99) // 1_000,
        }
        rows.append(Row(times, word="report.simulation_commit"))
    return ReportTable("simulation", {}, COLUMNS, rows)


def commit(sessions: Sessions) -> int:
    """How long our own database takes to make one changed row durable, in nanoseconds."""
    started = time.perf_counter_ns()
    with sessions.begin(None) as session:
        # The classifier's row is written as it was: the shortest transaction that has to reach the disk.
        session.execute(
            update(KatoPlace)
            .where(KatoPlace.code.like("%00000000"))
            .values(name_folded=KatoPlace.name_folded)
            .execution_options(synchronize_session=False)
        )
    return time.perf_counter_ns() - started

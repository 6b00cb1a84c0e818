"""A payment recorded by one service call and committed, beside the bare databases running its statements."""

import multiprocessing
import shutil
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Barrier
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import event, make_url, text

from billing.kernel import migrations
from billing.kernel.db import Sessions
from billing.kernel.memory import collect_rarely
from billing.kernel.money import Money
from billing.payments import service as payments
from billing.payments.models import PaymentMethod
from tests.bench import pgbench
from tests.bench.measuring import Measurement, at_least, at_most, median_of
from tests.bench.servers import as_superuser, bare_sqlite
from tests.bench.village import opened, settle, spread
from tests.support.databases import Database, PostgresqlDatabases
from tests.support.districts import DISTRICT_ID
from tests.support.providers import make_provider
from tests.support.scratch import scratch_directory

CLIENTS = 4
THREADS = 16
DISTRICTS = 100
PAID_BEFORE = 300
WARMING_UP = 10  # payments of every client: until its statements are prepared
RECEIVED_ON = date(2026, 4, 10)
AMOUNT = Money.tenge(1_160)  # a household's whole debt: one line is settled
PROVIDER = "kaspi"

Statement = tuple[str, Any, bool]  # its text, its parameters, whether they are those of many
Work = tuple[int, UUID]  # a district, and the customer who pays there


@dataclass(frozen=True, slots=True)
class Task:
    """What one client does, in a process of its own."""

    database: Database
    enterprise_id: UUID
    work: Sequence[Work]


def pay(sessions: Sessions, enterprise_id: UUID, work: Work) -> None:
    """What is measured: one call, one commit."""
    district_id, customer_id = work
    with sessions.begin(district_id) as session:
        payments.record_payment(
            session,
            enterprise_id,
            customer_id,
            amount=AMOUNT,
            method=PaymentMethod.PROVIDER,
            received_on=RECEIVED_ON,
            channel=PROVIDER,
            outside_id=str(customer_id),
        )


def on_postgresql(databases: PostgresqlDatabases, *, each: int, rounds: int = 3) -> list[Measurement]:
    """Four clients, each with a process of its own; then the same over a hundred districts."""
    count = CLIENTS * (each + WARMING_UP)
    with databases.migrated() as one, databases.migrated() as many:
        village = _settle(one, count)
        small_village = _settle(many, -(-count // DISTRICTS))
        with as_superuser(databases, many) as connection:
            spread(connection, DISTRICTS)
        of_one = _shared_out([(DISTRICT_ID, customer_id) for customer_id in village.ids])
        over_many = _shared_out(
            [
                (district_id, customer_id)
                for customer_id in small_village.ids
                for district_id in range(DISTRICT_ID, DISTRICT_ID + DISTRICTS)
            ][:count]
        )
        with databases.copy_of(one) as copy:
            scripts = _scripts(copy, village, of_one)
        rates: tuple[list[float], list[float], list[float]] = ([], [], [])
        for _ in range(rounds + 1):
            with databases.copy_of(one) as copy:
                rates[0].append(_rate(copy, village, of_one))
            with databases.copy_of(one) as copy:
                seconds = pgbench.seconds(make_url(copy.url), scripts)
                rates[1].append(CLIENTS * each / seconds)
            with databases.copy_of(many) as copy:
                rates[2].append(_rate(copy, small_village, over_many))
    ours, floor, apart = map(median_of, rates)
    work = f"payment recorded, PostgreSQL, {CLIENTS} clients"
    return [
        at_least(f"{work} / pgbench with the same statements", ours, floor, 0.5, unit="/s"),
        at_least(f"{work}, one district / spread over {DISTRICTS}", ours, apart, 0.9, unit="/s"),
    ]


def on_sqlite(*, count: int, rounds: int = 3) -> list[Measurement]:
    """One client beside the bare library; sixteen threads of a process beside the one client."""
    directory = scratch_directory("payments", on_disk=True)
    ours: list[float] = []
    floor: list[float] = []
    medians: list[float] = []
    slowest: list[float] = []
    try:
        with _sqlite(directory) as template:
            village = _settle(template, count)
            work = [(DISTRICT_ID, customer_id) for customer_id in village.ids]
            with _sqlite(directory, template) as copy:
                statements = _captured(copy, village.enterprise_id, work)
            for _ in range(rounds + 1):
                with _sqlite(directory, template) as copy, opened(copy) as sessions:
                    times = _times(sessions, village.enterprise_id, work)
                ours.append(len(work) / sum(times))
                medians.append(statistics.median(times))
                with _sqlite(directory, template) as copy:
                    floor.append(len(work) / _replayed(copy, statements))
                with _sqlite(directory, template) as copy, opened(copy) as sessions:
                    slowest.append(_p99_of_threads(sessions, village.enterprise_id, work))
    finally:
        shutil.rmtree(directory)
    what = "payment recorded, SQLite, every commit on the disk"
    return [
        at_least(
            f"{what}, 1 client / sqlite3 with the same statements",
            median_of(ours),
            median_of(floor),
            0.35,
            unit="/s",
        ),
        at_most(
            f"{what}, p99 of {THREADS} threads / median of 1 client",
            median_of(slowest) * 1_000,
            median_of(medians) * 1_000,
            20,
            unit="ms",
        ),
    ]


@dataclass(frozen=True, slots=True)
class Payers:
    """Whoever has not paid yet, each a customer of one enterprise."""

    enterprise_id: UUID
    ids: Sequence[UUID]


def _settle(database: Database, count: int) -> Payers:
    """A village with a provider; more debtors than asked for have paid.

    So every account is open, and the database knows by which index a payment is found: of an empty table it
    would not (``kernel.table_statistics``).
    """
    village = settle(database, count + PAID_BEFORE)
    ids = [customer_id for customer_id, _, _ in village.debtors]
    with opened(database) as sessions:
        with sessions.begin(DISTRICT_ID) as session:
            make_provider(session, village.enterprise_id, PROVIDER)
        for customer_id in ids[:PAID_BEFORE]:
            pay(sessions, village.enterprise_id, (DISTRICT_ID, customer_id))
        with sessions.begin(DISTRICT_ID) as session:
            session.execute(text("ANALYZE"))
    return Payers(village.enterprise_id, ids[PAID_BEFORE:])


def _shared_out(work: Sequence[Work]) -> list[Sequence[Work]]:
    return [work[place::CLIENTS] for place in range(CLIENTS)]


def _rate(database: Database, village: Payers, shares: Sequence[Sequence[Work]]) -> float:
    """Payments a second of all clients together, from the first one's start to the last one's end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(
        CLIENTS, mp_context=context, initializer=_meet_at, initargs=(context.Barrier(CLIENTS),)
    ) as clients:
        spans = list(clients.map(_client, [Task(database, village.enterprise_id, share) for share in shares]))
    done = sum(len(share) - WARMING_UP for share in shares)
    return done / (max(ended for _, ended in spans) - min(begun for begun, _ in spans))


_meeting: Any = None  # in a client's process: where all of them wait for one another


def _meet_at(barrier: Any) -> None:
    global _meeting  # noqa: PLW0603 - a process of a pool is told what it shares when it starts
    _meeting = barrier
    collect_rarely()


def _client(task: Task) -> tuple[float, float]:
    with opened(task.database) as sessions:
        for work in task.work[:WARMING_UP]:
            pay(sessions, task.enterprise_id, work)
        _meeting.wait()
        begun = perf_counter()
        for work in task.work[WARMING_UP:]:
            pay(sessions, task.enterprise_id, work)
        return begun, perf_counter()


def _captured(database: Database, enterprise_id: UUID, work: Sequence[Work]) -> list[list[Statement]]:
    """The statements of every payment, as the driver is given them."""
    told: list[list[Statement]] = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        told[-1].append((statement, parameters, many))

    with opened(database) as sessions:
        event.listen(sessions.engine, "before_cursor_execute", listen)
        for each in work:
            told.append([])
            pay(sessions, enterprise_id, each)
    return told


def _scripts(database: Database, village: Payers, shares: Sequence[Sequence[Work]]) -> list[str]:
    """A script of every client: what is measured of it."""
    return [
        pgbench.script(_captured(database, village.enterprise_id, share[WARMING_UP:])) for share in shares
    ]


@contextmanager
def _sqlite(directory: Path, template: Database | None = None) -> Iterator[Database]:
    """A database file on a disk, migrated, or a copy of one that nobody has open."""
    path = directory / f"{len(list(directory.iterdir()))}.db"
    database = Database("sqlite", f"sqlite:///{path}")
    if template is None:
        migrations.upgrade(database.url)
    else:
        shutil.copyfile(make_url(template.url).database or "", path)
    yield database
    for file in directory.glob(f"{path.name}*"):
        file.unlink()


def _times(sessions: Sessions, enterprise_id: UUID, work: Sequence[Work]) -> list[float]:
    times = []
    for each in work:
        begun = perf_counter()
        pay(sessions, enterprise_id, each)
        times.append(perf_counter() - begun)
    return times


def _p99_of_threads(sessions: Sessions, enterprise_id: UUID, work: Sequence[Work]) -> float:
    barrier = Barrier(THREADS)

    def client(share: Sequence[Work]) -> list[float]:
        barrier.wait()
        return _times(sessions, enterprise_id, share)

    with ThreadPoolExecutor(THREADS) as threads:
        shares = [work[place::THREADS] for place in range(THREADS)]
        times = sorted(time for of_one in threads.map(client, shares) for time in of_one)
    return times[len(times) * 99 // 100]


def _replayed(database: Database, told: Sequence[Sequence[Statement]]) -> float:
    """Seconds in which the bare library runs the statements of all payments, BEGIN among them."""
    with bare_sqlite(Path(make_url(database.url).database or "")) as connection:
        begun = perf_counter()
        for of_one in told:
            for statement, parameters, many in of_one:
                (connection.executemany if many else connection.execute)(statement, parameters)
            connection.execute("COMMIT")
        return perf_counter() - begun

"""A village billed by one run, beside one INSERT … SELECT per table of the rows that the run has written.

A run issues the invoices first, and archives their papers behind them: the first row ends with the last
invoice, the second with the last paper.

``python -m tests.bench.runs URL DIRECTORY RUN`` is the run alone: a process whose memory is only its own.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from uuid import UUID

from sqlalchemy import select, text

from billing.archive.press import PROCESSES
from billing.archive.service import DocumentStore, storing_in
from billing.customers.models import ContractCharge
from billing.invoicing.runs import service as runs
from billing.invoicing.runs.models import RunStage
from billing.kernel import migrations
from billing.kernel.dates import Month
from billing.kernel.db import Base, Sessions, make_engine
from billing.kernel.identifiers import make_account_number
from billing.kernel.ids import new_id
from billing.kernel.memory import collect_rarely
from billing.worker.runs import work_off
from tests.bench.measuring import Measurement, at_least, at_most, memory_peak_mib
from tests.bench.servers import as_superuser, bare_sqlite
from tests.bench.village import clone, opened
from tests.support.billing import open_desk
from tests.support.catalog import make_service
from tests.support.customers import make_charge
from tests.support.databases import Database, PostgresqlDatabases
from tests.support.districts import DISTRICT_ID, DISTRICT_KATO, make_district
from tests.support.identifiers import synthetic_iin
from tests.support.scratch import scratch_directory
from tests.support.served import ROOT

PERIOD = Month(2026, 3)
PRINTERS = 2
MEMORY_MIB_MAX = 300

# What a run writes, each table behind those that it points to; nobody has written any of it before.
WRITTEN = (
    "invoice",
    "invoice_line",
    "billed_period",
    "receivable",
    "transfer",
    "outbox_event",
    "billing_run_result",
    "billing_run_invoice",
)
PAPERS = ("archived_document",)


@dataclass(frozen=True)
class Seconds:
    """When the last invoice was there, and when the last paper was; both from the beginning."""

    invoices: float
    papers: float


def settle(database: Database, contracts: int) -> UUID:
    """A village with so many contracts, two charges each, and a run that has done nothing yet; its id."""
    with opened(database) as sessions, sessions.begin(DISTRICT_ID) as session:
        make_district(session)
        desk = open_desk(session)
        water = make_service(session, desk.enterprise.id, code="WATER", revenue_code="201510")
        make_charge(session, desk.contract, water.id)
        ids = [(new_id(), new_id()) for _ in range(contracts - 1)]
        places = range(1_001, 1_000 + contracts)
        clone(
            session,
            desk.customer,
            [
                {
                    "id": customer_id,
                    "account_number": make_account_number(DISTRICT_KATO, place),
                    "iin_bin": synthetic_iin(place),
                }
                for (customer_id, _), place in zip(ids, places, strict=True)
            ],
        )
        clone(
            session,
            desk.contract,
            [
                {"id": contract_id, "customer_id": customer_id, "number": f"B-{place}"}
                for (customer_id, contract_id), place in zip(ids, places, strict=True)
            ],
        )
        for charge in session.scalars(select(ContractCharge)).all():
            clone(session, charge, [{"id": new_id(), "contract_id": contract_id} for _, contract_id in ids])
        session.execute(text("ANALYZE"))
        return runs.start_run(session, desk.enterprise.id, PERIOD, issued_on=PERIOD.last_day).id


def on_postgresql(databases: PostgresqlDatabases, *, contracts: int) -> list[Measurement]:
    """The run, and then the bare rows in a copy of what it has left, where they were taken out again."""
    with databases.migrated() as database:
        ours, memory_mib = _billed(database, settle(database, contracts))
        with databases.copy_of(database) as copy, as_superuser(databases, copy) as connection:
            connection.execute(text("SET session_replication_role = replica"))  # facts may go
            for name in WRITTEN + PAPERS:
                connection.execute(text(f"CREATE UNLOGGED TABLE kept_{name} AS TABLE {name}"))
            connection.execute(text(f"TRUNCATE {', '.join(WRITTEN + PAPERS)} CASCADE"))
            connection.execute(text("SET session_replication_role = origin"))
            floor = _inserted(connection.exec_driver_sql, "kept_")
    return _rows("PostgreSQL", contracts, ours, floor, memory_mib)


def on_sqlite(*, contracts: int) -> list[Measurement]:
    """The run in one file, the bare rows in a copy of the file as it was before."""
    directory = scratch_directory("run", on_disk=True)
    try:
        done, before = directory / "done.db", directory / "before.db"
        database = Database("sqlite", f"sqlite:///{done}")
        migrations.upgrade(database.url)
        run_id = settle(database, contracts)
        shutil.copyfile(done, before)
        ours, memory_mib = _billed(database, run_id)
        with bare_sqlite(before) as connection:
            connection.execute(f"ATTACH '{done}' AS done")
            floor = _inserted(connection.execute, "done.")
    finally:
        shutil.rmtree(directory)
    return _rows("SQLite", contracts, ours, floor, memory_mib)


def _rows(kind: str, contracts: int, ours: Seconds, floor: Seconds, memory_mib: float) -> list[Measurement]:
    work = f"run of {contracts:,} contracts, two lines each, {kind}"
    return [
        at_least(
            f"{work}: invoices with ledger entries / INSERT … SELECT of their rows",
            contracts / ours.invoices,
            contracts / floor.invoices,
            0.3,
            unit="/s",
        ),
        at_least(
            f"{work}: with every PDF drawn and archived / INSERT … SELECT of all rows, no PDF",
            contracts / ours.papers,
            contracts / floor.papers,
            None,
            unit="/s",
        ),
        at_most(f"{work}: memory / what it may take", memory_mib, MEMORY_MIB_MAX, 1, unit="MiB"),
    ]


def _inserted(execute: Callable[[str], object], source: str) -> Seconds:
    """How long the database takes for all the rows again, every key and check with them, and its commits."""
    begun = perf_counter()
    _insert(execute, source, WRITTEN)
    invoices = perf_counter() - begun
    _insert(execute, source, PAPERS)
    return Seconds(invoices, perf_counter() - begun)


def _insert(execute: Callable[[str], object], source: str, names: Sequence[str]) -> None:
    execute("BEGIN")
    for name in names:
        columns = ", ".join(column.name for column in Base.metadata.tables[name].c)
        execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {source}{name}")
    execute("COMMIT")


def _billed(database: Database, run_id: UUID) -> tuple[Seconds, float]:
    """Time and MiB of a run in a process of its own, with the processes that print for it."""
    directory = scratch_directory("documents", on_disk=True)
    try:
        told = subprocess.run(
            [sys.executable, "-m", "tests.bench.runs", database.url, directory, str(run_id)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    finally:
        shutil.rmtree(directory)
    invoices, papers, memory_mib = json.loads(told)
    return Seconds(invoices, papers), memory_mib


def main(url: str, directory: str, run_id: str) -> None:
    """Bill the village, and say how long that took and how much memory."""
    collect_rarely()
    engine = make_engine(url)
    info = {**storing_in(DocumentStore(Path(directory))), PROCESSES: PRINTERS}
    printers_mib = billed = 0.0
    begun = perf_counter()
    for run in work_off(Sessions(engine, info=info), DISTRICT_ID, UUID(run_id)):
        if run.stage is RunStage.PAPERS:
            billed = billed or perf_counter() - begun
        printers_mib = max(printers_mib, sum(map(memory_peak_mib, _children())))
    seconds = perf_counter() - begun
    engine.dispose()
    assert run.printed == run.billed == run.subjects, run
    sys.stdout.write(json.dumps([billed, seconds, memory_peak_mib() + printers_mib]))


def _children() -> list[str]:
    """The processes that print: they end before anybody could ask what they have held."""
    tasks = Path("/proc/self/task").glob("*/children")
    return [child for task in tasks for child in task.read_text(encoding="ascii").split()]


if __name__ == "__main__":
    main(*sys.argv[1:])

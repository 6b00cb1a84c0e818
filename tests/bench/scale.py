"""``python -m tests.bench.scale``: what an invoice and a payment take, and what that comes to for a country.

A village is billed by one run, a third of it pays one by one, another third at once, the last by a bank's
statement, all on a PostgreSQL that keeps every commit on a disk. Bytes, pages and processor seconds are
counted, not timed, so a busy machine does not spoil them. ``docs/scale.md`` is written from the output.
"""

import argparse
import json
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from time import process_time

from sqlalchemy import Connection, func, select, text

from billing.access.models import Role
from billing.app import create_app
from billing.archive.press import PROCESSES
from billing.archive.service import DocumentStore, storing_in
from billing.customers.models import Customer
from billing.districts.bank_accounts import primary_account
from billing.districts.models import Enterprise
from billing.invoicing.models import Invoice
from billing.kernel.db import Base, Sessions, make_engine
from billing.payments.models import PaymentMethod
from billing.payments.recording import Receipt, record_payments
from billing.payments.service import record_payment
from billing.reconciliation.service import take_in
from billing.worker.runs import work_off
from tests.bench.arithmetic import Measured, tables
from tests.bench.measuring import machine
from tests.bench.runs import PRINTERS, settle
from tests.bench.servers import Servers, as_superuser
from tests.bench.statements import TAKEN_IN_ON, statement
from tests.bench.village import Village
from tests.support.databases import Database, PostgresqlDatabases
from tests.support.districts import DISTRICT_ID
from tests.support.providers import make_provider
from tests.support.scratch import scratch_directory
from tests.support.web import Office, make_settings

HOUSEHOLDS = 3_000
QUICK_HOUSEHOLDS = 90
PAID_ON = date(2026, 4, 10)
PROVIDER = "kaspi"
REQUESTS = 100
ROWS_MIN = 60  # of a table with fewer, a row's share of its pages says nothing

# Renamed in PostgreSQL 17.
_PAGES = {
    True: "SELECT buffers_written FROM pg_stat_checkpointer",
    False: "SELECT buffers_checkpoint + buffers_clean + buffers_backend FROM pg_stat_bgwriter",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a database has taken so far.

    Attributes:
        rows: of every table.
        wal_bytes: of its log.
        pages: written to its files.
        seconds: of processors, ours and the server's.
    """

    rows: dict[str, int]
    wal_bytes: int
    pages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What one of many things of a kind took."""

    rows: dict[str, float]
    wal_bytes: float
    pages: float
    seconds: float

    @classmethod
    def of(cls, before: Standing, after: Standing, count: int) -> "Cost":
        """The difference, per thing."""
        return cls(
            {name: (after.rows[name] - before.rows[name]) / count for name in after.rows},
            (after.wal_bytes - before.wal_bytes) / count,
            (after.pages - before.pages) / count,
            (after.seconds - before.seconds) / count,
        )


def measure(databases: PostgresqlDatabases, households: int) -> Measured:
    """Fill a database, and count."""
    directory = scratch_directory("documents", on_disk=True)
    try:
        with databases.migrated() as database, as_superuser(databases, database) as desk:
            return _measure(database, desk, directory, households)
    finally:
        shutil.rmtree(directory)


def _measure(database: Database, desk: Connection, directory: Path, households: int) -> Measured:
    run_id = settle(database, households)
    engine = make_engine(database.url)
    sessions = Sessions(engine, info={**storing_in(DocumentStore(directory)), PROCESSES: PRINTERS})
    with sessions.begin(DISTRICT_ID) as session:
        [enterprise] = session.scalars(select(Enterprise))
        make_provider(session, enterprise.id, PROVIDER)
    office = Office(create_app(make_settings(directory), sessions), None).member(*Role)
    assert _ask(office, 1)  # everything is loaded before it is counted
    standings = [_standing(desk)]

    def note(work: Callable[[], object], count: int) -> Cost:
        work()
        standings.append(_standing(desk))
        return Cost.of(standings[-2], standings[-1], count)

    billed = note(lambda: [None for _ in work_off(sessions, DISTRICT_ID, run_id)], households)
    receipts = _receipts(sessions)
    third = len(receipts) // 3
    singly = note(lambda: _pay_singly(sessions, enterprise, receipts[:third]), third)
    note(lambda: _pay_at_once(sessions, enterprise, receipts[third : 2 * third]), third)
    village = _debtors(sessions, enterprise, third)
    stated = note(lambda: _pay_by_statement(sessions, village, third), third)
    asked = note(lambda: _ask(office), REQUESTS)
    engine.dispose()
    pages = _pages_a_row(desk)
    papers = [path.stat().st_size for path in directory.rglob("*") if path.is_file()]
    assert len(papers) == households, len(papers)
    a_row = _bytes_a_row(desk)
    return Measured(
        household_bytes=_of_rows(a_row, {"customer": 1, "contract": 1, "contract_charge": 2}),
        invoice_rows=round(sum(billed.rows.values()), 1),
        invoice_bytes=_of_rows(a_row, billed.rows),
        invoice_wal_bytes=round(billed.wal_bytes),
        invoice_pages=round(billed.pages, 2),
        invoice_milliseconds=round(billed.seconds * 1_000, 2),
        paper_bytes=round(sum(papers) / len(papers)),
        payment_rows=round(sum(singly.rows.values()), 1),
        payment_bytes=_of_rows(a_row, singly.rows),
        payment_wal_bytes=round(singly.wal_bytes),
        payment_pages=round(singly.pages, 2),
        payment_pages_most=round(sum(pages[name] * count for name, count in singly.rows.items()), 1),
        payment_milliseconds=round(singly.seconds * 1_000, 2),
        stated_rows=round(sum(stated.rows.values()), 1),
        stated_bytes=_of_rows(a_row, stated.rows),
        stated_wal_bytes=round(stated.wal_bytes),
        stated_milliseconds=round(stated.seconds * 1_000, 2),
        request_milliseconds=round(asked.seconds * 1_000, 2),
        bytes_a_row=a_row,
    )


def _receipts(sessions: Sessions) -> list[Receipt]:
    """What every household will pay: its whole invoice."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        owed = session.execute(select(Invoice.customer_id, Invoice.total).order_by(Invoice.number)).all()
    return [
        Receipt(customer_id, total, PaymentMethod.PROVIDER, PAID_ON, PROVIDER, str(customer_id))
        for customer_id, total in owed
    ]


def _pay_singly(sessions: Sessions, enterprise: Enterprise, receipts: list[Receipt]) -> None:
    for receipt in receipts:
        with sessions.begin(DISTRICT_ID) as session:
            record_payment(
                session,
                enterprise.id,
                receipt.customer_id,
                amount=receipt.amount,
                method=receipt.method,
                received_on=receipt.received_on,
                channel=receipt.channel,
                outside_id=receipt.outside_id,
            )


def _pay_at_once(sessions: Sessions, enterprise: Enterprise, receipts: list[Receipt]) -> None:
    with sessions.begin(DISTRICT_ID) as session:
        record_payments(session, enterprise.id, receipts)


def _debtors(sessions: Sessions, enterprise: Enterprise, count: int) -> Village:
    """The last households, who have not paid yet."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        people = session.execute(
            select(Customer.id, Customer.account_number, Customer.iin_bin)
            .order_by(Customer.id.desc())
            .limit(count)
        ).all()
        iban = primary_account(session, enterprise.id).iban
    return Village(enterprise.id, iban, [(each[0], each[1], str(each[2])) for each in people])


def _pay_by_statement(sessions: Sessions, village: Village, rows: int) -> None:
    with sessions.begin(DISTRICT_ID) as session:
        taken = take_in(session, statement(village, rows), file_name="april.txt", taken_in_on=TAKEN_IN_ON)
    assert not taken.outcome.waiting, taken.outcome


def _ask(office: Office, requests: int = REQUESTS) -> bool:
    return all(office.get("/api/v1/invoices?limit=100").status_code == 200 for _ in range(requests))


def _standing(desk: Connection) -> Standing:
    """What was taken until now, with everything that still waits in memory."""
    desk.execute(text("CHECKPOINT"))
    version = int(desk.scalar(text("SHOW server_version_num")) or 0)
    rows = {
        table.name: desk.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }
    return Standing(
        rows,
        int(desk.scalar(text("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")) or 0),
        int(desk.scalar(text(_PAGES[version >= 170_000])) or 0),
        _own_seconds() + _server_seconds(desk),
    )


def _own_seconds() -> float:
    printers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + printers.ru_utime + printers.ru_stime


def _server_seconds(desk: Connection) -> float:
    """Of the server with all its processes, those that have ended too; Linux only."""
    backend = int(desk.scalar(text("SELECT pg_backend_pid()")) or 0)
    server = _process(Path(f"/proc/{backend}/stat"))[1]
    ticks = sum(_process(Path(f"/proc/{server}/stat"))[11:15])
    for path in Path("/proc").glob("[0-9]*/stat"):
        with _vanishing():
            numbers = _process(path)
            ticks += sum(numbers[11:13]) if numbers[1] == server else 0
    return ticks / 100


@contextmanager
def _vanishing() -> Iterator[None]:
    """A process may end while it is looked at."""
    try:
        yield
    except (FileNotFoundError, ProcessLookupError):
        return


def _process(path: Path) -> list[int]:
    """The numbers that Linux tells of a process, from its parent's on (after the name and the state)."""
    fields_of = path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return [0, *(int(each) for each in fields_of[1:])]


def _bytes_a_row(desk: Connection) -> dict[str, tuple[int, int]]:
    """Bytes of a row, of its indexes; of every table that has enough rows to say so."""
    found = {}
    for table in Base.metadata.sorted_tables:
        rows = desk.scalar(select(func.count()).select_from(table)) or 0
        if rows >= ROWS_MIN:
            whole, indexes = desk.execute(
                text("SELECT pg_total_relation_size(:table), pg_indexes_size(:table)"),
                {"table": f'"{table.name}"'},
            ).one()
            found[table.name] = (round((whole - indexes) / rows), round(indexes / rows))
    return found


def _pages_a_row(desk: Connection) -> dict[str, int]:
    """Pages that a new row touches at most: its own, and one of every index."""
    counted = (
        "SELECT c.relname, 1 + count(i.indexrelid) FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid"
    )
    rows = desk.execute(text(f"{counted} WHERE c.relkind = 'r' GROUP BY c.oid")).all()
    return {name: int(pages) for name, pages in rows}


def _of_rows(a_row: dict[str, tuple[int, int]], rows: dict[str, float]) -> int:
    return round(sum(sum(a_row.get(name, (0, 0))) * count for name, count in rows.items()))


def main() -> None:
    """Measure, and show the figures and what they come to, as Markdown; then the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers")
    quick = parser.parse_args().quick
    with Servers() as servers:
        measured = measure(servers.durable, QUICK_HOUSEHOLDS if quick else HOUSEHOLDS)
    sys.stdout.write(f"{machine()}\n\n{tables(measured)}\n\n{json.dumps(asdict(measured))}\n")


if __name__ == "__main__":
    main()

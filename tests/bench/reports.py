"""The trial balance and the execution of revenue over years of books, beside plain SQL and hledger."""

import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from billing.budget.reports import revenue_execution
from billing.ledger.reports import trial_balance
from tests.bench.history import History, live
from tests.bench.measuring import Measurement, at_least, at_most, in_turns, unmeasured
from tests.bench.servers import as_superuser
from tests.bench.village import opened
from tests.support.databases import Database, PostgresqlDatabases
from tests.support.districts import DISTRICT_ID
from tests.support.scratch import scratch_directory

# What anybody would write: the last month's opening, turnovers and closing, from all that was ever posted.
TRIAL_BALANCE = text(
    """
    SELECT account_id,
           SUM(CASE WHEN posted_on < :first THEN debit - credit ELSE 0 END) AS opening,
           SUM(CASE WHEN posted_on >= :first THEN debit ELSE 0 END) AS debit,
           SUM(CASE WHEN posted_on >= :first THEN credit ELSE 0 END) AS credit
    FROM (
        SELECT debit_account_id AS account_id, posted_on, amount AS debit, 0 AS credit
        FROM transfer WHERE book_id = :book AND posted_on <= :last
        UNION ALL
        SELECT credit_account_id, posted_on, 0, amount
        FROM transfer WHERE book_id = :book AND posted_on <= :last
    ) sides
    GROUP BY account_id
    """
)
REVENUE = text(
    """
    SELECT account.code, to_char(transfer.posted_on, 'YYYY-MM') AS month,
           SUM(CASE WHEN account.id = transfer.credit_account_id THEN amount ELSE -amount END)
    FROM transfer
    JOIN account ON account.district_id = transfer.district_id
         AND account.id IN (transfer.debit_account_id, transfer.credit_account_id)
    WHERE account.kind = 'income' AND account.fiscal_year = :year AND transfer.posted_on <= :last
    GROUP BY account.code, month
    """
)
JOURNAL = """
    COPY (
        SELECT transfer.posted_on || ' ' || transfer.source_kind || E'\\n    ' || debit.code || '  '
               || (transfer.amount::numeric / 100)::numeric(14, 2) || E'\\n    ' || credit.code || E'\\n'
        FROM transfer
        JOIN account debit ON debit.district_id = transfer.district_id AND debit.id = debit_account_id
        JOIN account credit ON credit.district_id = transfer.district_id AND credit.id = credit_account_id
        JOIN book ON book.district_id = transfer.district_id AND book.id = transfer.book_id
        WHERE book.kind = 'enterprise'
        ORDER BY transfer.posted_on, transfer.id
    ) TO STDOUT
"""


def measure(databases: PostgresqlDatabases, *, months: int, households: int) -> list[Measurement]:
    """Both reports over all the months and over a tenth of them, the last month being as long in both."""
    rows: list[Measurement] = []
    with databases.migrated() as short, databases.migrated() as long:
        tenth = live(databases, short, months=max(months // 10, 2), households=households)
        whole = live(databases, long, months=months, households=households)
        with (
            opened(short) as few,
            opened(long) as many,
            few.begin(DISTRICT_ID, read_only=True) as session_of_few,
            many.begin(DISTRICT_ID, read_only=True) as session,
            as_superuser(databases, long) as plain,
        ):
            for name, report, floor in _reports(plain, whole):
                over_all, over_few = partial(report, session, whole), partial(report, session_of_few, tenth)
                work = f"{name}, {whole.transfers:,} transfers"
                ours, other = in_turns(over_all, floor, warm_up=2)
                rows.append(_faster(f"{work} / plain GROUP BY", ours, other, 20))
                ours, other = (1_000 * seconds for seconds in in_turns(over_all, over_few, warm_up=2))
                rows.append(at_most(f"{work} / itself at {tenth.transfers:,}", ours, other, 1.5, unit="ms"))
            ours, _ = in_turns(partial(_trial_balance, session, whole), lambda: None)
        rows.append(_beside_hledger(databases, long, whole, ours))
    return rows


def _reports(
    plain: Connection, history: History
) -> list[tuple[str, Callable[[Session, History], object], Callable[[], object]]]:
    days = {"first": history.last.first_day, "last": history.last.last_day}

    def group_transfers() -> object:
        return plain.execute(TRIAL_BALANCE, {"book": history.book_id, **days}).all()

    def group_revenue() -> object:
        return plain.execute(REVENUE, {"year": history.last.year, "last": history.last.last_day}).all()

    return [
        ("trial balance", _trial_balance, group_transfers),
        ("revenue execution", _revenue_execution, group_revenue),
    ]


def _trial_balance(session: Session, history: History) -> object:
    # Read anew each time, as a request reads it.
    session.expunge_all()
    return trial_balance(session, history.book_id, history.last.first_day, history.last.last_day)


def _revenue_execution(session: Session, history: History) -> object:
    session.expunge_all()
    return revenue_execution(session, history.last.year, history.last)


def _faster(work: str, ours: float, other: float, goal: float) -> Measurement:
    return at_least(work, 1 / ours, 1 / other, goal, unit="/s")


def _beside_hledger(
    databases: PostgresqlDatabases, database: Database, history: History, ours: float
) -> Measurement:
    """hledger reads the whole journal for every report; once is enough, it takes as long every time."""
    work = f"trial balance, {history.transfers:,} transfers / hledger on the exported journal"
    hledger = shutil.which("hledger")
    if hledger is None:
        return unmeasured(work, "hledger is not installed", ">= 500 x")
    journal = scratch_directory("journal") / "all.journal"
    try:
        _export(databases, database, journal)
        begun = perf_counter()
        subprocess.run(
            [hledger, "--file", journal, "balance", "--flat", f"--end={history.last.next().first_day}"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return _faster(work, ours, perf_counter() - begun, 500)
    finally:
        shutil.rmtree(journal.parent)


def _export(databases: PostgresqlDatabases, database: Database, journal: Path) -> None:
    with as_superuser(databases, database) as connection, journal.open("wb") as out:
        driver: Any = connection.connection.driver_connection
        with driver.cursor().copy(JOURNAL) as copied:
            for part in copied:
                # COPY writes a line's breaks as two signs each.
                out.write(bytes(part).replace(b"\\n", b"\n"))

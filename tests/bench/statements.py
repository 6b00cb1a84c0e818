"""A bank's statement read, matched and booked as payments, beside COPY of every row that this wrote."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing import get_context
from time import perf_counter

import psycopg
from sqlalchemy import make_url

from billing.kernel.memory import collect_rarely
from billing.kernel.money import Money
from billing.reconciliation.models import MatchKind
from billing.reconciliation.service import take_in
from tests.bench.measuring import Measurement, at_least, median_of, memory_peak_mib
from tests.bench.village import Village, opened, settle
from tests.support.bank_files import document, one_c, section
from tests.support.databases import Database, PostgresqlDatabases
from tests.support.districts import DISTRICT_ID
from tests.support.identifiers import synthetic_iban

FIRST_DAY = date(2026, 4, 1)
DAYS = 25
TAKEN_IN_ON = date(2026, 5, 2)
RATE_GOAL = 5_000  # rows a second
PURPOSES = (
    "лицевой счет {account}, қар тазалау ақысы",
    "Оплата за вывоз мусора л/с {account}",
    "дербес шот {account} коммуналдық қызмет",
)
# What a booked statement writes; of the transfers those that are not the village's own.
WRITTEN = (
    ("bank_statement", "TRUE"),
    ("statement_row", "TRUE"),
    ("payment", "TRUE"),
    ("advance", "TRUE"),
    ("transfer", "source_kind IN ('payment', 'allocation')"),
    ("allocation", "TRUE"),
    ("revenue_line", "TRUE"),
    ("statement_match", "TRUE"),
    ("matched_row", "TRUE"),
    ("matched_transfer", "TRUE"),
)


def statement(village: Village, rows: int) -> bytes:
    """A month's file of residents' own transfers, each naming his account."""
    documents: list[str] = []
    amounts: list[str] = []
    for place in range(rows):
        _, account, iin = village.debtors[place % len(village.debtors)]
        amounts.append(str(Money(5_000 + place * 7 % 900)))
        documents.append(
            document(
                amounts[-1],
                day=f"{FIRST_DAY + timedelta(days=place * DAYS // rows):%d.%m.%Y}",
                number=str(place),
                iin_bin=iin,
                iban=synthetic_iban(1_000 + place % len(village.debtors), bank="722"),
                purpose=PURPOSES[place % len(PURPOSES)].format(account=account),
                own=village.iban,
            )
        )
    period = {"first": f"{FIRST_DAY:%d.%m.%Y}", "last": f"{FIRST_DAY + timedelta(days=DAYS):%d.%m.%Y}"}
    return one_c(
        section(amounts, **period, own=village.iban), *documents, **period, own=village.iban
    ).encode()


def booked(url: str, content: bytes) -> tuple[float, float]:
    """Seconds from the file's bytes to the commit, and the peak of a process of its own in MiB.

    Every row must have become a payment.
    """
    collect_rarely()  # as every process of the program does
    with opened(Database("postgresql", url)) as sessions:
        begun = perf_counter()
        with sessions.begin(DISTRICT_ID) as session:
            taken = take_in(session, content, file_name="april.txt", taken_in_on=TAKEN_IN_ON)
        seconds = perf_counter() - begun
    assert set(taken.outcome.matched) == {MatchKind.PAYMENT} and not taken.outcome.waiting, taken.outcome
    return seconds, memory_peak_mib()


def copied(server: str, source: Database, target: Database, *, checked: bool = True) -> float:
    """Seconds in which the same tables take the same rows by COPY, in one transaction.

    Args:
        checked: with references looked up and triggers run, as for everybody.
    """
    with psycopg.connect(_as_superuser(server, source)) as connection, connection.cursor() as cursor:
        written: list[tuple[str, Sequence[bytes]]] = []
        for table, condition in WRITTEN:
            # What stands in the target already (the accounts' own opening) is none of the statement's.
            with cursor.copy(f"COPY (SELECT * FROM {table} WHERE {condition}) TO STDOUT") as copy:
                written.append((table, [bytes(part) for part in copy]))
    with (
        psycopg.connect(_as_superuser(server, target), autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        with connection.transaction():
            _open_accounts_as_in(cursor, server, source)
        if not checked:
            cursor.execute("SET session_replication_role = replica")
        begun = perf_counter()
        with connection.transaction():
            for table, parts in written:
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    for part in parts:
                        copy.write(part)
        return perf_counter() - begun


def _open_accounts_as_in(cursor: psycopg.Cursor, server: str, source: Database) -> None:
    """Revenue accounts are opened by the first fee; the copied transfers need them."""
    with psycopg.connect(_as_superuser(server, source)) as connection:
        accounts = connection.execute("SELECT * FROM account").fetchall()
    places = ", ".join(["%s"] * len(accounts[0]))
    cursor.executemany(f"INSERT INTO account VALUES ({places}) ON CONFLICT DO NOTHING", accounts)


def _as_superuser(server: str, database: Database) -> str:
    """Whoever passes through row-level security: COPY refuses to stop at it."""
    url = make_url(server).set(drivername="postgresql", database=make_url(database.url).database)
    return url.render_as_string(hide_password=False)


def measure(
    databases: PostgresqlDatabases, *, rows: int, debtors: int, goal: float | None, rounds: int = 3
) -> list[Measurement]:
    """Rounds of ours and COPY in turn, each in copies of one village; the first round warms up.

    Args:
        goal: of the ratio; without one the rate itself is held against ``RATE_GOAL``.
    """
    ours: list[float] = []
    floor: list[float] = []
    unchecked: list[float] = []
    peaks_mib: list[float] = []
    server = databases.server.render_as_string(hide_password=False)
    with databases.migrated() as template:
        village = settle(template, debtors)
        content = statement(village, rows)
        for _ in range(rounds + 1):
            with databases.copy_of(template) as one, databases.copy_of(template) as other:
                with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
                    seconds, peak_mib = process.submit(booked, one.url, content).result()
                ours.append(seconds)
                peaks_mib.append(peak_mib)
                floor.append(copied(server, one, other))
                with databases.copy_of(template) as third:
                    unchecked.append(copied(server, one, third, checked=False))
    row = at_least(
        f"statement of {rows:,} rows read, matched, booked, peak {max(peaks_mib):.0f} MiB"
        " / COPY of all rows that this writes (PostgreSQL)",
        rows / median_of(ours),
        rows / median_of(floor),
        goal,
        unit="rows/s",
    )
    if goal is None:
        reached = rows / median_of(ours) >= RATE_GOAL
        row = replace(row, goal=f"{RATE_GOAL:,} rows/s", reached=reached)
    without = at_least(
        f"that COPY of {rows:,} rows / the same without references and triggers",
        rows / median_of(floor),
        rows / median_of(unchecked),
        None,
        unit="rows/s",
    )
    return [row, without]

"""``auyl verify`` over years of books, beside one sequential read of every table."""

from sqlalchemy import Connection, Table, func, select, text

from billing.kernel.db import Base
from billing.verification.service import differences_of_books
from tests.bench.history import live
from tests.bench.measuring import Measurement, at_most, in_turns
from tests.bench.servers import as_superuser
from tests.bench.village import opened
from tests.support.databases import PostgresqlDatabases
from tests.support.districts import DISTRICT_ID


def measure(
    databases: PostgresqlDatabases, *, months: int, households: int, rounds: int
) -> list[Measurement]:
    """Everything that stands in the database; archived papers are read from files, and are apart."""
    with databases.migrated() as database:
        history = live(databases, database, months=months, households=households)
        with (
            opened(database) as sessions,
            sessions.begin(DISTRICT_ID, read_only=True) as session,
            as_superuser(databases, database) as connection,
        ):
            _read_in_sequence(connection)

            def ours() -> None:
                assert list(differences_of_books(session)) == []

            def read() -> None:
                for table in Base.metadata.sorted_tables:
                    _read(connection, table)

            seconds, other_seconds = in_turns(ours, read, rounds=rounds)
    return [
        at_most(
            f"verify, {history.transfers:,} transfers, papers apart / one sequential read of the tables",
            seconds * 1_000,
            other_seconds * 1_000,
            5,
            unit="ms",
        )
    ]


def _read_in_sequence(connection: Connection) -> None:
    """From the first page of a table to its last, by one process: no index answers in the rows' place."""
    connection.execute(text("SET max_parallel_workers_per_gather = 0"))
    for way in ("indexscan", "indexonlyscan", "bitmapscan"):
        connection.execute(text(f"SET enable_{way} = off"))


def _read(connection: Connection, table: Table) -> None:
    """Every row once, taken apart into all its columns, each of which is looked at and none is kept.

    ``count(column)`` asks of each value whether it is NULL, which is the least that can be done with it.
    ``count(*)`` would not open the rows, or read an index instead; COPY, or fetching them, would spend most
    of its time on writing values as text and carrying them to somebody.
    """
    connection.execute(select(*(func.count(column) for column in table.c))).one()

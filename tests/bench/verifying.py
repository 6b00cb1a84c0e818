"""``auyl verify`` over years of books, beside one sequential read of every table."""

from sqlalchemy import text

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
            connection.execute(text("SET max_parallel_workers_per_gather = 0"))

            def ours() -> None:
                assert list(differences_of_books(session)) == []

            def read() -> None:
                for table in Base.metadata.sorted_tables:
                    connection.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar()

            seconds, other_seconds = in_turns(ours, read, rounds=rounds)
    return [
        at_most(
            f"verify, {history.transfers:,} transfers, papers' bytes apart / count(*) of every table",
            seconds * 1_000,
            other_seconds * 1_000,
            5,
            unit="ms",
        )
    ]

"""``python -m tests.bench [NAME …]``: every row of the benchmark, or those of the named pieces of work.

``--quick`` takes small numbers: it shows that everything runs, and its figures mean little.
"""

import argparse
from collections.abc import Callable

from billing.kernel.memory import collect_rarely
from tests.bench import (
    archived,
    lists,
    papers,
    payments,
    providers,
    reports,
    runs,
    statements,
    verifying,
)
from tests.bench.measuring import Measurement, show
from tests.bench.servers import Servers


def statement_rows(servers: Servers, quick: bool) -> list[Measurement]:
    """Ten thousand rows against the goal, and a hundred thousand for the rate."""
    if quick:
        return statements.measure(servers.forgetful, rows=500, debtors=100, goal=0.3)
    return [
        *statements.measure(servers.forgetful, rows=10_000, debtors=5_000, goal=0.3),
        *statements.measure(servers.forgetful, rows=100_000, debtors=50_000, goal=None),
    ]


def paper_rows(_: Servers, quick: bool) -> list[Measurement]:
    """One invoice, and the print file of a village."""
    return papers.measure(printed=100 if quick else 2_000)


def archive_rows(_: Servers, quick: bool) -> list[Measurement]:
    """A village's invoices kept as files."""
    return archived.measure(archived=100 if quick else 2_000)


def run_rows(servers: Servers, quick: bool) -> list[Measurement]:
    """One run is long enough to need no rounds."""
    contracts = 300 if quick else 100_000
    return [
        *runs.on_postgresql(servers.durable, contracts=contracts),
        *runs.on_sqlite(contracts=contracts),
    ]


def report_rows(servers: Servers, quick: bool) -> list[Measurement]:
    """A hundred months of a district with two thousand households are a million transfers."""
    months, households = (20, 50) if quick else (100, 2_000)
    return reports.measure(servers.durable, months=months, households=households)


def verify_rows(servers: Servers, quick: bool) -> list[Measurement]:
    """The same books as the reports'."""
    months, households, rounds = (10, 50, 1) if quick else (100, 2_000, 3)
    return verifying.measure(servers.durable, months=months, households=households, rounds=rounds)


def list_rows(servers: Servers, quick: bool) -> list[Measurement]:
    """A page of a list."""
    return lists.measure(servers.durable, requests=20 if quick else 200)


def payment_rows(servers: Servers, quick: bool) -> list[Measurement]:
    """One payment at a time, by several clients at once."""
    return [
        *payments.on_postgresql(servers.durable, each=10 if quick else 1_000, rounds=1 if quick else 3),
        *payments.on_sqlite(count=64 if quick else 1_600, rounds=1 if quick else 3),
    ]


def provider_rows(servers: Servers, quick: bool) -> list[Measurement]:
    """Twenty thousand calls; no goal is set, the row is for comparing."""
    return providers.measure(servers.durable, calls=200 if quick else 20_000)


WORK: dict[str, Callable[[Servers, bool], list[Measurement]]] = {
    "papers": paper_rows,
    "archived": archive_rows,
    "statements": statement_rows,
    "payments": payment_rows,
    "runs": run_rows,
    "reports": report_rows,
    "verify": verify_rows,
    "lists": list_rows,
    "providers": provider_rows,
}


def main() -> None:
    """Measure what is named, and show it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("work", nargs="*", choices=[*WORK, []], help="pieces of work; all by default")
    parser.add_argument("--quick", action="store_true", help="small numbers")
    chosen = parser.parse_args()
    collect_rarely()  # as every process of the program does
    with Servers() as servers:
        show([row for name in chosen.work or WORK for row in WORK[name](servers, chosen.quick)])


if __name__ == "__main__":
    main()

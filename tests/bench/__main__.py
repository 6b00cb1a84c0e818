"""``python -m tests.bench [NAME …]``: every row of the benchmark, or those of the named pieces of work.

``--quick`` takes small numbers: it shows that everything runs, and its figures mean little.
"""

import argparse
from collections.abc import Callable

from billing.kernel.memory import collect_rarely
from tests.bench import papers, statements
from tests.bench.measuring import Measurement, show
from tests.bench.servers import postgresql


def statement_rows(quick: bool) -> list[Measurement]:
    """Ten thousand rows against the goal, and a hundred thousand for the rate."""
    with postgresql() as databases:
        if quick:
            return statements.measure(databases, rows=500, debtors=100, goal=0.3)
        return [
            *statements.measure(databases, rows=10_000, debtors=5_000, goal=0.3),
            *statements.measure(databases, rows=100_000, debtors=10_000, goal=None, rounds=1),
        ]


def paper_rows(quick: bool) -> list[Measurement]:
    """One invoice, and the print file of a village."""
    return papers.measure(printed=100 if quick else 2_000)


WORK: dict[str, Callable[[bool], list[Measurement]]] = {"statements": statement_rows, "papers": paper_rows}


def main() -> None:
    """Measure what is named, and show it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("work", nargs="*", choices=[*WORK, []], help="pieces of work; all by default")
    parser.add_argument("--quick", action="store_true", help="small numbers")
    chosen = parser.parse_args()
    collect_rarely()  # as every process of the program does
    show([row for name in chosen.work or WORK for row in WORK[name](chosen.quick)])


if __name__ == "__main__":
    main()

"""Times two pieces of work in turns, and says how they compare."""

import json
import os
import platform
import sqlite3
import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter

from rich.console import Console
from rich.table import Table

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of the benchmark.

    Attributes:
        work: what was done.
        ours: our figure, with its unit.
        other: the peer's or the floor's figure in the same run, with its unit.
        ratio: ours to the other's; None where there is nothing to compare with.
        goal: what the ratio should be, as people write it.
        reached: whether it is; None where there is no goal.
    """

    work: str
    ours: str
    other: str
    ratio: float | None
    goal: str
    reached: bool | None


def in_turns(ours: Work, other: Work, *, rounds: int = 5, warm_up: int = 1) -> tuple[float, float]:
    """Median seconds of both, measured alternately so that a slow minute of the machine hits both."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(warm_up + rounds):
        for work, of_work in zip((ours, other), times, strict=True):
            begun = perf_counter()
            work()
            if turn >= warm_up:
                of_work.append(perf_counter() - begun)
    return statistics.median(times[0]), statistics.median(times[1])


def median_of(rounds: list[float]) -> float:
    """The median of all rounds but the first, which warms up."""
    return statistics.median(rounds[1:])


def at_least(work: str, ours: float, other: float, goal: float | None, *, unit: str) -> Measurement:
    """A row whose figures are rates: more is better, and the ratio is ours to the other's."""
    ratio = ours / other
    return Measurement(
        work,
        f"{ours:,.0f} {unit}",
        f"{other:,.0f} {unit}",
        round(ratio, 3),
        "" if goal is None else f">= {goal:g} x",
        None if goal is None else ratio >= goal,
    )


def at_most(work: str, ours: float, other: float, goal: float | None, *, unit: str) -> Measurement:
    """A row whose figures are times: less is better, and the ratio is ours to the other's."""
    ratio = ours / other
    return Measurement(
        work,
        f"{ours:,.1f} {unit}",
        f"{other:,.1f} {unit}",
        round(ratio, 3),
        "" if goal is None else f"<= {goal:g} x",
        None if goal is None else ratio <= goal,
    )


def unmeasured(work: str, why: str, goal: str) -> Measurement:
    """A row that this machine cannot fill."""
    return Measurement(work, "", why, None, goal, None)


def memory_peak_mib(process: int | str = "self") -> float:
    """The most memory a process has held since it began, in MiB.

    Not ``ru_maxrss``: that of a fresh process begins with what its parent held when it started it.
    """
    with open(f"/proc/{process}/status", encoding="utf-8") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def machine() -> str:
    """What the figures were measured on."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        models = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({', '.join(sorted(models)) or platform.machine()}), {memory_gib:.0f} GiB,"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def show(rows: list[Measurement]) -> None:
    """One table for people, then one line of JSON per row for programs."""
    table = Table("work", "ours", "other", "ratio", "goal", "reached", title=machine())
    for row in rows:
        reached = {True: "yes", False: "NO", None: ""}[row.reached]
        table.add_row(row.work, row.ours, row.other, f"{row.ratio:g}" if row.ratio else "", row.goal, reached)
    Console(file=sys.stdout, width=170).print(table)
    for row in rows:
        sys.stdout.write(f"{json.dumps(asdict(row), ensure_ascii=False)}\n")

"""What a reader has found so far: rows, sections and problems, each bounded."""

from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import NoReturn

from billing.kernel.money import Money
from billing.reconciliation.formats.statement import (
    SHOWN_MAX,
    Direction,
    Problem,
    ProblemCode,
    Row,
    Section,
    Severity,
    StatementFormat,
)

ROWS_MAX = 300_000  # a district's whole year, ten times over
PROBLEMS_MAX = 200  # more than anybody reads; the file is wrong as a whole
CURRENCY = "KZT"


class Abandoned(Exception):
    """Reading on makes no sense; the problem is in the draft already."""


@dataclass(slots=True)
class Tally:
    """What the rows of one section add up to, in tiyn."""

    credited: int = 0
    debited: int = 0

    def add(self, amount: Money, direction: Direction) -> None:
        """Count a row."""
        if direction is Direction.IN:
            self.credited += amount.tiyn
        else:
            self.debited += amount.tiyn


@dataclass(slots=True)
class Draft:
    """A statement in the making.

    Attributes:
        format: of the file.
        account: from the file's head.
        date_from: from the file's head.
        date_to: from the file's head.
        currency: as the file names it.
        rows: found so far.
        sections: found so far.
        tallies: of the sections' rows, where the reader knows which rows belong to which; otherwise empty,
            and the days decide.
        problems: found so far.
        incomplete: whether a row could not be read, or the file broke off: then its sums are bound to differ.
        end_missing_at: line after which the format's mark of the end was expected; 0 where it stood.
        balances_required: whether the format always has balances.
    """

    format: StatementFormat
    account: str = ""
    date_from: date | None = None
    date_to: date | None = None
    currency: str = CURRENCY
    rows: list[Row] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    incomplete: bool = False
    end_missing_at: int = 0
    balances_required: bool = True

    def report(
        self,
        code: ProblemCode,
        line: int = 0,
        key: str = "",
        value: str = "",
        *,
        severity: Severity = Severity.ERROR,
        **facts: object,
    ) -> None:
        """Write down a problem.

        Raises:
            Abandoned: there are too many already.
        """
        found = Problem(code, severity, line, key[:SHOWN_MAX], value[:SHOWN_MAX], MappingProxyType(facts))
        self.add_problem(found)

    def add_problem(self, problem: Problem) -> None:
        """Write down a problem that is one already.

        Raises:
            Abandoned: there are too many already.
        """
        if len(self.problems) >= PROBLEMS_MAX:
            self.abandon(ProblemCode.TOO_MANY_PROBLEMS, problem.line, count=PROBLEMS_MAX)
        self.problems.append(problem)

    def abandon(
        self, code: ProblemCode, line: int = 0, key: str = "", value: str = "", **facts: object
    ) -> NoReturn:
        """Write down why reading ends here.

        Raises:
            Abandoned: always.
        """
        problem = Problem(
            code, Severity.ERROR, line, key[:SHOWN_MAX], value[:SHOWN_MAX], MappingProxyType(facts)
        )
        self.problems.append(problem)
        self.incomplete = True
        raise Abandoned

    def cut_off(self, line: int, key: str = "") -> None:
        """The file breaks off here."""
        self.incomplete = True
        if not any(problem.code is ProblemCode.CUT_OFF for problem in self.problems):
            self.report(ProblemCode.CUT_OFF, line, key)

    def add_row(self, row: Row) -> None:
        """Write down a row.

        Raises:
            Abandoned: there are too many already.
        """
        if row.position > ROWS_MAX:
            self.abandon(ProblemCode.TOO_MANY_ROWS, row.line, count=ROWS_MAX)
        self.rows.append(row)

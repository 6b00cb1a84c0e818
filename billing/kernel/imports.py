"""What taking in a list did, or would do: the same report for every list.

All or nothing is the rule: a list with one wrong row is mended and taken in whole, because nobody finds out
later which of three hundred rows was left out. Who asks for it gets the good rows, and the others by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.kernel.spreadsheets import Problem


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The rows of a list, counted.

    Attributes:
        added: rows that are new.
        changed: rows that are known, with something else about them.
        unchanged: rows that are known as they are.
        problems: in the order of the file; a row may have several.
        written: whether the good rows stand in the database now.
    """

    added: int
    changed: int
    unchanged: int
    problems: tuple[Problem, ...]
    written: bool

    @property
    def refused(self) -> int:
        """Rows with a problem."""
        return len({problem.row for problem in self.problems if problem.row})


@dataclass(frozen=True, slots=True)
class ImportMode:
    """How a list is to be taken in.

    Attributes:
        dry_run: only look, write nothing.
        skip_bad: take in the good rows though others have problems.
    """

    dry_run: bool = False
    skip_bad: bool = False

    def writes(self, problems: Sequence[Problem]) -> bool:
        """Whether the good rows of a list with these problems are to be written."""
        whole = any(problem.row == 0 for problem in problems)
        return not self.dry_run and not whole and (self.skip_bad or not problems)


ALL_OR_NOTHING = ImportMode()

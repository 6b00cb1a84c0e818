"""What a check is: one SELECT that returns only differences, in SQL that both databases understand.

The statements are plain SQL on purpose: they must not share code with the services whose work they check.
Every one takes ``:district`` and selects ``district_id`` first; 0 means all districts.

Books mostly agree, and then nobody has to look for who does not. So rows are counted before: a tally is one
SELECT of names and counts, which goes over a table once, with all that its rows must meet, and says how many
there are and how many agree in everything. Where the counts that a check names are equal, nothing can be
missing, doubled or wrong, because keys are unique. Rows are counted, never sums of many compared: two errors
that cancel each other out are two rows that do not agree. What is a sum by nature, like the turnover of an
account, is compared sum by sum, and counted is what differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, Uuid, text
from sqlalchemy.types import Date, Integer, String, TypeEngine

from billing.kernel.columns import EnumType, MoneyType
from billing.ledger.models import SourceKind

NONE = "none"  # no tally counts it

# Columns of the same name hold the same kind of fact in every check.
_TYPES: Mapping[str, TypeEngine[Any]] = {
    "expected": MoneyType(),
    "found": MoneyType(),
    "source_kind": EnumType(SourceKind),
    "day": Date(),
    "year": Integer(),
    "number": Integer(),
    "last": Integer(),
    "position": Integer(),
}


@dataclass(frozen=True, slots=True)
class Tally:
    """One tally.

    Attributes:
        sql: selects ``name`` and ``counted``; the same name may be told several times, and adds up.
        given: the common table expressions that it, or one after it, reads; named apart from all others.
    """

    sql: str
    given: str = ""


def all_at_once(tallies: Sequence[Tally]) -> TextClause:
    """One statement of several tallies: what they count is of the same moment, whoever writes meanwhile."""
    given = ", ".join(tally.given for tally in tallies if tally.given)
    return text(f"WITH {given} " + "UNION ALL".join(tally.sql for tally in tallies))


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        code: of its differences; the sentence stands under ``difference.<code>``.
        sql: selects ``district_id`` and the facts.
        facts: names of the further columns, in order. ``…_id`` are ids, ``expected`` and ``found`` money.
        given: what stands before it: ``WITH …``, shared by several checks.
        equal: names of counts; where those of each group are equal, the check finds nothing and is spared.
            ``NONE`` is the count of what must not be.
    """

    code: str
    facts: tuple[str, ...]
    sql: str
    given: str = ""
    equal: tuple[tuple[str, ...], ...] = ()

    def is_spared(self, counts: Mapping[str, int]) -> bool:
        """Whether the tallies show that it finds nothing."""
        return bool(self.equal) and all(len({counts[name] for name in names}) == 1 for names in self.equal)

    def statement(self) -> TextClause:
        """The SELECT with the types of its columns."""
        types = {name: _type_of(name) for name in self.facts}
        return text(self.given + self.sql).columns(district_id=Integer(), **types)  # type: ignore[return-value]


def _type_of(name: str) -> TypeEngine[Any]:
    return Uuid() if name.endswith("_id") else _TYPES.get(name, String())

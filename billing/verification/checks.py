"""What a check is: one SELECT that returns only differences, in SQL that both databases understand.

The statements are plain SQL on purpose: they must not share code with the services whose work they check.
Every one takes ``:district`` and selects ``district_id`` first; 0 means all districts.

Several checks of the same tables may share a proof: one statement that goes over the tables once and counts
what agrees in everything. Books mostly agree, and then nobody has to look for who does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, Uuid, text
from sqlalchemy.types import Date, Integer, String, TypeEngine

from billing.kernel.columns import EnumType, MoneyType
from billing.ledger.models import SourceKind

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
class Check:
    """One check.

    Attributes:
        code: of its differences; the sentence stands under ``difference.<code>``.
        sql: selects ``district_id`` and the facts.
        facts: names of the further columns, in order. ``…_id`` are ids, ``expected`` and ``found`` money.
        given: what stands before it and before its proof: ``WITH …``, shared by several checks.
        proof: selects a row unless it is certain that the check finds nothing; empty: the check always looks.
            It counts rows that agree, never sums: two errors that cancel each other out are two differences.
    """

    code: str
    facts: tuple[str, ...]
    sql: str
    given: str = ""
    proof: str = ""

    def statement(self) -> TextClause:
        """The SELECT with the types of its columns."""
        types = {name: _type_of(name) for name in self.facts}
        return text(self.given + self.sql).columns(district_id=Integer(), **types)  # type: ignore[return-value]


def _type_of(name: str) -> TypeEngine[Any]:
    return Uuid() if name.endswith("_id") else _TYPES.get(name, String())

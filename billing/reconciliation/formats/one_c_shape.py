"""One pattern for a whole document of 1CClientBankExchange, made from one that was read line by line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from billing.reconciliation.formats.one_c_keys import FOREIGN_KEY


@dataclass(frozen=True, slots=True)
class Shape:
    """How the documents of one file look alike.

    Attributes:
        pattern: of a whole document, a group for each value.
        names: our names of the groups' keys.
        lines: that a document has, with both structural ones.
    """

    pattern: re.Pattern[str]
    names: tuple[str, ...]
    lines: int

    @classmethod
    def of(cls, opening: str, names: Mapping[str, str], closing: str) -> "Shape":
        """The shape of a document with these keys, as they are written, in this order."""
        groups = {
            key: "[^\n]*" if name.startswith(FOREIGN_KEY) else "([^\n]*)" for key, name in names.items()
        }
        body = "".join(f"{re.escape(key)}={group}\n" for key, group in groups.items())
        pattern = re.compile(f"{re.escape(opening)}{body}{re.escape(closing)}")
        known = tuple(name for name in names.values() if not name.startswith(FOREIGN_KEY))
        return cls(pattern, known, len(names) + 2)

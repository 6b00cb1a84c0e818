"""Tells whether a row has been seen before: a hash of what it says, and how often the file says it."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from billing.kernel.alphabet import fold
from billing.reconciliation.formats.statement import NOBODY, Row, Statement

_SEPARATOR = "\x1f"  # stands in no statement, so that no two rows give the same text by chance


class RowIdentity(NamedTuple):
    """What makes a row itself, in whatever file it comes.

    Attributes:
        fingerprint: SHA-256 of its content, 64 hexadecimal digits.
        occurrence: the how-manieth of the same content in its file, from 1: two honest payments may look
            alike, and a statement has whole days, so that the second of them is the second everywhere.
    """

    fingerprint: str
    occurrence: int


def fingerprint(account: str, row: Row) -> str:
    """The hash of what a row says.

    Its account, day, number, sum, direction, parties by IIN/BIN and IBAN, and its purpose folded: a bank that
    writes Қ as К in one export and not in the other sends the same payment. Names are left out because
    banks mask them differently from day to day.
    """
    ultimate = row.ultimate or NOBODY
    content = _SEPARATOR.join(
        (
            account,
            row.date.isoformat(),
            row.document_number,
            str(row.amount.tiyn),
            row.direction.value,
            row.counterparty.iin_bin,
            row.counterparty.iban,
            ultimate.iin_bin,
            fold(row.purpose),
        )
    )
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def identities(statement: Statement) -> Iterator[tuple[Row, RowIdentity]]:
    """Every row with its identity, in the file's order."""
    seen: Counter[str] = Counter()
    for row in statement.rows:
        found = fingerprint(statement.account, row)
        seen[found] += 1
        yield row, RowIdentity(found, seen[found])

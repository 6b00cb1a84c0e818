"""``auyl verify``: every sum, balance, number and paper is recomputed, and each difference is named."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from billing.archive.models import ArchivedDocument
from billing.archive.service import damaged_documents
from billing.kernel.db import NotScoped
from billing.kernel.i18n import text
from billing.verification import (
    debts,
    fees,
    ledger,
    papers,
    periods,
    postings,
    providers,
    receipt_books,
    revenue,
    statements,
    sums,
)
from billing.verification.checks import Check, all_at_once

CHECKS: tuple[Check, ...] = (
    *sums.CHECKS,
    *postings.CHECKS,
    *providers.CHECKS,
    *receipt_books.CHECKS,
    *revenue.CHECKS,
    *periods.CHECKS,
    *papers.CHECKS,
    *statements.CHECKS,
)
TALLIES = (
    *ledger.LEDGER,
    *fees.FEES,
    *debts.DEBTS,
    *postings.SELDOM_POSTED,
    *papers.PAPERS,
)
# Whole tables are read and joined: that is work for several processes, with memory for the keys. Compiling
# takes longer than it saves.
_ROOM = """
    SELECT set_config('work_mem', '16MB', true), set_config('parallel_tuple_cost', '0.01', true),
           set_config('jit', 'off', true)
"""
DOCUMENT_DAMAGED = "document_damaged"


@dataclass(frozen=True, slots=True)
class Difference:
    """Two things that should agree and do not.

    Attributes:
        code: which check found it.
        facts: what and how much: ``expected`` is recomputed, ``found`` is what is stored.
    """

    code: str
    district_id: int
    facts: dict[str, Any]

    def message(self, language: str) -> str:
        """The sentence for people."""
        return text(f"difference.{self.code}", language, **self.facts)


def verify(session: Session) -> Iterator[Difference]:
    """Recompute everything in the session's district, or in every district of a region-wide session.

    Each check is one statement that returns only what does not agree, and is spared where the tallies show
    that everything does; the last one reads every archived document's bytes. Nothing is changed, whatever is
    found.
    """
    yield from differences_of_books(session)
    for document in damaged_documents(session):
        yield Difference(DOCUMENT_DAMAGED, document.district_id, _named(document))


def differences_of_books(session: Session) -> Iterator[Difference]:
    """What ``verify`` finds without reading the archived documents' bytes."""
    # A session that nobody scoped must fail here too: the statements carry their own fence.
    if "district_id" not in session.info:
        raise NotScoped
    bound = {"district": session.info["district_id"]}
    counts = counted(session)
    for check in CHECKS:
        if not check.is_spared(counts):
            for row in session.execute(check.statement(), bound):
                yield Difference(check.code, row[0], dict(zip(check.facts, row[1:], strict=True)))


def counted(session: Session) -> Counter[str]:
    """What all tallies count in the session's district, or in all of them."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sql(_ROOM))
    counts: Counter[str] = Counter()
    for name, rows in session.execute(all_at_once(TALLIES), {"district": session.info["district_id"]}):
        counts[name] += int(rows)
    return counts


def _named(document: ArchivedDocument) -> dict[str, Any]:
    return {"document": document.file_name, "sha256": document.sha256}

"""Rows of a file on their way in: described as they are kept, those that are known already left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, select
from sqlalchemy.orm import Session

from billing.kernel.bulk import among, insert_rows
from billing.kernel.columns import money_sum
from billing.kernel.ids import new_id
from billing.kernel.money import Money, total
from billing.reconciliation.formats.identity import identities
from billing.reconciliation.formats.statement import NOBODY, Direction, Row, Statement
from billing.reconciliation.matches import KEPT, OpenRow, in_chunks
from billing.reconciliation.models import BankStatement, StatementRow

PURPOSE_LENGTH_MAX = 5_000

Told = Mapping[str, int]  # how often a fingerprint was told by files that this one goes on from
NewRow = tuple[Any, ...]  # a value per column of ``_COLUMNS``

_COLUMNS = (
    "district_id",
    "statement_id",
    "bank_account_id",
    "position",
    "line",
    "bank_reference",
    "raw",
    "fingerprint",
    "occurrence",
    *KEPT,  # what the matchers look at stands together, in their order
)
_FINGERPRINT, _OCCURRENCE, _FIRST_OPEN = (
    _COLUMNS.index(name) for name in ("fingerprint", "occurrence", "id")
)
_AMOUNT, _DIRECTION = (_COLUMNS.index(name) for name in ("amount", "direction"))


def described(kept: BankStatement, statement: Statement, told: Told) -> list[NewRow]:
    """The rows of a statement as they would be kept, in its order.

    Args:
        told: how often earlier files told a row of the first day, which this one goes on with.
    """
    rows = []
    for row, identity in identities(statement):
        # The first day alone can have been begun by another file.
        earlier = told.get(identity.fingerprint, 0) if row.date == kept.date_from else 0
        rows.append(_described(kept, row, identity.fingerprint, identity.occurrence + earlier))
    return rows


def _described(kept: BankStatement, row: Row, fingerprint: str, occurrence: int) -> NewRow:
    other, ultimate = row.counterparty, row.ultimate or NOBODY
    return (
        kept.district_id,
        kept.id,
        kept.bank_account_id,
        row.position,
        row.line,
        _cut(row.bank_reference, 50),
        _cut(row.raw),
        fingerprint,
        occurrence,
        new_id(),
        row.date,
        row.amount,
        row.direction,
        _cut(other.name, 300),
        _whole(other.iin_bin, 12),
        _whole(other.iban, 34),
        _whole(other.bic, 11),
        _cut(ultimate.name, 300),
        _whole(ultimate.iin_bin, 12),
        _whole(ultimate.iban, 34),
        _cut(row.purpose, PURPOSE_LENGTH_MAX),
        _whole(row.knp, 3),
        _cut(row.document_number, 50),
        _whole(row.budget_code, 6),
    )


def without_known(session: Session, kept: BankStatement, rows: Sequence[NewRow]) -> Sequence[NewRow]:
    """Those of the rows that the account does not have yet. What it has must be held."""
    of_account = StatementRow.bank_account_id == kept.bank_account_id
    # A row's day is in its fingerprint: an account without rows of these days knows none of them.
    of_days = StatementRow.booked_on.between(kept.date_from, kept.date_to)
    if session.scalar(select(StatementRow.id).where(of_account, of_days).limit(1)) is None:
        return rows
    known: set[tuple[str, int]] = set()
    for some in in_chunks(rows):
        found = select(StatementRow.fingerprint, StatementRow.occurrence).where(
            of_account, among(session, StatementRow.fingerprint, [row[_FINGERPRINT] for row in some])
        )
        known.update((each.fingerprint, each.occurrence) for each in session.execute(found))
    return [row for row in rows if (row[_FINGERPRINT], row[_OCCURRENCE]) not in known]


def keep(session: Session, rows: Sequence[NewRow]) -> None:
    """Keep new rows."""
    for some in in_chunks(rows):
        insert_rows(session, StatementRow, _COLUMNS, some)


def as_open(rows: Sequence[NewRow]) -> list[OpenRow]:
    """New rows as matchers look at them, in the order of their days."""
    opened = [OpenRow.read(row[_FIRST_OPEN:]) for row in rows]
    return sorted(opened, key=lambda row: row.booked_on)


def moved(rows: Sequence[NewRow]) -> Money:
    """The sum of rows as the account saw it: in plus, out minus."""
    return total(row[_AMOUNT] if row[_DIRECTION] is Direction.IN else -row[_AMOUNT] for row in rows)


def moved_by_kept() -> ColumnElement[Money]:
    """The same of rows that are kept, for a query."""
    amount = StatementRow.amount
    return money_sum(case((StatementRow.direction == Direction.IN, amount), else_=-amount))


def _cut(text: str, length_max: int | None = None) -> str:
    """A text as both databases store it: no NUL, no half of a character, not too long."""
    text = text[:length_max]
    if "\0" in text:
        text = text.replace("\0", "�")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def _whole(code: str, length_max: int) -> str:
    """A code, or nothing where it is none: half of a number would name somebody else."""
    return _cut(code, length_max) if len(code) <= length_max else ""

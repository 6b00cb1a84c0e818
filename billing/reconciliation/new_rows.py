"""Rows of a file on their way in: told from those that are known already, and kept."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

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
_FIRST_OPEN = _COLUMNS.index("id")


class NewRow(NamedTuple):
    """A row of a file; by its content and its number among those alike the account knows it again."""

    row: Row
    fingerprint: str
    occurrence: int


def told_rows(statement: Statement, told: Told) -> list[NewRow]:
    """The rows of a statement, in the order of their days.

    Args:
        told: how often earlier files told a row of the first day, which this one goes on with.
    """
    rows = []
    for row, identity in identities(statement):
        # The first day alone can have been begun by another file.
        earlier = told.get(identity.fingerprint, 0) if row.date == statement.date_from else 0
        rows.append(NewRow(row, identity.fingerprint, identity.occurrence + earlier))
    return sorted(rows, key=lambda new: new.row.date)


def without_known(session: Session, kept: BankStatement, rows: list[NewRow]) -> list[NewRow]:
    """Those of the rows that the account does not have yet. What it has must be held."""
    of_account = StatementRow.bank_account_id == kept.bank_account_id
    # A row's day is in its fingerprint: an account without rows of these days knows none of them.
    of_days = StatementRow.booked_on.between(kept.date_from, kept.date_to)
    if session.scalar(select(StatementRow.id).where(of_account, of_days).limit(1)) is None:
        return rows
    known: set[tuple[str, int]] = set()
    for some in in_chunks(rows):
        found = select(StatementRow.fingerprint, StatementRow.occurrence).where(
            of_account, among(session, StatementRow.fingerprint, [row.fingerprint for row in some])
        )
        known.update((each.fingerprint, each.occurrence) for each in session.execute(found))
    return [row for row in rows if (row.fingerprint, row.occurrence) not in known]


def keep(session: Session, kept: BankStatement, rows: Sequence[NewRow]) -> list[OpenRow]:
    """Keep rows that the account does not have yet.

    Returns:
        The rows as matchers look at them; their purposes are read while the database stores them.
    """
    opened: list[OpenRow] = []
    for some in in_chunks(rows):
        values = [_described(kept, new) for new in some]
        insert_rows(session, StatementRow, _COLUMNS, values)
        opened += [OpenRow.read(each[_FIRST_OPEN:]) for each in values]
    return opened


def _described(kept: BankStatement, new: NewRow) -> tuple[Any, ...]:
    """What is kept of a row, a value for each of ``_COLUMNS``."""
    row = new.row
    other, ultimate = row.counterparty, row.ultimate or NOBODY
    texts: Iterable[str] = (
        row.bank_reference,
        row.raw,
        *other,
        *ultimate,
        row.purpose,
        row.knp,
        row.document_number,
        row.budget_code,
    )
    if not _is_storable("".join(texts)):
        texts = map(_storable, texts)
    reference, raw, name, iin_bin, iban, bic, real_name, real_id, real_iban, _, purpose, knp, number, code = (
        texts
    )
    return (
        kept.district_id,
        kept.id,
        kept.bank_account_id,
        row.position,
        row.line,
        reference[:50],
        raw,
        new.fingerprint,
        new.occurrence,
        new_id(),
        row.date,
        row.amount,
        row.direction,
        name[:300],
        _whole(iin_bin, 12),
        _whole(iban, 34),
        _whole(bic, 11),
        real_name[:300],
        _whole(real_id, 12),
        _whole(real_iban, 34),
        purpose[:PURPOSE_LENGTH_MAX],
        _whole(knp, 3),
        number[:50],
        _whole(code, 6),
    )


def days_of(rows: Sequence[NewRow]) -> tuple[date, date]:
    """The first and the last day of rows that lie in the order of their days; at least one."""
    return rows[0].row.date, rows[-1].row.date


def moved(rows: Sequence[NewRow]) -> Money:
    """The sum of rows as the account saw it: in plus, out minus."""
    return total(row.amount if row.direction is Direction.IN else -row.amount for row, _, _ in rows)


def moved_by_kept() -> ColumnElement[Money]:
    """The same of rows that are kept, for a query."""
    amount = StatementRow.amount
    return money_sum(case((StatementRow.direction == Direction.IN, amount), else_=-amount))


def _is_storable(text: str) -> bool:
    """Whether both databases can store a text: no NUL, no half of a character."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _storable(text: str) -> str:
    return text.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")


def _whole(code: str, length_max: int) -> str:
    """A code, or nothing where it is none: half of a number would name somebody else."""
    return code if len(code) <= length_max else ""

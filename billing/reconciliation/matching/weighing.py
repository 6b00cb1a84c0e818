"""One row weighed for a person who decides: everybody whose money it may be, and what it may show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from billing.districts.models import BankAccount
from billing.kernel.errors import NotFound
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.ledger.chart import BANK
from billing.ledger.models import Account, SourceKind, Transfer
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import OpenRow, RowMatched, open_rows
from billing.reconciliation.matching.knowledge import Known, KnownRule
from billing.reconciliation.matching.learning import load
from billing.reconciliation.matching.purpose import folded
from billing.reconciliation.matching.scoring import Candidate, candidates_of
from billing.reconciliation.models import (
    MatchedRow,
    MatchedTransfer,
    MatchKind,
    MatchUndo,
    StatementMatch,
    StatementRow,
)

SHOWN_MAX = 20  # candidates, and postings


@dataclass(frozen=True, slots=True)
class Posting:
    """A posting of the enterprise's bank account that no row has shown yet."""

    id: UUID
    posted_on: date
    amount: Money
    source_kind: SourceKind
    source_id: UUID
    party_id: UUID | None


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a row may be.

    Attributes:
        candidates: customers whose money it may be, the likeliest first; none for money that went out.
        postings: of its sum, near its day, that no row has shown yet.
        entry_rules: rules that say to which account such rows are posted.
        known: what the candidates were weighed by.
    """

    candidates: Sequence[Candidate]
    postings: Sequence[Posting]
    entry_rules: Sequence[KnownRule]
    known: Known


@dataclass(frozen=True, slots=True)
class Held:
    """What a match holds, or held until it was undone."""

    row_ids: Sequence[UUID]
    transfer_ids: Sequence[UUID]
    undo: MatchUndo | None


def open_row(session: Session, row_id: UUID) -> tuple[OpenRow, UUID]:
    """A row that no match explains, and whose account it is on.

    Raises:
        NotFound: no such row.
        RowMatched: it is explained.
    """
    statement = (
        select(BankAccount.enterprise_id)
        .join(
            StatementRow,
            and_(
                StatementRow.district_id == BankAccount.district_id,
                StatementRow.bank_account_id == BankAccount.id,
            ),
        )
        .where(StatementRow.id == row_id)
    )
    enterprise_id = session.scalar(statement)
    if enterprise_id is None:
        raise NotFound(kind="statement_row", id=row_id)
    rows = open_rows(session, [row_id])
    if not rows:
        raise RowMatched(row_id=row_id)
    return rows[0], enterprise_id


def live_match(session: Session, row_id: UUID) -> StatementMatch | None:
    """The match that explains a row now; None while it is open."""
    return session.scalar(
        select(StatementMatch)
        .join(
            MatchedRow,
            and_(
                MatchedRow.district_id == StatementMatch.district_id, MatchedRow.match_id == StatementMatch.id
            ),
        )
        .where(MatchedRow.row_id == row_id)
    )


def held_by(session: Session, match: StatementMatch) -> Held:
    """What a match explains, and with which postings; of an undone one what it had."""
    undo = session.get(MatchUndo, (match.district_id, match.id))
    if undo is not None:
        ids = {name: [UUID(each) for each in undo.held[name]] for name in ("row_ids", "transfer_ids")}
        return Held(ids["row_ids"], ids["transfer_ids"], undo)
    rows = select(MatchedRow.row_id).where(MatchedRow.match_id == match.id).order_by(MatchedRow.row_id)
    transfers = (
        select(MatchedTransfer.transfer_id)
        .where(MatchedTransfer.match_id == match.id)
        .order_by(MatchedTransfer.transfer_id)
    )
    return Held(session.scalars(rows).all(), session.scalars(transfers).all(), None)


def weigh(session: Session, enterprise_id: UUID, row: OpenRow) -> Weighed:
    """What an open row may be, sums that fit by chance included. Writes nothing."""
    known = load(session, enterprise_id, row, direction=row.direction)
    candidates: list[Candidate] = []
    if row.direction is Direction.IN:
        candidates = candidates_of(row, row.mentions, known, also=known.customers)[:SHOWN_MAX]
    purpose = folded(row.purpose)
    entry_rules = [
        rule for rule in known.rules if rule.kind is MatchKind.ENTRY and rule.holds_for(row, purpose)
    ]
    return Weighed(
        candidates, _postings(session, enterprise_id, row, known.thresholds.days_around), entry_rules, known
    )


def _postings(session: Session, enterprise_id: UUID, row: OpenRow, days_around: int) -> list[Posting]:
    book_id = ledger.enterprise_book_id(session, enterprise_id)
    side = Transfer.debit_account_id if row.direction is Direction.IN else Transfer.credit_account_id
    mirror = aliased(Transfer)
    around = timedelta(days=days_around)
    statement = (
        select(
            Transfer.id,
            Transfer.posted_on,
            Transfer.amount,
            Transfer.source_kind,
            Transfer.source_id,
            Transfer.party_id,
        )
        .join(Account, and_(Account.district_id == Transfer.district_id, Account.id == side))
        .outerjoin(
            MatchedTransfer,
            and_(
                MatchedTransfer.district_id == Transfer.district_id,
                MatchedTransfer.transfer_id == Transfer.id,
            ),
        )
        # What was mirrored before any row showed it never happened at the bank.
        .outerjoin(
            mirror,
            and_(
                mirror.district_id == Transfer.district_id,
                or_(mirror.reverses_id == Transfer.id, mirror.id == Transfer.reverses_id),
            ),
        )
        .where(
            Transfer.book_id == book_id,
            Account.code == BANK,
            Transfer.amount == row.amount,
            Transfer.posted_on.between(row.booked_on - around, row.booked_on + around),
            MatchedTransfer.transfer_id.is_(None),
            mirror.id.is_(None),
        )
        .order_by(Transfer.posted_on, Transfer.id)
        .limit(SHOWN_MAX)
    )
    return [Posting(*each) for each in session.execute(statement)]

"""Undoes a match: its postings are mirrored, its claims removed, and its rows wait for a person again."""

from datetime import date
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.ledger import service as ledger
from billing.ledger.models import SourceKind, Transfer
from billing.payments import service as payments
from billing.reconciliation.matches import open_exceptions, unexplained
from billing.reconciliation.models import (
    MatchedRow,
    MatchedTransfer,
    MatchKind,
    MatchUndo,
    RevenueArrival,
    SettledPayment,
    SettledReturn,
    StatementMatch,
    StatementRow,
)
from billing.reconciliation.three_way.freezing import refuse_signed_batch


class MatchUndone(RuleViolation):
    """The match was undone already. Facts: ``match_id``."""

    code = "match_undone"


def get_match(session: Session, match_id: UUID) -> StatementMatch:
    """A match of the district, undone or not.

    Raises:
        NotFound: no such match.
    """
    match = session.get(StatementMatch, (district_of(session), match_id))
    if match is None:
        raise NotFound(kind="statement_match", id=match_id)
    return match


def undo_match(session: Session, match_id: UUID, *, undone_on: date, reason: str) -> MatchUndo:
    """Undo a match: what it posted is mirrored, what it held is free, its rows wait for a person again.

    What the books had known before the match (a confirmation) stays as it was recorded.

    Raises:
        NotFound: no such match.
        MatchUndone: it was undone already.
        DaySignedOff: it settled payments of a day that an accountant vouched for.
        PaymentRefunded, DateBeforePayment: a payment made by the match cannot be reversed so.
        MonthClosed: ``undone_on`` lies in a closed month. Nothing is undone.
    """
    match = get_match(session, match_id)
    _lock_rows_of(session, match_id)
    row_ids = _claimed(session, MatchedRow.row_id, match_id)
    if not row_ids:
        raise MatchUndone(match_id=match_id)
    if match.kind is MatchKind.PROVIDER_BATCH:
        refuse_signed_batch(session, match_id)
    transfer_ids = _claimed(session, MatchedTransfer.transfer_id, match_id)
    payment_ids = _claimed(session, SettledPayment.payment_id, match_id)
    return_ids = _claimed(session, SettledReturn.transfer_id, match_id)
    for table in (MatchedRow, MatchedTransfer, SettledPayment, SettledReturn):
        session.execute(delete(table).where(table.match_id == match_id))
    if match.kind is MatchKind.PAYMENT:
        made = select(Transfer.source_id).where(
            Transfer.id.in_(transfer_ids), Transfer.source_kind == SourceKind.PAYMENT
        )
        for payment_id in session.scalars(made.order_by(Transfer.source_id)).all():
            payments.reverse_payment(session, payment_id, reversed_on=undone_on, reason=reason)
    _mirror_postings(session, match_id, undone_on)
    _take_arrivals_back(session, match_id, undone_on)
    undo = MatchUndo(
        district_id=match.district_id,
        match_id=match_id,
        undone_on=undone_on,
        reason=reason,
        held={
            "row_ids": [str(each) for each in row_ids],
            "transfer_ids": [str(each) for each in transfer_ids],
            "payment_ids": [str(each) for each in payment_ids],
            "return_ids": [str(each) for each in return_ids],
        },
        recorded_by=actor_of(session),
    )
    session.add(undo)
    session.flush()
    directions = session.execute(
        select(StatementRow.id, StatementRow.direction).where(StatementRow.id.in_(row_ids))
    )
    open_exceptions(session, {row.id: unexplained(row.direction) for row in directions}, opened_on=undone_on)
    return undo


def _lock_rows_of(session: Session, match_id: UUID) -> None:
    claimed = select(MatchedRow.row_id).where(MatchedRow.match_id == match_id)
    session.execute(
        select(StatementRow.id)
        .where(StatementRow.id.in_(claimed))
        .order_by(StatementRow.id)
        .with_for_update()
    ).all()


def _claimed(session: Session, column: InstrumentedAttribute[UUID], match_id: UUID) -> list[UUID]:
    return list(session.scalars(select(column).where(column.class_.match_id == match_id).order_by(column)))


def _mirror_postings(session: Session, match_id: UUID, undone_on: date) -> None:
    """Mirror what the match itself posted, in the enterprise's book or the budget's."""
    books = select(Transfer.book_id).where(
        Transfer.source_id == match_id, Transfer.source_kind.in_((SourceKind.STATEMENT, SourceKind.ARRIVAL))
    )
    for book_id in session.scalars(books.distinct()).all():
        ledger.reverse(session, book_id, [match_id], undone_on)


def _take_arrivals_back(session: Session, match_id: UUID, undone_on: date) -> None:
    arrived = select(RevenueArrival).where(RevenueArrival.match_id == match_id)
    values = [
        {
            "district_id": district_of(session),
            "id": new_id(),
            "match_id": match_id,
            "allocation_id": part.allocation_id,
            "revenue_line_id": part.revenue_line_id,
            "payment_id": part.payment_id,
            "amount": -part.amount,
            "arrived_on": undone_on,
        }
        for part in session.scalars(arrived).all()
    ]
    if values:
        session.execute(insert(RevenueArrival), values)

"""Tells others that a statement is reconciled: no row of its file or of its days waits for a person.

Of its days, because overlapping files share their rows: the second one of two does not hold those of which
the first one said so. Not when a provider's day is signed off: that is a word about a day of payments, which
lie on many statements or on none yet. A match that is undone lets the statement wait again, and whoever
explains its last row then tells of it once more.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from billing.kernel.bulk import among
from billing.outbox import service as outbox
from billing.outbox.models import EventKind
from billing.reconciliation.models import BankStatement, MatchedRow, RowException, StatementRow


def hold_waiting(session: Session, statement_id: UUID) -> None:
    """Hold the rows of a new statement's days that wait from earlier files.

    Whoever decides about one of them does not see the new statement yet, and could not tell that it is
    reconciled. Held before any customer is, as whoever decides does.
    """
    waiting = (
        select(StatementRow.id)
        .join(BankStatement, _is_of_statement())
        .join(RowException, _is_waiting())
        .where(BankStatement.id == statement_id)
        .order_by(StatementRow.id)
    )
    session.execute(waiting.with_for_update(of=StatementRow)).all()


def announce_completed(session: Session, row_ids: Collection[UUID]) -> None:
    """Let others hear of the statements of which these rows, explained just now, were the last ones."""
    explained = exists().where(
        among(session, StatementRow.id, row_ids),
        StatementRow.district_id == MatchedRow.district_id,
        StatementRow.id == MatchedRow.row_id,
        _is_of_statement(),
    )
    announce_reconciled(session, session.scalars(select(BankStatement.id).where(explained)).all())


def announce_reconciled(session: Session, statement_ids: Collection[UUID]) -> None:
    """Let others hear of those of these statements of which no row waits."""
    # Locked before the look: of two people who explain the last two rows at once, the second sees both.
    held = select(BankStatement.id).where(among(session, BankStatement.id, statement_ids))
    session.execute(held.order_by(BankStatement.id).with_for_update(key_share=True)).all()
    waits = exists().where(_is_waiting(), _is_of_statement())
    done = select(BankStatement.id).where(among(session, BankStatement.id, statement_ids), ~waits)
    reconciled = session.scalars(done.order_by(BankStatement.id)).all()
    outbox.announce(session, EventKind.STATEMENT_RECONCILED, reconciled)


def _is_of_statement() -> ColumnElement[bool]:
    return and_(
        StatementRow.district_id == BankStatement.district_id,
        StatementRow.bank_account_id == BankStatement.bank_account_id,
        or_(
            StatementRow.statement_id == BankStatement.id,
            StatementRow.booked_on.between(BankStatement.date_from, BankStatement.date_to),
        ),
    )


def _is_waiting() -> ColumnElement[bool]:
    return and_(
        RowException.district_id == StatementRow.district_id,
        RowException.row_id == StatementRow.id,
        RowException.closed_on.is_(None),
    )

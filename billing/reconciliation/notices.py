"""What events of statements tell: the facts for programs; nobody is written a letter."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount
from billing.kernel.money import Money
from billing.outbox.deliveries import Told
from billing.outbox.models import EventKind, OutboxEvent
from billing.reconciliation.models import BankStatement


def compose(session: Session, events: Sequence[OutboxEvent]) -> Mapping[UUID, Told]:
    """What events of reconciled statements tell, by their ids, in one query."""
    subjects = {each.id: each.subject_id for each in events if each.kind is EventKind.STATEMENT_RECONCILED}
    if not subjects:
        return {}
    found = session.execute(
        select(BankStatement, BankAccount)
        .join(
            BankAccount,
            and_(
                BankAccount.district_id == BankStatement.district_id,
                BankAccount.id == BankStatement.bank_account_id,
            ),
        )
        .where(BankStatement.id.in_(set(subjects.values())))
    )
    facts = {statement.id: _facts(statement, account) for statement, account in found}
    return {event_id: Told(facts[statement_id]) for event_id, statement_id in subjects.items()}


def _facts(statement: BankStatement, account: BankAccount) -> dict[str, Any]:
    return {
        "statement_id": str(statement.id),
        "enterprise_id": str(account.enterprise_id),
        "bank_account_id": str(account.id),
        "iban": account.iban,
        "date_from": statement.date_from.isoformat(),
        "date_to": statement.date_to.isoformat(),
        "opening": _sum(statement.opening),
        "credited": str(statement.credited),
        "debited": str(statement.debited),
        "closing": _sum(statement.closing),
        "accepted_difference": str(statement.accepted_difference),
        "row_count": statement.row_count,
    }


def _sum(amount: Money | None) -> str | None:
    return None if amount is None else str(amount)

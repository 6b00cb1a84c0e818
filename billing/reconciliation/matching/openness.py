"""Tells beforehand on which days the books take payments: one refused row must not stop the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billing.budget.models import PolicyKind, PostingPolicy
from billing.ledger.models import Book, BookKind


@dataclass(frozen=True, slots=True)
class Openness:
    """What of an enterprise's and the budget's books is open.

    Attributes:
        closed_through: the last closed day of the enterprise's book.
        budget_closed_through: of the budget's book.
        policies: the posting policies, each from its day on, the newest first.
    """

    closed_through: date | None
    budget_closed_through: date | None
    policies: Sequence[tuple[date, PolicyKind]]

    def takes(self, day: date, *, settles: bool) -> bool:
        """Whether a payment of a day can be posted.

        Args:
            settles: whether it settles a debt, so that its fee may be revenue.
        """
        if self.closed_through is not None and day <= self.closed_through:
            return False
        if not settles:
            return True
        policy = next((kind for valid_from, kind in self.policies if valid_from <= day), None)
        if policy is PolicyKind.GROSS:
            return self.budget_closed_through is None or day > self.budget_closed_through
        return policy is not None


def openness_of(session: Session, enterprise_id: UUID) -> Openness:
    """What is open now; the posting looks again under its own lock."""
    books = select(Book.kind, Book.closed_through).where(
        or_(Book.enterprise_id == enterprise_id, Book.kind == BookKind.BUDGET)
    )
    closed = dict(session.execute(books).all())
    policies = (
        select(PostingPolicy.valid_from, PostingPolicy.kind)
        .where(PostingPolicy.enterprise_id == enterprise_id)
        .order_by(PostingPolicy.valid_from.desc())
    )
    return Openness(
        closed.get(BookKind.ENTERPRISE),
        closed.get(BookKind.BUDGET),
        session.execute(policies).all(),
    )

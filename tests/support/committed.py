"""What stands in the database after everybody's commit, read in a transaction of its own."""

from sqlalchemy import func, select

from billing.verification.service import verify
from tests.support.districts import DISTRICT_ID


def all_agrees(sessions):
    """Everything recomputed: sums, books, revenue, numbers, papers."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return list(verify(session)) == []


def numbers(sessions, column):
    """All numbers of a series."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return sorted(session.scalars(select(column).where(column.is_not(None))))


def count(sessions, model):
    """How many rows are committed."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))

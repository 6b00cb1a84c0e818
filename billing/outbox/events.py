"""Writes down what happened, in the transaction in which it happens."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.orm import Session

from billing.kernel.bulk import insert_rows
from billing.kernel.db import district_of
from billing.kernel.ids import new_id
from billing.outbox.models import EventKind, OutboxEvent


def announce(session: Session, kind: EventKind, subject_ids: Collection[UUID]) -> None:
    """Let others hear of these things once this transaction is committed, and never if it is not."""
    district_id = district_of(session)
    rows = [(district_id, new_id(), kind, subject_id) for subject_id in subject_ids]
    insert_rows(session, OutboxEvent, ("district_id", "id", "kind", "subject_id"), rows)

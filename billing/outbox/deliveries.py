"""Messages: made of events once, claimed by whoever sends them, settled, and tried again with back-off."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from billing.archive.models import ArchivedDocument, DocumentKind
from billing.archive.service import fetch_intact
from billing.kernel.ids import new_id
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.outbox.bounces import bouncing
from billing.outbox.models import BouncingMailbox, Delivery, DeliveryState, OutboxEvent, Webhook

BATCH = 20
LEASE = timedelta(minutes=5)  # longer than a batch takes, each message with its time limit
FIRST_WAIT = timedelta(minutes=1)
WAIT_MAX = timedelta(hours=12)
ATTEMPTS_MAX = 20  # more than a week
LETTER_AGE_MAX = timedelta(days=14)  # who starts to send mail writes to nobody about last year
ERROR_LENGTH_MAX = 200
SORTS: Sorts = {"-id": [Delivery.id]}


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to somebody.

    Attributes:
        document_kind: the event's subject has this paper: it is attached.
    """

    mailbox: str
    subject: str
    text: str
    document_kind: DocumentKind | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says.

    Attributes:
        data: for programs.
        letter: for a person, where one wants to be written to.
    """

    data: Mapping[str, Any]
    letter: Letter | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that nobody else sends meanwhile, and where it goes.

    Attributes:
        webhook: None for a letter.
        document: what is attached: its name and bytes; None also where it was to be, and is damaged.
    """

    delivery: Delivery
    webhook: Webhook | None
    document: tuple[str, bytes] | None = None


Composer = Callable[[Session, Sequence[OutboxEvent]], Mapping[UUID, Told]]


def dispatch(session: Session, compose: Composer, *, now: datetime) -> int:
    """Make messages of the oldest events that have none, for everybody who wants to hear of them.

    Args:
        compose: says what events tell, by their ids; nothing of an event it does not know.

    Returns:
        How many events; 0 when none waits.
    """
    events = session.scalars(
        select(OutboxEvent)
        .where(OutboxEvent.dispatched_at.is_(None))
        .order_by(OutboxEvent.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    if not events:
        return 0
    webhooks = session.scalars(select(Webhook).where(Webhook.is_active)).all()
    told = compose(session, events)
    letters = [says.letter for says in told.values() if says.letter is not None]
    returned = bouncing(session, {letter.mailbox for letter in letters})
    rows: list[dict[str, object]] = []
    for event in events:
        if (says := told.get(event.id)) is None:
            continue
        body, letter = _body(event, says.data), says.letter
        rows += [
            _row(event, now, body, webhook_id=webhook.id)
            for webhook in webhooks
            if not webhook.kinds or event.kind.value in webhook.kinds
        ]
        if letter is not None and event.occurred_at > now - LETTER_AGE_MAX:
            rows.append(_letter(event, now, letter, returned.get(letter.mailbox)))
    if rows:
        session.execute(insert(Delivery), rows)
    for event in events:
        event.dispatched_at = now
    session.flush()
    return len(events)


def _letter(
    event: OutboxEvent, now: datetime, letter: Letter, returned: BouncingMailbox | None
) -> dict[str, object]:
    """A letter to be sent; or, to a mailbox that takes none, one that has come back already."""
    fate = {"state": DeliveryState.BOUNCED, "last_error": returned.reason} if returned is not None else {}
    return _row(
        event,
        now,
        letter.text.encode(),
        mailbox=letter.mailbox,
        subject=letter.subject,
        document_kind=letter.document_kind,
        **fate,
    )


def _row(event: OutboxEvent, now: datetime, body: bytes, **addressee: object) -> dict[str, object]:
    blank = {
        "webhook_id": None,
        "mailbox": None,
        "subject": None,
        "document_kind": None,
        "state": DeliveryState.WAITING,
        "last_error": None,
    }
    own = {
        "district_id": event.district_id,
        "id": new_id(),
        "event_id": event.id,
        "body": body,
        "attempts": 0,
        "due_at": now,
    }
    return blank | addressee | own


def _body(event: OutboxEvent, data: Mapping[str, Any]) -> bytes:
    occurred_at = event.occurred_at.isoformat().replace("+00:00", "Z")
    message = {
        "id": str(event.id),
        "kind": event.kind.value,
        "occurred_at": occurred_at,
        "district_id": event.district_id,
        "data": data,
    }
    return json.dumps(message, ensure_ascii=False).encode()


def claim_due(session: Session, *, now: datetime) -> list[Claimed]:
    """Take messages that are due; commit, send them, and settle each. Nobody else gets them meanwhile.

    A letter waits for the paper that is attached to it: a run archives its papers behind its invoices.
    """
    archived = (
        select(ArchivedDocument.id)
        .join(
            OutboxEvent,
            (OutboxEvent.district_id == ArchivedDocument.district_id)
            & (OutboxEvent.subject_id == ArchivedDocument.subject_id),
        )
        .where(
            OutboxEvent.district_id == Delivery.district_id,
            OutboxEvent.id == Delivery.event_id,
            ArchivedDocument.kind == Delivery.document_kind,
        )
        .correlate(Delivery)
    )
    deliveries = session.scalars(
        select(Delivery)
        .where(
            Delivery.state == DeliveryState.WAITING,
            Delivery.due_at <= now,
            or_(Delivery.document_kind.is_(None), archived.exists()),
        )
        .order_by(Delivery.due_at, Delivery.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    wanted = {each.webhook_id for each in deliveries} - {None}
    webhooks = {each.id: each for each in session.scalars(select(Webhook).where(Webhook.id.in_(wanted)))}
    for delivery in deliveries:
        delivery.attempts += 1
        delivery.due_at = now + LEASE
    session.flush()
    documents = _documents(session, deliveries)
    return [
        Claimed(each, webhooks[each.webhook_id] if each.webhook_id else None, documents.get(each.id))
        for each in deliveries
    ]


def _documents(session: Session, deliveries: Sequence[Delivery]) -> dict[UUID, tuple[str, bytes]]:
    """What is attached to letters, by their ids; two queries for each kind of paper."""
    found: dict[UUID, tuple[str, bytes]] = {}
    for kind in {each.document_kind for each in deliveries} - {None}:
        assert kind is not None
        events = {each.id: each.event_id for each in deliveries if each.document_kind is kind}
        rows = session.execute(
            select(OutboxEvent.id, OutboxEvent.subject_id).where(OutboxEvent.id.in_(events.values()))
        )
        subjects = {row.id: row.subject_id for row in rows}
        papers = {
            document.subject_id: (document.file_name, content)
            for document, content in fetch_intact(session, kind, set(subjects.values()))
        }
        found |= {
            delivery_id: papers[subjects[event_id]]
            for delivery_id, event_id in events.items()
            if subjects[event_id] in papers
        }
    return found


def settle(session: Session, delivery_id: UUID, *, error: str | None, now: datetime) -> None:
    """Say what became of a claimed message.

    Args:
        error: why it was not taken; None: it was.
    """
    delivery = session.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).one()
    if delivery.state is not DeliveryState.WAITING:
        return  # the lease was over, and another has sent it again
    if error is None:
        delivery.state, delivery.sent_at, delivery.last_error = DeliveryState.SENT, now, None
    else:
        delivery.last_error = error[:ERROR_LENGTH_MAX]
        delivery.due_at = now + min(FIRST_WAIT * 2 ** (delivery.attempts - 1), WAIT_MAX)
        if delivery.attempts >= ATTEMPTS_MAX:
            delivery.state = DeliveryState.GIVEN_UP
    session.flush()


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What proves that a message is ours and of this moment: HMAC-SHA256 over both."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def list_deliveries(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    webhook_id: UUID | None = None,
    state: DeliveryState | None = None,
) -> Page[Delivery]:
    """Messages, the last made first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(Delivery)
    if webhook_id is not None:
        statement = statement.where(Delivery.webhook_id == webhook_id)
    if state is not None:
        statement = statement.where(Delivery.state == state)
    return page_of(session, statement, SORTS, page)

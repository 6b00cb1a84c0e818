"""Events, who wants to hear of them, and what was sent to whom."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from billing.archive.models import DocumentKind
from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified, InDistrict, Versioned
from billing.kernel.shown import Shown


class EventKind(Shown):
    """What happened."""

    INVOICE_ISSUED = "invoice.issued"
    PAYMENT_RECEIVED = "payment.received"
    PAYMENT_REVERSED = "payment.reversed"
    STATEMENT_RECONCILED = "statement.reconciled"
    REQUEST_DECIDED = "request.decided"

    @property
    def message(self) -> str:
        """The catalogue's key, in which a dot parts the enumeration from its value."""
        return f"event_kind.{self.value.replace('.', '_')}"


class DeliveryState(Shown):
    """How far a message got."""

    WAITING = "waiting"  # to be sent, or to be tried again
    SENT = "sent"
    GIVEN_UP = "given_up"  # tried for days
    BOUNCED = "bounced"  # the mailbox takes no letters: refused at once, or sent back later


class OutboxEvent(Identified, Base):
    """Something that happened, written in the transaction in which it did.

    It names its subject only: invoices, payments, statements and decisions are facts, and say the same
    whenever they are read.
    """

    __tablename__ = "outbox_event"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        one_of("kind", EventKind),
        Index(None, "district_id", "subject_id"),
        Index(
            "ix_outbox_event_waiting",
            "district_id",
            "id",
            sqlite_where=text("dispatched_at IS NULL"),
            postgresql_where=text("dispatched_at IS NULL"),
        ),
    )

    kind: Mapped[EventKind] = mapped_column(EnumType(EventKind))
    subject_id: Mapped[UUID]  # the invoice, the payment, or the statement
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    dispatched_at: Mapped[datetime | None]  # when it became messages to whoever wants to hear of it


class Webhook(Versioned, Identified, Base):
    """A program that is told of events: where it listens, and to what."""

    __tablename__ = "webhook"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        CheckConstraint("secret_generation > 0", name="secret_generation_positive"),
    )

    url: Mapped[str] = mapped_column(String(500))
    kinds: Mapped[list[str]] = mapped_column(JSON)  # none: all of them
    secret_generation: Mapped[int] = mapped_column(default=1)  # the secret itself is derived, never stored
    is_active: Mapped[bool] = mapped_column(default=True)


class Delivery(Identified, Base):
    """One message of an event to one webhook or one mailbox, ready to be sent, with its fate."""

    __tablename__ = "delivery"
    __table_args__ = (
        within_district("event_id", "outbox_event"),
        within_district("webhook_id", "webhook"),
        UniqueConstraint("district_id", "event_id", "webhook_id"),
        UniqueConstraint("district_id", "event_id", "mailbox"),
        CheckConstraint("(webhook_id IS NULL) <> (mailbox IS NULL)", name="one_addressee"),
        CheckConstraint("(mailbox IS NULL) = (subject IS NULL)", name="mail_has_subject"),
        CheckConstraint(
            "state = 'bounced' OR (state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_time"
        ),
        CheckConstraint("document_kind IS NULL OR mailbox IS NOT NULL", name="attached_to_mail"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        one_of("state", DeliveryState),
        one_of("document_kind", DocumentKind),
        Index(
            "ix_delivery_mailbox_waiting",
            "district_id",
            "mailbox",
            sqlite_where=text("state = 'waiting' AND mailbox IS NOT NULL"),
            postgresql_where=text("state = 'waiting' AND mailbox IS NOT NULL"),
        ),
        Index(
            "ix_delivery_due",
            "district_id",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    event_id: Mapped[UUID]
    webhook_id: Mapped[UUID | None]
    mailbox: Mapped[str | None] = mapped_column(String(200))
    subject: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    document_kind: Mapped[DocumentKind | None] = mapped_column(
        EnumType(DocumentKind)
    )  # the event's subject has this paper: it is attached
    state: Mapped[DeliveryState] = mapped_column(EnumType(DeliveryState), default=DeliveryState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]  # when to try next; while it is being sent, when to think it lost
    last_error: Mapped[str | None] = mapped_column(String(200))
    sent_at: Mapped[datetime | None]  # stays when it came back


class BouncingMailbox(InDistrict, Base):
    """A mailbox that took no letter, until somebody trusts it again."""

    __tablename__ = "bouncing_mailbox"
    __table_args__ = (ForeignKeyConstraint(["district_id"], ["district.id"]),)

    mailbox: Mapped[str] = mapped_column(String(200), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))  # in the words of the other side's server
    bounced_at: Mapped[datetime]

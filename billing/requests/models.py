"""Requests of residents, the decisions about them, contacts that changed: facts all of them; and terms."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified, InDistrict
from billing.kernel.shown import Shown


class RequestKind(Shown):
    """What a resident asks for."""

    SERVICE = "service"  # work to be done: a draft order waits with it
    PROBLEM = "problem"  # something is wrong with an invoice
    CONTACTS = "contacts"  # another phone, mailbox or address


class Outcome(Shown):
    """What became of a request."""

    ACCEPTED = "accepted"  # the order is confirmed, the contacts are written
    DECLINED = "declined"  # with the reason
    ANSWERED = "answered"  # in words


class ContactField(Shown):
    """What of a customer's contacts may be asked to change; the names are the customer's own."""

    PHONE = "phone"
    EMAIL = "email"
    PLACE_CODE = "place_code"
    STREET = "street"
    HOUSE = "house"
    FLAT = "flat"


class ResidentRequest(Identified, Base):
    """One request, as the resident sent it. It waits until there is a decision about it."""

    __tablename__ = "resident_request"
    __table_args__ = (
        within_district("customer_id", "customer"),
        within_district("invoice_id", "invoice"),
        within_district("order_id", "service_order"),
        one_of("kind", RequestKind),
        CheckConstraint("(kind = 'problem') = (invoice_id IS NOT NULL)", name="problem_names_invoice"),
        CheckConstraint("(kind = 'service') = (order_id IS NOT NULL)", name="service_has_order"),
        CheckConstraint("due_on > received_on", name="due_after_received"),
        Index(None, "district_id", "customer_id"),
        Index(None, "district_id", "due_on", "id"),
        Index(None, "district_id", "order_id"),
        Index(None, "district_id", "invoice_id"),
    )

    kind: Mapped[RequestKind] = mapped_column(EnumType(RequestKind))
    customer_id: Mapped[UUID]
    invoice_id: Mapped[UUID | None]  # the one that something is wrong with
    order_id: Mapped[UUID | None]  # the draft that waits to be confirmed
    words: Mapped[str] = mapped_column(String(2000))
    received_on: Mapped[date]
    due_on: Mapped[date]  # the last day of the term, as the calendar stood when it was received
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RequestDecision(InDistrict, Base):
    """What was decided about a request: one decision, never changed."""

    __tablename__ = "request_decision"
    __table_args__ = (within_district("request_id", "resident_request"), one_of("outcome", Outcome))

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(EnumType(Outcome))
    words: Mapped[str] = mapped_column(String(2000))  # the answer, or why not; may be empty when accepted
    decided_on: Mapped[date]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))


class WantedContact(InDistrict, Base):
    """One contact as a resident wants it to be; empty: he wants none to be known."""

    __tablename__ = "wanted_contact"
    __table_args__ = (within_district("request_id", "resident_request"), one_of("field", ContactField))

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    field: Mapped[ContactField] = mapped_column(EnumType(ContactField), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class ContactChange(Identified, Base):
    """A contact that was written anew because its owner asked for it, with what stood there before."""

    __tablename__ = "contact_change"
    __table_args__ = (
        within_district("customer_id", "customer"),
        within_district("request_id", "resident_request"),
        one_of("field", ContactField),
        CheckConstraint("before <> after", name="something_changed"),
        Index(None, "district_id", "customer_id"),
    )

    customer_id: Mapped[UUID]
    request_id: Mapped[UUID]
    field: Mapped[ContactField] = mapped_column(EnumType(ContactField))
    before: Mapped[str] = mapped_column(String(200))
    after: Mapped[str] = mapped_column(String(200))
    changed_on: Mapped[date]


class RequestTerm(InDistrict, Base):
    """In how many working days a district answers requests of a kind, where it is not the law's term."""

    __tablename__ = "request_term"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        one_of("kind", RequestKind),
        CheckConstraint("working_days BETWEEN 1 AND 30", name="working_days_bounded"),
    )

    kind: Mapped[RequestKind] = mapped_column(EnumType(RequestKind), primary_key=True)
    working_days: Mapped[int]

"""Receipt books, each of their leaves, and leaves that were told of two payments."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import within_district, within_district_all
from billing.kernel.db import Base, Identified, Versioned
from billing.kernel.money import Money


class ReceiptBook(Identified, Base):
    """A range of printed numbers that an accountant handed to a cashier."""

    __tablename__ = "receipt_book"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        UniqueConstraint("district_id", "id", "enterprise_id", "series"),  # what its leaves carry
        CheckConstraint("first_number > 0", name="first_number_positive"),
        CheckConstraint("last_number >= first_number", name="numbers_in_order"),
        CheckConstraint("returned_on IS NULL OR returned_on >= issued_on", name="returned_after_issue"),
        Index(None, "district_id", "enterprise_id", "series", "first_number"),
    )

    enterprise_id: Mapped[UUID]
    series: Mapped[str] = mapped_column(String(10))  # as printed, empty where there is none
    first_number: Mapped[int]
    last_number: Mapped[int]
    held_by: Mapped[UUID]  # the cashier
    issued_on: Mapped[date]
    issued_by: Mapped[UUID | None]
    returned_on: Mapped[date | None]  # closed since
    returned_by: Mapped[UUID | None]


class ReceiptLeaf(Identified, Base):
    """One number of a book: used for a payment, spoiled, or not accounted for yet.

    A row for each makes the database itself refuse ranges that overlap, and gives whoever enters a number
    something to lock.
    """

    __tablename__ = "receipt_leaf"
    __table_args__ = (
        within_district_all(
            ("book_id", "enterprise_id", "series"), "receipt_book", ("id", "enterprise_id", "series")
        ),
        within_district("payment_id", "payment"),
        UniqueConstraint("district_id", "enterprise_id", "series", "number"),
        UniqueConstraint("district_id", "payment_id"),
        CheckConstraint("payment_id IS NULL OR spoiled_reason IS NULL", name="used_or_spoiled"),
        CheckConstraint(
            "(settled_at IS NULL) = (payment_id IS NULL AND spoiled_reason IS NULL)", name="settled_once"
        ),
        Index(None, "district_id", "book_id", "number"),
    )

    book_id: Mapped[UUID]
    enterprise_id: Mapped[UUID]
    series: Mapped[str] = mapped_column(String(10))
    number: Mapped[int]
    payment_id: Mapped[UUID | None]
    spoiled_reason: Mapped[str | None] = mapped_column(String(300))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[UUID | None]


class ReceiptDouble(Versioned, Identified, Base):
    """A payment told under a number that another payment has: not booked, until a person looked at both."""

    __tablename__ = "receipt_double"
    __table_args__ = (
        within_district("leaf_id", "receipt_leaf"),
        within_district("customer_id", "customer"),
        UniqueConstraint("district_id", "leaf_id", "customer_id", "amount", "fiscal_number"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("(resolved_at IS NULL) = (resolution IS NULL)", name="resolved_with_words"),
    )

    leaf_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    amount: Mapped[Money]
    taken_at: Mapped[datetime]
    fiscal_number: Mapped[str] = mapped_column(String(50))
    told_at: Mapped[datetime]
    told_by: Mapped[UUID | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[UUID | None]
    resolution: Mapped[str | None] = mapped_column(String(300))

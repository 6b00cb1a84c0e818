"""Open lines of invoices, allocations of payments to them, and advances no invoice has taken yet."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import within_district, within_district_all
from billing.kernel.db import Base, Identified, InDistrict
from billing.kernel.money import Money


class Receivable(InDistrict, Base):
    """What is still open of an invoice line: the sub-ledger of account 1210, and in step with it.

    The CHECKs are the last guard against paying or crediting a line twice, whatever runs at once.
    """

    __tablename__ = "receivable"
    __table_args__ = (
        within_district("invoice_line_id", "invoice_line"),
        within_district_all(
            ["customer_id", "issued_on", "enterprise_id", "invoice_id"],
            "invoice",
            ["customer_id", "issued_on", "enterprise_id", "id"],
        ),
        within_district("service_id", "service"),
        within_district("payer_id", "customer"),
        UniqueConstraint("district_id", "invoice_id", "invoice_line_id"),  # what allocations point to
        CheckConstraint("open_amount >= 0 AND open_amount + credited <= total", name="open_within_line"),
        CheckConstraint("credited >= 0 AND credited <= total", name="credited_within_line"),
        CheckConstraint("open_vat >= 0 AND open_vat <= open_amount", name="open_vat_within_open"),
        Index(
            "ix_receivable_open",
            "district_id",
            "customer_id",
            "due_on",
            sqlite_where=text("open_amount > 0"),
            postgresql_where=text("open_amount > 0"),
        ),
        Index(
            "ix_receivable_open_of_payer",
            "district_id",
            "payer_id",
            sqlite_where=text("open_amount > 0 AND payer_id IS NOT NULL"),
            postgresql_where=text("open_amount > 0 AND payer_id IS NOT NULL"),
        ),
    )

    invoice_line_id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_id: Mapped[UUID]
    enterprise_id: Mapped[UUID]
    customer_id: Mapped[UUID]  # whose debt it is
    payer_id: Mapped[UUID | None]  # another customer who pays it
    service_id: Mapped[UUID]
    revenue_code: Mapped[str] = mapped_column(String(6))
    invoice_year: Mapped[int] = mapped_column(SmallInteger)
    invoice_number: Mapped[int]
    position: Mapped[int] = mapped_column(SmallInteger)  # of the line on its invoice
    issued_on: Mapped[date]
    due_on: Mapped[date]
    total: Mapped[Money]  # the line's
    credited: Mapped[Money]
    open_amount: Mapped[Money]
    open_vat: Mapped[Money]  # the VAT within open_amount


class Allocation(Identified, Base):
    """A part of a payment that settles an invoice line. A release is a row with the opposite sign."""

    __tablename__ = "allocation"
    __table_args__ = (
        within_district("payment_id", "payment"),
        within_district_all(
            ["invoice_id", "invoice_line_id"], "receivable", ["invoice_id", "invoice_line_id"]
        ),
        within_district("reverses_id", "allocation"),
        Index(
            "uq_allocation_reverses_id",
            "district_id",
            "reverses_id",
            unique=True,
            sqlite_where=text("reverses_id IS NOT NULL"),
            postgresql_where=text("reverses_id IS NOT NULL"),
        ),
        # What a revenue line points to; first what a payment's own allocations are found by.
        UniqueConstraint("district_id", "payment_id", "invoice_line_id", "id"),
        CheckConstraint("(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name="negative_when_release"),
        Index(None, "district_id", "invoice_line_id"),
    )

    payment_id: Mapped[UUID]
    invoice_id: Mapped[UUID]
    invoice_line_id: Mapped[UUID]
    amount: Mapped[Money]
    vat: Mapped[Money]  # within the amount; the rest is revenue under the gross policy
    allocated_on: Mapped[date]
    reverses_id: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Advance(InDistrict, Base):
    """What of a payment no invoice has taken: the customer's advance, account 3510."""

    __tablename__ = "advance"
    __table_args__ = (
        within_district_all(
            ["customer_id", "received_on", "enterprise_id", "payment_id"],
            "payment",
            ["customer_id", "received_on", "enterprise_id", "id"],
        ),
        CheckConstraint("open_amount >= 0", name="open_not_negative"),
        Index(
            "ix_advance_open",
            "district_id",
            "customer_id",
            sqlite_where=text("open_amount > 0"),
            postgresql_where=text("open_amount > 0"),
        ),
    )

    payment_id: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    received_on: Mapped[date]
    open_amount: Mapped[Money]

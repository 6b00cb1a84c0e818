"""Payments, refunds and reversals."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, SmallInteger, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified, InDistrict
from billing.kernel.money import Money
from billing.kernel.shown import Shown


class PaymentMethod(Shown):
    """How money came in; it decides which account is debited."""

    CASH = "cash"  # 1010, with a fiscal receipt of the cash register
    BANK = "bank"  # 1030
    CARD = "card"  # 1020: in transit until the statement shows it
    PROVIDER = "provider"  # 1020


class Payment(Identified, Base):
    """Money received from or for a customer. Never changed; a mistake is reversed."""

    __tablename__ = "payment"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        within_district("customer_id", "customer"),
        # A provider's or bank's own id: the same money told twice is one payment.
        UniqueConstraint("district_id", "channel", "outside_id"),
        Index(
            "uq_payment_cash_order",
            "district_id",
            "enterprise_id",
            "cash_order_year",
            "cash_order_number",
            unique=True,
            sqlite_where=text("cash_order_number IS NOT NULL"),
            postgresql_where=text("cash_order_number IS NOT NULL"),
        ),
        # What an advance points to; first what a customer's payments are listed by.
        UniqueConstraint("district_id", "customer_id", "received_on", "enterprise_id", "id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("(method = 'cash') = (cash_order_number IS NOT NULL)", name="cash_has_order"),
        CheckConstraint("(method = 'cash') = (fiscal_number IS NOT NULL)", name="cash_has_receipt"),
        one_of("method", PaymentMethod),
        Index(None, "district_id", "received_on", "id"),
    )

    enterprise_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    method: Mapped[PaymentMethod] = mapped_column(EnumType(PaymentMethod))
    channel: Mapped[str] = mapped_column(String(30))  # cash_desk, bank, a provider's code
    outside_id: Mapped[str | None] = mapped_column(
        String(100)
    )  # the provider's transaction, the bank's document
    amount: Mapped[Money]
    received_on: Mapped[date]  # the value date in the district's calendar
    payer_name: Mapped[str | None] = mapped_column(String(300))  # where another person paid
    cash_order_year: Mapped[int | None] = mapped_column(SmallInteger)
    cash_order_number: Mapped[int | None]  # КО-1, gapless per enterprise and year
    fiscal_number: Mapped[str | None] = mapped_column(String(50))  # of the cash register's receipt
    register_number: Mapped[str | None] = mapped_column(String(50))
    fiscal_at: Mapped[datetime | None]
    explanation: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # why each invoice got what it got
    debt_after: Mapped[Money]  # what the customer still owed then: his receipt says so on any later day
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Refund(Identified, Base):
    """Money given back to the customer out of a payment's advance. Never changed."""

    __tablename__ = "refund"
    __table_args__ = (
        within_district("payment_id", "payment"),
        within_district("enterprise_id", "enterprise"),
        within_district("customer_id", "customer"),
        CheckConstraint("amount > 0", name="amount_positive"),
        one_of("method", PaymentMethod),
        Index(None, "district_id", "payment_id"),
    )

    payment_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    enterprise_id: Mapped[UUID]
    amount: Mapped[Money]
    method: Mapped[PaymentMethod] = mapped_column(EnumType(PaymentMethod))
    refunded_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(300))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PaymentReversal(InDistrict, Base):
    """A payment that turned out wrong: everything it posted is mirrored on a date of its own."""

    __tablename__ = "payment_reversal"
    __table_args__ = (within_district("payment_id", "payment"),)

    payment_id: Mapped[UUID] = mapped_column(primary_key=True)
    reversed_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(300))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SignedDay(InDistrict, Base):
    """A day of a provider that an accountant vouched for: no payment of it is booked, settled or reversed.

    Its key lets nobody sign a day twice; the sign-off with its sums stands in ``reconciliation``.
    """

    __tablename__ = "signed_day"
    __table_args__ = (
        within_district("provider_id", "provider"),
        within_district("sign_off_id", "day_sign_off"),
        UniqueConstraint("district_id", "sign_off_id"),
    )

    provider_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    sign_off_id: Mapped[UUID]

"""Card payments: what was asked of the bank's page, and what became of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified
from billing.kernel.money import Money
from billing.kernel.shown import Shown


class CardPaymentState(Shown):
    """How far a card payment got."""

    PENDING = "pending"  # the resident is on the bank's page, or left it without paying
    PAID = "paid"
    CHARGED = "charged"  # the bank took the money, and it is not booked: an accountant knows
    REFUSED = "refused"  # by the bank; another card may still be tried on its page
    EXPIRED = "expired"  # nobody paid in time
    RETURNED = "returned"  # the bank gave the money back


class CardPayment(Identified, Base):
    """One order at the bank: the sum an invoice's page asked for, paid at most once."""

    __tablename__ = "card_payment"
    __table_args__ = (
        within_district("provider_id", "provider"),
        within_district("invoice_id", "invoice"),
        within_district("customer_id", "customer"),
        within_district("payment_id", "payment"),
        UniqueConstraint("district_id", "provider_id", "order_number"),
        UniqueConstraint("district_id", "payment_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("looks >= 0", name="looks_not_negative"),
        CheckConstraint("state <> 'paid' OR payment_id IS NOT NULL", name="paid_has_payment"),
        CheckConstraint("payment_id IS NULL OR state IN ('paid', 'returned')", name="payment_is_paid"),
        one_of("state", CardPaymentState),
        # Two open pages of one invoice lead to one order, which the bank takes once.
        Index(
            "uq_card_payment_pending",
            "district_id",
            "invoice_id",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_card_payment_due",
            "district_id",
            "next_look_at",
            sqlite_where=text("next_look_at IS NOT NULL"),
            postgresql_where=text("next_look_at IS NOT NULL"),
        ),
        Index(None, "district_id", "made_at", "id"),
    )

    provider_id: Mapped[UUID]
    invoice_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    order_number: Mapped[str] = mapped_column(String(15))  # the bank's invoiceID: digits, each used once
    amount: Mapped[Money]  # asked for
    state: Mapped[CardPaymentState] = mapped_column(EnumType(CardPaymentState))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # no page that was opened for it can be paid on any more
    next_look_at: Mapped[datetime | None]  # when to ask the bank; none: it is settled
    looks: Mapped[int] = mapped_column(default=0)
    told_amount: Mapped[Money | None]  # by the bank, where it took another sum
    reference: Mapped[str | None] = mapped_column(String(60))  # the bank's own name of the transaction
    reason: Mapped[str | None] = mapped_column(String(200))  # the bank's words, where it refused
    payment_id: Mapped[UUID | None]

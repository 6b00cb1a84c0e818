"""Many customers' payments recorded at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.money import Money
from billing.ledger.models import SourceKind, Transfer
from billing.payments import service as payments
from billing.payments.models import PaymentMethod


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money received, as it is to be recorded."""

    customer_id: UUID
    amount: Money
    received_on: date
    outside_id: str
    payer_name: str | None = None
    invoice_ids: tuple[UUID, ...] = ()
    method: PaymentMethod = PaymentMethod.BANK
    channel: str = "bank"
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RecordedPayment:
    """A payment that was recorded, and its posting on the money account."""

    payment_id: UUID
    transfer_id: UUID


def record_payments(
    session: Session, enterprise_id: UUID, receipts: Sequence[Receipt]
) -> list[RecordedPayment]:
    """Record payments, in the receipts' order.

    Raises:
        NotOpenForCustomer, MonthClosed, NoPostingPolicy, UnknownBudgetCode: see ``record_payment``. Nothing is
            recorded.
    """
    made = [
        payments.record_payment(
            session,
            enterprise_id,
            receipt.customer_id,
            amount=receipt.amount,
            method=receipt.method,
            received_on=receipt.received_on,
            channel=receipt.channel,
            outside_id=receipt.outside_id,
            payer_name=receipt.payer_name,
            invoice_ids=receipt.invoice_ids,
        )
        for receipt in receipts
    ]
    posted = select(Transfer.source_id, Transfer.id).where(
        Transfer.source_id.in_([payment.id for payment in made]),
        Transfer.source_kind == SourceKind.PAYMENT,
        Transfer.position == 0,
    )
    transfers = dict(session.execute(posted).tuples().all())
    return [RecordedPayment(payment.id, transfers[payment.id]) for payment in made]

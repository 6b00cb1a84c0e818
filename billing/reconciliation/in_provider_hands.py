"""What providers hold of the residents' money: payments not paid over, less what they may take back."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from billing.ledger.models import SourceKind, Transfer
from billing.payments.models import Payment, PaymentMethod, PaymentReversal, Refund
from billing.reconciliation.batch_fitting import Collected, Returned
from billing.reconciliation.models import SettledPayment, SettledReturn

IN_TRANSIT_METHODS = (PaymentMethod.PROVIDER, PaymentMethod.CARD)

_SETTLED = and_(SettledPayment.district_id == Payment.district_id, SettledPayment.payment_id == Payment.id)
_REVERSED = and_(PaymentReversal.district_id == Payment.district_id, PaymentReversal.payment_id == Payment.id)
_TAKEN_BACK = and_(
    SettledReturn.district_id == Transfer.district_id, SettledReturn.transfer_id == Transfer.id
)


def unsettled_payments(
    session: Session, enterprise_id: UUID, channels: Collection[str], *, first_day: date, last_day: date
) -> list[Collected]:
    """Payments of some days that their providers have not paid over, in the order of days and ids.

    Who holds the providers can rely on it: nobody else settles meanwhile, and a payment reversed meanwhile is
    settled all the same and becomes money that the provider takes back.
    """
    rows = session.execute(
        select(Payment.id, Payment.channel, Payment.received_on, Payment.amount)
        .outerjoin(SettledPayment, _SETTLED)
        .outerjoin(PaymentReversal, _REVERSED)
        .where(
            Payment.enterprise_id == enterprise_id,
            Payment.channel.in_(channels),
            Payment.method.in_(IN_TRANSIT_METHODS),
            Payment.received_on.between(first_day, last_day),
            SettledPayment.payment_id.is_(None),
            PaymentReversal.payment_id.is_(None),
        )
        .order_by(Payment.received_on, Payment.id)
    )
    return [Collected(*row) for row in rows]


def unsettled_returns(
    session: Session, enterprise_id: UUID, channels: Collection[str], *, last_day: date
) -> list[Returned]:
    """Money providers may still take back: refunds through them, and reversals of what they had paid over."""
    columns = select(Transfer.id, Payment.channel, Transfer.posted_on, Transfer.amount)
    refunded = (
        columns.select_from(Refund)
        .join(Payment, and_(Payment.district_id == Refund.district_id, Payment.id == Refund.payment_id))
        .join(
            Transfer,
            and_(
                Transfer.district_id == Refund.district_id,
                Transfer.source_id == Refund.id,
                Transfer.source_kind == SourceKind.REFUND,
            ),
        )
        .where(Refund.method.in_(IN_TRANSIT_METHODS))
    )
    reversed_ = (
        columns.select_from(PaymentReversal)
        .join(Payment, _REVERSED)
        .join(SettledPayment, _SETTLED)
        .join(
            Transfer,
            and_(
                Transfer.district_id == Payment.district_id,
                Transfer.source_id == Payment.id,
                Transfer.source_kind == SourceKind.PAYMENT,
                Transfer.reverses_id.is_not(None),
            ),
        )
        .where(Payment.method.in_(IN_TRANSIT_METHODS))
    )
    found: list[Returned] = []
    for statement in (refunded, reversed_):
        rows = session.execute(
            statement.outerjoin(SettledReturn, _TAKEN_BACK).where(
                SettledReturn.transfer_id.is_(None),
                Payment.enterprise_id == enterprise_id,
                Payment.channel.in_(channels),
                Transfer.posted_on <= last_day,
            )
        )
        found += [Returned(*row) for row in rows]
    return sorted(found, key=lambda each: (each.day, each.transfer_id))

"""Keeps a provider's batch settled over a day that an accountant vouched for."""

from datetime import date
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from billing.payments.models import Payment
from billing.payments.providers.models import Provider
from billing.payments.signed_days import hold_providers, refuse_signed
from billing.reconciliation.models import SettledPayment


def refuse_signed_batch(session: Session, match_id: UUID) -> None:
    """Hold the providers whose payments a match settled, and refuse to undo it over a frozen day.

    Raises:
        DaySignedOff: a payment's day is frozen.
    """
    settled = session.execute(
        select(Provider.id, Provider.code, Payment.received_on)
        .select_from(SettledPayment)
        .join(
            Payment,
            and_(Payment.district_id == SettledPayment.district_id, Payment.id == SettledPayment.payment_id),
        )
        .join(
            Provider,
            and_(Provider.district_id == Payment.district_id, Provider.code == Payment.channel),
        )
        .where(SettledPayment.match_id == match_id)
        .distinct()
    ).all()
    hold_providers(session, {row.id for row in settled})
    days: dict[str, set[date]] = {}
    for row in settled:
        days.setdefault(row.code, set()).add(row.received_on)
    refuse_signed(session, days)

"""Holds a provider's signed days frozen: who would change one is refused, and nobody signs meanwhile."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from billing.kernel.errors import NotFound, RuleViolation
from billing.payments.models import Payment
from billing.payments.providers.models import Provider
from billing.reconciliation.models import SettledPayment
from billing.reconciliation.three_way.models import SignedDay


class DaySignedOff(RuleViolation):
    """An accountant vouched for this day of the provider: it stays as it is. Facts: ``channel``, ``day``."""

    code = "day_signed_off"


def hold_providers(session: Session, provider_ids: Collection[UUID]) -> list[Provider]:
    """Hold providers until the end of the transaction: their days are neither signed nor settled meanwhile.

    Raises:
        NotFound: one of them is not in the district.
    """
    found = session.scalars(
        select(Provider)
        .where(Provider.id.in_(set(provider_ids)))
        .order_by(Provider.id)
        # Not the full lock: whoever only points to a provider need not wait.
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    if missing := set(provider_ids) - {provider.id for provider in found}:
        raise NotFound(kind="provider", id=min(missing))
    return list(found)


def signed_days_of(
    session: Session, channels: Collection[str], first_day: date, last_day: date
) -> set[tuple[str, date]]:
    """Which days of channels are frozen; to be asked while their providers are held."""
    rows = session.execute(
        select(Provider.code, SignedDay.day)
        .join(
            Provider,
            and_(Provider.district_id == SignedDay.district_id, Provider.id == SignedDay.provider_id),
        )
        .where(Provider.code.in_(channels), SignedDay.day.between(first_day, last_day))
    )
    return {(row.code, row.day) for row in rows}


def refuse_signed(session: Session, provider: Provider, days: Collection[date]) -> None:
    """Refuse to change days of a held provider of which one is frozen.

    Raises:
        DaySignedOff: so it is.
    """
    if not days:
        return
    frozen = {day for _, day in signed_days_of(session, [provider.code], min(days), max(days))}
    if signed := frozen & set(days):
        raise DaySignedOff(channel=provider.code, day=min(signed))


def refuse_signed_batch(session: Session, match_id: UUID) -> None:
    """Hold the providers whose payments a match settled, and refuse to undo it over a frozen day.

    Raises:
        DaySignedOff: a payment's day is frozen.
    """
    settled = session.execute(
        select(Provider.id, Payment.received_on)
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
    days: dict[UUID, set[date]] = {}
    for row in settled:
        days.setdefault(row.id, set()).add(row.received_on)
    for provider in hold_providers(session, days.keys()):
        refuse_signed(session, provider, days[provider.id])

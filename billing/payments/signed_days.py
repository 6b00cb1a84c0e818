"""Holds the days of providers that an accountant vouched for: whoever would change one is refused.

Three locks of a provider's row keep them apart, each on the weakest that does: who signs takes the full one;
who settles payments or takes a registry in holds the provider against the others of his kind and against
signing; who records or reverses a payment holds it against signing only, so that collecting never waits.
"""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from billing.kernel.errors import NotFound, RuleViolation
from billing.kernel.ready import Ready, among_given
from billing.payments.models import SignedDay
from billing.payments.providers.models import Provider

_HELD_AGAINST_SIGNING = Ready(
    select(Provider.id)
    .where(among_given(Provider.code, "channels"))
    .order_by(Provider.id)
    .with_for_update(read=True, key_share=True)
)
_SIGNED = Ready(
    select(Provider.code, SignedDay.day)
    .join(
        Provider,
        and_(Provider.district_id == SignedDay.district_id, Provider.id == SignedDay.provider_id),
    )
    .where(
        among_given(Provider.code, "channels"),
        SignedDay.day.between(bindparam("first_day"), bindparam("last_day")),
    )
)


class DaySignedOff(RuleViolation):
    """An accountant vouched for this day of the provider: it stays as it is. Facts: ``channel``, ``day``."""

    code = "day_signed_off"


def hold_providers(
    session: Session, provider_ids: Collection[UUID], *, for_signing: bool = False
) -> list[Provider]:
    """Hold providers until the end of the transaction: their days are neither signed nor settled meanwhile.

    Args:
        for_signing: let nobody record or reverse a payment of theirs meanwhile either.

    Raises:
        NotFound: one of them is not in the district.
    """
    found = session.scalars(
        select(Provider)
        .where(Provider.id.in_(set(provider_ids)))
        .order_by(Provider.id)
        .with_for_update(key_share=not for_signing)
        .execution_options(populate_existing=True)
    ).all()
    if missing := set(provider_ids) - {provider.id for provider in found}:
        raise NotFound(kind="provider", id=min(missing))
    return list(found)


def signed_days_of(
    session: Session, channels: Collection[str], first_day: date, last_day: date
) -> set[tuple[str, date]]:
    """Which days of channels are frozen; to be asked while their providers are held."""
    rows = _SIGNED.rows(session, channels=channels, first_day=first_day, last_day=last_day)
    return {(row.code, row.day) for row in rows}


def refuse_signed(session: Session, days: Mapping[str, Collection[date]]) -> None:
    """Refuse to change days of channels, whose providers are held, of which one is frozen.

    Raises:
        DaySignedOff: so it is.
    """
    wanted = {(channel, day) for channel, some in days.items() for day in some}
    if not wanted:
        return
    all_days = [day for _, day in wanted]
    if frozen := wanted & signed_days_of(session, days.keys(), min(all_days), max(all_days)):
        channel, day = min(frozen)
        raise DaySignedOff(channel=channel, day=day)


def hold_against_signing(session: Session, days: Mapping[str, Collection[date]]) -> None:
    """Let nobody sign these days of channels until the end of the transaction; one signed already is refused.

    Channels that no provider has are left alone.

    Raises:
        DaySignedOff: a day is frozen.
    """
    if not days:
        return
    _HELD_AGAINST_SIGNING.rows(session, channels=days.keys())
    # A statement of its own: it sees what was signed before the lock came.
    refuse_signed(session, days)

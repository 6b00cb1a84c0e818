"""The same day of a provider told three times: receipts recorded, the registry, the bank's statement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from billing.kernel.checks import check_range
from billing.kernel.columns import money_sum
from billing.kernel.money import ZERO, Money, split
from billing.ledger.models import Transfer
from billing.payments.models import Payment, PaymentReversal, SignedDay
from billing.payments.providers.models import Provider
from billing.reconciliation.in_provider_hands import IN_TRANSIT_METHODS
from billing.reconciliation.models import SettledPayment, SettledReturn, StatementMatch
from billing.reconciliation.three_way.models import ProviderRegistry, RegistryRow

Key = tuple[str, date]  # a channel's day

_SETTLED = and_(SettledPayment.district_id == Payment.district_id, SettledPayment.payment_id == Payment.id)
_REVERSED = and_(PaymentReversal.district_id == Payment.district_id, PaymentReversal.payment_id == Payment.id)


@dataclass(frozen=True, slots=True)
class Counted:
    """So many payments, and what they come to."""

    count: int = 0
    amount: Money = ZERO


@dataclass(frozen=True, slots=True)
class PaidOver:
    """What the bank's rows explain of a day's payments.

    Attributes:
        credited: came in on the bank account.
        commission: withheld by the provider.
        returned: kept by the provider for money given back.
        difference: named when the batch was put together; below zero where too much came in.
    """

    credited: Money = ZERO
    commission: Money = ZERO
    returned: Money = ZERO
    difference: Money = ZERO

    @property
    def amount(self) -> Money:
        """What the payments that were paid over come to."""
        return self.credited + self.commission + self.returned + self.difference

    def plus(self, other: "PaidOver") -> "PaidOver":
        """Both together."""
        return PaidOver(
            self.credited + other.credited,
            self.commission + other.commission,
            self.returned + other.returned,
            self.difference + other.difference,
        )


@dataclass(frozen=True, slots=True)
class DayOfProvider:
    """A provider's day, told three times.

    Attributes:
        receipts: payments recorded; one reversed counts only where it had been paid over before.
        registry: what the provider says it took.
        has_registry: whether a registry of this day was taken in at all.
        paid_over: by the bank's statement.
        sign_off_id: of the sign-off that holds the day frozen.
    """

    provider_id: UUID
    channel: str
    day: date
    receipts: Counted = Counted()
    registry: Counted = Counted()
    has_registry: bool = False
    paid_over: PaidOver = field(default_factory=PaidOver)
    sign_off_id: UUID | None = None

    @property
    def registry_gap(self) -> Money:
        """What was recorded beyond the registry; below zero where the registry has more."""
        return self.receipts.amount - self.registry.amount if self.has_registry else ZERO

    @property
    def open_amount(self) -> Money:
        """What was recorded and is not paid over yet."""
        return self.receipts.amount - self.paid_over.amount

    @property
    def sums_agree(self) -> bool:
        """Whether all three tell the same sum."""
        return self.has_registry and not self.registry_gap and not self.open_amount


def compare_days(
    session: Session, first_day: date, last_day: date, *, provider_id: UUID | None = None
) -> list[DayOfProvider]:
    """Every day on which a provider did anything, by day and channel; both days included.

    Raises:
        EndsBeforeStart: the period ends before it starts.
    """
    check_range(first_day, last_day, field="last_day")
    statement = select(Provider.id, Provider.code)
    if provider_id is not None:
        statement = statement.where(Provider.id == provider_id)
    codes = {row.code: row.id for row in session.execute(statement)}
    receipts = _receipts(session, codes, first_day, last_day)
    told = _told(session, codes, first_day, last_day)
    paid_over = _paid_over(session, codes, first_day, last_day)
    signed = _signed(session, codes, first_day, last_day)
    covered = _covered(session, codes, first_day, last_day)
    keys = receipts.keys() | told.keys() | paid_over.keys() | signed.keys()
    return [
        DayOfProvider(
            provider_id=codes[channel],
            channel=channel,
            day=day,
            receipts=receipts.get((channel, day), Counted()),
            registry=told.get((channel, day), Counted()),
            has_registry=any(first <= day <= last for first, last in covered.get(channel, ())),
            paid_over=paid_over.get((channel, day), PaidOver()),
            sign_off_id=signed.get((channel, day)),
        )
        for channel, day in sorted(keys, key=lambda key: (key[1], key[0]))
    ]


def compare_day(session: Session, provider: Provider, day: date) -> DayOfProvider:
    """One day of a provider, even if nothing happened on it."""
    found = compare_days(session, day, day, provider_id=provider.id)
    return found[0] if found else DayOfProvider(provider.id, provider.code, day)


def counts_as_receipt() -> Any:
    """A payment that was not taken back, or that had been paid over before it was; for the joins above."""
    return or_(PaymentReversal.payment_id.is_(None), SettledPayment.payment_id.is_not(None))


def _receipts(session: Session, codes: Mapping[str, UUID], first: date, last: date) -> dict[Key, Counted]:
    rows = session.execute(
        select(Payment.channel, Payment.received_on, func.count(), money_sum(Payment.amount))
        .outerjoin(SettledPayment, _SETTLED)
        .outerjoin(PaymentReversal, _REVERSED)
        .where(
            Payment.channel.in_(codes),
            Payment.method.in_(IN_TRANSIT_METHODS),
            Payment.received_on.between(first, last),
            counts_as_receipt(),
        )
        .group_by(Payment.channel, Payment.received_on)
    )
    return {(row[0], row[1]): Counted(row[2], row[3]) for row in rows}


def _told(session: Session, codes: Mapping[str, UUID], first: date, last: date) -> dict[Key, Counted]:
    channels = {provider_id: code for code, provider_id in codes.items()}
    rows = session.execute(
        select(RegistryRow.provider_id, RegistryRow.paid_on, func.count(), money_sum(RegistryRow.amount))
        .where(RegistryRow.provider_id.in_(channels), RegistryRow.paid_on.between(first, last))
        .group_by(RegistryRow.provider_id, RegistryRow.paid_on)
    )
    return {(channels[row[0]], row[1]): Counted(row[2], row[3]) for row in rows}


def _covered(
    session: Session, codes: Mapping[str, UUID], first: date, last: date
) -> dict[str, list[tuple[date, date]]]:
    """The days that registries tell of, by channel; a day without payments is told too."""
    channels = {provider_id: code for code, provider_id in codes.items()}
    rows = session.execute(
        select(ProviderRegistry.provider_id, ProviderRegistry.first_day, ProviderRegistry.last_day).where(
            ProviderRegistry.provider_id.in_(channels),
            ProviderRegistry.first_day <= last,
            ProviderRegistry.last_day >= first,
        )
    )
    found: dict[str, list[tuple[date, date]]] = {}
    for provider_id, from_day, to_day in rows:
        found.setdefault(channels[provider_id], []).append((from_day, to_day))
    return found


def _signed(session: Session, codes: Mapping[str, UUID], first: date, last: date) -> dict[Key, UUID]:
    channels = {provider_id: code for code, provider_id in codes.items()}
    rows = session.execute(
        select(SignedDay.provider_id, SignedDay.day, SignedDay.sign_off_id).where(
            SignedDay.provider_id.in_(channels), SignedDay.day.between(first, last)
        )
    )
    return {(channels[row.provider_id], row.day): row.sign_off_id for row in rows}


def _paid_over(session: Session, codes: Mapping[str, UUID], first: date, last: date) -> dict[Key, PaidOver]:
    """What each batch credited and withheld, split over the days of its payments by what they come to."""
    of_days = (
        select(SettledPayment.match_id)
        .join(Payment, _SETTLED)
        .where(Payment.channel.in_(codes), Payment.received_on.between(first, last))
    )
    # Whole batches: one may reach beyond the period.
    days: dict[UUID, list[tuple[Key, Money]]] = {}
    rows = session.execute(
        select(SettledPayment.match_id, Payment.channel, Payment.received_on, money_sum(Payment.amount))
        .join(Payment, _SETTLED)
        .where(SettledPayment.match_id.in_(of_days))
        .group_by(SettledPayment.match_id, Payment.channel, Payment.received_on)
        .order_by(SettledPayment.match_id, Payment.received_on)
    )
    for match_id, channel, day, amount in rows:
        days.setdefault(match_id, []).append(((channel, day), amount))
    taken_back = session.execute(
        select(SettledReturn.match_id, money_sum(Transfer.amount))
        .join(
            Transfer,
            and_(
                Transfer.district_id == SettledReturn.district_id,
                Transfer.id == SettledReturn.transfer_id,
            ),
        )
        .where(SettledReturn.match_id.in_(of_days))
        .group_by(SettledReturn.match_id)
    )
    returned = {row[0]: row[1] for row in taken_back}
    reasons = session.execute(
        select(StatementMatch.id, StatementMatch.reasons).where(StatementMatch.id.in_(of_days))
    )
    found: dict[Key, PaidOver] = {}
    for match_id, why in reasons:
        for key, part in _split(days[match_id], returned.get(match_id, ZERO), why):
            found[key] = found.get(key, PaidOver()).plus(part)
    return {key: part for key, part in found.items() if first <= key[1] <= last}


def _split(
    days: Sequence[tuple[Key, Money]], returned: Money, reasons: Iterable[Mapping[str, Any]]
) -> list[tuple[Key, PaidOver]]:
    """A batch's commission, difference and returns by day; what is left of a day's payments was credited."""
    told: dict[str, Any] = {}
    for reason in reasons:
        told |= reason["facts"]
    weights = [amount for _, amount in days]
    commissions = split(Money.parse(told["commission"]), weights)
    kept = split(returned, weights)
    difference = Money.parse(told.get("difference", "0"))
    magnitudes = split(Money(abs(difference.tiyn)), weights)
    parts = []
    for (key, amount), commission, back, magnitude in zip(days, commissions, kept, magnitudes, strict=True):
        named = magnitude if difference >= ZERO else -magnitude
        parts.append((key, PaidOver(amount - commission - back - named, commission, back, named)))
    return parts

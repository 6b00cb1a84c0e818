"""Payment by payment, where a provider's registry, the books and the bank's statement do not agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.kernel.checks import check_range
from billing.kernel.money import Money
from billing.kernel.shown import Shown
from billing.payments.models import Payment, PaymentReversal
from billing.payments.providers.models import Provider
from billing.reconciliation.in_provider_hands import IN_TRANSIT_METHODS
from billing.reconciliation.models import SettledPayment
from billing.reconciliation.three_way.comparison import counts_as_receipt
from billing.reconciliation.three_way.models import ProviderRegistry, RegistryRow

_SETTLED = and_(SettledPayment.district_id == Payment.district_id, SettledPayment.payment_id == Payment.id)
_REVERSED = and_(PaymentReversal.district_id == Payment.district_id, PaymentReversal.payment_id == Payment.id)


class DifferenceKind(Shown):
    """What does not agree about a payment."""

    NOT_RECORDED = "not_recorded"  # the provider took it, the books do not know it
    NOT_IN_REGISTRY = "not_in_registry"  # recorded, but the provider's list of the day lacks it
    AMOUNT_DIFFERS = "amount_differs"
    DAY_DIFFERS = "day_differs"
    REVERSED = "reversed"  # the provider took it, the books took it back
    NOT_PAID_OVER = "not_paid_over"  # no row of the bank has paid it over yet


@dataclass(frozen=True, slots=True)
class PaymentDifference:
    """One payment that does not agree.

    Attributes:
        day: of the registry where it tells the payment, else of the books.
        account: what the payer typed, or the customer's account number.
        registry_row_id: of the registry's row; None where it has none.
        payment_id: of the payment recorded; None where there is none.
    """

    kind: DifferenceKind
    provider_id: UUID
    channel: str
    day: date
    outside_id: str | None
    account: str
    registry_amount: Money | None
    recorded_amount: Money | None
    registry_row_id: UUID | None
    payment_id: UUID | None


def differences_of(
    session: Session, first_day: date, last_day: date, *, provider_id: UUID | None = None
) -> list[PaymentDifference]:
    """Everything that does not agree about payments of some days, by day, channel and transaction.

    Raises:
        EndsBeforeStart: the period ends before it starts.
    """
    check_range(first_day, last_day, field="last_day")
    found = [
        *_of_registry(session, first_day, last_day, provider_id),
        *_of_books(session, first_day, last_day, provider_id),
    ]
    return sorted(found, key=lambda each: (each.day, each.channel, each.outside_id or "", each.kind))


def _of_registry(
    session: Session, first_day: date, last_day: date, provider_id: UUID | None
) -> list[PaymentDifference]:
    """Rows of the registry that the books do not have, or have otherwise."""
    statement = (
        select(RegistryRow, Provider.code, Payment.id, Payment.amount, Payment.received_on)
        .join(
            Provider,
            and_(Provider.district_id == RegistryRow.district_id, Provider.id == RegistryRow.provider_id),
        )
        .outerjoin(
            Payment,
            and_(
                Payment.district_id == RegistryRow.district_id,
                Payment.channel == Provider.code,
                Payment.outside_id == RegistryRow.outside_id,
            ),
        )
        .outerjoin(PaymentReversal, _REVERSED)
        .outerjoin(SettledPayment, _SETTLED)
        .where(
            RegistryRow.paid_on.between(first_day, last_day),
            or_(
                Payment.id.is_(None),
                Payment.amount != RegistryRow.amount,
                Payment.received_on != RegistryRow.paid_on,
                and_(PaymentReversal.payment_id.is_not(None), SettledPayment.payment_id.is_(None)),
            ),
        )
    )
    if provider_id is not None:
        statement = statement.where(Provider.id == provider_id)
    return [
        PaymentDifference(
            kind=_kind(row, payment_id, amount, received_on),
            provider_id=row.provider_id,
            channel=channel,
            day=row.paid_on,
            outside_id=row.outside_id,
            account=row.account,
            registry_amount=row.amount,
            recorded_amount=amount,
            registry_row_id=row.id,
            payment_id=payment_id,
        )
        for row, channel, payment_id, amount, received_on in session.execute(statement)
    ]


def _kind(
    row: RegistryRow, payment_id: UUID | None, amount: Money | None, received_on: date | None
) -> DifferenceKind:
    if payment_id is None:
        return DifferenceKind.NOT_RECORDED
    if amount != row.amount:
        return DifferenceKind.AMOUNT_DIFFERS
    return DifferenceKind.DAY_DIFFERS if received_on != row.paid_on else DifferenceKind.REVERSED


def _of_books(
    session: Session, first_day: date, last_day: date, provider_id: UUID | None
) -> list[PaymentDifference]:
    """Payments of the books that a registry of their day lacks, or that were not paid over."""
    told = exists().where(
        RegistryRow.district_id == Payment.district_id,
        RegistryRow.provider_id == Provider.id,
        RegistryRow.outside_id == Payment.outside_id,
    )
    covered = exists().where(
        ProviderRegistry.district_id == Payment.district_id,
        ProviderRegistry.provider_id == Provider.id,
        ProviderRegistry.first_day <= Payment.received_on,
        ProviderRegistry.last_day >= Payment.received_on,
    )
    missing = and_(covered, ~told)
    statement = (
        select(Payment, Provider.id, Customer.account_number, missing, SettledPayment.payment_id)
        .join(Provider, and_(Provider.district_id == Payment.district_id, Provider.code == Payment.channel))
        .join(Customer, and_(Customer.district_id == Payment.district_id, Customer.id == Payment.customer_id))
        .outerjoin(SettledPayment, _SETTLED)
        .outerjoin(PaymentReversal, _REVERSED)
        .where(
            Payment.method.in_(IN_TRANSIT_METHODS),
            Payment.received_on.between(first_day, last_day),
            counts_as_receipt(),
            or_(missing, SettledPayment.payment_id.is_(None)),
        )
    )
    if provider_id is not None:
        statement = statement.where(Provider.id == provider_id)
    found: list[PaymentDifference] = []
    for payment, of_provider, account_number, is_missing, settled in session.execute(statement):
        kinds = [DifferenceKind.NOT_IN_REGISTRY] if is_missing else []
        kinds += [DifferenceKind.NOT_PAID_OVER] if settled is None else []
        found += [_of_payment(kind, payment, of_provider, account_number) for kind in kinds]
    return found


def _of_payment(
    kind: DifferenceKind, payment: Payment, provider_id: UUID, account_number: str
) -> PaymentDifference:
    return PaymentDifference(
        kind=kind,
        provider_id=provider_id,
        channel=payment.channel,
        day=payment.received_on,
        outside_id=payment.outside_id,
        account=account_number,
        registry_amount=None,
        recorded_amount=payment.amount,
        registry_row_id=None,
        payment_id=payment.id,
    )


def counted(differences: Sequence[PaymentDifference]) -> dict[tuple[str, date], int]:
    """How many differences each channel's day has."""
    counts: dict[tuple[str, date], int] = {}
    for each in differences:
        counts[each.channel, each.day] = counts.get((each.channel, each.day), 0) + 1
    return counts

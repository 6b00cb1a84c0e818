"""Lists of registries, of their rows, and of what a provider has not paid over."""

from datetime import date
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.payments.models import Payment, PaymentReversal
from billing.payments.providers import service as providers
from billing.payments.providers.models import Provider
from billing.reconciliation.batch_fitting import Returned
from billing.reconciliation.in_provider_hands import IN_TRANSIT_METHODS, unsettled_returns
from billing.reconciliation.models import SettledPayment
from billing.reconciliation.three_way.models import ProviderRegistry, RegistryRow

REGISTRY_SORTS: Sorts = {"-first_day": (ProviderRegistry.first_day, ProviderRegistry.id)}
ROW_SORTS: Sorts = {"paid_on": (RegistryRow.paid_on, RegistryRow.id)}
UNSETTLED_SORTS: Sorts = {"received_on": (Payment.received_on, Payment.id)}


def list_registries(
    session: Session, page: PageRequest = FIRST_PAGE, *, provider_id: UUID | None = None
) -> Page[ProviderRegistry]:
    """Registries taken in, the latest days first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(ProviderRegistry)
    if provider_id is not None:
        statement = statement.where(ProviderRegistry.provider_id == provider_id)
    return page_of(session, statement, REGISTRY_SORTS, page)


def list_registry_rows(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    provider_id: UUID | None = None,
    registry_id: UUID | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Page[RegistryRow]:
    """Payments as registries tell them, by day.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(RegistryRow)
    if provider_id is not None:
        statement = statement.where(RegistryRow.provider_id == provider_id)
    if registry_id is not None:
        statement = statement.where(RegistryRow.registry_id == registry_id)
    if first_day is not None:
        statement = statement.where(RegistryRow.paid_on >= first_day)
    if last_day is not None:
        statement = statement.where(RegistryRow.paid_on <= last_day)
    return page_of(session, statement, ROW_SORTS, page)


def list_unsettled(
    session: Session,
    provider_id: UUID,
    page: PageRequest = FIRST_PAGE,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Page[Payment]:
    """Payments that a provider has not paid over, the oldest first: of these an accountant makes a batch.

    Raises:
        NotFound: no such provider.
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    provider = providers.get_provider(session, provider_id)
    return page_of(session, _unsettled(provider, first_day, last_day), UNSETTLED_SORTS, page)


def unsettled_of_days(
    session: Session, provider: Provider, first_day: date, last_day: date, *, count_max: int
) -> list[Payment]:
    """The same of some days and all at once, up to a number: for whoever ticks them on one page."""
    statement = _unsettled(provider, first_day, last_day).order_by(Payment.received_on, Payment.id)
    return list(session.scalars(statement.limit(count_max)))


def _unsettled(provider: Provider, first_day: date | None, last_day: date | None) -> Select[Payment]:
    statement = (
        select(Payment)
        .outerjoin(
            SettledPayment,
            and_(SettledPayment.district_id == Payment.district_id, SettledPayment.payment_id == Payment.id),
        )
        .outerjoin(
            PaymentReversal,
            and_(
                PaymentReversal.district_id == Payment.district_id, PaymentReversal.payment_id == Payment.id
            ),
        )
        .where(
            Payment.enterprise_id == provider.enterprise_id,
            Payment.channel == provider.code,
            Payment.method.in_(IN_TRANSIT_METHODS),
            SettledPayment.payment_id.is_(None),
            PaymentReversal.payment_id.is_(None),
        )
    )
    if first_day is not None:
        statement = statement.where(Payment.received_on >= first_day)
    if last_day is not None:
        statement = statement.where(Payment.received_on <= last_day)
    return statement


def list_returns(session: Session, provider_id: UUID, *, last_day: date) -> list[Returned]:
    """Money that a provider may still take back, the oldest first.

    Raises:
        NotFound: no such provider.
    """
    provider = providers.get_provider(session, provider_id)
    return unsettled_returns(session, provider.enterprise_id, [provider.code], last_day=last_day)

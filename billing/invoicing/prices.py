"""An enterprise's services with their prices and taxes on every day, for any number of supplies."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.catalog.models import PayerCategory, Service, Tariff
from billing.catalog.tariffs import PriceHistory, price_history
from billing.catalog.taxes import VatHistory, vat_history


@dataclass(frozen=True, slots=True)
class PriceList:
    """Services, tariffs and taxes, looked up once and asked as often as there are supplies."""

    services: Mapping[UUID, Service]
    tariffs: PriceHistory
    vat: VatHistory

    def tariff(self, service_id: UUID, category: PayerCategory, day: date) -> Tariff:
        """The tariff of a day, for a payer category.

        Raises:
            NoTariff: none holds yet.
        """
        return self.tariffs.on(self.services[service_id], category, day)

    def vat_rate_bp(self, service: Service, day: date) -> int | None:
        """The VAT rate of a service supplied on a day in basis points; None: «Без НДС».

        Raises:
            NoVatRate: the day lies before the first known rate.
        """
        return self.vat.rate_bp(service.vat_category, day)


def price_list(session: Session, enterprise_id: UUID, service_ids: Collection[UUID]) -> PriceList:
    """The price list of these services, in four queries."""
    wanted = set(service_ids)
    services = session.scalars(select(Service).where(Service.id.in_(wanted)))
    return PriceList(
        {service.id: service for service in services},
        price_history(session, wanted),
        vat_history(session, enterprise_id),
    )

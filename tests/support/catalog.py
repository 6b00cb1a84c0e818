"""Services with tariffs, and benefits, for tests."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from billing.budget.classification import import_starter_set
from billing.catalog import service as catalog
from billing.catalog.models import Benefit, BenefitKind, PayerCategory, Service, Tariff, Unit, VatCategory
from billing.kernel.money import Money
from tests.support.districts import LONG_AGO

THOUSAND = Money.tenge(1_000)


def make_service(
    session: Session,
    enterprise_id: UUID,
    *,
    code: str = "SNOW",
    unit: Unit = Unit.HOUR,
    price: Money | None = THOUSAND,
    organisation_price: Money | None = None,
    valid_from: date = LONG_AGO,
    vat_category: VatCategory = VatCategory.STANDARD,
    revenue_code: str = "206109",
) -> Service:
    """A service with a tariff for both payer categories: 1,000 tenge per unit if nothing is said.

    Args:
        price: of residents, and of organisations if theirs is not given; None sets no tariff at all.
    """
    import_starter_set(session)
    service = catalog.define_service(
        session,
        enterprise_id,
        code=code,
        name_kk="Қар тазалау",
        name_ru="Уборка снега",
        name_en="Snow removal",
        unit=unit,
        revenue_code=revenue_code,
        vat_category=vat_category,
    )
    if price is not None:
        prices = {PayerCategory.RESIDENT: price, PayerCategory.ORGANISATION: organisation_price or price}
        for category, amount in prices.items():
            make_tariff(session, service.id, category=category, price=amount, valid_from=valid_from)
    return service


def make_tariff(
    session: Session,
    service_id: UUID,
    *,
    price: Money,
    valid_from: date,
    category: PayerCategory = PayerCategory.RESIDENT,
) -> Tariff:
    """A price from a day on, approved the day before the year's beginning."""
    return catalog.set_tariff(
        session,
        service_id,
        payer_category=category,
        valid_from=valid_from,
        price=price,
        decision_number="12/3",
        decision_date=date(2019, 12, 25),
    )


def make_benefit(
    session: Session,
    *,
    code: str = "VETERAN",
    percent_bp: int | None = 5_000,
    amount: Money | None = None,
    service_id: UUID | None = None,
    valid_from: date = LONG_AGO,
    valid_to: date | None = None,
) -> Benefit:
    """A benefit of 50 % for every service; by sum if an amount is given."""
    return catalog.define_benefit(
        session,
        code=code,
        name_kk="Соғыс ардагері",
        name_ru="Ветеран войны",
        name_en="War veteran",
        kind=BenefitKind.PERCENT if amount is None else BenefitKind.SUM,
        percent_bp=percent_bp if amount is None else None,
        amount=amount,
        service_id=service_id,
        decision_number="5/1",
        decision_date=date(2019, 12, 20),
        valid_from=valid_from,
        valid_to=valid_to,
    )

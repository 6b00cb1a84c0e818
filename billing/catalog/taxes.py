"""VAT: the country's rates by day, and whether an enterprise's service bears it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.catalog.models import VatCategory, VatRate
from billing.catalog.refusals import InvalidPercent, NoVatRate
from billing.districts.models import VatRegistration
from billing.districts.service import list_vat_registrations
from billing.kernel.checks import line
from billing.kernel.dates import covers
from billing.kernel.errors import AlreadyExists
from billing.kernel.money import BASIS_POINTS


@dataclass(frozen=True, slots=True)
class VatHistory:
    """When an enterprise was registered for VAT and what the rates were: taxes supplies of any day.

    Attributes:
        rates: the newest first.
    """

    registrations: Sequence[VatRegistration]
    rates: Sequence[VatRate]

    def rate_bp(self, vat_category: VatCategory, day: date) -> int | None:
        """The rate in basis points of a service supplied on a day; None prints as «Без НДС».

        Raises:
            NoVatRate: the day lies before the first known rate.
        """
        registered = any(covers(each.valid_from, each.valid_to, day) for each in self.registrations)
        if vat_category is VatCategory.EXEMPT or not registered:
            return None
        for rate in self.rates:
            if rate.valid_from <= day:
                return rate.rate_bp
        raise NoVatRate(day=day)


def vat_history(session: Session, enterprise_id: UUID) -> VatHistory:
    """All that decides an enterprise's VAT, in two queries."""
    return VatHistory(list_vat_registrations(session, enterprise_id), list_vat_rates(session)[::-1])


def vat_for(session: Session, enterprise_id: UUID, vat_category: VatCategory, day: date) -> int | None:
    """The VAT rate in basis points of a service supplied on a day; None prints as «Без НДС».

    None when the enterprise is not registered for VAT on the day, or the service is exempt.

    Raises:
        NoVatRate: the day lies before the first known rate.
    """
    return vat_history(session, enterprise_id).rate_bp(vat_category, day)


def vat_rate_on(session: Session, day: date) -> int:
    """The country's VAT rate on a day, in basis points: 1600 is 16 %.

    Raises:
        NoVatRate: the day lies before the first known rate.
    """
    rate = session.scalar(
        select(VatRate.rate_bp).where(VatRate.valid_from <= day).order_by(VatRate.valid_from.desc()).limit(1)
    )
    if rate is None:
        raise NoVatRate(day=day)
    return rate


def add_vat_rate(session: Session, *, valid_from: date, rate_bp: int, source: str) -> VatRate:
    """Enter the country's VAT rate from a day on. It holds for every district.

    Args:
        rate_bp: basis points, 0 to 10,000.
        source: the law that set it.

    Raises:
        InvalidPercent, InvalidText: a value of the wrong form.
        AlreadyExists: a rate from this day is known; it is never edited, invoices were taxed by it.
    """
    if not 0 <= rate_bp <= BASIS_POINTS:
        raise InvalidPercent(field="rate_bp")
    source = line(source, field="source", length_max=200)
    if session.get(VatRate, valid_from) is not None:
        raise AlreadyExists(kind="vat_rate", field="valid_from", value=valid_from)
    rate = VatRate(valid_from=valid_from, rate_bp=rate_bp, source=source)
    session.add(rate)
    session.flush()
    return rate


def list_vat_rates(session: Session) -> list[VatRate]:
    """Every rate there was, the oldest first."""
    return list(session.scalars(select(VatRate).order_by(VatRate.valid_from)))

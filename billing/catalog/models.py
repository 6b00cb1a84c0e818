"""Services, tariffs per payer category, VAT rates and benefits."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified, Versioned
from billing.kernel.money import Money
from billing.kernel.shown import Shown


class Unit(Shown):
    """What a quantity counts."""

    HOUR = "hour"
    PIECE = "piece"
    TRIP = "trip"
    M2 = "m2"
    M3 = "m3"
    KM = "km"
    KG = "kg"
    TONNE = "tonne"
    MONTH = "month"
    HOUSEHOLD = "household"
    PERSON = "person"


class PayerCategory(Shown):
    """Who pays; tariffs differ between them."""

    RESIDENT = "resident"
    ORGANISATION = "organisation"


class VatCategory(Shown):
    """How a service is taxed when the enterprise is registered for VAT."""

    STANDARD = "standard"
    EXEMPT = "exempt"


class BenefitKind(Shown):
    """How a benefit lowers a line."""

    PERCENT = "percent"
    SUM = "sum"


class Service(Versioned, Identified, Base):
    """One service of the enterprise's catalogue."""

    __tablename__ = "service"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        UniqueConstraint("district_id", "enterprise_id", "code"),
        CheckConstraint("length(revenue_code) = 6", name="revenue_code_of_six_digits"),
        one_of("unit", Unit),
        one_of("vat_category", VatCategory),
    )

    enterprise_id: Mapped[UUID]
    code: Mapped[str] = mapped_column(String(20))
    name_kk: Mapped[str] = mapped_column(String(300))
    name_ru: Mapped[str] = mapped_column(String(300))
    name_en: Mapped[str] = mapped_column(String(300))
    name_folded: Mapped[str] = mapped_column(String(903), default="")  # all names, for searching
    unit: Mapped[Unit] = mapped_column(EnumType(Unit))
    knp: Mapped[str] = mapped_column(String(3), default="859")  # payment purpose code; 859: other services
    revenue_code: Mapped[str] = mapped_column(String(6))  # budget classification of the fee
    vat_category: Mapped[VatCategory] = mapped_column(EnumType(VatCategory), default=VatCategory.STANDARD)
    is_active: Mapped[bool] = mapped_column(default=True)  # an inactive one takes no new orders or charges


class Tariff(Identified, Base):
    """A service's price for a payer category from a date on. Never edited; an unused one may be withdrawn."""

    __tablename__ = "tariff"
    __table_args__ = (
        within_district("service_id", "service"),
        UniqueConstraint("district_id", "service_id", "payer_category", "valid_from"),
        CheckConstraint("price > 0", name="price_positive"),
        one_of("payer_category", PayerCategory),
    )

    service_id: Mapped[UUID]
    payer_category: Mapped[PayerCategory] = mapped_column(EnumType(PayerCategory))
    valid_from: Mapped[date]  # until the next tariff of the same service and category
    price: Mapped[Money]  # per unit of the service, VAT included
    decision_number: Mapped[str] = mapped_column(String(50))  # the approving decision
    decision_date: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class VatRate(Base):
    """The country's VAT rate from a date on (Tax Code; 12 % until 2025-12-31, 16 % from 2026-01-01)."""

    __tablename__ = "vat_rate"
    __table_args__ = (CheckConstraint("rate_bp BETWEEN 0 AND 10000", name="rate_sensible"),)

    valid_from: Mapped[date] = mapped_column(primary_key=True)
    rate_bp: Mapped[int]  # basis points: 1600 is 16 %
    source: Mapped[str] = mapped_column(String(200))  # the law that set it


class Benefit(Identified, Base):
    """A discount for a category of people, decided locally; customers hold it against evidence."""

    __tablename__ = "benefit"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        within_district("service_id", "service"),
        UniqueConstraint("district_id", "code", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_start"),
        CheckConstraint(
            "(kind = 'percent' AND percent_bp BETWEEN 1 AND 10000 AND amount IS NULL)"
            " OR (kind = 'sum' AND amount > 0 AND percent_bp IS NULL)",
            name="percent_or_sum",
        ),
        one_of("kind", BenefitKind),
    )

    code: Mapped[str] = mapped_column(String(30))
    name_kk: Mapped[str] = mapped_column(String(300))
    name_ru: Mapped[str] = mapped_column(String(300))
    name_en: Mapped[str] = mapped_column(String(300))
    kind: Mapped[BenefitKind] = mapped_column(EnumType(BenefitKind))
    percent_bp: Mapped[int | None]  # basis points off the line
    amount: Mapped[Money | None]  # off the line, never more than the line
    service_id: Mapped[UUID | None]  # None: every service
    decision_number: Mapped[str] = mapped_column(String(50))
    decision_date: Mapped[date]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

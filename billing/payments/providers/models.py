"""Payment providers and the agreement with each."""

from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified, Versioned
from billing.kernel.money import BASIS_POINTS, Money
from billing.kernel.shown import Shown


class ProviderDialect(Shown):
    """Which family of the check/pay protocol a provider speaks: field names and result codes differ."""

    KASPI = "kaspi"  # codes 0 to 5; 1 means "not found"
    OSMP = "osmp"  # codes 0 to 300; 1 means "try again later"


class AnswerFormat(Shown):
    """How a provider wants to be answered."""

    XML = "xml"
    JSON = "json"


class Provider(Versioned, Identified, Base):
    """Who takes residents' money and passes it on: by which protocol, from where, at what commission."""

    __tablename__ = "provider"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        UniqueConstraint("district_id", "code"),
        CheckConstraint(f"commission_bp BETWEEN 0 AND {BASIS_POINTS}", name="commission_bp_is_share"),
        CheckConstraint("commission_min >= 0", name="commission_min_not_negative"),
        CheckConstraint("sum_min > 0 AND sum_max >= sum_min", name="sums_in_order"),
        CheckConstraint("requests_per_minute_max > 0", name="requests_positive"),
        CheckConstraint("answer_format = 'xml' OR dialect = 'kaspi'", name="osmp_is_xml"),
        one_of("dialect", ProviderDialect),
        one_of("answer_format", AnswerFormat),
    )

    enterprise_id: Mapped[UUID]  # whose money it takes
    code: Mapped[str] = mapped_column(String(30))  # the channel of its payments, and in its address
    name_kk: Mapped[str] = mapped_column(String(200))
    name_ru: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    bin: Mapped[str] = mapped_column(String(12))  # of the payer in bank statements: it pays in aggregate
    iban: Mapped[str | None] = mapped_column(String(20))  # the account it pays from, where it is known
    commission_bp: Mapped[int]  # withheld from what it passes on, of each payment
    commission_min: Mapped[Money]  # of each payment
    dialect: Mapped[ProviderDialect] = mapped_column(EnumType(ProviderDialect))
    answer_format: Mapped[AnswerFormat] = mapped_column(EnumType(AnswerFormat))
    field_names: Mapped[dict[str, Any]] = mapped_column(JSON)  # where its fields differ from the dialect's
    sum_min: Mapped[Money]  # of one payment
    sum_max: Mapped[Money]
    allowed_addresses: Mapped[list[str]] = mapped_column(JSON)  # networks it calls from; none: from anywhere
    certificate_sha256: Mapped[str | None] = mapped_column(String(64))  # of its mutual-TLS certificate
    requests_per_minute_max: Mapped[int]
    secret_hash: Mapped[str | None] = mapped_column(String(64))  # SHA-256; none: nobody can come in yet
    is_open: Mapped[bool] = mapped_column(default=True)  # a closed one takes no new payments

"""Hired workers and their engagements; contractor organisations and their contracts with ceilings."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.catalog.models import Unit
from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified, Versioned
from billing.kernel.money import Money
from billing.kernel.shown import Shown


class EngagementKind(Shown):
    """How a worker is hired."""

    LABOUR = "labour"  # трудовой договор
    CIVIL = "civil"  # договор ГПХ


class Worker(Versioned, Identified, Base):
    """A person the enterprise hires."""

    __tablename__ = "worker"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        UniqueConstraint("district_id", "iin"),
        Index(None, "district_id", "name_sort_key", "id"),
    )

    iin: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(200))
    name_sort_key: Mapped[str] = mapped_column(String(400))
    name_folded: Mapped[str] = mapped_column(String(200))  # for searching without Kazakh letters or case
    phone: Mapped[str | None] = mapped_column(String(20))


class Engagement(Versioned, Identified, Base):
    """A contract with a hired worker: dates and the rate per unit of work."""

    __tablename__ = "engagement"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        within_district("worker_id", "worker"),
        UniqueConstraint("district_id", "enterprise_id", "number"),
        CheckConstraint("rate > 0", name="rate_positive"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("kind <> 'civil' OR ends_on IS NOT NULL", name="civil_has_end"),
        one_of("kind", EngagementKind),
        one_of("rate_unit", Unit),
    )

    enterprise_id: Mapped[UUID]
    worker_id: Mapped[UUID]
    kind: Mapped[EngagementKind] = mapped_column(EnumType(EngagementKind))
    number: Mapped[str] = mapped_column(String(50))
    signed_on: Mapped[date]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    position: Mapped[str] = mapped_column(String(200))
    rate: Mapped[Money]  # before withholdings, per rate_unit
    rate_unit: Mapped[Unit] = mapped_column(EnumType(Unit))


class Contractor(Versioned, Identified, Base):
    """An organisation that does work for the enterprise."""

    __tablename__ = "contractor"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        UniqueConstraint("district_id", "bin"),
        Index(None, "district_id", "name_sort_key", "id"),
    )

    bin: Mapped[str] = mapped_column(String(12))  # an individual entrepreneur's IIN stands here too
    name: Mapped[str] = mapped_column(String(300))
    name_sort_key: Mapped[str] = mapped_column(String(600))
    name_folded: Mapped[str] = mapped_column(String(300))
    address: Mapped[str] = mapped_column(String(300), default="")
    iban: Mapped[str | None] = mapped_column(String(20))
    bic: Mapped[str | None] = mapped_column(String(11))
    phone: Mapped[str | None] = mapped_column(String(20))


class ContractorContract(Identified, Base):
    """A contract with a contractor. What its acts used may never pass the ceiling: the database holds it."""

    __tablename__ = "contractor_contract"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        within_district("contractor_id", "contractor"),
        UniqueConstraint("district_id", "enterprise_id", "number"),
        CheckConstraint("used >= 0 AND used <= ceiling", name="ceiling_holds"),
    )

    enterprise_id: Mapped[UUID]
    contractor_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(String(50))
    signed_on: Mapped[date]
    starts_on: Mapped[date]
    ends_on: Mapped[date]  # of the newest version, as is the ceiling
    ceiling: Mapped[Money]
    used: Mapped[Money]  # sum of the acts so far


class ContractorVersion(Identified, Base):
    """The contract as signed (version 1) or as changed by a supplement (2, 3, …), with its unit prices."""

    __tablename__ = "contractor_version"
    __table_args__ = (
        within_district("contract_id", "contractor_contract"),
        UniqueConstraint("district_id", "contract_id", "version"),
        CheckConstraint("ceiling > 0", name="ceiling_positive"),
        CheckConstraint("(version = 1) = (supplement_number IS NULL)", name="supplement_has_number"),
    )

    contract_id: Mapped[UUID]
    version: Mapped[int]
    supplement_number: Mapped[str | None] = mapped_column(String(50))
    signed_on: Mapped[date]
    valid_from: Mapped[date]
    ends_on: Mapped[date]
    ceiling: Mapped[Money]


class ContractorPrice(Identified, Base):
    """What a contractor gets per unit of a service, under one version of its contract."""

    __tablename__ = "contractor_price"
    __table_args__ = (
        within_district("version_id", "contractor_version"),
        within_district("service_id", "service"),
        UniqueConstraint("district_id", "version_id", "service_id"),
        CheckConstraint("price > 0", name="price_positive"),
    )

    version_id: Mapped[UUID]
    service_id: Mapped[UUID]
    price: Mapped[Money]

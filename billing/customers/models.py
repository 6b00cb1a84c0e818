"""Customers with personal accounts, their benefits, contracts and recurring charges."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from billing.catalog.models import PayerCategory
from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified, InDistrict, Versioned
from billing.kernel.shown import Language


class Customer(Versioned, Identified, Base):
    """A resident or organisation that orders services, with one personal account (лицевой счет)."""

    __tablename__ = "customer"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        within_district("payer_id", "customer"),
        UniqueConstraint("district_id", "account_number"),
        UniqueConstraint("district_id", "iin_bin"),
        Index(None, "district_id", "name_sort_key", "id"),
        CheckConstraint("payer_id IS NULL OR payer_id <> id", name="another_payer"),
        CheckConstraint("NOT invoices_by_email OR email IS NOT NULL", name="invoices_have_mailbox"),
        one_of("category", PayerCategory),
        one_of("language", Language),
    )

    account_number: Mapped[str] = mapped_column(String(13))  # six digits of the KATO, serial, check digit
    category: Mapped[PayerCategory] = mapped_column(EnumType(PayerCategory))
    iin_bin: Mapped[str | None] = mapped_column(String(12))  # IIN of a resident, BIN of an organisation
    name: Mapped[str] = mapped_column(String(300))
    name_sort_key: Mapped[str] = mapped_column(String(600))  # the Kazakh alphabet's order, on any database
    name_folded: Mapped[str] = mapped_column(String(300))  # for searching without Kazakh letters or case
    place_code: Mapped[str | None] = mapped_column(ForeignKey("kato_place.code"))
    street: Mapped[str] = mapped_column(String(200), default="")
    house: Mapped[str] = mapped_column(String(20), default="")
    flat: Mapped[str] = mapped_column(String(20), default="")
    address_folded: Mapped[str] = mapped_column(String(300), default="")  # street, house, flat: for searching
    language: Mapped[Language] = mapped_column(
        EnumType(Language), default=Language.KK
    )  # of papers and notices
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(200))
    invoices_by_email: Mapped[bool] = mapped_column(default=False)  # sent as PDF instead of carried round
    payer_id: Mapped[UUID | None]  # another customer who pays this one's invoices
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AccountLinkRevocation(InDistrict, Base):
    """A moment from which on no earlier link opens a customer's account page. Never changed."""

    __tablename__ = "account_link_revocation"
    __table_args__ = (
        within_district("customer_id", "customer"),
        CheckConstraint("serial BETWEEN 1 AND 65535", name="serial_fits_token"),
    )

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    serial: Mapped[int] = mapped_column(primary_key=True)  # that links carry from now on
    reason: Mapped[str] = mapped_column(String(300))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CustomerBenefit(Identified, Base):
    """A customer's right to a benefit, with the document that proves it."""

    __tablename__ = "customer_benefit"
    __table_args__ = (
        within_district("customer_id", "customer"),
        within_district("benefit_id", "benefit"),
        UniqueConstraint("district_id", "customer_id", "benefit_id", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_start"),
    )

    customer_id: Mapped[UUID]
    benefit_id: Mapped[UUID]
    evidence: Mapped[str] = mapped_column(String(300))  # kind, number and date of the document
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Contract(Versioned, Identified, Base):
    """A contract for services between the enterprise and a customer."""

    __tablename__ = "contract"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        within_district("customer_id", "customer"),
        UniqueConstraint("district_id", "enterprise_id", "number"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="end_has_reason"),
        Index(None, "district_id", "customer_id"),
    )

    enterprise_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(String(50))
    signed_on: Mapped[date]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]  # the last day of the agreed term; None: until ended
    ended_on: Mapped[date | None]  # the last day after an early ending
    end_reason: Mapped[str | None] = mapped_column(String(300))

    @property
    def last_day(self) -> date | None:
        """The last day on which the contract holds; None while open-ended."""
        days = [day for day in (self.ends_on, self.ended_on) if day is not None]
        return min(days) if days else None


class AccessCode(Versioned, InDistrict, Base):
    """The code with which a customer logs in under his personal account; only its hash is kept."""

    __tablename__ = "access_code"
    __table_args__ = (within_district("customer_id", "customer"),)

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(200))  # argon2id
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    made_at: Mapped[datetime]


class ContractCharge(Identified, Base):
    """A service charged by a fixed quantity every month of a season. Months run from 1 to 12."""

    __tablename__ = "contract_charge"
    __table_args__ = (
        within_district("contract_id", "contract"),
        within_district("service_id", "service"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("first_month BETWEEN 1 AND 12 AND last_month BETWEEN 1 AND 12", name="months_known"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_start"),
        UniqueConstraint("district_id", "contract_id", "service_id", "valid_from", "first_month"),
    )

    contract_id: Mapped[UUID]
    service_id: Mapped[UUID]
    quantity: Mapped[Decimal]  # per month, in the service's unit
    first_month: Mapped[int] = mapped_column(default=1)  # of the season; November–March is 11 and 3
    last_month: Mapped[int] = mapped_column(default=12)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    def in_season(self, month: int) -> bool:
        """Whether a calendar month (1–12) lies in the season, which may run over the new year."""
        if self.first_month <= self.last_month:
            return self.first_month <= month <= self.last_month
        return month >= self.first_month or month <= self.last_month

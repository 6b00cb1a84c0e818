"""Places of the classifier (KATO), rural districts, and the communal enterprises that bill in them."""

from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified, InDistrict, Versioned
from billing.kernel.shown import Shown


class EnterpriseForm(Shown):
    """Who delivers the services; it decides what the fees are (house decision 4)."""

    AKIM_OFFICE = "akim_office"  # аппарат акима: a state institution, its fees are budget receipts
    ECONOMIC_MANAGEMENT = "economic_management"  # КГП на ПХВ: owns its revenue
    OPERATIONAL_MANAGEMENT = "operational_management"  # КГКП, казенное предприятие


class BankAccountKind(Shown):
    """Whose money lies on a bank account."""

    BANK = "bank"  # the enterprise's own account in a bank
    BUDGET_KSN = "budget_ksn"  # the control cash account of the district's budget in the treasury
    SELF_GOVERNMENT_KSN = "self_government_ksn"  # КСН МСУ: another account, of the akim's office


class SignatoryRole(Shown):
    """Who signs which document."""

    HEAD = "head"
    CHIEF_ACCOUNTANT = "chief_accountant"
    CASHIER = "cashier"


class KatoPlace(Base):
    """One place of the official classifier of territorial units (НК РК 11, KATO)."""

    __tablename__ = "kato_place"

    code: Mapped[str] = mapped_column(String(9), primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(String(9), index=True)
    name_kk: Mapped[str | None] = mapped_column(String(200))  # the public CSV has Russian names only
    name_ru: Mapped[str] = mapped_column(String(200))
    name_folded: Mapped[str] = mapped_column(String(401), default="")  # both names, for searching
    edition: Mapped[date]  # the classifier's date that named this place last; reforms renumber places


class District(Base):
    """A rural district (сельский округ): the tenant, with its own fourth-level budget."""

    __tablename__ = "district"

    id: Mapped[int] = mapped_column(primary_key=True)  # small on purpose: it leads every key
    kato_code: Mapped[str] = mapped_column(ForeignKey("kato_place.code"), unique=True)
    name_kk: Mapped[str] = mapped_column(String(200))
    name_ru: Mapped[str] = mapped_column(String(200))
    last_account_serial: Mapped[int] = mapped_column(
        default=0
    )  # of personal accounts; locked while one is given


class Enterprise(Versioned, Identified, Base):
    """The district's communal enterprise (or the akim's office itself) that delivers services and bills."""

    __tablename__ = "enterprise"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        UniqueConstraint("district_id", "bin"),
        one_of("form", EnterpriseForm),
    )

    bin: Mapped[str] = mapped_column(String(12))
    form: Mapped[EnterpriseForm] = mapped_column(EnumType(EnterpriseForm))
    name_kk: Mapped[str] = mapped_column(String(300))
    name_ru: Mapped[str] = mapped_column(String(300))
    address_kk: Mapped[str] = mapped_column(String(300))
    address_ru: Mapped[str] = mapped_column(String(300))
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(200))
    payment_term_days: Mapped[int] = mapped_column(default=20)  # from the invoice's date to its due date


class CalendarDay(Base):
    """A day of the country that is not what its weekday says: a holiday, or a moved working day."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(200))  # the holiday, or the decree that moved the day


class BankAccount(Identified, Base):
    """An account of the enterprise or of the budget: IBAN (ИИК), BIC (БИК), beneficiary code (КБе)."""

    __tablename__ = "bank_account"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        UniqueConstraint("district_id", "iban"),
        Index(
            "uq_bank_account_primary",
            "district_id",
            "enterprise_id",
            unique=True,
            sqlite_where=text("is_primary"),
            postgresql_where=text("is_primary"),
        ),
        one_of("kind", BankAccountKind),
    )

    enterprise_id: Mapped[UUID]
    kind: Mapped[BankAccountKind] = mapped_column(EnumType(BankAccountKind))
    iban: Mapped[str] = mapped_column(String(20))
    bic: Mapped[str] = mapped_column(String(11))
    bank_name_kk: Mapped[str] = mapped_column(String(200))
    bank_name_ru: Mapped[str] = mapped_column(String(200))
    kbe: Mapped[str] = mapped_column(String(2))
    is_primary: Mapped[bool] = mapped_column(default=False)  # printed on invoices; one per enterprise


class Weekday(Shown):
    """A day of the week, in the order of the country's calendars."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


@dataclass(frozen=True, slots=True)
class Opening:
    """A time of a weekday during which somebody is there; before and after a break there are two."""

    weekday: Weekday
    opens_at: time
    closes_at: time


class CashDesk(Versioned, Identified, Base):
    """A place where residents pay an enterprise in cash, and when."""

    __tablename__ = "cash_desk"
    __table_args__ = (within_district("enterprise_id", "enterprise"),)

    enterprise_id: Mapped[UUID]
    name_kk: Mapped[str] = mapped_column(String(200))
    name_ru: Mapped[str] = mapped_column(String(200))
    address_kk: Mapped[str] = mapped_column(String(300))
    address_ru: Mapped[str] = mapped_column(String(300))
    hours: Mapped[list[list[str]]] = mapped_column(JSON)  # weekday, from, to: in order, without overlap
    is_open: Mapped[bool] = mapped_column(default=True)  # False once it is given up

    @property
    def openings(self) -> list[Opening]:
        """When somebody is there, from Monday on."""
        return [
            Opening(Weekday(weekday), time.fromisoformat(opens_at), time.fromisoformat(closes_at))
            for weekday, opens_at, closes_at in self.hours
        ]


class VatRegistration(Identified, Base):
    """A time during which the enterprise is registered for VAT; outside of it its invoices say «Без НДС»."""

    __tablename__ = "vat_registration"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_start"),
        UniqueConstraint("district_id", "enterprise_id", "valid_from"),
    )

    enterprise_id: Mapped[UUID]
    certificate_number: Mapped[str] = mapped_column(String(30))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Signatory(Identified, Base):
    """A person who signs for the enterprise from a date on."""

    __tablename__ = "signatory"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        UniqueConstraint("district_id", "enterprise_id", "role", "valid_from"),
        one_of("role", SignatoryRole),
    )

    enterprise_id: Mapped[UUID]
    role: Mapped[SignatoryRole] = mapped_column(EnumType(SignatoryRole))
    name: Mapped[str] = mapped_column(String(200))
    position_kk: Mapped[str] = mapped_column(String(200))
    position_ru: Mapped[str] = mapped_column(String(200))
    valid_from: Mapped[date]


class NumberSeries(InDistrict, Base):
    """The last number given in a gapless series of documents; a new year starts at 1.

    The row is locked from the taking of a number to the commit, so a rolled-back document leaves no gap.
    """

    __tablename__ = "number_series"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        CheckConstraint("last_number >= 0", name="last_number_not_negative"),
    )

    enterprise_id: Mapped[UUID] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(String(30), primary_key=True)  # invoice, act, credit_note, cash_order
    year: Mapped[int] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(default=0)

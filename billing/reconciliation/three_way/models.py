"""Registries of providers as they came, and the days that an accountant has signed off.

A sign-off is a fact: the three sums of a provider's day, and who vouched for them. That the day is frozen is
a claim (``payments.models.SignedDay``); taking the sign-off back removes the claim and keeps the fact.
"""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import within_district
from billing.kernel.db import Base, Identified, InDistrict, Versioned
from billing.kernel.money import Money


class RegistryProfile(Versioned, InDistrict, Base):
    """How a provider calls the columns of its registry, where the usual names do not fit."""

    __tablename__ = "registry_profile"
    __table_args__ = (within_district("provider_id", "provider"),)

    provider_id: Mapped[UUID] = mapped_column(primary_key=True)
    headings: Mapped[dict[str, Any]] = mapped_column(JSON)  # lists of names by our field


class ProviderRegistry(Identified, Base):
    """A provider's list of the payments it took, as a file taken in."""

    __tablename__ = "provider_registry"
    __table_args__ = (
        within_district("provider_id", "provider"),
        # The same file once more is the same registry.
        UniqueConstraint("district_id", "provider_id", "sha256"),
        CheckConstraint("last_day >= first_day", name="ends_after_start"),
        Index(None, "district_id", "provider_id", "first_day"),
    )

    provider_id: Mapped[UUID]
    sha256: Mapped[str] = mapped_column(String(64))  # of the file
    file_name: Mapped[str] = mapped_column(String(200))
    first_day: Mapped[date]  # it tells all payments of these days
    last_day: Mapped[date]
    amount: Mapped[Money]  # of all its rows
    row_count: Mapped[int]  # in the file
    new_row_count: Mapped[int]  # the others were known from earlier files
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RegistryRow(Identified, Base):
    """One payment as the provider tells it. Never changed."""

    __tablename__ = "registry_row"
    __table_args__ = (
        within_district("registry_id", "provider_registry"),
        within_district("provider_id", "provider"),
        # A transaction stands in as many files as the provider likes, and is one payment.
        UniqueConstraint("district_id", "provider_id", "outside_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index(None, "district_id", "provider_id", "paid_on"),
        Index(None, "district_id", "registry_id"),
    )

    registry_id: Mapped[UUID]  # the file that told it first
    provider_id: Mapped[UUID]
    line: Mapped[int]  # in that file, as a spreadsheet shows it
    outside_id: Mapped[str] = mapped_column(String(100))  # the provider's transaction
    account: Mapped[str] = mapped_column(String(100))  # what the payer typed; '' where the list has none
    amount: Mapped[Money]
    paid_on: Mapped[date]  # in the district's calendar
    paid_at: Mapped[time | None]  # of that day's clock; None where the list has none
    raw: Mapped[dict[str, Any]] = mapped_column(JSON)  # its cells as they came, by our fields


class DaySignOff(Identified, Base):
    """An accountant's word that a provider's day agrees, or why it need not, with the sums as they stood."""

    __tablename__ = "day_sign_off"
    __table_args__ = (
        within_district("provider_id", "provider"),
        Index(None, "district_id", "provider_id", "day"),
    )

    provider_id: Mapped[UUID]
    day: Mapped[date]
    receipt_count: Mapped[int]  # payments recorded
    receipt_sum: Mapped[Money]
    registry_count: Mapped[int]
    registry_sum: Mapped[Money]
    credited: Mapped[Money]  # on the bank account, of what was paid over
    commission: Mapped[Money]
    returned: Mapped[Money]  # kept by the provider for money given back
    difference: Mapped[Money]  # named when the batch was put together
    why: Mapped[str | None] = mapped_column(String(300))  # where the three sums did not agree
    signed_by: Mapped[UUID | None]
    signed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SignOffUndo(InDistrict, Base):
    """A sign-off taken back: the day may be worked on again."""

    __tablename__ = "sign_off_undo"
    __table_args__ = (within_district("sign_off_id", "day_sign_off"),)

    sign_off_id: Mapped[UUID] = mapped_column(primary_key=True)
    undone_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(300))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

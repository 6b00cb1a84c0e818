"""Invoices, their lines, credit notes, and the periods and acts already billed."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, SmallInteger, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from billing.catalog.models import Unit
from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.dates import Month
from billing.kernel.db import Base, Identified, InDistrict
from billing.kernel.money import Money
from billing.kernel.shown import Shown


class InvoiceStatus(Shown):
    """Where an invoice stands; derived from what is open, credited and due, never stored."""

    ISSUED = "issued"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    OVERDUE = "overdue"
    CREDITED = "credited"


class Invoice(Identified, Base):
    """A «счет на оплату» as issued. Never changed: a correction is a credit note."""

    __tablename__ = "invoice"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        within_district("customer_id", "customer"),
        within_district("contract_id", "contract"),
        UniqueConstraint("district_id", "enterprise_id", "year", "number"),
        # What a receivable points to; first what a customer's invoices are listed by.
        UniqueConstraint("district_id", "customer_id", "issued_on", "enterprise_id", "id"),
        CheckConstraint("total > 0", name="total_positive"),
        CheckConstraint("vat >= 0 AND vat < total", name="vat_within_total"),
        CheckConstraint("due_on >= issued_on", name="due_after_issue"),
        Index(None, "district_id", "issued_on", "id"),
        Index(None, "district_id", "contract_id", "period"),
    )

    enterprise_id: Mapped[UUID]
    year: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[int]  # gapless per enterprise and year
    customer_id: Mapped[UUID]  # whose debt it is
    contract_id: Mapped[UUID | None]
    issued_on: Mapped[date]
    due_on: Mapped[date]
    period: Mapped[Month | None]  # of a contract's charges
    total: Mapped[Money]  # what is to be paid, benefits taken off, VAT included
    vat: Mapped[Money]  # within the total
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)  # parties, bank details, account block as they were
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class InvoiceLine(Identified, Base):
    """One line of an invoice, with everything copied at issue."""

    __tablename__ = "invoice_line"
    __table_args__ = (
        within_district("invoice_id", "invoice"),
        within_district("service_id", "service"),
        within_district("tariff_id", "tariff"),
        within_district("act_id", "completion_act"),
        within_district("charge_id", "contract_charge"),
        within_district("benefit_id", "benefit"),
        UniqueConstraint("district_id", "invoice_id", "position"),
        CheckConstraint("(act_id IS NULL) <> (charge_id IS NULL)", name="one_reason"),
        CheckConstraint("(charge_id IS NULL) = (period IS NULL)", name="charge_has_period"),
        CheckConstraint("total = amount - benefit AND benefit >= 0 AND total >= 0", name="adds_up"),
        CheckConstraint("vat >= 0 AND vat <= total", name="vat_within_total"),
        one_of("unit", Unit),
        Index(None, "district_id", "act_id"),
    )

    invoice_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(SmallInteger)
    service_id: Mapped[UUID]
    tariff_id: Mapped[UUID]
    act_id: Mapped[UUID | None]
    charge_id: Mapped[UUID | None]
    period: Mapped[Month | None]
    supplied_on: Mapped[date]  # the turnover's date: price and tax are those of this day
    service_code: Mapped[str] = mapped_column(String(20))
    name_kk: Mapped[str] = mapped_column(String(300))
    name_ru: Mapped[str] = mapped_column(String(300))
    name_en: Mapped[str] = mapped_column(String(300))
    unit: Mapped[Unit] = mapped_column(EnumType(Unit))
    quantity: Mapped[Decimal]
    unit_price: Mapped[Money]  # VAT included
    amount: Mapped[Money]  # quantity × price
    benefit: Mapped[Money]  # taken off
    benefit_id: Mapped[UUID | None]
    total: Mapped[Money]
    vat_rate_bp: Mapped[int | None]  # None: «Без НДС»
    vat: Mapped[Money]  # within the total
    revenue_code: Mapped[str] = mapped_column(String(6))


class BilledPeriod(InDistrict, Base):
    """A contract's service billed for a month: the key makes a second billing impossible.

    Crediting the whole line removes the row, so that the month can be billed rightly.
    """

    __tablename__ = "billed_period"
    __table_args__ = (
        within_district("contract_id", "contract"),
        within_district("service_id", "service"),
        within_district("invoice_line_id", "invoice_line"),
        UniqueConstraint("district_id", "invoice_line_id"),
    )

    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    service_id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[Month] = mapped_column(primary_key=True)
    invoice_line_id: Mapped[UUID]


class BilledAct(InDistrict, Base):
    """An act that stands on an invoice: the key makes a second billing impossible.

    Crediting the whole line removes the row, so that the work can be billed rightly.
    """

    __tablename__ = "billed_act"
    __table_args__ = (
        within_district("act_id", "completion_act"),
        within_district("invoice_line_id", "invoice_line"),
        UniqueConstraint("district_id", "invoice_line_id"),
    )

    act_id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_line_id: Mapped[UUID]


class CreditNote(Identified, Base):
    """What is taken off an invoice, with the reason. Never changed."""

    __tablename__ = "credit_note"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        within_district("invoice_id", "invoice"),
        within_district("customer_id", "customer"),
        UniqueConstraint("district_id", "enterprise_id", "year", "number"),
        CheckConstraint("total > 0", name="total_positive"),
        Index(None, "district_id", "invoice_id"),
    )

    enterprise_id: Mapped[UUID]
    year: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[int]
    invoice_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    issued_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(300))
    total: Mapped[Money]
    vat: Mapped[Money]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CreditNoteLine(InDistrict, Base):
    """What is taken off one invoice line."""

    __tablename__ = "credit_note_line"
    __table_args__ = (
        within_district("credit_note_id", "credit_note"),
        within_district("invoice_line_id", "invoice_line"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("vat >= 0 AND vat <= amount", name="vat_within_amount"),
        Index(None, "district_id", "invoice_line_id"),
    )

    credit_note_id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_line_id: Mapped[UUID] = mapped_column(primary_key=True)
    amount: Mapped[Money]
    vat: Mapped[Money]

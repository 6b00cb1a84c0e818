"""Service orders, who was assigned, their history, the work done and the acts of completed work."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from billing.catalog.models import Unit
from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified, InDistrict, Versioned
from billing.kernel.money import Money
from billing.kernel.shown import Shown


class OrderState(Shown):
    """Where an order stands."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    ASSIGNED = "assigned"
    COMPLETED = "completed"
    INVOICED = "invoiced"
    CANCELLED = "cancelled"


class ServiceOrder(Versioned, Identified, Base):
    """One piece of work a customer asked for."""

    __tablename__ = "service_order"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        within_district("customer_id", "customer"),
        within_district("service_id", "service"),
        within_district("contract_id", "contract"),
        UniqueConstraint("district_id", "enterprise_id", "year", "number"),
        UniqueConstraint("district_id", "enterprise_id", "outside_reference"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint(
            "(state IN ('completed', 'invoiced')) = (completed_on IS NOT NULL)", name="completed_dated"
        ),
        CheckConstraint("(state = 'cancelled') = (cancel_reason IS NOT NULL)", name="cancelled_has_reason"),
        one_of("state", OrderState),
        Index(None, "district_id", "customer_id"),
        Index(None, "district_id", "state", "requested_on"),
    )

    enterprise_id: Mapped[UUID]
    year: Mapped[int]
    number: Mapped[int]
    customer_id: Mapped[UUID]
    service_id: Mapped[UUID]
    contract_id: Mapped[UUID | None]  # None: ordered without a contract
    requested_on: Mapped[date]
    planned_on: Mapped[date | None]
    quantity: Mapped[Decimal]  # asked for, in the service's unit
    place: Mapped[str] = mapped_column(String(300), default="")
    note: Mapped[str] = mapped_column(String(1000), default="")
    state: Mapped[OrderState] = mapped_column(EnumType(OrderState), default=OrderState.DRAFT)
    completed_on: Mapped[date | None]
    cancel_reason: Mapped[str | None] = mapped_column(String(300))
    outside_reference: Mapped[str | None] = mapped_column(String(100))  # the row of an imported list


class OrderAssignment(InDistrict, Base):
    """Who is to do an order: a hired worker (engagement) or a contractor (contract)."""

    __tablename__ = "order_assignment"
    __table_args__ = (
        within_district("order_id", "service_order"),
        within_district("engagement_id", "engagement"),
        within_district("contractor_contract_id", "contractor_contract"),
        CheckConstraint("(engagement_id IS NULL) <> (contractor_contract_id IS NULL)", name="one_doer"),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    engagement_id: Mapped[UUID | None]
    contractor_contract_id: Mapped[UUID | None]


class OrderTransition(Identified, Base):
    """One step in an order's life: from which state to which, who, when, why."""

    __tablename__ = "order_transition"
    __table_args__ = (
        within_district("order_id", "service_order"),
        one_of("to_state", OrderState),
        Index(None, "district_id", "order_id"),
    )

    order_id: Mapped[UUID]
    from_state: Mapped[OrderState | None] = mapped_column(EnumType(OrderState))
    to_state: Mapped[OrderState] = mapped_column(EnumType(OrderState))
    reason: Mapped[str | None] = mapped_column(String(300))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WorkDone(Identified, Base):
    """What one doer did for a completed order, and what it cost the enterprise."""

    __tablename__ = "work_done"
    __table_args__ = (
        within_district("order_id", "service_order"),
        within_district("engagement_id", "engagement"),
        within_district("contractor_contract_id", "contractor_contract"),
        CheckConstraint("(engagement_id IS NULL) <> (contractor_contract_id IS NULL)", name="one_doer"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("cost >= 0", name="cost_not_negative"),
        one_of("unit", Unit),
        Index(None, "district_id", "order_id"),
        Index(None, "district_id", "contractor_contract_id"),
    )

    order_id: Mapped[UUID]
    engagement_id: Mapped[UUID | None]
    contractor_contract_id: Mapped[UUID | None]
    quantity: Mapped[Decimal]
    unit: Mapped[Unit] = mapped_column(EnumType(Unit))
    rate: Mapped[Money]  # copied from the engagement or the contract's version
    cost: Mapped[Money]
    done_on: Mapped[date]


class CompletionAct(Identified, Base):
    """The act of completed work (form Р-1): quantity × price frozen at completion. Never changed."""

    __tablename__ = "completion_act"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        within_district("customer_id", "customer"),
        within_district("order_id", "service_order"),
        within_district("service_id", "service"),
        within_district("tariff_id", "tariff"),
        UniqueConstraint("district_id", "order_id"),
        UniqueConstraint("district_id", "enterprise_id", "year", "number"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        one_of("unit", Unit),
    )

    enterprise_id: Mapped[UUID]
    year: Mapped[int]
    number: Mapped[int]
    order_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    service_id: Mapped[UUID]
    tariff_id: Mapped[UUID]
    completed_on: Mapped[date]  # the date of the turnover: price and tax are those of this day
    quantity: Mapped[Decimal]
    unit: Mapped[Unit] = mapped_column(EnumType(Unit))
    unit_price: Mapped[Money]  # VAT included
    amount: Mapped[Money]  # quantity × price, before benefits
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)  # names, addresses, signatories as they were

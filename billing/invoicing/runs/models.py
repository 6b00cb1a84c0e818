"""Billing runs, what each found for every contract, and the invoices that came of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, SmallInteger, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.dates import Month
from billing.kernel.db import Base, Identified, InDistrict
from billing.kernel.money import ZERO, Money
from billing.kernel.shown import Shown


class RunStage(Shown):
    """What a run is at. Contracts come first, because every run bills them."""

    CONTRACTS = "contracts"
    ORDERS = "orders"  # completed work, customer by customer
    PAPERS = "papers"  # everything is billed; the invoices are printed and archived
    FINISHED = "finished"


class RunOutcome(Shown):
    """What a run did for a contract, or for a customer's completed work."""

    BILLED = "billed"
    NOTHING_DUE = "nothing_due"  # nothing charged, or billed before: the code says which
    REFUSED = "refused"  # parked with its reason; a later run tries again


class InvoiceWay(Shown):
    """How an invoice gets to its customer. What could not be sent is carried round."""

    PAPER = "paper"
    WAITING = "waiting"  # to be sent by e-mail
    SENT = "sent"
    GIVEN_UP = "given_up"  # our mail server did not take it for days
    BOUNCED = "bounced"  # the mailbox takes no letters

    @property
    def is_carried(self) -> bool:
        """Whether somebody has to carry it."""
        return self in {InvoiceWay.PAPER, *UNDELIVERED}


UNDELIVERED = (InvoiceWay.GIVEN_UP, InvoiceWay.BOUNCED)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a stage of a run goes since it was taken up, and how long it will go on at this pace."""

    per_minute: int
    left: timedelta


class BillingRun(Identified, Base):
    """One enterprise's charges of a month, billed to everybody.

    The row says how far the work has come, and is locked by whoever does the next batch. Whatever is killed
    goes on from here: a batch is committed with its results, its counts, and ``done_through``, or not at all.
    """

    __tablename__ = "billing_run"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        CheckConstraint("first_period <= period", name="catches_up_in_order"),
        CheckConstraint("(stage = 'finished') = (finished_at IS NOT NULL)", name="finished_has_instant"),
        CheckConstraint("(halted_by IS NULL) = (halted_facts IS NULL)", name="halt_has_facts"),
        CheckConstraint("stage <> 'orders' OR include_orders", name="orders_were_asked_for"),
        CheckConstraint("printed >= 0 AND printed <= invoices", name="printed_within_invoices"),
        one_of("stage", RunStage),
        Index(None, "district_id", "recorded_at", "id"),
        Index(
            "ix_billing_run_unfinished",
            "district_id",
            "id",
            sqlite_where=text("stage <> 'finished'"),
            postgresql_where=text("stage <> 'finished'"),
        ),
    )

    enterprise_id: Mapped[UUID]
    period: Mapped[Month]  # the month that is billed
    first_period: Mapped[Month]  # months from here on that were never billed are caught up
    include_orders: Mapped[bool]  # bill completed work too
    issued_on: Mapped[date]  # of the invoices
    stage: Mapped[RunStage] = mapped_column(EnumType(RunStage), default=RunStage.CONTRACTS)
    # The last contract or customer of the stage that has its result, or invoice that has its paper.
    done_through: Mapped[UUID | None]
    subjects: Mapped[int]  # contracts, and customers with completed work, counted at the start
    billed: Mapped[int] = mapped_column(default=0)
    nothing_due: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    invoices: Mapped[int] = mapped_column(default=0)
    printed: Mapped[int] = mapped_column(default=0)  # invoices whose papers are archived
    total: Mapped[Money] = mapped_column(default=ZERO)  # of the invoices, VAT included
    worker: Mapped[str | None] = mapped_column(String(100))  # the process that took it up last
    taken_up_at: Mapped[datetime | None]
    done_when_taken_up: Mapped[int] = mapped_column(default=0)  # of the stage; the rate counts from here
    heartbeat_at: Mapped[datetime | None]  # of the last batch; an old one means that its worker is dead
    halted_by: Mapped[str | None] = mapped_column(String(60))  # a refusal that concerns every contract
    halted_facts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    @property
    def done(self) -> int:
        """How many contracts and customers have their result."""
        return self.billed + self.nothing_due + self.refused

    @property
    def progress(self) -> tuple[int, int]:
        """How much of the stage is done, and of how much."""
        if self.stage is RunStage.PAPERS:
            return self.printed, self.invoices
        return self.done, self.subjects

    @property
    def pace(self) -> Pace | None:
        """The pace of an unfinished run; None before its first batch, or the stage's."""
        if self.is_finished or self.taken_up_at is None or self.heartbeat_at is None:
            return None
        so_far, whole = self.progress
        worked, done = self.heartbeat_at - self.taken_up_at, so_far - self.done_when_taken_up
        if done <= 0 or worked <= timedelta(0):
            return None
        left = max(whole - so_far, 0)
        return Pace(done * timedelta(minutes=1) // worked, worked * left // done)

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.stage is RunStage.FINISHED


class BillingRunResult(Identified, Base):
    """What a run did for one contract, or for one customer's completed work. Never changed."""

    __tablename__ = "billing_run_result"
    __table_args__ = (
        within_district("run_id", "billing_run"),
        within_district("contract_id", "contract"),
        within_district("customer_id", "customer"),
        UniqueConstraint("district_id", "run_id", "contract_id"),
        Index(
            "uq_billing_run_result_work_of_customer",
            "district_id",
            "run_id",
            "customer_id",
            unique=True,
            sqlite_where=text("contract_id IS NULL"),
            postgresql_where=text("contract_id IS NULL"),
        ),
        CheckConstraint("(outcome = 'billed') = (code IS NULL)", name="otherwise_a_reason"),
        CheckConstraint("(outcome = 'billed') = (invoices > 0)", name="billed_by_invoices"),
        CheckConstraint("(outcome = 'billed') = (total > 0)", name="billed_a_sum"),
        one_of("outcome", RunOutcome),
        Index(None, "district_id", "run_id", "outcome", "id"),
    )

    run_id: Mapped[UUID]
    contract_id: Mapped[UUID | None]  # None: the customer's completed work
    customer_id: Mapped[UUID]
    outcome: Mapped[RunOutcome] = mapped_column(EnumType(RunOutcome))
    code: Mapped[str | None] = mapped_column(String(60))  # of the refusal
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)  # of the refusal, with their types
    invoices: Mapped[int] = mapped_column(SmallInteger)  # several where skipped months were caught up
    total: Mapped[Money]  # of these invoices


class BillingRunInvoice(InDistrict, Base):
    """An invoice that a run issued."""

    __tablename__ = "billing_run_invoice"
    __table_args__ = (
        within_district("run_id", "billing_run"),
        within_district("result_id", "billing_run_result"),
        within_district("invoice_id", "invoice"),
        UniqueConstraint("district_id", "invoice_id"),
    )

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    result_id: Mapped[UUID]


class BillingSchedule(InDistrict, Base):
    """When an enterprise's months are billed by themselves."""

    __tablename__ = "billing_schedule"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        CheckConstraint("day_of_month BETWEEN 1 AND 28", name="day_in_every_month"),
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour_of_day"),
    )

    enterprise_id: Mapped[UUID] = mapped_column(primary_key=True)
    day_of_month: Mapped[int] = mapped_column(SmallInteger)  # or the next working day
    hour: Mapped[int] = mapped_column(SmallInteger)  # on the wall in Kazakhstan
    bills_previous_month: Mapped[bool]  # else the month in which it starts
    include_orders: Mapped[bool]
    is_active: Mapped[bool]
    last_month: Mapped[Month]  # the last month in which a run was started, or was not to be

"""Where the money of payments went: allocations to invoice lines, and the revenue line each became."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.budget.models import RevenueLine
from billing.invoicing.models import Invoice, InvoiceLine
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.receivables.models import Allocation


@dataclass(frozen=True, slots=True)
class TrailStep:
    """A part of a payment on its way into the budget.

    Attributes:
        amount: negative where it was taken back.
        vat: within the amount; never revenue.
        code: of the revenue line; None where the enterprise's policy posts none.
    """

    invoice: Invoice
    line: InvoiceLine
    allocated_on: date
    amount: Money
    vat: Money
    code: str | None
    month: Month | None
    revenue: Money | None


def trail_of(session: Session, payment_id: UUID) -> list[TrailStep]:
    """Every step of a payment's money, in the order it was taken; releases stand as steps of their own."""
    return trails_of(session, [payment_id])[payment_id]


def trails_of(session: Session, payment_ids: Collection[UUID]) -> dict[UUID, list[TrailStep]]:
    """The steps of several payments' money, in two queries."""
    rows = session.execute(
        select(Allocation, InvoiceLine, Invoice)
        .join(
            InvoiceLine,
            (InvoiceLine.district_id == Allocation.district_id)
            & (InvoiceLine.id == Allocation.invoice_line_id),
        )
        .join(
            Invoice, (Invoice.district_id == Allocation.district_id) & (Invoice.id == Allocation.invoice_id)
        )
        .where(Allocation.payment_id.in_(payment_ids))
        .order_by(Allocation.allocated_on, Allocation.id)
    ).all()
    revenue = _revenue(session, payment_ids)
    trails: dict[UUID, list[TrailStep]] = {payment_id: [] for payment_id in payment_ids}
    for allocation, line, invoice in rows:
        trails[allocation.payment_id].append(_step(allocation, line, invoice, revenue))
    return trails


def _revenue(session: Session, payment_ids: Collection[UUID]) -> dict[tuple[UUID | None, bool], RevenueLine]:
    """Revenue lines by allocation; a line that takes one back carries the allocation that was released."""
    lines = session.scalars(select(RevenueLine).where(RevenueLine.payment_id.in_(payment_ids)))
    return {(line.allocation_id, line.amount.tiyn < 0): line for line in lines}


def _step(
    allocation: Allocation,
    line: InvoiceLine,
    invoice: Invoice,
    revenue: dict[tuple[UUID | None, bool], RevenueLine],
) -> TrailStep:
    back = allocation.reverses_id is not None
    posted = revenue.get((allocation.reverses_id if back else allocation.id, back))
    return TrailStep(
        invoice=invoice,
        line=line,
        allocated_on=allocation.allocated_on,
        amount=allocation.amount,
        vat=allocation.vat,
        code=posted.code if posted is not None else None,
        month=posted.month if posted is not None else None,
        revenue=posted.amount if posted is not None else None,
    )

"""Opens lines of invoices, and says what is owed and paid ahead; settling stands in a file beside."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.bulk import insert_rows
from billing.kernel.columns import money_sum
from billing.kernel.db import district_of
from billing.kernel.money import ZERO, Money
from billing.receivables.allocation import Plan
from billing.receivables.models import Advance, Receivable
from billing.receivables.open_lines import (
    NotOpenForCustomer,
    OpenLines,
    load_open_lines,
    open_lines,
)
from billing.receivables.settlement import (
    SETTLED_ON,
    AdvanceTooSmall,
    Settlement,
    Settling,
    Source,
    consume_advances,
    lower,
    open_advances,
    settle,
    take_from_advance,
)

__all__ = [
    "SETTLED_ON",
    "AdvanceTooSmall",
    "NotOpenForCustomer",
    "OpenLines",
    "OwedLine",
    "Settlement",
    "Settling",
    "Source",
    "advance_of",
    "consume_advances",
    "debt_of",
    "load_open_lines",
    "lower",
    "open_advances",
    "open_lines",
    "open_receivables",
    "preview",
    "settle",
    "take_from_advance",
]


class OwedLine(NamedTuple):
    """An invoice line as it becomes a debt: all of it is open."""

    invoice_line_id: UUID
    invoice_id: UUID
    enterprise_id: UUID
    customer_id: UUID
    payer_id: UUID | None
    service_id: UUID
    revenue_code: str
    invoice_year: int
    invoice_number: int
    position: int
    issued_on: date
    due_on: date
    total: Money
    open_vat: Money


RECEIVABLE = ("district_id", *OwedLine._fields, "credited", "open_amount")


def open_receivables(session: Session, lines: Sequence[OwedLine]) -> None:
    """Open the lines of issued invoices; lines of zero are nobody's debt and stay out."""
    district_id = district_of(session)
    rows = [(district_id, *line, ZERO, line.total) for line in lines if line.total > ZERO]
    insert_rows(session, Receivable, RECEIVABLE, rows)


def debt_of(session: Session, enterprise_id: UUID, customer_id: UUID) -> Money:
    """What a customer owes on issued invoices."""
    owed = session.scalar(
        select(money_sum(Receivable.open_amount)).where(
            Receivable.enterprise_id == enterprise_id,
            Receivable.customer_id == customer_id,
            Receivable.open_amount > ZERO,
        )
    )
    return owed or ZERO


def advance_of(session: Session, enterprise_id: UUID, customer_id: UUID) -> Money:
    """What a customer has paid ahead."""
    held = session.scalar(
        select(money_sum(Advance.open_amount)).where(
            Advance.enterprise_id == enterprise_id,
            Advance.customer_id == customer_id,
            Advance.open_amount > ZERO,
        )
    )
    return held or ZERO


def preview(
    session: Session,
    enterprise_id: UUID,
    customer_id: UUID,
    amount: Money,
    named: Collection[UUID] = (),
) -> Plan:
    """How a sum from a customer would be allocated now. Writes nothing.

    Raises:
        NotOpenForCustomer: a named invoice is not among the customer's open ones.
    """
    return load_open_lines(session, enterprise_id, [customer_id]).plan(customer_id, amount, named)

"""How invoices stand: what is open, credited and paid of them, and the status that follows. Only reads."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, literal, select
from sqlalchemy.orm import Session

from billing.invoicing.models import Invoice, InvoiceLine, InvoiceStatus
from billing.kernel.columns import money_sum
from billing.kernel.errors import NotFound
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import Page, PageRequest, page_of
from billing.receivables.models import Advance, Allocation, Receivable

SORTS = {
    "-issued_on": (Invoice.issued_on, Invoice.id),
    "number": (Invoice.year, Invoice.number, Invoice.id),
    "total": (Invoice.total, Invoice.id),
    "due_on": (Invoice.due_on, Invoice.id),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """An invoice and how it stands on a day.

    Attributes:
        open_amount: still to be paid.
        credited: taken off by credit notes.
    """

    invoice: Invoice
    open_amount: Money
    credited: Money
    status: InvoiceStatus

    @property
    def paid(self) -> Money:
        """Settled by payments and advances."""
        return self.invoice.total - self.credited - self.open_amount


def status_of(total_: Money, open_amount: Money, credited: Money, due_on: date, today: date) -> InvoiceStatus:
    """Where an invoice stands: derived from what the receivables' ledger says, never stored."""
    if open_amount == ZERO:
        return InvoiceStatus.CREDITED if credited == total_ else InvoiceStatus.PAID
    if due_on < today:
        return InvoiceStatus.OVERDUE
    return InvoiceStatus.ISSUED if open_amount + credited == total_ else InvoiceStatus.PARTLY_PAID


def standing_of(session: Session, invoice_id: UUID, *, today: date) -> Standing:
    """An invoice and how it stands on a day.

    Raises:
        NotFound: no such invoice.
    """
    row = session.execute(_standings().where(Invoice.id == invoice_id)).one_or_none()
    if row is None:
        raise NotFound(kind="invoice", id=invoice_id)
    return _standing(row, today)


def standings_of(session: Session, invoice_ids: Collection[UUID], *, today: date) -> list[Standing]:
    """How several invoices stand on a day, by their numbers; ids nobody knows are left out."""
    rows = session.execute(
        _standings().where(Invoice.id.in_(invoice_ids)).order_by(Invoice.year, Invoice.number, Invoice.id)
    )
    return [_standing(row, today) for row in rows]


@dataclass(frozen=True, slots=True)
class LineStanding:
    """A line of an invoice and how it stands.

    Attributes:
        open_amount: still to be paid; zero for a line that a benefit took off as a whole.
        credited: taken off by credit notes.
    """

    line: InvoiceLine
    open_amount: Money
    credited: Money


def line_standings(session: Session, invoice_id: UUID) -> list[LineStanding]:
    """An invoice's lines in their order, and how each stands."""
    rows = session.execute(
        select(InvoiceLine, Receivable.open_amount, Receivable.credited)
        .outerjoin(
            Receivable,
            (Receivable.district_id == InvoiceLine.district_id)
            & (Receivable.invoice_line_id == InvoiceLine.id),
        )
        .where(InvoiceLine.invoice_id == invoice_id)
        .order_by(InvoiceLine.position)
    )
    return [LineStanding(line, open_ or ZERO, credited or ZERO) for line, open_, credited in rows]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a payment holds on an invoice: allocated and not released again."""

    payment_id: UUID
    received_on: date
    amount: Money


def settlements_of(session: Session, invoice_id: UUID) -> list[Settlement]:
    """The payments that settle an invoice now, the oldest first."""
    amount = money_sum(Allocation.amount)
    rows = session.execute(
        select(Allocation.payment_id, Advance.received_on, amount)
        .join(
            Advance,
            (Advance.district_id == Allocation.district_id) & (Advance.payment_id == Allocation.payment_id),
        )
        .where(Allocation.invoice_id == invoice_id)
        .group_by(Allocation.payment_id, Advance.received_on)
        .having(amount > ZERO)
        .order_by(Advance.received_on, Allocation.payment_id)
    )
    return [Settlement(*row) for row in rows]


def list_invoices(
    session: Session,
    request: PageRequest,
    *,
    today: date,
    customer_id: UUID | None = None,
    enterprise_id: UUID | None = None,
    status: InvoiceStatus | None = None,
    number: int | None = None,
    issued_from: date | None = None,
    issued_to: date | None = None,
) -> Page[Standing]:
    """Invoices with how they stand, the latest first, in one query.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = _standings()
    conditions: list[tuple[Any, ColumnElement[bool]]] = [
        (customer_id, Invoice.customer_id == customer_id),
        (enterprise_id, Invoice.enterprise_id == enterprise_id),
        (number, Invoice.number == number),
        (issued_from, Invoice.issued_on >= issued_from if issued_from else literal(True)),
        (issued_to, Invoice.issued_on <= issued_to if issued_to else literal(True)),
        (status, _status(today) == (status.value if status else "")),
    ]
    for value, condition in conditions:
        if value is not None:
            statement = statement.where(condition)
    page = page_of(session, statement, SORTS, request)
    return Page([_standing(row, today) for row in page.items], page.next_cursor)


def _sum_of(amount: Any) -> ColumnElement[Money]:
    return (
        select(money_sum(amount))
        .where(Receivable.district_id == Invoice.district_id, Receivable.invoice_id == Invoice.id)
        .correlate(Invoice)
        .scalar_subquery()
    )


def _standings() -> Select[Invoice, Money, Money]:
    return select(
        Invoice,
        _sum_of(Receivable.open_amount).label("open_amount"),
        _sum_of(Receivable.credited).label("credited"),
    )


def _status(today: date) -> ColumnElement[str]:
    """The rule of ``status_of`` in SQL, for filtering; a test holds the two to the same answers."""
    open_amount, credited = _sum_of(Receivable.open_amount), _sum_of(Receivable.credited)
    return case(
        (
            open_amount == ZERO,
            case((credited == Invoice.total, InvoiceStatus.CREDITED.value), else_=InvoiceStatus.PAID.value),
        ),
        (Invoice.due_on < today, InvoiceStatus.OVERDUE.value),
        (open_amount + credited == Invoice.total, InvoiceStatus.ISSUED.value),
        else_=InvoiceStatus.PARTLY_PAID.value,
    )


def _standing(row: Any, today: date) -> Standing:
    invoice, open_amount, credited = row
    status = status_of(invoice.total, open_amount, credited, invoice.due_on, today)
    return Standing(invoice, open_amount, credited, status)

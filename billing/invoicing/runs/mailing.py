"""How the invoices of a run get to their customers: on paper, or by e-mail, and how far that has come."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, case, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from billing.archive.models import DocumentKind
from billing.customers.models import Customer
from billing.invoicing.documents import number_text
from billing.invoicing.models import Invoice
from billing.invoicing.runs.models import UNDELIVERED, BillingRun, BillingRunInvoice, InvoiceWay
from billing.invoicing.runs.service import get_run
from billing.kernel.columns import EnumType
from billing.kernel.money import Money, total
from billing.kernel.paging import PAGE_SIZE_MAX, Page, PageRequest, Sorts, page_of
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.outbox.models import BouncingMailbox, Delivery, EventKind, OutboxEvent

SORTS: Sorts = {"number": [Invoice.year, Invoice.number, Invoice.id]}

COLUMNS = (
    Column("invoice_number", width=12),
    Column("account_number", width=16),
    Column("customer_name", width=36),
    Column("total", Kind.MONEY),
    Column("remark", width=40),
)

# What was sent is a fact. What was not looked at yet goes by what the customer wants now.
WAY = type_coerce(
    case(
        (Delivery.id.is_not(None), cast(Delivery.state, String)),
        (OutboxEvent.dispatched_at.is_not(None) | OutboxEvent.id.is_(None), InvoiceWay.PAPER.value),
        (Customer.invoices_by_email.is_(False), InvoiceWay.PAPER.value),
        (BouncingMailbox.mailbox.is_not(None), InvoiceWay.BOUNCED.value),
        else_=InvoiceWay.WAITING.value,
    ),
    EnumType(InvoiceWay),
)
REASON = case((WAY.in_(UNDELIVERED), func.coalesce(Delivery.last_error, BouncingMailbox.reason)))


@dataclass(frozen=True, slots=True)
class Undelivered:
    """An invoice that was to be sent, and could not be: it is carried round instead.

    Attributes:
        reason: in the words of a mail server.
    """

    invoice_id: UUID
    number: int
    issued_on: date
    total: Money
    customer_id: UUID
    customer_name: str
    account_number: str
    way: InvoiceWay
    reason: str | None


def with_ways(statement: Select[*tuple[Any, ...]], run_id: UUID) -> Select[*tuple[Any, ...]]:
    """A statement over a run's invoices and their customers, which may ask for ``WAY`` and ``REASON``."""
    return (
        statement.select_from(BillingRunInvoice)
        .join(
            Invoice,
            (Invoice.district_id == BillingRunInvoice.district_id)
            & (Invoice.id == BillingRunInvoice.invoice_id),
        )
        .join(
            Customer,
            (Customer.district_id == Invoice.district_id) & (Customer.id == Invoice.customer_id),
        )
        .outerjoin(
            OutboxEvent,
            (OutboxEvent.district_id == Invoice.district_id)
            & (OutboxEvent.subject_id == Invoice.id)
            & (OutboxEvent.kind == EventKind.INVOICE_ISSUED),
        )
        .outerjoin(
            Delivery,
            (Delivery.district_id == OutboxEvent.district_id)
            & (Delivery.event_id == OutboxEvent.id)
            & (Delivery.document_kind == DocumentKind.INVOICE),
        )
        .outerjoin(
            BouncingMailbox,
            (BouncingMailbox.district_id == Customer.district_id)
            & (BouncingMailbox.mailbox == Customer.email),
        )
        .where(BillingRunInvoice.run_id == run_id)
    )


def count_ways(session: Session, run_id: UUID) -> dict[InvoiceWay, int]:
    """How many invoices of a run go which way, every way named.

    Raises:
        NotFound: no such run.
    """
    get_run(session, run_id)
    way = WAY.label("way")
    rows = session.execute(with_ways(select(way, func.count()), run_id).group_by(way))
    counts = dict.fromkeys(InvoiceWay, 0)
    for found, count in rows:
        counts[found] = count
    return counts


def list_undelivered(session: Session, run_id: UUID, request: PageRequest) -> Page[Undelivered]:
    """The invoices of a run that were to be sent and could not be, in the order of their numbers.

    Raises:
        NotFound: no such run.
    """
    get_run(session, run_id)
    statement = with_ways(
        select(
            Invoice.id,
            Invoice.number,
            Invoice.issued_on,
            Invoice.total,
            Customer.id,
            Customer.name,
            Customer.account_number,
            WAY,
            REASON,
        ),
        run_id,
    ).where(WAY.in_(UNDELIVERED))
    page = page_of(session, statement, SORTS, request)
    return Page([Undelivered(*row) for row in page.items], page.next_cursor)


def undelivered_list(session: Session, run: BillingRun) -> ReportTable:
    """All of them as a list, with the sum."""
    items: list[Undelivered] = []
    request: PageRequest | None = PageRequest(limit=PAGE_SIZE_MAX)
    while request is not None:
        page = list_undelivered(session, run.id, request)
        items += page.items
        request = PageRequest(page.next_cursor, PAGE_SIZE_MAX) if page.next_cursor else None
    rows = [
        Row(
            {
                "invoice_number": number_text(each.number),
                "account_number": each.account_number,
                "customer_name": each.customer_name,
                "total": each.total,
                "remark": each.reason,
            }
        )
        for each in items
    ]
    facts = {"period": run.period, "issued_on": run.issued_on}
    return ReportTable("undelivered", facts, COLUMNS, rows, {"total": total(each.total for each in items)})

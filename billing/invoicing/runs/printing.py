"""Papers of a run: archived behind the invoices, batch by batch, and drawn for whoever cannot wait for that.

What an invoice says is frozen when it is issued. So its paper can be drawn a minute later, or by somebody
else after the run was killed, and has the same bytes.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.archive import service as archive
from billing.archive.models import ArchivedDocument, DocumentKind
from billing.invoicing import documents
from billing.invoicing.issued import Issued, IssuedInvoice, IssuedLine
from billing.invoicing.models import Invoice, InvoiceLine
from billing.invoicing.runs.models import BillingRun, BillingRunInvoice
from billing.kernel.bulk import among

INVOICE = tuple(getattr(Invoice, name) for name in IssuedInvoice._fields)
LINE = tuple(getattr(InvoiceLine, name) for name in IssuedLine._fields)


def drawing_late() -> dict[str, Any]:
    """What a session must know to hand out papers that a run has not archived yet."""
    return {archive.LATE: {DocumentKind.INVOICE: _draw}}


def print_batch(session: Session, run: BillingRun, count: int) -> int:
    """Archive the papers of the next invoices of a run, whose row is locked; returns how many they are."""
    statement = select(BillingRunInvoice.invoice_id).where(BillingRunInvoice.run_id == run.id)
    if run.done_through is not None:
        statement = statement.where(BillingRunInvoice.invoice_id > run.done_through)
    ids = session.scalars(statement.order_by(BillingRunInvoice.invoice_id).limit(count)).all()
    if ids:
        documents.archive_invoices(session, _read(session, _without_paper(session, ids)))
        run.done_through = ids[-1]
        run.printed += len(ids)
    return len(ids)


def _without_paper(session: Session, ids: Sequence[UUID]) -> list[UUID]:
    """Invoices that have no paper yet: a run that an earlier version began printed while it billed."""
    known = set(
        session.scalars(
            select(ArchivedDocument.subject_id).where(
                ArchivedDocument.kind == DocumentKind.INVOICE,
                among(session, ArchivedDocument.subject_id, ids),
            )
        )
    )
    return [invoice_id for invoice_id in ids if invoice_id not in known]


def _read(session: Session, ids: Sequence[UUID]) -> list[Issued]:
    """Invoices with their lines as they were issued, in two queries."""
    lines: dict[UUID, list[IssuedLine]] = {}
    for row in session.execute(
        select(*LINE).where(among(session, InvoiceLine.invoice_id, ids)).order_by(InvoiceLine.position)
    ):
        line = IssuedLine(*row)
        lines.setdefault(line.invoice_id, []).append(line)
    rows = session.execute(select(*INVOICE).where(among(session, Invoice.id, ids)).order_by(Invoice.id))
    invoices = [IssuedInvoice(*row) for row in rows]
    return [(invoice, lines[invoice.id]) for invoice in invoices]


def _draw(session: Session, invoice_id: UUID) -> tuple[archive.Issued, bytes] | None:
    """The paper of an invoice that a run has issued; None where there is no such invoice."""
    by_run = select(BillingRunInvoice.run_id).where(BillingRunInvoice.invoice_id == invoice_id)
    if session.scalar(by_run) is None:
        return None
    [issued] = _read(session, [invoice_id])
    return documents.draw_invoice(session, issued)

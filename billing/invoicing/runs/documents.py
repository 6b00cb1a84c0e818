"""Prints all invoices of a run into one file, in the order of delivery."""

from uuid import UUID

from sqlalchemy.orm import Session

from billing.invoicing.documents import invoice_document, payment_link
from billing.invoicing.runs.delivery import deliveries, in_order
from billing.invoicing.runs.models import BillingRun
from billing.invoicing.runs.service import get_run
from billing.kernel.errors import RuleViolation
from invoices import print_file


class NothingToPrint(RuleViolation):
    """The run issued no invoices, or sends them all by e-mail. Facts: ``period``."""

    code = "nothing_to_print"


def print_run(session: Session, run_id: UUID, *, two_up: bool = False, mailed: bool = False) -> bytes:
    """The invoices of a run as one PDF: each as it was archived, village by village, house by house.

    Args:
        two_up: two on a sheet, to be cut into A5.
        mailed: those too that go by e-mail.

    Raises:
        NotFound: no such run.
        NothingToPrint: it issued no invoices, or none is carried round.
    """
    run = get_run(session, run_id)
    carried = deliveries(session, run_id, mailed=mailed)
    if not carried:
        raise NothingToPrint(period=run.period)
    documents = (
        invoice_document(invoice, lines, payment_link(session, invoice))
        for invoice, lines in in_order(session, carried)
    )
    return print_file.render(documents, title=file_name(run), language="kk", two_up=two_up)


def file_name(run: BillingRun) -> str:
    """What a print file is called: ``invoices-2026-11.pdf``."""
    return f"invoices-{run.period}.pdf"

"""What anybody who holds a paper may learn of it: its number, date and sum, and whether it still holds."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.invoicing.documents import number_text
from billing.invoicing.models import CreditNote, Invoice
from billing.invoicing.standing import standing_of
from billing.kernel.db import district_of
from billing.kernel.money import ZERO, Money
from billing.kernel.shown import Shown
from billing.payments.documents import receipt_number
from billing.payments.models import Payment, PaymentReversal

PAPERS = (Invoice, Payment, CreditNote)


class PaperKind(Shown):
    """What a paper is."""

    INVOICE = "invoice"
    RECEIPT = "receipt"  # of a payment, or its cash receipt order
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as its register knows it; it names nobody.

    Attributes:
        credited: taken off an invoice since.
        ended_on: the day it was taken back: a reversed payment, an invoice credited as a whole.
    """

    kind: PaperKind
    number: str
    drawn_on: date
    amount: Money
    credited: Money = ZERO
    ended_on: date | None = None


def find_paper(session: Session, paper_id: UUID, *, today: date) -> Paper | None:
    """The invoice, receipt or credit note of the district with this id; None where it never issued one."""
    key = (district_of(session), paper_id)
    if (invoice := session.get(Invoice, key)) is not None:
        return _invoice(session, invoice, today)
    if (payment := session.get(Payment, key)) is not None:
        reversal = session.get(PaymentReversal, key)
        return Paper(
            PaperKind.RECEIPT,
            receipt_number(payment),
            payment.received_on,
            payment.amount,
            ended_on=None if reversal is None else reversal.reversed_on,
        )
    if (note := session.get(CreditNote, key)) is not None:
        return Paper(PaperKind.CREDIT_NOTE, number_text(note.number), note.issued_on, note.total)
    return None


def _invoice(session: Session, invoice: Invoice, today: date) -> Paper:
    credited = standing_of(session, invoice.id, today=today).credited
    ended_on = None
    if credited == invoice.total:
        notes = select(CreditNote.issued_on).where(CreditNote.invoice_id == invoice.id)
        ended_on = session.scalar(notes.order_by(CreditNote.issued_on.desc()).limit(1))
    return Paper(
        PaperKind.INVOICE,
        number_text(invoice.number),
        invoice.issued_on,
        invoice.total,
        credited=credited,
        ended_on=ended_on,
    )

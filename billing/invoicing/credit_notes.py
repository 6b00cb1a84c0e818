"""Credit notes take all or some of an invoice off again, beside it; money already paid becomes an advance."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from billing.customers import service as customers
from billing.districts.numbering import take_numbers
from billing.invoicing import documents
from billing.invoicing.models import (
    BilledAct,
    BilledPeriod,
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
)
from billing.invoicing.service import get_invoice, lines_of
from billing.kernel.checks import line
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import InvalidInput, NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, total
from billing.kernel.paging import Page, PageRequest, page_of
from billing.ledger import service as ledger
from billing.ledger.chart import INCOME, RECEIVABLES, VAT
from billing.ledger.models import SourceKind
from billing.orders import service as orders
from billing.receivables import corrections
from billing.receivables import service as receivables
from billing.receivables.models import Receivable

SERIES = "credit_note"
SORTS = {
    "-issued_on": (CreditNote.issued_on, CreditNote.id),
    "number": (CreditNote.year, CreditNote.number, CreditNote.id),
}


class NothingToCredit(RuleViolation):
    """Everything on the invoice is credited already. Facts: ``invoice_id``."""

    code = "nothing_to_credit"


class CreditBeforeInvoice(RuleViolation):
    """A credit note cannot be older than its invoice. Facts: ``issued_on``, ``invoice_issued_on``."""

    code = "credit_before_invoice"


def issue_credit_note(
    session: Session,
    invoice_id: UUID,
    *,
    issued_on: date,
    reason: str,
    amounts: Mapping[UUID, Money] | None = None,
) -> CreditNote:
    """Take sums off an invoice's lines, post the opposite of what it posted, and archive the note's PDF.

    Money that had paid for what is taken off is not lost: it becomes the payer's advance, whose revenue
    lines are taken back, and settles this invoice's rest and then his other debts again. A line credited
    as a whole can be billed anew.

    Args:
        amounts: line ids to what is taken off, VAT included; None for all that is left of every line.

    Raises:
        NotFound: no such invoice, or a line of another one.
        InvalidText: no reason, or one of the wrong form.
        InvalidInput: an amount of zero or less.
        CreditExceedsLine: more than is left of a line. Nothing is credited.
        NothingToCredit: nothing is left of any line.
        CreditBeforeInvoice: older than the invoice.
        MonthClosed: ``issued_on`` lies in a closed month.
    """
    reason = line(reason, field="reason", length_max=300)
    invoice = get_invoice(session, invoice_id)
    if issued_on < invoice.issued_on:
        raise CreditBeforeInvoice(issued_on=issued_on, invoice_issued_on=invoice.issued_on)
    left = _lock(session, invoice)
    if amounts is None:
        amounts = {line_id: amount for line_id, amount in left.items() if amount > ZERO}
        if not amounts:
            raise NothingToCredit(invoice_id=invoice_id)
    if not amounts or any(amount <= ZERO for amount in amounts.values()):
        raise InvalidInput(field="amounts")
    if not amounts.keys() <= left.keys():
        raise NotFound(kind="invoice_line", id=", ".join(str(each) for each in amounts.keys() - left.keys()))
    taken_off = corrections.credit(session, amounts, credited_on=issued_on)
    note = _store(session, invoice, taken_off, issued_on, reason)
    _post(session, note)
    lines = lines_of(session, invoice.id)
    _allow_billing_again(session, lines, amounts, left)
    credited = [(line, *taken_off[line.id]) for line in lines if line.id in taken_off]
    documents.archive_credit_note(session, note, invoice, credited)
    receivables.consume_advances(
        session,
        invoice.enterprise_id,
        _payers(session, invoice),
        settled_on=issued_on,
        named=[invoice.id],
    )
    return note


def _payers(session: Session, invoice: Invoice) -> list[UUID]:
    """The customer and whoever pays for him, in the order in which they are locked."""
    others = session.scalars(
        select(Receivable.payer_id).where(
            Receivable.invoice_id == invoice.id, Receivable.payer_id.is_not(None)
        )
    )
    return sorted({invoice.customer_id, *(each for each in others if each is not None)})


def _lock(session: Session, invoice: Invoice) -> dict[UUID, Money]:
    """Lock the payers and the lines; returns what is left of each line to credit."""
    customers.lock_customers(session, _payers(session, invoice))
    rows = session.execute(
        select(Receivable.invoice_line_id, Receivable.total, Receivable.credited)
        .where(Receivable.invoice_id == invoice.id)
        .order_by(Receivable.invoice_line_id)
        .with_for_update()
    )
    return {row.invoice_line_id: row.total - row.credited for row in rows}


def _store(
    session: Session,
    invoice: Invoice,
    taken_off: Mapping[UUID, tuple[Money, Money]],
    issued_on: date,
    reason: str,
) -> CreditNote:
    note = CreditNote(
        district_id=district_of(session),
        id=new_id(),
        enterprise_id=invoice.enterprise_id,
        year=issued_on.year,
        number=take_numbers(session, invoice.enterprise_id, SERIES, issued_on.year),
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        issued_on=issued_on,
        reason=reason,
        total=total(amount for amount, _ in taken_off.values()),
        vat=total(vat for _, vat in taken_off.values()),
        recorded_by=actor_of(session),
    )
    session.add(note)
    session.flush()
    session.execute(
        insert(CreditNoteLine),
        [
            {
                "district_id": note.district_id,
                "credit_note_id": note.id,
                "invoice_line_id": line_id,
                "amount": amount,
                "vat": vat,
            }
            for line_id, (amount, vat) in taken_off.items()
        ],
    )
    return note


def _post(session: Session, note: CreditNote) -> None:
    entries = [
        ledger.Entry(
            debit=account,
            credit=RECEIVABLES,
            amount=amount,
            source_kind=SourceKind.CREDIT_NOTE,
            source_id=note.id,
            position=position,
            party_id=note.customer_id,
            invoice_id=note.invoice_id,
        )
        for position, account, amount in ((0, INCOME, note.total - note.vat), (1, VAT, note.vat))
        if amount > ZERO
    ]
    ledger.post(session, ledger.enterprise_book_id(session, note.enterprise_id), note.issued_on, entries)


def _allow_billing_again(
    session: Session,
    lines: Sequence[InvoiceLine],
    amounts: Mapping[UUID, Money],
    left: Mapping[UUID, Money],
) -> None:
    """Forget that lines were billed of which nothing is left, whatever number of notes it took.

    Lines of zero, of which nothing can be credited, go with the last of the others.
    """
    anew = [line.id for line in lines if line.id in amounts and amounts[line.id] == left[line.id]]
    if all(amounts.get(line_id, ZERO) == amount for line_id, amount in left.items()):
        anew += [line.id for line in lines if line.total == ZERO]
    if not anew:
        return
    district_id = district_of(session)
    acts = session.scalars(select(BilledAct.act_id).where(BilledAct.invoice_line_id.in_(anew))).all()
    for model in (BilledAct, BilledPeriod):
        session.execute(
            delete(model)
            .where(model.district_id == district_id, model.invoice_line_id.in_(anew))
            .execution_options(synchronize_session=False)
        )
    orders.unmark_invoiced(session, acts)


def get_credit_note(session: Session, credit_note_id: UUID) -> CreditNote:
    """A credit note of the district.

    Raises:
        NotFound: no such credit note.
    """
    note = session.get(CreditNote, (district_of(session), credit_note_id))
    if note is None:
        raise NotFound(kind="credit_note", id=credit_note_id)
    return note


def credited_lines(session: Session, credit_note_id: UUID) -> list[CreditNoteLine]:
    """What a credit note takes off each line, in the order of the invoice."""
    statement = (
        select(CreditNoteLine)
        .join(
            InvoiceLine,
            (InvoiceLine.district_id == CreditNoteLine.district_id)
            & (InvoiceLine.id == CreditNoteLine.invoice_line_id),
        )
        .where(CreditNoteLine.credit_note_id == credit_note_id)
        .order_by(InvoiceLine.position)
    )
    return list(session.scalars(statement))


def list_credit_notes(
    session: Session, request: PageRequest, *, invoice_id: UUID | None = None, customer_id: UUID | None = None
) -> Page[CreditNote]:
    """Credit notes, the latest first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(CreditNote)
    if invoice_id is not None:
        statement = statement.where(CreditNote.invoice_id == invoice_id)
    if customer_id is not None:
        statement = statement.where(CreditNote.customer_id == customer_id)
    return page_of(session, statement, SORTS, request)

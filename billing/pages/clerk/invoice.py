"""One invoice: its lines, how it stands, who paid it, and credit notes beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.customers import service as customers
from billing.invoicing.credit_notes import issue_credit_note, list_credit_notes
from billing.invoicing.documents import payment_link
from billing.invoicing.models import InvoiceLine
from billing.invoicing.standing import line_standings, settlements_of, standing_of
from billing.kernel.clock import today
from billing.kernel.money import Money
from billing.pages import desk
from billing.pages.desk import ACCOUNTANTS, READERS
from billing.pages.fields import TypedMoney, TypedPastDate, ids_of
from billing.pages.forms import Form, blank, field_sentence, read, submit
from billing.web.access import requires
from billing.web.fields import Schema, TextField
from billing.web.files import PDF, file_answer
from billing.web.problems import FieldProblem
from billing.web.transaction import current_session

blp = Blueprint("clerk_invoice", __name__, url_prefix="/invoices")

CREDITED = "credit"  # the fields that say how much is taken off a line: credit-<line id>


class CreditForm(Schema):
    """When and why something is taken off an invoice; how much of which line is read by its name."""

    issued_on = TypedPastDate(required=True)
    reason = TextField(300, required=True)


@dataclass(frozen=True, slots=True)
class LineLeft:
    """A line of an invoice with what is still open of it and what could still be credited."""

    line: InvoiceLine
    open_amount: Money
    left: Money

    @property
    def box(self) -> str:
        """The name of the field that says how much is taken off."""
        return f"{CREDITED}-{self.line.id}"


@blp.get("/<uuid:invoice_id>")
@requires(*READERS)
def page(invoice_id: UUID) -> ResponseReturnValue:
    """An invoice with everything that happened to it."""
    session = current_session()
    standing = standing_of(session, invoice_id, today=today())
    return render_template(
        "clerk/invoice.html",
        standing=standing,
        invoice=standing.invoice,
        lines=line_standings(session, invoice_id),
        customer=customers.get_customer(session, standing.invoice.customer_id),
        notes=list_credit_notes(session, desk.ALL, invoice_id=invoice_id).items,
        settlements=settlements_of(session, invoice_id),
        link=payment_link(session, standing.invoice),
    )


@blp.get("/<uuid:invoice_id>/credit")
@requires(*ACCOUNTANTS)
def credit(invoice_id: UUID) -> ResponseReturnValue:
    """What could be taken off an invoice: everything that is left of it, if nothing else is said."""
    shown = {each.box: each.left for each in _left(invoice_id) if each.left}
    return _form(invoice_id)(blank(issued_on=today(), **shown))


@blp.post("/<uuid:invoice_id>/credit")
@requires(*ACCOUNTANTS)
def take_off(invoice_id: UUID) -> ResponseReturnValue:
    """Issue a credit note; money that had paid for it becomes an advance."""
    form = read(CreditForm)
    amounts = _amounts(form)

    def work(session: Session) -> str:
        issue_credit_note(session, invoice_id, amounts=amounts, **form.values)
        return url_for("clerk_invoice.page", invoice_id=invoice_id)

    return submit(form, work, _form(invoice_id), done="page.credit_note_issued")


@blp.get("/credit-notes/<uuid:note_id>.pdf")
@requires(*READERS)
def credit_note(note_id: UUID) -> ResponseReturnValue:
    """A credit note's PDF, as it was archived."""
    document, content = fetch(current_session(), DocumentKind.CREDIT_NOTE, note_id)
    return file_answer(content, PDF, document.file_name)


def _amounts(form: Form) -> dict[UUID, Money]:
    amounts: dict[UUID, Money] = {}
    for name, line_id in ids_of(CREDITED, form.typed):
        if not form.take(name).strip():
            continue
        sum_ = TypedMoney.typed(form.take(name))
        if sum_ is None:
            form.refuse(name, field_sentence(FieldProblem("typed_money")))
        elif sum_:
            amounts[line_id] = sum_
    if not amounts:
        form.refuse("", field_sentence(FieldProblem("nothing_to_take_off")))
    return amounts


def _left(invoice_id: UUID) -> list[LineLeft]:
    lines = line_standings(current_session(), invoice_id)
    return [LineLeft(each.line, each.open_amount, each.line.total - each.credited) for each in lines]


def _form(invoice_id: UUID) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        standing = standing_of(current_session(), invoice_id, today=today())
        return render_template(
            "accountant/credit_form.html", form=form, standing=standing, left=_left(invoice_id)
        )

    return again

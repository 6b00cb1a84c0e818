"""Invoices and credit notes on the wire."""

from typing import Any
from uuid import UUID

import marshmallow as ma
from werkzeug.wrappers import Response

from billing.access.models import Role
from billing.archive.api import READERS, document_answer
from billing.archive.models import DocumentKind
from billing.catalog.models import Unit
from billing.invoicing import credit_notes, service, standing
from billing.invoicing.models import CreditNote, InvoiceStatus
from billing.invoicing.standing import Standing
from billing.kernel.clock import today
from billing.kernel.money import Money, total
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import (
    AmountField,
    DateField,
    EnumField,
    IdField,
    InstantField,
    ListField,
    MoneyField,
    MonthField,
    NestedField,
    PastDateField,
    QuantityField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, PDF
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.problems import FieldProblem
from billing.web.transaction import current_session

ISSUERS = (Role.CLERK, Role.ACCOUNTANT)
TODAY = {"description": "today if left out"}

blp = Blueprint("invoices", __name__, url_prefix="/api/v1", description="Invoices and credit notes.")


class InvoiceIn(Schema):
    """For whom, and what to bill: completed orders, a contract's charges of a month, or both.

    Without `order_ids` and without a contract, all of the customer's completed orders are billed.
    """

    enterprise_id = IdField(required=True)
    customer_id = IdField(required=True)
    issued_on = PastDateField(load_default=today, metadata=TODAY)
    due_on = DateField(
        load_default=None,
        allow_none=True,
        metadata={"description": "the last day to pay; by default the enterprise's payment term later"},
    )
    order_ids = ListField(IdField(), items_min=1, load_default=None, allow_none=True)
    contract_id = IdField(load_default=None, allow_none=True)
    period = MonthField(
        load_default=None,
        allow_none=True,
        metadata={"description": "the month whose charges are billed; goes with `contract_id`"},
    )


class CompletedOrdersIn(Schema):
    """Which enterprise bills all its completed work."""

    enterprise_id = IdField(required=True)
    issued_on = PastDateField(load_default=today, metadata=TODAY)


class InvoiceOut(Schema):
    """An invoice and how it stands today."""

    id = IdField(required=True, attribute="invoice.id")
    enterprise_id = IdField(required=True, attribute="invoice.enterprise_id")
    year = StrictInteger(required=True, attribute="invoice.year")
    number = StrictInteger(
        required=True,
        attribute="invoice.number",
        metadata={"description": "without gaps within the enterprise and year"},
    )
    customer_id = IdField(required=True, attribute="invoice.customer_id")
    customer_name = TextField(300, required=True, attribute="invoice.facts.buyer.name")
    account_number = TextField(20, required=True, attribute="invoice.facts.account.number")
    contract_id = IdField(required=True, allow_none=True, attribute="invoice.contract_id")
    issued_on = DateField(required=True, attribute="invoice.issued_on")
    due_on = DateField(required=True, attribute="invoice.due_on")
    period = MonthField(required=True, allow_none=True, attribute="invoice.period")
    total = AmountField(
        required=True, attribute="invoice.total", metadata={"description": "benefits taken off, VAT included"}
    )
    vat = AmountField(required=True, attribute="invoice.vat", metadata={"description": "within the total"})
    credited = AmountField(required=True)
    paid = AmountField(required=True)
    open_amount = AmountField(required=True, metadata={"description": "still to be paid"})
    status = EnumField(InvoiceStatus, required=True)


class InvoiceLineOut(Schema):
    """One line as it was issued, and how it stands."""

    id = IdField(required=True, attribute="line.id")
    position = StrictInteger(required=True, attribute="line.position")
    service_id = IdField(required=True, attribute="line.service_id")
    service_code = TextField(20, required=True, attribute="line.service_code")
    name_kk = TextField(300, required=True, attribute="line.name_kk")
    name_ru = TextField(300, required=True, attribute="line.name_ru")
    name_en = TextField(300, required=True, attribute="line.name_en")
    act_id = IdField(required=True, allow_none=True, attribute="line.act_id")
    period = MonthField(required=True, allow_none=True, attribute="line.period")
    supplied_on = DateField(
        required=True,
        attribute="line.supplied_on",
        metadata={"description": "price and tax are those of this day"},
    )
    quantity = QuantityField(required=True, attribute="line.quantity")
    unit = EnumField(Unit, required=True, attribute="line.unit")
    unit_price = AmountField(
        required=True, attribute="line.unit_price", metadata={"description": "VAT included"}
    )
    amount = AmountField(
        required=True, attribute="line.amount", metadata={"description": "quantity times price"}
    )
    benefit = AmountField(required=True, attribute="line.benefit", metadata={"description": "taken off"})
    total = AmountField(required=True, attribute="line.total")
    vat_rate_bp = StrictInteger(
        required=True,
        allow_none=True,
        attribute="line.vat_rate_bp",
        metadata={"description": "basis points: 1600 is 16 %; null without VAT"},
    )
    vat = AmountField(required=True, attribute="line.vat", metadata={"description": "within the total"})
    revenue_code = TextField(6, required=True, attribute="line.revenue_code")
    credited = AmountField(required=True)
    open_amount = AmountField(required=True)


class SettlementOut(Schema):
    """What a payment holds on the invoice."""

    payment_id = IdField(required=True)
    received_on = DateField(required=True)
    amount = AmountField(required=True)


class InvoiceDetail(InvoiceOut):
    """An invoice with its lines and the payments that settle it."""

    lines = ListField(NestedField(InvoiceLineOut), required=True, dump_only=True)
    settlements = ListField(NestedField(SettlementOut), required=True, dump_only=True)


class IssuedOut(Schema):
    """The invoices that were issued; perhaps none."""

    count = StrictInteger(required=True)
    total = AmountField(required=True)
    items = ListField(NestedField(InvoiceOut), required=True, dump_only=True)


class InvoiceArgs(ListArgs):
    """Which invoices; both dates count."""

    sort = SortField("issued_on", "number", "total", "due_on")
    status = EnumField(InvoiceStatus, metadata={"description": "as of today"})
    customer_id = IdField()
    enterprise_id = IdField()
    number = StrictInteger(minimum=1)
    issued_from = DateField()
    issued_to = DateField()


class CreditLineIn(Schema):
    """What is taken off one line."""

    invoice_line_id = IdField(required=True)
    amount = MoneyField(minimum=Money(1), required=True, metadata={"description": "VAT included"})


class CreditNoteIn(Schema):
    """Why, and what is taken off: of some lines, or without `lines` all that is left of the invoice."""

    issued_on = PastDateField(load_default=today, metadata=TODAY)
    reason = TextField(300, required=True)
    lines = ListField(NestedField(CreditLineIn), items_min=1, load_default=None, allow_none=True)

    @ma.validates_schema
    def _refuse_repeated_lines(self, body: dict[str, Any], **_: object) -> None:
        ids = [line["invoice_line_id"] for line in body.get("lines") or ()]
        if len(set(ids)) != len(ids):
            raise ma.ValidationError({"lines": [FieldProblem("invalid")]})

    @ma.post_load
    def _by_line(self, body: dict[str, Any], **_: object) -> dict[str, Any]:
        lines = body.pop("lines")
        amounts = lines and {line["invoice_line_id"]: line["amount"] for line in lines}
        return {**body, "amounts": amounts}


class CreditNoteOut(Schema):
    """What was taken off an invoice."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    year = StrictInteger(required=True)
    number = StrictInteger(required=True, metadata={"description": "of credit notes, without gaps"})
    invoice_id = IdField(required=True)
    customer_id = IdField(required=True)
    issued_on = DateField(required=True)
    reason = TextField(300, required=True)
    total = AmountField(required=True)
    vat = AmountField(required=True, metadata={"description": "within the total"})
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)


class CreditNoteLineOut(Schema):
    """What was taken off one line."""

    invoice_line_id = IdField(required=True)
    amount = AmountField(required=True)
    vat = AmountField(required=True)


class CreditNoteDetail(CreditNoteOut):
    """A credit note with its lines."""

    lines = ListField(NestedField(CreditNoteLineOut), required=True, dump_only=True)


class CreditNoteArgs(ListArgs):
    """Which credit notes."""

    sort = SortField("issued_on", "number")
    invoice_id = IdField()
    customer_id = IdField()


@blp.get("/invoices")
@requires()
@blp.arguments(InvoiceArgs, location="query")
@blp.response(200, page_schema(InvoiceOut))
def list_invoices(args: dict[str, Any]) -> Page[Standing]:
    """Invoices and how they stand today, the latest first."""
    return standing.list_invoices(current_session(), args.pop("page"), today=today(), **args)


@blp.post("/invoices")
@requires(*ISSUERS)
@blp.arguments(InvoiceIn)
@blp.response(201, InvoiceDetail)
def issue_invoice(body: dict[str, Any]) -> dict[str, Any]:
    """Issue an invoice: its number is taken, its PDF archived, the customer's advances consumed."""
    invoice = service.issue_invoice(current_session(), **body)
    return _detail(invoice.id)


@blp.post("/invoices/for-completed-orders")
@requires(*ISSUERS)
@blp.arguments(CompletedOrdersIn)
@blp.response(201, IssuedOut)
def invoice_completed_orders(body: dict[str, Any]) -> dict[str, Any]:
    """Issue one invoice to every customer with completed work that is not billed yet."""
    issued = service.invoice_completed_orders(current_session(), **body)
    items = standing.standings_of(current_session(), [invoice.id for invoice in issued], today=today())
    return {"count": len(items), "total": total(invoice.total for invoice in issued), "items": items}


@blp.get("/invoices/<uuid:invoice_id>")
@requires()
@blp.response(200, InvoiceDetail)
def show_invoice(invoice_id: UUID) -> dict[str, Any]:
    """An invoice with its lines, how it stands today, and the payments that settle it."""
    return _detail(invoice_id)


@blp.get("/invoices/<uuid:invoice_id>/pdf")
@requires(*READERS)
@blp.response(200, BINARY, content_type=PDF)
def print_invoice(invoice_id: UUID) -> Response:
    """The «счет на оплату» as it was issued."""
    return document_answer(DocumentKind.INVOICE, invoice_id)


@blp.post("/invoices/<uuid:invoice_id>/credit-notes")
@requires(Role.ACCOUNTANT)
@blp.arguments(CreditNoteIn)
@blp.response(201, CreditNoteDetail)
def issue_credit_note(body: dict[str, Any], invoice_id: UUID) -> dict[str, Any]:
    """Take an invoice off again, as a whole or by line; money that had paid for it becomes an advance."""
    return _note(credit_notes.issue_credit_note(current_session(), invoice_id, **body))


@blp.get("/credit-notes")
@requires()
@blp.arguments(CreditNoteArgs, location="query")
@blp.response(200, page_schema(CreditNoteOut))
def list_credit_notes(args: dict[str, Any]) -> Page[CreditNote]:
    """Credit notes, the latest first."""
    return credit_notes.list_credit_notes(current_session(), args.pop("page"), **args)


@blp.get("/credit-notes/<uuid:credit_note_id>")
@requires()
@blp.response(200, CreditNoteDetail)
def show_credit_note(credit_note_id: UUID) -> dict[str, Any]:
    """A credit note with what it takes off each line."""
    return _note(credit_notes.get_credit_note(current_session(), credit_note_id))


@blp.get("/credit-notes/<uuid:credit_note_id>/pdf")
@requires(*READERS)
@blp.response(200, BINARY, content_type=PDF)
def print_credit_note(credit_note_id: UUID) -> Response:
    """The credit note as it was issued."""
    return document_answer(DocumentKind.CREDIT_NOTE, credit_note_id)


def _detail(invoice_id: UUID) -> dict[str, Any]:
    session = current_session()
    stands = standing.standing_of(session, invoice_id, today=today())
    return {
        "invoice": stands.invoice,
        "credited": stands.credited,
        "paid": stands.paid,
        "open_amount": stands.open_amount,
        "status": stands.status,
        "lines": standing.line_standings(session, invoice_id),
        "settlements": standing.settlements_of(session, invoice_id),
    }


def _note(note: CreditNote) -> dict[str, Any]:
    own = {name: getattr(note, name) for name in CreditNoteOut().fields}
    return {**own, "lines": credit_notes.credited_lines(current_session(), note.id)}

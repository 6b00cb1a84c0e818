"""Payments, refunds, reversals and customers' balances on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

import marshmallow as ma
from werkzeug.wrappers import Response

from billing.access.models import Role
from billing.archive.api import READERS, document_answer
from billing.archive.models import DocumentKind
from billing.kernel.clock import today
from billing.kernel.money import ZERO, Money, total
from billing.kernel.paging import Page
from billing.payments import documents, service, standing
from billing.payments.explanation import read_steps, sentences
from billing.payments.models import Payment, PaymentMethod, PaymentReversal, Refund
from billing.payments.standing import Balance, PaymentStanding
from billing.receivables.allocation import AllocationReason
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
    NestedField,
    PastDateField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, PDF, file_answer
from billing.web.language import reader_language
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.problems import refuse
from billing.web.transaction import current_session

CASHIERS = (Role.CASHIER, Role.ACCOUNTANT)
MOMENT = r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})"
ONE_TIYN = Money(1)

blp = Blueprint("payments", __name__, url_prefix="/api/v1", description="Money received and given back.")


class MomentField(TextField):
    """A moment with its offset from UTC, as a cash register prints it: ``2026-11-23T10:05+05:00``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(25, pattern=MOMENT, metadata={"examples": ["2026-11-23T10:05:00+05:00"]}, **options)

    def _read(self, value: Any) -> Any:
        try:
            return datetime.fromisoformat(super()._read(value))
        except ValueError as error:
            if isinstance(error, ma.ValidationError):
                raise
            raise refuse("wrong_form") from error


class CashReceiptIn(Schema):
    """What the cash register (ККМ) printed."""

    fiscal_number = TextField(50, required=True)
    register_number = TextField(50, required=True)
    fiscal_at = MomentField(required=True)

    @ma.post_load
    def _make_receipt(self, body: dict[str, Any], **_: object) -> service.CashReceipt:
        return service.CashReceipt(**body)


class PreviewIn(Schema):
    """A sum somebody could pay."""

    enterprise_id = IdField(required=True)
    customer_id = IdField(required=True)
    amount = MoneyField(minimum=ONE_TIYN, required=True)
    invoice_ids = ListField(
        IdField(),
        load_default=(),
        metadata={"description": "the invoices the payer names; by default the oldest debt is settled first"},
    )


class PaymentIn(PreviewIn):
    """Money received. Cash needs the cash register's receipt, nothing else has one."""

    method = EnumField(PaymentMethod, required=True)
    received_on = PastDateField(required=True, metadata={"description": "the value date"})
    receipt = NestedField(CashReceiptIn, load_default=None, allow_none=True)
    payer_name = TextField(
        300, load_default=None, allow_none=True, metadata={"description": "where another person paid"}
    )
    channel = TextField(
        30,
        pattern="[a-z0-9_]+",
        load_default=None,
        allow_none=True,
        metadata={"description": "a provider's code; by default the cash desk or the method's name"},
    )
    outside_id = TextField(
        100,
        load_default=None,
        allow_none=True,
        metadata={"description": "the provider's transaction, the bank's document; one payment per channel"},
    )


class StepOut(Schema):
    """What an invoice gets, and why it comes in this place."""

    invoice_id = IdField(required=True)
    invoice_year = StrictInteger(required=True)
    invoice_number = StrictInteger(required=True)
    due_on = DateField(required=True)
    open_before = AmountField(required=True)
    allocated = AmountField(required=True)
    reason = EnumField(AllocationReason, required=True)


class PreviewOut(Schema):
    """How the sum would be allocated now. Nothing is recorded."""

    steps = ListField(NestedField(StepOut), required=True, dump_only=True)
    advance = AmountField(required=True, metadata={"description": "what no open invoice takes"})
    debt_after = AmountField(required=True, metadata={"description": "what the customer would still owe"})
    sentences = ListField(TextField(1000), required=True, dump_only=True)


class PaymentOut(Schema):
    """A payment and what became of its money."""

    id = IdField(required=True, attribute="payment.id")
    enterprise_id = IdField(required=True, attribute="payment.enterprise_id")
    customer_id = IdField(required=True, attribute="payment.customer_id")
    method = EnumField(PaymentMethod, required=True, attribute="payment.method")
    channel = TextField(30, required=True, attribute="payment.channel")
    outside_id = TextField(100, required=True, allow_none=True, attribute="payment.outside_id")
    amount = AmountField(required=True, attribute="payment.amount")
    received_on = DateField(required=True, attribute="payment.received_on")
    payer_name = TextField(300, required=True, allow_none=True, attribute="payment.payer_name")
    cash_order_year = StrictInteger(required=True, allow_none=True, attribute="payment.cash_order_year")
    cash_order_number = StrictInteger(required=True, allow_none=True, attribute="payment.cash_order_number")
    fiscal_number = TextField(50, required=True, allow_none=True, attribute="payment.fiscal_number")
    register_number = TextField(50, required=True, allow_none=True, attribute="payment.register_number")
    fiscal_at = InstantField(required=True, allow_none=True, attribute="payment.fiscal_at")
    debt_after = AmountField(
        required=True,
        attribute="payment.debt_after",
        metadata={"description": "what the customer still owed when it was recorded"},
    )
    recorded_by = IdField(required=True, allow_none=True, attribute="payment.recorded_by")
    recorded_at = InstantField(required=True, attribute="payment.recorded_at")
    allocated = AmountField(required=True, metadata={"description": "what invoices hold of it now"})
    advance = AmountField(required=True, metadata={"description": "what no invoice has taken yet"})
    refunded = AmountField(required=True)
    reversed_on = DateField(
        required=True, allow_none=True, attribute="reversal.reversed_on", dump_default=None
    )


class AllocationOut(Schema):
    """A part of the payment that settles an invoice line; with a minus sign: released again."""

    id = IdField(required=True)
    invoice_id = IdField(required=True)
    invoice_line_id = IdField(required=True)
    amount = AmountField(required=True)
    vat = AmountField(required=True, metadata={"description": "within the amount"})
    allocated_on = DateField(required=True)
    reverses_id = IdField(required=True, allow_none=True)


class RefundOut(Schema):
    """Money given back."""

    id = IdField(required=True)
    payment_id = IdField(required=True)
    amount = AmountField(required=True)
    method = EnumField(PaymentMethod, required=True)
    refunded_on = DateField(required=True)
    reason = TextField(300, required=True)
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)


class ReversalOut(Schema):
    """A payment undone."""

    payment_id = IdField(required=True)
    reversed_on = DateField(required=True)
    reason = TextField(300, required=True)
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)


class PaymentDetail(PaymentOut):
    """A payment with everything that happened to it."""

    steps = ListField(
        NestedField(StepOut),
        required=True,
        dump_only=True,
        metadata={"description": "how it was allocated when it was recorded"},
    )
    sentences = ListField(
        TextField(1000), required=True, dump_only=True, metadata={"description": "the same in words"}
    )
    allocations = ListField(NestedField(AllocationOut), required=True, dump_only=True)
    refunds = ListField(NestedField(RefundOut), required=True, dump_only=True)
    reversal = NestedField(ReversalOut, required=True, allow_none=True)


class PaymentArgs(ListArgs):
    """Which payments; both dates count."""

    sort = SortField("received_on", "amount")
    customer_id = IdField()
    enterprise_id = IdField()
    method = EnumField(PaymentMethod)
    received_from = DateField()
    received_to = DateField()


class RefundIn(Schema):
    """What is given back out of the payment's advance, how and why."""

    amount = MoneyField(minimum=ONE_TIYN, required=True)
    method = EnumField(PaymentMethod, required=True)
    refunded_on = PastDateField(required=True)
    reason = TextField(300, required=True)


class ReversalIn(Schema):
    """On which date and why a payment is undone."""

    reversed_on = PastDateField(required=True)
    reason = TextField(300, required=True)


class OpenInvoiceOut(Schema):
    """An invoice on which something is open; another customer's where this one pays for him."""

    invoice_id = IdField(required=True)
    enterprise_id = IdField(required=True)
    customer_id = IdField(required=True)
    year = StrictInteger(required=True)
    number = StrictInteger(required=True)
    issued_on = DateField(required=True)
    due_on = DateField(required=True)
    open_amount = AmountField(required=True)


class BalanceOut(Schema):
    """What a customer owes and has paid ahead."""

    customer_id = IdField(required=True)
    debt = AmountField(required=True, metadata={"description": "on the customer's own invoices"})
    overdue = AmountField(required=True, metadata={"description": "of the debt, what is past its last day"})
    owed_for_others = AmountField(
        required=True, metadata={"description": "on invoices of customers for whom this one pays"}
    )
    advance = AmountField(required=True)
    invoices = ListField(NestedField(OpenInvoiceOut), required=True, dump_only=True)


class BalanceArgs(Schema):
    """With which enterprise; all of the district by default."""

    enterprise_id = IdField()


@blp.get("/payments")
@requires()
@blp.arguments(PaymentArgs, location="query")
@blp.response(200, page_schema(PaymentOut))
def list_payments(args: dict[str, Any]) -> Page[PaymentStanding]:
    """Payments and what became of them, the latest first."""
    page = service.list_payments(current_session(), args.pop("page"), **args)
    return Page(standing.standings_of(current_session(), page.items), page.next_cursor)


@blp.post("/payments")
@requires(*CASHIERS)
@blp.arguments(PaymentIn)
@blp.response(201, PaymentDetail)
def record_payment(body: dict[str, Any]) -> dict[str, Any]:
    """Record money received, allocate it, and post the revenue of the fees it settles.

    The same channel and outside id again is the same payment, as it stands.
    """
    session = current_session()
    return _detail(service.get_payment(session, service.record_payment(session, **body)))


@blp.post("/payments/preview")
@requires()
@blp.arguments(PreviewIn)
@blp.response(200, PreviewOut)
def preview_payment(body: dict[str, Any]) -> dict[str, Any]:
    """How a sum would be allocated now, and why. Writes nothing."""
    plan = service.preview_payment(current_session(), **body)
    steps = read_steps(step.stored() for step in plan.steps)
    return {
        "steps": steps,
        "advance": plan.rest,
        "debt_after": plan.owed_after.get(body["customer_id"], ZERO),
        "sentences": sentences(steps, plan.rest, reader_language()),
    }


@blp.get("/payments/<uuid:payment_id>")
@requires()
@blp.response(200, PaymentDetail)
def show_payment(payment_id: UUID) -> dict[str, Any]:
    """A payment: how it was allocated and why, what is left, what was given back, whether it was undone."""
    return _detail(service.get_payment(current_session(), payment_id))


@blp.get("/payments/<uuid:payment_id>/receipt")
@requires(*READERS)
@blp.response(200, BINARY, content_type=PDF)
def print_receipt(payment_id: UUID) -> Response:
    """The payment's receipt, as things stood when the payment was recorded."""
    payment = service.get_payment(current_session(), payment_id)
    name = f"receipt-{documents.receipt_number(payment)}.pdf"
    return file_answer(documents.render_receipt(current_session(), payment), PDF, name)


@blp.get("/payments/<uuid:payment_id>/cash-order")
@requires(*READERS)
@blp.response(200, BINARY, content_type=PDF)
def print_cash_order(payment_id: UUID) -> Response:
    """The cash receipt order КО-1 with its tear-off receipt; only cash has one."""
    return document_answer(DocumentKind.CASH_ORDER, payment_id)


@blp.post("/payments/<uuid:payment_id>/refunds")
@requires(Role.ACCOUNTANT)
@blp.arguments(RefundIn)
@blp.response(201, RefundOut)
def refund(body: dict[str, Any], payment_id: UUID) -> Refund:
    """Give money back out of what no invoice has taken of a payment."""
    return service.refund(current_session(), payment_id, **body)


@blp.post("/payments/<uuid:payment_id>/reversal")
@requires(Role.ACCOUNTANT)
@blp.arguments(ReversalIn)
@blp.response(201, ReversalOut)
def reverse_payment(body: dict[str, Any], payment_id: UUID) -> PaymentReversal:
    """Undo a payment that was recorded wrongly: its debts are open again, its revenue is taken back."""
    return service.reverse_payment(current_session(), payment_id, **body)


@blp.get("/customers/<uuid:customer_id>/balance")
@requires()
@blp.arguments(BalanceArgs, location="query")
@blp.response(200, BalanceOut)
def show_balance(args: dict[str, Any], customer_id: UUID) -> Balance:
    """What a customer owes, what he has paid ahead, and the open invoices he is to pay."""
    return standing.balance_of(current_session(), customer_id, today=today(), **args)


def _detail(payment: Payment) -> dict[str, Any]:
    session = current_session()
    stands = standing.standing_of(session, payment)
    steps = read_steps(payment.explanation)
    left_over = payment.amount - total(step.allocated for step in steps)
    return {
        "payment": payment,
        "allocated": stands.allocated,
        "advance": stands.advance,
        "refunded": stands.refunded,
        "reversal": stands.reversal,
        "steps": steps,
        "sentences": sentences(steps, left_over, reader_language()),
        "allocations": standing.allocations_of(session, payment.id),
        "refunds": standing.refunds_of(session, payment.id),
    }

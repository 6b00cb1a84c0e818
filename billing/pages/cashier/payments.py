"""Payments: taken after a look at how they will be divided, listed, printed, given back, reversed."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.customers import service as customers
from billing.kernel.clock import today
from billing.kernel.paging import PageRequest
from billing.pages import desk
from billing.pages.desk import ACCOUNTANTS, READERS, TELLERS
from billing.pages.fields import TypedDate, TypedMoney, TypedPastDate
from billing.pages.forms import Form, blank, filters, read, submit
from billing.payments import service as payments
from billing.payments.documents import receipt_number, render_receipt
from billing.payments.explanation import read_steps, sentences
from billing.payments.models import PaymentMethod
from billing.payments.standing import refunds_of, standing_of, standings_of
from billing.payments.trail import trail_of
from billing.web.access import requires
from billing.web.fields import EnumField, IdField, Schema, TextField
from billing.web.files import PDF, file_answer
from billing.web.language import reader_language
from billing.web.transaction import current_session

blp = Blueprint("cashier_payments", __name__, url_prefix="/payments")


class PaymentFilters(Schema):
    """What the list of payments is narrowed by."""

    method = EnumField(PaymentMethod)
    customer_id = IdField()
    received_from = TypedDate()
    received_to = TypedDate()
    cursor = TextField(500)


class FindForm(Schema):
    """Who pays: an account number, IIN or BIN, or words of name and address."""

    search = TextField()


class RefundForm(Schema):
    """What is given back of a payment that no invoice has taken."""

    amount = TypedMoney(required=True)
    method = EnumField(PaymentMethod, required=True)
    refunded_on = TypedPastDate(required=True)
    reason = TextField(300, required=True)


class ReversalForm(Schema):
    """Why and when a payment recorded wrongly is undone."""

    reversed_on = TypedPastDate(required=True)
    reversal_reason = TextField(300, required=True)


@blp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """Payments, the latest first."""
    session = current_session()
    form = filters(PaymentFilters)
    wanted = dict(form.values)
    page = payments.list_payments(session, PageRequest(wanted.pop("cursor", None)), **wanted)
    return render_template(
        "cashier/payments.html",
        form=form,
        page=page,
        standings=standings_of(session, page.items),
        people=desk.customers_of(payment.customer_id for payment in page.items),
        methods=desk.choices(PaymentMethod),
    )


@blp.get("/new")
@requires(*TELLERS)
def find() -> ResponseReturnValue:
    """Who pays? A customer is found first."""
    form = filters(FindForm)
    found = None
    if form.values.get("search"):
        found = customers.list_customers(current_session(), search=form.values["search"])
    return render_template("clerk/find_customer.html", form=form, found=found, lead_to="cashier_take.new")


@blp.get("/<uuid:payment_id>")
@requires(*READERS)
def page(payment_id: UUID) -> ResponseReturnValue:
    """A payment: why it was divided so, and where its money went."""
    return _page(payment_id)(blank())


@blp.post("/<uuid:payment_id>/refund")
@requires(*ACCOUNTANTS)
def refund(payment_id: UUID) -> ResponseReturnValue:
    """Give money back out of what no invoice has taken."""
    form = read(RefundForm)

    def work(session: Session) -> str:
        payments.refund(session, payment_id, **form.values)
        return url_for("cashier_payments.page", payment_id=payment_id)

    fields = {"advance_too_small": "amount", "date_before_payment": "refunded_on"}
    return submit(form, work, _page(payment_id), done="page.refunded", fields=fields)


@blp.post("/<uuid:payment_id>/reverse")
@requires(*ACCOUNTANTS)
def reverse(payment_id: UUID) -> ResponseReturnValue:
    """Undo a payment that was recorded wrongly; its revenue lines are taken back."""
    form = read(ReversalForm)

    def work(session: Session) -> str:
        day, reason = form.values["reversed_on"], form.values["reversal_reason"]
        payments.reverse_payment(session, payment_id, reversed_on=day, reason=reason)
        return url_for("cashier_payments.page", payment_id=payment_id)

    fields = {"reason": "reversal_reason", "date_before_payment": "reversed_on"}
    return submit(form, work, _page(payment_id), done="page.payment_reversed", fields=fields)


@blp.get("/<uuid:payment_id>/receipt.pdf")
@requires(*READERS)
def receipt(payment_id: UUID) -> ResponseReturnValue:
    """A payment's receipt."""
    session = current_session()
    payment = payments.get_payment(session, payment_id)
    return file_answer(render_receipt(session, payment), PDF, f"receipt-{receipt_number(payment)}.pdf")


@blp.get("/<uuid:payment_id>/cash-order.pdf")
@requires(*READERS)
def cash_order(payment_id: UUID) -> ResponseReturnValue:
    """The cash receipt order КО-1, as it was archived."""
    document, content = fetch(current_session(), DocumentKind.CASH_ORDER, payment_id)
    return file_answer(content, PDF, document.file_name)


def _page(payment_id: UUID) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        session = current_session()
        payment = payments.get_payment(session, payment_id)
        standing = standing_of(session, payment)
        steps = read_steps(payment.explanation)
        rest = payment.amount
        for step in steps:
            rest -= step.allocated
        day = max(today(), payment.received_on)
        suggestion: dict[str, Any] = {"amount": standing.advance, "method": payment.method}
        form.suggest(blank(**suggestion, refunded_on=day, reversed_on=day))
        return render_template(
            "cashier/payment.html",
            form=form,
            standing=standing,
            payment=payment,
            customer=customers.get_customer(session, payment.customer_id),
            why=sentences(steps, rest, reader_language()),
            trail=trail_of(session, payment_id),
            refunds=refunds_of(session, payment_id),
            methods=desk.choices(PaymentMethod),
        )

    return again

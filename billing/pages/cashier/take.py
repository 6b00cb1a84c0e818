"""Taking money: what is owed, how a sum would be divided and why, and then the payment itself.

The form is sent twice: first to show the division, then to confirm it. The confirmation carries a mark of
what was shown; if the sum was changed after that, or somebody else paid meanwhile, the division is shown anew
instead of recording what nobody has seen.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.customers import service as customers
from billing.customers.models import Customer
from billing.kernel.clock import ALMATY, now, today
from billing.kernel.errors import Refusal
from billing.kernel.i18n import text
from billing.kernel.money import Money
from billing.pages import desk
from billing.pages.desk import TELLERS
from billing.pages.fields import TypedMoment, TypedMoney, TypedPastDate
from billing.pages.forms import Form, blank, field_sentence, read, show_refusal, submit
from billing.payments import service as payments
from billing.payments.models import PaymentMethod
from billing.payments.standing import Balance, balance_of
from billing.receivables.allocation import Plan
from billing.web.access import requires
from billing.web.fields import EnumField, IdField, ListField, Schema, TextField
from billing.web.language import reader_language
from billing.web.problems import FieldProblem
from billing.web.transaction import current_session

blp = Blueprint("cashier_take", __name__, url_prefix="/payments/new")

_RECEIPT = ("fiscal_number", "register_number", "fiscal_at")
_PREVIEWED_MAX = 64


class PaymentForm(Schema):
    """Money received. The fiscal receipt's fields are needed for cash and refused otherwise."""

    enterprise_id = IdField(required=True)
    amount = TypedMoney(required=True, minimum=Money(1))
    method = EnumField(PaymentMethod, required=True)
    received_on = TypedPastDate(required=True)
    outside_id = TextField(100)
    payer_name = TextField(300)
    fiscal_number = TextField(50)
    register_number = TextField(50)
    fiscal_at = TypedMoment()
    invoice_ids = ListField(IdField(), load_default=list)


@dataclass(frozen=True, slots=True)
class Shown:
    """A division that is shown before it is confirmed.

    Attributes:
        mark: tells it from any other division.
    """

    plan: Plan
    mark: str


@blp.get("/<uuid:customer_id>")
@requires(*TELLERS)
def new(customer_id: UUID) -> ResponseReturnValue:
    """What a customer owes, and the form for what he pays: all of it, in cash, if nothing else is said."""
    session = current_session()
    customer = customers.get_customer(session, customer_id)
    balance = balance_of(session, customer_id, today=today())
    owed = balance.debt + balance.owed_for_others
    known = desk.enterprises()
    form = blank(
        amount=owed or None,
        method=PaymentMethod.CASH.value,
        received_on=today(),
        fiscal_at=now().astimezone(ALMATY).strftime("%Y-%m-%dT%H:%M"),
        enterprise_id=known[0].id if known else None,
    )
    return _form(customer, None)(form)


@blp.post("/<uuid:customer_id>")
@requires(*TELLERS)
def take(customer_id: UUID) -> ResponseReturnValue:
    """Show how the sum is divided; take it once that was seen."""
    customer = customers.get_customer(current_session(), customer_id)
    form = read(PaymentForm)
    _check_receipt(form)
    shown = _preview(form, customer_id) if form.is_right else None
    if shown is not None and request.form.get("previewed", "")[:_PREVIEWED_MAX] != shown.mark:
        if "previewed" in request.form:
            form.refuse("previewed", text("page.division_changed", reader_language()))
        return Response(_form(customer, shown)(form), content_type="text/html; charset=utf-8")

    def work(session: Session) -> str:
        values = dict(form.values)
        receipt = [values.pop(name, None) for name in _RECEIPT]
        payment_id = payments.record_payment(
            session,
            values.pop("enterprise_id"),
            customer_id,
            receipt=None if receipt[0] is None else payments.CashReceipt(*receipt),
            **values,
        )
        return url_for("cashier_payments.page", payment_id=payment_id)

    fields = {"outside_id_reused": "outside_id", "month_closed": "received_on"}
    return submit(form, work, _form(customer, None), done="page.payment_taken", fields=fields)


def _check_receipt(form: Form) -> None:
    is_cash = form.values.get("method") is PaymentMethod.CASH
    for name in _RECEIPT:
        if is_cash and name not in form.values:
            form.refuse(name, field_sentence(FieldProblem("needed_for_cash")))
        elif not is_cash:
            form.values.pop(name, None)  # suggested with the form, and another method was chosen


def _preview(form: Form, customer_id: UUID) -> Shown | None:
    values = form.values
    try:
        plan = payments.preview_payment(
            current_session(),
            values["enterprise_id"],
            customer_id,
            amount=values["amount"],
            invoice_ids=values["invoice_ids"],
        )
    except Refusal as refusal:
        show_refusal(form, refusal, {"not_open_for_customer": "invoice_ids"})
        return None
    told: list[Any] = [values["enterprise_id"], plan.rest, *((s.invoice_id, s.allocated) for s in plan.steps)]
    told += [values["method"], values["received_on"]]
    return Shown(plan, hashlib.sha256(repr([str(each) for each in told]).encode()).hexdigest())


def _form(customer: Customer, shown: Shown | None) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        balance: Balance = balance_of(current_session(), customer.id, today=today())
        others = {each.customer_id for each in balance.invoices} - {customer.id}
        return render_template(
            "cashier/payment_form.html",
            form=form,
            customer=customer,
            balance=balance,
            people=desk.customers_of(others),
            enterprises=desk.enterprise_choices(),
            methods=desk.choices(PaymentMethod, but=(PaymentMethod.PROVIDER,)),
            shown=shown,
        )

    return again

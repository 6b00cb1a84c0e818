"""Orders: listed, taken down, confirmed, cancelled; assignment and completion stand in ``order_work``."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.customers import service as customers
from billing.customers.models import Customer
from billing.kernel.clock import today
from billing.kernel.paging import PageRequest
from billing.orders import service as orders
from billing.orders.completion import find_act
from billing.orders.models import OrderState, ServiceOrder
from billing.pages import desk
from billing.pages.clerk import order_work
from billing.pages.desk import CLERKS, READERS, Choice
from billing.pages.fields import TypedDate, TypedPastDate, TypedQuantity
from billing.pages.forms import Form, blank, filters, read, submit
from billing.web.access import requires
from billing.web.fields import EnumField, IdField, Schema, TextField
from billing.web.files import PDF, file_answer
from billing.web.transaction import current_session

blp = Blueprint("clerk_orders", __name__, url_prefix="/orders")


class OrderFilters(Schema):
    """What the list of orders is narrowed by."""

    state = EnumField(OrderState)
    service_id = IdField()
    requested_from = TypedDate()
    requested_to = TypedDate()
    cursor = TextField(500)


class FindForm(Schema):
    """Whom somebody looks for."""

    search = TextField()


class OrderForm(Schema):
    """What a customer asks for."""

    service_id = IdField(required=True)
    quantity = TypedQuantity(required=True)
    requested_on = TypedPastDate(required=True)
    planned_on = TypedDate()
    contract_id = IdField(load_default=None)
    place = TextField(300, load_default="")
    note = TextField(1000, multiline=True, load_default="")


class CancelForm(Schema):
    """Why an order is given up."""

    reason = TextField(300, required=True)


@blp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """Orders, the newest request first."""
    session = current_session()
    form = filters(OrderFilters)
    wanted = dict(form.values)
    page = orders.list_orders(session, PageRequest(wanted.pop("cursor", None)), **wanted)
    return render_template(
        "clerk/orders.html",
        form=form,
        page=page,
        people=desk.customers_of(order.customer_id for order in page.items),
        services=desk.services_of(order.service_id for order in page.items),
        states=desk.choices(OrderState),
        service_choices=desk.service_choices(session),
    )


@blp.get("/new")
@requires(*CLERKS)
def find() -> ResponseReturnValue:
    """Who orders? A customer is found first."""
    form = filters(FindForm)
    found = None
    if form.values.get("search"):
        found = customers.list_customers(current_session(), search=form.values["search"], active=True)
    return render_template("clerk/find_customer.html", form=form, found=found, lead_to="clerk_orders.new")


@blp.get("/new/<uuid:customer_id>")
@requires(*CLERKS)
def new(customer_id: UUID) -> ResponseReturnValue:
    """An empty order of a customer."""
    customer = customers.get_customer(current_session(), customer_id)
    place = " ".join(part for part in (customer.street, customer.house, customer.flat) if part)
    return _form(customer)(blank(requested_on=today(), place=place))


@blp.post("/new/<uuid:customer_id>")
@requires(*CLERKS)
def take(customer_id: UUID) -> ResponseReturnValue:
    """Take down what a customer asks for, as a draft."""
    customer = customers.get_customer(current_session(), customer_id)
    form = read(OrderForm)

    def work(session: Session) -> str:
        order = orders.take_order(session, customer_id=customer_id, **form.values)
        return url_for("clerk_orders.page", order_id=order.id)

    fields = {"contract_of_another": "contract_id", "contract_ended": "contract_id"}
    return submit(form, work, _form(customer), done="page.order_taken", fields=fields)


@blp.get("/<uuid:order_id>")
@requires(*READERS)
def page(order_id: UUID) -> ResponseReturnValue:
    """An order, its history, and what can be done with it now."""
    order = orders.get_order(current_session(), order_id)
    return _page(order)(order_work.suggested(current_session(), order, today()))


@blp.post("/<uuid:order_id>/confirm")
@requires(*CLERKS)
def confirm(order_id: UUID) -> ResponseReturnValue:
    """Agree to do what the draft says."""
    return _step(order_id, Schema, lambda session, _: orders.confirm_order(session, order_id), "confirmed")


@blp.post("/<uuid:order_id>/cancel")
@requires(*CLERKS)
def cancel(order_id: UUID) -> ResponseReturnValue:
    """Give an order up, with the reason."""
    return _step(
        order_id,
        CancelForm,
        lambda session, values: orders.cancel_order(session, order_id, **values),
        "cancelled",
    )


@blp.post("/<uuid:order_id>/assign")
@requires(*CLERKS)
def assign(order_id: UUID) -> ResponseReturnValue:
    """Say who is to do the order, and when."""
    order = orders.get_order(current_session(), order_id)
    form = read(order_work.AssignForm)
    doers = order_work.doers_in(form)

    def work(session: Session) -> str:
        orders.assign_order(session, order_id, doers, **form.values)
        return url_for("clerk_orders.page", order_id=order_id)

    return submit(form, work, _page(order), done="page.order_assigned")


@blp.post("/<uuid:order_id>/complete")
@requires(*CLERKS)
def complete(order_id: UUID) -> ResponseReturnValue:
    """Complete an order: what was done, when, by whom. The act is written and archived."""
    order = orders.get_order(current_session(), order_id)
    form = read(order_work.CompleteForm)
    work_done, fields = order_work.work_in(form)

    def work(session: Session) -> str:
        order_work.complete(session, order_id, form.values, work_done, today())
        return url_for("clerk_orders.page", order_id=order_id)

    return submit(form, work, _page(order), done="page.order_completed", fields=fields)


@blp.get("/<uuid:order_id>/act.pdf")
@requires(*READERS)
def act(order_id: UUID) -> ResponseReturnValue:
    """The act of completed work, as it was archived."""
    session = current_session()
    written = find_act(session, order_id)
    if written is None:
        return redirect(url_for("clerk_orders.page", order_id=order_id))
    document, content = fetch(session, DocumentKind.COMPLETION_ACT, written.id)
    return file_answer(content, PDF, document.file_name)


def _step(
    order_id: UUID,
    schema: type[Schema],
    step: Callable[[Session, dict[str, Any]], object],
    reached: str,
) -> ResponseReturnValue:
    order = orders.get_order(current_session(), order_id)
    form = read(schema)

    def work(session: Session) -> str:
        step(session, form.values)
        return url_for("clerk_orders.page", order_id=order_id)

    return submit(form, work, _page(order), done=f"page.order_{reached}")


def _form(customer: Customer) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        session = current_session()
        holding = customers.list_contracts(session, customer_id=customer.id, holds_on=today())
        return render_template(
            "clerk/order_form.html",
            form=form,
            customer=customer,
            service_choices=desk.service_choices(session),
            contracts=[Choice(str(each.id), each.number) for each in holding.items],
        )

    return again


def _page(order: ServiceOrder) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        session = current_session()
        form.suggest(order_work.suggested(session, order, today()))
        return render_template(
            "clerk/order.html",
            form=form,
            order=order,
            customer=customers.get_customer(session, order.customer_id),
            service=desk.services_of([order.service_id])[order.service_id],
            contract=customers.get_contract(session, order.contract_id) if order.contract_id else None,
            act=find_act(session, order.id),
            history=orders.history_of(session, order.id),
            **order_work.people(session, order, today()),
        )

    return again

"""What a resident asks for: the forms, and what became of each request.

A form carries the id of the request that it will be: sent twice, it is the same one.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.districts.service import get_place
from billing.invoicing.documents import number_text
from billing.invoicing.models import Invoice
from billing.invoicing.standing import list_invoices
from billing.kernel.clock import today
from billing.kernel.ids import new_id
from billing.kernel.paging import PageRequest
from billing.kernel.rows import get_row
from billing.orders.service import get_order
from billing.pages import desk
from billing.pages.clerk.customers import places
from billing.pages.desk import Choice
from billing.pages.fields import TypedDate, TypedQuantity
from billing.pages.forms import Form, blank, filters, read, submit
from billing.pages.resident.identity import resident, residents_only
from billing.requests import service as requests
from billing.requests.models import ContactField
from billing.web.fields import IdField, Schema, TextField
from billing.web.transaction import current_session

INVOICES_OFFERED = PageRequest(limit=24)  # two years of months

blp = Blueprint("resident_requests", __name__, url_prefix="/my/requests")


class ListFilters(Schema):
    """Which page of the list."""

    cursor = TextField(500)


class ServiceForm(Schema):
    """A service to be done."""

    request_id = IdField(required=True)
    service_id = IdField(required=True)
    quantity = TypedQuantity(required=True)
    planned_on = TypedDate()
    words = TextField(1000, multiline=True, load_default="")


class ProblemForm(Schema):
    """What is wrong with an invoice."""

    request_id = IdField(required=True)
    invoice_id = IdField(required=True)
    words = TextField(2000, multiline=True, required=True)


class ContactsForm(Schema):
    """How the resident wants to be reached; an empty field takes the contact away."""

    request_id = IdField(required=True)
    phone = TextField(30, load_default="")
    email = TextField(200, load_default="")
    place_code = TextField(9, load_default="")
    street = TextField(200, load_default="")
    house = TextField(20, load_default="")
    flat = TextField(20, load_default="")


@blp.get("/")
@residents_only()
def index() -> ResponseReturnValue:
    """The resident's own requests, the latest first."""
    cursor = filters(ListFilters).values.get("cursor")
    page = requests.list_requests(
        current_session(),
        PageRequest(cursor, sort="-received_on"),
        today=today(),
        customer_id=resident().id,
    )
    return render_template("resident/requests.html", page=page, today=today())


@blp.get("/<uuid:request_id>")
@residents_only()
def page(request_id: UUID) -> ResponseReturnValue:
    """A request, its term, and the answer."""
    session = current_session()
    asked = requests.get_request(session, request_id, customer_id=resident().id)
    about = asked.request
    order = get_order(session, about.order_id) if about.order_id else None
    return render_template(
        "resident/request.html",
        asked=asked,
        today=today(),
        order=order,
        service=desk.services_of([order.service_id])[order.service_id] if order else None,
        invoice=get_row(session, Invoice, about.invoice_id, kind="invoice") if about.invoice_id else None,
        contacts=requests.wanted_contacts(session, request_id),
    )


@blp.get("/service")
@residents_only()
def new_service() -> ResponseReturnValue:
    """Ask for a service."""
    return _service_form(blank(request_id=new_id(), quantity=1))


@blp.post("/service")
@residents_only()
def ask_for_service() -> ResponseReturnValue:
    """Ask for a service: it becomes a draft order."""
    return _ask(ServiceForm, requests.ask_for_service, _service_form)


@blp.get("/problem")
@residents_only()
def new_problem() -> ResponseReturnValue:
    """Report a problem with an invoice; ``?invoice=`` chooses it."""
    return _problem_form(blank(request_id=new_id(), invoice_id=request.args.get("invoice")))


@blp.post("/problem")
@residents_only()
def report_problem() -> ResponseReturnValue:
    """Report a problem with an invoice."""
    return _ask(ProblemForm, requests.report_problem, _problem_form)


@blp.get("/contacts")
@residents_only()
def new_contacts() -> ResponseReturnValue:
    """Ask for other contacts; the form shows those that are known."""
    known = requests.contacts_of(resident().customer)
    return _contacts_form(
        blank(request_id=new_id(), **{each.value: getattr(known, each) for each in ContactField})
    )


@blp.post("/contacts")
@residents_only()
def ask_for_contacts() -> ResponseReturnValue:
    """Ask for other contacts: a clerk looks at them first."""

    def ask(session: Session, customer_id: UUID, **values: Any) -> Any:
        dates = {name: values.pop(name) for name in ("request_id", "received_on")}
        return requests.ask_for_contacts(session, customer_id, requests.Contacts(**values), **dates)

    return _ask(ContactsForm, ask, _contacts_form)


def _ask(schema: type[Schema], ask: Callable[..., Any], again: Callable[[Form], str]) -> ResponseReturnValue:
    form, known = read(schema), resident()

    def work(session: Session) -> str:
        sent = ask(session, known.id, **form.values, received_on=today())
        return url_for("resident_requests.page", request_id=sent.id)

    return submit(form, work, again, done="page.request_sent")


def _service_form(form: Form) -> str:
    choices = desk.service_choices(current_session())
    return render_template("resident/request_service.html", form=form, service_choices=choices)


def _problem_form(form: Form) -> str:
    found = list_invoices(current_session(), INVOICES_OFFERED, today=today(), customer_id=resident().id)
    choices = [
        Choice(
            str(each.invoice.id),
            f"№ {number_text(each.invoice.number)} · {desk.show(each.invoice.issued_on)} · "
            f"{desk.show(each.invoice.total)}",
        )
        for each in found.items
    ]
    return render_template("resident/request_problem.html", form=form, invoices=choices)


def _contacts_form(form: Form) -> str:
    return render_template(
        "resident/request_contacts.html", form=form, places=_places_of(resident().customer)
    )


def _places_of(customer: Customer) -> list[Choice]:
    """The settlements of the district, and his own if it is none of them: nobody is moved by a form."""
    known = places()
    if customer.place_code and all(each.value != customer.place_code for each in known):
        place = get_place(current_session(), customer.place_code)
        known.append(Choice(place.code, desk.name_of(place)))
    return known

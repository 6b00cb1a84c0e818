"""Customers: found, looked at, taken on, and written anew."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.access.service import log_personal_data_access
from billing.catalog.models import PayerCategory
from billing.customers import service as customers
from billing.customers.models import Customer
from billing.districts.service import current_district, get_place, list_places
from billing.invoicing.standing import list_invoices
from billing.kernel.clock import today
from billing.kernel.errors import InvalidInput
from billing.kernel.money import total
from billing.kernel.paging import PageRequest
from billing.kernel.shown import Language
from billing.orders.service import list_orders
from billing.pages import desk
from billing.pages.desk import CLERKS, READERS, Choice
from billing.pages.fields import PURPOSE_LENGTH_MIN, AccountNumberField
from billing.pages.forms import Form, blank, filters, read, submit
from billing.payments.service import list_payments
from billing.receivables.service import advance_of, debt_of
from billing.web.access import requires
from billing.web.fields import BooleanField, EnumField, Schema, StrictInteger, TextField
from billing.web.transaction import current_session

blp = Blueprint("clerk_customers", __name__, url_prefix="/customers")

SHOWN_ON_CARD = 10
PERSONAL_FIELDS = ("iin_bin", "phone", "email")


class UnknownAccountNumber(InvalidInput):
    """Nobody in the district has this personal account. Facts: ``field``, ``account_number``."""

    code = "unknown_account_number"


class CustomerFilters(Schema):
    """What the list of customers is narrowed by."""

    search = TextField()
    category = EnumField(PayerCategory)
    place_code = TextField(9)
    closed = BooleanField()
    cursor = TextField(500)


class CustomerForm(Schema):
    """What is written down about a customer; truth is checked by the service."""

    category = EnumField(PayerCategory, required=True)
    name = TextField(300, required=True)
    iin_bin = TextField(20)
    place_code = TextField(9)
    street = TextField(200, load_default="")
    house = TextField(20, load_default="")
    flat = TextField(20, load_default="")
    language = EnumField(Language, required=True)
    phone = TextField(30)
    email = TextField(200)
    invoices_by_email = BooleanField(load_default=False)
    payer = AccountNumberField(40)


class EditForm(CustomerForm):
    """The same, of a customer as he was read."""

    version = StrictInteger(required=True, minimum=1)


class PersonalForm(Schema):
    """Why somebody wants to see a customer's numbers."""

    purpose = TextField(200, length_min=PURPOSE_LENGTH_MIN, required=True)


@blp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """Customers by name: found by account number, IIN, BIN, or words of name and address."""
    form = filters(CustomerFilters)
    wanted = dict(form.values)
    page = customers.list_customers(
        current_session(),
        PageRequest(wanted.pop("cursor", None)),
        active=None if wanted.pop("closed", False) else True,
        **wanted,
    )
    return render_template("clerk/customers.html", form=form, page=page, places=places(), **_words())


@blp.get("/<uuid:customer_id>")
@requires(*READERS)
def card(customer_id: UUID) -> ResponseReturnValue:
    """A customer's card: account, address, contracts, orders, invoices, payments, what he owes."""
    customer = customers.get_customer(current_session(), customer_id)
    return _card(customer, blank())


@blp.post("/<uuid:customer_id>/personal")
@requires(*CLERKS, writes=True)
def personal(customer_id: UUID) -> ResponseReturnValue:
    """The card with IIN, phone and e-mail readable; the reading and its purpose are logged."""
    customer = customers.get_customer(current_session(), customer_id)
    form = read(PersonalForm)
    if not form.is_right:
        return _card(customer, form), 422
    _log_reading(customer, form.values["purpose"])
    return _card(customer, form, unmasked=True)


@blp.get("/new")
@requires(*CLERKS)
def new() -> ResponseReturnValue:
    """An empty card."""
    form = blank(category=PayerCategory.RESIDENT.value, language=Language.KK.value, place_code=_only_place())
    return _form(None)(form)


@blp.post("/new")
@requires(*CLERKS)
def take_on() -> ResponseReturnValue:
    """Take on a customer; he gets the district's next account number."""
    form = read(CustomerForm)

    def work(session: Session) -> str:
        customer = customers.register_customer(session, _details(session, form.values))
        return url_for("clerk_customers.card", customer_id=customer.id)

    return submit(form, work, _form(None), done="page.customer_taken_on", fields={"payer_id": "payer"})


@blp.get("/<uuid:customer_id>/edit")
@requires(*CLERKS, writes=True)
def edit(customer_id: UUID) -> ResponseReturnValue:
    """A customer's card to be written anew. It shows IIN and phone, so the reading is logged."""
    session = current_session()
    customer = customers.get_customer(session, customer_id)
    _log_reading(customer, "edit")
    payer = customers.get_customer(session, customer.payer_id) if customer.payer_id else None
    shown: dict[str, Any] = {name: getattr(customer, name) for name in _EDITED}
    shown["invoices_by_email"] = "true" if customer.invoices_by_email else None
    form = blank(**shown, payer=payer.account_number if payer else None, version=customer.version)
    return _form(customer)(form)


@blp.post("/<uuid:customer_id>/edit")
@requires(*CLERKS)
def rewrite(customer_id: UUID) -> ResponseReturnValue:
    """Write a customer's details anew; issued papers keep what they said."""
    customer = customers.get_customer(current_session(), customer_id)
    form = read(EditForm)

    def work(session: Session) -> str:
        details = _details(session, form.values)
        customers.edit_customer(session, customer_id, details, version=form.values["version"])
        return url_for("clerk_customers.card", customer_id=customer_id)

    return submit(form, work, _form(customer), done="page.saved", fields={"payer_id": "payer"})


@blp.post("/<uuid:customer_id>/close")
@requires(*CLERKS)
def close(customer_id: UUID) -> ResponseReturnValue:
    """Take a customer off the books who owes nothing and has no contract."""
    customer = customers.get_customer(current_session(), customer_id)
    form = read(Schema)

    def work(session: Session) -> str:
        customers.deactivate_customer(session, customer_id, on=today())
        return url_for("clerk_customers.card", customer_id=customer_id)

    return submit(form, work, lambda refused: _card(customer, refused), done="page.customer_closed")


@blp.post("/<uuid:customer_id>/reopen")
@requires(*CLERKS)
def reopen(customer_id: UUID) -> ResponseReturnValue:
    """Take a customer back onto the books."""
    customer = customers.get_customer(current_session(), customer_id)
    form = read(Schema)

    def work(session: Session) -> str:
        customers.reactivate_customer(session, customer_id)
        return url_for("clerk_customers.card", customer_id=customer_id)

    return submit(form, work, lambda refused: _card(customer, refused), done="page.customer_reopened")


@blp.post("/<uuid:customer_id>/trust-mailbox")
@requires(*CLERKS)
def trust_mailbox(customer_id: UUID) -> ResponseReturnValue:
    """Write to a customer's mailbox again."""
    customer = customers.get_customer(current_session(), customer_id)
    form = read(Schema)

    def work(session: Session) -> str:
        customers.trust_mailbox(session, customer_id)
        return url_for("clerk_customers.card", customer_id=customer_id)

    return submit(form, work, lambda refused: _card(customer, refused), done="page.mailbox_trusted")


_EDITED = (
    "category",
    "name",
    "iin_bin",
    "place_code",
    "street",
    "house",
    "flat",
    "language",
    "phone",
    "email",
)


def places() -> list[Choice]:
    """The settlements of the district."""
    session = current_session()
    district = current_district(session)
    found = list_places(session, desk.ALL, parent_code=district.kato_code).items
    return [Choice(place.code, desk.name_of(place)) for place in found]


def _only_place() -> str | None:
    known = places()
    return known[0].value if len(known) == 1 else None


def _details(session: Session, values: dict[str, Any]) -> customers.CustomerDetails:
    given = {name: value for name, value in values.items() if name not in ("payer", "version")}
    payer = values.get("payer")
    if payer is None:
        return customers.CustomerDetails(**given)
    found = customers.find_customer(session, account_number=payer)
    if found is None:
        raise UnknownAccountNumber(field="payer", account_number=payer)
    return customers.CustomerDetails(**given, payer_id=found.id)


def _form(customer: Customer | None) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        return render_template(
            "clerk/customer_form.html", form=form, customer=customer, places=places(), **_words()
        )

    return again


def _card(customer: Customer, form: Form, *, unmasked: bool = False) -> str:
    session, day = current_session(), today()
    part = PageRequest(limit=SHOWN_ON_CARD)
    orders = list_orders(session, part, customer_id=customer.id)
    known = desk.enterprises()
    return render_template(
        "clerk/customer.html",
        form=form,
        customer=customer,
        unmasked=unmasked,
        bounce=customers.bounce_of(session, customer),
        place=get_place(session, customer.place_code) if customer.place_code else None,
        payer=customers.get_customer(session, customer.payer_id) if customer.payer_id else None,
        debt=total(debt_of(session, each.id, customer.id) for each in known),
        advance=total(advance_of(session, each.id, customer.id) for each in known),
        contracts=customers.list_contracts(session, part, customer_id=customer.id),
        orders=orders,
        services=desk.services_of(order.service_id for order in orders.items),
        invoices=list_invoices(session, part, today=day, customer_id=customer.id),
        payments=list_payments(session, part, customer_id=customer.id),
        today=day,
    )


def _log_reading(customer: Customer, purpose: str) -> None:
    log_personal_data_access(
        current_session(),
        subject_kind="customer",
        subject_id=customer.id,
        fields=PERSONAL_FIELDS,
        purpose=purpose,
    )


def _words() -> dict[str, Any]:
    return {"categories": desk.choices(PayerCategory), "languages_of_papers": desk.choices(Language)}

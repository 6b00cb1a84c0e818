"""Contracts: signed, charged by the month, ended."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.customers import service as customers
from billing.customers.documents import render_access_slip
from billing.customers.models import Contract, Customer
from billing.districts.service import get_enterprise
from billing.kernel.clock import now, today
from billing.kernel.errors import Refusal
from billing.kernel.paging import PageRequest
from billing.pages import desk
from billing.pages.desk import CLERKS, READERS, Choice
from billing.pages.fields import TypedDate, TypedQuantity
from billing.pages.forms import Form, blank, filters, read, show_refusal, submit
from billing.web.access import requires
from billing.web.fields import IdField, Schema, StrictInteger, TextField
from billing.web.files import PDF, file_answer
from billing.web.transaction import current_session

blp = Blueprint("clerk_contracts", __name__, url_prefix="/contracts")


class ContractFilters(Schema):
    """What the list of contracts is narrowed by."""

    number = TextField(50)
    holds_on = TypedDate()
    cursor = TextField(500)


class ContractForm(Schema):
    """A contract as the paper has it."""

    enterprise_id = IdField(required=True)
    number = TextField(50)
    signed_on = TypedDate(required=True)
    starts_on = TypedDate(required=True)
    ends_on = TypedDate()


class ChargeForm(Schema):
    """What is charged every month of a season."""

    service_id = IdField(required=True)
    quantity = TypedQuantity(required=True)
    first_month = StrictInteger(minimum=1, maximum=12, required=True)
    last_month = StrictInteger(minimum=1, maximum=12, required=True)
    valid_from = TypedDate(required=True)
    valid_to = TypedDate()


class ChargeEndForm(Schema):
    """The last day of a charge."""

    ended_on = TypedDate(required=True)


class CodeForm(Schema):
    """Which code is replaced: nobody prints two slips of which one opens."""

    version = StrictInteger(minimum=0, required=True)


class EndForm(Schema):
    """When and why a contract ends before its term."""

    on = TypedDate(required=True)
    reason = TextField(300, required=True)


@blp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """Contracts, the last signed first."""
    form = filters(ContractFilters)
    wanted = dict(form.values)
    page = customers.list_contracts(current_session(), PageRequest(wanted.pop("cursor", None)), **wanted)
    people = desk.customers_of(contract.customer_id for contract in page.items)
    return render_template("clerk/contracts.html", form=form, page=page, people=people, today=today())


@blp.get("/new/<uuid:customer_id>")
@requires(*CLERKS)
def new(customer_id: UUID) -> ResponseReturnValue:
    """An empty contract with a customer."""
    customer = customers.get_customer(current_session(), customer_id)
    day = today()
    known = desk.enterprises()
    return _form(customer)(
        blank(signed_on=day, starts_on=day, enterprise_id=known[0].id if len(known) == 1 else None)
    )


@blp.post("/new/<uuid:customer_id>")
@requires(*CLERKS)
def sign(customer_id: UUID) -> ResponseReturnValue:
    """Record a signed contract."""
    customer = customers.get_customer(current_session(), customer_id)
    form = read(ContractForm)

    def work(session: Session) -> str:
        values = dict(form.values)
        contract = customers.sign_contract(session, values.pop("enterprise_id"), customer_id, **values)
        return url_for("clerk_contracts.page", contract_id=contract.id)

    return submit(form, work, _form(customer), done="page.contract_signed")


@blp.get("/<uuid:contract_id>")
@requires(*READERS)
def page(contract_id: UUID) -> ResponseReturnValue:
    """A contract with what it charges."""
    contract = customers.get_contract(current_session(), contract_id)
    return _page(contract)(blank())


@blp.post("/<uuid:contract_id>/access-code")
@requires(*CLERKS)
def access_code(contract_id: UUID) -> ResponseReturnValue:
    """Make the customer's code to log in and print its slip: the code is shown on it and nowhere else."""
    contract = customers.get_contract(current_session(), contract_id)
    form = read(CodeForm)
    if not form.is_right:
        return _page(contract)(form), 422
    session, day = current_session(), today()
    try:
        code = customers.make_access_code(session, contract_id, on=day, at=now(), **form.values)
    except Refusal as refusal:
        show_refusal(form, refusal, {})
        return _page(contract)(form), 422
    address = current_app.extensions["settings"].public_url + url_for("resident_door.log_in")
    slip = render_access_slip(session, contract_id, code, address=address, made_on=day)
    return file_answer(slip, PDF, f"access-code-{contract.number}.pdf")


@blp.post("/<uuid:contract_id>/charges")
@requires(*CLERKS)
def add_charge(contract_id: UUID) -> ResponseReturnValue:
    """Charge a service every month."""
    return _change(
        contract_id,
        ChargeForm,
        lambda session, values: customers.add_charge(session, contract_id, **values),
        done="page.charge_added",
    )


@blp.post("/<uuid:contract_id>/charges/<uuid:charge_id>/end")
@requires(*CLERKS)
def end_charge(contract_id: UUID, charge_id: UUID) -> ResponseReturnValue:
    """Set the last day of a charge."""
    return _change(
        contract_id,
        ChargeEndForm,
        lambda session, values: customers.end_charge(session, charge_id, valid_to=values["ended_on"]),
        done="page.charge_ended",
        fields=dict.fromkeys(("ended_on", "valid_to", "charge_ended"), f"ended_on-{charge_id}"),
    )


@blp.post("/<uuid:contract_id>/end")
@requires(*CLERKS)
def end(contract_id: UUID) -> ResponseReturnValue:
    """End a contract before its term."""
    return _change(
        contract_id,
        EndForm,
        lambda session, values: customers.end_contract(session, contract_id, **values),
        done="page.contract_ended",
    )


def _change(
    contract_id: UUID,
    schema: type[Schema],
    change: Callable[[Session, dict[str, Any]], object],
    *,
    done: str,
    fields: dict[str, str] | None = None,
) -> ResponseReturnValue:
    contract = customers.get_contract(current_session(), contract_id)
    form = read(schema)
    # A charge's own little form shows what is wrong with it at itself.
    form.errors = {(fields or {}).get(name, name): sentence for name, sentence in form.errors.items()}

    def work(session: Session) -> str:
        change(session, form.values)
        return url_for("clerk_contracts.page", contract_id=contract_id)

    return submit(form, work, _page(contract), done=done, fields=fields)


def _form(customer: Customer) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        enterprises = desk.enterprise_choices()
        return render_template(
            "clerk/contract_form.html", form=form, customer=customer, enterprises=enterprises
        )

    return again


def _page(contract: Contract) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        session, day = current_session(), today()
        form.suggest(
            blank(first_month=1, last_month=12, valid_from=max(contract.starts_on, day), on=day, quantity=1)
        )
        charges = customers.list_charges(session, contract.id)
        return render_template(
            "clerk/contract.html",
            form=form,
            contract=contract,
            customer=customers.get_customer(session, contract.customer_id),
            enterprise=get_enterprise(session, contract.enterprise_id),
            access_code=customers.find_access_code(session, contract.customer_id),
            charges=charges,
            services=desk.services_of(charge.service_id for charge in charges),
            service_choices=desk.service_choices(session, contract.enterprise_id),
            months=[Choice(str(month), f"{month:02d}") for month in range(1, 13)],
            today=day,
        )

    return again

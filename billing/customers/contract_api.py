"""Contracts and their recurring charges on the wire."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.customers import service
from billing.customers.models import Contract, ContractCharge
from billing.kernel.clock import now, today
from billing.kernel.dates import Month
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    DateField,
    IdField,
    MonthField,
    QuantityField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session

blp = Blueprint("contracts", __name__, url_prefix="/api/v1", description="Contracts and recurring charges.")
OFFICE = (Role.CLERK, Role.ACCOUNTANT)
SEASON = {"description": "of the season; November to March is 11 and 3"}


class ContractIn(Schema):
    """A contract to record."""

    enterprise_id = IdField(required=True)
    customer_id = IdField(required=True)
    signed_on = DateField(required=True)
    starts_on = DateField(required=True)
    ends_on = DateField(load_default=None, allow_none=True, metadata={"description": "null: until ended"})
    number = TextField(50, metadata={"description": "the next one of the year if left out"})


class ContractOut(Schema):
    """A contract between the enterprise and a customer."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    customer_id = IdField(required=True)
    number = TextField(50, required=True)
    signed_on = DateField(required=True)
    starts_on = DateField(required=True)
    ends_on = DateField(required=True, allow_none=True)
    ended_on = DateField(required=True, allow_none=True)
    end_reason = TextField(300, required=True, allow_none=True)
    last_day = DateField(required=True, allow_none=True, metadata={"description": "whichever end is earlier"})
    version = StrictInteger(minimum=1, required=True)


class ContractArgs(ListArgs):
    """Which contracts."""

    sort = SortField("signed_on", "number", "id")
    customer_id = IdField()
    enterprise_id = IdField()
    number = TextField(50, metadata={"description": "its beginning"})
    holds_on = DateField()


class ContractTerm(Schema):
    """Another last day; null runs until the contract is ended."""

    ends_on = DateField(required=True, allow_none=True)


class ContractEnd(Schema):
    """When and why a contract ends before its term."""

    on = DateField(required=True, metadata={"description": "the last day on which it holds"})
    reason = TextField(300, required=True)


class ChargeIn(Schema):
    """A service to charge every month."""

    service_id = IdField(required=True)
    quantity = QuantityField(required=True, metadata={"description": "per month, in the service's unit"})
    valid_from = DateField(required=True)
    valid_to = DateField(load_default=None, allow_none=True)
    first_month = StrictInteger(minimum=1, maximum=12, load_default=1, metadata=SEASON)
    last_month = StrictInteger(minimum=1, maximum=12, load_default=12, metadata=SEASON)


class ChargeOut(Schema):
    """A service charged every month."""

    id = IdField(required=True)
    contract_id = IdField(required=True)
    service_id = IdField(required=True)
    quantity = QuantityField(required=True)
    first_month = StrictInteger(required=True)
    last_month = StrictInteger(required=True)
    valid_from = DateField(required=True)
    valid_to = DateField(required=True, allow_none=True)


class ChargeEnd(Schema):
    """The last day of a charge."""

    valid_to = DateField(required=True)


class AccessCodeOut(Schema):
    """A code to log in with, at the only moment it is shown."""

    account_number = TextField(13, required=True)
    code = TextField(20, required=True)


class MonthArgs(Schema):
    """A month; the present one if left out."""

    month = MonthField()


class ChargeDueOut(Schema):
    """What a charge makes due in a month, in proportion to the days it holds."""

    charge_id = IdField(required=True)
    service_id = IdField(required=True)
    first_day = DateField(required=True)
    last_day = DateField(required=True)
    quantity = QuantityField(required=True)
    quantity_due = QuantityField(required=True)


@blp.get("/contracts")
@requires()
@blp.arguments(ContractArgs, location="query")
@blp.response(200, page_schema(ContractOut))
def list_contracts(args: dict[str, Any]) -> Page[Contract]:
    """Contracts, the last signed first."""
    return service.list_contracts(current_session(), args.pop("page"), **args)


@blp.post("/contracts")
@requires(*OFFICE)
@blp.arguments(ContractIn)
@blp.response(201, ContractOut)
@versioned
def sign_contract(body: dict[str, Any]) -> Contract:
    """Record a contract between the enterprise and a customer."""
    return service.sign_contract(
        current_session(), body.pop("enterprise_id"), body.pop("customer_id"), **body
    )


@blp.get("/contracts/<uuid:contract_id>")
@requires()
@blp.response(200, ContractOut)
@versioned
def show_contract(contract_id: UUID) -> Contract:
    """A contract."""
    return service.get_contract(current_session(), contract_id)


@blp.put("/contracts/<uuid:contract_id>/term")
@requires(*OFFICE)
@blp.arguments(ContractTerm)
@blp.response(200, ContractOut)
@versioned
def prolong_contract(body: dict[str, Any], contract_id: UUID, version: int) -> Contract:
    """Agree on another last day of the term."""
    return service.prolong_contract(current_session(), contract_id, version=version, **body)


@blp.put("/contracts/<uuid:contract_id>/end")
@requires(*OFFICE)
@blp.arguments(ContractEnd)
@blp.response(200, ContractOut)
@versioned
def end_contract(body: dict[str, Any], contract_id: UUID, version: int) -> Contract:
    """End a contract before its term."""
    return service.end_contract(current_session(), contract_id, version=version, **body)


@blp.put("/contracts/<uuid:contract_id>/access-code")
@requires(*OFFICE)
@blp.response(200, AccessCodeOut)
def make_access_code(contract_id: UUID) -> dict[str, str]:
    """Make the code with which the customer logs in, to be printed once and handed over with the contract.

    An earlier code opens no more, and ends the log-ins made with it.
    """
    session = current_session()
    code = service.make_access_code(session, contract_id, on=today(), at=now())
    contract = service.get_contract(session, contract_id)
    customer = service.get_customer(session, contract.customer_id)
    return {"account_number": customer.account_number, "code": code}


@blp.get("/contracts/<uuid:contract_id>/charges")
@requires()
@blp.response(200, page_schema(ChargeOut))
def list_charges(contract_id: UUID) -> Page[ContractCharge]:
    """Every charge of a contract, the oldest first, on one page."""
    contract = service.get_contract(current_session(), contract_id)
    return Page(service.list_charges(current_session(), contract.id), None)


@blp.post("/contracts/<uuid:contract_id>/charges")
@requires(*OFFICE)
@blp.arguments(ChargeIn)
@blp.response(201, ChargeOut)
def add_charge(body: dict[str, Any], contract_id: UUID) -> ContractCharge:
    """Charge a service every month under a contract."""
    return service.add_charge(current_session(), contract_id, **body)


@blp.post("/charges/<uuid:charge_id>/end")
@requires(*OFFICE)
@blp.arguments(ChargeEnd)
@blp.response(200, ChargeOut)
def end_charge(body: dict[str, Any], charge_id: UUID) -> ContractCharge:
    """Set the last day of a charge."""
    return service.end_charge(current_session(), charge_id, **body)


@blp.get("/contracts/<uuid:contract_id>/charges-due")
@requires()
@blp.arguments(MonthArgs, location="query")
@blp.response(200, page_schema(ChargeDueOut))
def list_charges_due(args: dict[str, Month], contract_id: UUID) -> Page[service.ChargeDue]:
    """What a contract makes due in a month, whether billed or not, on one page."""
    contract = service.get_contract(current_session(), contract_id)
    month = args.get("month") or Month.of(today())
    return Page(service.charges_due(current_session(), month, contract.id), None)

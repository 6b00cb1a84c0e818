"""Contractors, their contracts and supplements on the wire."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.kernel.errors import InvalidInput
from billing.kernel.identifiers import is_iin, mask_iin
from billing.kernel.money import Money
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    AmountField,
    DateField,
    IdField,
    ListField,
    MoneyField,
    NestedField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session
from billing.workforce import contracts, service
from billing.workforce.models import Contractor, ContractorContract

OFFICE = (Role.CLERK, Role.ACCOUNTANT)
PRICES_MAX = 200

blp = Blueprint(
    "contractors", __name__, url_prefix="/api/v1", description="Contractors, their contracts and supplements."
)


class BusinessNumberField(TextField):
    """A contractor's number: a BIN is public, an entrepreneur's IIN is masked."""

    def _show(self, value: Any) -> str:
        return mask_iin(value) if is_iin(value) else str(value)


class ContractorArgs(ListArgs):
    """Whose name or number to find, in Kazakh or Russian letters."""

    sort = SortField("name")
    search = TextField(100)


class ContractorEdit(Schema):
    """What may change of a contractor."""

    name = TextField(300, required=True)
    address = TextField(300, length_min=0, load_default="")
    iban = TextField(40, load_default=None, allow_none=True)
    bic = TextField(11, load_default=None, allow_none=True)
    phone = TextField(30, load_default=None, allow_none=True)


class ContractorIn(ContractorEdit):
    """An organisation, or an individual entrepreneur by IIN."""

    bin = TextField(12, required=True)


class ContractorOut(Schema):
    """A contractor."""

    id = IdField(required=True)
    bin = BusinessNumberField(12, required=True)
    name = TextField(300, required=True)
    address = TextField(300, length_min=0, required=True)
    iban = TextField(20, required=True, allow_none=True)
    bic = TextField(11, required=True, allow_none=True)
    phone = TextField(20, required=True, allow_none=True)
    version = StrictInteger(minimum=1, required=True)


class PriceSchema(Schema):
    """What the contractor gets per unit of a service."""

    service_id = IdField(required=True)
    price = MoneyField(required=True, minimum=Money(1))


class ContractIn(Schema):
    """A contract to sign with a contractor."""

    contractor_id = IdField(required=True)
    enterprise_id = IdField(required=True)
    signed_on = DateField(required=True)
    starts_on = DateField(required=True)
    ends_on = DateField(required=True)
    ceiling = MoneyField(required=True, minimum=Money(1))
    prices = ListField(NestedField(PriceSchema), items_min=1, items_max=PRICES_MAX, required=True)
    number = TextField(50, metadata={"description": "the next free one of the year if left out"})


class ContractOut(Schema):
    """A contractor's contract with its newest term and ceiling."""

    id = IdField(required=True)
    contractor_id = IdField(required=True)
    enterprise_id = IdField(required=True)
    number = TextField(50, required=True)
    signed_on = DateField(required=True)
    starts_on = DateField(required=True)
    ends_on = DateField(required=True)
    ceiling = AmountField(required=True)
    used = AmountField(required=True, metadata={"description": "sum of the acts so far"})


class ContractRow(Schema):
    """A line of the list of contracts."""

    contract = NestedField(ContractOut, required=True)
    contractor_name = TextField(300, required=True)


class ContractArgs(ListArgs):
    """Which contracts; ``on`` keeps those in force that day."""

    sort = SortField("signed_on", "number")
    contractor_id = IdField()
    enterprise_id = IdField()
    on = DateField()


class SupplementIn(Schema):
    """What a supplement changes; what is left out stays."""

    number = TextField(50, required=True)
    signed_on = DateField(required=True)
    valid_from = DateField(required=True)
    ends_on = DateField()
    ceiling = MoneyField(minimum=Money(1))
    prices = ListField(NestedField(PriceSchema), items_max=PRICES_MAX, load_default=list)


class VersionOut(Schema):
    """The contract as signed or as changed by one supplement."""

    version = StrictInteger(minimum=1, required=True)
    supplement_number = TextField(50, required=True, allow_none=True)
    signed_on = DateField(required=True)
    valid_from = DateField(required=True)
    ends_on = DateField(required=True)
    ceiling = AmountField(required=True)
    prices = ListField(NestedField(PriceSchema), required=True, dump_only=True)


class VersionsOut(Schema):
    """All versions of a contract, the oldest first."""

    items = ListField(NestedField(VersionOut), required=True, dump_only=True)


@blp.get("/contractors")
@requires()
@blp.arguments(ContractorArgs, location="query")
@blp.response(200, page_schema(ContractorOut))
def list_contractors(args: dict[str, Any]) -> Page[Contractor]:
    """Contractors by name in the order of the Kazakh alphabet."""
    return service.list_contractors(current_session(), args.pop("page"), **args)


@blp.post("/contractors")
@requires(*OFFICE)
@blp.arguments(ContractorIn)
@blp.response(201, ContractorOut)
@versioned
def register_contractor(body: dict[str, Any]) -> Contractor:
    """Register an organisation or an entrepreneur that may work for the enterprise."""
    return service.register_contractor(current_session(), **body)


@blp.get("/contractors/<uuid:contractor_id>")
@requires()
@blp.response(200, ContractorOut)
@versioned
def show_contractor(contractor_id: UUID) -> Contractor:
    """A contractor."""
    return service.get_contractor(current_session(), contractor_id)


@blp.put("/contractors/<uuid:contractor_id>")
@requires(*OFFICE)
@blp.arguments(ContractorEdit)
@blp.response(200, ContractorOut)
@versioned
def edit_contractor(body: dict[str, Any], contractor_id: UUID, version: int) -> Contractor:
    """Write down a contractor's changed particulars."""
    return service.edit_contractor(current_session(), contractor_id, version=version, **body)


@blp.get("/contractor-contracts")
@requires()
@blp.arguments(ContractArgs, location="query")
@blp.response(200, page_schema(ContractRow))
def list_contracts(args: dict[str, Any]) -> Page[dict[str, Any]]:
    """Contractors' contracts, the newest first."""
    page = contracts.list_contractor_contracts(current_session(), args.pop("page"), **args)
    return Page(
        [{"contract": contract, "contractor_name": name} for contract, name in page.items], page.next_cursor
    )


@blp.post("/contractor-contracts")
@requires(*OFFICE)
@blp.arguments(ContractIn)
@blp.response(201, ContractOut)
def sign_contract(body: dict[str, Any]) -> ContractorContract:
    """Sign a contract with a contractor."""
    contractor_id, prices = body.pop("contractor_id"), _prices(body.pop("prices"))
    return contracts.sign_contractor_contract(current_session(), contractor_id, **body, prices=prices)


@blp.get("/contractor-contracts/<uuid:contract_id>")
@requires()
@blp.response(200, ContractOut)
def show_contract(contract_id: UUID) -> ContractorContract:
    """A contractor's contract: its term, its ceiling, what is used of it."""
    return contracts.get_contractor_contract(current_session(), contract_id)


@blp.get("/contractor-contracts/<uuid:contract_id>/versions")
@requires()
@blp.response(200, VersionsOut)
def list_versions(contract_id: UUID) -> dict[str, Any]:
    """The contract as signed and as changed by each supplement, with its prices."""
    contract = contracts.get_contractor_contract(current_session(), contract_id)
    return {"items": [_shown(each) for each in contracts.list_versions(current_session(), contract.id)]}


@blp.post("/contractor-contracts/<uuid:contract_id>/supplements")
@requires(*OFFICE)
@blp.arguments(SupplementIn)
@blp.response(201, VersionOut)
def add_supplement(body: dict[str, Any], contract_id: UUID) -> dict[str, Any]:
    """Sign a supplement: a new version of the contract."""
    prices = _prices(body.pop("prices"))
    contracts.add_supplement(current_session(), contract_id, **body, prices=prices)
    return _shown(contracts.list_versions(current_session(), contract_id)[-1])


def _prices(rows: list[dict[str, Any]]) -> dict[UUID, Money]:
    prices = {row["service_id"]: row["price"] for row in rows}
    if len(prices) < len(rows):  # two prices of one service: nobody can say which is meant
        raise InvalidInput(field="prices")
    return prices


def _shown(known: contracts.Version) -> dict[str, Any]:
    version = known.version
    prices = [
        {"service_id": service_id, "price": price} for service_id, price in sorted(known.prices.items())
    ]
    return {
        "version": version.version,
        "supplement_number": version.supplement_number,
        "signed_on": version.signed_on,
        "valid_from": version.valid_from,
        "ends_on": version.ends_on,
        "ceiling": version.ceiling,
        "prices": prices,
    }

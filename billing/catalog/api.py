"""The catalogue on the wire: services, tariffs, VAT rates, benefits."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.catalog import service
from billing.catalog.models import (
    Benefit,
    BenefitKind,
    PayerCategory,
    Service,
    Tariff,
    Unit,
    VatCategory,
    VatRate,
)
from billing.kernel.clock import today
from billing.kernel.money import BASIS_POINTS, Money
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    AmountField,
    BooleanField,
    DateField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session

blp = Blueprint(
    "catalog", __name__, url_prefix="/api/v1", description="Services, tariffs, VAT rates, benefits."
)
PRICING = (Role.ACCOUNTANT, Role.ADMIN)
BASIS = {"description": "basis points: 1600 is 16 %"}


class ServiceEdit(Schema):
    """What may change of a service."""

    name_kk = TextField(300, required=True)
    name_ru = TextField(300, required=True)
    name_en = TextField(300, required=True)
    revenue_code = TextField(6, required=True, metadata={"description": "budget classification of the fee"})
    knp = TextField(3, load_default=service.KNP_OTHER_SERVICES, metadata={"description": "payment purpose"})
    vat_category = EnumField(VatCategory, load_default=VatCategory.STANDARD)


class ServiceIn(ServiceEdit):
    """A service to enter into an enterprise's catalogue."""

    enterprise_id = IdField(required=True)
    code = TextField(20, required=True)
    unit = EnumField(Unit, required=True)


class ServiceOut(Schema):
    """A service of the catalogue."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    code = TextField(20, required=True)
    name_kk = TextField(300, required=True)
    name_ru = TextField(300, required=True)
    name_en = TextField(300, required=True)
    unit = EnumField(Unit, required=True)
    knp = TextField(3, required=True)
    revenue_code = TextField(6, required=True)
    vat_category = EnumField(VatCategory, required=True)
    is_active = BooleanField(required=True)
    version = StrictInteger(minimum=1, required=True)


class ServiceArgs(ListArgs):
    """Which services."""

    sort = SortField("code", "id")
    enterprise_id = IdField()
    active = BooleanField()
    search = TextField(100, metadata={"description": "the code's beginning, or words of a name"})


class TariffIn(Schema):
    """A price from a day on."""

    payer_category = EnumField(PayerCategory, required=True)
    valid_from = DateField(required=True)
    price = MoneyField(minimum=Money(1), required=True, metadata={"description": "per unit, VAT included"})
    decision_number = TextField(50, required=True)
    decision_date = DateField(required=True)


class TariffOut(Schema):
    """A price from a day on, until the next tariff of the same service and payer category."""

    id = IdField(required=True)
    service_id = IdField(required=True)
    payer_category = EnumField(PayerCategory, required=True)
    valid_from = DateField(required=True)
    price = AmountField(required=True)
    decision_number = TextField(50, required=True)
    decision_date = DateField(required=True)
    recorded_at = InstantField(required=True)


class TariffArgs(ListArgs):
    """Which tariffs."""

    sort = SortField("valid_from", "id")
    service_id = IdField()
    payer_category = EnumField(PayerCategory)


class PriceArgs(Schema):
    """For whom, and on which day; today if left out."""

    payer_category = EnumField(PayerCategory, required=True)
    on = DateField()


class VatRateIn(Schema):
    """The country's VAT rate from a day on."""

    valid_from = DateField(required=True)
    rate_bp = StrictInteger(maximum=BASIS_POINTS, required=True, metadata=BASIS)
    source = TextField(200, required=True, metadata={"description": "the law that set it"})


class VatRateOut(VatRateIn):
    """The country's VAT rate from a day on."""


class BenefitIn(Schema):
    """A discount the district decided on: a percentage or an amount, as its kind says."""

    code = TextField(30, required=True)
    name_kk = TextField(300, required=True)
    name_ru = TextField(300, required=True)
    name_en = TextField(300, required=True)
    kind = EnumField(BenefitKind, required=True)
    percent_bp = StrictInteger(
        minimum=1, maximum=BASIS_POINTS, load_default=None, allow_none=True, metadata=BASIS
    )
    amount = MoneyField(minimum=Money(1), load_default=None, allow_none=True)
    service_id = IdField(load_default=None, allow_none=True, metadata={"description": "null: every service"})
    decision_number = TextField(50, required=True)
    decision_date = DateField(required=True)
    valid_from = DateField(required=True)
    valid_to = DateField(load_default=None, allow_none=True)


class BenefitOut(Schema):
    """A discount for a category of people."""

    id = IdField(required=True)
    code = TextField(30, required=True)
    name_kk = TextField(300, required=True)
    name_ru = TextField(300, required=True)
    name_en = TextField(300, required=True)
    kind = EnumField(BenefitKind, required=True)
    percent_bp = StrictInteger(required=True, allow_none=True, metadata=BASIS)
    amount = AmountField(required=True, allow_none=True)
    service_id = IdField(required=True, allow_none=True)
    decision_number = TextField(50, required=True)
    decision_date = DateField(required=True)
    valid_from = DateField(required=True)
    valid_to = DateField(required=True, allow_none=True)


class BenefitArgs(ListArgs):
    """Which benefits; ``on`` keeps those that hold that day."""

    sort = SortField("code", "valid_from")
    on = DateField()


class BenefitEnd(Schema):
    """The last day of a benefit."""

    valid_to = DateField(required=True)


@blp.get("/services")
@requires()
@blp.arguments(ServiceArgs, location="query")
@blp.response(200, page_schema(ServiceOut))
def list_services(args: dict[str, Any]) -> Page[Service]:
    """Services by code."""
    return service.list_services(current_session(), args.pop("page"), **args)


@blp.post("/services")
@requires(Role.ADMIN)
@blp.arguments(ServiceIn)
@blp.response(201, ServiceOut)
@versioned
def define_service(body: dict[str, Any]) -> Service:
    """Enter a service into an enterprise's catalogue."""
    return service.define_service(current_session(), body.pop("enterprise_id"), **body)


@blp.get("/services/<uuid:service_id>")
@requires()
@blp.response(200, ServiceOut)
@versioned
def show_service(service_id: UUID) -> Service:
    """A service of the catalogue."""
    return service.get_service(current_session(), service_id)


@blp.put("/services/<uuid:service_id>")
@requires(Role.ADMIN)
@blp.arguments(ServiceEdit)
@blp.response(200, ServiceOut)
@versioned
def edit_service(body: dict[str, Any], service_id: UUID, version: int) -> Service:
    """Write a service's names and codes anew; its own code and unit stay."""
    return service.edit_service(current_session(), service_id, version=version, **body)


@blp.post("/services/<uuid:service_id>/deactivate")
@requires(Role.ADMIN)
@blp.response(200, ServiceOut)
@versioned
def deactivate_service(service_id: UUID) -> Service:
    """Take a service out of the catalogue; what is under way goes on."""
    return service.deactivate_service(current_session(), service_id)


@blp.post("/services/<uuid:service_id>/reactivate")
@requires(Role.ADMIN)
@blp.response(200, ServiceOut)
@versioned
def reactivate_service(service_id: UUID) -> Service:
    """Put a service back into the catalogue."""
    return service.reactivate_service(current_session(), service_id)


@blp.get("/services/<uuid:service_id>/price")
@requires()
@blp.arguments(PriceArgs, location="query")
@blp.response(200, TariffOut)
def show_price(args: dict[str, Any], service_id: UUID) -> Tariff:
    """The tariff of a service that holds on a day."""
    return service.price_on(current_session(), service_id, args["payer_category"], args.get("on") or today())


@blp.post("/services/<uuid:service_id>/tariffs")
@requires(*PRICING)
@blp.arguments(TariffIn)
@blp.response(201, TariffOut)
def set_tariff(body: dict[str, Any], service_id: UUID) -> Tariff:
    """Set a service's price from a day on."""
    return service.set_tariff(current_session(), service_id, **body)


@blp.get("/tariffs")
@requires()
@blp.arguments(TariffArgs, location="query")
@blp.response(200, page_schema(TariffOut))
def list_tariffs(args: dict[str, Any]) -> Page[Tariff]:
    """Tariffs, the newest first."""
    return service.list_tariffs(current_session(), args.pop("page"), **args)


@blp.get("/tariffs/<uuid:tariff_id>")
@requires()
@blp.response(200, TariffOut)
def show_tariff(tariff_id: UUID) -> Tariff:
    """A tariff."""
    return service.get_tariff(current_session(), tariff_id)


@blp.delete("/tariffs/<uuid:tariff_id>")
@requires(*PRICING)
@blp.response(204)
def withdraw_tariff(tariff_id: UUID) -> None:
    """Take back a tariff nothing was priced with."""
    service.withdraw_tariff(current_session(), tariff_id)


@blp.get("/vat-rates")
@requires()
@blp.response(200, page_schema(VatRateOut))
def list_vat_rates() -> Page[VatRate]:
    """The country's VAT rates, the oldest first, all on one page."""
    return Page(service.list_vat_rates(current_session()), None)


@blp.post("/vat-rates")
@requires(Role.ADMIN)
@blp.arguments(VatRateIn)
@blp.response(201, VatRateOut)
def add_vat_rate(body: dict[str, Any]) -> VatRate:
    """Enter the country's VAT rate from a day on; it holds for every district."""
    return service.add_vat_rate(current_session(), **body)


@blp.get("/benefits")
@requires()
@blp.arguments(BenefitArgs, location="query")
@blp.response(200, page_schema(BenefitOut))
def list_benefits(args: dict[str, Any]) -> Page[Benefit]:
    """Benefits by code."""
    return service.list_benefits(current_session(), args.pop("page"), **args)


@blp.post("/benefits")
@requires(*PRICING)
@blp.arguments(BenefitIn)
@blp.response(201, BenefitOut)
def define_benefit(body: dict[str, Any]) -> Benefit:
    """Define a discount the district decided on."""
    return service.define_benefit(current_session(), **body)


@blp.get("/benefits/<uuid:benefit_id>")
@requires()
@blp.response(200, BenefitOut)
def show_benefit(benefit_id: UUID) -> Benefit:
    """A benefit."""
    return service.get_benefit(current_session(), benefit_id)


@blp.post("/benefits/<uuid:benefit_id>/end")
@requires(*PRICING)
@blp.arguments(BenefitEnd)
@blp.response(200, BenefitOut)
def end_benefit(body: dict[str, Any], benefit_id: UUID) -> Benefit:
    """Set the last day of a benefit, for everybody who holds it."""
    return service.end_benefit(current_session(), benefit_id, **body)

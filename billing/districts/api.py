"""Places, the district and its enterprises on the wire; they are registered where their book is opened."""

from datetime import date
from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.districts import service
from billing.districts.models import (
    BankAccount,
    BankAccountKind,
    District,
    Enterprise,
    EnterpriseForm,
    KatoPlace,
    Signatory,
    SignatoryRole,
    VatRegistration,
)
from billing.kernel.clock import today
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    BooleanField,
    DateField,
    EnumField,
    IdField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session

blp = Blueprint(
    "districts", __name__, url_prefix="/api/v1", description="Places, the district, its enterprises."
)
KATO = "[1-9][0-9]{8}"


class PlaceOut(Schema):
    """A place of the official classifier (KATO)."""

    code = TextField(9, required=True)
    parent_code = TextField(9, required=True, allow_none=True)
    name_kk = TextField(200, required=True, allow_none=True)
    name_ru = TextField(200, required=True)
    edition = DateField(required=True, metadata={"description": "of the classifier that named it last"})


class PlaceArgs(ListArgs):
    """Which places."""

    sort = SortField("code")
    parent_code = TextField(9, pattern=KATO)
    search = TextField(100, metadata={"description": "a code's beginning, or words of a name"})
    rural_districts_only = BooleanField()


class DistrictOut(Schema):
    """The rural district."""

    id = StrictInteger(minimum=1, required=True)
    kato_code = TextField(9, required=True)
    name_kk = TextField(200, required=True)
    name_ru = TextField(200, required=True)


class EnterpriseEdit(Schema):
    """What may change of an enterprise."""

    name_kk = TextField(300, required=True)
    name_ru = TextField(300, required=True)
    address_kk = TextField(300, required=True)
    address_ru = TextField(300, required=True)
    phone = TextField(30, load_default=None, allow_none=True)
    email = TextField(200, load_default=None, allow_none=True)
    payment_term_days = StrictInteger(
        maximum=service.PAYMENT_TERM_DAYS_MAX,
        load_default=service.PAYMENT_TERM_DAYS,
        metadata={"description": "from an invoice's date to the day it is due"},
    )


class EnterpriseIn(EnterpriseEdit):
    """An enterprise to register."""

    bin = TextField(12, required=True)
    form = EnumField(EnterpriseForm, required=True)


class EnterpriseOut(Schema):
    """An enterprise that delivers services in the district."""

    id = IdField(required=True)
    bin = TextField(12, required=True)
    form = EnumField(EnterpriseForm, required=True)
    name_kk = TextField(300, required=True)
    name_ru = TextField(300, required=True)
    address_kk = TextField(300, required=True)
    address_ru = TextField(300, required=True)
    phone = TextField(20, required=True, allow_none=True)
    email = TextField(200, required=True, allow_none=True)
    payment_term_days = StrictInteger(required=True)
    version = StrictInteger(minimum=1, required=True)


class EnterpriseArgs(ListArgs):
    """The order of enterprises."""

    sort = SortField("name", "id")


class BankAccountIn(Schema):
    """An account of the enterprise or of the budget."""

    kind = EnumField(BankAccountKind, load_default=BankAccountKind.BANK)
    iban = TextField(34, required=True)
    bic = TextField(11, required=True)
    bank_name_kk = TextField(200, required=True)
    bank_name_ru = TextField(200, required=True)
    kbe = TextField(2, required=True, metadata={"description": "16: communal enterprise, 12: akim's office"})
    is_primary = BooleanField(load_default=False, metadata={"description": "print it on invoices"})


class BankAccountOut(Schema):
    """An account of the enterprise or of the budget."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    kind = EnumField(BankAccountKind, required=True)
    iban = TextField(20, required=True)
    bic = TextField(11, required=True)
    bank_name_kk = TextField(200, required=True)
    bank_name_ru = TextField(200, required=True)
    kbe = TextField(2, required=True)
    is_primary = BooleanField(required=True)


class VatRegistrationIn(Schema):
    """A time of registration for VAT; both days count."""

    certificate_number = TextField(30, required=True)
    valid_from = DateField(required=True)
    valid_to = DateField(load_default=None, allow_none=True)


class VatRegistrationOut(Schema):
    """A time of registration for VAT; both days count."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    certificate_number = TextField(30, required=True)
    valid_from = DateField(required=True)
    valid_to = DateField(required=True, allow_none=True)


class VatRegistrationEnd(Schema):
    """The last day of a registration."""

    valid_to = DateField(required=True)


class SignatoryIn(Schema):
    """Who signs in a role from a day on."""

    role = EnumField(SignatoryRole, required=True)
    name = TextField(200, required=True)
    position_kk = TextField(200, required=True)
    position_ru = TextField(200, required=True)
    valid_from = DateField(required=True)


class SignatoryOut(Schema):
    """Who signs in a role from a day on."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    role = EnumField(SignatoryRole, required=True)
    name = TextField(200, required=True)
    position_kk = TextField(200, required=True)
    position_ru = TextField(200, required=True)
    valid_from = DateField(required=True)


class DayArgs(Schema):
    """A day; today if left out."""

    on = DateField()


@blp.get("/places")
@requires()
@blp.arguments(PlaceArgs, location="query")
@blp.response(200, page_schema(PlaceOut))
def list_places(args: dict[str, Any]) -> Page[KatoPlace]:
    """Places of the classifier by code."""
    return service.list_places(current_session(), args.pop("page"), **args)


@blp.get("/places/<string:code>")
@requires()
@blp.response(200, PlaceOut)
def show_place(code: str) -> KatoPlace:
    """A place of the classifier."""
    return service.get_place(current_session(), code)


@blp.get("/district")
@requires()
@blp.response(200, DistrictOut)
def show_district() -> District:
    """The district of the caller."""
    return service.current_district(current_session())


@blp.get("/enterprises")
@requires()
@blp.arguments(EnterpriseArgs, location="query")
@blp.response(200, page_schema(EnterpriseOut))
def list_enterprises(args: dict[str, Any]) -> Page[Enterprise]:
    """The district's enterprises."""
    return service.list_enterprises(current_session(), args.pop("page"))


@blp.get("/enterprises/<uuid:enterprise_id>")
@requires()
@blp.response(200, EnterpriseOut)
@versioned
def show_enterprise(enterprise_id: UUID) -> Enterprise:
    """An enterprise."""
    return service.get_enterprise(current_session(), enterprise_id)


@blp.put("/enterprises/<uuid:enterprise_id>")
@requires(Role.ADMIN)
@blp.arguments(EnterpriseEdit)
@blp.response(200, EnterpriseOut)
@versioned
def edit_enterprise(body: dict[str, Any], enterprise_id: UUID, version: int) -> Enterprise:
    """Write an enterprise's details anew; issued papers keep what they said."""
    return service.edit_enterprise(current_session(), enterprise_id, version=version, **body)


@blp.get("/enterprises/<uuid:enterprise_id>/bank-accounts")
@requires()
@blp.response(200, page_schema(BankAccountOut))
def list_bank_accounts(enterprise_id: UUID) -> Page[BankAccount]:
    """An enterprise's accounts, all on one page."""
    enterprise = service.get_enterprise(current_session(), enterprise_id)
    return Page(service.list_bank_accounts(current_session(), enterprise.id), None)


@blp.post("/enterprises/<uuid:enterprise_id>/bank-accounts")
@requires(Role.ADMIN)
@blp.arguments(BankAccountIn)
@blp.response(201, BankAccountOut)
def add_bank_account(body: dict[str, Any], enterprise_id: UUID) -> BankAccount:
    """Add an account of the enterprise or of the budget."""
    return service.add_bank_account(current_session(), enterprise_id, **body)


@blp.post("/bank-accounts/<uuid:account_id>/make-primary")
@requires(Role.ADMIN)
@blp.response(200, BankAccountOut)
def make_primary(account_id: UUID) -> BankAccount:
    """Print this account on the invoices to come."""
    return service.make_primary(current_session(), account_id)


@blp.get("/enterprises/<uuid:enterprise_id>/vat-registrations")
@requires()
@blp.response(200, page_schema(VatRegistrationOut))
def list_vat_registrations(enterprise_id: UUID) -> Page[VatRegistration]:
    """When an enterprise is registered for VAT, all on one page."""
    enterprise = service.get_enterprise(current_session(), enterprise_id)
    return Page(service.list_vat_registrations(current_session(), enterprise.id), None)


@blp.post("/enterprises/<uuid:enterprise_id>/vat-registrations")
@requires(Role.ADMIN)
@blp.arguments(VatRegistrationIn)
@blp.response(201, VatRegistrationOut)
def register_vat(body: dict[str, Any], enterprise_id: UUID) -> VatRegistration:
    """Record that the enterprise is registered for VAT from a day on."""
    return service.register_vat(current_session(), enterprise_id, **body)


@blp.post("/vat-registrations/<uuid:registration_id>/end")
@requires(Role.ADMIN)
@blp.arguments(VatRegistrationEnd)
@blp.response(200, VatRegistrationOut)
def end_vat(body: dict[str, Any], registration_id: UUID) -> VatRegistration:
    """Record the last day of a registration for VAT."""
    return service.end_vat(current_session(), registration_id, **body)


@blp.get("/enterprises/<uuid:enterprise_id>/signatories")
@requires()
@blp.response(200, page_schema(SignatoryOut))
def list_signatories(enterprise_id: UUID) -> Page[Signatory]:
    """Everybody who was or will be appointed to sign, all on one page."""
    enterprise = service.get_enterprise(current_session(), enterprise_id)
    return Page(service.list_signatories(current_session(), enterprise.id), None)


@blp.get("/enterprises/<uuid:enterprise_id>/signatories/current")
@requires()
@blp.arguments(DayArgs, location="query")
@blp.response(200, page_schema(SignatoryOut))
def list_current_signatories(args: dict[str, date], enterprise_id: UUID) -> Page[Signatory]:
    """Who signs on a day, one for each role."""
    enterprise = service.get_enterprise(current_session(), enterprise_id)
    signing = service.signatories_on(current_session(), enterprise.id, args.get("on") or today())
    return Page(list(signing.values()), None)


@blp.post("/enterprises/<uuid:enterprise_id>/signatories")
@requires(Role.ADMIN)
@blp.arguments(SignatoryIn)
@blp.response(201, SignatoryOut)
def appoint_signatory(body: dict[str, Any], enterprise_id: UUID) -> Signatory:
    """Record who signs in a role from a day on."""
    return service.appoint_signatory(current_session(), enterprise_id, **body)

"""Customers on the wire, and the benefits they hold. Personal data is masked unless somebody says why not."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.access.service import log_personal_data_access
from billing.catalog.models import PayerCategory
from billing.customers import service
from billing.customers.models import Customer, CustomerBenefit
from billing.kernel.clock import today
from billing.kernel.paging import Page
from billing.kernel.shown import Language
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    BooleanField,
    DateField,
    EnumField,
    IdField,
    InstantField,
    NestedField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.personal import READERS, MaskedIinField, MaskedPhoneField, PurposeArgs
from billing.web.transaction import current_session

blp = Blueprint(
    "customers", __name__, url_prefix="/api/v1", description="Customers and the benefits they hold."
)
OFFICE = (Role.CLERK, Role.ACCOUNTANT)
PERSONAL_FIELDS = ("iin_bin", "phone")


class CustomerEdit(Schema):
    """What changes; what is left out stays."""

    category = EnumField(PayerCategory)
    name = TextField(300)
    iin_bin = TextField(12, allow_none=True, metadata={"description": "IIN of a resident, BIN otherwise"})
    place_code = TextField(9, allow_none=True, metadata={"description": "KATO of the village"})
    street = TextField(200, length_min=0)
    house = TextField(20, length_min=0)
    flat = TextField(20, length_min=0)
    language = EnumField(Language, metadata={"description": "of papers and notices"})
    phone = TextField(30, allow_none=True)
    email = TextField(200, allow_none=True)
    invoices_by_email = BooleanField(metadata={"description": "sent as PDF instead of carried round"})
    payer_id = IdField(allow_none=True, metadata={"description": "another customer, who pays"})


class CustomerIn(CustomerEdit):
    """A customer to take on."""

    category = EnumField(PayerCategory, required=True)
    name = TextField(300, required=True)


class CustomerOut(Schema):
    """A customer, the personal data masked."""

    id = IdField(required=True)
    account_number = TextField(13, required=True)
    category = EnumField(PayerCategory, required=True)
    iin_bin = MaskedIinField(required=True, allow_none=True)
    name = TextField(300, required=True)
    place_code = TextField(9, required=True, allow_none=True)
    street = TextField(200, length_min=0, required=True)
    house = TextField(20, length_min=0, required=True)
    flat = TextField(20, length_min=0, required=True)
    language = EnumField(Language, required=True)
    phone = MaskedPhoneField(required=True, allow_none=True)
    email = TextField(200, required=True, allow_none=True)
    invoices_by_email = BooleanField(required=True)
    payer_id = IdField(required=True, allow_none=True)
    is_active = BooleanField(required=True)
    created_at = InstantField(required=True)
    version = StrictInteger(minimum=1, required=True)


class BounceOut(Schema):
    """Why a mailbox gets no letters."""

    reason = TextField(200, required=True, metadata={"description": "in the words of its server"})
    bounced_at = InstantField(required=True)


class MailboxOut(Schema):
    """A customer's mailbox, and whether letters arrive there."""

    email = TextField(200, required=True, allow_none=True)
    invoices_by_email = BooleanField(required=True)
    bounce = NestedField(BounceOut, required=True, allow_none=True)


class CustomerArgs(ListArgs):
    """Which customers."""

    sort = SortField("name", "account_number", "id")
    search = TextField(
        100, metadata={"description": "IIN, BIN or account in full, or words of name and address"}
    )
    category = EnumField(PayerCategory)
    place_code = TextField(9)
    payer_id = IdField()
    active = BooleanField()


class PersonalDataOut(Schema):
    """A customer's personal data as it is."""

    iin_bin = TextField(12, required=True, allow_none=True)
    phone = TextField(20, required=True, allow_none=True)


class DuplicateArgs(Schema):
    """Whom to look for before taking him on."""

    name = TextField(300, required=True)
    place_code = TextField(9)
    street = TextField(200, length_min=0)
    house = TextField(20, length_min=0)
    flat = TextField(20, length_min=0)


class LikenessOut(Schema):
    """A customer who may be the same one."""

    customer = NestedField(CustomerOut, required=True)
    same_address = BooleanField(required=True)
    name_percent = StrictInteger(maximum=100, required=True)


class GrantIn(Schema):
    """A benefit and the document that proves the right to it."""

    benefit_id = IdField(required=True)
    evidence = TextField(300, required=True, metadata={"description": "kind, number and date"})
    valid_from = DateField(required=True)
    valid_to = DateField(load_default=None, allow_none=True)


class GrantOut(Schema):
    """A benefit a customer holds."""

    id = IdField(required=True)
    customer_id = IdField(required=True)
    benefit_id = IdField(required=True)
    evidence = TextField(300, required=True)
    valid_from = DateField(required=True)
    valid_to = DateField(required=True, allow_none=True)


class GrantEnd(Schema):
    """The last day on which the benefit is held."""

    valid_to = DateField(required=True)


@blp.get("/customers")
@requires()
@blp.arguments(CustomerArgs, location="query")
@blp.response(200, page_schema(CustomerOut))
def list_customers(args: dict[str, Any]) -> Page[Customer]:
    """Customers by name in the order of the Kazakh alphabet."""
    return service.list_customers(current_session(), args.pop("page"), **args)


@blp.post("/customers")
@requires(*OFFICE)
@blp.arguments(CustomerIn)
@blp.response(201, CustomerOut)
@versioned
def register_customer(body: dict[str, Any]) -> Customer:
    """Take on a customer, who gets a personal account number."""
    return service.register_customer(current_session(), service.CustomerDetails(**body))


@blp.get("/customers/duplicates")
@requires(*OFFICE)
@blp.arguments(DuplicateArgs, location="query")
@blp.response(200, page_schema(LikenessOut))
def find_duplicates(args: dict[str, Any]) -> Page[service.Likeness]:
    """Customers with the same name, or a like name at the same address; the likest first, on one page."""
    return Page(service.find_duplicates(current_session(), **args), None)


@blp.get("/customers/<uuid:customer_id>")
@requires()
@blp.response(200, CustomerOut)
@versioned
def show_customer(customer_id: UUID) -> Customer:
    """A customer, the personal data masked."""
    return service.get_customer(current_session(), customer_id)


@blp.patch("/customers/<uuid:customer_id>")
@requires(*OFFICE)
@blp.arguments(CustomerEdit)
@blp.response(200, CustomerOut)
@versioned
def edit_customer(body: dict[str, Any], customer_id: UUID, version: int) -> Customer:
    """Change what is known of a customer; issued papers keep what they said."""
    known = service.details_of(service.lock_customer(current_session(), customer_id))
    return service.edit_customer(current_session(), customer_id, replace(known, **body), version=version)


@blp.post("/customers/<uuid:customer_id>/deactivate")
@requires(*OFFICE)
@blp.response(200, CustomerOut)
@versioned
def deactivate_customer(customer_id: UUID) -> Customer:
    """Take off the books a customer without contracts and debts who pays for nobody else."""
    return service.deactivate_customer(current_session(), customer_id, on=today())


@blp.post("/customers/<uuid:customer_id>/reactivate")
@requires(*OFFICE)
@blp.response(200, CustomerOut)
@versioned
def reactivate_customer(customer_id: UUID) -> Customer:
    """Take a customer back onto the books."""
    return service.reactivate_customer(current_session(), customer_id)


@blp.get("/customers/<uuid:customer_id>/personal-data")
@requires(*READERS, writes=True)
@blp.arguments(PurposeArgs, location="query")
@blp.response(200, PersonalDataOut)
def read_personal_data(args: dict[str, Any], customer_id: UUID) -> Customer:
    """A customer's IIN or BIN and phone as they are. Who read them and why is logged."""
    customer = service.get_customer(current_session(), customer_id)
    log_personal_data_access(
        current_session(), subject_kind="customer", subject_id=customer.id, fields=PERSONAL_FIELDS, **args
    )
    return customer


@blp.get("/customers/<uuid:customer_id>/mailbox")
@requires()
@blp.response(200, MailboxOut)
def show_mailbox(customer_id: UUID) -> dict[str, Any]:
    """Whether a customer gets his invoices by e-mail, and whether letters arrive."""
    return _mailbox(service.get_customer(current_session(), customer_id))


@blp.post("/customers/<uuid:customer_id>/mailbox/trust")
@requires(*OFFICE)
@blp.response(200, MailboxOut)
def trust_mailbox(customer_id: UUID) -> dict[str, Any]:
    """Write to the mailbox again, after somebody asked the customer. What came back is not sent anew."""
    return _mailbox(service.trust_mailbox(current_session(), customer_id))


def _mailbox(customer: Customer) -> dict[str, Any]:
    return {
        "email": customer.email,
        "invoices_by_email": customer.invoices_by_email,
        "bounce": service.bounce_of(current_session(), customer),
    }


@blp.get("/customers/<uuid:customer_id>/benefits")
@requires()
@blp.response(200, page_schema(GrantOut))
def list_grants(customer_id: UUID) -> Page[CustomerBenefit]:
    """Every benefit a customer holds, held or will hold, on one page."""
    customer = service.get_customer(current_session(), customer_id)
    return Page(service.list_grants(current_session(), customer.id), None)


@blp.post("/customers/<uuid:customer_id>/benefits")
@requires(*OFFICE)
@blp.arguments(GrantIn)
@blp.response(201, GrantOut)
def grant_benefit(body: dict[str, Any], customer_id: UUID) -> CustomerBenefit:
    """Record that a customer holds a benefit."""
    return service.grant_benefit(current_session(), customer_id, body.pop("benefit_id"), **body)


@blp.post("/customer-benefits/<uuid:grant_id>/end")
@requires(*OFFICE)
@blp.arguments(GrantEnd)
@blp.response(200, GrantOut)
def end_grant(body: dict[str, Any], grant_id: UUID) -> CustomerBenefit:
    """Set the last day on which a customer holds a benefit."""
    return service.end_grant(current_session(), grant_id, **body)

"""Providers' registries on the wire: taking them in, their columns, and payments booked late from them."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.kernel.errors import NotFound
from billing.kernel.imports import ImportMode
from billing.kernel.paging import Page
from billing.reconciliation.three_way import late, lists, registry
from billing.reconciliation.three_way.models import ProviderRegistry, RegistryProfile, RegistryRow
from billing.reconciliation.three_way.profile import (
    HEADING_LENGTH_MAX,
    HEADINGS_MAX,
    get_profile,
    save_profile,
)
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    AmountField,
    BooleanField,
    DateField,
    IdField,
    InstantField,
    ListField,
    NestedField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.imports import ImportReportOut, ListUpload, import_answer
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.reports import PeriodArgs
from billing.web.transaction import current_session

READERS = (Role.ACCOUNTANT, Role.AKIM, Role.AUDITOR, Role.ADMIN)

blp = Blueprint(
    "provider_registries", __name__, url_prefix="/api/v1", description="What providers say they took."
)


class RegistryArgs(ListArgs):
    """Which registries."""

    sort = SortField("first_day")
    provider_id = IdField()


class RegistryOut(Schema):
    """A registry taken in."""

    id = IdField(required=True)
    provider_id = IdField(required=True)
    sha256 = TextField(64, required=True)
    file_name = TextField(200, required=True)
    first_day = DateField(required=True)
    last_day = DateField(required=True)
    amount = AmountField(required=True)
    row_count = StrictInteger(required=True)
    new_row_count = StrictInteger(required=True)
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)


class TakeInArgs(Schema):
    """How to take a registry in."""

    dry_run = BooleanField(load_default=False, metadata={"description": "only look, write nothing"})


class RegistryReportOut(ImportReportOut):
    """What became of a registry."""

    registry_id = IdField(required=True, allow_none=True)
    first_day = DateField(required=True, allow_none=True)
    last_day = DateField(required=True, allow_none=True)
    amount = AmountField(required=True)


class RegistryHeadings(Schema):
    """The names that a column may have; the usual ones do where nothing is said."""

    outside_id = ListField(TextField(HEADING_LENGTH_MAX), items_max=HEADINGS_MAX)
    account = ListField(TextField(HEADING_LENGTH_MAX), items_max=HEADINGS_MAX)
    amount = ListField(TextField(HEADING_LENGTH_MAX), items_max=HEADINGS_MAX)
    date = ListField(TextField(HEADING_LENGTH_MAX), items_max=HEADINGS_MAX)
    time = ListField(TextField(HEADING_LENGTH_MAX), items_max=HEADINGS_MAX)


class RegistryProfileIn(Schema):
    """How a provider calls the columns of its registries."""

    headings = NestedField(RegistryHeadings, required=True)


class RegistryProfileOut(RegistryProfileIn):
    """The names kept for a provider."""

    provider_id = IdField(required=True)
    version = StrictInteger(minimum=1, required=True)


class RegistryRowArgs(ListArgs):
    """Which payments of registries."""

    sort = SortField("paid_on")
    provider_id = IdField()
    registry_id = IdField()
    first_day = DateField()
    last_day = DateField()


class RegistryRowOut(Schema):
    """A payment as its provider tells it."""

    id = IdField(required=True)
    registry_id = IdField(required=True)
    provider_id = IdField(required=True)
    line = StrictInteger(required=True, metadata={"description": "in the file that told it first"})
    outside_id = TextField(100, required=True)
    account = TextField(100, length_min=0, required=True)
    amount = AmountField(required=True)
    paid_on = DateField(required=True)
    paid_at = TextField(
        8, required=True, allow_none=True, metadata={"description": "time of day, `14:05:33`"}
    )


class PaymentOfRowIn(Schema):
    """Whose payment it is, where the account that the payer typed does not say."""

    customer_id = IdField(load_default=None, allow_none=True)


class PaymentOfRowOut(Schema):
    """The payment recorded."""

    payment_id = IdField(required=True)


class LateOut(Schema):
    """What was booked, and rows whose account belongs to nobody."""

    payment_ids = ListField(IdField(), dump_only=True, required=True)
    of_nobody = ListField(NestedField(RegistryRowOut), dump_only=True, required=True)


@blp.get("/provider-registries")
@requires(*READERS)
@blp.arguments(RegistryArgs, location="query")
@blp.response(200, page_schema(RegistryOut))
def list_registries(args: dict[str, Any]) -> Page[ProviderRegistry]:
    """Registries taken in, the latest days first."""
    return lists.list_registries(current_session(), args.pop("page"), **args)


@blp.post("/providers/<uuid:provider_id>/registries")
@requires(Role.ACCOUNTANT)
@blp.arguments(TakeInArgs, location="query")
@blp.arguments(ListUpload, location="files")
@blp.response(200, RegistryReportOut)
def import_registry(args: dict[str, Any], files: dict[str, Any], provider_id: UUID) -> dict[str, Any]:
    """Take in a provider's registry, all of it or nothing; the same file and rows again add nothing."""
    file = files["file"]
    report = registry.import_registry(
        current_session(),
        provider_id,
        file.read(),
        file_name=file.filename or "registry",
        mode=ImportMode(dry_run=args["dry_run"]),
    )
    return {
        **import_answer(report.rows),
        "registry_id": report.registry_id,
        "first_day": report.first_day,
        "last_day": report.last_day,
        "amount": report.amount,
    }


@blp.get("/providers/<uuid:provider_id>/registry-profile")
@requires(*READERS)
@blp.response(200, RegistryProfileOut)
@versioned
def show_profile(provider_id: UUID) -> RegistryProfile:
    """The names of columns kept for a provider's registries; without any the usual ones do."""
    profile = get_profile(current_session(), provider_id)
    if profile is None:
        raise NotFound(kind="registry_profile", id=provider_id)
    return profile


@blp.post("/providers/<uuid:provider_id>/registry-profile")
@requires(Role.ACCOUNTANT)
@blp.arguments(RegistryProfileIn)
@blp.response(200, RegistryProfileOut)
@versioned
def keep_profile(body: dict[str, Any], provider_id: UUID) -> RegistryProfile:
    """Keep how a provider calls the columns of its registries; the names kept before are replaced."""
    return save_profile(current_session(), provider_id, body["headings"])


@blp.get("/registry-rows")
@requires(*READERS)
@blp.arguments(RegistryRowArgs, location="query")
@blp.response(200, page_schema(RegistryRowOut))
def list_registry_rows(args: dict[str, Any]) -> Page[RegistryRow]:
    """Payments as the registries tell them, by day."""
    return lists.list_registry_rows(current_session(), args.pop("page"), **args)


@blp.post("/registry-rows/<uuid:registry_row_id>/payment")
@requires(Role.ACCOUNTANT)
@blp.arguments(PaymentOfRowIn)
@blp.response(201, PaymentOfRowOut)
def book_late(body: dict[str, Any], registry_row_id: UUID) -> dict[str, Any]:
    """Record a payment that the registry tells and the books do not know, on the provider's day."""
    return {"payment_id": late.book_late(current_session(), registry_row_id, **body)}


@blp.post("/providers/<uuid:provider_id>/missing-payments")
@requires(Role.ACCOUNTANT)
@blp.arguments(PeriodArgs)
@blp.response(201, LateOut)
def book_missing(body: dict[str, Any], provider_id: UUID) -> late.BookedLate:
    """Record all payments of some days that the registry tells and the books do not know."""
    return late.book_missing(current_session(), provider_id, **body)

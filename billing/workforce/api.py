"""Hired workers and their engagements on the wire."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.access.service import log_personal_data_access
from billing.catalog.models import Unit
from billing.kernel.money import Money
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    AmountField,
    DateField,
    EnumField,
    IdField,
    MoneyField,
    NestedField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.personal import READERS, MaskedIinField, MaskedPhoneField, PurposeArgs
from billing.web.transaction import current_session
from billing.workforce import service
from billing.workforce.models import Engagement, EngagementKind, Worker

OFFICE = (Role.CLERK, Role.ACCOUNTANT)

blp = Blueprint(
    "workforce",
    __name__,
    url_prefix="/api/v1",
    description="Hired workers and their engagements.",
)


class WorkerEdit(Schema):
    """What may change of a worker."""

    name = TextField(200, required=True)
    phone = TextField(30, load_default=None, allow_none=True)


class WorkerIn(WorkerEdit):
    """A person to hire."""

    iin = TextField(12, required=True)


class WorkerOut(Schema):
    """A worker, the personal data masked."""

    id = IdField(required=True)
    name = TextField(200, required=True)
    iin = MaskedIinField(required=True)
    phone = MaskedPhoneField(required=True, allow_none=True)
    version = StrictInteger(minimum=1, required=True)


class PersonalDataOut(Schema):
    """A worker's personal data as it is."""

    iin = TextField(12, required=True)
    phone = TextField(20, required=True, allow_none=True)


class NameArgs(ListArgs):
    """Whose name or number to find, in Kazakh or Russian letters."""

    sort = SortField("name")
    search = TextField(100)


class EngagementIn(Schema):
    """A contract with a worker."""

    worker_id = IdField(required=True)
    enterprise_id = IdField(required=True)
    kind = EnumField(EngagementKind, required=True)
    signed_on = DateField(required=True)
    starts_on = DateField(required=True)
    ends_on = DateField(load_default=None, allow_none=True)
    position = TextField(200, required=True)
    rate = MoneyField(required=True, minimum=Money(1), metadata={"description": "before withholdings"})
    rate_unit = EnumField(Unit, required=True)
    number = TextField(50, metadata={"description": "the next free one of the year if left out"})


class EngagementEnd(Schema):
    """Another last day."""

    ends_on = DateField(required=True)


class EngagementOut(Schema):
    """A contract with a worker."""

    id = IdField(required=True)
    worker_id = IdField(required=True)
    enterprise_id = IdField(required=True)
    kind = EnumField(EngagementKind, required=True)
    number = TextField(50, required=True)
    signed_on = DateField(required=True)
    starts_on = DateField(required=True)
    ends_on = DateField(required=True, allow_none=True)
    position = TextField(200, required=True)
    rate = AmountField(required=True)
    rate_unit = EnumField(Unit, required=True)
    version = StrictInteger(minimum=1, required=True)


class EngagementRow(Schema):
    """A line of the list of engagements."""

    engagement = NestedField(EngagementOut, required=True)
    worker_name = TextField(200, required=True)


class EngagementArgs(ListArgs):
    """Which engagements; ``on`` keeps those in force that day."""

    sort = SortField("starts_on", "number")
    worker_id = IdField()
    enterprise_id = IdField()
    kind = EnumField(EngagementKind)
    on = DateField()


@blp.get("/workers")
@requires()
@blp.arguments(NameArgs, location="query")
@blp.response(200, page_schema(WorkerOut))
def list_workers(args: dict[str, Any]) -> Page[Worker]:
    """Workers by name in the order of the Kazakh alphabet."""
    return service.list_workers(current_session(), args.pop("page"), **args)


@blp.post("/workers")
@requires(*OFFICE)
@blp.arguments(WorkerIn)
@blp.response(201, WorkerOut)
@versioned
def register_worker(body: dict[str, Any]) -> Worker:
    """Register a person whom an enterprise may hire."""
    return service.register_worker(current_session(), **body)


@blp.get("/workers/<uuid:worker_id>")
@requires()
@blp.response(200, WorkerOut)
@versioned
def show_worker(worker_id: UUID) -> Worker:
    """A worker, the personal data masked."""
    return service.get_worker(current_session(), worker_id)


@blp.put("/workers/<uuid:worker_id>")
@requires(*OFFICE)
@blp.arguments(WorkerEdit)
@blp.response(200, WorkerOut)
@versioned
def edit_worker(body: dict[str, Any], worker_id: UUID, version: int) -> Worker:
    """Write down a worker's changed name or phone."""
    return service.edit_worker(current_session(), worker_id, version=version, **body)


@blp.get("/workers/<uuid:worker_id>/personal-data")
@requires(*READERS, writes=True)
@blp.arguments(PurposeArgs, location="query")
@blp.response(200, PersonalDataOut)
def read_personal_data(args: dict[str, Any], worker_id: UUID) -> Worker:
    """A worker's IIN and phone as they are. Who read them and why is logged."""
    worker = service.get_worker(current_session(), worker_id)
    log_personal_data_access(
        current_session(), subject_kind="worker", subject_id=worker.id, fields=("iin", "phone"), **args
    )
    return worker


@blp.get("/engagements")
@requires()
@blp.arguments(EngagementArgs, location="query")
@blp.response(200, page_schema(EngagementRow))
def list_engagements(args: dict[str, Any]) -> Page[dict[str, Any]]:
    """Engagements, the newest first."""
    page = service.list_engagements(current_session(), args.pop("page"), **args)
    rows = [{"engagement": engagement, "worker_name": name} for engagement, name in page.items]
    return Page(rows, page.next_cursor)


@blp.post("/engagements")
@requires(*OFFICE)
@blp.arguments(EngagementIn)
@blp.response(201, EngagementOut)
@versioned
def engage(body: dict[str, Any]) -> Engagement:
    """Hire a worker."""
    return service.engage(current_session(), **body)


@blp.get("/engagements/<uuid:engagement_id>")
@requires()
@blp.response(200, EngagementOut)
@versioned
def show_engagement(engagement_id: UUID) -> Engagement:
    """A contract with a worker."""
    return service.get_engagement(current_session(), engagement_id)


@blp.put("/engagements/<uuid:engagement_id>/end")
@requires(*OFFICE)
@blp.arguments(EngagementEnd)
@blp.response(200, EngagementOut)
@versioned
def end_engagement(body: dict[str, Any], engagement_id: UUID, version: int) -> Engagement:
    """Set an engagement's last day."""
    return service.end_engagement(current_session(), engagement_id, version=version, **body)

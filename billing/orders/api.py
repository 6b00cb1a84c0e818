"""Orders and acts of completed work on the wire."""

from typing import Any
from uuid import UUID

from werkzeug.wrappers import Response

from billing.access.models import Role
from billing.archive.api import READERS, document_answer
from billing.archive.models import DocumentKind
from billing.catalog.models import Unit
from billing.kernel.clock import today
from billing.kernel.paging import Page
from billing.orders import completion, service
from billing.orders.doers import Doer, WorkItem
from billing.orders.models import CompletionAct, OrderState, ServiceOrder
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    AmountField,
    DateField,
    EnumField,
    IdField,
    InstantField,
    ListField,
    NestedField,
    PastDateField,
    QuantityField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, PDF
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session

OFFICE = (Role.CLERK, Role.ACCOUNTANT)
DOERS_MAX = 50

blp = Blueprint("orders", __name__, url_prefix="/api/v1", description="Orders and acts of completed work.")


class OrderEdit(Schema):
    """What may change of an order until somebody is assigned."""

    quantity = QuantityField(required=True, metadata={"description": "in the service's unit"})
    contract_id = IdField(load_default=None, allow_none=True)
    planned_on = DateField(load_default=None, allow_none=True)
    place = TextField(300, length_min=0, load_default="")
    note = TextField(service.NOTE_LENGTH_MAX, length_min=0, load_default="")


class OrderIn(OrderEdit):
    """What a customer asks for."""

    customer_id = IdField(required=True)
    service_id = IdField(required=True)
    requested_on = PastDateField(required=True)
    outside_reference = TextField(
        100, metadata={"description": "names the order where it comes from; taken once"}
    )


class OrderOut(Schema):
    """One order as it stands."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    year = StrictInteger(required=True)
    number = StrictInteger(required=True, metadata={"description": "within the year"})
    customer_id = IdField(required=True)
    service_id = IdField(required=True)
    contract_id = IdField(required=True, allow_none=True)
    requested_on = DateField(required=True)
    planned_on = DateField(required=True, allow_none=True)
    quantity = QuantityField(required=True)
    place = TextField(300, length_min=0, required=True)
    note = TextField(service.NOTE_LENGTH_MAX, length_min=0, required=True)
    state = EnumField(OrderState, required=True)
    completed_on = DateField(required=True, allow_none=True)
    cancel_reason = TextField(300, required=True, allow_none=True)
    outside_reference = TextField(100, required=True, allow_none=True)
    version = StrictInteger(minimum=1, required=True)


class OrderArgs(ListArgs):
    """Which orders; both dates count."""

    sort = SortField("requested_on", "number")
    state = EnumField(OrderState)
    customer_id = IdField()
    service_id = IdField()
    enterprise_id = IdField()
    requested_from = DateField()
    requested_to = DateField()


class DoerSchema(Schema):
    """A hired worker's engagement or a contractor's contract: exactly one of them."""

    engagement_id = IdField(load_default=None, allow_none=True)
    contractor_contract_id = IdField(load_default=None, allow_none=True)


class DoersOut(Schema):
    """Who is assigned to an order."""

    items = ListField(NestedField(DoerSchema), required=True, dump_only=True)


class AssignmentIn(Schema):
    """Who is to do the order, and on which day if another than planned."""

    doers = ListField(NestedField(DoerSchema), items_min=1, items_max=DOERS_MAX, required=True)
    planned_on = DateField(load_default=None, allow_none=True)


class WorkIn(DoerSchema):
    """What one doer did, in the unit he is paid by."""

    quantity = QuantityField(required=True)
    unit = EnumField(
        Unit,
        load_default=None,
        allow_none=True,
        metadata={"description": "refused if it is not the unit the doer is paid by"},
    )


class CompletionIn(Schema):
    """What was really done, when and by whom."""

    completed_on = DateField(required=True)
    quantity = QuantityField(required=True, metadata={"description": "the customer pays for this"})
    work = ListField(NestedField(WorkIn), items_min=1, items_max=DOERS_MAX, required=True)


class CancellationIn(Schema):
    """Why an order is given up."""

    reason = TextField(300, required=True)


class StepOut(Schema):
    """One step of an order's life."""

    from_state = EnumField(OrderState, required=True, allow_none=True)
    to_state = EnumField(OrderState, required=True)
    reason = TextField(300, required=True, allow_none=True)
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)


class HistoryOut(Schema):
    """An order's life so far."""

    items = ListField(NestedField(StepOut), required=True, dump_only=True)


class WorkOut(Schema):
    """What one doer did, and what it cost the enterprise."""

    id = IdField(required=True)
    engagement_id = IdField(required=True, allow_none=True)
    contractor_contract_id = IdField(required=True, allow_none=True)
    quantity = QuantityField(required=True)
    unit = EnumField(Unit, required=True)
    rate = AmountField(required=True)
    cost = AmountField(required=True)
    done_on = DateField(required=True)


class WorksOut(Schema):
    """All work of an order."""

    items = ListField(NestedField(WorkOut), required=True, dump_only=True)


class ActOut(Schema):
    """An act of completed work."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    year = StrictInteger(required=True)
    number = StrictInteger(required=True, metadata={"description": "within the year"})
    order_id = IdField(required=True)
    customer_id = IdField(required=True)
    service_id = IdField(required=True)
    tariff_id = IdField(required=True)
    completed_on = DateField(required=True)
    quantity = QuantityField(required=True)
    unit = EnumField(Unit, required=True)
    unit_price = AmountField(required=True, metadata={"description": "VAT included"})
    amount = AmountField(required=True, metadata={"description": "before benefits"})


class ActArgs(ListArgs):
    """Which acts; both dates count."""

    sort = SortField("completed_on", "number")
    customer_id = IdField()
    service_id = IdField()
    enterprise_id = IdField()
    completed_from = DateField()
    completed_to = DateField()


@blp.get("/orders")
@requires()
@blp.arguments(OrderArgs, location="query")
@blp.response(200, page_schema(OrderOut))
def list_orders(args: dict[str, Any]) -> Page[ServiceOrder]:
    """Orders, the newest request first."""
    return service.list_orders(current_session(), args.pop("page"), **args)


@blp.post("/orders")
@requires(*OFFICE)
@blp.arguments(OrderIn)
@blp.response(201, OrderOut)
@versioned
def take_order(body: dict[str, Any]) -> ServiceOrder:
    """Take down what a customer asks for, as a draft."""
    return service.take_order(current_session(), **body)


@blp.get("/orders/<uuid:order_id>")
@requires()
@blp.response(200, OrderOut)
@versioned
def show_order(order_id: UUID) -> ServiceOrder:
    """An order as it stands."""
    return service.get_order(current_session(), order_id)


@blp.put("/orders/<uuid:order_id>")
@requires(*OFFICE)
@blp.arguments(OrderEdit)
@blp.response(200, OrderOut)
@versioned
def edit_order(body: dict[str, Any], order_id: UUID, version: int) -> ServiceOrder:
    """Write anew what the customer asked for, until somebody is assigned."""
    return service.edit_order(current_session(), order_id, version=version, **body)


@blp.post("/orders/<uuid:order_id>/confirm")
@requires(*OFFICE)
@blp.response(200, OrderOut)
@versioned
def confirm_order(order_id: UUID) -> ServiceOrder:
    """Agree to do what the draft says."""
    return service.confirm_order(current_session(), order_id)


@blp.post("/orders/<uuid:order_id>/assign")
@requires(*OFFICE)
@blp.arguments(AssignmentIn)
@blp.response(200, OrderOut)
@versioned
def assign_order(body: dict[str, Any], order_id: UUID) -> ServiceOrder:
    """Say who is to do the order, in place of whoever was to before."""
    doers = [Doer(**doer) for doer in body["doers"]]
    return service.assign_order(current_session(), order_id, doers, planned_on=body["planned_on"])


@blp.post("/orders/<uuid:order_id>/complete")
@requires(*OFFICE)
@blp.arguments(CompletionIn)
@blp.response(201, ActOut)
def complete_order(body: dict[str, Any], order_id: UUID) -> CompletionAct:
    """Write down what was done: the act of completed work, its PDF, and the cost in the books."""
    work = [WorkItem(**item) for item in body.pop("work")]
    return completion.complete_order(current_session(), order_id, **body, work=work, today=today())


@blp.post("/orders/<uuid:order_id>/cancel")
@requires(*OFFICE)
@blp.arguments(CancellationIn)
@blp.response(200, OrderOut)
@versioned
def cancel_order(body: dict[str, Any], order_id: UUID) -> ServiceOrder:
    """Give an order up before it is completed."""
    return service.cancel_order(current_session(), order_id, **body)


@blp.get("/orders/<uuid:order_id>/doers")
@requires()
@blp.response(200, DoersOut)
def list_doers(order_id: UUID) -> dict[str, Any]:
    """Who is assigned to an order."""
    order = service.get_order(current_session(), order_id)
    return {"items": service.doers_of(current_session(), order.id)}


@blp.get("/orders/<uuid:order_id>/history")
@requires()
@blp.response(200, HistoryOut)
def list_history(order_id: UUID) -> dict[str, Any]:
    """Every step of an order: when, by whom, why."""
    order = service.get_order(current_session(), order_id)
    return {"items": service.history_of(current_session(), order.id)}


@blp.get("/orders/<uuid:order_id>/work")
@requires()
@blp.response(200, WorksOut)
def list_work(order_id: UUID) -> dict[str, Any]:
    """What each doer did for an order, and what it cost."""
    order = service.get_order(current_session(), order_id)
    return {"items": completion.work_of(current_session(), order.id)}


@blp.get("/acts")
@requires()
@blp.arguments(ActArgs, location="query")
@blp.response(200, page_schema(ActOut))
def list_acts(args: dict[str, Any]) -> Page[CompletionAct]:
    """Acts of completed work, the newest first."""
    return completion.list_acts(current_session(), args.pop("page"), **args)


@blp.get("/acts/<uuid:act_id>")
@requires()
@blp.response(200, ActOut)
def show_act(act_id: UUID) -> CompletionAct:
    """An act of completed work."""
    return completion.get_act(current_session(), act_id)


@blp.get("/acts/<uuid:act_id>/pdf")
@requires(*READERS)
@blp.response(200, BINARY, content_type=PDF)
def print_act(act_id: UUID) -> Response:
    """The act as form Р-1, as it was written at completion."""
    return document_answer(DocumentKind.COMPLETION_ACT, act_id)

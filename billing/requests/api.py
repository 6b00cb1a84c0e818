"""Requests of residents on the wire, for programs of the office: lists, decisions, terms."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.kernel.clock import today
from billing.kernel.identifiers import mask_phone
from billing.kernel.paging import Page
from billing.requests import service
from billing.requests.models import ContactField, Outcome, RequestKind
from billing.requests.service import Asked, RequestState
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import (
    DateField,
    EnumField,
    IdField,
    ListField,
    NestedField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, XLSX
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.reports import xlsx_answer
from billing.web.transaction import current_session

blp = Blueprint("requests", __name__, url_prefix="/api/v1", description="What residents ask for.")
OFFICE = (Role.CLERK, Role.ACCOUNTANT)
READERS = (*OFFICE, Role.CASHIER, Role.AUDITOR, Role.ADMIN)
WORDS_LENGTH_MAX = 2000


class ContactOut(Schema):
    """One contact as it is wanted; a phone is masked."""

    field = EnumField(ContactField, required=True)
    value = TextField(200, length_min=0, required=True)


class DecisionOut(Schema):
    """What was decided."""

    outcome = EnumField(Outcome, required=True)
    words = TextField(WORDS_LENGTH_MAX, length_min=0, required=True)
    decided_on = DateField(required=True)
    decided_by = IdField(required=True, allow_none=True)


class RequestOut(Schema):
    """A request of a resident."""

    id = IdField(required=True)
    kind = EnumField(RequestKind, required=True)
    state = EnumField(RequestState, required=True)
    customer_id = IdField(required=True)
    account_number = TextField(13, required=True)
    invoice_id = IdField(required=True, allow_none=True)
    order_id = IdField(required=True, allow_none=True)
    words = TextField(WORDS_LENGTH_MAX, length_min=0, required=True)
    received_on = DateField(required=True)
    due_on = DateField(required=True, metadata={"description": "the last day of the term"})
    decision = NestedField(DecisionOut, required=True, allow_none=True)


class RequestDetail(RequestOut):
    """A request with the contacts it asks for."""

    contacts = ListField(NestedField(ContactOut), dump_only=True, required=True)


class RequestFilters(Schema):
    """Which requests."""

    kind = EnumField(RequestKind)
    state = EnumField(RequestState, metadata={"description": "overdue ones are waiting ones too"})
    customer_id = IdField()
    received_from = DateField()
    received_to = DateField()


class RequestArgs(ListArgs, RequestFilters):
    """Which requests, and in which order."""

    sort = SortField("due_on", "received_on")


class DecisionIn(Schema):
    """A decision: an answer and a refusal need words."""

    outcome = EnumField(Outcome, required=True)
    words = TextField(WORDS_LENGTH_MAX, length_min=0, load_default="")


class ChangeArgs(ListArgs):
    """Whose contacts."""

    sort = SortField("id")
    customer_id = IdField()


class ChangeOut(Schema):
    """A contact that was written anew; a phone is masked."""

    id = IdField(required=True)
    customer_id = IdField(required=True)
    request_id = IdField(required=True)
    field = EnumField(ContactField, required=True)
    before = TextField(200, length_min=0, required=True)
    after = TextField(200, length_min=0, required=True)
    changed_on = DateField(required=True)


class TermOut(Schema):
    """In how many working days requests of a kind are answered."""

    kind = EnumField(RequestKind, required=True)
    working_days = StrictInteger(minimum=1, maximum=service.WORKING_DAYS_MAX, required=True)


class TermIn(Schema):
    """Another term."""

    working_days = StrictInteger(minimum=1, maximum=service.WORKING_DAYS_MAX, required=True)


@blp.get("/requests")
@requires(*READERS)
@blp.arguments(RequestArgs, location="query")
@blp.response(200, page_schema(RequestOut))
def list_requests(args: dict[str, Any]) -> Page[dict[str, Any]]:
    """Requests of residents, what is due first coming first."""
    page = service.list_requests(current_session(), args.pop("page"), today=today(), **args)
    return Page([_shown(each) for each in page.items], page.next_cursor)


@blp.get("/requests.xlsx")
@requires(*READERS, report=True)
@blp.arguments(RequestFilters, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_requests(args: dict[str, Any]) -> Any:
    """Requests of residents, as a spreadsheet."""
    asked = service.all_requests(current_session(), today=today(), **args)
    return xlsx_answer(service.requests_table(asked, today=today()))


@blp.get("/requests/<uuid:request_id>")
@requires(*READERS)
@blp.response(200, RequestDetail)
def show_request(request_id: UUID) -> dict[str, Any]:
    """A request of a resident."""
    return _detail(request_id)


@blp.post("/requests/<uuid:request_id>/decision")
@requires(*OFFICE)
@blp.arguments(DecisionIn)
@blp.response(201, RequestDetail)
def decide_request(body: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Accept or decline what is asked for, or answer a problem; once.

    An accepted service's order is confirmed, a declined one's cancelled; accepted contacts are written.
    """
    service.decide_request(current_session(), request_id, **body, decided_on=today())
    return _detail(request_id)


@blp.get("/contact-changes")
@requires(*READERS)
@blp.arguments(ChangeArgs, location="query")
@blp.response(200, page_schema(ChangeOut))
def list_contact_changes(args: dict[str, Any]) -> Page[dict[str, Any]]:
    """Contacts that were written anew at their owner's request, the latest first."""
    page = service.list_contact_changes(current_session(), args.pop("page"), **args)
    masked = ({"before": _masked(e.field, e.before), "after": _masked(e.field, e.after)} for e in page.items)
    return Page(
        [each.__dict__ | texts for each, texts in zip(page.items, masked, strict=True)], page.next_cursor
    )


@blp.get("/request-terms")
@requires()
@blp.response(200, page_schema(TermOut))
def list_terms() -> Page[dict[str, Any]]:
    """The terms in which requests are answered, on one page."""
    known = service.terms(current_session())
    return Page([{"kind": kind, "working_days": days} for kind, days in known.items()], None)


@blp.put("/request-terms/<any(service,problem,contacts):kind>")
@requires(Role.ADMIN)
@blp.arguments(TermIn)
@blp.response(200, TermOut)
def set_term(body: dict[str, Any], kind: str) -> dict[str, Any]:
    """Answer requests of a kind within another term from now on."""
    service.set_term(current_session(), RequestKind(kind), **body)
    return {"kind": RequestKind(kind), **body}


def _detail(request_id: UUID) -> dict[str, Any]:
    session = current_session()
    contacts = [
        {"field": each.field, "value": _masked(each.field, each.value)}
        for each in service.wanted_contacts(session, request_id)
    ]
    return _shown(service.get_request(session, request_id)) | {"contacts": contacts}


def _masked(field: ContactField, value: str) -> str:
    return mask_phone(value) if field is ContactField.PHONE and value else value


def _shown(asked: Asked) -> dict[str, Any]:
    return asked.request.__dict__ | {
        "state": asked.state(today()),
        "account_number": asked.customer.account_number,
        "decision": asked.decision,
    }

"""What residents ask for, at the clerk's desk: what is due and overdue, and the decision."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.access.service import log_personal_data_access
from billing.invoicing.models import Invoice
from billing.kernel.clock import today
from billing.kernel.identifiers import mask_phone
from billing.kernel.paging import PageRequest
from billing.kernel.reporting import XLSX_TYPE, to_xlsx
from billing.kernel.rows import get_row
from billing.orders.service import get_order
from billing.pages import desk
from billing.pages.desk import CLERKS, READERS
from billing.pages.fields import TypedDate
from billing.pages.forms import Form, blank, filters, read, submit
from billing.requests import service as requests
from billing.requests.models import ContactField, Outcome, RequestKind
from billing.requests.service import Asked, RequestState
from billing.web.access import caller, requires
from billing.web.fields import EnumField, IdField, Schema, TextField
from billing.web.files import file_answer
from billing.web.language import reader_language
from billing.web.transaction import current_session

# What may be wrong with a card that contacts are written on is said above the form: it has no such field.
ON_THE_CARD = dict.fromkeys((*ContactField, "name", "iin_bin", "payer_id", "invoices_by_email"), "")

blp = Blueprint("clerk_requests", __name__, url_prefix="/requests")


class RequestFilters(Schema):
    """What the list of requests is narrowed by."""

    kind = EnumField(RequestKind)
    state = EnumField(RequestState)
    received_from = TypedDate()
    received_to = TypedDate()
    customer_id = IdField()
    cursor = TextField(500)


class DecisionForm(Schema):
    """A decision; whether it needs words is the service's business."""

    outcome = EnumField(Outcome, required=True)
    words = TextField(2000, multiline=True, load_default="")


@blp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """Requests, what is due first coming first."""
    session, day = current_session(), today()
    form = filters(RequestFilters)
    wanted = dict(form.values)
    cursor = wanted.pop("cursor", None)
    if request.args.get("as") == "xlsx":
        table = requests.requests_table(requests.all_requests(session, today=day, **wanted), today=day)
        return file_answer(to_xlsx(table, reader_language()), XLSX_TYPE, "requests.xlsx")
    return render_template(
        "clerk/requests.html",
        form=form,
        page=requests.list_requests(session, PageRequest(cursor), today=day, **wanted),
        today=day,
        kinds=desk.choices(RequestKind),
        states=desk.choices(RequestState),
    )


@blp.get("/<uuid:request_id>")
@requires(*READERS, writes=True)
def page(request_id: UUID) -> ResponseReturnValue:
    """A request and what can be decided about it. A clerk reads contacts whole, and is logged for it."""
    return _page(requests.get_request(current_session(), request_id))(blank())


@blp.post("/<uuid:request_id>/decide")
@requires(*CLERKS)
def decide(request_id: UUID) -> ResponseReturnValue:
    """Accept, decline or answer."""
    asked = requests.get_request(current_session(), request_id)
    form = read(DecisionForm)

    def work(session: Session) -> str:
        requests.decide_request(session, request_id, **form.values, decided_on=today())
        return url_for("clerk_requests.page", request_id=request_id)

    return submit(form, work, _page(asked), done="page.request_decided", fields=ON_THE_CARD)


def _page(asked: Asked) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        session, about = current_session(), asked.request
        return render_template(
            "clerk/request.html",
            form=form,
            asked=asked,
            today=today(),
            invoice=_named(Invoice, about.invoice_id, "invoice"),
            order=get_order(session, about.order_id) if about.order_id else None,
            contacts=_contacts(session, asked),
            outcomes=[] if asked.decision else requests.OUTCOMES[about.kind],
        )

    return again


def _named(table: Any, row_id: UUID | None, kind: str) -> Any:
    return get_row(current_session(), table, row_id, kind=kind) if row_id is not None else None


def _contacts(session: Session, asked: Asked) -> list[tuple[ContactField, str, str]]:
    """Each contact as it is and as it is wanted; masked for whoever does not decide about it."""
    wanted = requests.wanted_contacts(session, asked.request.id)
    present = requests.contacts_of(asked.customer)
    decides = asked.decision is None and bool(caller().roles & set(CLERKS))
    if wanted and decides:
        log_personal_data_access(
            session,
            subject_kind="customer",
            subject_id=asked.customer.id,
            fields=[each.field.value for each in wanted],
            purpose="request",
        )

    def shown(field: ContactField, value: str) -> str:
        return mask_phone(value) if value and field is ContactField.PHONE and not decides else value

    return [
        (each.field, shown(each.field, getattr(present, each.field)), shown(each.field, each.value))
        for each in wanted
    ]

"""Billing runs on the wire."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Response

from billing.archive.api import READERS
from billing.invoicing.api import ISSUERS, TODAY
from billing.invoicing.runs import documents, mailing, service
from billing.invoicing.runs.delivery import deliveries, delivery_list
from billing.invoicing.runs.models import BillingRun, InvoiceWay, RunOutcome, RunStage
from billing.invoicing.runs.results import Reason, reasons_of, told
from billing.kernel.clock import today
from billing.kernel.kept_facts import recall
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.errors import sentence
from billing.web.fields import (
    AmountField,
    BooleanField,
    DateField,
    EnumField,
    IdField,
    InstantField,
    ListField,
    MonthField,
    NestedField,
    PastDateField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, PDF, XLSX, file_answer
from billing.web.language import reader_language
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.reports import xlsx_answer
from billing.web.transaction import current_session

blp = Blueprint(
    "billing_runs",
    __name__,
    url_prefix="/api/v1/billing-runs",
    description="A month billed to every contract at once.",
)


class RunIn(Schema):
    """Whose month is billed. Contracts that cannot be billed are parked with their reason."""

    enterprise_id = IdField(required=True)
    period = MonthField(required=True)
    issued_on = PastDateField(load_default=today, metadata=TODAY)
    since = MonthField(
        load_default=None,
        allow_none=True,
        metadata={"description": "catch up from here; by default from the first month ever billed"},
    )
    include_orders = BooleanField(
        load_default=False, metadata={"description": "bill completed work too, one invoice per customer"}
    )


class ReasonOut(Schema):
    """Why a contract, or a customer's completed work, is not billed."""

    contract_id = IdField(required=True, allow_none=True)
    contract_number = TextField(50, required=True, allow_none=True)
    customer_id = IdField(required=True)
    account_number = TextField(20, required=True)
    code = TextField(60, required=True, metadata={"description": "stable, for programs"})
    detail = TextField(2000, required=True, metadata={"description": "a sentence for people"})


class PreviewOut(Schema):
    """What a run would do now."""

    first_period = MonthField(required=True, metadata={"description": "from here months are caught up"})
    subjects = StrictInteger(required=True, metadata={"description": "contracts, and customers with work"})
    billed = StrictInteger(required=True)
    nothing_due = StrictInteger(required=True)
    refused = StrictInteger(required=True)
    invoices = StrictInteger(required=True)
    total = AmountField(required=True, metadata={"description": "VAT included"})
    vat = AmountField(required=True, metadata={"description": "within the total"})
    refusals = ListField(NestedField(ReasonOut), required=True, dump_only=True)


class HaltOut(Schema):
    """Why a run cannot go on."""

    code = TextField(60, required=True)
    detail = TextField(2000, required=True)


class RunOut(Schema):
    """A run and how far it has come."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    period = MonthField(required=True)
    first_period = MonthField(required=True)
    include_orders = BooleanField(required=True)
    issued_on = DateField(required=True)
    stage = EnumField(RunStage, required=True)
    subjects = StrictInteger(required=True, metadata={"description": "contracts, and customers with work"})
    done = StrictInteger(required=True)
    billed = StrictInteger(required=True)
    nothing_due = StrictInteger(required=True)
    refused = StrictInteger(required=True)
    invoices = StrictInteger(required=True)
    printed = StrictInteger(required=True, metadata={"description": "invoices whose papers are archived"})
    total = AmountField(required=True, metadata={"description": "of the invoices, VAT included"})
    per_minute = StrictInteger(required=True, allow_none=True)
    seconds_left = StrictInteger(required=True, allow_none=True)
    halt = NestedField(HaltOut, required=True, allow_none=True)
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)
    finished_at = InstantField(required=True, allow_none=True)


class ResultOut(Schema):
    """What the run did for one contract, or for one customer's completed work."""

    id = IdField(required=True)
    contract_id = IdField(required=True, allow_none=True)
    contract_number = TextField(50, required=True, allow_none=True)
    customer_id = IdField(required=True)
    account_number = TextField(20, required=True)
    outcome = EnumField(RunOutcome, required=True)
    code = TextField(60, required=True, allow_none=True)
    detail = TextField(2000, required=True, allow_none=True)
    total = AmountField(required=True)
    invoice_ids = ListField(IdField(), required=True, dump_only=True)


class PrintArgs(Schema):
    """How the invoices are laid on paper."""

    two_up = BooleanField(load_default=False, metadata={"description": "two on a sheet, to be cut into A5"})
    mailed = BooleanField(load_default=False, metadata={"description": "those too that go by e-mail"})


class WaysOut(Schema):
    """How many invoices of a run go which way."""

    paper = StrictInteger(required=True, metadata={"description": "to be carried round"})
    waiting = StrictInteger(required=True, metadata={"description": "to be sent by e-mail"})
    sent = StrictInteger(required=True)
    given_up = StrictInteger(required=True, metadata={"description": "not taken for days: carried round"})
    bounced = StrictInteger(required=True, metadata={"description": "sent back: carried round"})


class UndeliveredOut(Schema):
    """An invoice that was to be sent by e-mail and could not be."""

    invoice_id = IdField(required=True)
    number = StrictInteger(required=True)
    issued_on = DateField(required=True)
    total = AmountField(required=True)
    customer_id = IdField(required=True)
    account_number = TextField(20, required=True)
    way = EnumField(InvoiceWay, required=True)
    reason = TextField(
        200, required=True, allow_none=True, metadata={"description": "in the words of a mail server"}
    )


class UndeliveredArgs(ListArgs):
    """Which of them."""

    sort = SortField("number")


class RunArgs(ListArgs):
    """Which runs."""

    sort = SortField("recorded_at")
    enterprise_id = IdField()
    period = MonthField()


class ResultArgs(ListArgs):
    """Which results."""

    sort = SortField("id")
    outcome = EnumField(RunOutcome)


@blp.post("")
@requires(*ISSUERS)
@blp.arguments(RunIn)
@blp.response(202, RunOut)
def start_run(body: dict[str, Any]) -> dict[str, Any]:
    """Start a run; a background worker takes it up. The same again makes no second invoices."""
    session = current_session()
    run = service.start_run(session, body.pop("enterprise_id"), body.pop("period"), **body)
    service.hand_over(session, run)
    return told_run(run)


@blp.post("/preview")
@requires(*ISSUERS, writes=False)
@blp.arguments(RunIn)
@blp.response(200, PreviewOut)
def preview_run(body: dict[str, Any]) -> dict[str, Any]:
    """What a run would bill now, and every refusal. Writes nothing."""
    session = current_session()
    terms = service.agree(session, body.pop("enterprise_id"), body.pop("period"), **body)
    preview = service.preview_run(session, terms)
    return {
        "first_period": terms.first_period,
        "subjects": preview.subjects,
        **{outcome.value: count for outcome, count in preview.counts.items()},
        "invoices": preview.invoices,
        "total": preview.total,
        "vat": preview.vat,
        "refusals": [told_reason(reason) for reason in reasons_of(session, preview.refusals)],
    }


@blp.get("")
@requires()
@blp.arguments(RunArgs, location="query")
@blp.response(200, page_schema(RunOut))
def list_runs(args: dict[str, Any]) -> Page[dict[str, Any]]:
    """Runs, the latest first."""
    page = service.list_runs(current_session(), args.pop("page"), **args)
    return Page([told_run(run) for run in page.items], page.next_cursor)


@blp.get("/<uuid:run_id>")
@requires()
@blp.response(200, RunOut)
def show_run(run_id: UUID) -> dict[str, Any]:
    """A run, how far it has come, and how long it will take."""
    return told_run(service.get_run(current_session(), run_id))


@blp.post("/<uuid:run_id>/resume")
@requires(*ISSUERS)
@blp.response(202, RunOut)
def resume_run(run_id: UUID) -> dict[str, Any]:
    """Let a run that was halted go on, after its reason was mended; nothing happens to a finished one."""
    session = current_session()
    run = service.resume_run(session, run_id)
    service.hand_over(session, run)
    return told_run(run)


@blp.get("/<uuid:run_id>/results")
@requires()
@blp.arguments(ResultArgs, location="query")
@blp.response(200, page_schema(ResultOut))
def list_results(args: dict[str, Any], run_id: UUID) -> Page[dict[str, Any]]:
    """What the run did for each contract and customer, in the order in which it did it."""
    session = current_session()
    page = service.list_results(session, run_id, args.pop("page"), **args)
    items = [
        {
            "id": each.result.id,
            "contract_id": each.result.contract_id,
            "contract_number": each.contract_number,
            "customer_id": each.result.customer_id,
            "account_number": each.account_number,
            "outcome": each.result.outcome,
            "code": each.result.code,
            "detail": told_reason(each.reason)["detail"] if each.reason is not None else None,
            "total": each.result.total,
            "invoice_ids": [invoice.id for invoice in each.invoices],
        }
        for each in told(session, page.items)
    ]
    return Page(items, page.next_cursor)


@blp.get("/<uuid:run_id>/print-file")
@requires(*READERS)
@blp.arguments(PrintArgs, location="query")
@blp.response(200, BINARY, content_type=PDF)
def print_invoices(args: dict[str, Any], run_id: UUID) -> Response:
    """All invoices of the run that are carried round in one file, in the order of delivery."""
    session = current_session()
    content = documents.print_run(session, run_id, **args)
    return file_answer(content, PDF, documents.file_name(service.get_run(session, run_id)))


@blp.get("/<uuid:run_id>/delivery-list.xlsx")
@requires(*READERS)
@blp.response(200, BINARY, content_type=XLSX)
def download_delivery_list(run_id: UUID) -> Response:
    """Who gets which invoice, house by house, to be ticked off."""
    session = current_session()
    run = service.get_run(session, run_id)
    return xlsx_answer(delivery_list(run, deliveries(session, run_id)))


@blp.get("/<uuid:run_id>/delivery")
@requires()
@blp.response(200, WaysOut)
def count_ways(run_id: UUID) -> dict[str, int]:
    """How many invoices are carried round, and how far those have come that go by e-mail."""
    return {way.value: count for way, count in mailing.count_ways(current_session(), run_id).items()}


@blp.get("/<uuid:run_id>/undelivered")
@requires(*READERS)
@blp.arguments(UndeliveredArgs, location="query")
@blp.response(200, page_schema(UndeliveredOut))
def list_undelivered(args: dict[str, Any], run_id: UUID) -> Page[mailing.Undelivered]:
    """Invoices that were to be sent by e-mail and could not be: they are carried round."""
    return mailing.list_undelivered(current_session(), run_id, args["page"])


def told_run(run: BillingRun) -> dict[str, Any]:
    """A run with its pace, and what halted it in the reader's language."""
    pace = run.pace
    own = {name: getattr(run, name) for name in RunOut().fields if hasattr(run, name)}
    return {
        **own,
        "per_minute": pace.per_minute if pace is not None else None,
        "seconds_left": pace.left // timedelta(seconds=1) if pace is not None else None,
        "halt": (
            {
                "code": run.halted_by,
                "detail": sentence(run.halted_by, recall(run.halted_facts or {}), reader_language()),
            }
            if run.halted_by is not None
            else None
        ),
    }


def told_reason(reason: Reason) -> dict[str, Any]:
    """A reason with its sentence in the reader's language."""
    return {
        "contract_id": reason.contract_id,
        "contract_number": reason.contract_number,
        "customer_id": reason.customer_id,
        "account_number": reason.account_number,
        "code": reason.code,
        "detail": sentence(reason.code, reason.facts, reader_language()),
    }

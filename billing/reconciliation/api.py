"""Statements on the wire: files sent, rows and what they were, balances proved, money in transit."""

from typing import Any
from uuid import UUID

from flask import Response, after_this_request, current_app

from billing.access.models import Role
from billing.kernel.clock import now, today
from billing.kernel.db import district_of
from billing.kernel.paging import Page
from billing.reconciliation import listing, uploads
from billing.reconciliation.arrivals import decide_arrival
from billing.reconciliation.formats.statement import Direction, Problem
from billing.reconciliation.listing import RowFilter, RowStanding, RowState
from billing.reconciliation.models import (
    BankStatement,
    ExceptionKind,
    MatchKind,
    StatementUpload,
    UploadState,
)
from billing.reconciliation.service import Outcome, rematch
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import (
    AmountField,
    BooleanField,
    DateField,
    EnumField,
    FileField,
    IdField,
    InstantField,
    ListField,
    NestedField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, XLSX, takes_files
from billing.web.language import reader_language
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.personal import MaskedIinField, MaskedTextField
from billing.web.reports import xlsx_answer
from billing.web.transaction import current_session

BOOKKEEPERS = (Role.ACCOUNTANT, Role.AUDITOR, Role.ADMIN)
UPLOAD_BYTES_MAX = 120 * 1024 * 1024  # a hundred thousand rows of 1C in UTF-8 are ninety million bytes
TAKE_UP = "take_up_upload"  # where the application keeps what starts the work on a large file

blp = Blueprint(
    "reconciliation", __name__, url_prefix="/api/v1", description="Statements of banks and the treasury."
)


class UploadArgs(Schema):
    """Whose statement it is, where the file does not say so, and how to take it in."""

    bank_account_id = IdField(metadata={"description": "for a spreadsheet that names no account"})
    profile_id = IdField(metadata={"description": "of its columns; by default the one that fits best"})
    override_reason = TextField(
        300, metadata={"description": "why sums that do not add up are taken in; it is kept"}
    )


class StatementFile(Schema):
    """A statement: 1C, MT940, camt.053, XLSX or CSV."""

    file = FileField(required=True)


class CountOut(Schema):
    """How many rows."""

    kind = TextField(30, required=True)
    count = StrictInteger(required=True)


class StatementProblemOut(Schema):
    """What is wrong with a file."""

    code = TextField(60, required=True)
    severity = TextField(10, required=True)
    line = StrictInteger(required=True, metadata={"description": "0 for the whole file"})
    key = TextField(100, length_min=0, required=True)
    value = TextField(100, length_min=0, required=True)
    detail = TextField(1000, required=True)


class UploadOut(Schema):
    """A file that was sent; a large one is taken in after the answer: ask again until it is done."""

    id = IdField(required=True)
    file_name = TextField(200, required=True)
    size_bytes = StrictInteger(required=True)
    state = EnumField(UploadState, required=True)
    rows_done = StrictInteger(required=True)
    rows_total = StrictInteger(required=True, allow_none=True)
    statement_id = IdField(required=True, allow_none=True)
    is_known = BooleanField(required=True, metadata={"description": "the very same file came before"})
    matched = ListField(NestedField(CountOut), required=True, dump_only=True)
    waiting = ListField(NestedField(CountOut), required=True, dump_only=True)
    refusal = TextField(60, required=True, allow_none=True, metadata={"description": "why not, as a code"})
    is_overridable = BooleanField(required=True)
    problems = ListField(NestedField(StatementProblemOut), required=True, dump_only=True)


class StatementOut(Schema):
    """A statement as the bank gave it."""

    id = IdField(required=True)
    bank_account_id = IdField(required=True)
    file_name = TextField(200, required=True)
    format = TextField(30, required=True)
    date_from = DateField(required=True)
    date_to = DateField(required=True)
    opening = AmountField(required=True, allow_none=True)
    closing = AmountField(required=True, allow_none=True)
    credited = AmountField(required=True)
    debited = AmountField(required=True)
    row_count = StrictInteger(required=True)
    new_row_count = StrictInteger(required=True, metadata={"description": "not known from earlier files"})
    override_reason = TextField(300, required=True, allow_none=True)
    accepted_difference = AmountField(required=True)
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)


class StatementDetail(StatementOut):
    """A statement with what was wrong with its file."""

    problems = ListField(NestedField(StatementProblemOut), required=True, dump_only=True)


class RowOut(Schema):
    """A movement on a bank account, and what it was; IINs are masked."""

    id = IdField(required=True, attribute="row.id")
    statement_id = IdField(required=True, attribute="row.statement_id")
    bank_account_id = IdField(required=True, attribute="row.bank_account_id")
    line = StrictInteger(required=True, attribute="row.line")
    booked_on = DateField(required=True, attribute="row.booked_on")
    amount = AmountField(required=True, attribute="row.amount")
    direction = EnumField(Direction, required=True, attribute="row.direction")
    counterparty_name = MaskedTextField(300, attribute="row.counterparty_name")
    counterparty_iin_bin = MaskedIinField(length_min=0, required=True, attribute="row.counterparty_iin_bin")
    counterparty_iban = TextField(34, length_min=0, required=True, attribute="row.counterparty_iban")
    ultimate_name = MaskedTextField(300, attribute="row.ultimate_name")
    ultimate_iin_bin = MaskedIinField(length_min=0, required=True, attribute="row.ultimate_iin_bin")
    purpose = MaskedTextField(5000, attribute="row.purpose")
    knp = TextField(3, length_min=0, required=True, attribute="row.knp")
    document_number = TextField(50, length_min=0, required=True, attribute="row.document_number")
    budget_code = TextField(6, length_min=0, required=True, attribute="row.budget_code")
    state = EnumField(RowState, required=True)
    match_id = IdField(required=True, allow_none=True)
    match_kind = EnumField(MatchKind, required=True, allow_none=True)
    exception = EnumField(ExceptionKind, required=True, allow_none=True)
    since = DateField(required=True, allow_none=True, metadata={"description": "it has been waiting"})


class RowDetail(RowOut):
    """A movement with the row as it came."""

    raw = MaskedTextField(1_000_000, attribute="row.raw")


class StatementArgs(ListArgs):
    """Of which account."""

    sort = SortField("date_to", "recorded_at")
    bank_account_id = IdField()


class RowFilters(Schema):
    """Which rows; both dates count."""

    bank_account_id = IdField()
    statement_id = IdField()
    direction = EnumField(Direction)
    state = EnumField(RowState)
    kind = EnumField(ExceptionKind, metadata={"description": "of the exception for which it waits"})
    booked_from = DateField()
    booked_to = DateField()


class RowArgs(ListArgs, RowFilters):
    """Which rows, in which order."""

    sort = SortField("booked_on", "amount")


class ArrivalIn(Schema):
    """Whose fees a row of the budget's account is, and why."""

    enterprise_id = IdField(required=True)
    why = TextField(300, required=True)


class RematchIn(Schema):
    """How to look again."""

    undone_too = BooleanField(
        load_default=False, metadata={"description": "also book rows again of which a match was undone"}
    )


class OutcomeOut(Schema):
    """What became of the rows."""

    matched = ListField(NestedField(CountOut), required=True, dump_only=True)
    waiting = ListField(NestedField(CountOut), required=True, dump_only=True)


@blp.post("/statement-uploads")
@takes_files(UPLOAD_BYTES_MAX)
@requires(Role.ACCOUNTANT)
@blp.arguments(UploadArgs, location="query")
@blp.arguments(StatementFile, location="files")
@blp.response(201, UploadOut)
def send_statement(args: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    """Take a statement in: up to 5 MB at once, more after the answer, with progress.

    A small file is refused with all its problems in `facts`; of a larger one the upload says so. The same
    file again adds nothing.
    """
    file = files["file"]
    upload = uploads.receive(
        current_session(), file.read(), file_name=file.filename or "", received_on=today(), **args
    )
    take_up_later(upload)
    return _upload(upload)


@blp.get("/statement-uploads/<uuid:upload_id>")
@requires(*BOOKKEEPERS)
@blp.response(200, UploadOut)
def show_upload(upload_id: UUID) -> dict[str, Any]:
    """How far a file is. One that nobody works on any more is taken up again."""
    upload = uploads.get_upload(current_session(), upload_id)
    take_up_later(upload)
    return _upload(upload)


@blp.get("/bank-statements")
@requires(*BOOKKEEPERS)
@blp.arguments(StatementArgs, location="query")
@blp.response(200, page_schema(StatementOut))
def list_statements(args: dict[str, Any]) -> Page[BankStatement]:
    """Statements that were taken in, the latest days first."""
    return listing.list_statements(current_session(), args.pop("page"), **args)


@blp.get("/bank-statements/<uuid:statement_id>")
@requires(*BOOKKEEPERS)
@blp.response(200, StatementDetail)
def show_statement(statement_id: UUID) -> dict[str, Any]:
    """A statement, and what was wrong with its file."""
    statement = listing.get_statement(current_session(), statement_id)
    fields = {name: getattr(statement, name) for name in StatementOut._declared_fields}
    return {
        **fields,
        "problems": [Problem.restored(each).told(reader_language()) for each in statement.problems],
    }


@blp.get("/statement-rows")
@requires(*BOOKKEEPERS)
@blp.arguments(RowArgs, location="query")
@blp.response(200, page_schema(RowOut))
def list_rows(args: dict[str, Any]) -> Page[RowStanding]:
    """Rows of statements and what each was, the latest first."""
    return listing.list_rows(current_session(), args.pop("page"), RowFilter(**args))


@blp.get("/statement-rows.xlsx")
@requires(*BOOKKEEPERS, report=True)
@blp.arguments(RowFilters, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_rows(args: dict[str, Any]) -> Response:
    """The same rows as a spreadsheet, the earliest first."""
    return xlsx_answer(listing.rows_table(listing.all_rows(current_session(), RowFilter(**args))))


@blp.get("/statement-rows/<uuid:row_id>")
@requires(*BOOKKEEPERS)
@blp.response(200, RowDetail)
def show_row(row_id: UUID) -> RowStanding:
    """A row as the bank told it, and what became of it."""
    return listing.get_standing(current_session(), row_id)


@blp.post("/statement-rows/<uuid:row_id>/arrival")
@requires(Role.ACCOUNTANT)
@blp.arguments(ArrivalIn)
@blp.response(201, RowOut)
def say_arrived(body: dict[str, Any], row_id: UUID) -> RowStanding:
    """Say that a row of the budget's account is fees of an enterprise, the oldest first."""
    decide_arrival(current_session(), row_id, decided_on=today(), **body)
    return listing.get_standing(current_session(), row_id)


@blp.post("/bank-accounts/<uuid:account_id>/rematch")
@requires(Role.ACCOUNTANT)
@blp.arguments(RematchIn)
@blp.response(200, OutcomeOut)
def rematch_account(body: dict[str, Any], account_id: UUID) -> dict[str, Any]:
    """Look again at the rows of an account that wait."""
    return _outcome(rematch(current_session(), account_id, rematched_on=today(), **body))


def take_up_later(upload: StatementUpload) -> None:
    """Have a waiting upload taken up once this answer is sent and its row is there for others to see."""
    if not uploads.is_silent(upload, now()):
        return
    start, sessions = current_app.extensions[TAKE_UP], current_app.extensions["sessions"]
    district_id, upload_id = district_of(current_session()), upload.id

    @after_this_request
    def take_up(response: Response) -> Response:
        start(sessions, district_id, upload_id)
        return response


def _upload(upload: StatementUpload) -> dict[str, Any]:
    counts = {name: upload.result.get(name, {}) for name in ("matched", "waiting")}
    return {
        **{
            name: getattr(upload, name) for name in ("id", "file_name", "size_bytes", "state", "statement_id")
        },
        "rows_done": upload.rows_done,
        "rows_total": upload.rows_total,
        "is_known": upload.result.get("is_known", False),
        **{name: [{"kind": k, "count": n} for k, n in found.items()] for name, found in counts.items()},
        "refusal": upload.result.get("code"),
        "is_overridable": uploads.is_overridable(upload),
        "problems": [each.told(reader_language()) for each in uploads.problems_of(upload)],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "matched": [{"kind": kind.value, "count": count} for kind, count in outcome.matched.items()],
        "waiting": [{"kind": kind.value, "count": count} for kind, count in outcome.waiting.items()],
    }

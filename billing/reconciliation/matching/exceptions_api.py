"""Rows that wait for a person, on the wire."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.kernel.clock import today
from billing.kernel.paging import Page
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matching import exceptions
from billing.reconciliation.models import ExceptionKind
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    AmountField,
    BooleanField,
    DateField,
    EnumField,
    IdField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, XLSX
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.personal import MaskedIinField, MaskedTextField
from billing.web.reports import xlsx_answer
from billing.web.transaction import current_session

BOOKKEEPERS = (Role.ACCOUNTANT, Role.AUDITOR)
AGE_DAYS_MAX = 36_500

blp = Blueprint(
    "statement_exceptions",
    __name__,
    url_prefix="/api/v1",
    description="Rows of bank statements that wait for a person.",
)


class ExceptionOut(Schema):
    """A row that waits: why, since when, and who looks after it."""

    row_id = IdField(required=True)
    kind = EnumField(ExceptionKind, required=True)
    opened_on = DateField(required=True)
    age_days = StrictInteger(required=True)
    owner_id = IdField(required=True, allow_none=True)
    owner_name = TextField(200, required=True, allow_none=True)
    note = TextField(300, required=True, allow_none=True)
    bank_account_id = IdField(required=True)
    statement_id = IdField(required=True)
    booked_on = DateField(required=True)
    direction = EnumField(Direction, required=True)
    amount = AmountField(required=True)
    counterparty_name = MaskedTextField(300)
    counterparty_iin_bin = MaskedIinField(required=True, length_min=0)
    purpose = MaskedTextField(5000)
    version = StrictInteger(minimum=1, required=True)


class ExceptionFilters(Schema):
    """Which of them."""

    bank_account_id = IdField()
    enterprise_id = IdField()
    kind = EnumField(ExceptionKind)
    direction = EnumField(Direction)
    owner_id = IdField()
    without_owner = BooleanField()
    age_days_min = StrictInteger(minimum=0, maximum=AGE_DAYS_MAX)


class ExceptionArgs(ListArgs, ExceptionFilters):
    """Which of them, and in which order."""

    sort = SortField("opened_on", "amount", "booked_on")


class CareIn(Schema):
    """Who looks after a row, and what is known of it."""

    owner_id = IdField(required=True, allow_none=True)
    note = TextField(300, required=True, allow_none=True)


@blp.get("/statement-exceptions")
@requires(*BOOKKEEPERS)
@blp.arguments(ExceptionArgs, location="query")
@blp.response(200, page_schema(ExceptionOut))
def list_exceptions(args: dict[str, Any]) -> Page[dict[str, Any]]:
    """Rows that wait for a person, the longest waiting first."""
    page = exceptions.list_exceptions(current_session(), args.pop("page"), today=today(), **args)
    return Page([_shown(each) for each in page.items], page.next_cursor)


@blp.get("/statement-exceptions.xlsx")
@requires(*BOOKKEEPERS, report=True)
@blp.arguments(ExceptionFilters, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_exceptions(args: dict[str, Any]) -> Any:
    """Rows that wait, as a spreadsheet."""
    waiting = exceptions.all_exceptions(current_session(), today=today(), **args)
    return xlsx_answer(exceptions.exceptions_table(waiting, today=today()))


@blp.get("/statement-exceptions/<uuid:row_id>")
@requires(*BOOKKEEPERS)
@blp.response(200, ExceptionOut)
@versioned
def show_exception(row_id: UUID) -> dict[str, Any]:
    """A row that waits."""
    return _shown(exceptions.get_exception(current_session(), row_id))


@blp.patch("/statement-exceptions/<uuid:row_id>")
@requires(Role.ACCOUNTANT)
@blp.arguments(CareIn)
@blp.response(200, ExceptionOut)
@versioned
def look_after(body: dict[str, Any], row_id: UUID, version: int) -> dict[str, Any]:
    """Say who looks after a row, and what is known of it so far."""
    return _shown(exceptions.look_after(current_session(), row_id, **body, version=version))


def _shown(waiting: exceptions.Waiting) -> dict[str, Any]:
    exception, row = waiting.exception, waiting.row
    return {
        "row_id": row.id,
        "kind": exception.kind,
        "opened_on": exception.opened_on,
        "age_days": waiting.age_days(today()),
        "owner_id": exception.owner_id,
        "owner_name": waiting.owner_name,
        "note": exception.note,
        "bank_account_id": row.bank_account_id,
        "statement_id": row.statement_id,
        "booked_on": row.booked_on,
        "direction": row.direction,
        "amount": row.amount,
        "counterparty_name": row.ultimate_name or row.counterparty_name,
        "counterparty_iin_bin": row.ultimate_iin_bin or row.counterparty_iin_bin,
        "purpose": row.purpose,
        "version": exception.version,
    }

"""Three-way reconciliation on the wire: the comparison, providers' batches, sign-offs of days."""

from typing import Any
from uuid import UUID

from flask import Response

from billing.access.models import Role
from billing.kernel.clock import today
from billing.kernel.dates import FOREVER
from billing.kernel.money import ZERO
from billing.kernel.paging import Page
from billing.kernel.reporting import ReportTable
from billing.payments.models import Payment, PaymentMethod
from billing.reconciliation.batch_decisions import Chosen, settle_batch, weigh_batch
from billing.reconciliation.three_way import lists, sign_off
from billing.reconciliation.three_way.comparison import compare_days
from billing.reconciliation.three_way.differences import counted, differences_of
from billing.reconciliation.three_way.models import DaySignOff, SignOffUndo
from billing.reconciliation.three_way.report import days_table, differences_table
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import (
    AmountField,
    DateField,
    EnumField,
    IdField,
    InstantField,
    ListField,
    MoneyField,
    PastDateField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, XLSX
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.reports import PeriodArgs, ReportOut, report_answer, xlsx_answer
from billing.web.transaction import current_session

READERS = (Role.ACCOUNTANT, Role.AKIM, Role.AUDITOR, Role.ADMIN)

blp = Blueprint(
    "three_way", __name__, url_prefix="/api/v1", description="Receipts, providers' registries, the bank."
)

ROWS_MAX = 200  # rows of the bank in one batch
PAYMENTS_MAX = 5_000


class DaysArgs(PeriodArgs):
    """Which days, and of which provider; without one of all."""

    provider_id = IdField()


class UnsettledArgs(ListArgs):
    """Which days of a provider."""

    sort = SortField("received_on")
    first_day = DateField()
    last_day = DateField()


class UnsettledPaymentOut(Schema):
    """A payment that its provider has not paid over."""

    id = IdField(required=True)
    customer_id = IdField(required=True)
    method = EnumField(PaymentMethod, required=True)
    channel = TextField(30, required=True)
    outside_id = TextField(100, required=True, allow_none=True)
    amount = AmountField(required=True)
    received_on = DateField(required=True)


class ProviderReturnOut(Schema):
    """Money given back that the provider may keep from the next batch."""

    transfer_id = IdField(required=True, metadata={"description": "what `return_ids` of a batch names"})
    channel = TextField(30, required=True)
    day = DateField(required=True)
    amount = AmountField(required=True)


class ProviderBatchChoiceIn(Schema):
    """Rows of the bank, and what they pay over."""

    provider_id = IdField(required=True)
    row_ids = ListField(IdField(), items_min=1, items_max=ROWS_MAX, required=True)
    payment_ids = ListField(IdField(), items_max=PAYMENTS_MAX, load_default=())
    return_ids = ListField(IdField(), items_max=ROWS_MAX, load_default=())
    commission = MoneyField(
        minimum=ZERO,
        load_default=None,
        allow_none=True,
        metadata={"description": "withheld; by default what makes the sums agree, or what was agreed"},
    )


class ProviderBatchIn(ProviderBatchChoiceIn):
    """A provider's batch, as the accountant puts it together."""

    why = TextField(300, required=True)
    difference_reason = TextField(
        300,
        load_default=None,
        allow_none=True,
        metadata={"description": "needed where payments less commission are not what was credited"},
    )


class ProviderBatchSumsOut(Schema):
    """What a batch comes to."""

    gross = AmountField(required=True, metadata={"description": "payments less what was taken back"})
    commission = AmountField(required=True)
    credited = AmountField(required=True)
    difference = AmountField(required=True)


class ProviderBatchOut(Schema):
    """The match that settled the payments."""

    match_id = IdField(required=True)


class SignOffArgs(ListArgs):
    """Which sign-offs."""

    sort = SortField("day")
    provider_id = IdField()
    day = DateField()


class SignOffIn(Schema):
    """A day to vouch for."""

    provider_id = IdField(required=True)
    day = PastDateField(required=True)
    why = TextField(
        300,
        load_default=None,
        allow_none=True,
        metadata={"description": "needed where the day does not agree"},
    )


class SignOffOut(Schema):
    """A sign-off with the sums as they stood."""

    id = IdField(required=True)
    provider_id = IdField(required=True)
    day = DateField(required=True)
    receipt_count = StrictInteger(required=True)
    receipt_sum = AmountField(required=True)
    registry_count = StrictInteger(required=True)
    registry_sum = AmountField(required=True)
    credited = AmountField(required=True)
    commission = AmountField(required=True)
    returned = AmountField(required=True)
    difference = AmountField(required=True)
    why = TextField(300, required=True, allow_none=True)
    signed_by = IdField(required=True, allow_none=True)
    signed_at = InstantField(required=True)
    undone_on = DateField(required=True, allow_none=True)
    undo_reason = TextField(300, required=True, allow_none=True)


class SignOffUndoIn(Schema):
    """Why a sign-off is taken back."""

    reason = TextField(300, required=True)


class SignOffUndoOut(Schema):
    """A sign-off taken back."""

    sign_off_id = IdField(required=True)
    undone_on = DateField(required=True)
    reason = TextField(300, required=True)
    recorded_by = IdField(required=True, allow_none=True)


def _days(args: dict[str, Any]) -> ReportTable:
    session = current_session()
    days = compare_days(session, **args)
    return days_table(days, counted(differences_of(session, **args)), args["first_day"], args["last_day"])


def _differences(args: dict[str, Any]) -> ReportTable:
    return differences_table(differences_of(current_session(), **args), args["first_day"], args["last_day"])


@blp.get("/three-way")
@requires(*READERS, report=True)
@blp.arguments(DaysArgs, location="query")
@blp.response(200, ReportOut)
def show_three_way(args: dict[str, Any]) -> dict[str, Any]:
    """Receipts recorded, the registry and the bank's statement, one line per day and channel."""
    return report_answer(_days(args))


@blp.get("/three-way.xlsx")
@requires(*READERS, report=True)
@blp.arguments(DaysArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_three_way(args: dict[str, Any]) -> Response:
    """The comparison as a spreadsheet."""
    return xlsx_answer(_days(args))


@blp.get("/three-way/differences")
@requires(*READERS, report=True)
@blp.arguments(DaysArgs, location="query")
@blp.response(200, ReportOut)
def show_differences(args: dict[str, Any]) -> dict[str, Any]:
    """What does not agree, payment by payment."""
    return report_answer(_differences(args))


@blp.get("/three-way/differences.xlsx")
@requires(*READERS, report=True)
@blp.arguments(DaysArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_differences(args: dict[str, Any]) -> Response:
    """What does not agree, as a spreadsheet."""
    return xlsx_answer(_differences(args))


@blp.get("/providers/<uuid:provider_id>/unsettled-payments")
@requires(*READERS)
@blp.arguments(UnsettledArgs, location="query")
@blp.response(200, page_schema(UnsettledPaymentOut))
def list_unsettled(args: dict[str, Any], provider_id: UUID) -> Page[Payment]:
    """Payments that a provider has not paid over, the oldest first."""
    return lists.list_unsettled(current_session(), provider_id, args.pop("page"), **args)


@blp.get("/providers/<uuid:provider_id>/returns")
@requires(*READERS)
@blp.response(200, page_schema(ProviderReturnOut))
def list_returns(provider_id: UUID) -> Page[Any]:
    """Money that a provider may still take back, all on one page."""
    return Page(lists.list_returns(current_session(), provider_id, last_day=FOREVER), None)


@blp.post("/provider-batches/preview")
@requires(Role.ACCOUNTANT)
@blp.arguments(ProviderBatchChoiceIn)
@blp.response(200, ProviderBatchSumsOut)
def preview_batch(body: dict[str, Any]) -> Any:
    """What rows and payments would come to; nothing is written."""
    return weigh_batch(current_session(), Chosen(**body))


@blp.post("/provider-batches")
@requires(Role.ACCOUNTANT)
@blp.arguments(ProviderBatchIn)
@blp.response(201, ProviderBatchOut)
def put_batch_together(body: dict[str, Any]) -> dict[str, Any]:
    """Settle payments with rows of the bank; a difference is posted under its reason."""
    why, difference_reason = body.pop("why"), body.pop("difference_reason")
    match_id = settle_batch(
        current_session(),
        Chosen(**body),
        why=why,
        difference_reason=difference_reason,
        decided_on=today(),
    )
    return {"match_id": match_id}


@blp.get("/sign-offs")
@requires(*READERS)
@blp.arguments(SignOffArgs, location="query")
@blp.response(200, page_schema(SignOffOut))
def list_sign_offs(args: dict[str, Any]) -> Page[dict[str, Any]]:
    """Sign-offs, the latest day first, with those that were taken back."""
    page = sign_off.list_sign_offs(current_session(), args.pop("page"), **args)
    return Page(_with_undos(page.items), page.next_cursor)


@blp.get("/sign-offs/<uuid:sign_off_id>")
@requires(*READERS)
@blp.response(200, SignOffOut)
def show_sign_off(sign_off_id: UUID) -> dict[str, Any]:
    """A sign-off, and whether it was taken back."""
    return _with_undos([sign_off.get_sign_off(current_session(), sign_off_id)])[0]


@blp.post("/sign-offs")
@requires(Role.ACCOUNTANT)
@blp.arguments(SignOffIn)
@blp.response(201, SignOffOut)
def sign_day_off(body: dict[str, Any]) -> dict[str, Any]:
    """Vouch for a provider's day, and freeze it."""
    signed = sign_off.sign_day_off(current_session(), today=today(), **body)
    return _with_undos([signed])[0]


@blp.post("/sign-offs/<uuid:sign_off_id>/undo")
@requires(Role.ACCOUNTANT)
@blp.arguments(SignOffUndoIn)
@blp.response(201, SignOffUndoOut)
def take_sign_off_back(body: dict[str, Any], sign_off_id: UUID) -> SignOffUndo:
    """Let a signed day be worked on again; the sign-off and the reason are kept."""
    return sign_off.take_sign_off_back(current_session(), sign_off_id, undone_on=today(), **body)


def _with_undos(signed: list[DaySignOff]) -> list[dict[str, Any]]:
    undos = sign_off.undos_of(current_session(), [each.id for each in signed])
    return [
        {
            **{column.key: getattr(each, column.key) for column in DaySignOff.__table__.columns},
            "undone_on": undos[each.id].undone_on if each.id in undos else None,
            "undo_reason": undos[each.id].reason if each.id in undos else None,
        }
        for each in signed
    ]

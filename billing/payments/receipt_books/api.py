"""Receipt books on the wire: handed out by accountants, entered and handed back by who holds them."""

from typing import Any
from uuid import UUID

from flask import Response

from billing.access.models import Role
from billing.kernel.clock import now
from billing.kernel.money import Money
from billing.kernel.paging import Page
from billing.payments.api import MomentField
from billing.payments.receipt_books import report, service
from billing.payments.receipt_books.models import ReceiptBook, ReceiptDouble, ReceiptLeaf
from billing.web.access import caller, requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    AmountField,
    BooleanField,
    DateField,
    EnumField,
    IdField,
    InstantField,
    ListField,
    MoneyField,
    NestedField,
    PastDateField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, XLSX
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.reports import ReportOut, report_answer, xlsx_answer
from billing.web.transaction import current_session

TELLERS = (Role.CASHIER, Role.ACCOUNTANT)
READERS = (Role.CASHIER, Role.ACCOUNTANT, Role.AUDITOR)
ONE_TIYN = Money(1)

blp = Blueprint(
    "receipt_books",
    __name__,
    url_prefix="/api/v1/receipt-books",
    description="Numbered receipts of cashiers who take cash where there is no line.",
)


class ReceiptBookIn(Schema):
    """A range of numbers to hand to a cashier."""

    enterprise_id = IdField(required=True)
    series = TextField(10, length_min=0, load_default="")
    first_number = StrictInteger(minimum=1, maximum=service.NUMBER_MAX, required=True)
    last_number = StrictInteger(minimum=1, maximum=service.NUMBER_MAX, required=True)
    cashier_id = IdField(required=True)
    issued_on = PastDateField(required=True)


class ReceiptBookOut(Schema):
    """A receipt book."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    series = TextField(10, required=True, length_min=0)
    first_number = StrictInteger(required=True)
    last_number = StrictInteger(required=True)
    held_by = IdField(required=True, metadata={"description": "the cashier"})
    issued_on = DateField(required=True)
    returned_on = DateField(required=True, allow_none=True)


class BookArgs(ListArgs):
    """Which books."""

    sort = SortField("issued_on", "number")
    enterprise_id = IdField()
    held_by = IdField()
    is_open = BooleanField()


class ReceiptLeafOut(Schema):
    """One number of a book."""

    number = StrictInteger(required=True)
    payment_id = IdField(required=True, allow_none=True)
    spoiled_reason = TextField(300, required=True, allow_none=True)
    settled_at = InstantField(
        required=True, allow_none=True, metadata={"description": "null: nothing is known of it yet"}
    )


class LeavesOut(Schema):
    """Every number of a book: never more than a book has."""

    items = ListField(NestedField(ReceiptLeafOut), dump_only=True, required=True)


class PaperReceiptIn(Schema):
    """What stands on a leaf, and on the cash register's slip that goes with it."""

    number = StrictInteger(minimum=1, maximum=service.NUMBER_MAX, required=True)
    customer_id = IdField(required=True)
    amount = MoneyField(minimum=ONE_TIYN, required=True)
    taken_at = MomentField(required=True)
    fiscal_number = TextField(50, required=True)
    register_number = TextField(50, required=True)
    payer_name = TextField(300, load_default=None, allow_none=True)
    invoice_ids = ListField(IdField(), load_default=())


class ReceiptEntryOut(Schema):
    """What became of a receipt: of a double, the payment is the one that has its number."""

    outcome = EnumField(service.EntryOutcome, required=True)
    number = StrictInteger(required=True)
    payment_id = IdField(required=True, attribute="payment.id")
    amount = AmountField(required=True, attribute="payment.amount")


class SpoiledIn(Schema):
    """A number with which nothing was taken."""

    number = StrictInteger(minimum=1, maximum=service.NUMBER_MAX, required=True)
    reason = TextField(300, required=True)


class BookReturnIn(Schema):
    """When a book was handed back."""

    returned_on = PastDateField(required=True)


class BookReturnedOut(ReceiptBookOut):
    """A book that was handed back, and the numbers that nothing is known of."""

    missing = ListField(StrictInteger(), dump_only=True, required=True)


class DoubleResolutionIn(Schema):
    """What a double was."""

    resolution = TextField(300, required=True)


class ReceiptDoubleOut(Schema):
    """A payment that was told under a number that another one has; it is not booked."""

    id = IdField(required=True)
    leaf_id = IdField(required=True)
    customer_id = IdField(required=True)
    amount = AmountField(required=True)
    taken_at = InstantField(required=True)
    fiscal_number = TextField(50, required=True)
    told_at = InstantField(required=True)
    told_by = IdField(required=True, allow_none=True)
    resolved_at = InstantField(required=True, allow_none=True)
    resolution = TextField(300, required=True, allow_none=True)
    version = StrictInteger(minimum=1, required=True)


class DoubleArgs(ListArgs):
    """Which doubles."""

    sort = SortField("told_at")
    is_resolved = BooleanField()


@blp.get("/")
@requires(*READERS)
@blp.arguments(BookArgs, location="query")
@blp.response(200, page_schema(ReceiptBookOut))
def list_books(args: dict[str, Any]) -> Page[ReceiptBook]:
    """Receipt books, the last handed out first."""
    return service.list_books(current_session(), args.pop("page"), **args)


@blp.post("/")
@requires(Role.ACCOUNTANT)
@blp.arguments(ReceiptBookIn)
@blp.response(201, ReceiptBookOut)
def issue_book(body: dict[str, Any]) -> ReceiptBook:
    """Hand a range of numbers to a cashier."""
    return service.issue_book(current_session(), body.pop("enterprise_id"), **body)


@blp.get("/<uuid:receipt_book_id>")
@requires(*READERS)
@blp.response(200, ReceiptBookOut)
def show_book(receipt_book_id: UUID) -> ReceiptBook:
    """One book."""
    return service.get_book(current_session(), receipt_book_id)


@blp.get("/<uuid:receipt_book_id>/numbers")
@requires(*READERS)
@blp.response(200, LeavesOut)
def list_numbers(receipt_book_id: UUID) -> dict[str, list[ReceiptLeaf]]:
    """Every number of a book, and what became of it."""
    book = service.get_book(current_session(), receipt_book_id)
    return {"items": service.leaves_of(current_session(), book.id)}


@blp.post("/<uuid:receipt_book_id>/receipts")
@requires(*TELLERS)
@blp.arguments(PaperReceiptIn)
@blp.response(200, ReceiptEntryOut)
def enter_receipt(body: dict[str, Any], receipt_book_id: UUID) -> service.Entry:
    """Enter what was taken with a number: once, however often it is sent. A double is kept, not booked."""
    number = body.pop("number")
    receipt = service.PaperReceipt(**body | {"invoice_ids": tuple(body["invoice_ids"])})
    return service.enter_receipt(
        current_session(), receipt_book_id, number, receipt, now=now(), as_accountant=as_accountant()
    )


@blp.post("/<uuid:receipt_book_id>/spoiled")
@requires(*TELLERS)
@blp.arguments(SpoiledIn)
@blp.response(200, ReceiptLeafOut)
def spoil_number(body: dict[str, Any], receipt_book_id: UUID) -> ReceiptLeaf:
    """Say why nothing was taken with a number."""
    return service.spoil_number(
        current_session(), receipt_book_id, **body, now=now(), as_accountant=as_accountant()
    )


@blp.post("/<uuid:receipt_book_id>/return")
@requires(*TELLERS)
@blp.arguments(BookReturnIn)
@blp.response(200, BookReturnedOut)
def return_book(body: dict[str, Any], receipt_book_id: UUID) -> dict[str, Any]:
    """Take a book back; what is missing is named."""
    returned = service.return_book(current_session(), receipt_book_id, **body, as_accountant=as_accountant())
    shown = {name: getattr(returned.book, name) for name in ReceiptBookOut._declared_fields}
    return shown | {"missing": returned.missing}


@blp.get("/troubles")
@requires(*READERS, report=True)
@blp.response(200, ReportOut)
def list_troubles() -> dict[str, Any]:
    """Gaps and doubles of all books."""
    return report_answer(report.troubles_table(current_session()))


@blp.get("/troubles.xlsx")
@requires(*READERS, report=True)
@blp.response(200, BINARY, content_type=XLSX)
def download_troubles() -> Response:
    """Gaps and doubles as a spreadsheet."""
    return xlsx_answer(report.troubles_table(current_session()))


@blp.get("/doubles")
@requires(*READERS)
@blp.arguments(DoubleArgs, location="query")
@blp.response(200, page_schema(ReceiptDoubleOut))
def list_doubles(args: dict[str, Any]) -> Page[ReceiptDouble]:
    """Payments told under numbers that others have, the last told first."""
    return service.list_doubles(current_session(), args.pop("page"), **args)


@blp.get("/doubles/<uuid:receipt_double_id>")
@requires(*READERS)
@blp.response(200, ReceiptDoubleOut)
@versioned
def show_double(receipt_double_id: UUID) -> ReceiptDouble:
    """One double."""
    return service.get_double(current_session(), receipt_double_id)


@blp.post("/doubles/<uuid:receipt_double_id>/resolve")
@requires(Role.ACCOUNTANT)
@blp.arguments(DoubleResolutionIn)
@blp.response(200, ReceiptDoubleOut)
@versioned
def resolve_double(body: dict[str, Any], receipt_double_id: UUID) -> ReceiptDouble:
    """Say what a double was."""
    return service.resolve_double(current_session(), receipt_double_id, **body, at=now())


def as_accountant() -> bool:
    """Whether the caller may account for any book."""
    return Role.ACCOUNTANT in caller().roles

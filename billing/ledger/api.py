"""Books on the wire: accounts, trial balance, cards, closing of months, an accountant's own entries."""

from typing import Any
from uuid import UUID

from flask import Response

from billing.access.models import Role
from billing.kernel.money import Money
from billing.kernel.paging import Page
from billing.ledger import accounts_list, entries, reports, service
from billing.ledger.models import Account, AccountKind, Book, BookKind, SourceKind, Transfer
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import (
    AmountField,
    DateField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, XLSX
from billing.web.imports import ImportArgs, ImportReportOut, ListUpload, import_answer, mode_of
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.reports import PeriodArgs, ReportOut, report_answer, xlsx_answer
from billing.web.transaction import current_session

blp = Blueprint("ledger", __name__, url_prefix="/api/v1", description="Books, reports, closing of months.")
CODE = r"[0-9A-Za-z.]{1,10}"
YEAR = {"description": "of a revenue account in the budget's book; 0 for any other"}


class BookOut(Schema):
    """A book: an enterprise's, or the budget's."""

    id = IdField(required=True)
    kind = EnumField(BookKind, required=True)
    enterprise_id = IdField(required=True, allow_none=True)
    closed_through = DateField(required=True, allow_none=True)


class AccountOut(Schema):
    """An account of a book."""

    id = IdField(required=True)
    book_id = IdField(required=True)
    code = TextField(10, required=True)
    fiscal_year = StrictInteger(required=True, metadata=YEAR)
    kind = EnumField(AccountKind, required=True)
    name_kk = TextField(300, required=True)
    name_ru = TextField(300, required=True)
    name_en = TextField(300, required=True)


class AccountArgs(ListArgs):
    """The order of accounts."""

    sort = SortField("code", "id")


class CardArgs(ListArgs):
    """The period of an account's card, and the page."""

    first_day = DateField(required=True)
    last_day = DateField(required=True)
    fiscal_year = StrictInteger(maximum=9999, load_default=0, metadata=YEAR)


class WholeCardArgs(PeriodArgs):
    """The period of an account's card."""

    fiscal_year = StrictInteger(maximum=9999, load_default=0, metadata=YEAR)


class EntryIn(Schema):
    """An entry that no document posts, by the codes of its accounts."""

    posted_on = DateField(required=True)
    debit = TextField(10, required=True, pattern=CODE)
    credit = TextField(10, required=True, pattern=CODE)
    amount = MoneyField(minimum=Money(1), required=True)


class ReversalIn(Schema):
    """The date of a reversal."""

    reversed_on = DateField(required=True)


class TransferOut(Schema):
    """One transfer («проводка»)."""

    id = IdField(required=True)
    book_id = IdField(required=True)
    debit_account_id = IdField(required=True)
    credit_account_id = IdField(required=True)
    amount = AmountField(required=True)
    posted_on = DateField(required=True)
    source_kind = EnumField(SourceKind, required=True)
    source_id = IdField(required=True)
    position = StrictInteger(minimum=-1000, required=True)
    party_id = IdField(required=True, allow_none=True)
    invoice_id = IdField(required=True, allow_none=True)
    reverses_id = IdField(required=True, allow_none=True)
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)


class TransferArgs(ListArgs):
    """Which transfers of a book."""

    sort = SortField("posted_on", "id")
    posted_from = DateField()
    posted_to = DateField()
    source_kind = EnumField(SourceKind)
    source_id = IdField()
    party_id = IdField()


@blp.get("/books")
@requires()
@blp.response(200, page_schema(BookOut))
def list_books() -> Page[Book]:
    """The district's books, the budget's first, all on one page."""
    return Page(service.list_books(current_session()), None)


@blp.get("/books/<uuid:book_id>")
@requires()
@blp.response(200, BookOut)
def show_book(book_id: UUID) -> Book:
    """A book, and how far it is closed."""
    return service.get_book(current_session(), book_id)


@blp.get("/books/<uuid:book_id>/accounts")
@requires()
@blp.arguments(AccountArgs, location="query")
@blp.response(200, page_schema(AccountOut))
def list_accounts(args: dict[str, Any], book_id: UUID) -> Page[Account]:
    """Accounts of a book by code."""
    return reports.list_accounts(current_session(), book_id, args["page"])


@blp.post("/books/<uuid:book_id>/accounts/import")
@requires(Role.ACCOUNTANT)
@blp.arguments(ImportArgs, location="query")
@blp.arguments(ListUpload, location="files")
@blp.response(200, ImportReportOut)
def import_accounts(args: dict[str, Any], files: dict[str, Any], book_id: UUID) -> dict[str, Any]:
    """Open further accounts of the chart from a list; those that are open stay as they are."""
    content = files["file"].read()
    return import_answer(accounts_list.import_accounts(current_session(), book_id, content, mode_of(args)))


@blp.get("/books/<uuid:book_id>/trial-balance")
@requires(report=True)
@blp.arguments(PeriodArgs, location="query")
@blp.response(200, ReportOut)
def show_trial_balance(args: dict[str, Any], book_id: UUID) -> dict[str, Any]:
    """The trial balance (ОСВ) of a period."""
    trial = reports.trial_balance(current_session(), book_id, **args)
    return report_answer(reports.trial_balance_table(trial))


@blp.get("/books/<uuid:book_id>/trial-balance.xlsx")
@requires(report=True)
@blp.arguments(PeriodArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_trial_balance(args: dict[str, Any], book_id: UUID) -> Response:
    """The trial balance as a spreadsheet."""
    trial = reports.trial_balance(current_session(), book_id, **args)
    return xlsx_answer(reports.trial_balance_table(trial))


@blp.get("/books/<uuid:book_id>/accounts/<code>/card")
@requires(report=True)
@blp.arguments(CardArgs, location="query")
@blp.response(200, ReportOut)
def show_card(args: dict[str, Any], book_id: UUID, code: str) -> dict[str, Any]:
    """An account's transfers in a period with the balance after each, a page at a time."""
    request = args.pop("page")
    card = reports.account_card(current_session(), book_id, code, request=request, **args)
    return report_answer(reports.account_card_table(card))


@blp.get("/books/<uuid:book_id>/accounts/<code>/card.xlsx")
@requires(report=True)
@blp.arguments(WholeCardArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_card(args: dict[str, Any], book_id: UUID, code: str) -> Response:
    """An account's card of the whole period as a spreadsheet."""
    card = reports.account_card(current_session(), book_id, code, **args)
    return xlsx_answer(reports.account_card_table(card))


@blp.get("/books/<uuid:book_id>/transfers")
@requires()
@blp.arguments(TransferArgs, location="query")
@blp.response(200, page_schema(TransferOut))
def list_transfers(args: dict[str, Any], book_id: UUID) -> Page[Transfer]:
    """Transfers of a book, the latest first."""
    return reports.list_transfers(current_session(), book_id, args.pop("page"), **args)


@blp.post("/books/<uuid:book_id>/entries")
@requires(Role.ACCOUNTANT)
@blp.arguments(EntryIn)
@blp.response(201, TransferOut)
def record_entry(body: dict[str, Any], book_id: UUID) -> Transfer:
    """Record an entry by hand; accounts that documents move are refused."""
    return entries.record_entry(current_session(), book_id, **body)


@blp.get("/transfers/<uuid:transfer_id>")
@requires()
@blp.response(200, TransferOut)
def show_transfer(transfer_id: UUID) -> Transfer:
    """A transfer."""
    return entries.get_transfer(current_session(), transfer_id)


@blp.post("/transfers/<uuid:transfer_id>/reversal")
@requires(Role.ACCOUNTANT)
@blp.arguments(ReversalIn)
@blp.response(201, TransferOut)
def reverse_entry(body: dict[str, Any], transfer_id: UUID) -> Transfer:
    """Mirror an entry made by hand, on a date of its own."""
    return entries.reverse_entry(current_session(), transfer_id, **body)

"""Receipt books: handed out by the accountant, entered by the cashier when he is back, and handed back."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.access.models import Membership, Role, User
from billing.customers import service as customers
from billing.kernel.clock import ALMATY, now, today
from billing.kernel.errors import NotFound
from billing.kernel.money import Money
from billing.kernel.paging import PageRequest
from billing.kernel.reporting import to_cells, to_xlsx
from billing.pages import desk
from billing.pages.desk import ACCOUNTANTS, TELLERS, Choice
from billing.pages.fields import AccountNumberField, TypedMoment, TypedMoney, TypedPastDate
from billing.pages.forms import Form, blank, filters, read, submit
from billing.payments.receipt_books import report, service
from billing.payments.receipt_books.api import as_accountant
from billing.payments.receipt_books.models import ReceiptBook
from billing.web.access import requires
from billing.web.fields import IdField, Schema, StrictInteger, TextField
from billing.web.files import XLSX, file_answer
from billing.web.language import reader_language
from billing.web.transaction import current_session

blp = Blueprint("cashier_receipt_books", __name__, url_prefix="/receipt-books")

READERS = (*TELLERS, Role.AUDITOR)


class BooksFilter(Schema):
    """A page of the list."""

    cursor = TextField(500)


class BookForm(Schema):
    """A range of numbers for a cashier."""

    enterprise_id = IdField(required=True)
    series = TextField(10)
    first_number = StrictInteger(minimum=1, maximum=service.NUMBER_MAX, required=True)
    last_number = StrictInteger(minimum=1, maximum=service.NUMBER_MAX, required=True)
    cashier_id = IdField(required=True)
    issued_on = TypedPastDate(required=True)


class ReceiptForm(Schema):
    """What stands on a leaf, and on the slip of the cash register."""

    number = StrictInteger(minimum=1, maximum=service.NUMBER_MAX, required=True)
    account_number = AccountNumberField(50, required=True)
    amount = TypedMoney(required=True, minimum=Money(1))
    taken_at = TypedMoment(required=True)
    fiscal_number = TextField(50, required=True)
    register_number = TextField(50, required=True)
    payer_name = TextField(300)


class SpoiledForm(Schema):
    """A number with which nothing was taken."""

    spoiled_number = StrictInteger(minimum=1, maximum=service.NUMBER_MAX, required=True)
    reason = TextField(300, required=True)


class ReturnForm(Schema):
    """When the book came back."""

    returned_on = TypedPastDate(required=True)


@blp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """Every book, what is wrong with them, and the form to hand another one out."""
    known = desk.enterprises()
    return _index(blank(issued_on=today(), enterprise_id=known[0].id if known else None))


@blp.post("/")
@requires(*ACCOUNTANTS)
def issue() -> ResponseReturnValue:
    """Hand a range of numbers to a cashier."""
    form = read(BookForm)

    def work(session: Session) -> str:
        book = service.issue_book(session, form.values.pop("enterprise_id"), **form.values)
        return url_for("cashier_receipt_books.page", book_id=book.id)

    fields = {"receipt_numbers_taken": "first_number", "not_a_cashier": "cashier_id"}
    return submit(form, work, _index, done="page.receipt_issued", fields=fields)


@blp.get("/troubles.xlsx")
@requires(*READERS, report=True)
def troubles() -> Response:
    """Gaps and doubles as a spreadsheet."""
    table = report.troubles_table(current_session())
    return file_answer(to_xlsx(table, reader_language()), XLSX, "receipt-books.xlsx")


@blp.get("/<uuid:book_id>")
@requires(*READERS)
def page(book_id: UUID) -> ResponseReturnValue:
    """A book with all its numbers, and what can be done with it."""
    book = service.get_book(current_session(), book_id)
    wall = now().astimezone(ALMATY).strftime("%Y-%m-%dT%H:%M")
    return _page(book)(blank(taken_at=wall, returned_on=today()))


@blp.post("/<uuid:book_id>/enter")
@requires(*TELLERS)
def enter(book_id: UUID) -> ResponseReturnValue:
    """Enter what was taken with a number."""
    book = service.get_book(current_session(), book_id)
    form = read(ReceiptForm)

    def work(session: Session) -> str:
        values = dict(form.values)
        account, number = values.pop("account_number"), values.pop("number")
        customer = customers.find_customer(session, account_number=account)
        if customer is None:
            raise NotFound(kind="customer", id=account)
        receipt = service.PaperReceipt(customer.id, **values)
        entry = service.enter_receipt(
            session, book.id, number, receipt, now=now(), as_accountant=as_accountant()
        )
        double = number if entry.outcome is service.EntryOutcome.DOUBLE else None
        return url_for("cashier_receipt_books.page", book_id=book.id, double=double)

    fields = {"month_closed": "taken_at"}
    return submit(form, work, _page(book), done="page.receipt_written", fields=fields)


@blp.post("/<uuid:book_id>/spoil")
@requires(*TELLERS)
def spoil(book_id: UUID) -> ResponseReturnValue:
    """Say why nothing was taken with a number."""
    book = service.get_book(current_session(), book_id)
    form = read(SpoiledForm)

    def work(session: Session) -> str:
        service.spoil_number(
            session,
            book.id,
            form.values["spoiled_number"],
            reason=form.values["reason"],
            now=now(),
            as_accountant=as_accountant(),
        )
        return url_for("cashier_receipt_books.page", book_id=book.id)

    fields = {"number": "spoiled_number"}
    return submit(form, work, _page(book), done="page.receipt_written", fields=fields)


@blp.post("/<uuid:book_id>/return")
@requires(*TELLERS)
def return_(book_id: UUID) -> ResponseReturnValue:
    """Take a book back."""
    book = service.get_book(current_session(), book_id)
    form = read(ReturnForm)

    def work(session: Session) -> str:
        service.return_book(session, book.id, **form.values, as_accountant=as_accountant())
        return url_for("cashier_receipt_books.page", book_id=book.id)

    return submit(form, work, _page(book), done="page.receipt_returned")


def _index(form: Form) -> str:
    session = current_session()
    listed = service.list_books(session, PageRequest(filters(BooksFilter).values.get("cursor")))
    return render_template(
        "cashier/receipt_books.html",
        form=form,
        listed=listed,
        left=service.missing_of(session, [book.id for book in listed.items]),
        people=desk.users_of(book.held_by for book in listed.items),
        numbers=_numbers,
        troubles=to_cells(report.troubles_table(session), reader_language()),
        enterprises=desk.enterprise_choices(),
        cashiers=_cashiers(session),
    )


def _page(book: ReceiptBook) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        session = current_session()
        leaves = service.leaves_of(session, book.id)
        double = request.args.get("double", "")
        return render_template(
            "cashier/receipt_book.html",
            form=form,
            book=book,
            numbers=_numbers(book),
            leaves=leaves,
            missing=[leaf.number for leaf in leaves if leaf.settled_at is None],
            cashier=desk.users_of([book.held_by])[book.held_by],
            double=double if double.isdigit() else None,
        )

    return again


def _numbers(book: ReceiptBook) -> str:
    return report.numbers_text(book.first_number, book.last_number)


def _cashiers(session: Session) -> list[Choice]:
    """Who may hold a book."""
    holders = select(Membership.user_id).where(Membership.role.in_(TELLERS))
    known = select(User).where(User.id.in_(holders), User.is_active).order_by(User.name, User.id)
    return [Choice(str(user.id), user.name) for user in session.scalars(known)]

"""Receipt books: handed out, entered, and taken back with what is missing, under one name."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.access.models import Role
from billing.access.service import get_user, roles_of
from billing.districts import service as districts
from billing.kernel.bulk import insert_rows
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import InvalidInput
from billing.kernel.ids import new_id
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import get_row
from billing.payments.receipt_books.entering import (
    Entry,
    EntryOutcome,
    PaperReceipt,
    check_holder,
    enter_receipt,
    resolve_double,
    spoil_number,
)
from billing.payments.receipt_books.models import ReceiptBook, ReceiptDouble, ReceiptLeaf
from billing.payments.receipt_books.refusals import (
    BookReturned,
    InvalidNumbers,
    NotACashier,
    ReceiptNumbersTaken,
)

__all__ = [
    "Entry",
    "EntryOutcome",
    "PaperReceipt",
    "Returned",
    "enter_receipt",
    "get_book",
    "get_double",
    "issue_book",
    "leaves_of",
    "list_books",
    "list_doubles",
    "missing_of",
    "resolve_double",
    "return_book",
    "spoil_number",
]

SORTS: Sorts = {
    "-issued_on": [ReceiptBook.issued_on, ReceiptBook.id],
    "number": [ReceiptBook.series, ReceiptBook.first_number, ReceiptBook.id],
}
DOUBLE_SORTS: Sorts = {"-told_at": [ReceiptDouble.told_at, ReceiptDouble.id]}
LEAVES_MAX = 500
NUMBER_MAX = 9_999_999
_SERIES = re.compile(r"\w{0,10}")
_HOLDERS = {Role.CASHIER, Role.ACCOUNTANT}
_COLUMNS = ("district_id", "id", "book_id", "enterprise_id", "series", "number")


@dataclass(frozen=True, slots=True)
class Returned:
    """A book that was handed back, and the numbers that nothing is known of."""

    book: ReceiptBook
    missing: list[int]


def issue_book(
    session: Session,
    enterprise_id: UUID,
    *,
    series: str = "",
    first_number: int,
    last_number: int,
    cashier_id: UUID,
    issued_on: date,
) -> ReceiptBook:
    """Hand a range of numbers to a cashier.

    Raises:
        NotFound: no such enterprise or user.
        InvalidNumbers: a range or series that cannot be.
        NotACashier: who is to hold it takes no cash in this district.
        ReceiptNumbersTaken: another book has some of the numbers. No book is made.
    """
    districts.get_enterprise(session, enterprise_id)
    series = series.strip().upper()
    if _SERIES.fullmatch(series) is None:
        raise InvalidNumbers(field="series")
    if not 0 < first_number <= NUMBER_MAX:
        raise InvalidNumbers(field="first_number")
    if not first_number <= last_number <= min(NUMBER_MAX, first_number + LEAVES_MAX - 1):
        raise InvalidNumbers(field="last_number")
    cashier = get_user(session, cashier_id)
    if not cashier.is_active or not roles_of(session, cashier_id) & _HOLDERS:
        raise NotACashier(name=cashier.name)
    book = ReceiptBook(
        district_id=district_of(session),
        id=new_id(),
        enterprise_id=enterprise_id,
        series=series,
        first_number=first_number,
        last_number=last_number,
        held_by=cashier_id,
        issued_on=issued_on,
        issued_by=actor_of(session),
    )
    numbers = range(first_number, last_number + 1)
    rows = [(book.district_id, new_id(), book.id, enterprise_id, series, number) for number in numbers]
    try:
        with session.begin_nested():
            session.add(book)
            session.flush()
            insert_rows(session, ReceiptLeaf, _COLUMNS, rows)
    except IntegrityError as error:
        raise ReceiptNumbersTaken(series=series, first=first_number, last=last_number) from error
    return book


def return_book(
    session: Session, book_id: UUID, *, returned_on: date, as_accountant: bool = True
) -> Returned:
    """Take a book back: nothing more is entered by its cashier, and what is missing is named.

    Raises:
        NotFound: no such book.
        BookOfAnother: neither its holder nor an accountant.
        BookReturned: it was handed back before.
        InvalidInput: before it was handed out.
    """
    book = get_row(session, ReceiptBook, book_id, kind="receipt_book", lock=True)
    check_holder(session, book, as_accountant=as_accountant)
    if book.returned_on is not None:
        raise BookReturned(returned_on=book.returned_on)
    if returned_on < book.issued_on:
        raise InvalidInput(field="returned_on")
    book.returned_on, book.returned_by = returned_on, actor_of(session)
    session.flush()
    return Returned(book, missing_of(session, [book.id]).get(book.id, []))


def get_book(session: Session, book_id: UUID) -> ReceiptBook:
    """A receipt book of the district.

    Raises:
        NotFound: no such book.
    """
    return get_row(session, ReceiptBook, book_id, kind="receipt_book")


def list_books(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    enterprise_id: UUID | None = None,
    held_by: UUID | None = None,
    is_open: bool | None = None,
) -> Page[ReceiptBook]:
    """Receipt books, the last handed out first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(ReceiptBook)
    if enterprise_id is not None:
        statement = statement.where(ReceiptBook.enterprise_id == enterprise_id)
    if held_by is not None:
        statement = statement.where(ReceiptBook.held_by == held_by)
    if is_open is not None:
        statement = statement.where(ReceiptBook.returned_on.is_(None) == is_open)
    return page_of(session, statement, SORTS, page)


def get_double(session: Session, double_id: UUID) -> ReceiptDouble:
    """A double of the district.

    Raises:
        NotFound: no such double.
    """
    return get_row(session, ReceiptDouble, double_id, kind="receipt_double")


def list_doubles(
    session: Session, page: PageRequest = FIRST_PAGE, *, is_resolved: bool | None = None
) -> Page[ReceiptDouble]:
    """Doubles, the last told first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(ReceiptDouble)
    if is_resolved is not None:
        statement = statement.where(ReceiptDouble.resolved_at.is_not(None) == is_resolved)
    return page_of(session, statement, DOUBLE_SORTS, page)


def leaves_of(session: Session, book_id: UUID) -> list[ReceiptLeaf]:
    """Every number of a book, in order."""
    leaves = select(ReceiptLeaf).where(ReceiptLeaf.book_id == book_id).order_by(ReceiptLeaf.number)
    return list(session.scalars(leaves))


def missing_of(session: Session, book_ids: Collection[UUID]) -> dict[UUID, list[int]]:
    """The numbers of books that nothing is known of, by book; books with none are left out."""
    missing: dict[UUID, list[int]] = {}
    for book_id, number in session.execute(
        select(ReceiptLeaf.book_id, ReceiptLeaf.number)
        .where(ReceiptLeaf.book_id.in_(book_ids), ReceiptLeaf.settled_at.is_(None))
        .order_by(ReceiptLeaf.number)
    ):
        missing.setdefault(book_id, []).append(number)
    return missing

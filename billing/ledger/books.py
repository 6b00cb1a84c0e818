"""The books of a district and of its enterprises, by whose they are."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.db import district_of
from billing.kernel.errors import NotFound
from billing.ledger.models import Book, BookKind


def get_book(session: Session, book_id: UUID) -> Book:
    """A book of the district.

    Raises:
        NotFound: no such book.
    """
    book = session.get(Book, (district_of(session), book_id))
    if book is None:
        raise NotFound(kind="book", id=book_id)
    return book


def list_books(session: Session) -> list[Book]:
    """The district's books, the budget's first."""
    return list(session.scalars(select(Book).order_by(Book.kind, Book.id)))


def enterprise_book_id(session: Session, enterprise_id: UUID) -> UUID:
    """The id of an enterprise's book.

    Raises:
        NotFound: the enterprise has no book.
    """
    book_id = session.scalar(select(Book.id).where(Book.enterprise_id == enterprise_id))
    if book_id is None:
        raise NotFound(kind="book", id=enterprise_id)
    return book_id


def budget_book_id(session: Session) -> UUID:
    """The id of the district's budget book.

    Raises:
        NotFound: it has not been opened.
    """
    book_id = session.scalar(select(Book.id).where(Book.kind == BookKind.BUDGET))
    if book_id is None:
        raise NotFound(kind="book", id="budget")
    return book_id

"""Closes a month of a book, once everything agrees: what is frozen must be right."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from billing.kernel.dates import Month
from billing.kernel.errors import RuleViolation
from billing.ledger import service as ledger
from billing.verification.service import differences_of_books


class BooksDisagree(RuleViolation):
    """A month is not closed over differences. Facts: ``count`` of them, and the ``first``'s code."""

    code = "books_disagree"


def close_month(session: Session, book_id: UUID, month: Month, *, today: date) -> None:
    """Freeze a month of a book after a look at all sums, postings and numbers of the district.

    Archived papers are not read again here: that is ``verify``, and takes as long as there are papers.

    Args:
        today: the district's date; a month is closed only after its last day.

    Raises:
        NotFound: no such book.
        MonthNotOver, MonthNotNext: see ``ledger.close_month``.
        BooksDisagree: something does not agree; ``verify`` names it. Nothing is closed.
    """
    # Closed first, and undone by the refusal: the book stays locked while everything is compared.
    ledger.close_month(session, book_id, month, today=today)
    differences = list(differences_of_books(session))
    if differences:
        raise BooksDisagree(count=len(differences), first=differences[0].code)

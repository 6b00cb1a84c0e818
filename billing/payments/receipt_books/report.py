"""What is wrong with receipt books: numbers that are missing, and numbers that were told twice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from billing.access.models import User
from billing.customers.models import Customer
from billing.kernel.money import Money
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.kernel.shown import Shown
from billing.payments.models import Payment
from billing.payments.providers.paying import day_of
from billing.payments.receipt_books.models import ReceiptBook, ReceiptDouble, ReceiptLeaf

COLUMNS = (
    Column("receipt_trouble", width=28),
    Column("receipt_series", width=10),
    Column("receipt_numbers", width=20),
    Column("numbers_count", Kind.NUMBER),
    Column("cashier", width=30),
    Column("happened_on", Kind.DATE),
    Column("account_number"),
    Column("amount", Kind.MONEY),
    Column("receipt_booked", Kind.MONEY),
)


class ReceiptTrouble(Shown):
    """What is wrong with a number."""

    GAP = "gap"  # skipped: later numbers of the book were entered
    MISSING = "missing"  # the book was handed back without a word about it
    DOUBLE = "double"  # another payment was told under it


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers in a row of which nothing is known.

    Attributes:
        since: when the book was handed back, or out where it was not.
    """

    trouble: ReceiptTrouble
    book_id: UUID
    series: str
    first: int
    last: int
    cashier: str
    since: date


@dataclass(frozen=True, slots=True)
class Double:
    """A payment that was told under a number that another one has.

    Attributes:
        booked: the sum of the payment that has the number.
    """

    double: ReceiptDouble
    book_id: UUID
    series: str
    number: int
    cashier: str
    account_number: str
    booked: Money


def gaps(session: Session) -> list[Gap]:
    """Numbers that were skipped in books at hand, and those missing from books that came back."""
    later = aliased(ReceiptLeaf)
    last_known = (
        select(func.max(later.number))
        .where(
            later.district_id == ReceiptLeaf.district_id,
            later.book_id == ReceiptLeaf.book_id,
            later.settled_at.is_not(None),
        )
        .correlate(ReceiptLeaf)
        .scalar_subquery()
    )
    rows = session.execute(
        select(ReceiptBook, ReceiptLeaf.number, User.name)
        .join(
            ReceiptLeaf,
            and_(ReceiptLeaf.district_id == ReceiptBook.district_id, ReceiptLeaf.book_id == ReceiptBook.id),
        )
        .join(User, User.id == ReceiptBook.held_by)
        .where(
            ReceiptLeaf.settled_at.is_(None),
            or_(ReceiptBook.returned_on.is_not(None), ReceiptLeaf.number < last_known),
        )
        .order_by(ReceiptBook.series, ReceiptLeaf.number, ReceiptBook.id)
    )
    return list(_in_rows((book, number, name) for book, number, name in rows))


def doubles(session: Session) -> list[Double]:
    """Doubles that nobody has looked into yet, the oldest first."""
    rows = session.execute(
        select(ReceiptDouble, ReceiptLeaf, User.name, Customer.account_number, Payment.amount)
        .join(
            ReceiptLeaf,
            and_(
                ReceiptLeaf.district_id == ReceiptDouble.district_id, ReceiptLeaf.id == ReceiptDouble.leaf_id
            ),
        )
        .join(
            ReceiptBook,
            and_(ReceiptBook.district_id == ReceiptLeaf.district_id, ReceiptBook.id == ReceiptLeaf.book_id),
        )
        .join(User, User.id == ReceiptBook.held_by)
        .join(
            Customer,
            and_(Customer.district_id == ReceiptDouble.district_id, Customer.id == ReceiptDouble.customer_id),
        )
        .join(
            Payment,
            and_(Payment.district_id == ReceiptLeaf.district_id, Payment.id == ReceiptLeaf.payment_id),
        )
        .where(ReceiptDouble.resolved_at.is_(None))
        .order_by(ReceiptDouble.told_at, ReceiptDouble.id)
    )
    return [
        Double(double, leaf.book_id, leaf.series, leaf.number, name, account, booked)
        for double, leaf, name, account, booked in rows
    ]


def troubles_table(session: Session) -> ReportTable:
    """Both as one report."""
    rows = [
        Row(
            {
                "receipt_trouble": gap.trouble,
                "receipt_series": gap.series,
                "receipt_numbers": numbers_text(gap.first, gap.last),
                "numbers_count": gap.last - gap.first + 1,
                "cashier": gap.cashier,
                "happened_on": gap.since,
            }
        )
        for gap in gaps(session)
    ]
    rows += [
        Row(
            {
                "receipt_trouble": ReceiptTrouble.DOUBLE,
                "receipt_series": each.series,
                "receipt_numbers": numbers_text(each.number, each.number),
                "numbers_count": 1,
                "cashier": each.cashier,
                "happened_on": day_of(each.double.taken_at),
                "account_number": each.account_number,
                "amount": each.double.amount,
                "receipt_booked": each.booked,
            }
        )
        for each in doubles(session)
    ]
    return ReportTable("receipt_troubles", {}, COLUMNS, rows)


def numbers_text(first: int, last: int) -> str:
    """Numbers as they are printed: ``000012`` or ``000012–000015``."""
    return f"{first:06d}" if first == last else f"{first:06d}–{last:06d}"


def _in_rows(missing: Iterable[tuple[ReceiptBook, int, str]]) -> Iterator[Gap]:
    """Numbers that follow each other within a book as one gap."""
    run: list[int] = []
    of: ReceiptBook | None = None
    cashier = ""
    for book, number, name in missing:
        if of is not None and (book.id != of.id or number != run[-1] + 1):
            yield _gap(of, run, cashier)
            run = []
        run.append(number)
        of, cashier = book, name
    if of is not None:
        yield _gap(of, run, cashier)


def _gap(book: ReceiptBook, run: list[int], cashier: str) -> Gap:
    trouble = ReceiptTrouble.GAP if book.returned_on is None else ReceiptTrouble.MISSING
    since = book.returned_on or book.issued_on
    return Gap(trouble, book.id, book.series, run[0], run[-1], cashier, since)

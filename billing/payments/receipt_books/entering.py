"""Enters what was taken with receipt books: each number once, with the time and the numbers of the paper.

Whoever enters or spoils a number holds its book against being taken back, then the leaf, then the customer:
in this order always.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers import service as customers
from billing.districts import service as districts
from billing.kernel.checks import line
from billing.kernel.db import actor_of, insert_into
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.rows import check_version, get_row
from billing.kernel.shown import Shown
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod
from billing.payments.providers.paying import day_of
from billing.payments.receipt_books.models import ReceiptBook, ReceiptDouble, ReceiptLeaf
from billing.payments.receipt_books.refusals import (
    BookOfAnother,
    BookReturned,
    DoubleResolved,
    NumberNotInBook,
    NumberSpoiled,
    NumberUsed,
    TakenOutsideOfBook,
)


class EntryOutcome(Shown):
    """What became of a receipt that was entered."""

    ENTERED = "entered"
    AGAIN = "again"  # the same receipt was entered before
    DOUBLE = "double"  # its number belongs to another payment: kept for the accountant, not booked


@dataclass(frozen=True, slots=True)
class PaperReceipt:
    """What stands on a leaf of a book, and on the slip of the cash register that goes with it.

    Attributes:
        taken_at: when the cash was taken, by the paper.
        invoice_ids: the invoices the payer named.
    """

    customer_id: UUID
    amount: Money
    taken_at: datetime
    fiscal_number: str
    register_number: str
    payer_name: str | None = None
    invoice_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A receipt that was entered; of a double, ``payment`` is the one that has the number."""

    outcome: EntryOutcome
    number: int
    payment: Payment


def enter_receipt(
    session: Session, book_id: UUID, number: int, receipt: PaperReceipt, *, now: datetime, as_accountant: bool
) -> Entry:
    """Enter what stands on a leaf: a cash payment on the day it was taken, once for each number.

    The same receipt again is the same payment. Another one under the same number is not booked: it is kept as
    a double, which an accountant looks into.

    Args:
        as_accountant: for another's book, or one that was handed back.

    Raises:
        NotFound: no such book or customer.
        BookOfAnother, BookReturned: not who may enter it now.
        NumberNotInBook, NumberSpoiled: nothing can have been taken with this number.
        InvalidInput: taken in the future, or a sum of zero.
        TakenOutsideOfBook: before the book was handed out, or after it was handed back.
        NotOpenForCustomer, MonthClosed, NoPostingPolicy, UnknownBudgetCode: see ``record_payment``.
    """
    book, leaf = _leaf(session, book_id, number, as_accountant=as_accountant)
    if leaf.spoiled_reason is not None:
        raise NumberSpoiled(field="number", number=number, reason=leaf.spoiled_reason)
    if receipt.amount <= ZERO:
        raise InvalidInput(field="amount")
    if receipt.taken_at > now:
        raise InvalidInput(field="taken_at")
    customers.get_customer(session, receipt.customer_id)
    day = day_of(receipt.taken_at)
    if day < book.issued_on or (book.returned_on is not None and day > book.returned_on):
        raise TakenOutsideOfBook(field="taken_at", day=day, issued_on=book.issued_on)
    if leaf.payment_id is not None:
        known = payments.get_payment(session, leaf.payment_id)
        if _same(known, receipt):
            return Entry(EntryOutcome.AGAIN, number, known)
        _keep_double(session, leaf, receipt, now)
        return Entry(EntryOutcome.DOUBLE, number, known)
    leaf.payment_id = payments.record_payment(
        session,
        book.enterprise_id,
        receipt.customer_id,
        amount=receipt.amount,
        method=PaymentMethod.CASH,
        received_on=day,
        channel=payments.RECEIPT_BOOK,
        outside_id=_name_of(session, leaf),
        receipt=payments.CashReceipt(receipt.fiscal_number, receipt.register_number, receipt.taken_at),
        payer_name=receipt.payer_name,
        invoice_ids=receipt.invoice_ids,
    )
    _settle(session, leaf, now)
    return Entry(EntryOutcome.ENTERED, number, payments.get_payment(session, leaf.payment_id))


def spoil_number(
    session: Session, book_id: UUID, number: int, *, reason: str, now: datetime, as_accountant: bool
) -> ReceiptLeaf:
    """Say why nothing was taken with a number: torn, misprinted, lost. Said again, the first reason stays.

    Raises:
        NotFound: no such book.
        BookOfAnother, BookReturned: not who may say so now.
        NumberNotInBook: the book has no such number.
        NumberUsed: a payment was entered under it.
        InvalidText: no reason, or one that is too long.
    """
    reason = line(reason, field="reason", length_max=300)
    _, leaf = _leaf(session, book_id, number, as_accountant=as_accountant)
    if leaf.payment_id is not None:
        raise NumberUsed(field="number", number=number, payment_id=leaf.payment_id)
    if leaf.spoiled_reason is None:
        leaf.spoiled_reason = reason
        _settle(session, leaf, now)
    return leaf


def resolve_double(
    session: Session, double_id: UUID, *, resolution: str, at: datetime, version: int | None = None
) -> ReceiptDouble:
    """Say what a double was: a slip of the pen, a second receipt with the same number.

    Raises:
        NotFound, StaleVersion: no such double, or somebody resolved it meanwhile.
        DoubleResolved: it was resolved before.
        InvalidText: no words, or too many.
    """
    double = get_row(session, ReceiptDouble, double_id, kind="receipt_double", lock=True)
    check_version(double, version, kind="receipt_double")
    if double.resolved_at is not None:
        raise DoubleResolved(double_id=double_id)
    double.resolution = line(resolution, field="resolution", length_max=300)
    double.resolved_at, double.resolved_by = at, actor_of(session)
    session.flush()
    return double


def _leaf(
    session: Session, book_id: UUID, number: int, *, as_accountant: bool
) -> tuple[ReceiptBook, ReceiptLeaf]:
    """A number that somebody is about to account for: its book held, and itself."""
    held = select(ReceiptBook).where(ReceiptBook.id == book_id).with_for_update(read=True)
    book = session.scalars(held.execution_options(populate_existing=True)).one_or_none()
    if book is None:
        raise NotFound(kind="receipt_book", id=book_id)
    check_holder(session, book, as_accountant=as_accountant)
    if book.returned_on is not None and not as_accountant:
        raise BookReturned(returned_on=book.returned_on)
    leaf = session.scalars(
        select(ReceiptLeaf)
        .where(ReceiptLeaf.book_id == book_id, ReceiptLeaf.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if leaf is None:
        raise NumberNotInBook(field="number", number=number, first=book.first_number, last=book.last_number)
    return book, leaf


def check_holder(session: Session, book: ReceiptBook, *, as_accountant: bool) -> None:
    """Let nobody but the holder of a book, or an accountant, do something with it.

    Raises:
        BookOfAnother: somebody else would.
    """
    if not as_accountant and book.held_by != actor_of(session):
        raise BookOfAnother(book_id=book.id)


def _name_of(session: Session, leaf: ReceiptLeaf) -> str:
    """What people call a leaf; with the BIN, because two enterprises of a district may print the same."""
    bin_ = districts.get_enterprise(session, leaf.enterprise_id).bin
    return " ".join(filter(None, (bin_, leaf.series, f"{leaf.number:06d}")))


def _settle(session: Session, leaf: ReceiptLeaf, now: datetime) -> None:
    leaf.settled_at, leaf.settled_by = now, actor_of(session)
    session.flush()


def _same(payment: Payment, receipt: PaperReceipt) -> bool:
    told = (receipt.customer_id, receipt.amount, receipt.fiscal_number, day_of(receipt.taken_at))
    return told == (payment.customer_id, payment.amount, payment.fiscal_number, payment.received_on)


def _keep_double(session: Session, leaf: ReceiptLeaf, receipt: PaperReceipt, now: datetime) -> None:
    row = {
        "district_id": leaf.district_id,
        "id": new_id(),
        "leaf_id": leaf.id,
        "customer_id": receipt.customer_id,
        "amount": receipt.amount,
        "taken_at": receipt.taken_at,
        "fiscal_number": receipt.fiscal_number,
        "told_at": now,
        "told_by": actor_of(session),
        "version": 1,
    }
    session.execute(insert_into(session, ReceiptDouble.__table__).values(row).on_conflict_do_nothing())

"""Books are opened and corrections mirrored; posting and the closing of months stand in files beside."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billing.kernel.db import actor_of, district_of, insert_into
from billing.kernel.errors import NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.ledger.books import budget_book_id, enterprise_book_id, get_book, list_books
from billing.ledger.chart import BUDGET_CHART, ENTERPRISE_CHART, AccountRow
from billing.ledger.closing import MonthNotNext, MonthNotOver, close_month
from billing.ledger.models import Account, Book, BookKind, Transfer
from billing.ledger.posting import (
    BOTH_BOOKS,
    Entry,
    HeldBook,
    MonthClosed,
    Postings,
    both_books,
    check_month_open,
    hold_book,
    hold_budget_book,
    hold_enterprise_book,
    post,
    post_dated,
    refuse_closed,
)

__all__ = [
    "BOTH_BOOKS",
    "AlreadyReversed",
    "Entry",
    "HeldBook",
    "MonthClosed",
    "MonthNotNext",
    "MonthNotOver",
    "Postings",
    "both_books",
    "budget_book_id",
    "check_month_open",
    "close_month",
    "enterprise_book_id",
    "get_book",
    "hold_book",
    "hold_budget_book",
    "hold_enterprise_book",
    "list_books",
    "open_accounts",
    "open_budget_book",
    "open_enterprise_book",
    "post",
    "post_dated",
    "reverse",
]


class AlreadyReversed(RuleViolation):
    """What was posted is mirrored already. Facts: ``source_id``."""

    code = "already_reversed"


def open_enterprise_book(session: Session, enterprise_id: UUID) -> Book:
    """Open an enterprise's book with the standard chart; the same book again if it is open."""
    book = session.scalar(select(Book).where(Book.enterprise_id == enterprise_id))
    return book or _open(session, BookKind.ENTERPRISE, enterprise_id, ENTERPRISE_CHART)


def open_budget_book(session: Session) -> Book:
    """Open the district's budget book; the same book again if it is open."""
    book = session.scalar(select(Book).where(Book.kind == BookKind.BUDGET))
    return book or _open(session, BookKind.BUDGET, None, BUDGET_CHART)


def _open(session: Session, kind: BookKind, enterprise_id: UUID | None, chart: Sequence[AccountRow]) -> Book:
    book = Book(district_id=district_of(session), id=new_id(), kind=kind, enterprise_id=enterprise_id)
    session.add(book)
    session.flush()
    open_accounts(session, book.id, chart)
    return book


def open_accounts(session: Session, book_id: UUID, rows: Iterable[AccountRow]) -> int:
    """Open the accounts that the book does not have yet; the others stay as they are. Returns how many."""
    values = [
        {
            "district_id": district_of(session),
            "id": new_id(),
            "book_id": book_id,
            "code": row.code,
            "fiscal_year": row.fiscal_year,
            "kind": row.kind,
            "name_kk": row.name_kk,
            "name_ru": row.name_ru,
            "name_en": row.name_en,
        }
        for row in rows
    ]
    if not values:
        return 0
    statement = insert_into(session, Account).on_conflict_do_nothing().returning(Account.id)
    return len(session.execute(statement, values).all())


def reverse(
    session: Session, book_id: UUID, source_ids: Sequence[UUID], reversed_on: date
) -> dict[UUID, UUID]:
    """Mirror every transfer of the given sources in a book: debit and credit exchanged, nothing removed.

    Returns:
        The mirrored transfers' ids to their mirrors' ids.

    Raises:
        NotFound: no such book.
        MonthClosed: the date lies in a closed month.
        AlreadyReversed: one of them is mirrored already. Nothing is posted.
    """
    book = session.execute(
        select(Book.closed_through).where(Book.id == book_id).with_for_update(read=True, key_share=True)
    ).one_or_none()
    if book is None:
        raise NotFound(kind="book", id=book_id)
    refuse_closed(book.closed_through, reversed_on)
    originals = list(
        session.scalars(
            select(Transfer).where(
                Transfer.book_id == book_id,
                Transfer.source_id.in_(source_ids),
                Transfer.reverses_id.is_(None),
            )
        )
    )
    ids = [transfer.id for transfer in originals]
    done = session.scalar(select(Transfer.source_id).where(Transfer.reverses_id.in_(ids)).limit(1))
    if done is not None:
        raise AlreadyReversed(source_id=done)
    mirrors = {transfer.id: new_id() for transfer in originals}
    if originals:
        session.execute(
            insert(Transfer), [_mirror(session, t, mirrors[t.id], reversed_on) for t in originals]
        )
    return mirrors


def _mirror(session: Session, original: Transfer, mirror_id: UUID, reversed_on: date) -> dict[str, Any]:
    return {
        "district_id": original.district_id,
        "id": mirror_id,
        "book_id": original.book_id,
        "debit_account_id": original.credit_account_id,
        "credit_account_id": original.debit_account_id,
        "amount": original.amount,
        "posted_on": reversed_on,
        "source_kind": original.source_kind,
        "source_id": original.source_id,
        "position": -1 - original.position,  # beside its original, told apart by the sign
        "party_id": original.party_id,
        "invoice_id": original.invoice_id,
        "reverses_id": original.id,
        "recorded_by": actor_of(session),
    }

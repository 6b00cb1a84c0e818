"""Books, postings and mirrored corrections; the closing of months stands in a file beside."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.orm import Session

from billing.kernel.bulk import insert_rows
from billing.kernel.db import actor_of, district_of, insert_into
from billing.kernel.errors import NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.ledger.chart import BUDGET_CHART, ENTERPRISE_CHART, AccountRow
from billing.ledger.closing import MonthNotNext, MonthNotOver, close_month
from billing.ledger.models import Account, Book, BookKind, SourceKind, Transfer

__all__ = [
    "AlreadyReversed",
    "Entry",
    "HeldBook",
    "MonthClosed",
    "MonthNotNext",
    "MonthNotOver",
    "budget_book_id",
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


class MonthClosed(RuleViolation):
    """The date lies in a closed month. Facts: ``posted_on``, ``closed_through``."""

    code = "month_closed"


class AlreadyReversed(RuleViolation):
    """What was posted is mirrored already. Facts: ``source_id``."""

    code = "already_reversed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One transfer to post: from the credited to the debited account, by their codes in the book.

    Attributes:
        debit: code of the account debited; a revenue account of the budget is given by ``fiscal_year`` too.
        amount: strictly positive.
        position: tells entries of one source apart.
        party_id: the customer, worker or contractor whose debt or advance moves.
    """

    debit: str
    credit: str
    amount: Money
    source_kind: SourceKind
    source_id: UUID
    position: int = 0
    party_id: UUID | None = None
    invoice_id: UUID | None = None
    reverses_id: UUID | None = None  # the transfer that this one corrects
    fiscal_year: int = 0  # of a revenue account, when one of the two is


@dataclass(frozen=True, slots=True)
class HeldBook:
    """A book no month of which is closed before the transaction, or the savepoint it was held in, is over.

    Attributes:
        accounts: ids by code and fiscal year; year 0 where an account serves the entries of every year.
    """

    id: UUID
    closed_through: date | None
    accounts: Mapping[tuple[str, int], UUID]

    def has(self, wanted: Iterable[tuple[str, int]]) -> bool:
        """Whether all accounts are known that entries of these codes and years post to."""
        return all((code, 0) in self.accounts or (code, year) in self.accounts for code, year in wanted)

    def accounts_of(self, entries: Iterable[Entry]) -> dict[tuple[str, int], UUID]:
        """Ids of the entries' accounts, by code and the entry's year.

        Raises:
            NotFound: an account is not among those that were read.
        """
        wanted = {(code, each.fiscal_year) for each in entries for code in (each.debit, each.credit)}
        found = {
            (code, year): self.accounts.get((code, 0)) or self.accounts.get((code, year))
            for code, year in wanted
        }
        if missing := {code for (code, _), account_id in found.items() if account_id is None}:
            raise NotFound(kind="account", id=", ".join(sorted(missing)))
        return {key: account_id for key, account_id in found.items() if account_id is not None}


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


def post(session: Session, book_id: UUID, posted_on: date, entries: Sequence[Entry]) -> list[UUID]:
    """Post entries to a book, all on one date. Returns the transfers' ids, in the entries' order.

    Raises:
        NotFound: no such book, or an account it does not have.
        MonthClosed: the date lies in a closed month. Nothing is posted.
    """
    return post_dated(session, book_id, [(posted_on, entry) for entry in entries])


def post_dated(session: Session, book: UUID | HeldBook, entries: Sequence[tuple[date, Entry]]) -> list[UUID]:
    """Post entries to a book, each on a date of its own. Returns the transfers' ids, in the entries' order.

    Raises:
        NotFound: no such book, or an account it does not have.
        MonthClosed: one of the dates lies in a closed month. Nothing is posted.
    """
    assert all(entry.amount > ZERO for _, entry in entries), entries
    if not entries:
        return []
    if isinstance(book, UUID):
        codes = {code for _, entry in entries for code in (entry.debit, entry.credit)}
        book = hold_book(session, book, codes)
    _refuse_closed(book.closed_through, min(posted_on for posted_on, _ in entries))
    accounts = book.accounts_of(entry for _, entry in entries)
    ids = [new_id() for _ in entries]
    district_id, actor_id = district_of(session), actor_of(session)
    rows = [
        (
            district_id,
            transfer_id,
            book.id,
            accounts[entry.debit, entry.fiscal_year],
            accounts[entry.credit, entry.fiscal_year],
            entry.amount,
            posted_on,
            entry.source_kind,
            entry.source_id,
            entry.position,
            entry.party_id,
            entry.invoice_id,
            entry.reverses_id,
            actor_id,
        )
        for transfer_id, (posted_on, entry) in zip(ids, entries, strict=True)
    ]
    insert_rows(session, Transfer, _TRANSFER_COLUMNS, rows)
    return ids


_TRANSFER_COLUMNS = (
    "district_id",
    "id",
    "book_id",
    "debit_account_id",
    "credit_account_id",
    "amount",
    "posted_on",
    "source_kind",
    "source_id",
    "position",
    "party_id",
    "invoice_id",
    "reverses_id",
    "recorded_by",
)


def hold_enterprise_book(session: Session, enterprise_id: UUID, codes: Collection[str]) -> HeldBook:
    """Hold an enterprise's book against closing, and read its accounts with these codes.

    Raises:
        NotFound: the enterprise has no book, or none of the accounts is in it.
    """
    held = _hold(session, Book.enterprise_id == enterprise_id, codes)
    return held or hold_book(session, enterprise_book_id(session, enterprise_id), codes)


def hold_budget_book(session: Session, codes: Collection[str]) -> HeldBook:
    """Hold the budget's book against closing, and read its accounts with these codes, of all years.

    Raises:
        NotFound: it has not been opened.
    """
    held = _hold(session, Book.kind == BookKind.BUDGET, codes)
    return held or hold_book(session, budget_book_id(session), codes)


def hold_book(session: Session, book_id: UUID, codes: Collection[str]) -> HeldBook:
    """Hold a book against closing, and read the accounts with these codes, of all years.

    Raises:
        NotFound: no such book.
    """
    held = _hold(session, Book.id == book_id, codes)
    # The book may be there, and none of the accounts; then there is nothing to post to either.
    return held or HeldBook(book_id, get_book(session, book_id).closed_through, {})


def _hold(session: Session, which: ColumnElement[bool], codes: Collection[str]) -> HeldBook | None:
    # The row is locked (FOR KEY SHARE waits only for FOR UPDATE, not for others who post) and read in the
    # same statement, so that the month cannot be closed between look and write.
    rows = session.execute(
        select(
            Book.id, Book.closed_through, Account.code, Account.fiscal_year, Account.id.label("account_id")
        )
        .join(Account, (Account.district_id == Book.district_id) & (Account.book_id == Book.id))
        .where(which, Account.code.in_(codes))
        .with_for_update(of=Book, read=True, key_share=True)
    ).all()
    if not rows:
        return None
    accounts = {(row.code, row.fiscal_year): row.account_id for row in rows}
    return HeldBook(rows[0].id, rows[0].closed_through, accounts)


def check_month_open(session: Session, book_id: UUID, day: date) -> None:
    """Refuse a day on which nothing can be posted any more, before much work is done for it.

    Raises:
        NotFound: no such book.
        MonthClosed: the day lies in a closed month.
    """
    _refuse_closed(get_book(session, book_id).closed_through, day)


def _refuse_closed(closed_through: date | None, posted_on: date) -> None:
    if closed_through is not None and posted_on <= closed_through:
        raise MonthClosed(posted_on=posted_on, closed_through=closed_through)


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
    _refuse_closed(book.closed_through, reversed_on)
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

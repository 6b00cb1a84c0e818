"""Posts entries: books are held against closing, and transfers of several books written at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from billing.kernel.bulk import Row, insert_rows
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.ready import Ready, among_given
from billing.ledger.books import budget_book_id, enterprise_book_id, get_book
from billing.ledger.models import Account, Book, BookKind, SourceKind, Transfer

# The row is locked (FOR KEY SHARE waits only for FOR UPDATE, not for others who post) and read in the same
# statement, so that the month cannot be closed between look and write.
_HELD = (
    select(
        Book.id,
        Book.kind,
        Book.closed_through,
        Account.code,
        Account.fiscal_year,
        Account.id.label("account_id"),
    )
    .join(Account, (Account.district_id == Book.district_id) & (Account.book_id == Book.id))
    .where(among_given(Account.code, "codes"))
    .with_for_update(of=Book, read=True, key_share=True)
)
_OF_ENTERPRISE = Book.enterprise_id == bindparam("enterprise_id")
_OF_BUDGET = Book.kind == BookKind.BUDGET
_ENTERPRISE_BOOK = Ready(_HELD.where(_OF_ENTERPRISE))
_BUDGET_BOOK = Ready(_HELD.where(_OF_BUDGET))
_BOOK = Ready(_HELD.where(Book.id == bindparam("book_id")))
# Both are held with one look, the enterprise's first, as by whoever holds one after the other.
BOTH_BOOKS = _HELD.where(or_(_OF_ENTERPRISE, _OF_BUDGET)).order_by(Book.kind.desc())


class MonthClosed(RuleViolation):
    """The date lies in a closed month. Facts: ``posted_on``, ``closed_through``."""

    code = "month_closed"


class Entry(NamedTuple):
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


def hold_enterprise_book(session: Session, enterprise_id: UUID, codes: Collection[str]) -> HeldBook:
    """Hold an enterprise's book against closing, and read its accounts with these codes.

    Raises:
        NotFound: the enterprise has no book, or none of the accounts is in it.
    """
    held = _hold(session, _ENTERPRISE_BOOK, codes, enterprise_id=enterprise_id)
    return held or hold_book(session, enterprise_book_id(session, enterprise_id), codes)


def hold_budget_book(session: Session, codes: Collection[str]) -> HeldBook:
    """Hold the budget's book against closing, and read its accounts with these codes, of all years.

    Raises:
        NotFound: it has not been opened.
    """
    held = _hold(session, _BUDGET_BOOK, codes)
    return held or hold_book(session, budget_book_id(session), codes)


def hold_book(session: Session, book_id: UUID, codes: Collection[str]) -> HeldBook:
    """Hold a book against closing, and read the accounts with these codes, of all years.

    Raises:
        NotFound: no such book.
    """
    held = _hold(session, _BOOK, codes, book_id=book_id)
    # The book may be there, and none of the accounts; then there is nothing to post to either.
    return held or HeldBook(book_id, get_book(session, book_id).closed_through, {})


def both_books(rows: Sequence[Any]) -> tuple[HeldBook | None, HeldBook | None]:
    """The enterprise's book and the budget's by the rows of ``BOTH_BOOKS``; None for one without accounts."""
    of_enterprise = [row for row in rows if row.kind is BookKind.ENTERPRISE]
    return _held_book(of_enterprise), _held_book([row for row in rows if row.kind is BookKind.BUDGET])


def _hold(session: Session, held: Ready, codes: Collection[str], **which: UUID) -> HeldBook | None:
    return _held_book(held.rows(session, codes=codes, **which))


def _held_book(rows: Sequence[Any]) -> HeldBook | None:
    if not rows:
        return None
    accounts = {(row.code, row.fiscal_year): row.account_id for row in rows}
    return HeldBook(rows[0].id, rows[0].closed_through, accounts)


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
    postings = Postings(session)
    ids = postings.add(book, entries)
    postings.write()
    return ids


class Postings:
    """Transfers of several books that are written with one statement."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: list[Row] = []

    def add(self, book: UUID | HeldBook, entries: Sequence[tuple[date, Entry]]) -> list[UUID]:
        """Draft entries of a book, each on a date of its own; they are posted when all are written.

        Returns:
            The transfers' ids, in the entries' order.

        Raises:
            NotFound: no such book, or an account it does not have.
            MonthClosed: one of the dates lies in a closed month.
        """
        assert all(entry.amount > ZERO for _, entry in entries), entries
        if not entries:
            return []
        if isinstance(book, UUID):
            codes = {code for _, entry in entries for code in (entry.debit, entry.credit)}
            book = hold_book(self._session, book, codes)
        refuse_closed(book.closed_through, min(posted_on for posted_on, _ in entries))
        accounts = book.accounts_of(entry for _, entry in entries)
        ids = [new_id() for _ in entries]
        district_id, actor_id = district_of(self._session), actor_of(self._session)
        self._rows += [
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
        return ids

    def write(self) -> None:
        """Post what was drafted since the last time."""
        rows, self._rows = self._rows, []
        insert_rows(self._session, Transfer, _TRANSFER_COLUMNS, rows)


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


def check_month_open(session: Session, book_id: UUID, day: date) -> None:
    """Refuse a day on which nothing can be posted any more, before much work is done for it.

    Raises:
        NotFound: no such book.
        MonthClosed: the day lies in a closed month.
    """
    refuse_closed(get_book(session, book_id).closed_through, day)


def refuse_closed(closed_through: date | None, posted_on: date) -> None:
    """Refuse a day of a month that is closed in a book.

    Raises:
        MonthClosed: it is.
    """
    if closed_through is not None and posted_on <= closed_through:
        raise MonthClosed(posted_on=posted_on, closed_through=closed_through)

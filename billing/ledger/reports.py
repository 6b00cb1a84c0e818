"""What an accountant reads from a book: the trial balance (ОСВ) and the card of an account."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, or_, select
from sqlalchemy.orm import Session, aliased

from billing.kernel.checks import check_range
from billing.kernel.errors import NotFound
from billing.kernel.money import ZERO, Money, total
from billing.kernel.paging import Page, PageRequest, page_of
from billing.kernel.reporting import Column, Kind, Name, ReportTable, Row
from billing.ledger.balances import ONE_DAY, Turnover, balance_of, balances_on, signed_sum, turnovers
from billing.ledger.models import Account, SourceKind, Transfer
from billing.ledger.service import get_book

TRIAL_BALANCE = (
    Column("account", width=10),
    Column("fiscal_year", width=8),
    Column("account_name", width=44),
    Column("opening_debit", Kind.MONEY),
    Column("opening_credit", Kind.MONEY),
    Column("debit", Kind.MONEY),
    Column("credit", Kind.MONEY),
    Column("closing_debit", Kind.MONEY),
    Column("closing_credit", Kind.MONEY),
)
ACCOUNT_CARD = (
    Column("posted_on", Kind.DATE, width=12),
    Column("source_kind", width=24),
    Column("counter_account", width=10),
    Column("debit", Kind.MONEY),
    Column("credit", Kind.MONEY),
    Column("balance", Kind.MONEY),
    Column("source_id", Kind.ID, width=38),
)
_TRANSFER_SORTS = {"-posted_on": (Transfer.posted_on, Transfer.id), "id": (Transfer.id,)}
_CARD_SORTS = {"posted_on": (Transfer.posted_on, Transfer.id)}


@dataclass(frozen=True, slots=True)
class TrialRow:
    """An account in a period; opening and closing are debits minus credits."""

    account: Account
    opening: Money
    turnover: Turnover

    @property
    def closing(self) -> Money:
        """The balance at the end of the period."""
        return self.opening + self.turnover.balance


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """A book in a period; accounts that never moved are left out."""

    first_day: date
    last_day: date
    rows: list[TrialRow]


@dataclass(frozen=True, slots=True)
class CardRow:
    """One transfer from an account's point of view, with the balance after it."""

    transfer_id: UUID
    posted_on: date
    source_kind: SourceKind
    source_id: UUID
    counter_account: str
    debit: Money
    credit: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class AccountCard:
    """An account's movements in a period: ``opening`` stands before the period, ``closing`` after it."""

    account: Account
    first_day: date
    last_day: date
    opening: Money
    closing: Money
    rows: Page[CardRow]


def trial_balance(session: Session, book_id: UUID, first_day: date, last_day: date) -> TrialBalance:
    """Opening balance, turnovers and closing balance of every account of a book in a period.

    Raises:
        NotFound: no such book.
        EndsBeforeStart: the period ends before it starts.
    """
    check_range(first_day, last_day, field="last_day")
    book = get_book(session, book_id)
    opening = balances_on(session, book_id, first_day - ONE_DAY, book.closed_through)
    moved = turnovers(session, book_id, first_day, last_day, book.closed_through)
    accounts = session.scalars(
        select(Account).where(Account.book_id == book_id).order_by(Account.code, Account.fiscal_year)
    )
    rows = [
        TrialRow(account, opening.get(account.id, ZERO), moved.get(account.id, Turnover()))
        for account in accounts
        if opening.get(account.id) or account.id in moved
    ]
    return TrialBalance(first_day, last_day, rows)


def trial_balance_table(trial: TrialBalance) -> ReportTable:
    """The trial balance with its sides apart, as accountants read it; each pair of totals is equal."""
    rows = [
        {
            "account": row.account.code,
            "fiscal_year": str(row.account.fiscal_year) if row.account.fiscal_year else None,
            "account_name": Name(row.account.name_kk, row.account.name_ru, row.account.name_en),
            **_sides("opening", row.opening),
            "debit": row.turnover.debit,
            "credit": row.turnover.credit,
            **_sides("closing", row.closing),
        }
        for row in trial.rows
    ]
    sums = {column.key: _sum(rows, column.key) for column in TRIAL_BALANCE if column.kind is Kind.MONEY}
    facts = {"first_day": trial.first_day, "last_day": trial.last_day}
    return ReportTable("trial_balance", facts, TRIAL_BALANCE, [Row(row) for row in rows], sums)


def account_card(
    session: Session,
    book_id: UUID,
    code: str,
    *,
    first_day: date,
    last_day: date,
    request: PageRequest | None = None,
    fiscal_year: int = 0,
) -> AccountCard:
    """An account's transfers in a period, oldest first, with the balance after each.

    Args:
        request: the page wanted; None for the whole period.
        fiscal_year: of a revenue account in the budget's book.

    Raises:
        NotFound: no such book, or no such account in it.
        EndsBeforeStart: the period ends before it starts.
        InvalidCursor: the page was not one of this card.
    """
    check_range(first_day, last_day, field="last_day")
    book = get_book(session, book_id)
    account = get_account(session, book_id, code, fiscal_year)
    opening = balance_of(session, book_id, account.id, first_day - ONE_DAY, book.closed_through)
    moved = turnovers(session, book_id, first_day, last_day, book.closed_through)
    closing = opening + moved.get(account.id, Turnover()).balance
    statement = _card_statement(account).where(Transfer.posted_on.between(first_day, last_day))
    if request is None:
        page = Page(list(session.execute(statement.order_by(Transfer.posted_on, Transfer.id))), None)
    else:
        page = page_of(session, statement, _CARD_SORTS, request)
    start = opening + _before_page(session, account, page, first_day)
    return AccountCard(
        account, first_day, last_day, opening, closing, Page(_running(page.items, start), page.next_cursor)
    )


def account_card_table(card: AccountCard) -> ReportTable:
    """The card for people: opening balance, transfers, turnovers and closing balance."""
    rows = [Row({"balance": card.opening}, is_sum=True, word="report.opening")]
    rows += [
        Row(
            {
                "posted_on": row.posted_on,
                "source_kind": row.source_kind,
                "counter_account": row.counter_account,
                "debit": row.debit or None,
                "credit": row.credit or None,
                "balance": row.balance,
                "source_id": str(row.source_id),
            }
        )
        for row in card.rows.items
    ]
    facts = {"account": card.account.code, "first_day": card.first_day, "last_day": card.last_day}
    totals = {"balance": card.closing}
    return ReportTable("account_card", facts, ACCOUNT_CARD, rows, totals, card.rows.next_cursor)


def list_accounts(session: Session, book_id: UUID, request: PageRequest) -> Page[Account]:
    """Accounts of a book by code.

    Raises:
        NotFound: no such book.
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    get_book(session, book_id)
    sorts = {"code": (Account.code, Account.fiscal_year, Account.id), "id": (Account.id,)}
    return page_of(session, select(Account).where(Account.book_id == book_id), sorts, request)


def list_transfers(
    session: Session,
    book_id: UUID,
    request: PageRequest,
    *,
    posted_from: date | None = None,
    posted_to: date | None = None,
    source_kind: SourceKind | None = None,
    source_id: UUID | None = None,
    party_id: UUID | None = None,
) -> Page[Transfer]:
    """Transfers of a book, the latest first; filters that are None do not filter.

    Raises:
        NotFound: no such book.
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    get_book(session, book_id)
    statement = select(Transfer).where(Transfer.book_id == book_id)
    if posted_from is not None:
        statement = statement.where(Transfer.posted_on >= posted_from)
    if posted_to is not None:
        statement = statement.where(Transfer.posted_on <= posted_to)
    wanted = {
        Transfer.source_kind: source_kind,
        Transfer.source_id: source_id,
        Transfer.party_id: party_id,
    }
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    return page_of(session, statement, _TRANSFER_SORTS, request)


def get_account(session: Session, book_id: UUID, code: str, fiscal_year: int = 0) -> Account:
    """An account of a book.

    Raises:
        NotFound: the book has no such account.
    """
    account = session.scalar(
        select(Account).where(
            Account.book_id == book_id, Account.code == code, Account.fiscal_year == fiscal_year
        )
    )
    if account is None:
        raise NotFound(kind="account", id=code)
    return account


def _card_statement(account: Account) -> Select[*tuple[Any, ...]]:
    debit_side, credit_side = aliased(Account), aliased(Account)
    return (
        select(
            Transfer.id,
            Transfer.posted_on,
            Transfer.source_kind,
            Transfer.source_id,
            case((Transfer.debit_account_id == account.id, credit_side.code), else_=debit_side.code),
            Transfer.debit_account_id == account.id,
            Transfer.amount,
        )
        .join(debit_side, _same(debit_side, Transfer.debit_account_id))
        .join(credit_side, _same(credit_side, Transfer.credit_account_id))
        .where(Transfer.book_id == account.book_id, _touches(account.id))
    )


def _same(side: Any, account_id: Any) -> Any:
    return and_(side.district_id == Transfer.district_id, side.id == account_id)


def _touches(account_id: UUID) -> Any:
    return or_(Transfer.debit_account_id == account_id, Transfer.credit_account_id == account_id)


def _before_page(session: Session, account: Account, page: Page[Any], first_day: date) -> Money:
    """What the period moved before the page's first row: pages after the first do not begin at zero."""
    if not page.items:
        return ZERO
    first = page.items[0]
    moved = session.scalar(
        select(signed_sum(account.id)).where(
            Transfer.book_id == account.book_id,
            _touches(account.id),
            Transfer.posted_on.between(first_day, first[1]),
            or_(Transfer.posted_on < first[1], Transfer.id < first[0]),
        )
    )
    return moved or ZERO


def _running(items: list[Any], start: Money) -> list[CardRow]:
    rows, balance = [], start
    for transfer_id, posted_on, source_kind, source_id, counter, is_debit, amount in items:
        debit, credit = (amount, ZERO) if is_debit else (ZERO, amount)
        balance += debit - credit
        rows.append(CardRow(transfer_id, posted_on, source_kind, source_id, counter, debit, credit, balance))
    return rows


def _sides(name: str, balance: Money) -> dict[str, Money | None]:
    return {
        f"{name}_debit": balance if balance > ZERO else None,
        f"{name}_credit": -balance if balance < ZERO else None,
    }


def _sum(rows: list[dict[str, Any]], key: str) -> Money:
    return total(row[key] for row in rows if row[key] is not None)

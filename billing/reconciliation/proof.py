"""Proves a bank account's balance: what the bank states is what the books say, and every open item between.

stated balances = balance of the books
                + rows of the bank that the books do not know
                − postings that no statement shows
                + what lay there before the first statement
                + what no statement tells: files missing in between, sums that were overridden
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, or_, select
from sqlalchemy.orm import Session, aliased

from billing.districts.models import BankAccount, BankAccountKind
from billing.kernel.columns import money_sum
from billing.kernel.money import ZERO, Money, total
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.kernel.shown import Shown
from billing.ledger import service as ledger
from billing.ledger.chart import BANK, BUDGET_KSN
from billing.ledger.models import Account, SourceKind, Transfer
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.models import (
    BankStatement,
    MatchedRow,
    MatchedTransfer,
    StatementMatch,
    StatementRow,
)

COLUMNS = (
    Column("proof_line", width=34),
    Column("day", Kind.DATE, width=12),
    Column("iban", width=22),
    Column("what", width=60),
    Column("amount", Kind.MONEY, width=18),
)


class ProofLine(Shown):
    """What a line of the proof is."""

    BOOK_BALANCE = "book_balance"
    ROW = "row"  # on the statement, not in the books
    POSTING = "posting"  # in the books, not on the statement
    OPENING = "opening"  # on the account before the first statement, less what the books had by then
    BEYOND_BALANCES = "beyond_balances"  # rows that no stated balance covers
    MISSING = "missing"  # moved, and shown by no statement; or overridden
    AT_TREASURY = "at_treasury"  # in the enterprise's book, and straight on the budget's account
    STATED_BALANCE = "stated_balance"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Item:
    """An open item: what must be added to the books' balance to come to the bank's."""

    line: ProofLine
    amount: Money
    day: date | None = None
    iban: str = ""
    what: str | Shown = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """What the bank states of one account.

    Attributes:
        first_day: of its first statement; None where no statement has a balance.
        moved: by its rows from the first to the last statement.
        beyond: moved by rows that lie outside of all stated balances.
    """

    account: BankAccount
    first_day: date | None = None
    last_day: date | None = None
    opening: Money = ZERO
    closing: Money = ZERO
    moved: Money = ZERO
    beyond: Money = ZERO

    @property
    def missing(self) -> Money:
        """What the balances say was moved and no row shows."""
        return self.closing - self.opening - self.moved


@dataclass(frozen=True, slots=True)
class Proof:
    """The balance of a ledger account held against the bank accounts that it stands for.

    Attributes:
        code: of the ledger account.
        balances: of the bank accounts.
        book_balance: of the ledger account, as of now.
        items: all open items.
    """

    code: str
    balances: Sequence[Balance]
    book_balance: Money
    items: Sequence[Item]

    @property
    def stated(self) -> Money:
        """The sum of the last balances that the bank stated."""
        return total(balance.closing for balance in self.balances)

    @property
    def difference(self) -> Money:
        """What nothing explains; it is zero unless something was damaged."""
        return self.stated - self.book_balance - total(item.amount for item in self.items)


def bank_proof(session: Session, enterprise_id: UUID) -> Proof:
    """The proof of an enterprise's own bank accounts, together one account of its book.

    Raises:
        NotFound: the enterprise has no book.
    """
    book_id = ledger.enterprise_book_id(session, enterprise_id)
    of_bank = and_(BankAccount.kind == BankAccountKind.BANK, BankAccount.enterprise_id == enterprise_id)
    return _proof(session, book_id, BANK, of_bank)


def treasury_proof(session: Session) -> Proof:
    """The proof of the budget's control cash accounts.

    Raises:
        NotFound: the budget's book was not opened.
    """
    return _proof(
        session, ledger.budget_book_id(session), BUDGET_KSN, BankAccount.kind != BankAccountKind.BANK
    )


def _proof(session: Session, book_id: UUID, code: str, which: ColumnElement[bool]) -> Proof:
    accounts = list(session.scalars(select(BankAccount).where(which).order_by(BankAccount.id)))
    account_id = session.scalars(
        select(Account.id).where(Account.book_id == book_id, Account.code == code)
    ).one()
    balances = [_stated(session, account) for account in accounts]
    first_days = [balance.first_day for balance in balances if balance.first_day is not None]
    start = min(first_days, default=None)
    ibans = {account.id: account.iban for account in accounts}
    postings = _unclaimed(session, account_id)
    items = [
        *_opening(balances, postings, start),
        *_of_balances(balances),
        *_open_rows(session, ibans),
        *(
            Item(ProofLine.POSTING, -moved, posted_on, what=source_kind)
            for posted_on, source_kind, moved in postings
            if start is None or posted_on >= start
        ),
        *_at_treasury(session, account_id, ibans),
    ]
    book_balance = session.scalar(select(_moved_on(account_id)).where(_touches(account_id))) or ZERO
    return Proof(code, balances, book_balance, items)


def _stated(session: Session, account: BankAccount) -> Balance:
    """An account's first and last balance, and what its rows moved between and beyond them."""
    stated = list(
        session.scalars(
            select(BankStatement)
            .where(BankStatement.bank_account_id == account.id, BankStatement.opening.is_not(None))
            .order_by(BankStatement.date_from, BankStatement.id)
        )
    )
    signed = case((StatementRow.direction == Direction.IN, StatementRow.amount), else_=-StatementRow.amount)
    rows = select(money_sum(signed)).where(StatementRow.bank_account_id == account.id)
    whole = session.scalar(rows) or ZERO
    if not stated:
        return Balance(account, beyond=whole)
    first_day, last_day = stated[0].date_from, max(each.date_to for each in stated)
    moved = session.scalar(rows.where(StatementRow.booked_on.between(first_day, last_day))) or ZERO
    opening, closing = _fitting(stated, first_day, last_day, moved)
    return Balance(account, first_day, last_day, opening, closing, moved, whole - moved)


def _fitting(
    stated: Sequence[BankStatement], first_day: date, last_day: date, moved: Money
) -> tuple[Money, Money]:
    """The first and the last balance; of files that end on one day the one that fits."""
    openings = [each.opening for each in stated if each.date_from == first_day and each.opening is not None]
    latest = sorted((each for each in stated if each.date_to == last_day), key=lambda each: each.id)
    closings = [each.closing for each in reversed(latest) if each.closing is not None]
    pairs = [(opening, closing) for closing in closings for opening in openings]
    return next(((o, c) for o, c in pairs if c - o == moved), pairs[0])


def _opening(
    balances: Sequence[Balance], postings: Sequence[tuple[date, SourceKind, Money]], start: date | None
) -> Iterator[Item]:
    """What lay on the accounts before the first statement, less what the books had posted by then."""
    before = total(moved for posted_on, _, moved in postings if start is not None and posted_on < start)
    amount = total(balance.opening for balance in balances) - before
    if amount:
        yield Item(ProofLine.OPENING, amount, start)


def _of_balances(balances: Sequence[Balance]) -> Iterator[Item]:
    for balance in balances:
        if balance.missing:
            yield Item(ProofLine.MISSING, balance.missing, balance.last_day, balance.account.iban)
        if balance.beyond:
            yield Item(ProofLine.BEYOND_BALANCES, -balance.beyond, None, balance.account.iban)


def _open_rows(session: Session, ibans: dict[UUID, str]) -> Iterator[Item]:
    rows = (
        select(
            StatementRow.booked_on,
            StatementRow.amount,
            StatementRow.direction,
            StatementRow.bank_account_id,
            StatementRow.ultimate_name,
            StatementRow.counterparty_name,
            StatementRow.purpose,
        )
        .outerjoin(
            MatchedRow,
            (MatchedRow.district_id == StatementRow.district_id) & (MatchedRow.row_id == StatementRow.id),
        )
        .where(StatementRow.bank_account_id.in_(ibans), MatchedRow.row_id.is_(None))
        .order_by(StatementRow.booked_on, StatementRow.id)
    )
    for row in session.execute(rows):
        amount = row.amount if row.direction is Direction.IN else -row.amount
        who = row.ultimate_name or row.counterparty_name
        what = " · ".join(part for part in (who, row.purpose) if part)
        yield Item(ProofLine.ROW, amount, row.booked_on, ibans[row.bank_account_id], what)


def _unclaimed(session: Session, account_id: UUID) -> Sequence[tuple[date, SourceKind, Money]]:
    """Postings on the account that no match claims; one that was mirrored and its mirror are nothing."""
    claimed, mirror, other_claim = aliased(MatchedTransfer), aliased(Transfer), aliased(MatchedTransfer)
    is_claimed = exists().where(
        claimed.district_id == Transfer.district_id, claimed.transfer_id == Transfer.id
    )
    # The other one of a pair: its mirror, or what it mirrors, unless a row of the bank is that one.
    is_undone = exists().where(
        mirror.district_id == Transfer.district_id,
        or_(mirror.reverses_id == Transfer.id, mirror.id == Transfer.reverses_id),
        ~exists().where(other_claim.district_id == mirror.district_id, other_claim.transfer_id == mirror.id),
    )
    rows = (
        select(
            Transfer.posted_on,
            Transfer.source_kind,
            case((Transfer.debit_account_id == account_id, Transfer.amount), else_=-Transfer.amount),
        )
        .where(_touches(account_id), ~is_claimed, ~is_undone)
        .order_by(Transfer.posted_on, Transfer.id)
    )
    return list(session.execute(rows))


def _at_treasury(session: Session, account_id: UUID, ibans: dict[UUID, str]) -> Iterator[Item]:
    """What the book has and the bank never saw: it went straight to the budget's account."""
    claimed: Select[Money] = (
        select(_moved_on(account_id))
        .join(
            MatchedTransfer,
            (MatchedTransfer.district_id == Transfer.district_id)
            & (MatchedTransfer.transfer_id == Transfer.id),
        )
        .join(
            StatementMatch,
            (StatementMatch.district_id == MatchedTransfer.district_id)
            & (StatementMatch.id == MatchedTransfer.match_id),
        )
        .where(_touches(account_id), StatementMatch.bank_account_id.not_in(ibans))
    )
    amount = session.scalar(claimed) or ZERO
    if amount:
        yield Item(ProofLine.AT_TREASURY, -amount)


def _moved_on(account_id: UUID) -> ColumnElement[Money]:
    return money_sum(case((Transfer.debit_account_id == account_id, Transfer.amount), else_=-Transfer.amount))


def _touches(account_id: UUID) -> ColumnElement[bool]:
    return or_(Transfer.debit_account_id == account_id, Transfer.credit_account_id == account_id)


def proof_table(proof: Proof) -> ReportTable:
    """The proof for people: from the books' balance, item by item, to the bank's."""
    rows = [
        Row(
            {"proof_line": ProofLine.BOOK_BALANCE, "what": proof.code, "amount": proof.book_balance},
            is_sum=True,
        ),
        *(
            Row(
                {
                    "proof_line": item.line,
                    "day": item.day,
                    "iban": item.iban,
                    "what": item.what,
                    "amount": item.amount,
                }
            )
            for item in proof.items
        ),
        *(
            Row(
                {
                    "proof_line": ProofLine.STATED_BALANCE,
                    "day": balance.last_day,
                    "iban": balance.account.iban,
                    "amount": balance.closing if balance.last_day else None,
                },
                is_sum=True,
            )
            for balance in proof.balances
        ),
        Row({"proof_line": ProofLine.DIFFERENCE, "amount": proof.difference}, is_sum=True),
    ]
    return ReportTable("bank_proof", {"account": proof.code}, COLUMNS, rows)

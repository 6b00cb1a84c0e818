"""Proves a bank account's balance: what the bank states is what the books say, and every open item between.

stated balances = balance of the books
                + rows of the bank that the books do not know
                − postings that no statement shows
                + what lay there before the first statement
                + what no statement tells: files missing in between, sums that were overridden

As of a day that is past, what the bank showed and the books posted until then is told by what is known of it
now: a row whose posting came later is open on that day, and so is a posting that a later row shows.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from billing.districts.models import BankAccount, BankAccountKind
from billing.kernel.bulk import among
from billing.kernel.columns import money_sum
from billing.kernel.dates import FOREVER
from billing.kernel.money import ZERO, Money, total
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
        gap_on: the first day whose stated opening balance does not follow from what was before it.
        beyond: moved by rows that lie outside of all stated balances.
    """

    account: BankAccount
    first_day: date | None = None
    last_day: date | None = None
    opening: Money = ZERO
    closing: Money = ZERO
    moved: Money = ZERO
    beyond: Money = ZERO
    gap_on: date | None = None

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
        book_balance: of the ledger account.
        items: all open items.
        day: at the end of which all this holds.
    """

    code: str
    balances: Sequence[Balance]
    book_balance: Money
    items: Sequence[Item]
    day: date = FOREVER

    @property
    def stated(self) -> Money:
        """The sum of the last balances that the bank stated."""
        return total(balance.closing for balance in self.balances)

    @property
    def difference(self) -> Money:
        """What nothing explains; it is zero unless something was damaged."""
        return self.stated - self.book_balance - total(item.amount for item in self.items)


def bank_proof(session: Session, enterprise_id: UUID, day: date = FOREVER) -> Proof:
    """The proof of an enterprise's own bank accounts, together one account of its book.

    Args:
        day: at the end of which; as of now if not given.

    Raises:
        NotFound: the enterprise has no book.
    """
    book_id = ledger.enterprise_book_id(session, enterprise_id)
    of_bank = and_(BankAccount.kind == BankAccountKind.BANK, BankAccount.enterprise_id == enterprise_id)
    return _proof(session, book_id, BANK, of_bank, day)


def treasury_proof(session: Session, day: date = FOREVER) -> Proof:
    """The proof of the budget's control cash accounts.

    Args:
        day: at the end of which; as of now if not given.

    Raises:
        NotFound: the budget's book was not opened.
    """
    of_treasury = BankAccount.kind != BankAccountKind.BANK
    return _proof(session, ledger.budget_book_id(session), BUDGET_KSN, of_treasury, day)


def _proof(session: Session, book_id: UUID, code: str, which: ColumnElement[bool], day: date) -> Proof:
    accounts = list(session.scalars(select(BankAccount).where(which).order_by(BankAccount.id)))
    account_id = session.scalars(
        select(Account.id).where(Account.book_id == book_id, Account.code == code)
    ).one()
    balances = [_stated(session, account, day) for account in accounts]
    first_days = [balance.first_day for balance in balances if balance.first_day is not None]
    start = min(first_days, default=None)
    ibans = {account.id: account.iban for account in accounts}
    cut = _cut_by(session, ibans, day)
    postings = _unclaimed(session, account_id, cut, day)
    items = [
        *_opening(balances, postings, start),
        *_of_balances(balances),
        *_open_rows(session, ibans, cut, day),
        *(
            Item(ProofLine.POSTING, -moved, posted_on, what=source_kind)
            for posted_on, source_kind, moved in postings
            if start is None or posted_on >= start
        ),
        *_at_treasury(session, account_id, ibans, day),
    ]
    book_balance = session.scalar(select(_moved_on(account_id)).where(_touches(account_id, day))) or ZERO
    return Proof(code, balances, book_balance, items, day)


@dataclass(frozen=True, slots=True)
class _Stated:
    """What a statement says of balances."""

    id: UUID
    date_from: date
    date_to: date
    opening: Money
    closing: Money

    def until(self, day: date) -> "_Stated":
        """Of one that goes on beyond a day only the opening balance is a balance until then."""
        if self.date_to <= day:
            return self
        return replace(self, date_to=self.date_from - timedelta(days=1), closing=self.opening)


def _stated(session: Session, account: BankAccount, day: date) -> Balance:
    """An account's first and last balance, and what its rows moved between and beyond them."""
    found = session.execute(
        select(*(getattr(BankStatement, name) for name in _Stated.__slots__))
        .where(
            BankStatement.bank_account_id == account.id,
            BankStatement.opening.is_not(None),
            BankStatement.date_from <= day,
        )
        .order_by(BankStatement.date_from, BankStatement.id)
    )
    stated = [_Stated(*row).until(day) for row in found]
    signed = case((StatementRow.direction == Direction.IN, StatementRow.amount), else_=-StatementRow.amount)
    rows = select(money_sum(signed)).where(
        StatementRow.bank_account_id == account.id, StatementRow.booked_on <= day
    )
    whole = session.scalar(rows) or ZERO
    if not stated:
        return Balance(account, beyond=whole)
    first_day, last_day = stated[0].date_from, max(each.date_to for each in stated)
    moved = session.scalar(rows.where(StatementRow.booked_on.between(first_day, last_day))) or ZERO
    opening, closing = _fitting(stated, first_day, last_day, moved)
    balance = Balance(account, first_day, last_day, opening, closing, moved, whole - moved)
    if not balance.missing:
        return balance
    by_day = select(StatementRow.booked_on, money_sum(signed)).where(
        StatementRow.bank_account_id == account.id, StatementRow.booked_on >= first_day
    )
    moved_on = {row[0]: row[1] for row in session.execute(by_day.group_by(StatementRow.booked_on))}
    return replace(balance, gap_on=_gap(stated, opening, moved_on))


def _gap(stated: Sequence[_Stated], opening: Money, moved_on: Mapping[date, Money]) -> date | None:
    """The day of the first opening balance that neither the rows before it lead to nor another file's end."""
    closings = {(each.date_to, each.closing) for each in stated}
    days = sorted(moved_on)
    balance, looked_at = opening, 0
    for each in stated:
        while looked_at < len(days) and days[looked_at] < each.date_from:
            balance += moved_on[days[looked_at]]
            looked_at += 1
        # A file may begin in the middle of a day, where another one ended.
        if each.opening != balance and (each.date_from, each.opening) not in closings:
            return each.date_from
    return None


def _fitting(stated: Sequence[_Stated], first_day: date, last_day: date, moved: Money) -> tuple[Money, Money]:
    """The first and the last balance; of files that end on one day the one that fits."""
    openings = [each.opening for each in stated if each.date_from == first_day]
    latest = sorted((each for each in stated if each.date_to == last_day), key=lambda each: each.id)
    closings = [each.closing for each in reversed(latest)]
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
            day = balance.gap_on or balance.last_day
            yield Item(ProofLine.MISSING, balance.missing, day, balance.account.iban)
        if balance.beyond:
            yield Item(ProofLine.BEYOND_BALANCES, -balance.beyond, None, balance.account.iban)


def _cut_by(session: Session, account_ids: Collection[UUID], day: date) -> list[UUID]:
    """Matches of which a part lies before the end of a day and another after it."""
    if day == FOREVER:
        return []
    rows = (
        select(MatchedRow.match_id.label("match_id"), StatementRow.booked_on.label("day"))
        .join(
            StatementRow,
            (StatementRow.district_id == MatchedRow.district_id) & (StatementRow.id == MatchedRow.row_id),
        )
        .where(StatementRow.bank_account_id.in_(account_ids))
    )
    transfers = (
        select(MatchedTransfer.match_id, Transfer.posted_on)
        .join(
            Transfer,
            (Transfer.district_id == MatchedTransfer.district_id)
            & (Transfer.id == MatchedTransfer.transfer_id),
        )
        .join(
            StatementMatch,
            (StatementMatch.district_id == MatchedTransfer.district_id)
            & (StatementMatch.id == MatchedTransfer.match_id),
        )
        .where(StatementMatch.bank_account_id.in_(account_ids))
    )
    parts = union_all(rows, transfers).subquery()
    cut = select(parts.c.match_id).group_by(parts.c.match_id)
    return list(session.scalars(cut.having(func.min(parts.c.day) <= day, func.max(parts.c.day) > day)))


def _open_rows(session: Session, ibans: dict[UUID, str], cut: Sequence[UUID], day: date) -> Iterator[Item]:
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
        .where(
            StatementRow.bank_account_id.in_(ibans),
            StatementRow.booked_on <= day,
            or_(MatchedRow.row_id.is_(None), among(session, MatchedRow.match_id, cut)),
        )
        .order_by(StatementRow.booked_on, StatementRow.id)
    )
    for row in session.execute(rows):
        amount = row.amount if row.direction is Direction.IN else -row.amount
        who = row.ultimate_name or row.counterparty_name
        what = " · ".join(part for part in (who, row.purpose) if part)
        yield Item(ProofLine.ROW, amount, row.booked_on, ibans[row.bank_account_id], what)


def _unclaimed(
    session: Session, account_id: UUID, cut: Sequence[UUID], day: date
) -> Sequence[tuple[date, SourceKind, Money]]:
    """Postings on the account that no match claims; one that was mirrored and its mirror are nothing."""
    claimed, mirror, other_claim = aliased(MatchedTransfer), aliased(Transfer), aliased(MatchedTransfer)
    is_claimed = exists().where(
        claimed.district_id == Transfer.district_id, claimed.transfer_id == Transfer.id
    )
    is_cut = is_claimed.where(among(session, claimed.match_id, cut))
    # The other one of a pair: its mirror, or what it mirrors, unless a row of the bank is that one.
    is_undone = exists().where(
        mirror.district_id == Transfer.district_id,
        mirror.posted_on <= day,
        or_(mirror.reverses_id == Transfer.id, mirror.id == Transfer.reverses_id),
        ~exists().where(other_claim.district_id == mirror.district_id, other_claim.transfer_id == mirror.id),
    )
    rows = (
        select(
            Transfer.posted_on,
            Transfer.source_kind,
            case((Transfer.debit_account_id == account_id, Transfer.amount), else_=-Transfer.amount),
        )
        .where(_touches(account_id, day), or_(is_cut, and_(~is_claimed, ~is_undone)))
        .order_by(Transfer.posted_on, Transfer.id)
    )
    return list(session.execute(rows))


def _at_treasury(session: Session, account_id: UUID, ibans: dict[UUID, str], day: date) -> Iterator[Item]:
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
        .where(_touches(account_id, day), StatementMatch.bank_account_id.not_in(ibans))
    )
    amount = session.scalar(claimed) or ZERO
    if amount:
        yield Item(ProofLine.AT_TREASURY, -amount)


def _moved_on(account_id: UUID) -> ColumnElement[Money]:
    return money_sum(case((Transfer.debit_account_id == account_id, Transfer.amount), else_=-Transfer.amount))


def _touches(account_id: UUID, day: date) -> ColumnElement[bool]:
    touches = or_(Transfer.debit_account_id == account_id, Transfer.credit_account_id == account_id)
    return and_(touches, Transfer.posted_on <= day)

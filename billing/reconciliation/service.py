"""The front door of reconciliation: a file is taken in, and its rows find out what they were.

``MATCHERS`` look at the new rows in one order, in the transaction that took the file in; each row that none
of them explains waits for a person, with the reason.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount
from billing.kernel.behind import writing_behind
from billing.kernel.bulk import among, planned_each_time
from billing.kernel.memory import no_collecting
from billing.kernel.rows import get_row
from billing.reconciliation import new_rows
from billing.reconciliation.arrivals import match_arrivals
from billing.reconciliation.importing import accept_statement, hold_accounts
from billing.reconciliation.matches import (
    Look,
    Matcher,
    OpenRow,
    hold_rows,
    open_exceptions,
    open_rows,
    unexplained,
)
from billing.reconciliation.matching.candidates import Days
from billing.reconciliation.matching.incoming import Incoming
from billing.reconciliation.models import (
    BankStatement,
    ExceptionKind,
    MatchedRow,
    MatchKind,
    MatchUndo,
    RowException,
    StatementMatch,
    StatementRow,
)
from billing.reconciliation.outgoing import match_outgoing
from billing.reconciliation.own_transfers import match_own_transfers
from billing.reconciliation.provider_batches import match_provider_batches
from billing.reconciliation.reconciled import announce_completed, announce_reconciled, hold_waiting

# Between own accounts, other outgoing money, providers' batches, what reached the budget; what customers paid
# themselves comes last.
MATCHERS: tuple[Matcher, ...] = (
    match_own_transfers,
    match_outgoing,
    match_provider_batches,
    match_arrivals,
)

PART = 10_000  # rows that are looked at together, at most: what is known of them is held in memory
Progress = Callable[[int, int], None]  # rows done, rows in all
T = TypeVar("T")


@dataclass(slots=True)
class Outcome:
    """What became of rows.

    Attributes:
        matched: how many rows a match of each kind explained.
        waiting: how many wait for a person, by reason.
    """

    matched: Counter[MatchKind] = field(default_factory=Counter)
    waiting: Counter[ExceptionKind] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A file that was taken in.

    Attributes:
        is_known: whether the very same file had been taken in before; then nothing was done.
        outcome: of its new rows.
    """

    statement: BankStatement
    account: BankAccount
    is_known: bool
    outcome: Outcome


def take_in(
    session: Session,
    content: bytes,
    *,
    file_name: str,
    taken_in_on: date,
    bank_account_id: UUID | None = None,
    profile_id: UUID | None = None,
    override_reason: str | None = None,
    progress: Progress | None = None,
) -> TakenIn:
    """Take a file in and match its new rows; others are told where none of its rows waits then.

    Args:
        taken_in_on: the district's date; rows that nobody explains wait since then.
        progress: is told how many of the new rows were looked at.

    Raises:
        StatementRefused, AccountNotHeld, AnotherAccount, NotFound: see ``accept_statement``.
    """
    outcome = Outcome()
    with no_collecting(), planned_each_time(session), writing_behind(session):
        accepted = accept_statement(
            session,
            content,
            file_name=file_name,
            bank_account_id=bank_account_id,
            profile_id=profile_id,
            override_reason=override_reason,
        )
        statement = accepted.statement
        if not accepted.is_known:
            hold_waiting(session, statement.id)
            if rows := accepted.new_rows:
                matching = Matching(session, accepted.account, new_rows.days_of(rows), taken_in_on)
                for some in _in_parts(rows, attrgetter("row.date"), progress):
                    # Nobody else sees the new rows: they need not be locked, nor read again.
                    matching.match(new_rows.keep(session, statement, some))
                outcome = matching.outcome
            announce_reconciled(session, [statement.id])
    return TakenIn(statement, accepted.account, accepted.is_known, outcome)


def rematch(
    session: Session,
    bank_account_id: UUID,
    *,
    rematched_on: date,
    undone_too: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Look again at the rows of an account that wait: payments, rules and invoices may have come meanwhile.

    Args:
        undone_too: also book rows again of which a person has undone a match.

    Raises:
        NotFound: no such account.
    """
    account = get_row(session, BankAccount, bank_account_id, kind="bank_account")
    hold_accounts(session)
    waiting = (
        select(StatementRow.id, StatementRow.booked_on)
        .outerjoin(
            MatchedRow,
            (MatchedRow.district_id == StatementRow.district_id) & (MatchedRow.row_id == StatementRow.id),
        )
        .where(StatementRow.bank_account_id == account.id, MatchedRow.row_id.is_(None))
    )
    found = session.execute(waiting.order_by(StatementRow.booked_on, StatementRow.id)).all()
    if not undone_too:
        undone = _undone_rows(session, account.id)
        found = [row for row in found if row.id not in undone]
    if not found:
        return Outcome()
    row_ids = [row.id for row in found]
    matching = Matching(session, account, (found[0].booked_on, found[-1].booked_on), rematched_on)
    with planned_each_time(session):
        # Those of later parts too: who decides about one of them must not hold it and wait for a customer.
        hold_rows(session, row_ids)
        for some in _in_parts([*found], attrgetter("booked_on"), progress):
            part_ids = [row.id for row in some]
            matching.match(open_rows(session, part_ids), waiting=_waiting(session, part_ids))
    announce_completed(session, row_ids)
    return matching.outcome


def _undone_rows(session: Session, bank_account_id: UUID) -> set[UUID]:
    """Rows of which somebody said that they are not what was booked."""
    held = (
        select(MatchUndo.held)
        .join(
            StatementMatch,
            (StatementMatch.district_id == MatchUndo.district_id) & (StatementMatch.id == MatchUndo.match_id),
        )
        .where(StatementMatch.bank_account_id == bank_account_id)
    )
    return {UUID(row_id) for each in session.scalars(held) for row_id in each["row_ids"]}


def _in_parts(rows: list[T], day_of: Callable[[T], date], progress: Progress | None) -> Iterator[Sequence[T]]:
    """The rows in parts, which are taken out; whoever wants to know is told how many were looked at.

    A part ends with a day, unless that alone is longer: several rows of a day may be one thing together.
    """
    count = len(rows)
    while rows:
        end = PART
        if end < len(rows):
            end = bisect_left(rows, day_of(rows[end]), hi=end, key=day_of) or end
        part = rows[:end]
        del rows[:end]
        yield part
        if progress is not None:
            progress(count - len(rows), count)


class Matching:
    """Lets every matcher look at rows of an account, part by part.

    Attributes:
        outcome: what has become of the rows so far.
    """

    def __init__(self, session: Session, account: BankAccount, days: Days, decided_on: date) -> None:
        """Begin to look.

        Args:
            days: between which all rows lie.
            decided_on: the district's date; rows that nobody explains wait since then.
        """
        self._session, self._decided_on = session, decided_on
        incoming = Incoming(session, account, days)
        self._matchers: list[Callable[..., Look]] = [
            *(partial(each, session, account) for each in MATCHERS),
            incoming.match,
        ]
        self.outcome = Outcome()

    def match(
        self, rows: Sequence[OpenRow], *, waiting: Mapping[UUID, ExceptionKind] = MappingProxyType({})
    ) -> None:
        """Let every matcher look at what the ones before it left, and let the rest wait.

        Args:
            rows: locked and open, in the order of their days.
            waiting: rows that wait already, and why.
        """
        kinds: dict[UUID, ExceptionKind] = {}
        for look_at in self._matchers:
            if not rows:
                break
            look = look_at(rows, decided_on=self._decided_on)
            kinds |= look.left
            self.outcome.matched.update(look.explained.values())
            # What a matcher understood and could not explain is nothing for the next one to guess at.
            rows = [row for row in rows if row.id not in look.explained and row.id not in kinds]
        # What a person or an earlier look found out stays, where nothing better is known now.
        kinds |= {row.id: waiting.get(row.id, unexplained(row.direction)) for row in rows}
        changed = {row_id: kind for row_id, kind in kinds.items() if waiting.get(row_id) is not kind}
        open_exceptions(self._session, changed, opened_on=self._decided_on)
        self.outcome.waiting.update(kinds.values())


def _waiting(session: Session, row_ids: Sequence[UUID]) -> Mapping[UUID, ExceptionKind]:
    waiting = select(RowException.row_id, RowException.kind).where(
        among(session, RowException.row_id, row_ids), RowException.closed_on.is_(None)
    )
    return {row[0]: row[1] for row in session.execute(waiting)}

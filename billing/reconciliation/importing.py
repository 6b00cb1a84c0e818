"""Takes a bank's file in: refused with all that is wrong with it, or kept with the rows that are new.

A row is known again by what it says and by which of several alike it is (``formats/identity.py``), so the
same file adds nothing and an overlapping one only the rest. Whether a row was lost or doubled on the way, the
bank's own balances tell: its closing balance is held against all rows of those days that are known then.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount
from billing.kernel.checks import line, optional_line
from billing.kernel.db import actor_of
from billing.kernel.errors import InvalidInput, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.rows import get_row
from billing.reconciliation import new_rows
from billing.reconciliation.column_profiles import profiles_for
from billing.reconciliation.formats.reading import read_statement
from billing.reconciliation.formats.statement import Problem, ProblemCode, Reading, Severity, Statement
from billing.reconciliation.models import BankStatement, StatementRow
from billing.reconciliation.new_rows import NewRow, Told

FILE_NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 300


class StatementRefused(InvalidInput):
    """The file is not taken in. Facts: ``problems`` (all of them), ``count``, ``overridable``."""

    code = "statement_refused"


class AccountNotHeld(RuleViolation):
    """The statement is of an account that nobody of the district has. Facts: ``iban``."""

    code = "account_not_held"


class AnotherAccount(RuleViolation):
    """The file names another account than the caller. Facts: ``iban``, ``named``."""

    code = "another_account"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that is taken in but for its rows.

    Attributes:
        statement: with how many rows it had, and how many of them were new.
        is_known: whether the very same file had been taken in before; then nothing was done.
        new_rows: in the order of their days, for the caller to keep (``new_rows.keep``).
    """

    statement: BankStatement
    account: BankAccount
    is_known: bool
    new_rows: list[NewRow] = field(default_factory=list)


def accept_statement(
    session: Session,
    content: bytes,
    *,
    file_name: str,
    bank_account_id: UUID | None = None,
    profile_id: UUID | None = None,
    override_reason: str | None = None,
) -> Accepted:
    """Take a file in, once, and find those of its rows that are not known from other files.

    The rows are left to the caller, who keeps some while others are looked at.

    Args:
        file_name: as the bank or the accountant called it; told to people, never interpreted.
        bank_account_id: whose statement it is where the file does not say so itself (spreadsheets).
        profile_id: of the columns; by default the saved or built-in one that fits best.
        override_reason: why sums that do not add up are taken in all the same; kept with the statement.

    Raises:
        StatementRefused: it cannot be read, or does not add up. Facts name every problem.
        AccountNotHeld: it is of an account that the district does not have.
        AnotherAccount: it is not of the account that was named.
        NotFound: no such account or profile. Nothing is written.
    """
    file_name = line(file_name, field="file_name", length_max=FILE_NAME_LENGTH_MAX)
    reason = optional_line(override_reason, field="override_reason", length_max=REASON_LENGTH_MAX) or None
    named = (
        None
        if bank_account_id is None
        else get_row(session, BankAccount, bank_account_id, kind="bank_account")
    )
    profiles = profiles_for(session, profile_id=profile_id, bank_account_id=bank_account_id)
    reading = read_statement(content, profiles, account=named.iban if named else "")
    statement = _accepted(reading, reason)
    account = _account_of(session, statement, named)
    # Locked before the look: of the same file twice at once, the second finds the first one's.
    hold_accounts(session)
    known = _same_file(session, account, content)
    if known is not None:
        return Accepted(known, account, is_known=True)
    kept = _described(account, statement, content, file_name)
    kept.recorded_by = actor_of(session)
    added, difference = _new_rows(session, kept, statement)
    closing = statement.closing
    if kept.closing is None:
        closing, difference = _inside_others(session, kept, added)
    problems = list(reading.problems)
    if difference and added and not reading.refused:
        problems.append(_days_disagree(closing, difference))
        if reason is None:
            raise _refused(problems, overridable=True)
    # A reason that nothing needed would only make people wonder.
    if any(problem.severity is Severity.ERROR for problem in problems):
        kept.override_reason, kept.accepted_difference = reason, difference
    kept.problems = [problem.stored() for problem in problems]
    kept.new_row_count = len(added)
    session.add(kept)
    session.flush()
    return Accepted(kept, account, is_known=False, new_rows=added)


def _accepted(reading: Reading, reason: str | None) -> Statement:
    """The statement of a file, if it may be taken in with this reason or without one."""
    statement = reading.statement
    if statement is None or (reading.refused and not (reading.overridable and reason is not None)):
        raise _refused(reading.problems, overridable=reading.overridable)
    if statement.date_from is None or statement.date_to is None:
        # A table of headings and nothing else: not even the days are known.
        nothing = Problem(ProblemCode.EMPTY, Severity.ERROR)
        raise _refused([*reading.problems, nothing], overridable=False)
    return statement


def _refused(problems: Sequence[Problem], *, overridable: bool) -> StatementRefused:
    return StatementRefused(problems=list(problems), count=len(problems), overridable=overridable)


def hold_accounts(session: Session) -> None:
    """Hold the district's bank accounts: statements are taken in and looked through one after the other.

    All of them, because rows of any account may be money of any customer: two statements at once would lock
    customers chunk by chunk, and crosswise.
    """
    held = select(BankAccount.id).order_by(BankAccount.id).with_for_update(key_share=True)
    session.execute(held).all()


def _account_of(session: Session, statement: Statement, named: BankAccount | None) -> BankAccount:
    if named is not None:
        if named.iban != statement.account:
            raise AnotherAccount(iban=statement.account, named=named.iban)
        return named
    account = session.scalar(select(BankAccount).where(BankAccount.iban == statement.account))
    if account is None:
        raise AccountNotHeld(iban=statement.account)
    return account


def _same_file(session: Session, account: BankAccount, content: bytes) -> BankStatement | None:
    return session.scalar(
        select(BankStatement).where(
            BankStatement.bank_account_id == account.id, BankStatement.sha256 == _sha256(content)
        )
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _described(account: BankAccount, statement: Statement, content: bytes, file_name: str) -> BankStatement:
    assert statement.date_from is not None and statement.date_to is not None
    has_both = statement.opening is not None and statement.closing is not None
    return BankStatement(
        district_id=account.district_id,
        id=new_id(),
        bank_account_id=account.id,
        sha256=_sha256(content),
        file_name=file_name,
        format=statement.format.value,
        date_from=statement.date_from,
        date_to=statement.date_to,
        opening=statement.opening if has_both else None,
        closing=statement.closing if has_both else None,
        credited=statement.credited,
        debited=statement.debited,
        row_count=len(statement.rows),
        accepted_difference=ZERO,
    )


def _new_rows(session: Session, kept: BankStatement, statement: Statement) -> tuple[list[NewRow], Money]:
    """The rows that are new, and by how much the closing balance is off with them."""
    added, difference = _try(session, kept, statement, {})
    if difference and (told := _told_before(session, kept)):
        # The bank cut a day in two. A row that looks like one of the morning's is another one then.
        continued = _try(session, kept, statement, told)
        if not continued[1]:
            return continued
        added, difference = _try(session, kept, statement, {})
    return added, difference


def _try(
    session: Session, kept: BankStatement, statement: Statement, told: Told
) -> tuple[list[NewRow], Money]:
    added = new_rows.without_known(session, kept, new_rows.told_rows(statement, told))
    return added, _difference(session, kept, new_rows.moved(added))


def _difference(session: Session, kept: BankStatement, sum_added: Money) -> Money:
    """By how much the stated closing balance is off from what the account's rows give.

    They are counted from this statement's opening balance, and from that of every earlier one that the
    account has without a gap up to this one's first day: a file may begin in the middle of a day.
    """
    if kept.opening is None or kept.closing is None:
        return ZERO
    starts = {(kept.date_from, kept.opening)}
    earlier = session.execute(
        select(BankStatement.date_from, BankStatement.opening).where(
            BankStatement.bank_account_id == kept.bank_account_id,
            BankStatement.date_from <= kept.date_from,
            BankStatement.date_to >= kept.date_from,
            BankStatement.opening.is_not(None),
        )
    )
    starts |= {(row.date_from, row.opening) for row in earlier}
    differences = [
        kept.closing - opening - sum_added - _sum_known(session, kept, first_day)
        for first_day, opening in sorted(starts, reverse=True)
    ]
    return ZERO if ZERO in differences else differences[0]


def _sum_known(session: Session, kept: BankStatement, first_day: date) -> Money:
    statement = select(new_rows.moved_by_kept()).where(
        StatementRow.bank_account_id == kept.bank_account_id,
        StatementRow.booked_on.between(first_day, kept.date_to),
    )
    return session.scalar(statement) or ZERO


def _told_before(session: Session, kept: BankStatement) -> Told:
    """How often each content of the first day was told by files that ended just where this one begins."""
    same_day = select(BankStatement).where(
        BankStatement.bank_account_id == kept.bank_account_id,
        BankStatement.date_to == kept.date_from,
        BankStatement.closing.is_not(None),
    )
    by_closing = {statement.closing: statement for statement in session.scalars(same_day)}
    ids: list[UUID] = []
    ends = kept.opening
    while (before := by_closing.pop(ends, None)) is not None:
        ids.append(before.id)
        if before.date_from < kept.date_from:
            break
        ends = before.opening
    rows = select(StatementRow.fingerprint, func.count()).where(
        StatementRow.statement_id.in_(ids), StatementRow.booked_on == kept.date_from
    )
    return {row[0]: row[1] for row in session.execute(rows.group_by(StatementRow.fingerprint))}


def _inside_others(session: Session, kept: BankStatement, added: Sequence[NewRow]) -> tuple[Money, Money]:
    """A closing balance that new rows of a file without balances contradict, and by how much; zeros if none.

    The day that another statement begins or ends with may have been cut in two, and this file tells the rest
    of it. Nothing is missing of the days between.
    """
    if not added:
        return ZERO, ZERO
    first_day, last_day = new_rows.days_of(added)
    others = select(BankStatement.date_from, BankStatement.date_to, BankStatement.closing).where(
        BankStatement.bank_account_id == kept.bank_account_id,
        BankStatement.date_from < last_day,
        BankStatement.date_to > first_day,
        BankStatement.closing.is_not(None),
        BankStatement.accepted_difference == ZERO,  # of one that is known to lack a row this may be it
    )
    for begins, ends, closing in session.execute(others.order_by(BankStatement.date_to, BankStatement.id)):
        assert closing is not None
        if moved := new_rows.moved([new for new in added if begins < new.row.date < ends]):
            return closing, -moved
    return ZERO, ZERO


def _days_disagree(closing: Money | None, difference: Money) -> Problem:
    assert closing is not None
    facts = {"stated": closing, "counted": closing - difference}
    return Problem(
        ProblemCode.DAYS_DISAGREE, Severity.ERROR, value=str(closing), facts=MappingProxyType(facts)
    )

"""What people decide about rows: whose money it was, which posting it shows, or where it is to be posted.

Every decision locks its rows first and looks at them then: of two people who decide about one row at once,
one is told that the other was faster. Every decision says why, and can become a rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers.service import get_customer
from billing.districts.models import BankAccount, BankAccountKind
from billing.kernel.checks import line
from billing.kernel.errors import InvalidInput, NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, total
from billing.kernel.rows import get_row
from billing.ledger import service as ledger
from billing.ledger.chart import BANK
from billing.ledger.models import Account, Transfer
from billing.payments.models import PaymentMethod
from billing.payments.receipts import Receipt
from billing.payments.recording import record_payments
from billing.reconciliation.booking import Booking, book_matches
from billing.reconciliation.direct_payments import record_payment_matches, takes_payments
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import (
    MatchDraft,
    OpenRow,
    Reason,
    lock_open_rows,
    open_exceptions,
    record_matches,
)
from billing.reconciliation.matching.incoming import BANK_CHANNEL, payer_name
from billing.reconciliation.matching.parties import Share, hold_parties, legs_of
from billing.reconciliation.matching.rules import Asks, add_rule, refuse_unpostable
from billing.reconciliation.matching.weighing import weigh
from billing.reconciliation.models import (
    ExceptionKind,
    MatchKind,
    MatchUndo,
    RowException,
    StatementMatch,
    StatementRow,
)
from billing.reconciliation.undo import get_match, undo_match

ROWS_MAX = 200  # of one decision; more are a file of their own


class SumsDiffer(RuleViolation):
    """What is decided does not come to the rows' sum. Facts: ``rows``, ``decided``."""

    code = "sums_differ"


class RowsNotTogether(RuleViolation):
    """One decision is about rows of one bank account that went one way."""

    code = "rows_not_together"


class NotOwnAccount(RuleViolation):
    """The row is of the budget's account: what arrives there is matched to what was collected."""

    code = "not_own_account"


class NotOfBankAccount(RuleViolation):
    """The posting does not move the enterprise's bank account. Facts: ``transfer_id``."""

    code = "not_of_bank_account"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what came in: whose money it is, and the invoices it was for."""

    customer_id: UUID
    amount: Money
    invoice_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """What of a row a rule is to ask for, so that the decision is proposed next time."""

    iban: bool = False
    iin_bin: bool = False
    purpose_part: str = ""


def decide_payments(
    session: Session,
    row_ids: Sequence[UUID],
    parts: Sequence[Part],
    *,
    decided_on: date,
    why: str,
    lesson: Lesson | None = None,
) -> StatementMatch:
    """Rows were customers' money: record it as payments, split as it was meant.

    Args:
        parts: add up to the rows' sum. Each becomes a payment of the day of the last row.
        lesson: makes a rule of the decision; only where all is one customer's.

    Raises:
        NotFound: no such row or customer.
        RowMatched, RowsNotTogether, NotOwnAccount: about the rows.
        SumsDiffer: the parts do not come to the rows' sum.
        NotOpenForCustomer: a named invoice is not one of the customer's open ones.
        MonthClosed, NoPostingPolicy, UnknownBudgetCode: it cannot be posted.
        RuleTooWide, AlreadyExists: the rule cannot be made. Nothing is recorded.
    """
    why = line(why, field="why", length_max=300)
    account, rows = _locked(session, row_ids, of_customers=True)
    if rows[0].direction is not Direction.IN:
        raise InvalidInput(field="row_ids")
    if not parts or any(part.amount <= ZERO for part in parts):
        raise InvalidInput(field="parts")
    _hold_sums(total(row.amount for row in rows), total(part.amount for part in parts))
    match_id, day = new_id(), max(row.booked_on for row in rows)
    reasons, score, rule_id = _known_reasons(session, account, rows, parts)
    receipts = _receipts(session, match_id, day, rows, parts)
    recorded = record_payments(session, account.enterprise_id, receipts)
    draft = MatchDraft(
        id=match_id,
        kind=MatchKind.PAYMENT,
        row_ids=[row.id for row in rows],
        transfer_ids=[each.transfer_id for each in recorded if each.transfer_id is not None],
        matched_on=day,
        score=score,
        reasons=reasons,
        why=why,
        rule_id=rule_id,
    )
    record_payment_matches(session, account, [draft], decided_on=decided_on)
    if lesson is not None:
        if len(parts) > 1:
            raise InvalidInput(field="lesson")
        _learn(session, account, rows, lesson, why, customer_id=parts[0].customer_id)
    return get_match(session, match_id)


def _receipts(
    session: Session, match_id: UUID, day: date, rows: Sequence[OpenRow], parts: Sequence[Part]
) -> list[Receipt]:
    return [
        Receipt(
            customer_id=part.customer_id,
            amount=part.amount,
            method=PaymentMethod.BANK,
            received_on=day,
            channel=BANK_CHANNEL,
            outside_id=f"{match_id}:{number}",
            payer_name=payer_name(rows[0], get_customer(session, part.customer_id).iin_bin),
            invoice_ids=part.invoice_ids,
        )
        for number, part in enumerate(parts, start=1)
    ]


def confirm_postings(
    session: Session, row_ids: Sequence[UUID], transfer_ids: Sequence[UUID], *, decided_on: date, why: str
) -> StatementMatch:
    """Rows show what the books know already: payments, refunds, entries by hand on the bank account.

    Raises:
        NotFound: no such row or transfer.
        RowMatched, RowsNotTogether, NotOwnAccount: about the rows.
        NotOfBankAccount: a transfer that does not move the enterprise's bank account.
        TransferMatched: another row shows it already.
        SumsDiffer: they do not move it by the rows' sum. Nothing is recorded.
    """
    why = line(why, field="why", length_max=300)
    account, rows = _locked(session, row_ids)
    if not transfer_ids or len(transfer_ids) > ROWS_MAX or len(set(transfer_ids)) < len(transfer_ids):
        raise InvalidInput(field="transfer_ids")
    effects = _effects(session, account, transfer_ids)
    sign = 1 if rows[0].direction is Direction.IN else -1
    moved = total(row.amount for row in rows)
    _hold_sums(moved if sign > 0 else -moved, total(effects.values()))
    draft = MatchDraft(
        id=new_id(),
        kind=MatchKind.CONFIRMATION,
        row_ids=[row.id for row in rows],
        transfer_ids=list(effects),
        matched_on=max(row.booked_on for row in rows),
        why=why,
    )
    record_matches(session, account.id, [draft], decided_on=decided_on)
    return get_match(session, draft.id)


def decide_entry(
    session: Session,
    row_ids: Sequence[UUID],
    account_code: str,
    *,
    decided_on: date,
    why: str,
    lesson: Lesson | None = None,
    shares: Sequence[Share] = (),
) -> StatementMatch:
    """Rows were something else: post them to an account of the enterprise's book, each on its day.

    Args:
        shares: whom the money went to or came from, on an account that is kept by party (3310, 3350).

    Raises:
        NotFound: no such row or party, or the book lacks the account.
        RowMatched, RowsNotTogether, NotOwnAccount: about the rows.
        ControlAccount, SameAccount: the account moves only by its own documents, or is the bank's own.
        PartyNeeded: the account is kept by party, and nobody is named.
        SumsDiffer: the shares do not come to the rows' sum.
        MonthClosed: a row lies in a closed month.
        RuleTooWide, AlreadyExists: the rule cannot be made. Nothing is recorded.
    """
    why = line(why, field="why", length_max=300)
    account, rows = _locked(session, row_ids)
    refuse_unpostable(account_code)
    hold_parties(session, account_code, shares)
    if shares:
        _hold_sums(total(row.amount for row in rows), total(share.amount for share in shares))
    legs = legs_of(rows, account_code, shares)
    booking = Booking(new_id(), MatchKind.ENTRY, [row.id for row in rows], legs, why=why)
    book_matches(session, account, [booking], decided_on=decided_on)
    if lesson is not None:
        _learn(session, account, rows, lesson, why, account_code=account_code)
    return get_match(session, booking.id)


def mark_wrong_account(session: Session, row_id: UUID, *, note: str, marked_on: date) -> RowException:
    """A row was meant for another account or enterprise: it waits, as such, until it is given back.

    Raises:
        NotFound: no such row.
        RowMatched: it is explained already.
    """
    note = line(note, field="note", length_max=300)
    lock_open_rows(session, [row_id])
    open_exceptions(session, {row_id: ExceptionKind.WRONG_ACCOUNT}, opened_on=marked_on)
    waiting = session.scalars(
        select(RowException).where(RowException.row_id == row_id).execution_options(populate_existing=True)
    ).one()
    waiting.note = note
    session.flush()
    return waiting


def undo_decision(session: Session, match_id: UUID, *, undone_on: date, reason: str) -> MatchUndo:
    """Undo a match, a person's or the program's own (see ``undo_match``).

    Raises:
        NotFound, MatchUndone, PaymentRefunded, DateBeforePayment, MonthClosed: see ``undo_match``.
    """
    reason = line(reason, field="reason", length_max=300)
    return undo_match(session, match_id, undone_on=undone_on, reason=reason)


def _locked(
    session: Session, row_ids: Sequence[UUID], *, of_customers: bool = False
) -> tuple[BankAccount, list[OpenRow]]:
    """Lock open rows of one decision: of one of the enterprise's own accounts, all in or all out.

    Args:
        of_customers: the budget's account will do too, where customers may pay to it.
    """
    if not row_ids or len(row_ids) > ROWS_MAX or len(set(row_ids)) < len(row_ids):
        raise InvalidInput(field="row_ids")
    rows = lock_open_rows(session, row_ids)
    account_ids = session.scalars(
        select(StatementRow.bank_account_id).where(StatementRow.id.in_(row_ids)).distinct()
    ).all()
    if len(account_ids) > 1 or len({row.direction for row in rows}) > 1:
        raise RowsNotTogether
    account = get_row(session, BankAccount, account_ids[0], kind="bank_account")
    if account.kind is not BankAccountKind.BANK and not (of_customers and takes_payments(session, account)):
        raise NotOwnAccount
    return account, rows


def _hold_sums(rows: Money, decided: Money) -> None:
    if rows != decided:
        raise SumsDiffer(rows=rows, decided=decided)


def _known_reasons(
    session: Session, account: BankAccount, rows: Sequence[OpenRow], parts: Sequence[Part]
) -> tuple[Sequence[Reason], int | None, UUID | None]:
    """What the program itself knew for this decision, where it is about one row and one customer."""
    if len(rows) > 1 or len(parts) > 1:
        return (), None, None
    for candidate in weigh(session, account.enterprise_id, rows[0]).candidates:
        if candidate.customer.id == parts[0].customer_id:
            return candidate.reasons, candidate.score, candidate.rule_id
    return (), None, None


def _effects(session: Session, account: BankAccount, transfer_ids: Sequence[UUID]) -> dict[UUID, Money]:
    """By how much each transfer moves the enterprise's bank account."""
    book_id = ledger.enterprise_book_id(session, account.enterprise_id)
    transfers = {
        transfer.id: transfer
        for transfer in session.scalars(select(Transfer).where(Transfer.id.in_(transfer_ids)))
    }
    for missing in sorted(set(transfer_ids) - transfers.keys()):
        raise NotFound(kind="transfer", id=missing)
    bank_id = session.scalars(
        select(Account.id).where(Account.book_id == book_id, Account.code == BANK)
    ).one()
    effects: dict[UUID, Money] = {}
    for transfer_id in transfer_ids:
        transfer = transfers[transfer_id]
        if bank_id not in {transfer.debit_account_id, transfer.credit_account_id}:
            raise NotOfBankAccount(transfer_id=transfer_id)
        effects[transfer_id] = transfer.amount if transfer.debit_account_id == bank_id else -transfer.amount
    return effects


def _learn(
    session: Session,
    account: BankAccount,
    rows: Sequence[OpenRow],
    lesson: Lesson,
    why: str,
    *,
    customer_id: UUID | None = None,
    account_code: str | None = None,
) -> None:
    row = rows[0]
    asks = Asks(
        (row.ultimate_iban or row.counterparty_iban) if lesson.iban else "",
        (row.ultimate_iin_bin or row.counterparty_iin_bin) if lesson.iin_bin else "",
        lesson.purpose_part,
    )
    add_rule(
        session,
        account.enterprise_id,
        row.direction,
        asks,
        why=why,
        customer_id=customer_id,
        account=account_code,
    )

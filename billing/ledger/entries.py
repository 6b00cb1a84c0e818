"""An accountant's own entries: what no document of ours posts, and their reversal."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.errors import NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.ledger.chart import ADVANCES, RECEIVABLES
from billing.ledger.models import Account, AccountKind, BookKind, SourceKind, Transfer
from billing.ledger.service import Entry, get_book, post, reverse

# Their balances are the sums of invoices, payments and revenue lines; an entry by hand would part them.
SUB_LEDGER_ACCOUNTS = (RECEIVABLES, ADVANCES)


class ControlAccount(RuleViolation):
    """The account moves only by its own documents, never by hand. Facts: ``account``."""

    code = "control_account"


class SameAccount(RuleViolation):
    """An entry needs two different accounts. Facts: ``account``."""

    code = "same_account"


class NotManual(RuleViolation):
    """Only an accountant's own entry is reversed by hand; a document by its own correction. Facts: ``id``."""

    code = "not_manual"


def record_entry(
    session: Session, book_id: UUID, *, posted_on: date, debit: str, credit: str, amount: Money
) -> Transfer:
    """Record an accountant's own entry between two accounts of a book.

    Args:
        debit: code of the account debited.
        amount: strictly positive.

    Raises:
        NotFound: no such book, or an account it does not have.
        SameAccount: both sides are one account.
        ControlAccount: a side is an account that only documents move.
        MonthClosed: the date lies in a closed month. Nothing is recorded.
    """
    if debit == credit:
        raise SameAccount(account=debit)
    for code in (debit, credit):
        _refuse_control_account(session, book_id, code)
    entry = Entry(debit, credit, amount, SourceKind.MANUAL, source_id=new_id())
    [transfer_id] = post(session, book_id, posted_on, [entry])
    return get_transfer(session, transfer_id)


def reverse_entry(session: Session, transfer_id: UUID, *, reversed_on: date) -> Transfer:
    """Mirror an accountant's own entry on a date of its own; the entry itself stays.

    Raises:
        NotFound: no such transfer.
        NotManual: a document posted it, or it is itself a reversal.
        AlreadyReversed: it is mirrored already.
        MonthClosed: the date lies in a closed month. Nothing is posted.
    """
    original = get_transfer(session, transfer_id)
    if original.source_kind is not SourceKind.MANUAL or original.reverses_id is not None:
        raise NotManual(id=transfer_id)
    mirrors = reverse(session, original.book_id, [original.source_id], reversed_on)
    return get_transfer(session, mirrors[transfer_id])


def get_transfer(session: Session, transfer_id: UUID) -> Transfer:
    """A transfer of the district.

    Raises:
        NotFound: no such transfer.
    """
    transfer = session.scalar(select(Transfer).where(Transfer.id == transfer_id))
    if transfer is None:
        raise NotFound(kind="transfer", id=transfer_id)
    return transfer


def _refuse_control_account(session: Session, book_id: UUID, code: str) -> None:
    book = get_book(session, book_id)
    if book.kind is BookKind.ENTERPRISE:
        if code in SUB_LEDGER_ACCOUNTS:
            raise ControlAccount(account=code)
        return
    revenue = session.scalar(
        select(Account.id).where(
            Account.book_id == book_id, Account.code == code, Account.kind == AccountKind.INCOME
        )
    )
    if revenue is not None:
        raise ControlAccount(account=code)

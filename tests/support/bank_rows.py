"""Rows of a bank's statement, as an import leaves them: open, for a matcher to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount, BankAccountKind, Enterprise
from billing.kernel.db import district_of
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.ledger import service as ledger
from billing.ledger.models import Account, Transfer
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import OpenRow, open_exceptions, open_rows, unexplained
from billing.reconciliation.models import (
    BankStatement,
    MatchedRow,
    MatchedTransfer,
    MatchKind,
    StatementMatch,
    StatementRow,
)
from tests.support.books import balance

NOVEMBER_20 = date(2026, 11, 20)
NAMED = {
    "counterparty_name": "",
    "counterparty_iin_bin": "",
    "counterparty_iban": "",
    "counterparty_bic": "",
    "ultimate_name": "",
    "ultimate_iin_bin": "",
    "ultimate_iban": "",
    "purpose": "",
    "knp": "",
    "document_number": "",
    "budget_code": "",
    "bank_reference": "",
}


def account_of(
    session: Session, enterprise: Enterprise, kind: BankAccountKind = BankAccountKind.BANK
) -> BankAccount:
    """The enterprise's account of a kind; the one printed on invoices where it is its own."""
    return session.scalars(
        select(BankAccount).where(BankAccount.enterprise_id == enterprise.id, BankAccount.kind == kind)
    ).one()


def row(
    tenge: str | int, direction: Direction = Direction.OUT, *, on: date = NOVEMBER_20, **named: str
) -> dict[str, Any]:
    """What a test says of a row; everything else the bank left empty."""
    return {"amount": Money.tenge(tenge), "direction": direction, "booked_on": on, **NAMED, **named}


def take_in_rows(session: Session, account: BankAccount, *rows: dict[str, Any]) -> list[OpenRow]:
    """Rows of one statement of the account, in the order given."""
    statement = BankStatement(
        district_id=district_of(session),
        id=new_id(),
        bank_account_id=account.id,
        sha256=str(new_id()),
        file_name="rows.txt",
        format="CSV",
        date_from=min(each["booked_on"] for each in rows),
        date_to=max(each["booked_on"] for each in rows),
        opening=None,
        closing=None,
        credited=ZERO,
        debited=ZERO,
        row_count=len(rows),
        new_row_count=len(rows),
        problems=[],
        override_reason=None,
        recorded_by=None,
    )
    session.add(statement)
    session.flush()
    ids = [new_id() for _ in rows]
    for number, (row_id, each) in enumerate(zip(ids, rows, strict=True), start=1):
        session.add(
            StatementRow(
                district_id=district_of(session),
                id=row_id,
                statement_id=statement.id,
                bank_account_id=account.id,
                position=number,
                line=number,
                fingerprint=str(row_id),
                occurrence=1,
                raw="",
                **each,
            )
        )
    session.flush()
    waiting = {row_id: unexplained(each["direction"]) for row_id, each in zip(ids, rows, strict=True)}
    open_exceptions(session, waiting, opened_on=statement.date_to)
    taken = {each.id: each for each in open_rows(session, ids)}
    return [taken[row_id] for row_id in ids]


@dataclass(frozen=True)
class Explained:
    """What a row was found to be."""

    kind: MatchKind
    score: int | None
    reasons: list[str]
    moved: list[tuple[str, str, Money]]


def explained(session: Session, row: OpenRow) -> Explained | None:
    """The live match of a row, with the postings it claims; None while it is open."""
    match = session.scalar(
        select(StatementMatch)
        .join(
            MatchedRow,
            (MatchedRow.district_id == StatementMatch.district_id)
            & (MatchedRow.match_id == StatementMatch.id),
        )
        .where(MatchedRow.row_id == row.id)
    )
    if match is None:
        return None
    codes = accounts_by_id(session)
    transfers = session.scalars(
        select(Transfer)
        .join(
            MatchedTransfer,
            (MatchedTransfer.district_id == Transfer.district_id)
            & (MatchedTransfer.transfer_id == Transfer.id),
        )
        .where(MatchedTransfer.match_id == match.id)
        .order_by(Transfer.posted_on, Transfer.position)
    )
    moved = [(codes[each.debit_account_id], codes[each.credit_account_id], each.amount) for each in transfers]
    return Explained(match.kind, match.score, [reason["code"] for reason in match.reasons], moved)


def accounts_by_id(session: Session) -> dict[Any, str]:
    """Codes of all accounts of the district."""
    return {each.id: each.code for each in session.scalars(select(Account))}


def balances(session: Session, enterprise: Enterprise, codes: Sequence[str]) -> dict[str, str]:
    """Balances of accounts of the enterprise's book, debits minus credits, in tenge."""
    book_id = ledger.enterprise_book_id(session, enterprise.id)
    return {code: str(balance(session, book_id, code)) for code in codes}

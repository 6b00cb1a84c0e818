"""Books of tests: an enterprise's and the budget's, a classification, a posting policy, plain entries."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.budget import service as budget
from billing.budget.classification import import_starter_set
from billing.budget.models import PolicyKind
from billing.districts.models import Enterprise
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.ledger import service as ledger
from billing.ledger.chart import BANK, INCOME
from billing.ledger.models import Account, SourceKind, Transfer
from tests.support.districts import LONG_AGO, make_enterprise


@dataclass(frozen=True)
class Books:
    """The books of a district with one enterprise."""

    enterprise: Enterprise
    enterprise_book: UUID
    budget_book: UUID


def open_books(
    session: Session,
    *,
    policy: PolicyKind | None = PolicyKind.GROSS,
    vat_from: date | None = None,
    serial: int = 1,
    payment_term_days: int = 20,
) -> Books:
    """Both books, the starter classification, and a policy that has held since long ago."""
    enterprise = make_enterprise(session, serial, vat_from=vat_from, payment_term_days=payment_term_days)
    enterprise_book = ledger.open_enterprise_book(session, enterprise.id).id
    budget_book = ledger.open_budget_book(session).id
    import_starter_set(session)
    if policy is not None:
        budget.set_posting_policy(session, enterprise.id, kind=policy, valid_from=LONG_AGO)
    return Books(enterprise, enterprise_book, budget_book)


def post_sale(
    session: Session, book_id: UUID, posted_on: date, amount: Money, *, source_id: UUID | None = None
) -> UUID:
    """Money on the bank account against income, as an entry by hand. Returns the transfer's id."""
    entry = ledger.Entry(BANK, INCOME, amount, SourceKind.MANUAL, source_id=source_id or new_id())
    [transfer_id] = ledger.post(session, book_id, posted_on, [entry])
    return transfer_id


def balance(session: Session, book_id: UUID, code: str, fiscal_year: int = 0) -> Money:
    """An account's balance over all its transfers, debits minus credits, added up one by one."""
    account_id = session.scalars(
        select(Account.id).where(
            Account.book_id == book_id, Account.code == code, Account.fiscal_year == fiscal_year
        )
    ).one()
    moved = ZERO
    for transfer in session.scalars(select(Transfer).where(Transfer.book_id == book_id)):
        if transfer.debit_account_id == account_id:
            moved += transfer.amount
        if transfer.credit_account_id == account_id:
            moved -= transfer.amount
    return moved

"""An accountant's own entries: recorded, reversed once, and kept off the accounts that documents move."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.ledger.chart import ADVANCES, BANK, BUDGET_IN_TRANSIT, BUDGET_KSN, COST, RECEIVABLES
from billing.ledger.entries import ControlAccount, NotManual, SameAccount, record_entry, reverse_entry
from billing.ledger.models import AccountKind, SourceKind, Transfer
from billing.ledger.service import AlreadyReversed, Entry
from tests.support.books import balance, open_books

DAY = date(2026, 2, 10)
TEN = Money.tenge(10)


def count_transfers(session):
    """How many transfers there are."""
    return session.scalar(select(func.count()).select_from(Transfer))


def test_an_entry_is_recorded_and_reversed_once(session):
    """The cost of fuel is posted by hand, then mirrored; a second mirror is refused."""
    books = open_books(session)
    entry = record_entry(session, books.enterprise_book, posted_on=DAY, debit=COST, credit=BANK, amount=TEN)
    assert (entry.source_kind, entry.amount, entry.posted_on) == (SourceKind.MANUAL, TEN, DAY)
    assert balance(session, books.enterprise_book, COST) == TEN

    mirror = reverse_entry(session, entry.id, reversed_on=date(2026, 2, 11))

    assert (mirror.reverses_id, mirror.posted_on) == (entry.id, date(2026, 2, 11))
    assert balance(session, books.enterprise_book, COST) == Money(0)
    with pytest.raises(AlreadyReversed):
        reverse_entry(session, entry.id, reversed_on=date(2026, 2, 12))
    with pytest.raises(NotManual):
        reverse_entry(session, mirror.id, reversed_on=date(2026, 2, 12))
    assert count_transfers(session) == 2


@pytest.mark.parametrize(("debit", "credit"), [(RECEIVABLES, BANK), (BANK, ADVANCES)])
def test_accounts_of_documents_take_no_entry_by_hand(session, debit, credit):
    """Debts and advances are sums of invoices and payments; an entry between them would part the two."""
    books = open_books(session)

    with pytest.raises(ControlAccount):
        record_entry(session, books.enterprise_book, posted_on=DAY, debit=debit, credit=credit, amount=TEN)

    assert count_transfers(session) == 0


def test_revenue_codes_take_no_entry_by_hand(session):
    """In the budget's book money may arrive by hand, but a revenue line never comes without its fee."""
    books = open_books(session)
    row = ledger.AccountRow("206109", AccountKind.INCOME, "Басқа", "Другие", "Other", 2026)
    ledger.open_accounts(session, books.budget_book, [row])

    with pytest.raises(ControlAccount) as refusal:
        record_entry(session, books.budget_book, posted_on=DAY, debit=BUDGET_KSN, credit="206109", amount=TEN)
    assert refusal.value.facts == {"account": "206109"}

    record_entry(
        session, books.budget_book, posted_on=DAY, debit=BUDGET_KSN, credit=BUDGET_IN_TRANSIT, amount=TEN
    )
    assert balance(session, books.budget_book, BUDGET_KSN) == TEN


def test_both_sides_cannot_be_one_account(session):
    """From the bank to the bank is no entry."""
    books = open_books(session)
    with pytest.raises(SameAccount):
        record_entry(session, books.enterprise_book, posted_on=DAY, debit=BANK, credit=BANK, amount=TEN)
    assert count_transfers(session) == 0


def test_what_a_document_posted_is_not_reversed_by_hand(session):
    """A payment's transfer is corrected by reversing the payment."""
    books = open_books(session)
    entry = Entry(BANK, ADVANCES, TEN, SourceKind.PAYMENT, source_id=new_id())
    [transfer_id] = ledger.post(session, books.enterprise_book, DAY, [entry])

    with pytest.raises(NotManual):
        reverse_entry(session, transfer_id, reversed_on=DAY)
    with pytest.raises(NotFound):
        reverse_entry(session, new_id(), reversed_on=DAY)

    assert count_transfers(session) == 1

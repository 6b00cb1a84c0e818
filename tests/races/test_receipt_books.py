"""Receipt books in many hands at once: each number one payment, each range one book."""

from collections import Counter

import pytest

from billing.payments.models import Payment
from billing.payments.receipt_books import refusals
from billing.payments.receipt_books import service as books
from billing.payments.receipt_books.models import ReceiptBook, ReceiptDouble, ReceiptLeaf
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID
from tests.support.receipt_books import NOW, make_book, make_cashier, paper

E = books.EntryOutcome


@pytest.fixture
def cashier(sessions):
    """Who holds the books."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_cashier(session)


@pytest.fixture
def book(sessions, desk, cashier):
    """Numbers 1 to 5."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_book(session, desk.enterprise.id, cashier)


def enter(session, book, number, receipt):
    return books.enter_receipt(session, book.id, number, receipt, now=NOW, as_accountant=True)


def test_one_receipt_entered_by_all_at_once_is_one_payment(sessions, desk, book, together, clients):
    """One enters it, the others hear that it is there."""
    entries = together(lambda session, _: enter(session, book, 1, paper(desk.customer.id)))

    assert Counter(entry.outcome for entry in entries) == {E.ENTERED: 1, E.AGAIN: clients - 1}
    assert len({entry.payment.id for entry in entries}) == count(sessions, Payment) == 1
    assert all_agrees(sessions)


def test_two_receipts_with_one_number_at_once(sessions, desk, book, together, clients):
    """Whoever was first is booked; the other half is one double."""
    entries = together(
        lambda session, number: enter(session, book, 1, paper(desk.customer.id, 580 + number % 2))
    )

    outcomes = Counter(entry.outcome for entry in entries)
    assert outcomes == {E.ENTERED: 1, E.AGAIN: clients // 2 - 1, E.DOUBLE: clients // 2}
    assert count(sessions, Payment) == count(sessions, ReceiptDouble) == 1


def test_spoiling_and_entering_at_once(sessions, desk, book, together):
    """A number is used or spoiled, never both; nobody blocks."""

    def act(session, number):
        if number % 2:
            return books.spoil_number(session, book.id, 1, reason="x", now=NOW, as_accountant=True)
        return enter(session, book, 1, paper(desk.customer.id))

    outcomes = {type(each) for each in together(act)}

    assert outcomes in (
        {books.Entry, refusals.NumberUsed},
        {ReceiptLeaf, refusals.NumberSpoiled},
    )
    assert count(sessions, Payment) == int(books.Entry in outcomes)
    assert all_agrees(sessions)


def test_overlapping_ranges_handed_out_at_once(sessions, desk, cashier, together):
    """All ranges share a number: one book is made, the others are refused as a whole."""

    def issue(session, number):
        return make_book(
            session, desk.enterprise.id, cashier, first_number=number + 1, last_number=number + 60
        )

    made = [each for each in together(issue) if not isinstance(each, refusals.ReceiptNumbersTaken)]

    assert len(made) == count(sessions, ReceiptBook) == 1
    assert count(sessions, ReceiptLeaf) == 60


def test_a_book_handed_back_while_its_cashier_enters(sessions, desk, book, cashier, together):
    """Each receipt is entered before the book came back, or refused; what is missing is what was refused."""

    def act(session, number):
        session.info["actor_id"] = cashier.id
        if number == 0:
            return books.return_book(session, book.id, returned_on=book.issued_on, as_accountant=True)
        receipt = paper(desk.customer.id, fiscal_number=str(number % 5 + 1))
        return books.enter_receipt(session, book.id, number % 5 + 1, receipt, now=NOW, as_accountant=False)

    outcomes = together(act)

    entered = {each.number for each in outcomes if isinstance(each, books.Entry)}
    [returned] = [each for each in outcomes if isinstance(each, books.Returned)]
    assert set(returned.missing) == {1, 2, 3, 4, 5} - entered
    assert count(sessions, Payment) == len(entered)

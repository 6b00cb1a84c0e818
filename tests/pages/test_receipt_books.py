"""Receipt books in front of people: the accountant hands one out, the cashier enters it and hands it back."""

import re

import pytest
from sqlalchemy import select

from billing.access.models import Role, User
from billing.payments.models import Payment
from tests.support.billing import open_desk
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID
from tests.support.pages import text_of


@pytest.fixture
def village(sessions):
    """A resident who owes 1,160 tenge."""
    with sessions.begin(DISTRICT_ID) as session:
        village = open_desk(session)
        village.issue()
        return village


@pytest.fixture
def people(desk):
    """The accountant and the cashier, who read English."""
    return desk.seat(Role.ACCOUNTANT), desk.seat(Role.CASHIER)


@pytest.fixture
def book(people, sessions, village):
    """The address of numbers 1 to 5, in the cashier's hands."""
    with sessions.begin(DISTRICT_ID) as session:
        users = session.scalars(select(User)).all()
        holder = next(user.id for user in users if user.login.endswith("cashier"))
    answer = people[0].send(
        "/receipt-books/", first_number="1", last_number="5", cashier_id=str(holder), issued_on="2026-11-01"
    )
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["Location"]


def enter(cashier, book, village, number, amount="580", **typed):
    return cashier.send(
        book,
        "/enter",
        number=number,
        account_number=village.customer.account_number,
        amount=amount,
        taken_at="2026-11-10T11:30",
        fiscal_number=number,
        register_number="010101234567",
        **typed,
    )


def test_a_book_goes_round(people, sessions, book, village):
    """Entered twice it is one payment; a double is said and not booked; what is missing is named."""
    accountant, cashier = people
    page = cashier.read(book)
    for _ in range(2):
        assert enter(cashier, book, village, "1").status_code == 303
    double = enter(cashier, book, village, "1", "999")
    said = text_of(cashier.read(double.headers["Location"]))
    assert "Number 1 belongs to another payment. This one was not booked" in said
    assert cashier.send(book, "/spoil", spoiled_number="3", reason="torn").status_code == 303
    assert cashier.send_from(page, book, "/return", returned_on="2026-11-20").status_code == 303

    said = text_of(accountant.read(book))
    assert "Nothing is known of these numbers: 2, 4, 5" in said and "spoiled: torn" in said
    listed = text_of(accountant.read("/receipt-books/"))
    assert "000004–000005" in listed and "two payments under one number" in listed
    assert accountant.get("/receipt-books/troubles.xlsx").data.startswith(b"PK")
    assert count(sessions, Payment) == 1


def test_what_is_wrong_stands_at_its_field(people, sessions, book, village):
    """A spoiled number, one of another book, a range that is taken: said in words, nothing is written."""
    accountant, cashier = people
    cashier.send(book, "/spoil", spoiled_number="3", reason="torn")
    for number, words in (("3", "was declared spoiled: torn"), ("9", "it goes from 1 to 5")):
        answer = enter(cashier, book, village, number)
        assert answer.status_code == 422
        assert words in re.search(r'id="number-wrong">([^<]*)<', answer.text)[1]
    again = accountant.send("/receipt-books/", first_number="5", last_number="9", issued_on="2026-11-01")
    assert again.status_code == 422
    assert "are in another book already" in re.search(r'id="first_number-wrong">([^<]*)<', again.text)[1]
    assert count(sessions, Payment) == 0
    assert all_agrees(sessions)

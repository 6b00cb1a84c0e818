"""`auyl receipt-book`: handed out, entered, spoiled, handed back, and what is wrong."""

import json

import pytest
from sqlalchemy import select

from billing.access.models import Role
from billing.customers.models import Customer
from billing.payments.models import Payment
from tests.support.committed import all_agrees
from tests.support.web import make_user

SLIP = ("--fiscal-number", "700", "--register", "010101234567")


@pytest.fixture
def account(auyl, office, enterprise_id):
    """A resident's account; the cashier holds numbers 1 to 4 of series А."""
    with office.work() as session:
        make_user(session, "saule", Role.CASHIER, name="Сәуле")
        account = session.scalars(select(Customer.account_number)).one()
    issued = auyl("receipt-book", "issue", "saule", "1", "4", "--series", "А", "--on", "2026-04-01")
    assert "numbers 000001–000004" in issued.output
    return account


def test_a_book_s_way(auyl, office, account):
    """One receipt, a double, a spoiled number; the book comes back without two."""
    enter = ("receipt-book", "enter", "1", account, "580", "--series", "а", "--at", "2026-04-10T11:30", *SLIP)
    assert auyl(*enter).output.startswith("Number 1: entered.")
    assert auyl(*enter).output.startswith("Number 1: entered before.")
    double = (*enter[:4], "999", *enter[5:])
    assert auyl(*double).output.startswith("Number 1: number taken, for the accountant.")
    assert auyl("receipt-book", "spoil", "3", "torn", "--series", "А").output == (
        "Number 3 is spoiled: torn.\n"
    )
    listed = json.loads(auyl("receipt-book", "list", "--format", "json").output)
    assert [(row["values"]["cashier"], row["values"]["receipt_left"]) for row in listed["rows"]] == [
        ("Сәуле", 2)
    ]
    back = auyl("receipt-book", "return", "1", "--series", "А")
    assert back.stderr == "The book was handed back; 2 numbers are missing: 2, 4.\n"

    found = json.loads(auyl("receipt-book", "troubles", "--format", "json").output)
    assert [row["values"]["receipt_numbers"] for row in found["rows"]] == ["000002", "000004", "000001"]
    verified = auyl("verify")
    assert verified.exit_code == 1 and "receipt 2" in verified.output
    with office.work(read_only=True) as session:
        assert session.scalars(select(Payment.outside_id)).one()
    assert not all_agrees(office.sessions)


@pytest.mark.sqlite_only
def test_what_is_refused_ends_in_a_sentence(auyl, office, account, tmp_path):
    """No such number, user or time; the spreadsheet is written where it is asked for."""
    enter = ("receipt-book", "enter", "9", account, "580", "--at", "2026-04-10T11:30", *SLIP)
    assert auyl(*enter).exit_code == 1
    assert auyl("receipt-book", "issue", "nobody", "1", "4").exit_code == 1
    taken = auyl("receipt-book", "issue", "saule", "4", "8", "--series", "А")
    assert taken.exit_code == 1 and "are in another book already" in taken.stderr
    path = tmp_path / "books.xlsx"
    assert auyl("receipt-book", "troubles", "--format", "xlsx", "--output", str(path)).exit_code == 0
    assert path.read_bytes().startswith(b"PK")

"""``auyl statement exceptions``, ``match`` and ``undo``: read, decided and taken back at a terminal."""

import json

import openpyxl
import pytest
from sqlalchemy import select

from billing.customers.models import Customer
from billing.districts.models import BankAccount
from billing.kernel.ids import new_id
from billing.payments.models import Payment
from billing.reconciliation.matches import open_exceptions
from billing.reconciliation.models import ExceptionKind, MatchingRule
from tests.support.bank_rows import take_in_rows
from tests.support.customers import make_customer
from tests.support.identifiers import synthetic_bin, synthetic_iban, synthetic_iin
from tests.support.resident_rows import APRIL_12, came
from tests.support.workforce import make_worker


@pytest.fixture
def waiting(office, enterprise_id):
    """A row of a known payer that waits since 12 April; its id."""
    with office.work() as session:
        account = session.scalars(select(BankAccount)).one()
        named = {"counterparty_iin_bin": synthetic_iin(1), "counterparty_iban": synthetic_iban(800)}
        [taken] = take_in_rows(session, account, came("2000", purpose="қар тазалау", **named))
        open_exceptions(session, {taken.id: ExceptionKind.UNKNOWN_PAYER}, opened_on=APRIL_12)
        return str(taken.id)


@pytest.fixture
def account_number(office, enterprise_id):
    """Of the customer who pays."""
    with office.work(read_only=True) as session:
        return session.scalars(select(Customer.account_number)).one()


def sums(office):
    """Sums of all payments, in their order."""
    with office.work(read_only=True) as session:
        return [str(amount) for amount in session.scalars(select(Payment.amount).order_by(Payment.id))]


def test_waiting_rows_are_listed_with_their_ids(auyl, waiting, tmp_path):
    """For people, for programs, as a spreadsheet; filtered by reason and age."""
    assert waiting in auyl("statement", "exceptions").output
    listed = json.loads(auyl("statement", "exceptions", "--format", "json").output)
    assert [row["values"]["row_id"] for row in listed["rows"]] == [waiting]
    assert listed["rows"][0]["values"]["age_days"] == 8
    assert synthetic_iin(1) not in auyl("statement", "exceptions", "--format", "json").output
    assert waiting not in auyl("statement", "exceptions", "--kind", "ambiguous").output
    assert waiting not in auyl("statement", "exceptions", "--days", "9").output
    file = tmp_path / "waiting.xlsx"
    assert auyl("statement", "exceptions", "--format", "xlsx", "--output", str(file)).exit_code == 0
    cells = [cell for line in openpyxl.load_workbook(file).active.values for cell in line]
    assert waiting in cells


def test_the_id_of_a_row_stands_whole_beside_long_texts(auyl, office, enterprise_id):
    """What ``match`` takes can be copied from the table, however much the bank wrote."""
    with office.work() as session:
        account = session.scalars(select(BankAccount)).one()
        long = {"counterparty_name": "Әлімбаева Гүлнұр " * 4, "counterparty_iban": synthetic_iban(800)}
        [taken] = take_in_rows(session, account, came("2000", purpose="қар тазалау ақысы " * 12, **long))
        open_exceptions(session, {taken.id: ExceptionKind.UNKNOWN_PAYER}, opened_on=APRIL_12)
        row = str(taken.id)

    assert row in auyl("statement", "exceptions").output
    assert row in auyl("statement", "rows").output


def test_a_row_is_weighed_decided_and_undone(auyl, office, waiting, account_number):
    """Whose money it may be, the decision with a rule, and the way back."""
    weighed = auyl("statement", "match", waiting)
    assert weighed.exit_code == 0
    assert "he is the payer: IIN/BIN" in weighed.output
    assert sums(office) == []

    decided = auyl("statement", "match", waiting, "--customer", account_number, "--why", "rang", "--rule")
    assert "Decided: customer's payment, 12 Apr 2026." in decided.output
    assert sums(office) == ["2000.00"]
    with office.work(read_only=True) as session:
        assert session.scalars(select(MatchingRule.iban)).all() == [synthetic_iban(800)]

    undone = auyl("statement", "undo", waiting, "--reason", "another's", "--on", "2026-04-15")
    assert undone.output == "Undone; the row waits again.\n"
    assert auyl("statement", "undo", waiting, "--reason", "again").exit_code == 1
    assert waiting in auyl("statement", "exceptions").output


def test_a_row_is_split_or_posted_elsewhere(auyl, office, waiting, account_number):
    """Sums after the numbers split it; sums that differ are refused; an account takes what is no payment."""
    with office.work() as session:
        other = make_customer(session, 2).account_number
    split = ("--customer", f"{account_number}=1160", "--customer", f"{other}=840,00", "--why", "a family")
    refused = auyl("statement", "match", waiting, *split[:2], "--why", "x")
    assert refused.exit_code == 1
    assert "The sums differ" in refused.output
    assert auyl("statement", "match", waiting, *split).exit_code == 0
    assert sums(office) == ["1160.00", "840.00"]
    auyl("statement", "undo", waiting, "--reason", "no")
    with office.work() as session:
        worker = make_worker(session).iin
    given_back = ("statement", "match", waiting, "--account", "3350", "--why", "pay given back")
    assert auyl(*given_back).exit_code == 1
    assert auyl(*given_back, "--party", f"{worker}=1999").exit_code == 1
    assert auyl(*given_back, "--party", worker).exit_code == 0
    auyl("statement", "undo", waiting, "--reason", "no")
    posted = auyl("statement", "match", waiting, "--account", "7210", "--why", "paid back")
    assert posted.exit_code == 0
    assert len(sums(office)) == 2


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (["--customer", "1", "--account", "7210", "--why", "x"], 2),
        (["--account", "7210"], 2),
        (["--fees-of", "1", "--account", "7210", "--why", "x"], 2),
        (["--fees-of", synthetic_bin(1), "--why", "not the budget's account"], 1),
        (["--customer", "1", "--party", "1", "--why", "x"], 2),
        (["--account", "3310", "--party", "1", "--why", "x"], 1),
        (["--customer", "1=many", "--why", "x"], 2),
        (["--customer", "1", "--why", "x"], 1),
        (["--account", "3510", "--why", "x"], 1),
    ],
)
def test_what_is_typed_wrongly_decides_nothing(auyl, office, waiting, words, exit_code):
    """2 for a wrong command, 1 for a refusal; the row waits."""
    assert auyl("statement", "match", waiting, *words).exit_code == exit_code
    assert waiting in auyl("statement", "exceptions").output
    assert auyl("statement", "match", str(new_id())).exit_code == 1
    assert sums(office) == []

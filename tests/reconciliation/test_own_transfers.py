"""Money that moves between the enterprise's own accounts is in transit until both statements show it."""

from datetime import date

import pytest

from billing.districts import service as districts
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger import entries
from billing.ledger import service as ledger
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.models import ExceptionKind, MatchKind
from billing.reconciliation.own_transfers import match_own_transfers
from billing.verification.service import verify
from tests.support.bank_desk import NOVEMBER_26, add_treasury_account, open_bank
from tests.support.bank_rows import NOVEMBER_20, balances, explained, row, take_in_rows
from tests.support.identifiers import synthetic_iban

T = Money.tenge
KASPI = synthetic_iban(88, "722")
HALYK = synthetic_iban(1)


@pytest.fixture
def bank(session):
    """An enterprise with an account at Halyk, printed on invoices, and one at Kaspi."""
    return open_bank(session)


@pytest.fixture
def kaspi(bank):
    """The other account."""
    return districts.add_bank_account(
        bank.session,
        bank.desk.enterprise.id,
        iban=KASPI,
        bic="CASPKZKA",
        bank_name_kk="«Kaspi Bank» АҚ",
        bank_name_ru="АО «Kaspi Bank»",
        kbe="16",
    )


def match(bank, account, rows):
    """Let the matcher look at rows."""
    return match_own_transfers(bank.session, account, rows, decided_on=NOVEMBER_26).left


def test_both_rows_are_booked_over_money_in_transit(bank, kaspi):
    """Out of Kaspi today, in at Halyk tomorrow: 1020 holds it in between, and 1030 is whole again after."""
    [out] = take_in_rows(bank.session, kaspi, row(5000, counterparty_iban=HALYK))
    [came] = take_in_rows(
        bank.session, bank.account, row(5000, Direction.IN, on=date(2026, 11, 21), counterparty_iban=KASPI)
    )

    assert match(bank, kaspi, [out]) == {}
    found = explained(bank.session, out)
    assert (found.kind, found.score, found.moved) == (MatchKind.ENTRY, 100, [("1020", "1030", T(5000))])
    assert bank.balances("1020", "1030") == {"1020": "5000.00", "1030": "-5000.00"}
    assert list(verify(bank.session)) == []

    assert match(bank, bank.account, [came]) == {}
    assert explained(bank.session, came).moved == [("1030", "1020", T(5000))]
    assert bank.balances("1020", "1030") == {"1020": "0.00", "1030": "0.00"}
    assert list(verify(bank.session)) == []


def test_other_accounts_are_none_of_its_business(bank, kaspi):
    """A stranger's account, the treasury's, and an account of one's own name at itself are left."""
    treasury = add_treasury_account(bank)
    rows = bank.rows(
        row(1, counterparty_iban=synthetic_iban(99)),
        row(2, counterparty_iban=treasury.iban),
        row(3, counterparty_iban=HALYK),
        row(4),
    )

    assert match(bank, bank.account, rows) == {}
    assert [explained(bank.session, each) for each in rows] == [None] * 4


def test_what_an_accountant_posted_himself_is_left_to_him(bank, kaspi):
    """His own entry over 1020 may be this row; so may one of the other way round for the other row."""
    book_id = ledger.enterprise_book_id(bank.session, bank.desk.enterprise.id)
    entries.record_entry(
        bank.session, book_id, posted_on=NOVEMBER_20, debit="1020", credit="1030", amount=T(5000)
    )
    [out] = take_in_rows(bank.session, kaspi, row(5000, counterparty_iban=HALYK))
    [came] = bank.rows(row(5000, Direction.IN, counterparty_iban=KASPI))

    assert match(bank, kaspi, [out]) == {out.id: ExceptionKind.DUPLICATE_SUSPECTED}
    assert match(bank, bank.account, [came]) == {}
    assert balances(bank.session, bank.desk.enterprise, ["1020"]) == {"1020": "0.00"}


def test_a_closed_month_is_not_posted_into(bank, kaspi):
    """Left for the accountant, nothing posted."""
    bank.desk.pay(1, received_on=date(2026, 11, 1))
    book_id = ledger.enterprise_book_id(bank.session, bank.desk.enterprise.id)
    ledger.close_month(bank.session, book_id, Month(2026, 11), today=date(2026, 12, 2))
    [out] = bank.rows(row(5000, counterparty_iban=KASPI))

    assert match(bank, bank.account, [out]) == {out.id: ExceptionKind.NOT_BOOKABLE}
    assert bank.balances("1020") == {"1020": "0.00"}

"""What goes out of the bank account is booked where payee and sum leave no doubt, and left where they do."""

from datetime import date

import pytest
from sqlalchemy import event, select

from billing.kernel.dates import Month
from billing.kernel.identifiers import mask_iin
from billing.kernel.money import Money
from billing.ledger import entries
from billing.ledger import service as ledger
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import Look
from billing.reconciliation.models import ExceptionKind, MatchKind, StatementMatch
from billing.reconciliation.outgoing import match_outgoing
from billing.reconciliation.undo import undo_match
from tests.support.bank_desk import NOVEMBER_26, add_treasury_account, open_bank, refunded, work_done
from tests.support.bank_rows import NOVEMBER_20, row, take_in_rows
from tests.support.identifiers import synthetic_bin, synthetic_iban, synthetic_iin
from tests.support.providers import make_provider
from tests.support.workforce import make_contractor, make_contractor_contract, make_worker

BANK_ITSELF = {"counterparty_name": 'АО "Народный Банк Казахстана"', "counterparty_bic": "HSBKKZKX"}
KAZAKH_CHARGE = "Шотты жүргізу қызметі үшін"
WORKER_IIN = synthetic_iin(901)
T = Money.tenge


@pytest.fixture
def bank(session):
    """An enterprise with a bank account and nothing on it."""
    return open_bank(session)


@pytest.mark.parametrize(
    "named",
    [
        BANK_ITSELF | {"purpose": "Комиссия за ведение счета за ноябрь"},
        BANK_ITSELF | {"purpose": KAZAKH_CHARGE},
        BANK_ITSELF | {"purpose": "Commission for November"},
        {"counterparty_name": "«Қазақстан Халық Банкі» АҚ", "purpose": "КОМИССИЯ"},
        {"purpose": "Комиссия банка"},
    ],
    ids=["Russian", "Kazakh", "English", "by-name", "nobody-named"],
)
def test_the_bank_s_charge_is_an_expense(bank, named):
    """A charge of the account's own bank goes to 7210, whatever language it says so in."""
    iban = {"counterparty_iban": synthetic_iban(77)} if "АҚ" in named.get("counterparty_name", "") else {}
    [charge] = bank.rows(row("250.50", **named, **iban))

    assert bank.match([charge]) == {}

    found = bank.explained(charge)
    assert (found.kind, found.score) == (MatchKind.COMMISSION, 100)
    assert found.reasons == ["charged_by_bank", "charge_in_purpose"]
    assert found.moved == [("7210", "1030", T("250.50"))]
    assert bank.balances("1030", "7210") == {"1030": "-250.50", "7210": "250.50"}


def test_a_provider_s_charge_is_an_expense(bank):
    """Kaspi pays over the whole and charges its commission apart."""
    make_provider(bank.session, bank.desk.enterprise.id, bin=synthetic_bin(77))
    [charge] = bank.rows(
        row("303.75", counterparty_iin_bin=synthetic_bin(77), purpose="Комиссия за прием платежей")
    )

    assert bank.match([charge]) == {}
    assert bank.explained(charge).reasons == ["charged_by_provider", "charge_in_purpose"]


@pytest.mark.parametrize(
    "named",
    [
        {"counterparty_name": "ТОО Сервис", "counterparty_bic": "HSBKKZKX", "purpose": "Қызмет үшін төлем"},
        BANK_ITSELF | {"purpose": "Погашение займа"},
        BANK_ITSELF | {"counterparty_bic": "CASPKZKA", "purpose": "Комиссия за чужую гарантию"},
        {"counterparty_name": "Иванов Банкет", "purpose": "Комиссия посреднику"},
    ],
    ids=["another-customer-of-the-bank", "no-charge", "another-bank", "a-person"],
)
def test_what_only_looks_like_a_charge_is_left(bank, named):
    """The word alone, or the bank alone, is not a charge: nothing is posted."""
    [other] = bank.rows(row(250, **named))

    assert bank.match([other]) == {other.id: ExceptionKind.UNEXPECTED_OUTGOING}
    assert bank.explained(other) is None
    assert bank.balances("1030", "7210") == {"1030": "0.00", "7210": "0.00"}


def test_a_worker_is_paid_what_he_is_owed(bank):
    """Pay goes against 3350 under the worker; what is left stays owed."""
    work_done(bank)  # two hours, 3,000 tenge
    [pay] = bank.rows(row(2000, counterparty_iin_bin=WORKER_IIN, purpose="Еңбекақы"))

    assert bank.match([pay]) == {}

    found = bank.explained(pay)
    assert (found.kind, found.score, found.moved) == (
        MatchKind.PAYOUT,
        100,
        [("3350", "1030", T(2000))],
    )
    assert bank.balances("3350", "1030") == {"3350": "-1000.00", "1030": "-2000.00"}
    match = bank.session.scalars(select(StatementMatch)).one()
    assert match.reasons[0]["facts"] == {"iin_bin": mask_iin(WORKER_IIN)}
    assert (match.matched_on, match.decided_by) == (NOVEMBER_20, None)


def test_several_payouts_of_one_statement_together_stay_within_what_is_owed(bank):
    """The third row would pay more than is left: it is left, the first two are booked."""
    work_done(bank)
    paid = {"counterparty_iin_bin": WORKER_IIN}
    first, second, third = bank.rows(
        row(1500, **paid), row(1000, **paid, on=date(2026, 11, 21)), row(600, **paid, on=date(2026, 11, 22))
    )

    assert bank.match([first, second, third]) == {third.id: ExceptionKind.AMOUNT_DIFFERS}
    assert bank.balances("3350") == {"3350": "-500.00"}


def test_more_than_owed_is_left(bank):
    """A tiyn too much is a question, not a payout."""
    work_done(bank)
    [pay] = bank.rows(row("3000.01", counterparty_iin_bin=WORKER_IIN))

    assert bank.match([pay]) == {pay.id: ExceptionKind.AMOUNT_DIFFERS}
    assert bank.balances("3350", "1030") == {"3350": "-3000.00", "1030": "0.00"}


def test_a_contractor_is_paid_on_its_account(bank):
    """A contractor is known by BIN or by its IBAN; it is owed on 3310."""
    contract = make_contractor_contract(bank.session, bank.desk.enterprise.id, bank.desk.service.id)
    work_done(bank, "3", doer=contract)  # 2,400 tenge
    by_bin, by_iban = bank.rows(
        row(1400, counterparty_iin_bin=synthetic_bin(9_001)),
        row(1000, counterparty_iban=synthetic_iban(9_001)),
    )

    assert bank.match([by_bin, by_iban]) == {}
    assert bank.explained(by_iban).moved == [("3310", "1030", T(1000))]
    assert bank.balances("3310") == {"3310": "0.00"}


def test_the_actual_payee_counts_as_well(bank):
    """The bank may name another in between: «фактический получатель» is the worker."""
    work_done(bank)
    [pay] = bank.rows(row(3000, counterparty_iin_bin=synthetic_bin(5), ultimate_iin_bin=WORKER_IIN))

    assert bank.match([pay]) == {}
    assert bank.explained(pay).kind is MatchKind.PAYOUT


def test_the_sum_alone_is_nobody_s_pay(bank):
    """Exactly what the worker is owed, paid to somebody else, is unexpected."""
    work_done(bank)
    [other] = bank.rows(row(3000, counterparty_iin_bin=synthetic_iin(17)))

    assert bank.match([other]) == {other.id: ExceptionKind.UNEXPECTED_OUTGOING}


def test_a_worker_who_is_nobody_s_creditor_gets_no_payout(bank):
    """Somebody known to whom nothing is owed: the sum differs from what is expected."""
    make_worker(bank.session)
    [pay] = bank.rows(row(1, counterparty_iin_bin=WORKER_IIN))

    assert bank.match([pay]) == {pay.id: ExceptionKind.AMOUNT_DIFFERS}


def test_fees_sent_on_go_against_the_debt_to_the_budget(bank):
    """To the district's own account in the treasury, or with KNP 911 under a fee's code: Dr 3190."""
    add_treasury_account(bank)
    to_account, under_code = bank.rows(
        row(5000, counterparty_iban=synthetic_iban(70, "070")),
        row(700, knp="911", budget_code="206109", counterparty_iban="KZ24070105KSN0000000"),
    )

    assert bank.match([to_account, under_code]) == {}
    assert bank.explained(to_account).kind is MatchKind.BUDGET_TRANSFER
    assert bank.explained(under_code).moved == [("3190", "1030", T(700))]
    assert bank.balances("3190", "1030") == {"3190": "5700.00", "1030": "-5700.00"}


@pytest.mark.parametrize(
    "named",
    [{"knp": "911", "budget_code": "101202"}, {"knp": "859", "budget_code": "206109"}, {"knp": "911"}],
    ids=["a-tax", "another-KNP", "no-code"],
)
def test_taxes_are_not_fees_sent_on(bank, named):
    """A tax of the enterprise's own has its own account, which the accountant names."""
    [tax] = bank.rows(row(700, **named))

    assert bank.match([tax]) == {tax.id: ExceptionKind.UNEXPECTED_OUTGOING}


def test_what_an_accountant_has_posted_is_not_posted_again(bank):
    """A row that may be his own entry of these days waits for him, however sure its explanation is."""
    book_id = ledger.enterprise_book_id(bank.session, bank.desk.enterprise.id)
    entry = entries.record_entry(
        bank.session, book_id, posted_on=date(2026, 11, 18), debit="7210", credit="1030", amount=T(250)
    )
    charge = BANK_ITSELF | {"purpose": "Комиссия"}
    near, far, other = bank.rows(
        row(250, **charge), row(250, **charge, on=date(2026, 11, 25)), row(251, **charge)
    )

    assert bank.match([near, far, other]) == {near.id: ExceptionKind.DUPLICATE_SUSPECTED}

    entries.reverse_entry(bank.session, entry.id, reversed_on=NOVEMBER_20)
    assert bank.match([near]) == {}


def test_a_closed_month_takes_nothing_but_confirmations(bank):
    """What would be posted into a closed month is left; a refund the books know is confirmed all the same."""
    refunded(bank)
    for book in ledger.list_books(bank.session):
        ledger.close_month(bank.session, book.id, Month(2026, 11), today=date(2026, 12, 2))
    charge, back = bank.rows(
        row(250, **BANK_ITSELF, purpose="Комиссия"), row(300, counterparty_iin_bin=synthetic_iin(1))
    )

    assert bank.match([charge, back]) == {charge.id: ExceptionKind.NOT_BOOKABLE}
    assert bank.explained(back).kind is MatchKind.CONFIRMATION


def test_an_undone_payout_is_owed_again(bank):
    """Undoing mirrors the posting under the same worker, and the row is open again."""
    work_done(bank)
    [pay] = bank.rows(row(3000, counterparty_iin_bin=WORKER_IIN))
    bank.match([pay])
    match = bank.session.scalars(select(StatementMatch)).one()

    undo_match(bank.session, match.id, undone_on=NOVEMBER_26, reason="не та ведомость")

    assert bank.explained(pay) is None
    assert bank.balances("3350", "1030") == {"3350": "-3000.00", "1030": "0.00"}
    assert bank.match([pay]) == {}
    assert bank.balances("3350", "1030") == {"3350": "0.00", "1030": "-3000.00"}


def test_incoming_rows_and_the_budget_s_accounts_are_none_of_its_business(bank):
    """Rows that came in, and rows of the treasury's account, are left without a word."""
    treasury = add_treasury_account(bank)
    charge = BANK_ITSELF | {"purpose": "Комиссия"}
    [came] = bank.rows(row(250, Direction.IN, **charge))
    [went] = take_in_rows(bank.session, treasury, row(250, counterparty_bic="KKMFKZ2A", purpose="Комиссия"))

    assert bank.match([came]) == {}
    assert match_outgoing(bank.session, treasury, [went], decided_on=NOVEMBER_26) == Look()
    assert bank.explained(came) is None
    assert bank.explained(went) is None


def test_the_number_of_queries_does_not_grow_with_the_rows(bank):
    """Twenty rows of one day are looked at with as many queries as two."""
    work_done(bank, "20")
    refunded(bank)

    def queries(count):
        rows = bank.rows(
            *(row(10 + n, counterparty_iin_bin=WORKER_IIN) for n in range(count)),
            row(250, **BANK_ITSELF, purpose="Комиссия"),
        )
        seen = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        engine = bank.session.get_bind()
        event.listen(engine, "before_cursor_execute", listener)
        try:
            assert bank.match(rows) == {}
        finally:
            event.remove(engine, "before_cursor_execute", listener)
        return len(seen)

    assert queries(20) == queries(2)


def test_a_contractor_without_account_is_not_paid_by_an_empty_iban(bank):
    """Two missing account numbers are not the same account number."""
    contractor = make_contractor(bank.session, 9_002)
    contractor.iban = None
    bank.session.flush()
    [other] = bank.rows(row(100, counterparty_name="Кто-то"))

    assert bank.match([other]) == {other.id: ExceptionKind.UNEXPECTED_OUTGOING}

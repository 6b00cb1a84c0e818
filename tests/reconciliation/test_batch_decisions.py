"""An accountant puts a provider's batch together; what the sums do not explain must have a name."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.kernel.dates import Month
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.ledger.models import Transfer
from billing.ledger.service import MonthClosed
from billing.payments import service as payments
from billing.payments.service import PaymentReversed
from billing.reconciliation.batch_decisions import (
    AccountNotForBatch,
    BatchSums,
    Chosen,
    DifferenceNotNamed,
    PaymentOfAnotherChannel,
    RowsOfSeveralAccounts,
    settle_batch,
    weigh_batch,
)
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.in_provider_hands import unsettled_returns
from billing.reconciliation.matches import PaymentSettled, RowMatched
from billing.reconciliation.models import MatchKind, SettledPayment, StatementMatch
from billing.reconciliation.undo import undo_match
from billing.verification.service import verify
from tests.support.bank_desk import NOVEMBER_26, add_treasury_account
from tests.support.bank_rows import account_of, row, take_in_rows
from tests.support.billing import open_for_business
from tests.support.identifiers import synthetic_iban
from tests.support.provider_money import (
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    match_batches,
    open_bank_with_provider,
    paid_over,
    pay_through,
)
from tests.support.providers import make_provider

T = Money.tenge


@pytest.fixture
def opened(session):
    """A bank account and its provider."""
    return open_bank_with_provider(session)


@pytest.fixture
def bank(opened):
    """The bank account."""
    return opened[0]


@pytest.fixture
def settle(opened):
    """Settle chosen rows and payments of the provider."""
    bank, provider = opened

    def settle(rows, paid, *, why="сверено с реестром", difference_reason=None, **chosen):
        payment_ids = [payment.id for payment in paid]
        rows_and_payments = Chosen(provider.id, [each.id for each in rows], payment_ids, **chosen)
        return settle_batch(
            bank.session,
            rows_and_payments,
            why=why,
            difference_reason=difference_reason,
            decided_on=NOVEMBER_26,
        )

    return settle


def nothing_happened(bank):
    """No match, no claim, and no posting by statement."""
    counts = [
        bank.session.scalar(select(func.count()).select_from(table))
        for table in (StatementMatch, SettledPayment)
    ]
    by_statement = select(func.count()).select_from(Transfer).where(Transfer.source_kind == "statement")
    return [*counts, bank.session.scalar(by_statement)] == [0, 0, 0]


def test_a_difference_with_a_name_is_an_expense(bank, settle):
    """12 tenge too little: paid, commission and the named difference empty 1020."""
    paid = [pay_through(bank.desk, 1000)]
    [short] = bank.rows(paid_over("978.50"))
    assert match_batches(bank, [short]) != {}

    match_id = settle([short], paid, difference_reason="комиссия за терминал")

    match = bank.session.get(StatementMatch, (1, match_id))
    assert (match.kind, match.score, match.why) == (MatchKind.PROVIDER_BATCH, None, "сверено с реестром")
    assert match.reasons[-1]["facts"] == {"difference": "12.00", "reason": "комиссия за терминал"}
    assert bank.balances("1030", "1020", "7210") == {"1030": "978.50", "1020": "0.00", "7210": "21.50"}
    assert list(verify(bank.session)) == []


def test_a_difference_may_be_in_our_favour(bank, settle):
    """5 tenge too much lower the expense."""
    paid = [pay_through(bank.desk, 1000)]
    [long] = bank.rows(paid_over("995.50"))

    settle([long], paid, difference_reason="округление банка")

    assert bank.balances("1020", "7210") == {"1020": "0.00", "7210": "4.50"}
    assert list(verify(bank.session)) == []


def test_a_difference_without_a_name_is_refused(bank, settle):
    """The refusal says all four sums; nothing is settled."""
    paid = [pay_through(bank.desk, 1000)]
    [short] = bank.rows(paid_over("978.50"))

    with pytest.raises(DifferenceNotNamed) as refusal:
        settle([short], paid, difference_reason="  ")

    assert refusal.value.facts == {
        "gross": T(1000),
        "commission": T("9.50"),
        "credited": T("978.50"),
        "difference": T(12),
    }
    assert nothing_happened(bank)


def test_a_commission_that_was_agreed_otherwise_is_no_difference(bank, settle):
    """The accountant says what was withheld; the sums agree and need no further name."""
    paid = [pay_through(bank.desk, 1000)]
    [row_] = bank.rows(paid_over("978.50"))

    settle([row_], paid, commission=T("21.50"))

    assert bank.balances("1020", "7210") == {"1020": "0.00", "7210": "21.50"}


def test_days_and_rows_may_be_put_together_freely(bank, settle):
    """Payments of two days paid over in two rows of other days: one match, each row on its own day."""
    paid = [pay_through(bank.desk, 1000, MONDAY), pay_through(bank.desk, 1000, TUESDAY)]
    rows = bank.rows(paid_over(900, TUESDAY), paid_over(1081, WEDNESDAY))

    settle(rows, paid)

    assert bank.explained(rows[0]).moved == [("1030", "1020", T(900)), ("1030", "1020", T(1081))]
    assert list(verify(bank.session)) == []


def test_what_was_taken_back_in_a_row_of_its_own_is_settled(bank, settle):
    """The provider debits a payment reversed after it was paid over: the row settles just that."""
    wrong = pay_through(bank.desk, 1000)
    [paid] = bank.rows(paid_over("990.50"))
    match_batches(bank, [paid])
    payments.reverse_payment(bank.session, wrong.id, reversed_on=TUESDAY, reason="чужой платёж")
    [debit] = bank.rows(row("990.50", Direction.OUT, on=WEDNESDAY))
    returns = unsettled_returns(bank.session, bank.desk.enterprise.id, ["kaspi"], last_day=NOVEMBER_26)

    settle(
        [debit],
        [],
        return_ids=[each.transfer_id for each in returns],
        difference_reason="комиссия возвращена",
    )

    assert bank.balances("1020", "1030", "7210") == {"1020": "0.00", "1030": "0.00", "7210": "0.00"}
    assert list(verify(bank.session)) == []


def test_an_undone_decision_leaves_everything_as_it_was(bank, settle):
    """Credit, commission and difference are mirrored; the same can be decided again."""
    paid = [pay_through(bank.desk, 1000)]
    [short] = bank.rows(paid_over("978.50"))
    match_id = settle([short], paid, difference_reason="комиссия за терминал")

    undo_match(bank.session, match_id, undone_on=NOVEMBER_26, reason="не та строка")

    assert bank.balances("1030", "1020", "7210") == {"1030": "0.00", "1020": "1000.00", "7210": "0.00"}
    assert list(verify(bank.session)) == []
    settle([short], paid, difference_reason="комиссия за терминал")


def test_settled_and_reversed_payments_are_refused(bank, settle):
    """Neither what another batch holds nor what was taken back can be paid over."""
    settled, wrong = pay_through(bank.desk, 1000), pay_through(bank.desk, 500, TUESDAY)
    payments.reverse_payment(bank.session, wrong.id, reversed_on=TUESDAY, reason="чужой платёж")
    first, second = bank.rows(paid_over("990.50"), paid_over("490.50", WEDNESDAY))
    settle([first], [settled])
    before = bank.balances("1020", "1030", "7210")

    with pytest.raises(PaymentSettled):
        settle([second], [settled], difference_reason="?")
    with pytest.raises(PaymentReversed):
        settle([second], [wrong], difference_reason="?")
    with pytest.raises(RowMatched):
        settle([first], [settled], difference_reason="?")
    assert bank.balances("1020", "1030", "7210") == before


def test_payments_of_another_channel_are_refused(bank, settle):
    """Another provider's payment, or one by bank transfer, is not in this provider's hands."""
    make_provider(bank.session, bank.desk.enterprise.id, "halyk")
    others = [pay_through(bank.desk, 1000, channel="halyk"), bank.desk.pay(1000, received_on=MONDAY)]
    [paid] = bank.rows(paid_over("990.50"))

    for other in others:
        with pytest.raises(PaymentOfAnotherChannel) as refusal:
            settle([paid], [other])
        assert refusal.value.facts["payment_id"] == other.id
    assert nothing_happened(bank)


def test_rows_must_be_of_one_account_of_the_enterprise(bank, settle, session):
    """Rows of two accounts, of the treasury, or of another enterprise are no batch of this provider."""
    paid = [pay_through(bank.desk, 1000)]
    treasury = add_treasury_account(bank)
    [own] = bank.rows(paid_over(500))
    [budget] = take_in_rows(session, treasury, paid_over("490.50"))
    other = open_for_business(session, 2)
    [foreign] = take_in_rows(session, account_of(session, other), paid_over("990.50"))

    with pytest.raises(RowsOfSeveralAccounts):
        settle([own, budget], paid)
    with pytest.raises(AccountNotForBatch) as refusal:
        settle([budget], paid, difference_reason="?")
    assert refusal.value.facts == {"iban": synthetic_iban(70, "070")}
    with pytest.raises(AccountNotForBatch):
        settle([foreign], paid)
    assert nothing_happened(bank)


@pytest.mark.parametrize(
    ("field", "change"),
    [("why", {"why": ""}), ("commission", {"commission": T("-1")})],
)
def test_incomplete_decisions_are_refused(bank, settle, field, change):
    """Without a word of why, or with a commission below zero, nothing is settled."""
    paid = [pay_through(bank.desk, 1000)]
    [over] = bank.rows(paid_over("990.50"))

    with pytest.raises(InvalidInput) as refusal:
        settle([over], paid, **change)

    assert refusal.value.facts["field"] == field
    assert nothing_happened(bank)


def test_nothing_is_no_batch(bank, settle):
    """Rows without payments, payments without rows, and things that are not there are refused."""
    paid = [pay_through(bank.desk, 1000)]
    [over] = bank.rows(paid_over("990.50"))

    for rows, chosen, error in (([], paid, InvalidInput), ([over], [], InvalidInput)):
        with pytest.raises(error):
            settle(rows, chosen)
    with pytest.raises(NotFound):
        settle([over], [], return_ids=[new_id()])
    assert nothing_happened(bank)


def test_a_closed_month_is_refused(bank, settle):
    """A row of a closed month cannot be posted, not even by hand."""
    paid = [pay_through(bank.desk, 1000)]
    [over] = bank.rows(paid_over("990.50"))
    for book in ledger.list_books(bank.session):
        ledger.close_month(bank.session, book.id, Month(2026, 11), today=date(2026, 12, 2))

    with pytest.raises(MonthClosed):
        settle([over], paid)
    assert nothing_happened(bank)


def test_a_batch_is_weighed_before_it_is_decided(opened):
    """What it would come to, by the same rules; nothing is written."""
    bank, provider = opened
    paid = pay_through(bank.desk, 1000)
    [short] = bank.rows(paid_over("978.50"))

    sums = weigh_batch(bank.session, Chosen(provider.id, [short.id], [paid.id]))

    assert sums == BatchSums(T(1000), T("9.50"), T("978.50"))
    assert sums.difference == T(12)
    assert nothing_happened(bank)

"""A provider's row settles the payments it pays over when they come to exactly its sum, and only then."""

from datetime import date

import pytest
from sqlalchemy import select

from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.ledger.balances import balance_of
from billing.ledger.models import Account
from billing.payments import service as payments
from billing.payments.models import PaymentMethod
from billing.reconciliation.models import (
    ExceptionKind,
    MatchedRow,
    MatchKind,
    SettledPayment,
    SettledReturn,
    StatementMatch,
)
from billing.reconciliation.undo import undo_match
from billing.verification.service import verify
from tests.support.bank_desk import NOVEMBER_26
from tests.support.identifiers import synthetic_bin, synthetic_iban, synthetic_iin
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
def bank(session):
    """A bank account of an enterprise whose provider withholds 0.95 %."""
    return open_bank_with_provider(session)[0]


def settled(session):
    """Payments that a provider has paid over."""
    return set(session.scalars(select(SettledPayment.payment_id)))


def test_a_day_s_payments_less_the_commission_are_one_batch(bank):
    """10,000 and 17,500 on Monday less 0.95 % are Tuesday's row: settled, commission an expense."""
    first, second = pay_through(bank.desk, 10_000), pay_through(bank.desk, 17_500)
    [paid] = bank.rows(paid_over("27238.75"))

    assert match_batches(bank, [paid]) == {}

    found = bank.explained(paid)
    assert (found.kind, found.score) == (MatchKind.PROVIDER_BATCH, 90)
    assert found.reasons == ["batch_of_provider", "batch_comes_to_the_sum", "batch_days_before"]
    assert found.moved == [("1030", "1020", T("27238.75"))]
    assert settled(bank.session) == {first.id, second.id}
    assert bank.balances("1030", "1020", "7210") == {"1030": "27238.75", "1020": "0.00", "7210": "261.25"}


@pytest.mark.parametrize(
    ("commission", "credited"),
    [
        ("2.85", "295.65"),  # 0.94525 of each, half-up
        ("2.82", "295.68"),  # of each, down
        ("2.84", "295.66"),  # 2.83575 of the batch, half-up
        ("2.83", "295.67"),  # of the batch, down
        ("0.00", "298.50"),  # charged in a row of its own
    ],
)
def test_the_commission_may_be_rounded_in_any_usual_way(bank, commission, credited):
    """Three payments of 99.50: of each or of the batch, half-up or down, or charged apart, is exact."""
    for _ in range(3):
        pay_through(bank.desk, "99.50")
    [paid] = bank.rows(paid_over(credited))

    assert match_batches(bank, [paid]) == {}
    assert bank.balances("1020", "7210") == {"1020": "0.00", "7210": commission}


@pytest.mark.parametrize("credited", ["295.64", "295.69", "298.51", "0.01"])
def test_a_tiyn_off_is_a_difference(bank, credited):
    """What no way of rounding explains is left, and nothing is settled or posted."""
    for _ in range(3):
        pay_through(bank.desk, "99.50")
    [paid] = bank.rows(paid_over(credited))

    assert match_batches(bank, [paid]) == {paid.id: ExceptionKind.PROVIDER_DIFFERENCE}
    assert settled(bank.session) == set()
    assert bank.balances("1020", "1030", "7210") == {"1020": "298.50", "1030": "0.00", "7210": "0.00"}


def test_the_least_commission_of_each_payment_counts(session):
    """One percent, but at least 10 tenge of each: 10 of 500 and 30 of 3,000."""
    bank, _ = open_bank_with_provider(session, commission_bp=100, commission_min=T(10))
    pay_through(bank.desk, 500)
    pay_through(bank.desk, 3000)
    [paid] = bank.rows(paid_over(3460))

    assert match_batches(bank, [paid]) == {}
    assert bank.balances("1020", "7210") == {"1020": "0.00", "7210": "40.00"}


@pytest.mark.parametrize(
    "purpose",
    [
        "Платежи населения за 16.11.2026, количество 2",
        "Тұрғындардың 16.11.2026 күнгі төлемдері",
        "Payments of 2026-11-16 under contract from 01.03.2026",
    ],
)
def test_the_day_that_the_purpose_names_is_meant(bank, purpose):
    """Monday and Tuesday came to the same: only the named day is settled, with full certainty."""
    monday = pay_through(bank.desk, 1000, MONDAY)
    pay_through(bank.desk, 1000, TUESDAY)
    [paid] = bank.rows(paid_over("990.50", WEDNESDAY, purpose))

    assert match_batches(bank, [paid]) == {}
    assert bank.explained(paid).score == 100
    assert settled(bank.session) == {monday.id}


def test_where_no_day_is_named_two_equal_days_are_ambiguous(bank):
    """Monday's or Tuesday's thousand: nobody guesses."""
    pay_through(bank.desk, 1000, MONDAY)
    pay_through(bank.desk, 1000, TUESDAY)
    [paid] = bank.rows(paid_over("990.50", WEDNESDAY))

    assert match_batches(bank, [paid]) == {paid.id: ExceptionKind.AMBIGUOUS}
    assert settled(bank.session) == set()


def test_a_named_day_is_not_replaced_by_another(bank):
    """The purpose says Monday; Tuesday's payments, though they fit, are not Monday's."""
    pay_through(bank.desk, 700, MONDAY)
    pay_through(bank.desk, 1000, TUESDAY)
    [paid] = bank.rows(paid_over("990.50", WEDNESDAY, "за 16.11.2026"))

    assert match_batches(bank, [paid]) == {paid.id: ExceptionKind.PROVIDER_DIFFERENCE}


def test_a_weekend_comes_in_one_row(bank):
    """Friday to Sunday paid over on Monday, named as a range or not at all."""
    for day in (13, 14, 15):
        pay_through(bank.desk, 1000, date(2026, 11, day))
    named, unnamed = bank.rows(
        paid_over("2971.50", MONDAY, "за период с 13.11.2026 по 15.11.2026"), paid_over("2971.50", MONDAY)
    )

    assert match_batches(bank, [unnamed]) == {}
    assert len(settled(bank.session)) == 3
    undo(bank, unnamed)
    assert match_batches(bank, [named]) == {}
    assert len(settled(bank.session)) == 3


def test_several_rows_may_settle_one_day(bank):
    """Two rows for Monday, neither of which fits alone, come to Monday together."""
    for _ in range(2):
        pay_through(bank.desk, 1000)
    morning, evening = bank.rows(paid_over(800), paid_over(1181, purpose="Остаток"))

    assert match_batches(bank, [morning, evening]) == {}

    assert bank.explained(morning).moved == [("1030", "1020", T(800)), ("1030", "1020", T(1181))]
    assert bank.balances("1020", "7210") == {"1020": "0.00", "7210": "19.00"}
    assert len(bank.session.scalars(select(StatementMatch)).all()) == 1


def test_rows_of_different_days_are_booked_on_their_own(bank):
    """Two rows that name Monday came on Tuesday and Wednesday: the bank's balance of each day agrees."""
    for _ in range(2):
        pay_through(bank.desk, 1000)
    rows = bank.rows(paid_over(800, TUESDAY, "за 16.11.2026"), paid_over(1181, WEDNESDAY, "за 16.11.2026"))

    assert match_batches(bank, rows) == {}
    book_id = ledger.enterprise_book_id(bank.session, bank.desk.enterprise.id)
    account_id = bank.session.scalars(
        select(Account.id).where(Account.book_id == book_id, Account.code == "1030")
    ).one()
    assert balance_of(bank.session, book_id, account_id, TUESDAY, None) == T(800)
    assert balance_of(bank.session, book_id, account_id, WEDNESDAY, None) == T(1981)


def test_two_channels_of_one_provider_are_told_apart_by_their_sums(bank):
    """The same BIN pays for terminals and for its application; each row finds its own channel."""
    make_provider(bank.session, bank.desk.enterprise.id, "kaspi_qr", commission_bp=0)
    pay_through(bank.desk, 1000)
    code = pay_through(bank.desk, 1100, channel="kaspi_qr", method=PaymentMethod.CARD)
    [paid] = bank.rows(paid_over(1100))

    assert match_batches(bank, [paid]) == {}
    assert settled(bank.session) == {code.id}


def test_a_provider_is_known_by_its_account_as_well(session):
    """A row without a BIN comes from the account that the provider pays from."""
    bank, _ = open_bank_with_provider(session, iban=synthetic_iban(44, "722"), commission_bp=0)
    pay_through(bank.desk, 1000)
    [paid] = bank.rows(paid_over(1000, counterparty_iin_bin="", counterparty_iban=synthetic_iban(44, "722")))

    assert match_batches(bank, [paid]) == {}
    assert bank.balances("1020") == {"1020": "0.00"}


@pytest.mark.parametrize(
    "named",
    [{"counterparty_iin_bin": synthetic_bin(501)}, {"ultimate_iin_bin": synthetic_iin(4)}],
    ids=["another-payer", "a-resident-through-the-bank"],
)
def test_money_of_others_is_none_of_its_business(bank, named):
    """Another payer, or a resident whom the bank names as the one who really pays: not a word about it."""
    pay_through(bank.desk, 1000)
    [paid] = bank.rows(paid_over("990.50", **named))

    assert match_batches(bank, [paid]) == {}
    assert bank.explained(paid) is None


def test_a_row_that_names_an_account_is_left_to_the_next_matcher_unless_it_fits(bank):
    """The bank may stand for a resident: not a word about it here, but a batch that fits is one."""
    account = bank.desk.customer.account_number
    pay_through(bank.desk, 1000)
    resident, batch = bank.rows(
        paid_over(700, purpose=f"л/с {account}"), paid_over("990.50", purpose=f"л/с {account} и другие")
    )

    assert match_batches(bank, [resident, batch]) == {}
    assert bank.explained(resident) is None
    assert bank.explained(batch).kind is MatchKind.PROVIDER_BATCH


def test_what_is_settled_or_reversed_is_not_settled_again(bank):
    """A reversed payment is not paid over, a settled one not twice."""
    wrong = pay_through(bank.desk, 500)
    pay_through(bank.desk, 1000)
    payments.reverse_payment(bank.session, wrong.id, reversed_on=MONDAY, reason="чужой платёж")
    first, second = bank.rows(paid_over("990.50"), paid_over("990.50"))

    assert match_batches(bank, [first, second]) == {second.id: ExceptionKind.PROVIDER_DIFFERENCE}
    assert wrong.id not in settled(bank.session)


def undo(bank, row):
    """Undo a row's match."""
    [match_id] = [each.match_id for each in bank.session.scalars(select(MatchedRow)) if each.row_id == row.id]
    return undo_match(bank.session, match_id, undone_on=NOVEMBER_26, reason="ошибка")


def test_an_undone_batch_is_in_transit_again(bank):
    """Undo mirrors credit and commission, frees the payments, and says what it had held."""
    payment = pay_through(bank.desk, 1000)
    [paid] = bank.rows(paid_over("990.50"))
    match_batches(bank, [paid])

    undone = undo(bank, paid)

    assert undone.held["payment_ids"] == [str(payment.id)]
    assert settled(bank.session) == set()
    assert bank.balances("1020", "1030", "7210") == {"1020": "1000.00", "1030": "0.00", "7210": "0.00"}
    assert list(verify(bank.session)) == []
    assert match_batches(bank, [paid]) == {}


def test_a_payment_reversed_after_it_was_paid_over_is_taken_back_from_the_next(bank):
    """The provider pays Tuesday less the reversed thousand: nothing stays in transit."""
    wrong = pay_through(bank.desk, 1000, MONDAY)
    [monday] = bank.rows(paid_over("990.50", TUESDAY))
    match_batches(bank, [monday])
    payments.reverse_payment(bank.session, wrong.id, reversed_on=TUESDAY, reason="чужой платёж")
    assert bank.balances("1020") == {"1020": "-1000.00"}
    pay_through(bank.desk, 3000, TUESDAY)
    [tuesday] = bank.rows(paid_over("1971.50", WEDNESDAY))

    assert match_batches(bank, [tuesday]) == {}

    assert bank.explained(tuesday).reasons[-1] == "batch_less_returns"
    assert bank.balances("1020", "7210") == {"1020": "0.00", "7210": "38.00"}
    assert list(verify(bank.session)) == []
    assert len(bank.session.scalars(select(SettledReturn)).all()) == 1
    undone = undo(bank, tuesday)
    assert len(undone.held["return_ids"]) == 1
    assert bank.session.scalars(select(SettledReturn)).all() == []
    assert list(verify(bank.session)) == []


def test_a_refund_through_the_provider_is_taken_back_too(bank):
    """1,000 collected, 200 given back by the provider: 800 less the commission of the whole."""
    payment = pay_through(bank.desk, 1000)
    payments.refund(
        bank.session,
        payment.id,
        amount=T(200),
        method=PaymentMethod.PROVIDER,
        refunded_on=MONDAY,
        reason="по заявлению",
    )
    [paid] = bank.rows(paid_over("790.50"))

    assert match_batches(bank, [paid]) == {}
    assert bank.balances("1020") == {"1020": "0.00"}
    assert list(verify(bank.session)) == []


def test_a_closed_month_is_not_posted_into(bank):
    """The payments fit, but the row's month is closed: left for the accountant."""
    pay_through(bank.desk, 1000)
    for book in ledger.list_books(bank.session):
        ledger.close_month(bank.session, book.id, Month(2026, 11), today=date(2026, 12, 2))
    [paid] = bank.rows(paid_over("990.50"))

    assert match_batches(bank, [paid]) == {paid.id: ExceptionKind.NOT_BOOKABLE}
    assert settled(bank.session) == set()

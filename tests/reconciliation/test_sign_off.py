"""A signed day stays as it is, for everybody, until the sign-off is taken back with a reason."""

import pytest
from sqlalchemy import func, select

from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.ledger.models import Transfer
from billing.payments.models import Payment, PaymentReversal, SignedDay
from billing.payments.service import reverse_payment
from billing.payments.signed_days import DaySignedOff
from billing.reconciliation.batch_decisions import Chosen, settle_batch
from billing.reconciliation.models import ExceptionKind, MatchedRow, MatchUndo
from billing.reconciliation.three_way.comparison import compare_days
from billing.reconciliation.three_way.late import book_late, book_missing
from billing.reconciliation.three_way.models import DaySignOff, RegistryRow, SignOffUndo
from billing.reconciliation.three_way.sign_off import (
    DayNotOver,
    DayNotReconciled,
    SignOffUndone,
    list_sign_offs,
    sign_day_off,
    take_sign_off_back,
    undos_of,
)
from billing.reconciliation.undo import undo_match
from tests.support.bank_desk import NOVEMBER_26
from tests.support.provider_money import (
    MONDAY,
    TUESDAY,
    match_batches,
    open_bank_with_provider,
    paid_over,
    pay_through,
    take_in_registry,
)

T = Money.tenge


@pytest.fixture
def opened(session):
    """A bank account and its provider."""
    return open_bank_with_provider(session)


def reconciled(session, opened):
    """A Monday that agrees three times; returns the row that paid it over."""
    bank, provider = opened
    pay_through(bank.desk, 1000, outside_id="1")
    take_in_registry(session, provider, ("1", 1000, MONDAY, bank.desk.customer.account_number))
    [row] = bank.rows(paid_over("990.50"))
    assert match_batches(bank, [row]) == {}
    return row


def count(session, model):
    """How many there are."""
    return session.scalar(select(func.count()).select_from(model))


def test_a_day_that_agrees_is_signed_with_its_sums(session, opened):
    """The sign-off keeps what all three told that day."""
    reconciled(session, opened)

    sign_off = sign_day_off(session, opened[1].id, MONDAY, today=NOVEMBER_26)

    told = (sign_off.receipt_count, sign_off.receipt_sum, sign_off.registry_count, sign_off.registry_sum)
    assert told == (1, T(1000), 1, T(1000))
    paid = (sign_off.credited, sign_off.commission, sign_off.returned, sign_off.difference)
    assert paid == (T("990.50"), T("9.50"), ZERO, ZERO)
    assert sign_off.why is None
    [monday] = compare_days(session, MONDAY, MONDAY)
    assert monday.sign_off_id == sign_off.id


def test_a_day_that_differs_needs_a_word(session, opened):
    """Without it the refusal says what differs, and nothing is frozen; with it the word is kept."""
    bank, provider = opened
    pay_through(bank.desk, 1000, outside_id="1")
    take_in_registry(session, provider, ("1", 900, MONDAY))

    with pytest.raises(DayNotReconciled) as refusal:
        sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26, why="  ")
    assert refusal.value.facts == {
        "receipts": T(1000),
        "registry": T(900),
        "paid_over": ZERO,
        "count": 2,
    }
    assert count(session, SignedDay) == 0

    sign_off = sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26, why="спор с провайдером")
    assert sign_off.why == "спор с провайдером"


def test_equal_sums_of_other_payments_do_not_agree(session, opened):
    """One payment too many and one too few come to the same sum; the day still differs."""
    bank, provider = opened
    pay_through(bank.desk, 1000, outside_id="1")
    take_in_registry(session, provider, ("2", 1000, MONDAY))
    match_batches(bank, bank.rows(paid_over("990.50")))

    with pytest.raises(DayNotReconciled) as refusal:
        sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26)
    assert refusal.value.facts["count"] == 2


@pytest.mark.parametrize("today", [MONDAY])
def test_a_day_is_signed_after_it_is_over(session, opened, today):
    """Payments of today may still come."""
    with pytest.raises(DayNotOver):
        sign_day_off(session, opened[1].id, MONDAY, today=today, why="рано")
    assert count(session, DaySignOff) == 0


def test_a_day_is_signed_once(session, opened):
    """The second signature is refused; of nobody's provider, too."""
    reconciled(session, opened)
    sign_day_off(session, opened[1].id, MONDAY, today=NOVEMBER_26)

    with pytest.raises(DaySignedOff) as refusal:
        sign_day_off(session, opened[1].id, MONDAY, today=NOVEMBER_26, why="ещё раз")
    assert refusal.value.facts == {"channel": "kaspi", "day": MONDAY}
    assert count(session, DaySignOff) == 1
    with pytest.raises(NotFound):
        sign_day_off(session, new_id(), MONDAY, today=NOVEMBER_26, why="чей?")


def test_a_signed_day_is_not_matched(session, opened):
    """Neither the matcher nor the accountant settles its payments; those of other days are."""
    bank, provider = opened
    frozen = pay_through(bank.desk, 1000)
    pay_through(bank.desk, 2000, TUESDAY)
    sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26, why="не перечислено")
    monday, tuesday = bank.rows(paid_over("990.50", TUESDAY), paid_over(1981, TUESDAY))

    assert match_batches(bank, [monday, tuesday]) == {monday.id: ExceptionKind.PROVIDER_DIFFERENCE}
    with pytest.raises(DaySignedOff):
        settle_batch(
            session,
            Chosen(provider.id, [monday.id], [frozen.id]),
            why="вручную",
            decided_on=NOVEMBER_26,
        )
    assert count(session, MatchedRow) == 1


def test_a_signed_day_s_batch_is_not_undone(session, opened):
    """Undoing it would open the day again: refused, and the match stands."""
    row = reconciled(session, opened)
    sign_day_off(session, opened[1].id, MONDAY, today=NOVEMBER_26)
    match_id = session.scalars(select(MatchedRow.match_id).where(MatchedRow.row_id == row.id)).one()
    before = count(session, Transfer)

    with pytest.raises(DaySignedOff):
        undo_match(session, match_id, undone_on=NOVEMBER_26, reason="ошибка")

    assert (count(session, MatchUndo), count(session, Transfer)) == (0, before)
    assert opened[0].explained(row) is not None


def test_nothing_is_booked_late_into_a_signed_day(session, opened):
    """Neither one payment nor all of them, and no new row of a registry comes in."""
    bank, provider = opened
    account = bank.desk.customer.account_number
    take_in_registry(session, provider, ("1", 1000, MONDAY, account), ("2", 1000, TUESDAY, account))
    sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26, why="спор")
    row = session.scalars(select(RegistryRow).where(RegistryRow.outside_id == "1")).one()

    with pytest.raises(DaySignedOff):
        book_late(session, row.id)
    with pytest.raises(DaySignedOff):
        book_missing(session, provider.id, MONDAY, TUESDAY)
    with pytest.raises(AssertionError, match="day_signed_off"):
        take_in_registry(session, provider, ("3", 1, MONDAY))
    assert (count(session, Payment), count(session, RegistryRow)) == (0, 2)

    take_in_registry(session, provider, ("1", 1000, MONDAY, account), ("4", 1, TUESDAY))
    assert len(book_missing(session, provider.id, TUESDAY, TUESDAY).payment_ids) == 1


def test_no_payment_of_a_signed_day_is_recorded_or_reversed(session, opened):
    """Nobody books into it or takes from it; what was told before is still the same payment."""
    bank, provider = opened
    payment = pay_through(bank.desk, 1000, outside_id="1")
    sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26, why="не перечислено")

    with pytest.raises(DaySignedOff):
        pay_through(bank.desk, 500, outside_id="2")
    with pytest.raises(DaySignedOff):
        reverse_payment(session, payment.id, reversed_on=NOVEMBER_26, reason="чужой платёж")
    assert pay_through(bank.desk, 1000, outside_id="1").id == payment.id
    assert count(session, Payment) == 1
    assert count(session, PaymentReversal) == 0
    pay_through(bank.desk, 500, TUESDAY)
    bank.desk.pay(500, received_on=MONDAY)


def test_a_sign_off_taken_back_is_kept_with_its_reason(session, opened):
    """The day can be worked on and signed again; both signatures and the reason stay."""
    row = reconciled(session, opened)
    provider = opened[1]
    first = sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26)

    take_sign_off_back(session, first.id, undone_on=NOVEMBER_26, reason="найден ещё платёж")

    with pytest.raises(SignOffUndone):
        take_sign_off_back(session, first.id, undone_on=NOVEMBER_26, reason="ещё раз")
    match_id = session.scalars(select(MatchedRow.match_id).where(MatchedRow.row_id == row.id)).one()
    undo_match(session, match_id, undone_on=NOVEMBER_26, reason="найден ещё платёж")
    assert match_batches(opened[0], [row]) == {}
    second = sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26)
    listed = list_sign_offs(session, provider_id=provider.id, day=MONDAY).items
    assert {each.id for each in listed} == {first.id, second.id}
    undone = undos_of(session, [each.id for each in listed])
    assert {key: each.reason for key, each in undone.items()} == {first.id: "найден ещё платёж"}


def test_taking_a_sign_off_back_needs_a_reason(session, opened):
    """Without a word, or of a sign-off that is not there, nothing happens."""
    reconciled(session, opened)
    sign_off = sign_day_off(session, opened[1].id, MONDAY, today=NOVEMBER_26)

    with pytest.raises(InvalidInput):
        take_sign_off_back(session, sign_off.id, undone_on=NOVEMBER_26, reason=" ")
    with pytest.raises(NotFound):
        take_sign_off_back(session, new_id(), undone_on=NOVEMBER_26, reason="какая?")
    assert (count(session, SignedDay), count(session, SignOffUndo)) == (1, 0)

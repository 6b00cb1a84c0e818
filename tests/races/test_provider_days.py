"""Matching, signing, registries and late bookings of one provider's day at the same moment."""

from uuid import UUID

import pytest
from sqlalchemy import func, select

from billing.kernel.errors import Refusal
from billing.kernel.money import Money
from billing.payments.models import Payment, SignedDay
from billing.reconciliation.batch_decisions import Chosen, settle_batch
from billing.reconciliation.matches import lock_open_rows
from billing.reconciliation.models import MatchUndo, SettledPayment, StatementMatch
from billing.reconciliation.provider_batches import match_provider_batches
from billing.reconciliation.three_way.comparison import compare_days
from billing.reconciliation.three_way.late import book_missing
from billing.reconciliation.three_way.models import DaySignOff, ProviderRegistry, RegistryRow
from billing.reconciliation.three_way.registry import import_registry
from billing.reconciliation.three_way.sign_off import sign_day_off, take_sign_off_back
from billing.reconciliation.undo import undo_match
from tests.support.bank_desk import NOVEMBER_26
from tests.support.bank_rows import account_of, take_in_rows
from tests.support.billing import reverse
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID
from tests.support.provider_money import MONDAY, TUESDAY, paid_over, pay_through
from tests.support.providers import make_provider

T = Money.tenge
REGISTRY = "Номер транзакции;Сумма;Дата;Лицевой счет\n{}\n"


@pytest.fixture
def provider(sessions, desk):
    """A provider that withholds 0.95 %."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_provider(session, desk.enterprise.id, commission_bp=95)


@pytest.fixture
def monday(sessions, desk):
    """Ten payments of Monday, and the row in which they are paid over."""
    with sessions.begin(DISTRICT_ID) as session:
        payments = [pay_through(desk.at(session), 100, outside_id=str(number)).id for number in range(10)]
        [row] = take_in_rows(session, account_of(session, desk.enterprise), paid_over("990.50"))
    return payments, row


def match(session, desk, row):
    """What an import does with a row: lock it, then let the matcher look."""
    rows = lock_open_rows(session, [row.id])
    account = account_of(session, desk.enterprise)
    return match_provider_batches(session, account, rows, decided_on=NOVEMBER_26).left


def test_a_row_is_matched_once_whoever_comes(sessions, desk, provider, monday, together):
    """Matchers and accountants at once: one settles Monday, the others are refused."""
    payments, row = monday

    def settle(session, number):
        if number % 2:
            return match(session, desk, row)
        chosen = Chosen(provider.id, [row.id], payments)
        return settle_batch(session, chosen, why="вручную", decided_on=NOVEMBER_26)

    outcomes = together(settle)

    assert sum(not isinstance(outcome, Refusal) for outcome in outcomes) == 1
    assert count(sessions, StatementMatch) == 1
    assert count(sessions, SettledPayment) == 10
    assert all_agrees(sessions)


def test_a_day_is_matched_or_signed_first(sessions, desk, provider, monday, together):
    """Sign-off against match: what was signed is what stands, whichever came first."""
    _, row = monday

    def sign_or_match(session, number):
        if number % 2:
            return match(session, desk, row)
        return sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26, why="спешим")

    together(sign_or_match)

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        sign_off = session.scalars(select(DaySignOff)).one()
        [day] = compare_days(session, MONDAY, MONDAY)
        assert day.sign_off_id == sign_off.id
        assert (sign_off.receipt_sum, sign_off.credited) == (day.receipts.amount, day.paid_over.credited)
    assert count(sessions, SignedDay) == 1
    assert all_agrees(sessions)


def test_a_match_is_undone_or_its_day_signed(sessions, desk, provider, monday, together):
    """Undo against sign-off: a signed day's batch stands, an undone one is not in the sign-off."""
    _, row = monday
    with sessions.begin(DISTRICT_ID) as session:
        match(session, desk, row)
        match_id = session.scalars(select(StatementMatch.id)).one()

    def undo_or_sign(session, number):
        if number % 2:
            return undo_match(session, match_id, undone_on=NOVEMBER_26, reason="ошибка")
        return sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26, why="спешим")

    together(undo_or_sign)

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        sign_off = session.scalars(select(DaySignOff)).one()
        undone = session.scalar(select(func.count()).select_from(MatchUndo))
    assert sign_off.credited == (T(0) if undone else T("990.50"))
    assert all_agrees(sessions)


def test_one_file_by_many_hands_is_one_registry(sessions, provider, together):
    """The same registry taken in by everybody at once: its rows stand there once."""
    content = REGISTRY.format("\n".join(f"{number};100;2026-11-16;" for number in range(10))).encode()

    outcomes = together(
        lambda session, _: import_registry(session, provider.id, content, file_name="registry.csv")
    )

    assert sum(outcome.rows.added for outcome in outcomes) == 10
    assert (count(sessions, ProviderRegistry), count(sessions, RegistryRow)) == (1, 10)


def test_missing_payments_are_booked_once_or_not_into_a_signed_day(sessions, desk, provider, together):
    """Late bookings against sign-offs and their taking back: each payment once, the signed sum true."""
    account = desk.customer.account_number
    content = REGISTRY.format("\n".join(f"{number};100;2026-11-16;{account}" for number in range(5)))
    with sessions.begin(DISTRICT_ID) as session:
        import_registry(session, provider.id, content.encode(), file_name="registry.csv")

    def book_or_sign(session, number):
        if number % 2:
            return book_missing(session, provider.id, MONDAY, MONDAY)
        if number % 4:
            signed = session.scalars(select(SignedDay.sign_off_id)).one_or_none()
            return signed and take_sign_off_back(session, signed, undone_on=NOVEMBER_26, reason="ещё")
        return sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26, why="спешим")

    together(book_or_sign)

    assert count(sessions, Payment) in {0, 5}
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        for held in session.scalars(select(SignedDay)):
            sign_off = session.get(DaySignOff, (DISTRICT_ID, held.sign_off_id))
            [day] = compare_days(session, MONDAY, MONDAY)
            assert sign_off.receipt_sum == day.receipts.amount
    assert all_agrees(sessions)


def test_settling_and_reversing_do_not_block_each_other(sessions, desk, provider, monday, together):
    """A payment reversed while it is paid over is either not settled or taken back later: 1020 agrees."""
    payments, row = monday

    def reverse_or_match(session, number):
        if number % 2:
            payment = session.get(Payment, (DISTRICT_ID, payments[number % 10]))
            return reverse(session, payment, reversed_on=TUESDAY)
        return match(session, desk, row)

    together(reverse_or_match)

    assert all_agrees(sessions)


def test_a_payment_is_in_the_signed_sum_or_refused(sessions, desk, provider, together):
    """Recording against signing: whatever is recorded stands in the sign-off, the rest was refused."""

    def pay_or_sign(session, number):
        if number % 2:
            return pay_through(desk.at(session), 100, outside_id=str(number)).id
        return sign_day_off(session, provider.id, MONDAY, today=NOVEMBER_26, why="спешим")

    outcomes = together(pay_or_sign)

    recorded = sum(isinstance(outcome, UUID) for outcome in outcomes)
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        sign_off = session.scalars(select(DaySignOff)).one()
    assert count(sessions, Payment) == recorded
    assert (sign_off.receipt_count, sign_off.receipt_sum) == (recorded, T(100 * recorded))
    assert all_agrees(sessions)

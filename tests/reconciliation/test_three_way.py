"""A provider's day is told three times: what was recorded, what the registry says, what the bank shows."""

from datetime import date

import pytest
from sqlalchemy import event, func, select

from billing.kernel.errors import NotFound
from billing.kernel.money import ZERO, Money
from billing.payments import service as payments
from billing.payments.models import Payment
from billing.payments.receipts import OutsideIdReused
from billing.reconciliation.batch_decisions import Chosen, settle_batch
from billing.reconciliation.three_way.comparison import Counted, PaidOver, compare_days
from billing.reconciliation.three_way.differences import DifferenceKind, differences_of
from billing.reconciliation.three_way.late import RegistryAccountUnknown, book_late, book_missing
from billing.reconciliation.three_way.models import RegistryRow
from billing.verification.service import verify
from tests.support.bank_desk import NOVEMBER_26
from tests.support.customers import make_customer
from tests.support.provider_money import (
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    match_batches,
    open_bank_with_provider,
    paid_over,
    pay_through,
    take_in_registry,
)
from tests.support.providers import make_provider

T = Money.tenge


@pytest.fixture
def opened(session):
    """A bank account and its provider."""
    return open_bank_with_provider(session)


def days(session, first=MONDAY, last=WEDNESDAY):
    """The days compared, by day."""
    return {each.day: each for each in compare_days(session, first, last)}


def kinds(session, first=MONDAY, last=WEDNESDAY):
    """Kind and transaction of every difference."""
    return [(each.kind, each.outside_id) for each in differences_of(session, first, last)]


def test_a_day_that_agrees_three_times(session, opened):
    """Recorded, told and paid over: the same sum, the commission beside what was credited."""
    bank, provider = opened
    pay_through(bank.desk, 1000, outside_id="1")
    pay_through(bank.desk, 2000, outside_id="2")
    take_in_registry(session, provider, ("1", 1000, MONDAY), ("2", 2000, MONDAY))
    match_batches(bank, bank.rows(paid_over("2971.50")))

    [monday] = compare_days(session, MONDAY, WEDNESDAY)

    assert (monday.channel, monday.day) == ("kaspi", MONDAY)
    assert monday.receipts == monday.registry == Counted(2, T(3000))
    assert monday.paid_over == PaidOver(T("2971.50"), T("28.50"), ZERO, ZERO)
    assert monday.sums_agree
    assert kinds(session) == []


def test_every_kind_of_difference_is_named_by_payment(session, opened):
    """Not recorded, not in the registry, another sum, another day, reversed, not paid over."""
    bank, provider = opened
    pay_through(bank.desk, 1000, outside_id="agrees")
    pay_through(bank.desk, 500, outside_id="surplus")
    pay_through(bank.desk, 700, outside_id="sum")
    pay_through(bank.desk, 800, TUESDAY, outside_id="day")
    wrong = pay_through(bank.desk, 900, outside_id="reversed")
    payments.reverse_payment(session, wrong.id, reversed_on=TUESDAY, reason="чужой платёж")
    take_in_registry(
        session,
        provider,
        ("agrees", 1000, MONDAY),
        ("missing", 600, MONDAY),
        ("sum", 701, MONDAY),
        ("day", 800, MONDAY),
        ("reversed", 900, MONDAY),
    )

    found = kinds(session)

    assert sorted(found) == sorted(
        [
            (DifferenceKind.NOT_PAID_OVER, "agrees"),
            (DifferenceKind.NOT_RECORDED, "missing"),
            (DifferenceKind.NOT_IN_REGISTRY, "surplus"),
            (DifferenceKind.NOT_PAID_OVER, "surplus"),
            (DifferenceKind.AMOUNT_DIFFERS, "sum"),
            (DifferenceKind.NOT_PAID_OVER, "sum"),
            (DifferenceKind.DAY_DIFFERS, "day"),
            (DifferenceKind.NOT_PAID_OVER, "day"),
            (DifferenceKind.REVERSED, "reversed"),
        ]
    )
    monday = days(session)[MONDAY]
    assert (monday.receipts, monday.registry) == (Counted(3, T(2200)), Counted(5, T(4001)))
    assert (monday.registry_gap, monday.open_amount) == (T(-1801), T(2200))


def test_without_a_registry_nothing_is_missing_in_it(session, opened):
    """A day whose registry nobody took in has no surplus, and does not agree either."""
    bank, _ = opened
    pay_through(bank.desk, 1000)
    match_batches(bank, bank.rows(paid_over("990.50")))

    [monday] = compare_days(session, MONDAY, MONDAY)

    assert kinds(session) == []
    assert (monday.registry_gap, monday.has_registry, monday.sums_agree) == (ZERO, False, False)


def test_a_batch_over_several_days_is_split_to_the_tiyn(session, opened):
    """Commission, difference and what was taken back go to the days in proportion and add up exactly."""
    bank, provider = opened
    paid = [pay_through(bank.desk, "333.33", day) for day in (MONDAY, TUESDAY, WEDNESDAY)]
    settle_batch(
        session,
        Chosen(provider.id, [bank.rows(paid_over(980))[0].id], [each.id for each in paid]),
        why="за три дня",
        difference_reason="удержано банком",
        decided_on=NOVEMBER_26,
    )

    compared = days(session)

    assert [compared[day].paid_over.amount for day in sorted(compared)] == [T("333.33")] * 3
    assert [str(compared[day].paid_over.commission) for day in sorted(compared)] == ["3.17", "3.17", "3.17"]
    assert sum(compared[day].paid_over.credited.tiyn for day in compared) == 98000
    assert sum(compared[day].paid_over.difference.tiyn for day in compared) == 1048
    assert days(session, TUESDAY, TUESDAY)[TUESDAY] == compared[TUESDAY]


def test_what_was_reversed_after_it_was_paid_over_stays_in_its_day(session, opened):
    """Monday was paid over and told: taking the payment back on Tuesday changes Tuesday's money only."""
    bank, provider = opened
    wrong = pay_through(bank.desk, 1000, outside_id="1")
    take_in_registry(session, provider, ("1", 1000, MONDAY))
    match_batches(bank, bank.rows(paid_over("990.50")))
    before = days(session)[MONDAY]
    payments.reverse_payment(session, wrong.id, reversed_on=TUESDAY, reason="чужой платёж")
    assert days(session)[MONDAY] == before
    assert kinds(session) == []

    pay_through(bank.desk, 3000, TUESDAY, outside_id="2")
    match_batches(bank, bank.rows(paid_over("1971.50", WEDNESDAY)))
    tuesday = days(session)[TUESDAY]
    assert tuesday.paid_over == PaidOver(T("1971.50"), T("28.50"), T(1000), ZERO)
    assert tuesday.open_amount == ZERO


def test_channels_and_days_are_told_apart(session, opened):
    """One line per channel and day, in the order of days; other channels' payments are nobody's."""
    bank, provider = opened
    make_provider(session, bank.desk.enterprise.id, "halyk")
    pay_through(bank.desk, 1, TUESDAY)
    pay_through(bank.desk, 2, MONDAY, channel="halyk")
    pay_through(bank.desk, 3, MONDAY)
    bank.desk.pay(4, received_on=MONDAY)

    found = [
        (each.day, each.channel, each.receipts.amount) for each in compare_days(session, MONDAY, TUESDAY)
    ]

    assert found == [(MONDAY, "halyk", T(2)), (MONDAY, "kaspi", T(3)), (TUESDAY, "kaspi", T(1))]
    assert [each.channel for each in compare_days(session, MONDAY, TUESDAY, provider_id=provider.id)] == [
        "kaspi",
        "kaspi",
    ]


def test_missing_payments_are_booked_late_on_the_provider_s_day(session, opened):
    """Two payments known by their accounts are recorded once; the account of the third is nobody's."""
    bank, provider = opened
    other = make_customer(session, 2)
    take_in_registry(
        session,
        provider,
        ("1", 1000, MONDAY, bank.desk.customer.account_number),
        ("2", 500, MONDAY, f" {other.account_number[:6]} {other.account_number[6:]}"),
        ("3", 300, MONDAY, "000"),
    )

    late = book_missing(session, provider.id, MONDAY, MONDAY)

    recorded = session.scalars(select(Payment).order_by(Payment.outside_id)).all()
    assert {each.id for each in recorded} == set(late.payment_ids)
    assert [(each.customer_id, each.amount, each.received_on, each.channel) for each in recorded] == [
        (bank.desk.customer.id, T(1000), MONDAY, "kaspi"),
        (other.id, T(500), MONDAY, "kaspi"),
    ]
    assert [row.outside_id for row in late.of_nobody] == ["3"]
    again = book_missing(session, provider.id, MONDAY, MONDAY)
    assert (again.payment_ids, len(again.of_nobody)) == ([], 1)
    assert list(verify(session)) == []


def test_a_single_payment_is_booked_for_whom_the_accountant_says(session, opened):
    """An account that nobody has needs a customer; the same row again is the same payment."""
    bank, provider = opened
    take_in_registry(session, provider, ("3", 300, MONDAY, "000"))
    row = session.scalars(select(RegistryRow)).one()

    with pytest.raises(RegistryAccountUnknown):
        book_late(session, row.id)
    with pytest.raises(NotFound):
        book_late(session, provider.id)
    assert session.scalar(select(func.count()).select_from(Payment)) == 0

    payment_id = book_late(session, row.id, customer_id=bank.desk.customer.id)
    assert book_late(session, row.id, customer_id=bank.desk.customer.id) == payment_id
    with pytest.raises(OutsideIdReused):
        book_late(session, row.id, customer_id=make_customer(session, 2).id)


def test_a_request_of_the_provider_that_comes_after_all_is_the_same_payment(session, opened):
    """Booked late from the registry, then told by the provider itself: one payment."""
    bank, provider = opened
    take_in_registry(session, provider, ("1", 1000, MONDAY, bank.desk.customer.account_number))
    [payment_id] = book_missing(session, provider.id, MONDAY, MONDAY).payment_ids

    assert pay_through(bank.desk, 1000, MONDAY, outside_id="1").id == payment_id


def test_the_number_of_queries_does_not_grow_with_the_days(session, opened):
    """Three days and thirty are compared with as many statements."""
    bank, provider = opened
    for number in range(30):
        day = date(2026, 10, 1 + number)
        pay_through(bank.desk, 1000, day, outside_id=str(number))
        take_in_registry(session, provider, (str(number), 1000, day))
    match_batches(bank, bank.rows(paid_over("990.50", date(2026, 10, 2), "за 01.10.2026")))

    def statements(last):
        seen = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(session.get_bind(), "before_cursor_execute", listener)
        try:
            compare_days(session, date(2026, 10, 1), last)
            differences_of(session, date(2026, 10, 1), last)
        finally:
            event.remove(session.get_bind(), "before_cursor_execute", listener)
        return len(seen)

    assert statements(date(2026, 10, 3)) == statements(date(2026, 10, 30))

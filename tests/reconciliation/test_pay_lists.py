"""Pay that went out in one sum is split over the workers it is exactly the open pay of, or left."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.kernel.money import ZERO, Money, total
from billing.reconciliation.models import ExceptionKind, MatchKind
from billing.reconciliation.pay_lists import OpenPay, is_pay_list, less, lists_of, open_of
from billing.reconciliation.undo import undo_match
from billing.verification.service import verify
from tests.support.bank_desk import NOVEMBER_26, open_bank, work_done
from tests.support.bank_rows import row
from tests.support.identifiers import synthetic_bin, synthetic_iin
from tests.support.workforce import make_engagement, make_worker

T = Money.tenge
ANN, BOB, CEM = (UUID(int=number) for number in (1, 2, 3))
PAY = "Жалақы, қазан 2026"


def earned(*parts):
    """What workers earned: who, on which day and month, how much."""
    return [OpenPay(who, date(2026, month, day), T(tenge)) for who, day, month, tenge in parts]


OCTOBER = earned((ANN, 5, 10, 100), (BOB, 20, 10, 70))
SEPTEMBER = earned((ANN, 3, 9, 40), (CEM, 4, 9, 60))


@pytest.mark.parametrize(
    ("tenge", "open_pay", "shares"),
    [
        (170, OCTOBER, [{ANN: 100, BOB: 70}]),
        (100, OCTOBER, []),  # one worker is no list
        (171, OCTOBER, []),
        (100, [*SEPTEMBER, *OCTOBER], [{ANN: 40, CEM: 60}]),
        (270, [*SEPTEMBER, *OCTOBER], [{ANN: 140, BOB: 70, CEM: 60}]),
        (170, earned((ANN, 5, 10, 100), (BOB, 6, 10, 70), (ANN, 20, 10, 30)), [{ANN: 100, BOB: 70}]),
        (
            100,
            earned((ANN, 3, 9, 40), (CEM, 4, 9, 60), (ANN, 3, 10, 50), (BOB, 4, 10, 50)),
            [
                {ANN: 40, CEM: 60},
                {ANN: 50, BOB: 50},
            ],
        ),
        (170, earned((ANN, 25, 11, 100), (BOB, 25, 11, 70)), []),  # earned after the row
    ],
    ids=["month", "one", "too-much", "earlier-month", "both-months", "half", "two-fit", "later"],
)
def test_a_sum_is_a_list_of_a_period_exactly(tenge, open_pay, shares):
    """All workers with open pay of a month, its half, or months on end; every list that fits is told."""
    found = lists_of(T(tenge), open_pay, date(2026, 11, 20))
    told = [{who: T(each) for who, each in one.items()} for one in shares]
    assert sorted(map(repr, (dict(each.shares) for each in found))) == sorted(map(repr, told))


@pytest.mark.parametrize(
    ("purpose", "payee", "is_list"),
    [
        (PAY, "", True),
        ("Заработная плата за октябрь по ведомости 12", synthetic_bin(5), True),
        ("Перечисление з/п на карт-счета", "", True),
        ("ЕҢБЕКАҚЫ", "", True),
        ("Salaries for October", "", True),
        ("Заработная плата", synthetic_iin(17), False),
        ("Оплата по договору", "", False),
    ],
)
def test_a_list_says_that_it_is_pay_and_names_no_person(purpose, payee, is_list, bank):
    """In whatever language; pay of one person who is named is not a list."""
    [taken] = bank.rows(row(1, purpose=purpose, counterparty_iin_bin=payee))
    assert is_pay_list(taken) is is_list


@given(
    st.lists(st.tuples(st.sampled_from([ANN, BOB, CEM]), st.integers(1, 28), st.integers(1, 9)), max_size=8),
    st.lists(st.tuples(st.sampled_from([ANN, BOB, CEM]), st.integers(0, 9)), max_size=5),
)
def test_what_is_open_is_what_is_owed(accrued, paid):
    """However somebody was paid: the open parts come to what is owed, and the oldest go first."""
    everything = sorted(
        earned(*((who, day, 10, tenge) for who, day, tenge in accrued)), key=lambda e: e.earned_on
    )
    whole = {
        who: total(each.amount for each in everything if each.party_id == who) for who in (ANN, BOB, CEM)
    }
    rest, owed = list(everything), dict(whole)
    for who, tenge in paid:
        rest = less(rest, who, T(tenge))
        owed[who] = max(ZERO, owed[who] - T(tenge))
    assert rest == open_of(everything, owed)


@pytest.fixture
def bank(session):
    """An enterprise with a bank account and nothing on it."""
    return open_bank(session)


@pytest.fixture
def crew(bank):
    """Two workers: 3,000 and 4,500 tenge earned in October, the first one 1,500 more in November."""
    session, enterprise_id = bank.session, bank.desk.enterprise.id
    first, second = (
        make_engagement(session, enterprise_id, make_worker(session, serial, phone=None).id)
        for serial in (901, 902)
    )
    work_done(bank, "2", doer=first, on=date(2026, 10, 5))
    work_done(bank, "3", doer=second, on=date(2026, 10, 20))
    work_done(bank, "1", doer=first, on=date(2026, 11, 2))
    return first, second


def owed(bank):
    """What both are owed together."""
    return bank.balances("3350")["3350"]


def test_a_list_is_split_over_its_workers(bank, crew):
    """7,500 tenge are October's pay of both: a posting under each; undone, they are owed again."""
    [paid] = bank.rows(row(7500, purpose=PAY))

    assert bank.match([paid]) == {}

    found = bank.explained(paid)
    assert (found.kind, found.score) == (MatchKind.PAYOUT, 100)
    assert sorted(found.moved) == [("3350", "1030", T(3000)), ("3350", "1030", T(4500))]
    assert (owed(bank), list(verify(bank.session))) == ("-1500.00", [])

    undo_match(bank.session, bank.match_of(paid), undone_on=NOVEMBER_26, reason="не та ведомость")
    assert owed(bank) == "-9000.00"
    assert bank.match([paid]) == {}
    assert owed(bank) == "-1500.00"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_who_is_paid_by_name_is_on_no_list(bank, crew, order):
    """Both of 9,000 are owed; the second got his 4,500 by name: nothing is left that is the list's sum."""
    rows = bank.rows(row(4500, purpose=PAY, counterparty_iin_bin=synthetic_iin(902)), row(7500, purpose=PAY))
    left = bank.match([rows[place] for place in order])
    assert left == {rows[1].id: ExceptionKind.AMOUNT_DIFFERS}
    assert owed(bank) == "-4500.00"


def test_the_same_list_is_paid_once(bank, crew):
    """Of two rows of October's sum the second is a question."""
    first, second = bank.rows(row(7500, purpose=PAY), row(7500, purpose=PAY, document_number="2"))
    assert bank.match([first, second]) == {second.id: ExceptionKind.AMOUNT_DIFFERS}
    assert owed(bank) == "-1500.00"


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ({"amount": T("7500.01"), "purpose": PAY}, ExceptionKind.AMOUNT_DIFFERS),
        ({"purpose": "Оплата"}, ExceptionKind.UNEXPECTED_OUTGOING),
        ({"purpose": PAY, "counterparty_iin_bin": synthetic_iin(17)}, ExceptionKind.UNEXPECTED_OUTGOING),
    ],
    ids=["a-tiyn-too-much", "no-pay", "a-stranger's"],
)
def test_what_is_no_list_is_left(bank, crew, named, kind):
    """A tiyn too much, no word of pay, somebody else's pay: nothing is posted."""
    [paid] = bank.rows(row(7500) | named)
    assert bank.match([paid]) == {paid.id: kind}
    assert owed(bank) == "-9000.00"


def test_two_lists_that_fit_are_none(bank, crew):
    """3,000 tenge are the pay of two others in September too: a person decides."""
    session, enterprise_id = bank.session, bank.desk.enterprise.id
    for serial, hours in ((903, "2"), (904, "3")):
        worker = make_worker(session, serial, phone=None)
        doer = make_engagement(session, enterprise_id, worker.id)
        work_done(bank, hours, doer=doer, on=date(2026, 9, 5))
    [paid] = bank.rows(row(7500, purpose=PAY))

    assert bank.match([paid]) == {paid.id: ExceptionKind.AMBIGUOUS}
    assert owed(bank) == "-16500.00"

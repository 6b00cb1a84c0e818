"""Recording money of many customers at once: the same as one after the other, in as few statements as one."""

import pytest
from sqlalchemy import func, select

from billing.budget.models import RevenueLine
from billing.kernel.dates import Month
from billing.kernel.errors import InvalidInput
from billing.kernel.money import ZERO, Money
from billing.ledger import service as ledger
from billing.ledger.models import Transfer
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod
from billing.payments.service import OutsideIdReused, Receipt
from billing.receivables import service as receivables
from billing.receivables.models import Advance, Allocation
from billing.verification.service import verify
from tests.support.billing import APRIL_10, make_contract, make_invoice, open_desk
from tests.support.books import balance
from tests.support.customers import make_customer
from tests.support.statements import counted_statements

T = Money.tenge


@pytest.fixture
def desk(session):
    """A desk at which every month costs 1,160 tenge."""
    return open_desk(session)


def debtors(desk, count):
    """Customers who each owe one month."""
    people = [make_customer(desk.session, 100 + number) for number in range(count)]
    for person in people:
        contract = make_contract(desk.session, desk.enterprise, person, (desk.service, "2"))
        make_invoice(desk.session, contract, Month(2026, 3))
    return people


def told(customer, tenge, outside_id=None, **facts):
    """A bank's receipt."""
    return Receipt(customer.id, T(tenge), PaymentMethod.BANK, APRIL_10, outside_id=outside_id, **facts)


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_many_are_recorded_as_each_alone_would_be(desk):
    """Part, exact, over, and a second one of the same customer: each finds what the one before it left."""
    first, second, third = debtors(desk, 3)
    receipts = [told(first, 500), told(second, 1160), told(third, 2000), told(first, 700)]

    recorded = payments.record_payments(desk.session, desk.enterprise.id, receipts)

    owed = [receivables.debt_of(desk.session, desk.enterprise.id, each.id) for each in (first, second, third)]
    held = [
        receivables.advance_of(desk.session, desk.enterprise.id, each.id) for each in (first, second, third)
    ]
    assert owed == [ZERO, ZERO, ZERO]
    assert held == [T(40), ZERO, T(840)]
    stored = [payments.get_payment(desk.session, each.payment_id) for each in recorded]
    assert [each.amount for each in stored] == [T(500), T(1160), T(2000), T(700)]
    assert [each.debt_after for each in stored] == [T(660), ZERO, ZERO, ZERO]
    assert [step["allocated"] for each in stored for step in each.explanation] == [
        "500.00",
        "1160.00",
        "1160.00",
        "660.00",
    ]
    assert [
        desk.session.get_one(Transfer, (each.district_id, line.transfer_id)).amount
        for each, line in zip(stored, recorded, strict=True)
    ] == [T(500), T(1160), T(2000), T(700)]
    book_id = ledger.enterprise_book_id(desk.session, desk.enterprise.id)
    assert balance(desk.session, book_id, "1030") == T(4360)
    assert desk.session.scalar(select(func.sum(RevenueLine.amount))) == T(3000)  # 3,480 less 16 % VAT
    assert list(verify(desk.session)) == []


def test_the_number_of_statements_does_not_grow(desk):
    """Two customers or twelve: no statement per payment."""
    people = debtors(desk, 15)
    payments.record_payments(
        desk.session, desk.enterprise.id, [told(people.pop(), 1160)]
    )  # opens the account
    with counted_statements(desk.session) as few:
        payments.record_payments(
            desk.session, desk.enterprise.id, [told(each, 1160, f"{each.id}") for each in people[:2]]
        )
    with counted_statements(desk.session) as many:
        payments.record_payments(
            desk.session, desk.enterprise.id, [told(each, 1160, f"{each.id}") for each in people[2:]]
        )

    assert len(many) == len(few)
    assert count(desk.session, Payment) == 15


def test_the_same_money_told_twice_is_one_payment(desk):
    """In one call or in two; the answers name the same payment, and only the first one its posting."""
    [person] = debtors(desk, 1)
    twice = [told(person, 100, "A-1"), told(person, 100, "A-1")]

    first, second = payments.record_payments(desk.session, desk.enterprise.id, twice)
    [again] = payments.record_payments(desk.session, desk.enterprise.id, twice[:1])

    assert first.payment_id == second.payment_id == again.payment_id
    assert (second.transfer_id, again.transfer_id) == (None, None)
    assert count(desk.session, Payment) == 1


@pytest.mark.parametrize("earlier", [True, False])
def test_an_id_of_another_payment_refuses_all(desk, earlier):
    """Another sum under a known id, told before or in the same call: none of the call's payments is made."""
    first, second = debtors(desk, 2)
    wrong = [told(second, 1160, "B-1"), told(first, 101, "A-1")]
    if earlier:
        payments.record_payments(desk.session, desk.enterprise.id, [told(first, 100, "A-1")])
    else:
        wrong.append(told(first, 100, "A-1"))
    before = count(desk.session, Payment)

    with pytest.raises(OutsideIdReused):
        payments.record_payments(desk.session, desk.enterprise.id, wrong)

    assert count(desk.session, Payment) == before == int(earlier)


def test_a_sum_of_zero_refuses_all(desk):
    """One receipt of nothing: nobody's money is recorded."""
    first, second = debtors(desk, 2)

    with pytest.raises(InvalidInput):
        payments.record_payments(desk.session, desk.enterprise.id, [told(first, 100), told(second, 0)])

    assert [count(desk.session, model) for model in (Payment, Allocation, Advance)] == [0, 0, 0]


def test_nothing_told_is_nothing_recorded(desk):
    """An empty list is no error."""
    assert payments.record_payments(desk.session, desk.enterprise.id, []) == []

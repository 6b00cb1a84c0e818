"""A row that shows a payment the books know already is found there, and nothing is recorded twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger.models import Transfer
from billing.payments import service as payments
from billing.payments.models import PaymentMethod
from billing.reconciliation.models import ExceptionKind, MatchedRow, MatchedTransfer, MatchKind
from billing.verification.service import verify
from tests.support.billing import APRIL_30
from tests.support.identifiers import synthetic_iin
from tests.support.resident_rows import A_MONTH, APRIL_12, came, open_counter

UNKNOWN = ExceptionKind.UNKNOWN_PAYER


@pytest.fixture
def counter(session):
    """A resident who owes March, and a bank account."""
    counter = open_counter(session)
    counter.desk.issue()
    return counter


def test_a_recorded_payment_is_confirmed_and_not_doubled(counter):
    """The clerk had written the payment down: the row is that one, whichever of its days is nearer."""
    payment = counter.desk.pay(A_MONTH, received_on=APRIL_12 - timedelta(days=2))
    first, second = counter.rows(
        came(counterparty_iin_bin=synthetic_iin(1)), came("99", counterparty_iin_bin=synthetic_iin(1))
    )

    assert counter.match([first, second]) == {second.id: ExceptionKind.AMOUNT_DIFFERS}

    found = counter.explained(first)
    assert (found.kind, found.score, found.reasons) == (
        MatchKind.CONFIRMATION,
        90,
        ["payer", "recorded", "day"],
    )
    assert [each.id for each in counter.payments()] == [payment.id]
    assert list(verify(counter.session)) == []


def test_the_document_s_number_finds_the_recorded_payment(counter):
    """Of two recorded payments of one sum, the row shows the one with its document's number."""
    pay_by_document(counter, "7")
    second = pay_by_document(counter, "000012")
    [taken] = counter.rows(came(counterparty_iin_bin=synthetic_iin(1), document_number="12"))
    assert counter.match([taken]) == {}
    assert counter.explained(taken).reasons == ["payer", "recorded", "day", "outside_id"]
    assert transfer_sources(counter, taken) == [second.id]


def pay_by_document(counter, number):
    """A payment by bank that a clerk recorded under the number of its payment order."""
    payment_id = payments.record_payment(
        counter.session,
        counter.desk.enterprise.id,
        counter.customer.id,
        amount=Money.tenge(A_MONTH),
        method=PaymentMethod.BANK,
        received_on=APRIL_12,
        outside_id=number,
    )
    return payments.get_payment(counter.session, payment_id)


def transfer_sources(counter, taken):
    """What the postings that a row's match claims record."""
    return list(
        counter.session.scalars(
            select(Transfer.source_id)
            .join(MatchedTransfer, MatchedTransfer.transfer_id == Transfer.id)
            .join(MatchedRow, MatchedRow.match_id == MatchedTransfer.match_id)
            .where(MatchedRow.row_id == taken.id)
        )
    )


def test_a_recorded_payment_of_another_sum_is_a_question(counter):
    """The document's number is the recorded payment's, the sum is not: no second payment."""
    pay_by_document(counter, "12")
    counter.desk.issue(Month(2026, 4))
    named = {"counterparty_iin_bin": synthetic_iin(1), "purpose": f"л/с {counter.customer.account_number}"}
    assert counter.left(came("1170", document_number="12", **named)) == [ExceptionKind.AMOUNT_DIFFERS]
    assert len(counter.payments()) == 1


@pytest.mark.parametrize("method", [PaymentMethod.CASH, PaymentMethod.PROVIDER, PaymentMethod.CARD])
def test_the_same_sum_that_came_another_way_is_suspected(counter, method):
    """He paid this sum two days ago, by cash or through a provider: is this the same money?"""
    counter.desk.pay(A_MONTH, method=method)
    named = {"counterparty_iin_bin": synthetic_iin(1), "purpose": f"л/с {counter.customer.account_number}"}
    assert counter.left(came(**named)) == [ExceptionKind.DUPLICATE_SUSPECTED]
    assert len(counter.payments()) == 1
    assert counter.left(came(on=APRIL_30, **named)) == [None]


def test_two_honest_payments_that_look_alike_are_both_booked(counter):
    """The bank itself counts two movements with the same words: nobody lost one."""
    named = {"counterparty_iin_bin": synthetic_iin(1), "purpose": f"л/с {counter.customer.account_number}"}
    assert counter.left(came("500", **named), came("500", **named)) == [None, None]
    assert counter.left(came("500", **named)) == [None]
    assert len(counter.payments()) == 3


def test_one_movement_in_other_words_is_suspected(counter):
    """Two files tell of a sum on one day under one number, and differ in the purpose."""
    named = {"counterparty_iin_bin": synthetic_iin(1), "document_number": "5"}
    purpose = f"л/с {counter.customer.account_number}"
    assert counter.left(came("500", purpose=purpose, **named)) == [None]
    assert counter.left(came("500", purpose=f"/ASSIGN/{purpose}", **named)) == [
        ExceptionKind.DUPLICATE_SUSPECTED
    ]
    assert len(counter.payments()) == 1

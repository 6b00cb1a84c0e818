"""A refund is found on the statement by who got it back and how much, and is not posted a second time."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.kernel.money import Money
from billing.ledger.models import Transfer
from billing.payments import service as payments
from billing.payments.models import PaymentMethod
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import MatchDraft, record_matches
from billing.reconciliation.models import ExceptionKind, MatchKind
from tests.support.bank_desk import NOVEMBER_1, NOVEMBER_26, open_bank, refunded, work_done
from tests.support.bank_rows import NOVEMBER_20, row
from tests.support.billing import refund
from tests.support.identifiers import synthetic_iban, synthetic_iin
from tests.support.workforce import make_engagement, make_worker

BANK_ITSELF = {"counterparty_name": 'АО "Народный Банк Казахстана"', "counterparty_bic": "HSBKKZKX"}
KAZAKH_CHARGE = "Шотты жүргізу қызметі үшін"
WORKER_IIN = synthetic_iin(901)
T = Money.tenge


@pytest.fixture
def bank(session):
    """An enterprise with a bank account and nothing on it."""
    return open_bank(session)


def test_a_refund_is_confirmed_and_not_posted_again(bank):
    """The refund the books know is the row: one posting, now with the bank's word for it."""
    refunded(bank)
    before = bank.session.scalar(select(func.count()).select_from(Transfer))
    [back] = bank.rows(row(300, counterparty_iin_bin=synthetic_iin(1)))

    assert bank.match([back]) == {}

    found = bank.explained(back)
    assert (found.kind, found.score) == (MatchKind.CONFIRMATION, 100)
    assert found.moved == [("3510", "1030", T(300))]
    assert bank.session.scalar(select(func.count()).select_from(Transfer)) == before


def test_a_refund_goes_back_where_the_money_came_from(bank):
    """A row without an IIN is known by the account that the refunded payment had come from."""
    payment = bank.desk.pay(1000, received_on=NOVEMBER_1)
    [came] = bank.rows(row(1000, Direction.IN, on=NOVEMBER_1, counterparty_iban=synthetic_iban(33)))
    taken_in = bank.session.scalars(select(Transfer).where(Transfer.source_id == payment.id)).one()
    match = MatchDraft(payment.id, MatchKind.CONFIRMATION, [came.id], [taken_in.id], NOVEMBER_1)
    record_matches(bank.session, bank.account.id, [match], decided_on=NOVEMBER_26)
    refund(bank.session, payment, 300, refunded_on=NOVEMBER_20)
    [back] = bank.rows(row(300, counterparty_iban=synthetic_iban(33)))

    assert bank.match([back]) == {}
    assert bank.explained(back).reasons == ["refunded_where_it_came_from", "refund_of_this_sum"]


@pytest.mark.parametrize("named", [{"counterparty_iin_bin": synthetic_iin(2)}, {}], ids=["another", "nobody"])
def test_the_refund_of_another_is_left(bank, named):
    """The right sum to the wrong person, or to nobody, confirms nothing."""
    refunded(bank)
    [back] = bank.rows(row(300, **named))

    assert bank.match([back]) == {back.id: ExceptionKind.UNEXPECTED_OUTGOING}
    assert bank.explained(back) is None


def test_two_equal_refunds_are_told_apart_by_their_day_only(bank):
    """The one of the row's own day is meant; where the day does not say, nobody guesses."""
    refunded(bank, refunded_on=date(2026, 11, 19))
    refunded(bank, refunded_on=NOVEMBER_20)
    payee = {"counterparty_iin_bin": synthetic_iin(1)}
    [same_day] = bank.rows(row(300, **payee))
    assert bank.match([same_day]) == {}

    refunded(bank, refunded_on=date(2026, 11, 18))
    [unclear] = bank.rows(row(300, **payee, on=date(2026, 11, 21)))
    assert bank.match([unclear]) == {unclear.id: ExceptionKind.AMBIGUOUS}


def test_two_rows_do_not_share_one_refund(bank):
    """Which of two equal rows is the refund, a person must say."""
    refunded(bank)
    payee = {"counterparty_iin_bin": synthetic_iin(1)}
    twice = bank.rows(row(300, **payee), row(300, **payee))

    assert bank.match(twice) == {each.id: ExceptionKind.AMBIGUOUS for each in twice}


def test_a_refund_that_may_be_pay_is_left(bank):
    """A customer who also works for the enterprise: two explanations are none."""
    worker = make_worker(bank.session, 1)
    work_done(bank, doer=make_engagement(bank.session, bank.desk.enterprise.id, worker.id))
    refunded(bank)
    [unclear] = bank.rows(row(300, counterparty_iin_bin=synthetic_iin(1)))

    assert bank.match([unclear]) == {unclear.id: ExceptionKind.AMBIGUOUS}


def test_a_refund_by_the_provider_is_not_the_bank_s(bank):
    """Money a provider gave back never left the bank account."""
    payment = bank.desk.pay(1000, received_on=NOVEMBER_1)
    payments.refund(
        bank.session,
        payment.id,
        amount=T(300),
        method=PaymentMethod.PROVIDER,
        refunded_on=NOVEMBER_20,
        reason="по заявлению",
    )
    [back] = bank.rows(row(300, counterparty_iin_bin=synthetic_iin(1)))

    assert bank.match([back]) == {back.id: ExceptionKind.UNEXPECTED_OUTGOING}

"""What providers hold is proved: account 1020, every batch, every signed day; and damage is found."""

import pytest
from sqlalchemy import text

from billing.kernel.i18n import Language
from billing.payments.cards import service as cards
from billing.payments.cards.gateway import CardOutcome, Report
from billing.reconciliation.three_way.sign_off import sign_day_off
from billing.verification.service import verify
from tests.support.bank_desk import NOVEMBER_26
from tests.support.billing import open_desk
from tests.support.card_desk import NOW, make_card_payment
from tests.support.provider_money import (
    MONDAY,
    TUESDAY,
    match_batches,
    open_bank_with_provider,
    paid_over,
    pay_through,
)
from tests.verification.test_damage import harm


@pytest.fixture
def settled(session):
    """Monday's payment paid over, Tuesday's still in transit; everything agrees."""
    bank, provider = open_bank_with_provider(session)
    pay_through(bank.desk, 1000, MONDAY)
    pay_through(bank.desk, 500, TUESDAY)
    assert match_batches(bank, bank.rows(paid_over("990.50"))) == {}
    assert found(session) == {}
    return bank, provider


def found(session):
    """Codes of the differences with what was expected and found; each has a sentence in every language."""
    differences = list(verify(session))
    assert all("{" not in each.message(language) for each in differences for language in Language)
    return {
        each.code: (str(each.facts.get("expected")), str(each.facts.get("found"))) for each in differences
    }


def test_a_claim_that_is_lost_is_found(session, settled):
    """A settled payment whose claim is gone would be paid over twice."""
    session.execute(text("DELETE FROM settled_payment"))
    session.expire_all()

    assert found(session) == {
        "in_transit_account": ("1500.00", "500.00"),
        "provider_batch_differs": ("0.00", "1000.00"),
    }


def test_a_posting_of_another_sum_is_found(session, settled):
    """The commission is not what the batch says it is."""
    harm(session, "UPDATE transfer SET amount = amount + 1 WHERE amount = 950", "transfer")

    assert found(session)["in_transit_account"] == ("500.00", "499.99")
    assert found(session)["provider_batch_differs"] == ("1000.00", "1000.01")


def test_a_posting_by_statement_needs_its_match(session, settled):
    """Whatever a statement posted belongs to a match."""
    harm(session, "UPDATE transfer SET source_kind = 'statement' WHERE amount = 50000", "transfer")

    assert "statement_posting_without_match" in found(session)


def test_a_signed_day_that_changed_is_found(session, settled):
    """What an accountant vouched for is not what is told now."""
    sign_day_off(session, settled[1].id, MONDAY, today=NOVEMBER_26, why="без реестра")
    assert found(session) == {}

    harm(session, "UPDATE day_sign_off SET receipt_sum = receipt_sum + 7000", "day_sign_off")

    assert found(session) == {"signed_day_changed": ("1070.00", "1000.00")}


def test_a_card_payment_that_is_another_sum_in_the_books_is_found(session):
    """What the bank was asked for, 1,160 tenge, is not what is in the books."""
    desk = open_desk(session)
    card = make_card_payment(session, desk.issue())
    cards.hear(session, card.id, Report(CardOutcome.CHARGED, card.amount), now=NOW)
    assert found(session) == {}

    harm(session, "UPDATE card_payment SET amount = amount + 1")

    assert found(session) == {"card_payment_differs": ("1160.01", "1160.00")}

"""Receipt books are proved: a number that points to a payment not its own, and one that lost its leaf."""

import pytest

from tests.support.billing import open_desk
from tests.support.damage import found, harm
from tests.support.receipt_books import make_troubled_book


@pytest.fixture
def book(session):
    """A book whose first number is used, and was told of another payment."""
    desk = open_desk(session)
    return make_troubled_book(session, desk.enterprise.id, desk.customer.id)


def test_a_double_is_told_until_it_is_resolved(session, book):
    """The payment that was not booked may be money in somebody's pocket."""
    assert found(session) == {"receipt_number_double": 1}


def test_a_payment_that_lost_its_number_is_found(session, book):
    """Entered from a book, and no leaf says so."""
    harm(
        session,
        "UPDATE receipt_leaf SET payment_id = NULL, settled_at = NULL WHERE payment_id IS NOT NULL",
    )
    assert found(session) == {"receipt_without_leaf": 1}


def test_a_number_with_a_payment_not_its_own_is_found(session, book):
    """A leaf that points to money from the desk."""
    harm(session, "UPDATE payment SET channel = 'cash_desk'", "payment")
    assert found(session) == {"receipt_leaf_differs": 1, "receipt_number_double": 1}

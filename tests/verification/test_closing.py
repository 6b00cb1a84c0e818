"""A month is frozen only when everything agrees."""

from datetime import date

import pytest
from sqlalchemy import func, select, update

from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger.models import MonthBalance
from billing.ledger.service import enterprise_book_id, get_book
from billing.receivables.models import Advance
from billing.verification.closing import BooksDisagree, close_month
from tests.support.billing import make_contract, make_invoice, open_for_business, pay
from tests.support.catalog import make_service
from tests.support.customers import make_customer

MARCH = Month(2026, 3)
MAY_1 = date(2026, 5, 1)


def test_books_that_disagree_are_not_closed(session):
    """An advance that somebody changed by hand stops the closing; once put right, the month closes."""
    enterprise = open_for_business(session)
    customer = make_customer(session)
    contract = make_contract(session, enterprise, customer, (make_service(session, enterprise.id), "1"))
    make_invoice(session, contract, MARCH)
    pay(session, enterprise.id, customer.id, 1500)
    book = get_book(session, enterprise_book_id(session, enterprise.id))
    session.execute(update(Advance).values(open_amount=Money.tenge(501)))

    with pytest.raises(BooksDisagree) as refusal, session.begin_nested():
        close_month(session, book.id, MARCH, today=MAY_1)

    assert refusal.value.facts["count"] == 2
    session.refresh(book)
    assert book.closed_through is None
    assert session.scalar(select(func.count()).select_from(MonthBalance)) == 0

    session.execute(update(Advance).values(open_amount=Money.tenge(500)))
    close_month(session, book.id, MARCH, today=MAY_1)
    assert book.closed_through == MARCH.last_day

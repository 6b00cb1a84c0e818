"""`auyl card`: what residents paid by card, and what the bank says of it."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from billing.customers.models import Customer
from billing.districts.models import Enterprise
from billing.invoicing.models import Invoice
from billing.kernel.clock import ALMATY
from billing.payments.cards import service as cards
from billing.payments.cards.models import CardPayment
from billing.payments.models import Payment
from billing.payments.providers.models import ProviderDialect
from tests.support.epay import open_bank
from tests.support.providers import make_provider

NOON = datetime(2026, 4, 20, 12, tzinfo=ALMATY)  # where the command's clock stands


@pytest.fixture
def bank(office, enterprise_id):
    """The bank that the office's settings lead to."""
    with open_bank() as bank:
        office.settings = replace(office.settings, epay=bank.gateway(enterprise_id).settings)
        yield bank


@pytest.fixture
def order(auyl, office, bank):
    """The order of an invoice of 2,320 tenge, of which the bank knows."""
    with office.work() as session:
        enterprise = session.scalars(select(Enterprise)).one()
        make_provider(session, enterprise.id, "halyk", ProviderDialect.EPAY)
        account = session.scalars(select(Customer.account_number)).one()
    auyl("invoice", "issue", account, "--month", "2026-03", "--on", "2026-03-31")
    with office.work() as session:
        card = cards.begin(session, session.scalars(select(Invoice.id)).one(), now=NOON)
    form = {"grant_type": "client_credentials", "client_id": "auyl", "client_secret": "secret & more"}
    bank.token({**form, "scope": "payment", "invoiceID": card.order_number, "amount": str(card.amount)})
    return card.order_number


def test_the_bank_is_asked(auyl, office, bank, order):
    """Named, an order is asked about at once; its payment is in the books and in the list."""
    assert auyl("card", "ask").output == "The bank spoke of 0 payments.\n"
    bank.type_card(order)
    assert auyl("card", "ask", "--order", order).output == "The bank spoke of 1 payment.\n"

    listed = json.loads(auyl("card", "list", "--format", "json").output)
    assert [row["values"]["card_order"] for row in listed["rows"]] == [order]
    with office.work(read_only=True) as session:
        assert session.scalars(select(Payment.outside_id)).all() == [order]
    assert auyl("card", "list", "--state", "pending", "--format", "json").output.count(order) == 0


def test_a_silent_bank_is_said(auyl, office, bank, order):
    """It will be asked again, and that is no failure of the command; an unknown order is one."""
    bank.faults.append(503)
    result = auyl("card", "ask", "--order", order)

    assert result.exit_code == 0
    assert result.stderr == "The bank did not speak of 1 payment and will be asked again.\n"
    assert auyl("card", "ask", "--order", "7").exit_code == 1


@pytest.mark.sqlite_only
def test_a_worker_asks_too(auyl, office, bank, order):
    """Whoever looks once for background work also asks the bank."""
    bank.type_card(order)
    with office.work() as session:
        cards.ask_again(session, session.scalars(select(CardPayment.id)).one(), now=NOON)
    assert auyl("worker", "--once").exit_code == 0

    with office.work(read_only=True) as session:
        assert session.scalars(select(CardPayment.state)).one() == "paid"

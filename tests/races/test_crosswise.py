"""People who pay for each other, and a billing run that meets them: crosswise, nobody waits for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import text

from billing.catalog.models import PayerCategory
from billing.customers.service import CustomerDetails, edit_customer
from billing.invoicing import credit_notes
from billing.invoicing.models import Invoice
from billing.invoicing.service import invoice_completed_orders
from billing.kernel.dates import Month
from billing.kernel.errors import Refusal
from billing.kernel.money import ZERO, Money
from billing.payments import service as payments
from billing.payments.models import PaymentMethod
from billing.receivables import service as receivables
from tests.support.billing import (
    APRIL_30,
    credit,
    make_contract,
    make_invoice,
    pay,
    reverse,
)
from tests.support.committed import all_agrees, count, numbers
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.orders import make_act

T = Money.tenge
# Whoever waits for this session's locks; pg_locks, unlike pg_stat_activity, is not frozen in a transaction.
WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)
MONTHS = [Month(2025, number) for number in range(1, 13)]


@pytest.fixture
def crosswise(sessions, desk):
    """Two neighbours who pay for each other: invoices of January to April, the payer changing between."""

    def invoices_while(payer, debtor, months):
        with sessions.begin(DISTRICT_ID) as session:
            details = CustomerDetails(
                category=PayerCategory.RESIDENT, name="Көрші", payer_id=payer.id if payer else None
            )
            edit_customer(session, debtor.id, details, version=None)
            contract = contracts[debtor.id]
            return [make_invoice(session, contract, month) for month in months]

    with sessions.begin(DISTRICT_ID) as session:
        pair = [make_customer(session, 31), make_customer(session, 32)]
        contracts = {
            each.id: make_contract(session, desk.enterprise, each, (desk.service, "2")) for each in pair
        }
    left, right = pair
    of_left = invoices_while(right, left, MONTHS[:3])
    invoices_while(None, left, [])
    of_right = invoices_while(left, right, MONTHS[:3])
    return pair, contracts, [*of_left, *of_right]


def test_two_who_pay_for_each_other_never_block(sessions, desk, together, crosswise):
    """Payments, credits, reversals and new invoices of both, crosswise: nobody waits for ever, sums agree."""
    pair, contracts, invoices = crosswise
    with sessions.begin(DISTRICT_ID) as session:
        earlier = [pay(session, desk.enterprise.id, pair[number % 2].id, 500) for number in range(4)]

    def act(session, number):
        who, invoice = pair[number % 2], invoices[number % len(invoices)]
        deeds = [
            lambda: pay(session, desk.enterprise.id, who.id, 300, method=PaymentMethod.CASH),
            lambda: pay(session, desk.enterprise.id, who.id, 2000, invoice_ids=(invoice.id,)),
            lambda: make_invoice(session, contracts[who.id], MONTHS[3 + number % 9]),
            lambda: credit(session, invoice),
            lambda: reverse(session, earlier[number % len(earlier)]),
        ]
        return deeds[number // 2 % len(deeds)]()

    answers = together(act)

    assert {answer.code for answer in answers if isinstance(answer, Refusal)} <= {
        "not_open_for_customer",
        "period_already_billed",
        "nothing_to_credit",
        "payment_reversed",
    }
    assert all_agrees(sessions)
    with sessions.begin(DISTRICT_ID) as session:
        debts = [receivables.debt_of(session, desk.enterprise.id, each.id) for each in pair]
        advances = [receivables.advance_of(session, desk.enterprise.id, each.id) for each in pair]
    assert all(amount >= ZERO for amount in (*debts, *advances))


def test_a_billing_run_and_the_common_payer_never_block(sessions, desk, together):
    """Four debtors with open debts and advances, one payer: bulk invoices while he pays and undoes."""
    with sessions.begin(DISTRICT_ID) as session:
        payer = make_customer(session, 40)
        trade = desk.at(session).hire()
        debtors = [make_customer(session, 41 + number, payer_id=payer.id) for number in range(4)]
        for month in (1, 2, 3):
            for debtor in debtors:
                make_act(session, trade, customer_id=debtor.id, completed_on=date(2026, month, 10))
        first = invoice_completed_orders(session, desk.enterprise.id, issued_on=date(2026, 1, 31))
        # What the last debtor paid is the oldest: advances are consumed in another order than debts arose.
        for day, debtor in enumerate(reversed(debtors), start=1):
            settling = pay(session, desk.enterprise.id, debtor.id, 1740, received_on=date(2026, 2, day))
            pay(session, desk.enterprise.id, debtor.id, 100, received_on=date(2026, 2, day))
            reverse(session, settling)
        paid = pay(session, desk.enterprise.id, payer.id, 400)

    def act(session, number):
        deeds = [
            lambda: invoice_completed_orders(
                session, desk.enterprise.id, issued_on=date(2026, 2 + number % 2, 28)
            ),
            lambda: pay(session, desk.enterprise.id, payer.id, 1500 + number),
            lambda: pay(session, desk.enterprise.id, debtors[number % 4].id, 700),
            lambda: credit(session, first[number % 4], issued_on=APRIL_30),
            lambda: reverse(session, paid),
        ]
        return deeds[number % len(deeds)]()

    answers = together(act)

    assert {type(answer) for answer in answers if isinstance(answer, Refusal)} <= {
        credit_notes.NothingToCredit,
        payments.PaymentReversed,
    }
    invoices = count(sessions, Invoice)
    assert numbers(sessions, Invoice.number) == list(range(1, invoices + 1))
    assert all_agrees(sessions)


@pytest.mark.postgresql_only
def test_all_debts_are_locked_before_the_first_advance_is_consumed(sessions, desk):
    """Somebody holds the first debt and then wants the second: who consumes both waits, and neither dies."""
    with sessions.begin(DISTRICT_ID) as session:
        debtors = [make_customer(session, 51), make_customer(session, 52)]
        for day, debtor in zip((2, 1), debtors, strict=True):  # the second one's advance is the older
            make_invoice(session, make_contract(session, desk.enterprise, debtor, (desk.service, "1")))
            settling = pay(session, desk.enterprise.id, debtor.id, 580, received_on=date(2026, 4, day))
            pay(session, desk.enterprise.id, debtor.id, 100, received_on=date(2026, 4, day))
            reverse(session, settling)

    def consume():
        with sessions.begin(DISTRICT_ID) as session:
            ids = [debtor.id for debtor in debtors]
            return receivables.consume_advances(session, desk.enterprise.id, ids, settled_on=APRIL_30)

    with ThreadPoolExecutor(1) as thread, sessions.begin(DISTRICT_ID) as session:
        receivables.load_open_lines(session, desk.enterprise.id, [debtors[0].id], lock=True)
        consuming = thread.submit(consume)
        while not session.scalar(WAITING):
            assert not consuming.done()
        receivables.load_open_lines(session, desk.enterprise.id, [debtors[1].id], lock=True)

    assert consuming.result() == T(200)
    assert all_agrees(sessions)

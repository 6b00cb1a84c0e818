"""Many people at one till: numbers without gap, nothing billed or paid twice, nobody's request lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import func, select, text

from billing.catalog.models import PayerCategory
from billing.customers.service import CustomerDetails, edit_customer
from billing.invoicing import credit_notes
from billing.invoicing.drafts import OrderNotBillable, PeriodAlreadyBilled
from billing.invoicing.models import CreditNote, Invoice, InvoiceLine
from billing.invoicing.service import NothingToInvoice, invoice_completed_orders, issue_invoice
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.errors import Refusal
from billing.kernel.money import ZERO, Money
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod, PaymentReversal, Refund
from billing.receivables import service as receivables
from billing.receivables.models import Allocation
from billing.verification.service import verify
from tests.support.billing import (
    APRIL_10,
    APRIL_30,
    MARCH,
    MARCH_31,
    credit,
    make_contract,
    make_invoice,
    only_line,
    open_desk,
    pay,
    refund,
    reverse,
)
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.orders import make_act
from tests.support.threads import CLIENTS, at_once

T = Money.tenge
# Whoever waits for this session's locks; pg_locks, unlike pg_stat_activity, is not frozen in a transaction.
WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)
MONTHS = [Month(2025, number) for number in range(1, 13)]


@pytest.fixture
def clients(database_kind):
    """How many come at once: 50, on SQLite 8."""
    return CLIENTS[database_kind]


@pytest.fixture
def desk(sessions):
    """A desk whose doings are really committed."""
    with sessions.begin(DISTRICT_ID) as session:
        return open_desk(session)


@pytest.fixture
def together(sessions, clients):
    """Run a piece of work for every client at once: what each did, or the refusal he got.

    Anything that is neither, a deadlock or a broken CHECK, fails the test.
    """

    def run(work):
        def attempt(number):
            try:
                with sessions.begin(DISTRICT_ID) as session:
                    return work(session, number)
            except Refusal as refusal:
                return refusal

        return at_once(clients, attempt)

    return run


def all_agrees(sessions):
    """Everything recomputed: sums, books, revenue, numbers, papers."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return list(verify(session)) == []


def numbers(sessions, column):
    """All numbers of a series."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return sorted(session.scalars(select(column).where(column.is_not(None))))


def count(sessions, model):
    """How many rows are committed."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_issuers_at_once_leave_no_gap(sessions, desk, together, clients):
    """Every client invoices a customer of his own, every fifth is refused: numbers from 1 on, each once."""
    with sessions.begin(DISTRICT_ID) as session:
        contracts = [
            make_contract(session, desk.enterprise, make_customer(session, 10 + number), (desk.service, "1"))
            for number in range(clients)
        ]

    def issue(session, number):
        due_on = date(2026, 1, 1) if number % 5 == 0 else None
        contract = contracts[number]
        return issue_invoice(
            session,
            contract.enterprise_id,
            contract.customer_id,
            contract_id=contract.id,
            period=MARCH,
            issued_on=MARCH_31,
            due_on=due_on,
        ).number

    answers = together(issue)

    issued = sorted(answer for answer in answers if isinstance(answer, int))
    assert issued == list(range(1, len(issued) + 1)) == numbers(sessions, Invoice.number)
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert {answer.code for answer in refused} == {"invalid_input"}
    assert len(issued) + len(refused) == clients
    assert all_agrees(sessions)


def test_a_month_is_billed_once_whoever_is_first(sessions, desk, together, clients):
    """All clients bill the same customer's March: one invoice, the others hear that it is billed."""
    answers = together(lambda session, _: desk.at(session).issue().number)

    assert Counter(type(answer) for answer in answers) == {int: 1, PeriodAlreadyBilled: clients - 1}
    assert count(sessions, Invoice) == count(sessions, InvoiceLine) == 1
    assert all_agrees(sessions)


def test_orders_are_billed_once_in_bulk_and_singly(sessions, desk, together):
    """Half of the clients bill everybody's orders, the others one order each: every order on one invoice."""
    with sessions.begin(DISTRICT_ID) as session:
        trade = desk.at(session).hire()
        people = [make_customer(session, 20 + number) for number in range(4)]
        acts = [make_act(session, trade, customer_id=person.id) for person in people for _ in range(2)]
        for person in people:
            pay(session, desk.enterprise.id, person.id, 500)

    def bill(session, number):
        if number % 2:
            return invoice_completed_orders(session, desk.enterprise.id, issued_on=MARCH_31)
        act = acts[number // 2 % len(acts)]
        return issue_invoice(
            session, desk.enterprise.id, act.customer_id, order_ids=[act.order_id], issued_on=MARCH_31
        )

    answers = together(bill)

    refused = {type(answer) for answer in answers if isinstance(answer, Refusal)}
    assert refused <= {OrderNotBillable, NothingToInvoice}
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        billed = session.scalars(select(InvoiceLine.act_id)).all()
    assert sorted(billed) == sorted(act.id for act in acts)
    invoices = count(sessions, Invoice)
    assert numbers(sessions, Invoice.number) == list(range(1, invoices + 1))
    assert all_agrees(sessions)


def test_payers_of_one_invoice_never_pay_it_twice(sessions, desk, together, clients):
    """Everybody pays 200 of 1,160: all payments are kept, 1,160 are settled, the rest is paid ahead."""
    with sessions.begin(DISTRICT_ID) as session:
        invoice = desk.at(session).issue()

    answers = together(
        lambda session, _: desk.at(session).pay(200, method=PaymentMethod.CASH).cash_order_number
    )

    assert sorted(answers) == list(range(1, clients + 1))
    with sessions.begin(DISTRICT_ID) as session:
        here = desk.at(session)
        assert here.standing(invoice).paid == T(1160)
        assert here.advance == T(200 * clients - 1160)
        assert session.scalar(select(money_sum(Allocation.amount))) == T(1160)
    assert all_agrees(sessions)


def test_one_bank_document_told_by_all_is_one_payment(sessions, desk, together):
    """The same document for the same customer: everybody gets the same payment."""
    with sessions.begin(DISTRICT_ID) as session:
        desk.at(session).issue()

    answers = together(lambda session, _: tell(session, desk, desk.customer.id).id)

    assert len(set(answers)) == 1
    assert count(sessions, Payment) == 1
    assert all_agrees(sessions)


def test_one_bank_document_told_for_many_is_of_the_first(sessions, desk, together, clients):
    """The same document for different customers: one payment, a clear refusal for all the others."""
    with sessions.begin(DISTRICT_ID) as session:
        people = [make_customer(session, 100 + number) for number in range(clients)]

    answers = together(lambda session, number: tell(session, desk, people[number].id))

    assert Counter(type(answer) for answer in answers) == {Payment: 1, payments.OutsideIdReused: clients - 1}
    assert count(sessions, Payment) == 1
    assert all_agrees(sessions)


def tell(session, desk, customer_id):
    """500 tenge by the bank's document PAY-17."""
    return payments.record_payment(
        session,
        desk.enterprise.id,
        customer_id,
        amount=T(500),
        method=PaymentMethod.BANK,
        received_on=APRIL_10,
        outside_id="PAY-17",
    )


def test_credits_at_once_never_exceed_the_invoice(sessions, desk, together, clients):
    """Everybody credits 200 of a paid 1,160: five succeed, the sixth finds 160 left, all others too."""
    with sessions.begin(DISTRICT_ID) as session:
        invoice = desk.at(session).issue()
        line_id = only_line(session, invoice).id
        desk.at(session).pay(1160)

    answers = together(lambda session, _: credit(session, invoice, {line_id: T(200)}).number)

    assert sorted(answer for answer in answers if isinstance(answer, int)) == [1, 2, 3, 4, 5]
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refusals) == clients - 5
    assert {(each.code, each.facts["left"]) for each in refusals} == {("credit_exceeds_line", T(160))}
    assert all_agrees(sessions)


def test_refunds_and_a_reversal_at_once_never_give_back_too_much(sessions, desk, together):
    """1,000 paid ahead; everybody takes 300 back or undoes it all: never both, never more than there was."""
    with sessions.begin(DISTRICT_ID) as session:
        payment = desk.at(session).pay(1000)

    together(
        lambda session, number: (
            reverse(session, payment) if number % 3 == 1 else refund(session, payment, 300)
        )
    )

    refunds, reversals = count(sessions, Refund), count(sessions, PaymentReversal)
    assert (refunds, reversals) in {(3, 0), (0, 1)}
    assert all_agrees(sessions)


def test_everything_at_once_on_one_customer(sessions, desk, together):
    """Pay, name, credit, give back, undo, issue: each is done or refused with a code, and all sums agree."""
    with sessions.begin(DISTRICT_ID) as session:
        here = desk.at(session)
        invoices = [here.issue(month) for month in MONTHS[:4]]
        lines = [only_line(session, invoice).id for invoice in invoices]
        earlier = [here.pay(700) for _ in range(6)]

    def act(session, number):
        here = desk.at(session)
        invoice, payment = invoices[number % 4], earlier[number % 6]
        deeds = [
            lambda: here.pay(130 + number, method=PaymentMethod.CASH),
            lambda: here.pay(77, invoice_ids=(invoice.id,)),
            lambda: credit(session, invoice, {lines[number % 4]: T(90 + number)}),
            lambda: refund(session, payment, 50 + number),
            lambda: reverse(session, payment),
            lambda: here.issue(MONTHS[4 + number % 8]),
            lambda: credit(session, invoice),
        ]
        return deeds[number % len(deeds)]()

    answers = together(act)

    done = Counter(type(answer) for answer in answers if not isinstance(answer, Refusal))
    assert done[Payment] >= 1
    assert {answer.code for answer in answers if isinstance(answer, Refusal)} <= {
        "not_open_for_customer",
        "credit_exceeds_line",
        "nothing_to_credit",
        "advance_too_small",
        "payment_refunded",
        "payment_reversed",
        "period_already_billed",
    }
    for model, series in ((Invoice, Invoice.number), (CreditNote, CreditNote.number)):
        assert numbers(sessions, series) == list(range(1, count(sessions, model) + 1))
    cash = numbers(sessions, Payment.cash_order_number)
    assert cash == list(range(1, len(cash) + 1))
    assert all_agrees(sessions)


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
        receivables.open_lines(session, desk.enterprise.id, debtors[0].id, lock=True)
        consuming = thread.submit(consume)
        while not session.scalar(WAITING):
            assert not consuming.done()
        receivables.open_lines(session, desk.enterprise.id, debtors[1].id, lock=True)

    assert consuming.result() == T(200)
    assert all_agrees(sessions)

"""Many people at one till: numbers without gap, nothing billed or paid twice, nobody's request lost."""

from collections import Counter
from datetime import date

from sqlalchemy import select

from billing.invoicing.models import CreditNote, Invoice, InvoiceLine
from billing.invoicing.service import NothingToInvoice, invoice_completed_orders, issue_invoice
from billing.invoicing.supplies import OrderNotBillable, PeriodAlreadyBilled
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.errors import Refusal
from billing.kernel.money import Money
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod, PaymentReversal, Refund
from billing.receivables.models import Allocation
from tests.support.billing import (
    APRIL_10,
    MARCH,
    MARCH_31,
    credit,
    make_contract,
    only_line,
    pay,
    refund,
    reverse,
)
from tests.support.committed import all_agrees, count, numbers
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.orders import make_act

T = Money.tenge
MONTHS = [Month(2025, number) for number in range(1, 13)]


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
    assert {answer.code for answer in refused} == {"ends_before_start"}
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
    payment_id = payments.record_payment(
        session,
        desk.enterprise.id,
        customer_id,
        amount=T(500),
        method=PaymentMethod.BANK,
        received_on=APRIL_10,
        outside_id="PAY-17",
    )
    return payments.get_payment(session, payment_id)


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

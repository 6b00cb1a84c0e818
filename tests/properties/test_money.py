"""Any sequence of billing and collecting keeps every sum: what cannot be done is refused, by a rule."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.archive.service import storing_in
from billing.budget.models import PolicyKind, PostingPolicy, RevenueLine
from billing.catalog.models import VatCategory
from billing.customers.models import CustomerBenefit
from billing.customers.service import grant_benefit
from billing.invoicing.models import Invoice
from billing.invoicing.service import invoice_completed_orders, issue_invoice, lines_of
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.db import scope
from billing.kernel.errors import Refusal
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.orders.models import CompletionAct
from billing.payments.models import Payment, PaymentMethod, PaymentReversal, Refund
from billing.receivables.models import Advance, Allocation, Receivable
from billing.verification.service import verify
from tests.support.billing import credit, make_contract, open_desk, pay, refund, reverse
from tests.support.books import balance
from tests.support.catalog import make_benefit, make_service
from tests.support.customers import make_customer, make_organisation
from tests.support.districts import DISTRICT_ID, make_district
from tests.support.orders import make_act

EXAMPLES = {"sqlite": 10, "postgresql": 3}
STEPS = 14
DAYS = st.dates(date(2026, 1, 1), date(2026, 6, 30))
LATER = st.dates(date(2026, 5, 1), date(2026, 8, 31))  # mostly after what is undone, sometimes before
MONTHS = st.integers(1, 6).map(lambda number: Month(2026, number))
SUMS = st.integers(1, 300) | st.integers(1, 500_000)
WHICH = st.integers(0, 1_000)
METHODS = st.sampled_from([PaymentMethod.BANK, PaymentMethod.CASH, PaymentMethod.CARD])


class Till(RuleBasedStateMachine):
    """An office with three customers, one of whom pays for another, and prices that do not divide evenly."""

    databases = None
    documents = None

    def __init__(self):
        super().__init__()
        self.session = Session(self.databases.shared_engine, expire_on_commit=False)
        self.session.info.update(storing_in(self.documents))
        make_district(self.session)
        scope(self.session, DISTRICT_ID)

    @initialize(policy=st.sampled_from(PolicyKind), benefit=st.booleans())
    def open(self, policy, benefit):
        """Services with and without VAT at odd prices; a worker; a veteran who pays half."""
        session = self.session
        desk = open_desk(session, policy=policy, price=Money.tenge("333.33"))
        self.enterprise_id = desk.enterprise.id
        exempt = make_service(
            session,
            desk.enterprise.id,
            code="WATER",
            price=Money(7),
            vat_category=VatCategory.EXEMPT,
            revenue_code="201510",
        )
        dear = make_service(session, desk.enterprise.id, code="ROAD", price=Money.tenge("1999.99"))
        payer = make_organisation(session)
        debtor = make_customer(session, 2, payer_id=payer.id)
        self.customers = [desk.customer, debtor, payer]
        self.contracts = [
            make_contract(session, desk.enterprise, customer, (dear, "0.333"), (exempt, "1.5"), *more)
            for customer, more in ((desk.customer, ()), (debtor, [(desk.service, "2")]), (payer, ()))
        ]
        if benefit:
            veteran = make_benefit(session, service_id=dear.id)
            grant_benefit(session, debtor.id, veteran.id, valid_from=date(2026, 2, 1), evidence="Куәлік № 17")
            assert session.scalar(select(CustomerBenefit.benefit_id)) == veteran.id
        self.trade = desk.hire()

    def teardown(self):
        """Forget everything."""
        self.session.rollback()
        self.session.close()

    def attempt(self, deed):
        """Do it as a whole or, refused by a rule, not at all. Anything else is an error."""
        try:
            with self.session.begin_nested():
                deed()
        except Refusal:
            self.session.expire_all()

    def one_of(self, model, which):
        """One of the rows there are."""
        rows = self.session.scalars(select(model).order_by(model.id)).all()
        return rows[which % len(rows)]

    def there_is(self, model):
        """Whether there are rows."""
        return self.session.scalar(select(model.id).limit(1)) is not None

    @rule(which=WHICH, month=MONTHS, day=DAYS)
    def bill_a_month(self, which, month, day):
        """A contract's charges; some days lie before the month or long after it."""
        contract = self.contracts[which % 3]
        self.attempt(
            lambda: issue_invoice(
                self.session,
                self.enterprise_id,
                contract.customer_id,
                contract_id=contract.id,
                period=month,
                issued_on=day,
            )
        )

    @rule(which=WHICH, day=DAYS, quantity=st.integers(1, 5_000))
    def work(self, which, day, quantity):
        """An act of an odd quantity."""
        self.attempt(
            lambda: make_act(
                self.session,
                self.trade,
                customer_id=self.customers[which % 3].id,
                completed_on=day,
                quantity=str(Decimal(quantity) / 1000),
            )
        )

    @precondition(lambda self: self.there_is(CompletionAct))
    @rule(day=LATER)
    def bill_all_work(self, day):
        """Every customer's acts up to a day."""
        self.attempt(lambda: invoice_completed_orders(self.session, self.enterprise_id, issued_on=day))

    @rule(which=WHICH, amount=SUMS, method=METHODS, day=DAYS, named=st.lists(WHICH, max_size=2))
    def receive(self, which, amount, method, day, named):
        """Money of a customer, for named invoices, his own or not, or for the oldest debt."""
        customer = self.customers[which % 3]
        invoices = [self.one_of(Invoice, each).id for each in named if self.there_is(Invoice)]
        self.attempt(
            lambda: pay(
                self.session,
                self.enterprise_id,
                customer.id,
                str(Money(amount)),
                method=method,
                received_on=day,
                invoice_ids=tuple(invoices),
            )
        )

    @precondition(lambda self: self.there_is(Invoice))
    @rule(which=WHICH, day=LATER)
    def credit_all(self, which, day):
        """What is left of an invoice."""
        self.attempt(lambda: credit(self.session, self.one_of(Invoice, which), issued_on=day))

    @precondition(lambda self: self.there_is(Invoice))
    @rule(which=WHICH, amounts=st.lists(SUMS, min_size=1, max_size=3), day=LATER)
    def credit_lines(self, which, amounts, day):
        """Sums off some of its lines, often more than there is."""
        invoice = self.one_of(Invoice, which)
        lines = lines_of(self.session, invoice.id)
        taken_off = {line.id: Money(amount) for line, amount in zip(lines, amounts, strict=False)}
        self.attempt(lambda: credit(self.session, invoice, taken_off, issued_on=day))

    @precondition(lambda self: self.there_is(Payment))
    @rule(which=WHICH, amount=SUMS, day=LATER)
    def give_back(self, which, amount, day):
        """A sum of a payment, often more than its advance."""
        payment = self.one_of(Payment, which)
        self.attempt(lambda: refund(self.session, payment, str(Money(amount)), refunded_on=day))

    @precondition(lambda self: self.there_is(Payment))
    @rule(which=WHICH, day=LATER)
    def undo(self, which, day):
        """A payment, often one that was undone or given back."""
        self.attempt(lambda: reverse(self.session, self.one_of(Payment, which), reversed_on=day))

    @rule(month=MONTHS, budget=st.booleans())
    def close(self, month, budget):
        """A month of one of the books, mostly out of turn."""
        book_id = (
            ledger.budget_book_id(self.session)
            if budget
            else ledger.enterprise_book_id(self.session, self.enterprise_id)
        )
        self.attempt(lambda: ledger.close_month(self.session, book_id, month, today=date(2026, 12, 31)))

    @invariant()
    def every_sum_agrees(self):
        """Verification finds nothing, and the sums that people ask about are equal, added up here anew."""
        if not hasattr(self, "enterprise_id"):
            return
        assert list(verify(self.session)) == []
        book_id = ledger.enterprise_book_id(self.session, self.enterprise_id)
        open_sum, advances = self.sum_of(Receivable.open_amount), self.sum_of(Advance.open_amount)
        assert balance(self.session, book_id, "1210") == open_sum
        assert balance(self.session, book_id, "3510") == -advances
        reversed_ = self.session.scalar(
            select(money_sum(Payment.amount)).where(Payment.id.in_(select(PaymentReversal.payment_id)))
        )
        allocated = self.sum_of(Allocation.amount)
        refunded = self.sum_of(Refund.amount)
        assert self.sum_of(Payment.amount) == allocated + advances + refunded + reversed_
        gross = self.session.scalar(select(PostingPolicy.kind)) is PolicyKind.GROSS
        net = allocated - self.sum_of(Allocation.vat)
        assert self.sum_of(RevenueLine.amount) == (net if gross else Money(0))

    def sum_of(self, column):
        """All rows of a column."""
        return self.session.scalar(select(money_sum(column)))


@pytest.fixture
def till(databases, documents):
    """The state machine on databases of this kind."""
    return type("TillHere", (Till,), {"databases": databases, "documents": documents})


def test_any_sequence_of_deeds_keeps_the_sums(till, database_kind):
    """Issue, pay, credit, refund, reverse, work, close, in any order: refusals only, and all sums agree."""
    run_state_machine_as_test(
        till,
        settings=settings(
            max_examples=EXAMPLES[database_kind],
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )

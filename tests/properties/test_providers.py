"""Any sequence of collecting, paying over, registries, undoing and signing keeps what providers hold."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.archive.service import storing_in
from billing.kernel.db import scope
from billing.kernel.errors import Refusal
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, total
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod, SignedDay
from billing.reconciliation.batch_decisions import Chosen, settle_batch
from billing.reconciliation.batch_fitting import Collected, Period, Terms, commissions, fits
from billing.reconciliation.in_provider_hands import unsettled_payments, unsettled_returns
from billing.reconciliation.matches import lock_open_rows
from billing.reconciliation.models import MatchedRow, StatementMatch, StatementRow
from billing.reconciliation.provider_batches import match_provider_batches
from billing.reconciliation.three_way.comparison import compare_days
from billing.reconciliation.three_way.late import book_missing
from billing.reconciliation.three_way.registry import import_registry
from billing.reconciliation.three_way.sign_off import sign_day_off, take_sign_off_back
from billing.reconciliation.undo import undo_match
from billing.verification.service import verify
from tests.support.bank_desk import NOVEMBER_26
from tests.support.districts import DISTRICT_ID, make_district
from tests.support.provider_money import MONDAY, open_bank_with_provider, paid_over, pay_through

EXAMPLES = {"sqlite": 10, "postgresql": 3}
STEPS = 16
DAYS = st.integers(0, 3).map(lambda days: MONDAY + timedelta(days=days))
SUMS = st.integers(1, 99_999)
WHICH = st.integers(0, 1_000)
HEAD = "Номер транзакции;Сумма;Дата;Лицевой счет\n"
TERMS = Terms("kaspi", 95, Money(0))


class Channel(RuleBasedStateMachine):
    """A provider that withholds 0.95 %, one resident, four days."""

    databases = None
    documents = None

    def __init__(self):
        super().__init__()
        self.session = Session(self.databases.shared_engine, expire_on_commit=False)
        self.session.info.update(storing_in(self.documents))
        make_district(self.session)
        scope(self.session, DISTRICT_ID)

    @initialize()
    def open(self):
        """Nothing happened yet."""
        self.bank, self.provider = open_bank_with_provider(self.session)

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
        return self.session.scalar(select(func.count()).select_from(model)) > 0

    def in_transit(self, last_day=NOVEMBER_26):
        """What the provider holds."""
        return unsettled_payments(
            self.session, self.bank.desk.enterprise.id, ["kaspi"], first_day=MONDAY, last_day=last_day
        )

    @rule(amount=SUMS, day=DAYS, number=st.integers(1, 6))
    def collect(self, amount, day, number):
        """A transaction, sometimes told again, sometimes told otherwise."""
        self.attempt(lambda: pay_through(self.bank.desk, str(Money(amount)), day, outside_id=str(number)))

    @precondition(lambda self: self.there_is(Payment))
    @rule(which=WHICH, day=DAYS)
    def reverse(self, which, day):
        """A payment taken back, before or after it was paid over."""
        payment = self.one_of(Payment, which)
        self.attempt(
            lambda: payments.reverse_payment(self.session, payment.id, reversed_on=day, reason="қате")
        )

    @precondition(lambda self: self.there_is(Payment))
    @rule(which=WHICH, amount=SUMS, day=DAYS)
    def give_back(self, which, amount, day):
        """A sum given back through the provider."""
        payment = self.one_of(Payment, which)
        self.attempt(
            lambda: payments.refund(
                self.session,
                payment.id,
                amount=Money(amount),
                method=PaymentMethod.PROVIDER,
                refunded_on=day,
                reason="артық",
            )
        )

    @precondition(lambda self: self.in_transit())
    @rule(day=DAYS, off=st.sampled_from([0, 0, 0, 1]), how=WHICH, alone=st.booleans())
    def pay_over(self, day, off, how, alone):
        """A row for a day's payments, by one of the usual commissions, sometimes a tiyn off or cut in two."""
        of_day = [each for each in self.in_transit() if each.day == day]
        usual = commissions(TERMS, of_day)
        credited = total(each.amount for each in of_day) - usual[how % len(usual)] - Money(off)
        if credited <= Money(1):
            return
        parts = [credited] if alone else [Money(1), credited - Money(1)]
        purpose = f"за {day:%d.%m.%Y}"
        rows = self.bank.rows(*(paid_over(str(part), day + timedelta(days=1), purpose) for part in parts))
        self.attempt(lambda: self.match(rows))

    def match(self, rows):
        """What an import does with new rows."""
        match_provider_batches(self.session, self.bank.account, rows, decided_on=NOVEMBER_26)

    @precondition(lambda self: self.there_is(StatementRow) and self.in_transit())
    @rule(which=WHICH, count=st.integers(1, 3), with_returns=st.booleans(), named=st.booleans())
    def decide(self, which, count, with_returns, named):
        """An accountant puts anything together, and names the difference or not."""
        row = self.one_of(StatementRow, which)
        returns = unsettled_returns(
            self.session, self.bank.desk.enterprise.id, ["kaspi"], last_day=NOVEMBER_26
        )
        chosen = Chosen(
            self.provider.id,
            [row.id],
            [each.payment_id for each in self.in_transit()[:count]],
            [each.transfer_id for each in returns] if with_returns else [],
        )
        self.attempt(
            lambda: settle_batch(
                self.session,
                chosen,
                why="вручную",
                difference_reason="айырма" if named else None,
                decided_on=NOVEMBER_26,
            )
        )

    @precondition(lambda self: self.there_is(StatementMatch))
    @rule(which=WHICH)
    def undo(self, which):
        """A match, often one undone before; its rows are looked at again."""
        match = self.one_of(StatementMatch, which)
        self.attempt(lambda: self.undo_and_look_again(match.id))

    def undo_and_look_again(self, match_id):
        """Undo, and let the matcher look at the freed rows."""
        undone = undo_match(self.session, match_id, undone_on=NOVEMBER_26, reason="қате")
        self.match(lock_open_rows(self.session, [UUID(each) for each in undone.held["row_ids"]]))

    @rule(rows=st.lists(st.tuples(st.integers(1, 6), SUMS, DAYS), min_size=1, max_size=3), late=st.booleans())
    def take_registry_in(self, rows, late):
        """A registry, often repeated or contradicting; its missing payments are booked."""
        account = self.bank.desk.customer.account_number
        lines = [f"{number};{Money(amount)};{day};{account}" for number, amount, day in rows]
        content = (HEAD + "\n".join(lines)).encode()
        self.attempt(
            lambda: import_registry(self.session, self.provider.id, content, file_name="registry.csv")
        )
        if late:
            self.attempt(lambda: book_missing(self.session, self.provider.id, MONDAY, NOVEMBER_26))

    @rule(day=DAYS, why=st.sampled_from([None, "солай"]))
    def sign(self, day, why):
        """A day, often one that does not agree."""
        self.attempt(lambda: sign_day_off(self.session, self.provider.id, day, today=NOVEMBER_26, why=why))

    @precondition(lambda self: self.there_is(SignedDay))
    @rule()
    def unsign(self):
        """The first signed day."""
        held = self.session.scalars(select(SignedDay).order_by(SignedDay.day)).first()
        self.attempt(
            lambda: take_sign_off_back(
                self.session, held.sign_off_id, undone_on=NOVEMBER_26, reason="қайта қарау"
            )
        )

    @invariant()
    def everything_agrees(self):
        """Verification finds nothing; the comparison's open sums are what is in transit; no row is lost."""
        if not hasattr(self, "bank"):
            return
        assert list(verify(self.session)) == []
        days = compare_days(self.session, MONDAY, NOVEMBER_26)
        in_transit = total(each.amount for each in self.in_transit())
        assert total(each.open_amount for each in days) == in_transit
        claimed = self.session.scalars(select(MatchedRow.row_id)).all()
        assert len(claimed) == len(set(claimed))


@pytest.fixture
def channel(databases, documents):
    """The state machine on databases of this kind."""
    return type("ChannelHere", (Channel,), {"databases": databases, "documents": documents})


def test_any_sequence_of_deeds_keeps_what_providers_hold(channel, database_kind):
    """Collect, pay over, reverse, refund, decide, undo, sign, in any order: refusals only, and all agrees."""
    run_state_machine_as_test(
        channel,
        settings=settings(
            max_examples=EXAMPLES[database_kind],
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )


@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=30),
    st.integers(0, 10_000),
    st.integers(0, 5_000),
    st.integers(-3, 3),
)
def test_a_sum_fits_only_when_a_usual_commission_explains_it(amounts, rate, least, off):
    """Whatever was collected and agreed: found with the commission that was withheld, or not at all."""
    terms = Terms("kaspi", rate, Money(least))
    payments_ = [Collected(new_id(), "kaspi", MONDAY, Money(amount)) for amount in amounts]
    gross = total(each.amount for each in payments_)
    for commission in commissions(terms, payments_):
        assert ZERO <= commission <= gross
        credited = gross - commission - Money(off)
        found = fits(terms, credited, payments_, [], [Period(MONDAY, MONDAY)])
        explained = commission + Money(off) in commissions(terms, payments_)
        assert [fit.commission for fit in found] == ([commission + Money(off)] if explained else [])

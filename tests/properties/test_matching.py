"""Any sequence of matching, deciding and undoing explains each row once at most and keeps every sum."""

from datetime import date, timedelta

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
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.archive.service import storing_in
from billing.kernel.dates import Month
from billing.kernel.db import scope
from billing.kernel.errors import Refusal
from billing.kernel.money import Money, total
from billing.ledger.models import Transfer
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import open_exceptions
from billing.reconciliation.matching.decisions import (
    Lesson,
    Part,
    confirm_postings,
    decide_entry,
    decide_payments,
    mark_wrong_account,
    undo_decision,
)
from billing.reconciliation.models import (
    ExceptionKind,
    MatchedRow,
    MatchedTransfer,
    RowException,
    StatementMatch,
    StatementRow,
)
from billing.reconciliation.service import rematch
from billing.verification.service import verify
from tests.support.bank_rows import row, take_in_rows
from tests.support.billing import pay
from tests.support.districts import DISTRICT_ID, make_district
from tests.support.identifiers import synthetic_iban
from tests.support.resident_rows import came, open_counter

EXAMPLES = {"sqlite": 12, "postgresql": 3}
STEPS = 15
DAYS = st.dates(date(2026, 4, 1), date(2026, 4, 30))
TODAY = date(2026, 5, 15)
WHICH = st.integers(0, 1_000)
SUMS = st.sampled_from(["1160", "580", "2320", "0.01", "777.77"])


class Accountant(RuleBasedStateMachine):
    """An accountant with three customers, one of whom pays for another, and the bank's rows."""

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
        """Three customers who owe March, one of them also April."""
        self.counter = open_counter(self.session)
        self.counter.desk.issue()
        self.counter.desk.issue(Month(2026, 4))
        son, _ = self.counter.another(2)
        mother, _ = self.counter.another(3, payer_id=son.id)
        self.customers = [self.counter.customer, son, mother]

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

    def one_of(self, statement, which):
        """One of the things there are; None where there is none."""
        found = self.session.scalars(statement).all()
        return found[which % len(found)] if found else None

    def a_waiting_row(self, which):
        """A row that no match explains."""
        explained = select(MatchedRow.row_id)
        return self.one_of(
            select(StatementRow).where(StatementRow.id.not_in(explained)).order_by(StatementRow.id), which
        )

    @rule(
        which=WHICH, payer=WHICH, tenge=SUMS, on=DAYS, words=st.sampled_from(["account", "invoice", "none"])
    )
    def take_in(self, which, payer, tenge, on, words):
        """A row of somebody's money that names more or less, seldom anything that fits."""
        named = {
            "account": f"л/с {self.customers[which % 3].account_number}",
            "invoice": f"шот {which % 5}",
            "none": "оплата",
        }[words]
        iin = self.customers[payer % 3].iin_bin if payer % 2 else ""
        iban = synthetic_iban(800 + payer % 3)
        given = came(tenge, on=on, purpose=named, counterparty_iin_bin=iin, counterparty_iban=iban)
        taken = self.counter.rows(given)
        open_exceptions(self.session, {taken[0].id: ExceptionKind.UNKNOWN_PAYER}, opened_on=TODAY)

    @rule(tenge=SUMS, on=DAYS)
    def take_in_outgoing(self, tenge, on):
        """Money that went out."""
        [taken] = take_in_rows(self.session, self.counter.account, row(tenge, Direction.OUT, on=on))
        open_exceptions(self.session, {taken.id: ExceptionKind.UNEXPECTED_OUTGOING}, opened_on=TODAY)

    @rule(which=WHICH, tenge=SUMS, on=DAYS)
    def record(self, which, tenge, on):
        """A clerk records a payment by bank, before or after its row comes."""
        customer = self.customers[which % 3]
        self.attempt(
            lambda: pay(self.session, self.counter.desk.enterprise.id, customer.id, tenge, received_on=on)
        )

    @rule(undone_too=st.booleans())
    def look_again(self, undone_too):
        """The program looks at all rows that wait."""
        rematch(self.session, self.counter.account.id, rematched_on=TODAY, undone_too=undone_too)

    @rule(which=WHICH, customer=WHICH, split=st.booleans(), learn=st.booleans())
    def decide(self, which, customer, split, learn):
        """A person says whose money a row was."""
        waiting = self.a_waiting_row(which)
        if waiting is None:
            return
        first, second = self.customers[customer % 3].id, self.customers[(customer + 1) % 3].id
        parts = [Part(first, waiting.amount)]
        if split and waiting.amount > Money(1):
            parts = [Part(first, Money(1)), Part(second, waiting.amount - Money(1))]
        lesson = Lesson(iban=True) if learn else None
        self.attempt(
            lambda: decide_payments(
                self.session, [waiting.id], parts, decided_on=TODAY, why="x", lesson=lesson
            )
        )

    @rule(which=WHICH, transfer=WHICH)
    def confirm(self, which, transfer):
        """A person says that a row shows some posting, mostly a wrong one."""
        waiting = self.a_waiting_row(which)
        posting = self.one_of(select(Transfer.id).order_by(Transfer.id), transfer)
        if waiting is not None and posting is not None:
            self.attempt(
                lambda: confirm_postings(self.session, [waiting.id], [posting], decided_on=TODAY, why="x")
            )

    @rule(which=WHICH, code=st.sampled_from(["7210", "6010", "1210", "1030", "9999"]))
    def post(self, which, code):
        """A person posts a row somewhere."""
        if (waiting := self.a_waiting_row(which)) is not None:
            self.attempt(lambda: decide_entry(self.session, [waiting.id], code, decided_on=TODAY, why="x"))

    @rule(which=WHICH)
    def mark(self, which):
        """A person says that a row was meant for another."""
        if (waiting := self.a_waiting_row(which)) is not None:
            self.attempt(lambda: mark_wrong_account(self.session, waiting.id, note="x", marked_on=TODAY))

    @precondition(lambda self: self.session.scalar(select(func.count()).select_from(StatementMatch)))
    @rule(which=WHICH, later=st.integers(-20, 20))
    def undo(self, which, later):
        """A person undoes a match, perhaps one that was undone, perhaps on a day too early."""
        match = self.one_of(select(StatementMatch.id).order_by(StatementMatch.id), which)
        day = TODAY + timedelta(days=later)
        self.attempt(lambda: undo_decision(self.session, match, undone_on=day, reason="x"))

    @invariant()
    def every_row_is_explained_once_or_waits(self):
        """No row is lost and none has two explanations; rows and their postings come to the same sum."""
        self.session.expire_all()
        rows = self.session.scalars(select(StatementRow)).all()
        explained = set(self.session.scalars(select(MatchedRow.row_id)))
        waiting = set(
            self.session.scalars(select(RowException.row_id).where(RowException.closed_on.is_(None)))
        )
        assert explained | waiting == {each.id for each in rows}
        assert not explained & waiting
        came_in = total(each.amount for each in rows if each.id in explained and each.direction == "in")
        shown = self.session.scalars(
            select(Transfer.amount).join(MatchedTransfer, MatchedTransfer.transfer_id == Transfer.id)
        )
        went_out = total(each.amount for each in rows if each.id in explained and each.direction == "out")
        assert total(shown) == came_in + went_out

    @invariant()
    def everything_agrees(self):
        """Whatever was refused or done, the books agree with themselves and with the bank."""
        assert list(verify(self.session)) == []


def test_any_sequence_of_decisions_agrees(databases, documents, database_kind):
    """Match, decide, undo, look again, in any order."""
    machine = type("Accountant", (Accountant,), {"databases": databases, "documents": documents})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES[database_kind],
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )

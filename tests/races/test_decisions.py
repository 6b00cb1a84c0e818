"""Several accountants decide at once: one wins, the others are told, and nothing is recorded twice."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.districts.models import BankAccount
from billing.kernel.errors import Refusal
from billing.kernel.money import Money
from billing.ledger.models import Transfer
from billing.outbox.models import EventKind, OutboxEvent
from billing.payments.models import Payment
from billing.reconciliation.matches import RowMatched, TransferMatched, open_exceptions
from billing.reconciliation.matching.decisions import (
    Part,
    confirm_postings,
    decide_entry,
    decide_payments,
    undo_decision,
)
from billing.reconciliation.matching.settings import change_settings
from billing.reconciliation.models import (
    BankStatement,
    ExceptionKind,
    MatchedRow,
    MatchedTransfer,
    StatementMatch,
)
from billing.reconciliation.service import rematch
from billing.reconciliation.undo import MatchUndone
from tests.support.bank_rows import take_in_rows
from tests.support.billing import APRIL_10
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID
from tests.support.identifiers import synthetic_iin
from tests.support.resident_rows import APRIL_15, came

T = Money.tenge
RECONCILED = EventKind.STATEMENT_RECONCILED


@pytest.fixture
def taken(sessions, desk, clients):
    """As many rows of one sum as there are clients, all waiting."""
    with sessions.begin(DISTRICT_ID) as session:
        desk.at(session).issue()
        account = session.scalars(select(BankAccount)).one()
        rows = take_in_rows(
            session,
            account,
            *(
                came("100", counterparty_iin_bin=synthetic_iin(1), document_number=str(n))
                for n in range(clients)
            ),
        )
        kinds = {each.id: ExceptionKind.UNKNOWN_PAYER for each in rows}
        open_exceptions(session, kinds, opened_on=APRIL_15)
        return [each.id for each in rows]


def to_customer(session, desk, row_id):
    """Decide that a row is the customer's money."""
    part = Part(desk.customer.id, T(100))
    return decide_payments(session, [row_id], [part], decided_on=APRIL_15, why="x").id


def test_one_row_is_decided_once(sessions, desk, taken, together):
    """Half say it was a payment, half post it elsewhere: one of all wins."""

    def decide(session, number):
        if number % 2:
            return decide_entry(session, [taken[0]], "7210", decided_on=APRIL_15, why="x").id
        return to_customer(session, desk, taken[0])

    answers = together(decide)

    assert sum(not isinstance(each, Refusal) for each in answers) == 1
    assert {type(each) for each in answers if isinstance(each, Refusal)} == {RowMatched}
    assert count(sessions, StatementMatch) == count(sessions, MatchedRow) == 1
    assert all_agrees(sessions)


def test_a_statement_explained_by_many_at_once_is_told_once(sessions, taken, together):
    """Everybody explains another row: whoever is last knows that he is, and nobody else thinks so."""
    together(
        lambda session, number: decide_entry(session, [taken[number]], "7210", decided_on=APRIL_15, why="x")
    )

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        told = session.scalars(select(OutboxEvent.subject_id).where(OutboxEvent.kind == RECONCILED)).all()
        assert told == [session.scalars(select(BankStatement.id)).one()]


def test_one_posting_is_shown_by_one_row(sessions, desk, taken, together):
    """Everybody confirms the same recorded payment with a row of his own."""
    with sessions.begin(DISTRICT_ID) as session:
        payment = desk.at(session).pay(100)
        transfer_id = session.scalars(
            select(Transfer.id).where(Transfer.source_id == payment.id, Transfer.position == 0)
        ).one()

    def confirm(session, number):
        return confirm_postings(session, [taken[number]], [transfer_id], decided_on=APRIL_15, why="x").id

    answers = together(confirm)

    assert sum(not isinstance(each, Refusal) for each in answers) == 1
    assert {type(each) for each in answers if isinstance(each, Refusal)} == {TransferMatched}
    assert count(sessions, MatchedTransfer) == 1
    assert all_agrees(sessions)


def test_one_match_is_undone_once(sessions, desk, taken, together):
    """The payment is reversed once, the row waits once."""
    with sessions.begin(DISTRICT_ID) as session:
        match_id = to_customer(session, desk, taken[0])

    answers = together(
        lambda session, _: undo_decision(session, match_id, undone_on=APRIL_15, reason="x").match_id
    )

    assert sum(not isinstance(each, Refusal) for each in answers) == 1
    assert {type(each) for each in answers if isinstance(each, Refusal)} == {MatchUndone}
    assert all_agrees(sessions)


def test_people_decide_while_the_program_looks_again(sessions, desk, taken, together):
    """Some decide about their rows, some let the program match them all: each row has one explanation."""
    with sessions.begin(DISTRICT_ID) as session:
        account_id = session.scalars(select(BankAccount.id)).one()
        change_settings(session, desk.enterprise.id, threshold=61, days_around=5)

    def work(session, number):
        if number % 4 == 0:
            return rematch(session, account_id, rematched_on=date(2026, 4, 16))
        return to_customer(session, desk, taken[number])

    together(work)

    with sessions.begin(DISTRICT_ID) as session:
        rows = session.scalar(select(func.count()).select_from(MatchedRow))
        paid = session.scalars(select(Payment.amount).where(Payment.received_on > APRIL_10)).all()
    assert len(paid) == rows == count(sessions, StatementMatch)
    assert all_agrees(sessions)

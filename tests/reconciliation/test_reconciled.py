"""Others are told of a statement when the last of its rows is explained, and not before."""

from datetime import date

import pytest
from sqlalchemy import select

from billing.kernel.money import Money
from billing.outbox.models import EventKind, OutboxEvent
from billing.reconciliation.matches import RowMatched
from billing.reconciliation.matching.decisions import (
    Part,
    SumsDiffer,
    decide_entry,
    decide_payments,
    mark_wrong_account,
    undo_decision,
)
from billing.reconciliation.models import StatementRow
from billing.reconciliation.notices import compose
from billing.reconciliation.service import rematch, take_in
from tests.support.bank_files import OWN, document, one_c, section
from tests.support.billing import open_desk
from tests.support.statements import counted_statements

NOVEMBER_26 = date(2026, 11, 26)
CHARGE = {
    "out": True,
    "name": "АО «Народный Банк Казахстана»",
    "iin_bin": "940140000385",
    "purpose": "Комиссия банка",
    "ПолучательБанкБИК": "HSBKKZKX",
}


@pytest.fixture
def desk(session):
    """An enterprise with a bank account, and a customer nobody has billed."""
    return open_desk(session)


def take(session, *documents, credited=(), debited=(), first="01.11.2026", last="30.11.2026", opening="100"):
    """Take a statement in; returns its id and its rows that wait, by their sums."""
    dates = {"first": first, "last": last}
    text = one_c(section(credited, debited, opening=f"{opening}.00", **dates), *documents, **dates)
    taken = take_in(session, text.encode(), file_name="a.txt", taken_in_on=NOVEMBER_26)
    rows = session.scalars(
        select(StatementRow.id)
        .where(StatementRow.statement_id == taken.statement.id, StatementRow.direction == "in")
        .order_by(StatementRow.amount)
    )
    return taken.statement.id, rows.all()


def told(session):
    """Of which statements others are told, in their order."""
    events = select(OutboxEvent.subject_id).where(OutboxEvent.kind == EventKind.STATEMENT_RECONCILED)
    return session.scalars(events.order_by(OutboxEvent.id)).all()


def is_interest(session, row_id):
    """Decide that a row is interest of the bank."""
    return decide_entry(session, [row_id], "6010", decided_on=NOVEMBER_26, why="проценты").id


def test_a_statement_explained_by_itself_is_told_at_once(session, desk):
    """Nothing but the bank's charge: told in the transaction that took it in, and once."""
    charge = document("1.00", **CHARGE)
    statement_id, _ = take(session, charge, debited=["1.00"])
    assert told(session) == [statement_id]
    assert take(session, charge, debited=["1.00"])[0] == statement_id  # the same file
    assert told(session) == [statement_id]


def test_the_last_decision_alone_tells(session, desk):
    """The first decision, a refused one and a note tell nothing; the last one does."""
    statement_id, [small, large] = take(
        session, document("5.00", number="1"), document("7.00", number="2"), credited=["5.00", "7.00"]
    )
    is_interest(session, small)
    mark_wrong_account(session, large, note="чужие", marked_on=NOVEMBER_26)
    part = Part(desk.customer.id, Money.tenge(6))
    with pytest.raises(SumsDiffer):
        decide_payments(session, [large], [part], decided_on=NOVEMBER_26, why="x")
    with pytest.raises(RowMatched):
        is_interest(session, small)
    assert told(session) == []

    part = Part(desk.customer.id, Money.tenge(7))
    decide_payments(session, [large], [part], decided_on=NOVEMBER_26, why="по телефону")
    assert told(session) == [statement_id]


def test_whoever_explains_it_anew_tells_it_anew(session, desk):
    """An undo tells nothing; the statement waits again, and is told again when it does no more."""
    statement_id, [row_id] = take(session, document("5.00"), credited=["5.00"])
    match_id = is_interest(session, row_id)
    undo_decision(session, match_id, undone_on=NOVEMBER_26, reason="ошибка")
    assert told(session) == [statement_id]
    is_interest(session, row_id)
    assert told(session) == [statement_id] * 2


def test_overlapping_statements_wait_for_the_rows_of_all_their_days(session, desk):
    """A row of the first file lies in the days of the second: while it waits, neither is reconciled."""
    shared = document("5.00", day="02.11.2026")
    first, [row_id] = take(session, shared, credited=["5.00"], last="02.11.2026")
    second, rows = take(session, shared, credited=["5.00"], first="02.11.2026", last="03.11.2026")
    third, _ = take(session, first="03.11.2026", last="03.11.2026", opening="105")
    assert rows == [] and told(session) == [third]

    is_interest(session, row_id)
    assert told(session) == [third, first, second]


def test_a_second_look_tells_what_it_completes(session, desk):
    """Who paid becomes known later: looking again in vain tells nothing, looking with success tells."""
    named = document("5.00", purpose=f"лиц. счет {desk.customer.account_number}")
    statement_id, _ = take(session, named, document("1.00", **CHARGE), credited=["5.00"], debited=["1.00"])
    [row] = session.scalars(select(StatementRow).where(StatementRow.direction == "in"))
    rematch(session, row.bank_account_id, rematched_on=NOVEMBER_26)
    assert told(session) == []

    desk.customer.iin_bin = row.counterparty_iin_bin
    outcome = rematch(session, row.bank_account_id, rematched_on=NOVEMBER_26)
    assert (outcome.matched, told(session)) == ({"payment": 1}, [statement_id])


def test_programs_are_told_the_facts_in_one_query(session, desk):
    """Account, days, balances and counts; no name and no letter."""
    statement_id, _ = take(session, document("1.00", **CHARGE), debited=["1.00"])
    event = session.scalars(select(OutboxEvent)).one()
    with counted_statements(session) as statements:
        [says] = compose(session, [event]).values()

    assert (len(statements), says.letter) == (1, None)
    assert says.data == {
        "statement_id": str(statement_id),
        "enterprise_id": str(desk.enterprise.id),
        "bank_account_id": str(session.scalars(select(StatementRow.bank_account_id)).one()),
        "iban": OWN,
        "date_from": "2026-11-01",
        "date_to": "2026-11-30",
        "opening": "100.00",
        "credited": "0.00",
        "debited": "1.00",
        "closing": "99.00",
        "accepted_difference": "0.00",
        "row_count": 1,
    }

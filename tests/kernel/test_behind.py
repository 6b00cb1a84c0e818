"""What is written behind the caller's back is there before anybody looks, in order, and never half."""

import sys
from threading import active_count

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from billing.kernel.behind import STATEMENTS_MAX, writing_behind, writing_together
from billing.kernel.bulk import insert_rows, lower_rows
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.outbox.models import EventKind, OutboxEvent
from billing.receivables.models import Advance
from tests.support.billing import advance_left, open_desk, pay
from tests.support.districts import DISTRICT_ID
from tests.support.statements import counted_statements

COLUMNS = ("district_id", "id", "kind", "subject_id")


def event_row(event_id=None):
    return DISTRICT_ID, event_id or new_id(), EventKind.PAYMENT_RECEIVED, new_id()


def written(session):
    return session.scalar(select(func.count()).select_from(OutboxEvent))


def test_who_reads_waits_for_what_was_written_before(session):
    """Every look within the block finds all that stands above it, however much is on its way."""

    with writing_behind(session):
        for number in range(1, 3 * STATEMENTS_MAX):
            insert_rows(session, OutboxEvent, COLUMNS, [event_row()])
            if number % STATEMENTS_MAX == 0:
                assert written(session) == number
        insert_rows(session, OutboxEvent, COLUMNS, [event_row(), event_row()])

    assert written(session) == 3 * STATEMENTS_MAX + 1


def test_statements_keep_their_order(session):
    """An advance of 100 is raised to 150, then lowered by 150: the other way round its CHECK refuses."""
    desk = open_desk(session)
    payment = pay(session, desk.enterprise.id, desk.customer.id, 100)

    with writing_behind(session):
        for tenge in (-50, 150):
            lower_rows(session, Advance, "payment_id", ("open_amount",), [(payment.id, Money.tenge(tenge))])

    assert advance_left(session, payment) == Money(0)


@pytest.mark.parametrize("look", [True, False], ids=["at the next look", "at the end"])
def test_a_refusal_by_the_database_comes_up_and_nothing_is_left(session, look):
    """One id twice: the second is refused, what follows is not tried, the savepoint takes all of it back."""
    event_id = new_id()

    def write():
        with session.begin_nested(), writing_behind(session):
            for each in (event_id, event_id, new_id()):
                insert_rows(session, OutboxEvent, COLUMNS, [event_row(each)])
            if look:
                written(session)

    with pytest.raises(DBAPIError):
        write()

    assert written(session) == 0


def test_an_error_of_the_caller_leaves_nothing_behind(session):
    """Whoever gives up in the middle can go on with the connection at once, and no thread stays."""
    threads = active_count()

    def give_up():
        with session.begin_nested(), writing_behind(session):
            for _ in range(STATEMENTS_MAX):
                insert_rows(session, OutboxEvent, COLUMNS, [event_row()])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()

    assert (written(session), active_count()) == (0, threads)


def test_a_block_within_a_block_is_the_same(session):
    """Only the outer end waits for all; the inner one changes nothing."""

    with writing_behind(session):
        with writing_behind(session):
            insert_rows(session, OutboxEvent, COLUMNS, [event_row()])
        insert_rows(session, OutboxEvent, COLUMNS, [event_row()])

    assert written(session) == 2


@pytest.mark.postgresql_only
def test_two_blocks_at_once_leave_the_interpreter_as_it_was(engine):
    """The one that began first ends first: the other takes no short turn for the usual one."""
    usual = sys.getswitchinterval()

    with Session(engine) as one, Session(engine) as other:
        first, second = writing_behind(one), writing_behind(other)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        second.__exit__(None, None, None)

    assert sys.getswitchinterval() == usual


def test_writes_of_a_block_are_one_statement(session):
    """Two tables and a change of a third travel at the end, as one; alone a write goes as it is."""
    desk = open_desk(session)
    payment = pay(session, desk.enterprise.id, desk.customer.id, 100)
    before = written(session)
    with counted_statements(session) as told, writing_together(session):
        insert_rows(session, OutboxEvent, COLUMNS, [event_row()])
        lower_rows(session, Advance, "payment_id", ("open_amount",), [(payment.id, Money.tenge(40))])
        insert_rows(session, OutboxEvent, COLUMNS, [event_row(), event_row()])
    with writing_together(session):
        insert_rows(session, OutboxEvent, COLUMNS, [event_row()])
    with writing_together(session):
        pass

    assert len(told) == (1 if session.get_bind().dialect.name == "postgresql" else 3)
    assert written(session) == before + 4
    assert advance_left(session, payment) == Money.tenge(60)


def test_a_refusal_takes_the_whole_block_back(session):
    """One id twice: the database refuses the second, and the first is not there either."""
    event_id = new_id()

    with pytest.raises(DBAPIError):
        write_in_savepoint(session, lambda: announce(session, event_id), lambda: announce(session, event_id))

    assert written(session) == 0


def test_a_block_that_fails_writes_nothing(session):
    """What it would have written is forgotten, and the next block begins anew."""
    with pytest.raises(ZeroDivisionError):
        write_in_savepoint(session, lambda: announce(session), lambda: 1 // 0)

    write_in_savepoint(session, lambda: announce(session))

    assert written(session) == 1


def announce(session, event_id=None):
    insert_rows(session, OutboxEvent, COLUMNS, [event_row(event_id)])


def write_in_savepoint(session, *deeds):
    with session.begin_nested(), writing_together(session):
        for deed in deeds:
            deed()

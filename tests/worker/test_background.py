"""Background work: called by whoever asks, found by whoever looks, taken over from the dead."""

from datetime import timedelta
from threading import Event

import pytest
import time_machine

from billing.invoicing.models import Invoice
from billing.invoicing.runs import service as runs
from billing.kernel.db import Sessions
from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.worker.background import STALE_AFTER, Background, bill_if_left, look_round
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID
from tests.support.village import MORNING, counts, make_village, start

WAIT_SECONDS_MAX = 120


@pytest.fixture
def background(tmp_path):
    """A queue in a file of the test's own."""
    return Background(f"sqlite:///{tmp_path / 'var' / 'queue.db'}")


@pytest.fixture
def office(sessions, background):
    """Units of work that can call a worker."""
    return Sessions(sessions.engine, info={**sessions.info, runs.WAKE: background.wake})


def ask(sessions):
    """Somebody wants a village of ten billed."""
    with sessions.begin(DISTRICT_ID) as session:
        run = start(session, make_village(session, 10))
        runs.hand_over(session, run)
    return run.id


def state(sessions, run_id):
    """How the run stands."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return runs.get_run(session, run_id)


def test_whoever_asks_for_a_run_wakes_a_worker(office, background):
    """The commit puts the run into the queue; a worker beside works it off and leaves the queue empty."""
    run_id = ask(office)
    assert background.huey.pending_count() == 1
    ended = Event()
    workers = background.workers(office)
    background.huey.post_execute()(lambda task, *_: ended.set() if task.name == "bill" else None)

    workers.start()
    try:
        assert ended.wait(WAIT_SECONDS_MAX)
    finally:
        workers.stop(graceful=True)

    assert counts(state(office, run_id)) == (7, 2, 1, 7)
    assert state(office, run_id).is_finished
    assert all_agrees(office)


def test_what_is_rolled_back_wakes_nobody(office, background):
    """A run that was never committed is in no queue."""

    def ask_and_fail():
        with office.begin(DISTRICT_ID) as session:
            runs.hand_over(session, start(session, make_village(session, 1)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_and_fail()

    assert background.huey.pending_count() == 0


def test_a_queue_that_does_not_answer_loses_nothing(sessions):
    """The run is committed all the same, and found by whoever looks round."""
    deaf = Background("redis://127.0.0.1:1/0")
    office = Sessions(sessions.engine, info={**sessions.info, runs.WAKE: deaf.wake})

    run_id = ask(office)

    assert look_round(office) == [(DISTRICT_ID, run_id)]
    bill_if_left(office, DISTRICT_ID, run_id)
    assert state(office, run_id).is_finished
    assert look_round(office) == []


def test_a_run_of_a_dead_worker_is_found_when_its_heartbeat_is_old(sessions):
    """After one batch its worker dies: for five minutes it is left to him, then another ends it."""
    with time_machine.travel(MORNING, tick=False) as clock:
        run_id = ask(sessions)
        with sessions.begin(DISTRICT_ID) as session:
            runs.take_up(session, run_id, worker="dead:1", now=MORNING)
        with sessions.begin(DISTRICT_ID) as session:
            runs.go_on(session, run_id, now=MORNING, batch_size=4)

        clock.shift(STALE_AFTER)
        assert look_round(sessions) == []
        bill_if_left(sessions, DISTRICT_ID, run_id)
        assert state(sessions, run_id).done == 4

        clock.shift(timedelta(seconds=1))
        assert look_round(sessions) == [(DISTRICT_ID, run_id)]
        bill_if_left(sessions, DISTRICT_ID, run_id)

    run = state(sessions, run_id)
    assert run.is_finished and counts(run) == (7, 2, 1, 7) and run.worker != "dead:1"
    assert count(sessions, Invoice) == 7
    assert all_agrees(sessions)


def test_a_halted_run_waits_for_people(sessions):
    """Nobody takes it up again by himself; after somebody resumed it, the next look finds it."""
    run_id = ask(sessions)
    with sessions.begin(DISTRICT_ID) as session:
        runs.take_up(session, run_id, worker="here:1", now=MORNING)
        runs.halt(session, run_id, NotFound(kind="book", id="budget"))

    assert look_round(sessions) == []
    with sessions.begin(DISTRICT_ID) as session:
        runs.resume_run(session, run_id)
    assert look_round(sessions) == [(DISTRICT_ID, run_id)]


def test_a_call_to_a_run_that_is_not_there_harms_nobody(sessions):
    """An old message in the queue is a line in the log."""
    bill_if_left(sessions, DISTRICT_ID, new_id())

    assert count(sessions, Invoice) == 0


@pytest.mark.postgresql_only
def test_the_queue_may_lie_in_postgresql(sessions, database):
    """By a setting; a call waits there for a worker like in a file."""
    background = Background(database.url.replace("+psycopg", ""))

    background.wake(DISTRICT_ID, new_id())

    assert background.huey.pending_count() == 1
    background.huey.storage.close()

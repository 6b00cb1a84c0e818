"""Writers of one process pass in the order in which they came."""

from threading import Event, Thread

import pytest
from sqlalchemy import text

from billing.kernel.turns import Turns
from tests.support.districts import DISTRICT_ID
from tests.support.threads import at_once

LONG = 60


def queue_up(turns, names, passed, *, seconds_max=LONG):
    """Threads that have come one after the other; each waits before the next one comes."""
    threads = []
    for name in names:
        length = len(turns._waiting)

        def come(name=name):
            with turns.turn(seconds_max):
                passed.append(name)

        threads.append(Thread(target=come))
        threads[-1].start()
        while len(turns._waiting) == length:
            continue
    return threads


def test_who_came_first_passes_first():
    """Twenty wait for one; they pass in their order, and the queue is free again."""
    turns, passed = Turns(), []
    with turns.turn(LONG):
        threads = queue_up(turns, range(20), passed)
        assert passed == []
    for thread in threads:
        thread.join()

    assert passed == list(range(20))
    assert not turns._is_taken and not turns._waiting


def test_no_two_hold_it():
    """A number that everybody reads and writes back loses nothing; a failing block passes the turn on."""
    turns = Turns()
    counted = {"count": 0}

    def count_and_fail():
        with turns.turn(LONG):
            before = counted["count"]
            counted["count"] = before + 1
            raise KeyError

    def count(_):
        for _ in range(200):
            with pytest.raises(KeyError):
                count_and_fail()

    at_once(8, count)

    assert counted["count"] == 8 * 200


def test_who_has_it_has_it_still():
    """A block within a block of the same thread waits for nobody, and does not give the turn away."""
    turns, passed = Turns(), []
    with turns.turn(LONG):
        with turns.turn(LONG):
            threads = queue_up(turns, ["other"], passed)
        assert passed == []
    threads[0].join()

    assert passed == ["other"]


def test_who_has_waited_long_enough_goes_on():
    """He leaves the queue; those behind him are called as if he had never come."""
    turns, passed, gone = Turns(), [], Event()

    def lose_patience():
        with turns.turn(0):
            gone.set()

    with turns.turn(LONG):
        impatient = Thread(target=lose_patience)
        impatient.start()
        assert gone.wait(LONG)
        impatient.join()
        threads = queue_up(turns, ["patient"], passed)
    threads[0].join()

    assert passed == ["patient"]


@pytest.mark.sqlite_only
def test_writers_queue_and_readers_do_not(sessions):
    """While one unit of work writes, another thread reads; a second writer comes after the first's commit."""
    seen = []

    def read(_):
        with sessions.begin(DISTRICT_ID, read_only=True) as session:
            return session.scalar(text("SELECT name_ru FROM district"))

    def rename(name):
        with sessions.begin(DISTRICT_ID) as session:
            seen.append(session.scalar(text("SELECT name_ru FROM district")))
            session.execute(text("UPDATE district SET name_ru = :name"), {"name": name})

    second = Thread(target=rename, args=("second",))
    [before] = at_once(1, read)
    with sessions.begin(DISTRICT_ID) as session:
        session.execute(text("UPDATE district SET name_ru = 'first'"))
        second.start()
        assert at_once(2, read) == [before] * 2
    second.join()

    assert seen == ["first"]

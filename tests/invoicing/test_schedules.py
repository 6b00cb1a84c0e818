"""Runs that start by themselves: on the day or the next working day, once, and late rather than never."""

from datetime import date, datetime

import pytest
import time_machine
from sqlalchemy import func, select

from billing.access.models import Role
from billing.districts.calendar import exceptions_from, set_calendar_day, working_day_from
from billing.invoicing.models import Invoice
from billing.invoicing.runs.models import BillingRun
from billing.invoicing.runs.schedule import find_schedule, set_schedule, start_due
from billing.kernel.clock import ALMATY
from billing.kernel.dates import Month
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.worker.background import bill_if_left, look_round
from tests.support.committed import all_agrees
from tests.support.districts import DISTRICT_ID
from tests.support.village import make_village

NOVEMBER_3 = date(2026, 11, 3)
DECEMBER = Month(2026, 12)


def at(month, day, hour=9):
    """A moment on the wall in Kazakhstan, in 2026."""
    return datetime(2026, month, day, hour, tzinfo=ALMATY)


@pytest.fixture
def village(session):
    """A village without contracts."""
    return make_village(session)


def schedule(session, village, **terms):
    """On the first of the month at nine, set on 3 November."""
    return set_schedule(
        session, village.enterprise.id, **({"day_of_month": 1, "hour": 9, "today": NOVEMBER_3} | terms)
    )


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 12, 1), date(2026, 12, 1)),  # a Tuesday
        (date(2026, 11, 1), date(2026, 11, 2)),  # a Sunday
        (date(2026, 3, 21), date(2026, 3, 26)),  # a Saturday, then Nauryz until Wednesday
        (date(2026, 12, 16), date(2026, 12, 17)),  # Independence Day, a Wednesday
    ],
)
def test_a_day_off_gives_way_to_the_next_working_day(session, day, expected):
    """Weekends, and the days off of 2026 that are entered from the start."""
    assert working_day_from(day, exceptions_from(session, day)) == expected


def test_a_moved_working_day_is_one(session):
    """The government makes a Saturday a working day: entered, it counts; entered anew, it does not."""
    saturday = date(2026, 12, 5)
    set_calendar_day(session, saturday, is_working=True, reason="Қаулы № 1")
    assert working_day_from(saturday, exceptions_from(session, saturday)) == saturday
    set_calendar_day(session, saturday, is_working=False, reason="Қаулы № 2")
    assert working_day_from(saturday, exceptions_from(session, saturday)) == date(2026, 12, 7)


def test_a_run_starts_once_when_its_hour_has_come(session, village):
    """Set in November for the first at nine: on 1 December not at eight, at nine for November, not again."""
    schedule(session, village)

    assert start_due(session, at(11, 30, 23)) == []
    assert start_due(session, at(12, 1, 8)) == []
    [run] = start_due(session, at(12, 1, 9))
    assert (run.period, run.issued_on, run.include_orders) == (
        Month(2026, 11),
        date(2026, 12, 1),
        False,
    )
    assert start_due(session, at(12, 1, 10)) == []
    assert find_schedule(session, village.enterprise.id).last_month == DECEMBER


def test_a_worker_that_was_off_starts_late_and_only_the_latest(session, village):
    """Nobody was there from October on: in December one run starts, for November; it catches up the rest."""
    schedule(session, village, today=date(2026, 9, 15))

    [run] = start_due(session, at(12, 20))

    assert (run.period, run.issued_on) == (Month(2026, 11), date(2026, 12, 20))
    assert session.scalar(select(func.count()).select_from(BillingRun)) == 1


def test_a_schedule_set_after_its_day_waits_for_the_next_month(session, village):
    """On 20 November the first has passed; for the 25th it has not. The month itself may be billed."""
    schedule(session, village, today=date(2026, 11, 20))
    assert start_due(session, at(11, 30)) == []

    schedule(session, village, today=date(2026, 11, 20), day_of_month=25, bills_previous_month=False)
    assert start_due(session, at(11, 30)) == []  # it was set for this month before: never twice a month
    [run] = start_due(session, at(12, 25))
    assert run.period == DECEMBER


def test_an_inactive_schedule_starts_nothing(session, village):
    """Switched off, it stays as it is."""
    schedule(session, village, is_active=False)

    assert start_due(session, at(12, 1)) == []


def test_what_is_no_schedule_is_refused(session, village):
    """The 29th, the 25th hour, another district's enterprise: nothing is kept."""
    for wrong in ({"day_of_month": 29}, {"day_of_month": 0}, {"hour": 24}, {"hour": -1}):
        with pytest.raises(InvalidInput):
            schedule(session, village, **wrong)
    with pytest.raises(NotFound):
        set_schedule(session, new_id(), day_of_month=1, hour=9, today=NOVEMBER_3)

    assert find_schedule(session, village.enterprise.id) is None


def test_a_scheduled_month_is_billed_by_the_worker(office):
    """The API sets the schedule; on the day the worker's look starts the run, and billing ends it."""
    with office.sessions.begin(DISTRICT_ID) as session:
        village = make_village(session, 10)
    path = f"/api/v1/billing-schedules/{village.enterprise.id}"
    body = {"day_of_month": 1, "hour": 9}
    assert office.member(Role.CLERK).put(path, json=body).status_code == 403
    answer = office.put(path, json=body)
    assert (answer.status_code, answer.json["last_month"]) == (200, "2026-11")
    assert office.get("/api/v1/billing-schedules").json["items"] == [answer.json]

    with time_machine.travel(at(12, 1, 9), tick=False):
        left = look_round(office.sessions)
        for district_id, run_id in left:
            bill_if_left(office.sessions, district_id, run_id)
        assert look_round(office.sessions) == []

    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        issued = session.execute(select(Invoice.period, Invoice.issued_on).distinct()).all()
        assert [tuple(row) for row in issued] == [(Month(2026, 11), date(2026, 12, 1))]
        assert session.scalar(select(func.count()).select_from(Invoice)) == 7
    assert all_agrees(office.sessions)


def test_holidays_are_listed_and_entered(office):
    """2026 has fifteen; an administrator enters one of 2027, and nobody else does."""
    days = "/api/v1/calendar-days"
    assert len(office.get(f"{days}?year=2026").json["items"]) == 15
    new_year = {"day": "2027-01-01", "is_working": False, "reason": "Жаңа жыл"}

    assert office.member(Role.ACCOUNTANT).post(days, json=new_year).status_code == 403
    assert office.post(days, json=new_year).status_code == 201
    assert office.get(f"{days}?year=2027").json["items"] == [new_year]

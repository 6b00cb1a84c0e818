"""The country's calendar of working days: Monday to Friday, but for the days that are entered here.

Holidays on a day off move to the next working day, some do not, and the government shifts days by decree
every year: so nothing is computed, and the days of a year are entered when they are known.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import CalendarDay
from billing.kernel.checks import line
from billing.kernel.errors import NotFound

SATURDAY = 5
LOOK_AHEAD_DAYS = 60  # longer than any holidays, and than a term of 30 working days with some


def set_calendar_day(session: Session, day: date, *, is_working: bool, reason: str) -> CalendarDay:
    """Enter a holiday or a moved working day; entering it again changes it. It holds for every district.

    Raises:
        InvalidText: a reason of the wrong form.
    """
    reason = line(reason, field="reason", length_max=200)
    known = session.get(CalendarDay, day, with_for_update=True)
    if known is None:
        known = CalendarDay(day=day, is_working=is_working, reason=reason)
        session.add(known)
    known.is_working, known.reason = is_working, reason
    session.flush()
    return known


def remove_calendar_day(session: Session, day: date) -> None:
    """Let a day be again what its weekday says, in every district.

    Raises:
        NotFound: nothing was entered for it.
    """
    known = session.get(CalendarDay, day, with_for_update=True)
    if known is None:
        raise NotFound(kind="calendar_day", id=day.isoformat())
    session.delete(known)
    session.flush()


def list_calendar_days(session: Session, year: int) -> list[CalendarDay]:
    """What was entered for a year, in order."""
    statement = select(CalendarDay).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))
    return list(session.scalars(statement.order_by(CalendarDay.day)))


def exceptions_from(session: Session, day: date) -> dict[date, bool]:
    """Whether the entered days from a day on, as far as a plan looks ahead, are working days."""
    last = day + timedelta(days=LOOK_AHEAD_DAYS)
    rows = session.execute(
        select(CalendarDay.day, CalendarDay.is_working).where(CalendarDay.day.between(day, last))
    )
    return {row.day: row.is_working for row in rows}


def last_day_of_term(session: Session, received_on: date, working_days: int) -> date:
    """The last day of a term that begins on the day after something was received.

    Args:
        working_days: of the term, from 1 to 30.
    """
    exceptions = exceptions_from(session, received_on)
    day = received_on
    for _ in range(working_days):
        day = working_day_from(day + timedelta(days=1), exceptions)
    return day


def working_day_from(day: date, exceptions: Mapping[date, bool]) -> date:
    """The day itself if it is a working day, else the next one."""
    while not exceptions.get(day, day.weekday() < SATURDAY):
        day += timedelta(days=1)
    return day

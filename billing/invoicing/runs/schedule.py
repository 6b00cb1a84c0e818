"""Runs that start by themselves: on a day of the month or the next working day, from an hour on.

A worker that was off on that day starts the run when it comes back. Months that passed altogether are not
started one by one: the run catches them up.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts import service as districts
from billing.districts.calendar import exceptions_from, working_day_from
from billing.invoicing.runs.models import BillingRun, BillingSchedule
from billing.invoicing.runs.service import begin, terms_since
from billing.kernel.dates import Month
from billing.kernel.db import district_of
from billing.kernel.errors import InvalidInput
from billing.kernel.paging import Page

DAY_MAX = 28


def set_schedule(
    session: Session,
    enterprise_id: UUID,
    *,
    day_of_month: int,
    hour: int,
    bills_previous_month: bool = True,
    include_orders: bool = False,
    is_active: bool = True,
    today: date,
) -> BillingSchedule:
    """Say when an enterprise's months are billed. What was to start before today does not start any more.

    Args:
        day_of_month: 1 to 28; on a day off the next working day counts.
        hour: 0 to 23, Kazakhstan's time.
        bills_previous_month: bill the month that is over; else the one in which the run starts.

    Raises:
        NotFound: no such enterprise.
        InvalidInput: day or hour out of range.
    """
    districts.get_enterprise(session, enterprise_id)
    if not 1 <= day_of_month <= DAY_MAX:
        raise InvalidInput(field="day_of_month")
    if not 0 <= hour <= 23:
        raise InvalidInput(field="hour")
    month = Month.of(today)
    passed = planned_day(month, day_of_month, exceptions_from(session, month.first_day)) < today
    schedule = find_schedule(session, enterprise_id, lock=True)
    if schedule is None:
        schedule = BillingSchedule(
            district_id=district_of(session),
            enterprise_id=enterprise_id,
            last_month=month if passed else month.previous(),
        )
        session.add(schedule)
    elif passed:
        schedule.last_month = max(schedule.last_month, month)
    schedule.day_of_month, schedule.hour = day_of_month, hour
    schedule.bills_previous_month, schedule.include_orders = bills_previous_month, include_orders
    schedule.is_active = is_active
    session.flush()
    return schedule


def find_schedule(session: Session, enterprise_id: UUID, *, lock: bool = False) -> BillingSchedule | None:
    """An enterprise's schedule; None if its runs are started by people."""
    statement = select(BillingSchedule).where(BillingSchedule.enterprise_id == enterprise_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalar(statement)


def list_schedules(session: Session) -> Page[BillingSchedule]:
    """The district's schedules: one per enterprise at most, all on one page."""
    return Page(list(session.scalars(select(BillingSchedule).order_by(BillingSchedule.enterprise_id))), None)


def districts_with_schedules(session: Session) -> list[int]:
    """Districts in which something may start by itself."""
    statement = select(BillingSchedule.district_id).where(BillingSchedule.is_active).distinct()
    return list(session.scalars(statement.order_by(BillingSchedule.district_id)))


def start_due(session: Session, moment: datetime) -> list[BillingRun]:
    """Start the runs whose day and hour have come, each once.

    A run that cannot go on for want of an account or an open month is started all the same: it halts at its
    first batch, where people see the reason.

    Args:
        moment: now, on the wall in Kazakhstan.
    """
    waiting = session.scalars(
        select(BillingSchedule)
        .where(BillingSchedule.is_active, BillingSchedule.last_month < Month.of(moment.date()))
        .order_by(BillingSchedule.enterprise_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    started = []
    for schedule in waiting:
        month = _month_due(session, schedule, moment)
        if month is None:
            continue
        schedule.last_month = month
        period = month.previous() if schedule.bills_previous_month else month
        terms = terms_since(
            session,
            schedule.enterprise_id,
            period,
            issued_on=moment.date(),
            include_orders=schedule.include_orders,
        )
        started.append(begin(session, terms))
    return started


def _month_due(session: Session, schedule: BillingSchedule, moment: datetime) -> Month | None:
    """The latest month whose day and hour have come since the last one that started."""
    month, due = schedule.last_month.next(), None
    exceptions: Mapping[date, bool] = exceptions_from(session, Month.of(moment.date()).previous().first_day)
    while month <= Month.of(moment.date()):
        day = planned_day(month, schedule.day_of_month, exceptions)
        if datetime.combine(day, time(schedule.hour), moment.tzinfo) <= moment:
            due = month
        month = month.next()
    return due


def next_start(session: Session, schedule: BillingSchedule, today: date) -> date:
    """The day on which a schedule starts its next run, as the calendar stands now."""
    month = max(schedule.last_month.next(), Month.of(today))
    return planned_day(month, schedule.day_of_month, exceptions_from(session, month.first_day))


def planned_day(month: Month, day_of_month: int, exceptions: Mapping[date, bool]) -> date:
    """The day of a month on which a run starts."""
    return working_day_from(date(month.year, month.month, day_of_month), exceptions)

"""On the wire: when months are billed by themselves, and the calendar of working days behind it."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.districts import calendar
from billing.districts.calendar_lists import import_calendar
from billing.districts.models import CalendarDay
from billing.invoicing.runs import schedule as service
from billing.invoicing.runs.models import BillingSchedule
from billing.invoicing.runs.schedule import DAY_MAX
from billing.kernel.clock import today
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import BooleanField, DateField, IdField, MonthField, Schema, StrictInteger, TextField
from billing.web.imports import ImportArgs, ImportReportOut, ListUpload, import_answer, mode_of
from billing.web.lists import page_schema
from billing.web.transaction import current_session

blp = Blueprint(
    "billing_schedules",
    __name__,
    url_prefix="/api/v1",
    description="When months are billed by themselves, and the working days.",
)


class ScheduleIn(Schema):
    """When an enterprise's months are billed by themselves."""

    day_of_month = StrictInteger(
        minimum=1,
        maximum=DAY_MAX,
        required=True,
        metadata={"description": "or the next working day"},
    )
    hour = StrictInteger(
        minimum=0, maximum=23, required=True, metadata={"description": "on the wall in Kazakhstan"}
    )
    bills_previous_month = BooleanField(
        load_default=True, metadata={"description": "else the month in which the run starts"}
    )
    include_orders = BooleanField(load_default=False)
    is_active = BooleanField(load_default=True)


class ScheduleOut(ScheduleIn):
    """A schedule, and the last month in which it started a run."""

    enterprise_id = IdField(required=True)
    last_month = MonthField(required=True)


class CalendarDayIn(Schema):
    """A holiday, or a working day on a weekend."""

    day = DateField(required=True)
    is_working = BooleanField(required=True)
    reason = TextField(200, required=True)


class CalendarDayOut(CalendarDayIn):
    """A day that is not what its weekday says."""


class CalendarArgs(Schema):
    """Which year."""

    year = StrictInteger(minimum=2000, maximum=2100, load_default=lambda: today().year)


class DayArgs(Schema):
    """Which day."""

    day = DateField(required=True)


class ListArgs(ImportArgs):
    """How to take a list in, and of which year it is."""

    year = StrictInteger(
        minimum=2000, maximum=2100, load_default=None, metadata={"description": "all days must lie in it"}
    )


@blp.get("/billing-schedules")
@requires()
@blp.response(200, page_schema(ScheduleOut))
def list_schedules() -> Page[BillingSchedule]:
    """When the district's enterprises bill by themselves, all on one page."""
    return service.list_schedules(current_session())


@blp.put("/billing-schedules/<uuid:enterprise_id>")
@requires(Role.ACCOUNTANT, Role.ADMIN)
@blp.arguments(ScheduleIn)
@blp.response(200, ScheduleOut)
def set_schedule(body: dict[str, Any], enterprise_id: UUID) -> BillingSchedule:
    """Say when an enterprise's months are billed; a background worker starts the runs."""
    return service.set_schedule(current_session(), enterprise_id, today=today(), **body)


@blp.get("/calendar-days")
@requires()
@blp.arguments(CalendarArgs, location="query")
@blp.response(200, page_schema(CalendarDayOut))
def list_calendar_days(args: dict[str, Any]) -> Page[CalendarDay]:
    """A year's holidays and moved working days, all on one page."""
    return Page(calendar.list_calendar_days(current_session(), args["year"]), None)


@blp.post("/calendar-days")
@requires(Role.ADMIN)
@blp.arguments(CalendarDayIn)
@blp.response(201, CalendarDayOut)
def set_calendar_day(body: dict[str, Any]) -> CalendarDay:
    """Enter a holiday or a moved working day, or change what was entered; it holds for every district."""
    return calendar.set_calendar_day(current_session(), body.pop("day"), **body)


@blp.delete("/calendar-days")
@requires(Role.ADMIN)
@blp.arguments(DayArgs, location="query")
@blp.response(204)
def remove_calendar_day(args: dict[str, Any]) -> None:
    """Let a day be again what its weekday says, in every district."""
    calendar.remove_calendar_day(current_session(), args["day"])


@blp.post("/calendar-days/import")
@requires(Role.ADMIN)
@blp.arguments(ListArgs, location="query")
@blp.arguments(ListUpload, location="files")
@blp.response(200, ImportReportOut)
def import_calendar_days(args: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    """Take in a list of holidays and moved working days; they hold for every district."""
    year = args.pop("year")
    return import_answer(import_calendar(current_session(), files["file"].read(), mode_of(args), year=year))

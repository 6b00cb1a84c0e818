"""When months are billed by themselves, and the calendar of working days behind it."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.access.models import Role
from billing.districts import calendar
from billing.districts import service as districts
from billing.districts.calendar_lists import import_calendar
from billing.districts.models import Enterprise
from billing.invoicing.runs import schedule as schedules
from billing.invoicing.runs.models import BillingSchedule
from billing.invoicing.runs.schedule import DAY_MAX
from billing.kernel.clock import today
from billing.kernel.errors import RuleViolation
from billing.kernel.imports import ImportReport
from billing.kernel.spreadsheets import sentence
from billing.pages import desk
from billing.pages.desk import READERS
from billing.pages.fields import TypedDate
from billing.pages.forms import Form, blank, filters, read, submit
from billing.web.access import requires
from billing.web.fields import BooleanField, Schema, StrictInteger, TextField
from billing.web.language import reader_language
from billing.web.transaction import current_session

blp = Blueprint("accountant_schedules", __name__, url_prefix="/schedules")

SETTERS = (Role.ACCOUNTANT, Role.ADMIN)
KEEPERS = (Role.ADMIN,)  # the calendar holds for every district
FIRST_YEAR, LAST_YEAR = 2000, 2100


class CalendarRefused(RuleViolation):
    """A list of days has problems; none of them was taken in."""

    code = "calendar_refused"


class ScheduleForm(Schema):
    """When an enterprise's months are billed by themselves."""

    day_of_month = StrictInteger(minimum=1, maximum=DAY_MAX, required=True)
    hour = StrictInteger(minimum=0, maximum=23, required=True)
    bills_previous_month = BooleanField(required=True)
    include_orders = BooleanField(load_default=False)
    is_active = BooleanField(load_default=False)


class YearFilters(Schema):
    """Which year."""

    year = StrictInteger(minimum=FIRST_YEAR, maximum=LAST_YEAR)


class DayForm(Schema):
    """A holiday, or a moved working day."""

    day = TypedDate(required=True)
    is_working = BooleanField(required=True)
    reason = TextField(200, required=True)


class RemoveForm(Schema):
    """A day that is again what its weekday says."""

    day = TypedDate(required=True)


class ListForm(Schema):
    """Of which year a list is."""

    year = StrictInteger(minimum=FIRST_YEAR, maximum=LAST_YEAR, required=True)


@blp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """Every enterprise, and when its months are billed."""
    session = current_session()
    known = {each.enterprise_id: each for each in schedules.list_schedules(session).items}
    return render_template(
        "accountant/schedules.html",
        enterprises=desk.enterprises(),
        schedules=known,
        starts={key: schedules.next_start(session, each, today()) for key, each in known.items()},
    )


@blp.get("/<uuid:enterprise_id>")
@requires(*SETTERS)
def edit(enterprise_id: UUID) -> ResponseReturnValue:
    """An enterprise's schedule, to be set."""
    session = current_session()
    enterprise = districts.get_enterprise(session, enterprise_id)
    known = schedules.find_schedule(session, enterprise_id)
    return _form(enterprise, _shown(known))


@blp.post("/<uuid:enterprise_id>")
@requires(*SETTERS)
def set_schedule(enterprise_id: UUID) -> ResponseReturnValue:
    """Say when an enterprise's months are billed."""
    enterprise = districts.get_enterprise(current_session(), enterprise_id)
    form = read(ScheduleForm)

    def work(session: Session) -> str:
        schedules.set_schedule(session, enterprise_id, today=today(), **form.values)
        return url_for("accountant_schedules.index")

    return submit(form, work, lambda refused: _form(enterprise, refused), done="page.saved")


@blp.get("/calendar")
@requires(*READERS)
def working_days() -> ResponseReturnValue:
    """A year's holidays and moved working days."""
    return _calendar(blank(), filters(YearFilters).values.get("year") or today().year)


@blp.post("/calendar")
@requires(*KEEPERS)
def enter() -> ResponseReturnValue:
    """Enter a holiday or a moved working day, or change what was entered."""
    form = read(DayForm)

    def work(session: Session) -> str:
        calendar.set_calendar_day(session, form.values["day"], **_without(form.values, "day"))
        return url_for("accountant_schedules.working_days", year=form.values["day"].year)

    return submit(form, work, _again(form), done="page.saved")


@blp.post("/calendar/remove")
@requires(*KEEPERS)
def remove() -> ResponseReturnValue:
    """Let a day be again what its weekday says."""
    form = read(RemoveForm)

    def work(session: Session) -> str:
        calendar.remove_calendar_day(session, form.values["day"])
        return url_for("accountant_schedules.working_days", year=form.values["day"].year)

    return submit(form, work, _again(form), done="page.calendar_removed")


@blp.post("/calendar/list")
@requires(*KEEPERS)
def take_in() -> ResponseReturnValue:
    """Take in a year from a list, as a whole or not at all."""
    form = read(ListForm)
    refused: list[ImportReport] = []

    def work(session: Session) -> str:
        file, year = request.files.get("file"), form.values["year"]
        report = import_calendar(session, file.read() if file else b"", year=year)
        if not report.written:
            refused.append(report)
            raise CalendarRefused
        return url_for("accountant_schedules.working_days", year=year)

    def again(shown: Form) -> str:
        year = form.values.get("year") if form.is_right else None
        return _calendar(shown, year or today().year, refused[0] if refused else None)

    return submit(form, work, again, done="page.saved", fields={"calendar_refused": "file"})


def _shown(known: BillingSchedule | None) -> Form:
    if known is None:
        return blank(day_of_month=1, hour=9, bills_previous_month="true", is_active="true")
    return blank(
        day_of_month=known.day_of_month,
        hour=known.hour,
        bills_previous_month="true" if known.bills_previous_month else "false",
        include_orders="true" if known.include_orders else None,
        is_active="true" if known.is_active else None,
    )


def _form(enterprise: Enterprise, form: Form) -> str:
    return render_template(
        "accountant/schedule_form.html", form=form, enterprise=enterprise, name=desk.name_of(enterprise)
    )


def _again(form: Form) -> Any:
    day: date | None = form.values.get("day") if form.is_right else None
    return lambda refused: _calendar(refused, (day or today()).year)


def _calendar(form: Form, year: int, refused: ImportReport | None = None) -> str:
    return render_template(
        "accountant/calendar.html",
        form=form,
        year=year,
        days=calendar.list_calendar_days(current_session(), year),
        years=[each for each in (year - 1, year + 1) if FIRST_YEAR <= each <= LAST_YEAR],
        problems=[(each, sentence(each, reader_language())) for each in refused.problems] if refused else [],
    )


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}

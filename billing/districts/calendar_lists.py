"""Takes in a year's holidays and moved working days, as offices get them: a list of CSV or XLSX."""

from collections.abc import Mapping
from datetime import date
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import CalendarDay
from billing.kernel.cells import RowReader, read_date, read_yes_no
from billing.kernel.checks import line
from billing.kernel.db import insert_into
from billing.kernel.errors import InvalidInput
from billing.kernel.imports import ALL_OR_NOTHING, ImportMode, ImportReport
from billing.kernel.spreadsheets import Column, read_list

COLUMNS = (
    Column("day", ("Дата", "День", "Күні", "Күн", "Date", "day"), required=True),
    Column(
        "is_working",
        ("Рабочий день", "Рабочий", "Жұмыс күні", "Working day", "Working", "is_working"),
        required=True,
    ),
    Column(
        "reason", ("Основание", "Причина", "Праздник", "Негізі", "Мереке", "Reason", "reason"), required=True
    ),
)


class AnotherYear(InvalidInput):
    """The list is of one year, and a day of another stands in it. Facts: ``year``."""

    code = "another_year"


class DayRepeated(InvalidInput):
    """The list has the same day further up."""

    code = "day_repeated"


def import_calendar(
    session: Session, content: bytes, mode: ImportMode = ALL_OR_NOTHING, *, year: int | None = None
) -> ImportReport:
    """Take in days that are not what their weekday says; they hold for every district.

    A day that is known gets what the list says of it; the same list again changes nothing, and days that the
    list does not name stay as they are.

    Args:
        content: CSV or XLSX with a date, whether it is a working day, and the holiday or decree.
        year: all days must lie in it; None for any.
    """
    reading = read_list(content, COLUMNS)
    problems = list(reading.problems)
    days: dict[date, tuple[bool, str]] = {}
    for cells in reading.rows:
        reader = RowReader(cells, reading, COLUMNS)
        day = reader.required("day", read_date)
        is_working = reader.required("is_working", read_yes_no)
        reason = reader.required("reason", partial(line, field="reason", length_max=200))
        if day is not None and year is not None and day.year != year:
            reader.refuse("day", AnotherYear(year=str(year)))
        if day in days:
            reader.refuse("day", DayRepeated())
        if reader.problems or day is None or is_working is None or reason is None:
            problems += reader.problems
        else:
            days[day] = is_working, reason
    stored = session.scalars(select(CalendarDay).where(CalendarDay.day.in_(days)))
    known = {each.day: (each.is_working, each.reason) for each in stored}
    new = [day for day in days if day not in known]
    changed = [day for day in days if day in known and known[day] != days[day]]
    written = mode.writes(problems)
    if written:
        _write(session, {day: days[day] for day in (*new, *changed)})
    unchanged = len(days) - len(new) - len(changed)
    return ImportReport(len(new), len(changed), unchanged, tuple(problems), written)


def _write(session: Session, days: Mapping[date, tuple[bool, str]]) -> None:
    if not days:
        return
    insert = insert_into(session, CalendarDay)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=[CalendarDay.day],
            set_={name: insert.excluded[name] for name in ("is_working", "reason")},
        ),
        [
            {"day": day, "is_working": is_working, "reason": reason}
            for day, (is_working, reason) in days.items()
        ],
    )
    session.expire_all()

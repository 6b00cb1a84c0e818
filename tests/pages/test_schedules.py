"""Schedules and the calendar behind them, in the browser."""

import io
from datetime import date

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.districts.calendar import list_calendar_days
from billing.districts.models import CalendarDay
from billing.invoicing.runs.schedule import find_schedule
from tests.support.districts import DISTRICT_ID
from tests.support.pages import form_of, text_of
from tests.support.village import make_village

CALENDAR = "/schedules/calendar?year=2027"


@pytest.fixture
def village(sessions):
    """An enterprise without a schedule."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_village(session)


def test_an_accountant_sets_a_schedule(desk, sessions, village):
    """It is shown with the day on which it starts next; wrong hours are refused at their field."""
    accountant = desk.seat(Role.ACCOUNTANT)
    assert "There is no schedule" in text_of(accountant.read("/schedules/"))
    form = f"/schedules/{village.enterprise.id}"
    refused = accountant.send(form, day_of_month="31", hour="25")
    assert refused.status_code == 422 and 'id="day_of_month-wrong"' in refused.text
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert find_schedule(session, village.enterprise.id) is None

    assert accountant.send(form, day_of_month="16", hour="9", include_orders="true").status_code == 303

    shown = text_of(accountant.read("/schedules/"))
    # 16 December 2026 is Independence Day; November's sixteenth has passed.
    assert "17 Dec 2026" in shown and "09:00" in shown and "the month before" in shown
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        kept = find_schedule(session, village.enterprise.id)
        assert (kept.day_of_month, kept.hour, kept.include_orders, kept.is_active) == (16, 9, True, True)
    accountant.send(form, is_active=None)
    assert "switched off" in text_of(accountant.read("/schedules/"))


def test_an_administrator_keeps_the_calendar(desk, sessions, village):
    """A day is entered, changed and removed; an accountant only reads it."""
    keeper = desk.seat(Role.ADMIN)
    keeper.send(CALENDAR, "calendar", day="09.01.2027", is_working="true", reason="Қаулы № 1")
    shown = text_of(keeper.read(CALENDAR))
    assert "9 Jan 2027" in shown and "Қаулы № 1" in shown
    assert '<form method="post" action="/schedules' not in desk.seat(Role.ACCOUNTANT).read(CALENDAR)

    assert keeper.send(CALENDAR, "remove").status_code == 303

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert list_calendar_days(session, 2027) == []
    assert keeper.send(CALENDAR, "calendar", day="", reason="").status_code == 422


def test_a_year_comes_from_a_list_or_not_at_all(desk, sessions, village):
    """A wrong row is shown with its line and nothing is entered; the mended list stands in the calendar."""
    keeper = desk.seat(Role.ADMIN)

    def send(*rows):
        address, fields = form_of(keeper.read(CALENDAR), CALENDAR, "calendar/list")
        content = "\n".join(("Date;Working day;Reason", *rows)).encode()
        return keeper.client.post(address, data=fields | {"file": (io.BytesIO(content), "2027.csv")})

    refused = send("01.01.2027;no;New Year", "01.01.2026;no;New Year")
    assert refused.status_code == 422
    assert "This day is not in 2027." in text_of(refused.text)
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        in_2027 = CalendarDay.day.between(date(2027, 1, 1), date(2027, 12, 31))
        assert session.scalar(select(func.count()).select_from(CalendarDay).where(in_2027)) == 0

    assert send("01.01.2027;no;New Year", "02.01.2027;no;New Year").status_code == 303
    assert text_of(keeper.read(CALENDAR)).count("New Year") == 2

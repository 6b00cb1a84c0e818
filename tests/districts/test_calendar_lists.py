"""A year's holidays from a list: as a whole or not at all, once, and only of the year that is meant."""

import io
from datetime import date

import pytest

from billing.access.models import Role
from billing.districts.calendar import list_calendar_days, remove_calendar_day, set_calendar_day
from billing.districts.calendar_lists import import_calendar
from billing.kernel.errors import NotFound
from billing.kernel.imports import ImportMode

DAYS = "/api/v1/calendar-days"
LIST = """Дата;Рабочий день;Основание
01.01.2027;нет;Новый год
02.01.2027;нет;Новый год
09.01.2027;да;Постановление № 1
"""


def stored(session, year=2027):
    """What is entered for a year."""
    return [(each.day, each.is_working, each.reason) for each in list_calendar_days(session, year)]


def counts(report):
    """Added, changed, unchanged, refused, written."""
    return report.added, report.changed, report.unchanged, report.refused, report.written


def test_a_year_is_taken_in_once(session):
    """Three days; the same list again changes nothing, a corrected one changes its day, others stay."""
    assert counts(import_calendar(session, LIST.encode("cp1251"), year=2027)) == (3, 0, 0, 0, True)
    assert counts(import_calendar(session, LIST.encode(), year=2027)) == (0, 0, 3, 0, True)
    corrected = "Күні,Жұмыс күні,Негізі\n2027-01-09,жоқ,Қаулы № 2\n"
    assert counts(import_calendar(session, corrected.encode())) == (0, 1, 0, 0, True)

    assert stored(session) == [
        (date(2027, 1, 1), False, "Новый год"),
        (date(2027, 1, 2), False, "Новый год"),
        (date(2027, 1, 9), False, "Қаулы № 2"),
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("32.01.2027;нет;Праздник", "refusal.invalid_date"),
        ("03.01.2027;может быть;Праздник", "refusal.invalid_yes_no"),
        ("03.01.2027;нет;", "refusal.missing_value"),
        ("01.01.2027;да;Ошибка", "refusal.day_repeated"),
        ("01.01.2028;нет;Новый год", "refusal.another_year"),
    ],
)
def test_one_wrong_row_keeps_the_list_out(session, row, code):
    """It is named with its number, and nothing is entered; who wants it gets the good rows."""
    content = f"{LIST}{row}\n".encode()
    report = import_calendar(session, content, year=2027)

    assert [(problem.row, problem.code) for problem in report.problems] == [(5, code)]
    assert (report.written, stored(session)) == (False, [])
    assert import_calendar(session, content, ImportMode(skip_bad=True), year=2027).written
    assert len(stored(session)) == 3


def test_what_is_no_list_is_one_problem(session):
    """A picture, an empty file: said in one line, nothing is entered."""
    for content in (b"", b"\x89PNG\r\n", b"a;b\n1;2\n"):
        report = import_calendar(session, content)
        assert (len(report.problems), report.written) == (1, False)


def test_a_day_is_removed_and_is_again_what_its_weekday_says(session):
    """Once; the second time there is nothing to remove."""
    set_calendar_day(session, date(2027, 3, 8), is_working=False, reason="8 марта")
    remove_calendar_day(session, date(2027, 3, 8))
    assert stored(session) == []
    with pytest.raises(NotFound):
        remove_calendar_day(session, date(2027, 3, 8))


def test_lists_and_removals_over_http(office):
    """An administrator tries, takes in and removes; nobody else does."""

    def send(member, query=""):
        return member.post(f"{DAYS}/import{query}", data={"file": (io.BytesIO(LIST.encode()), "2027.csv")})

    accountant = office.member(Role.ACCOUNTANT)
    assert send(accountant).status_code == 403
    assert accountant.delete(f"{DAYS}?day=2026-01-01").status_code == 403
    assert send(office, "?year=2026").json["written"] is False
    assert send(office, "?year=2027&dry_run=true").json["written"] is False
    assert office.get(f"{DAYS}?year=2027").json["items"] == []

    assert (send(office).json["added"], send(office).json["unchanged"]) == (3, 3)
    assert office.delete(f"{DAYS}?day=2027-01-09").status_code == 204
    assert office.delete(f"{DAYS}?day=2027-01-09").status_code == 404
    assert len(office.get(f"{DAYS}?year=2027").json["items"]) == 2

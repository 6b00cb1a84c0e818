"""The lists village offices have: encodings, delimiters, titles, Excel, and files that are none of these."""

import io
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.kernel import spreadsheets
from billing.kernel.i18n import Language
from billing.kernel.spreadsheets import Column, ListReading, Problem, normal_heading, read_list, sentence
from tests.support.xlsx import spreadsheet

COLUMNS = (
    Column("name", ("ФИО", "Аты-жөні", "Full name"), required=True),
    Column("iin_bin", ("ИИН", "БИН", "ЖСН", "IIN"), personal=True),
    Column("quantity", ("Кол-во", "Саны")),
)
KAZAKH = "Аты-жөні;ЖСН;Саны\nҚұрманғазы Үмбетов;991231500006;2,5\n"


def cells(reading: ListReading) -> list[tuple[int, str, str, str]]:
    """Rows as tuples, for exact comparison."""
    return [(row.number, *(row.cells[column.field] for column in COLUMNS)) for row in reading.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "kz1048", "utf-16"])
def test_every_encoding_of_kazakh_is_read(encoding):
    """Kazakh letters survive each encoding that can write them, whatever the file says of itself."""
    reading = read_list(KAZAKH.encode(encoding), COLUMNS)

    assert cells(reading) == [(2, "Құрманғазы Үмбетов", "991231500006", "2,5")]
    assert reading.problems == ()
    assert reading.headings == {"name": "Аты-жөні", "iin_bin": "ЖСН", "quantity": "Саны"}


def test_russian_in_cp1251_is_not_taken_for_kazakh():
    """Without a Kazakh letter the text is cp1251, where «і» of both encodings is the same."""
    content = "ФИО,ИИН,Кол-во\r\nУмбетов Серік Ёлкин № 5,,1\r\n".encode("cp1251")
    assert cells(read_list(content, COLUMNS)) == [(2, "Умбетов Серік Ёлкин № 5", "", "1")]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_delimiters_are_found_by_the_headings_they_make_known(delimiter):
    """Rows full of other delimiters do not mislead."""
    lines = [
        delimiter.join(["ФИО", "ИИН", "Кол-во"]),
        delimiter.join(['"а;б;в,г,д\tе;ж,з;и"', "991231500006", "3"]),
    ]
    assert cells(read_list("\n".join(lines).encode(), COLUMNS)) == [
        (2, "а;б;в,г,д\tе;ж,з;и", "991231500006", "3")
    ]


def test_a_title_above_the_heading_is_passed_over_and_rows_keep_their_numbers():
    """Row numbers are those a spreadsheet shows, blank rows counted."""
    content = "Список жителей с. Боранкул, 2026\n\nФ.И.О.;КОЛ-ВО\n\nАйдос;1\n;\nСара;2\n".encode()
    assert cells(read_list(content, COLUMNS)) == [(5, "Айдос", "", "1"), (7, "Сара", "", "2")]


def test_a_line_that_names_the_delimiter_is_obeyed():
    """Excel's own `sep=` line is no row."""
    assert cells(read_list("sep=|\r\nФИО|Кол-во\r\nАйдос|1\r\n".encode(), COLUMNS)) == [(2, "Айдос", "", "1")]


def test_excel_cells_come_as_they_were_typed():
    """Whole numbers without a fraction, dates as dates, fractions as Excel shows them."""
    content = spreadsheet(
        ["ФИО", "ИИН", "Кол-во"], [date(2026, 11, 23), 990740000683.0, 0.1 + 0.2], [], ["Б", 7, 2]
    )
    assert cells(read_list(content, COLUMNS)) == [
        (2, "2026-11-23", "990740000683", "0.3"),
        (4, "Б", "7", "2"),
    ]


def test_a_time_of_day_beside_a_date_is_left_out():
    """Excel's dates are instants; the day counts."""
    content = spreadsheet(["ФИО"], [datetime(2026, 11, 23, 14, 5)], [True])  # noqa: DTZ001
    assert cells(read_list(content, COLUMNS)) == [(2, "2026-11-23", "", ""), (3, "1", "", "")]


def test_a_field_may_stand_in_two_columns_of_which_a_row_fills_one():
    """ИИН for people, БИН for organisations; both filled differently is a problem of the row."""
    content = "ФИО;ИИН;БИН\nА;991231500006;\nБ;;990740000683\nВ;991231500006;990740000683\n".encode()
    reading = read_list(content, COLUMNS)
    assert cells(reading) == [(2, "А", "991231500006", ""), (3, "Б", "990740000683", "")]
    assert reading.problems == (Problem(4, "ИИН", "list.two_values"),)


def test_a_list_without_a_needed_column_says_which():
    """The column is named, at the heading's row, and no row is read."""
    reading = read_list("Список\nИИН;Кол-во\n991231500006;1\n".encode(), COLUMNS)
    assert reading.rows == ()
    assert reading.problems == (Problem(2, "ФИО", "list.missing_column"),)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "list.empty"),
        (b"\n \n;;\n", "list.empty"),
        (b"what is this\n1;2;3\n", "list.no_heading"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "list.old_excel"),
        (b"PK\x03\x04 not really", "list.unreadable"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "list.unreadable"),
        (b"\xff\xfe\x00", "list.unreadable"),
        ("ФИО\n\x98\n".encode("latin-1", "replace"), "list.unreadable"),
        (b"x" * (spreadsheets.BYTES_MAX + 1), "list.too_large"),
        ("ФИО\n".encode() + b"A\n" * spreadsheets.ROWS_MAX, "list.too_many_rows"),
        ('ФИО\n"'.encode() + b"A" * 200_000, "list.unreadable"),
    ],
)
def test_what_is_no_list_is_one_problem_of_the_whole_file(content, code):
    """The reason is given in three languages; no row comes out."""
    reading = read_list(content, COLUMNS)
    assert reading.rows == ()
    (problem,) = reading.problems
    assert (problem.row, problem.code) == (0, code)
    assert all(sentence(problem, language) for language in Language)


def test_a_packed_bomb_is_refused_before_it_is_unpacked():
    """Sizes beyond reason, claimed or real, are not unpacked."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (spreadsheets.UNPACKED_BYTES_MAX + 1))
    assert len(content.getvalue()) < 100_000
    assert [problem.code for problem in read_list(content.getvalue(), COLUMNS).problems] == ["list.too_large"]


def test_an_excel_file_that_declares_entities_is_refused():
    """Excel never does; a billion laughs does."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    problems = read_list(content.getvalue(), COLUMNS).problems
    assert [problem.code for problem in problems] == ["list.unreadable"]


def test_an_overlong_cell_is_a_problem_of_its_row_and_shown_short():
    """Nobody reads a page pasted into a cell; personal values stay masked."""
    reading = read_list(f"ФИО;ИИН\nА;{'9' * 6_000}\nБ;\n".encode(), COLUMNS)
    assert cells(reading) == [(3, "Б", "", "")]
    (problem,) = reading.problems
    assert (problem.row, problem.column, problem.code) == (2, "ИИН", "list.cell_too_long")
    assert problem.value == "9999" + "*" * 34 + "99"


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(content):
    """Any bytes give a reading."""
    assert isinstance(read_list(content, COLUMNS), ListReading)


@given(st.integers(0, 6_000), st.binary(min_size=1, max_size=8))
def test_no_damaged_excel_file_makes_it_fail(position, damage):
    """A file cut, or overwritten somewhere, gives a reading: of rows or of a problem."""
    whole = spreadsheet(["ФИО", "ИИН"], ["А", 991231500006])
    position %= len(whole)
    for content in (whole[:position], whole[:position] + damage + whole[position + len(damage) :]):
        assert isinstance(read_list(content, COLUMNS), ListReading)


@given(st.text(max_size=60))
def test_a_heading_is_known_however_it_is_written(name):
    """Case, dots, stars and blanks do not matter, twice over."""
    once = normal_heading(name)
    assert normal_heading(once) == once

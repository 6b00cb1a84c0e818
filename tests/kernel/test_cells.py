"""Cells of lists: what offices write, what is refused, and identifiers that lost their zeros."""

from datetime import date
from decimal import Decimal

import pytest

from billing.kernel import cells
from billing.kernel.cells import RowReader, read_date, read_identifier, read_quantity, read_word, read_yes_no
from billing.kernel.errors import InvalidInput
from billing.kernel.identifiers import InvalidIINOrBIN
from billing.kernel.spreadsheets import Column, read_list


@pytest.mark.parametrize(
    "text", ["23.11.2026", " 23/11/2026", "2026-11-23", "2026-11-23 00:00:00", "23.11.2026 г."]
)
def test_a_date_is_read_in_every_customary_writing(text):
    """Day first with dots, or year first with hyphens."""
    assert read_date(text) == date(2026, 11, 23)


@pytest.mark.parametrize(
    "text", ["", "23.11.26", "31.02.2026", "11/23/2026", "01.01.0126", "46349", "вчера", "٢٣.11.2026"]
)
def test_what_is_no_sure_date_is_refused(text):
    """Two-digit years, days that do not exist, Excel's day counts."""
    with pytest.raises(cells.InvalidDate) as refusal:
        read_date(text)
    assert refusal.value.facts == {"value": text}


@pytest.mark.parametrize(
    ("text", "quantity"),
    [("2,5", "2.5"), ("2.5", "2.5"), ("1 250,125", "1250.125"), ("1\u00a0250", "1250"), ("3", "3")],
)
def test_a_quantity_has_a_comma_or_a_dot(text, quantity):
    """And blanks of any kind between thousands."""
    assert read_quantity(text) == Decimal(quantity)


@pytest.mark.parametrize(
    "text", ["0", "0,000", "-1", "1 000 000", "1,2345", "1,250.5", "1E+9", "", "два", "nan", "9" * 30]
)
def test_what_is_no_quantity_is_refused(text):
    """Zero, signs, a fourth decimal, two kinds of separators."""
    with pytest.raises(cells.InvalidQuantity):
        read_quantity(text)


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("991231500006", "991231500006"),
        ("9912 3150 0006", "991231500006"),
        ("140002217", "000140002217"),
        ("10940000162.0", "010940000162"),
    ],
)
def test_an_identifier_gets_its_lost_zeros_back(text, identifier):
    """A spreadsheet took it for a number; the check digit proves what it was."""
    assert read_identifier(text) == identifier


@pytest.mark.parametrize("text", ["140002218", "99123150000", "9.9123E+11", "991231500007", "1", ""])
def test_zeros_are_not_put_where_the_check_digit_does_not_prove_them(text):
    """A cut or mistyped number stays wrong, and is not shown in full."""
    with pytest.raises(InvalidIINOrBIN) as refusal:
        read_identifier(text)
    assert refusal.value.facts["value"] != text or len(text) < 2


@pytest.mark.parametrize(
    ("text", "answer"), [("да", True), ("Иә", True), ("+", True), ("НЕТ", False), ("0", False)]
)
def test_yes_and_no_are_known_in_three_languages(text, answer):
    """And as a plus or a figure."""
    assert read_yes_no(text) is answer


def test_an_unknown_word_names_the_known_ones():
    """People see what may stand there."""
    with pytest.raises(cells.UnknownWord) as refusal:
        read_word("Кот", {"житель": 1, "организация": 2})
    assert refusal.value.facts == {"value": "Кот", "allowed": "житель, организация"}


def test_a_row_keeps_all_its_problems_under_the_headings_of_the_file():
    """One look at the report is enough to mend the row; the person's number is masked."""
    columns = (
        Column("name", ("ФИО",)),
        Column("iin_bin", ("ИИН", "ЖСН"), personal=True),
        Column("day", ("Дата",)),
    )
    reading = read_list("ФИО;ЖСН;Дата\n;991231500007;завтра\n".encode(), columns)
    row = RowReader(reading.rows[0], reading, columns)

    assert row.required("name", str) is None
    assert row.optional("iin_bin", read_identifier) is None
    assert row.required("day", read_date) is None

    assert [(found.row, found.column, found.code, found.value) for found in row.problems] == [
        (2, "ФИО", "refusal.missing_value", ""),
        (2, "ЖСН", "refusal.invalid_iin_or_bin", "9912******07"),
        (2, "Дата", "refusal.invalid_date", "завтра"),
    ]
    row.refuse(None, InvalidInput())
    assert row.problems[-1].column is None

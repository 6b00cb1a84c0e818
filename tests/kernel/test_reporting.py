"""One report in its forms: exact sums everywhere, texts in the reader's language, no formula from a name."""

import io
from datetime import date

import pytest
from openpyxl import load_workbook
from rich.console import Console

from billing.kernel.dates import Month
from billing.kernel.money import MONEY_MAX_TIYN, Money
from billing.kernel.reporting import (
    Column,
    Kind,
    Name,
    ReportTable,
    Row,
    percent,
    to_cells,
    to_json,
    to_terminal,
    to_xlsx,
)
from billing.kernel.shown import Language

T = Money.tenge
COLUMNS = (
    Column("code"),
    Column("code_name", width=30),
    Column("is_confirmed", Kind.FLAG),
    Column("plan", Kind.MONEY),
    Column("execution", Kind.PERCENT),
    Column("posted_on", Kind.DATE),
    Column("operation"),
)
TABLE = ReportTable(
    "revenue_execution",
    {"fiscal_year": 2026, "through": Month(2026, 3)},
    COLUMNS,
    [
        Row({"code": "2", "plan": T("-0.01")}, is_sum=True),
        Row(
            {
                "code": "=1+1",
                "code_name": Name("Басқа түсімдер", "Другие поступления"),
                "is_confirmed": False,
                "plan": T("1234567.10"),
                "execution": 8333,
                "posted_on": date(2026, 11, 23),
                "operation": Language.KK,
            }
        ),
    ],
    {"plan": T("1234567.09")},
    next_cursor="abc",
)


def test_json_is_exact_and_names_stand_in_every_language():
    """Money, percent and dates are texts; what is not there is null; titles follow the reader."""
    answer = to_json(TABLE, "ru")

    assert answer["title"] == "Исполнение доходов бюджета за 2026 год (по март 2026 г. включительно)"
    assert answer["columns"][3] == {"key": "plan", "title": "План", "kind": "money"}
    assert answer["rows"][1] == {
        "is_sum": False,
        "values": {
            "code": "=1+1",
            "code_name": {"kk": "Басқа түсімдер", "ru": "Другие поступления", "en": "Другие поступления"},
            "is_confirmed": False,
            "plan": "1234567.10",
            "execution": "83.33",
            "posted_on": "2026-11-23",
            "operation": "kk",
        },
    }
    assert answer["rows"][0]["values"]["execution"] is None
    assert answer["totals"]["plan"] == "1234567.09"
    assert answer["next_cursor"] == "abc"


def test_the_spreadsheet_holds_real_numbers_and_no_formula():
    """Sums can be added up in Excel; a name that begins with = stays a text; heads stay in view."""
    book = load_workbook(io.BytesIO(to_xlsx(TABLE, "en")))
    sheet = book.active

    assert sheet["A1"].value == "Revenue execution of the 2026 budget (through March 2026)"
    assert [cell.value for cell in sheet[3]][:4] == ["Code", "Name", "Code confirmed", "Plan"]
    row = sheet[5]
    assert (row[0].value, row[0].data_type) == ("=1+1", "s")
    assert (row[3].value, row[3].number_format) == (1234567.10, "#,##0.00")
    assert (row[4].value, row[4].number_format) == (0.8333, "0.00%")
    assert row[5].value.isoformat() == "2026-11-23T00:00:00"
    assert [cell.value for cell in sheet[6]][:4] == ["Total", None, None, 1234567.09]
    assert sheet["D6"].font.bold and not sheet["D5"].font.bold and sheet["D4"].font.bold
    assert sheet.freeze_panes == "B4"


@pytest.mark.parametrize("tiyn", [1, -1, 10, 123456789012345, -(10**15) + 1])
def test_every_tiyn_arrives_in_the_cell(tiyn):
    """Up to ten trillion tenge a cell's number says exactly what the report says."""
    table = ReportTable(
        "aged_debt", {"day": date(2026, 1, 1)}, (Column("debt", Kind.MONEY),), [Row({"debt": Money(tiyn)})]
    )
    cell = load_workbook(io.BytesIO(to_xlsx(table, "kk"))).active["A4"]
    assert Money(round(cell.value * 100)) == Money(tiyn)
    assert abs(tiyn) < MONEY_MAX_TIYN


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_terminal_shows_every_cell(language):
    """Sums in local form, the flag in words, the total below."""
    console = Console(file=io.StringIO(), width=200)
    console.print(to_terminal(TABLE, language))
    shown = console.file.getvalue().replace("\u00a0", " ")

    assert ("1,234,567.10 KZT" if language == "en" else "1 234 567,10 ₸") in shown
    assert ("83.33 %" if language == "en" else "83,33 %") in shown
    assert {"kk": "жоқ", "ru": "нет", "en": "no"}[language] in shown
    assert {"kk": "Барлығы", "ru": "Итого", "en": "Total"}[language] in shown
    assert {"kk": "Басқа түсімдер"}.get(language, "Другие поступления") in shown


def test_narrow_heads_are_broken_between_words():
    """A column of sums is as wide as its sums or the longest word of its head, where the head is wider."""
    columns = (Column("registry_gap", Kind.MONEY), Column("not_paid_over", Kind.MONEY))
    table = ReportTable(
        "three_way",
        {"first_day": date(2026, 1, 1), "last_day": date(2026, 1, 1)},
        columns,
        [Row({"registry_gap": T(1), "not_paid_over": T(1_234_567)})],
    )
    console = Console(file=io.StringIO(), width=200)
    console.print(to_terminal(table, "ru", is_narrow=True))
    lines = [" ".join(line.split()) for line in console.file.getvalue().replace("\u00a0", " ").splitlines()]

    assert lines[3:6] == ["Разница", "с", "реестром Не перечислено"]
    assert lines[7] == "1,00 ₸ 1 234 567,00 ₸"


@pytest.mark.parametrize(
    ("basis_points", "text"),
    [(0, "0.00"), (5, "0.05"), (10000, "100.00"), (-1234, "-12.34"), (12345678, "123456.78")],
)
def test_percent_of_basis_points(basis_points, text):
    """Two decimals, exactly, of any size and sign."""
    assert percent(basis_points) == text


def test_a_sheet_s_name_is_one_excel_accepts():
    """Signs that Excel refuses in names of sheets are left out, and it is not too long."""
    table = ReportTable(
        "account_card",
        {"account": "10/30", "first_day": date(2026, 1, 1), "last_day": date(2026, 12, 31)},
        (Column("debit", Kind.MONEY),),
        [],
    )
    [name] = load_workbook(io.BytesIO(to_xlsx(table, "ru"))).sheetnames
    assert len(name) <= 31
    assert not set(name) & set("[]:*?/\\")
    assert name == "Карточка счета 10 30"  # cut between words


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_an_opening_balance_is_called_so_in_every_form(language):
    """Its word stands in the first column of text, on a page, in the terminal and in the spreadsheet."""
    word = {"kk": "Бастапқы қалдық", "ru": "Начальное сальдо", "en": "Opening balance"}[language]
    columns = (Column("posted_on", Kind.DATE), Column("operation"), Column("balance", Kind.MONEY))
    facts = {"account": "1210", "first_day": date(2026, 1, 1), "last_day": date(2026, 12, 31)}
    opening = Row({"balance": T(7)}, is_sum=True, word="report.opening")
    table = ReportTable("account_card", facts, columns, [opening])

    console = Console(file=io.StringIO(), width=200)
    console.print(to_terminal(table, language))

    assert word in console.file.getvalue()
    assert to_cells(table, language).rows[0][0][1] == word
    assert load_workbook(io.BytesIO(to_xlsx(table, language))).active["B4"].value == word

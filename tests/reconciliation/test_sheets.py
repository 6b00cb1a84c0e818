"""XLSX and CSV exports of banks."""

import io
import zipfile
from datetime import date
from types import MappingProxyType

import pytest

from billing.kernel.money import Money
from billing.reconciliation.formats.profiles import BUILT_IN, ColumnProfile
from billing.reconciliation.formats.reading import read_statement
from billing.reconciliation.formats.statement import (
    Direction,
    Party,
    ProblemCode,
    Severity,
    StatementFormat,
)
from tests.support.bank_files import OTHER, OWN, SHEET, csv_of
from tests.support.xlsx import spreadsheet

P = ProblemCode


def sheet(**changes: str) -> list[list[str]]:
    """The sheet with some of its cells' texts replaced."""
    return [[changes.get(cell.replace(" ", "_"), cell) for cell in row] for row in SHEET]


@pytest.mark.parametrize("kind", ["xlsx", ";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "kz1048"])
def test_an_export_of_kaspi(kind, encoding):
    """Account, period and balances around the table are read as well as its rows, in every form."""
    content = spreadsheet(*map(list, SHEET)) if kind == "xlsx" else csv_of(SHEET, kind).encode(encoding)
    reading = read_statement(content)
    statement = reading.statement

    assert reading.problems == ()
    assert statement.format is (StatementFormat.XLSX if kind == "xlsx" else StatementFormat.CSV)
    assert (statement.account, statement.date_from, statement.date_to) == (
        OWN,
        date(2026, 11, 1),
        date(2026, 11, 3),
    )
    assert (statement.opening, statement.closing) == (Money.tenge(1_000), Money.tenge("5750.50"))
    paid, fee = statement.rows
    assert (paid.line, paid.date, str(paid.amount)) == (5, date(2026, 11, 2), "5000.50")
    assert paid.direction is Direction.IN
    assert paid.counterparty == Party("Әлімбаева Г. ИИН 750115400007", "750115400007", OTHER, "CASPKZKA")
    assert (paid.purpose, paid.knp, paid.document_number) == ("шот 123", "859", "15")
    assert (fee.direction, str(fee.amount), fee.purpose) == (Direction.OUT, "250.00", "Комиссия; за ноябрь")


def test_numbers_and_days_of_excel():
    """Cells that Excel keeps as numbers and days are read without rounding."""
    rows = [list(row) for row in SHEET]
    rows[4][1], rows[4][3] = date(2026, 11, 2), 5000.5
    rows[5][2] = 250
    reading = read_statement(spreadsheet(*rows))
    assert reading.problems == ()
    assert [str(row.amount) for row in reading.statement.rows] == ["5000.50", "250.00"]


def test_payer_and_payee_in_columns_of_their_own():
    """The own account among payer and payee tells where the money went."""
    rows = [
        ["Счет", OWN],
        ["Дата", "Сумма", "Плательщик", "ИИК плательщика", "Получатель", "ИИК получателя", "Назначение"],
        ["02.11.2026", "100", "Ұлан", OTHER, "КГП", OWN, "шот 1"],
        ["02.11.2026", "40,5", "КГП", OWN, "ИП Жөндеуші", OTHER, "подряд"],
    ]
    reading = read_statement(csv_of(rows).encode())

    assert [(p.code, p.severity) for p in reading.problems] == [(P.BALANCES_MISSING, Severity.WARNING)]
    assert not reading.refused
    assert [(r.direction, str(r.amount), r.counterparty) for r in reading.statement.rows] == [
        (Direction.IN, "100.00", Party("Ұлан", "", OTHER)),
        (Direction.OUT, "40.50", Party("ИП Жөндеуші", "", OTHER)),
    ]


def test_a_profile_of_ones_own():
    """A bank nobody knew is read by a profile that names its columns and the account."""
    headings = {"date": ("When",), "amount": ("How much",), "name": ("Who",)}
    profile = ColumnProfile("Village bank", MappingProxyType(headings), account=OWN)
    content = b"When;How much;Who\n2026-11-02;-5.00;Shop\n"

    (row,) = read_statement(content, [profile]).statement.rows

    assert (row.direction, str(row.amount), row.counterparty.name) == (Direction.OUT, "5.00", "Shop")
    assert (row.knp, row.purpose, row.document_number) == ("", "", "")  # what no column tells is not made up
    assert [problem.code for problem in read_statement(content).problems] == [P.UNKNOWN_FORMAT]


@pytest.mark.parametrize(
    ("changes", "code", "line", "key"),
    [
        ({"250": "много"}, P.INVALID_AMOUNT, 6, "Дебет"),
        ({"03.11.2026": "33.11.2026"}, P.INVALID_DATE, 6, "Дата операции"),
        ({"03.11.2026": "04.11.2026"}, P.DATE_OUTSIDE_PERIOD, 6, ""),
        ({"250": ""}, P.AMOUNT_MISSING, 6, ""),
        ({"250": "251"}, P.TOTALS_DO_NOT_ADD_UP, 4, "debited"),
        ({"1_000,00": "1 000,01"}, P.TOTALS_DO_NOT_ADD_UP, 4, "closing"),
        ({f"ИИК:_{OWN}": "без счета"}, P.ACCOUNT_MISSING, 0, ""),
    ],
)
def test_what_is_wrong_has_its_row(changes, code, line, key):
    """Each problem names the row and the column's own heading, and keeps the file out."""
    reading = read_statement(csv_of(sheet(**changes)).encode())
    assert (code, line, key) in [(each.code, each.line, each.key) for each in reading.problems]
    assert reading.refused


def test_a_csv_cut_off_within_a_row_is_noticed():
    """A last line without its end that lacks cells is not a row."""
    content = csv_of(SHEET[:6]).encode()
    assert P.CUT_OFF in [p.code for p in read_statement(content[: content.rindex(b'"840"')]).problems]


def test_zip_bombs_and_other_packed_files_are_refused():
    """What unpacks to gigabytes, or is no spreadsheet, is one problem and no memory."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * 70_000_000)
    assert [p.code for p in read_statement(packed.getvalue()).problems] == [P.TOO_LARGE]
    assert [p.code for p in read_statement(b"PK\x03\x04 nothing").problems] == [P.UNREADABLE]
    assert [p.code for p in read_statement(b"\xd0\xcf\x11\xe0 old").problems] == [P.OLD_EXCEL]
    assert [p.code for p in read_statement(b" \r\n ").problems] == [P.EMPTY]
    assert [p.code for p in read_statement("просто письмо".encode()).problems] == [P.UNKNOWN_FORMAT]


def test_no_profile_names_one_heading_twice():
    """Within a bank's profile every heading leads to one field."""
    for profile in BUILT_IN:
        names = [name.lower() for names in profile.headings.values() for name in names]
        assert len(names) == len(set(names)), profile.name

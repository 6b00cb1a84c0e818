"""A report as a value, and its forms: JSON, spreadsheets (XLSX, CSV), tables in the terminal and on a page.

A report says once which columns it has; texts come from the catalogues: ``report.<code>`` is its title,
``report_column.<key>`` the head of a column. Money stays exact everywhere: a decimal string in JSON, a number
with two places in a cell.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from textwrap import wrap
from typing import Any
from uuid import UUID

import xlsxwriter
from rich import box
from rich.table import Table

from billing.kernel.dates import Month
from billing.kernel.formats import format_date, format_money, format_month, format_number
from billing.kernel.i18n import label, text
from billing.kernel.money import Money
from billing.kernel.shown import Shown

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET_NAME_MAX = 31  # Excel's limit
_NOT_IN_SHEET_NAMES = str.maketrans(dict.fromkeys(r"[]:*?/\\", " "))


class Kind(Enum):
    """What a column holds; it decides form and alignment."""

    TEXT = "text"  # text, an enumeration's value, or a ``Name``
    NUMBER = "number"  # a count
    MONEY = "money"
    PERCENT = "percent"  # basis points; 10000 is 100 %
    DATE = "date"
    MONTH = "month"
    FLAG = "flag"  # yes or no
    ID = "id"  # typed into a command: the terminal gives it its room before any text

    @property
    def is_numeric(self) -> bool:
        """Whether the column is aligned to the right."""
        return self in {Kind.NUMBER, Kind.MONEY, Kind.PERCENT}


@dataclass(frozen=True, slots=True)
class Name:
    """A name in several languages; an empty one falls back to Russian, then Kazakh."""

    kk: str
    ru: str
    en: str = ""

    def get(self, language: str) -> str:
        """The name for a reader of a language."""
        return {"kk": self.kk, "en": self.en}.get(language, self.ru) or self.ru or self.kk


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``report_column.<key>`` is its head, ``width`` is in characters."""

    key: str
    kind: Kind = Kind.TEXT
    width: int = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One row: values by the columns' keys; a missing one is an empty cell.

    Attributes:
        is_sum: whether the row sums up others (a class, a category); it is shown in bold.
        word: code of what the row is called, where no value says so: ``report.opening``.
    """

    values: Mapping[str, Any]
    is_sum: bool = False
    word: str | None = None


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A report: its code, the facts of its title, columns, rows, and a last row of totals.

    Attributes:
        next_cursor: of the next page, where the report is read in pages.
    """

    code: str
    facts: Mapping[str, Any]
    columns: Sequence[Column]
    rows: Sequence[Row]
    totals: Mapping[str, Any] = field(default_factory=dict)
    next_cursor: str | None = None

    def title(self, language: str) -> str:
        """The report's title for people."""
        return text(f"report.{self.code}", language, **self.facts)


def to_json(table: ReportTable, language: str) -> dict[str, Any]:
    """The report for programs; title and heads of columns are in the reader's language."""
    return {
        "report": table.code,
        "title": table.title(language),
        "columns": [
            {"key": column.key, "title": _head(column, language), "kind": column.kind.value}
            for column in table.columns
        ],
        "rows": [
            {"is_sum": row.is_sum, "values": _plain_values(table.columns, row.values)} for row in table.rows
        ],
        "totals": _plain_values(table.columns, table.totals) if table.totals else None,
        "next_cursor": table.next_cursor,
    }


def to_xlsx(table: ReportTable, language: str) -> bytes:
    """The report as a spreadsheet: title, heads that stay in view, real numbers, totals in bold."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        title = table.title(language)
        sheet = book.add_worksheet(_sheet_name(title))
        bold = book.add_format({"bold": True, "font_size": 13})
        head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1, "bg_color": "#E8EEF4"}
        )
        sheet.write_string(0, 0, title, bold)
        for place, column in enumerate(table.columns):
            sheet.write_string(2, place, _head(column, language), head)
            sheet.set_column(place, place, column.width)
        sheet.freeze_panes(3, 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
        formats = _Formats(book)
        for line, row in enumerate([*table.rows, *_last(table)], 3):
            values = _worded(table, row, language)
            for place, column in enumerate(table.columns):
                style = (formats.of(column.kind, bold=row.is_sum), language)
                _write(sheet, (line, place), values.get(column.key), column, style)
    return stream.getvalue()


def to_terminal(table: ReportTable, language: str, *, is_narrow: bool = False) -> Table:
    """The report as rich's table, for ``Console.print``.

    Args:
        is_narrow: whether heads are broken, so that a column is hardly wider than its values.
    """
    texts = [_texts(table, row, language) for row in [*table.rows, *_last(table)]]
    shown = Table(title=table.title(language), box=box.SIMPLE_HEAD, title_justify="left", header_style="bold")
    for place, column in enumerate(table.columns):
        numeric = column.kind.is_numeric
        head = _head(column, language)
        shown.add_column(
            _broken(head, max((len(each[place]) for each in texts), default=0)) if is_narrow else head,
            justify="right" if numeric else "left",
            no_wrap=numeric or column.kind in {Kind.DATE, Kind.MONTH, Kind.ID},
        )
    for row, cells in zip(table.rows, texts, strict=False):
        shown.add_row(*cells, style="bold" if row.is_sum else None)
    if table.totals:
        shown.add_section()
        shown.add_row(*texts[-1], style="bold")
    return shown


def _broken(head: str, width: int) -> str:
    """A head in lines of a width, or of its longest word's."""
    longest = max((len(word) for word in head.split()), default=0)
    return "\n".join(wrap(head, max(width, longest, 1), break_on_hyphens=False))


@dataclass(frozen=True, slots=True)
class Cells:
    """A report's texts for a page.

    Attributes:
        heads: of the columns, with whether each is aligned to the right.
        rows: texts by column, with whether the row sums up others.
        totals: the last row; empty where there is none.
    """

    heads: list[tuple[str, bool]]
    rows: list[tuple[list[str], bool]]
    totals: list[str]


def to_cells(table: ReportTable, language: str) -> Cells:
    """The report as texts, for a page to lay out."""
    return Cells(
        heads=[(_head(column, language), column.kind.is_numeric) for column in table.columns],
        rows=[(_texts(table, row, language), row.is_sum) for row in table.rows],
        totals=[cell for row in _last(table) for cell in _texts(table, row, language)],
    )


def to_csv(table: ReportTable, language: str) -> bytes:
    """The report for spreadsheets that read no XLSX: ``;`` between cells, UTF-8 with BOM, as Excel expects.

    Amounts are bare numbers with the decimal sign of the language, so that they can be added up.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=";")
    writer.writerow(_head(column, language) for column in table.columns)
    for row in [*table.rows, *_last(table)]:
        values = _worded(table, row, language)
        writer.writerow(_bare(column, values.get(column.key), language) for column in table.columns)
    return stream.getvalue().encode("utf-8-sig")


def _bare(column: Column, value: Any, language: str) -> str:
    if isinstance(value, Money):
        return str(value) if language == "en" else str(value).replace(".", ",")
    shown = _shown(column, value, language)
    # A program that opens the file must not take a name for a formula.
    return f"'{shown}" if column.kind is Kind.TEXT and shown.startswith(("=", "+", "-", "@")) else shown


class _Formats:
    """The cell formats of a workbook, each made once: Excel allows only so many."""

    numbers: Mapping[Kind, str] = {
        Kind.MONEY: "#,##0.00",
        Kind.PERCENT: "0.00%",
        Kind.NUMBER: "#,##0",
        Kind.DATE: "dd.mm.yyyy",
    }

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[Kind, bool], Any] = {}

    def of(self, kind: Kind, *, bold: bool) -> Any:
        key = (kind, bold)
        if key not in self._made:
            number = {"num_format": self.numbers[kind]} if kind in self.numbers else {"text_wrap": True}
            self._made[key] = self._book.add_format({**number, "bold": bold, "valign": "top"})
        return self._made[key]


def _write(sheet: Any, cell: tuple[int, int], value: Any, column: Column, style: tuple[Any, str]) -> None:
    """Write a value into a cell, in a cell format and for a reader's language (``style``)."""
    cell_format, language = style
    if value is None:
        sheet.write_blank(*cell, None, cell_format)
    elif isinstance(value, Money):
        sheet.write_number(*cell, Decimal(value.tiyn).scaleb(-2), cell_format)
    elif column.kind is Kind.PERCENT and isinstance(value, int):
        sheet.write_number(*cell, Decimal(value).scaleb(-4), cell_format)
    elif column.kind is Kind.NUMBER and isinstance(value, int):
        sheet.write_number(*cell, value, cell_format)
    elif isinstance(value, date):
        sheet.write_datetime(*cell, value, cell_format)
    else:
        # As text always: what begins with "=" must not become a formula.
        sheet.write_string(*cell, _shown(column, value, language), cell_format)


def _head(column: Column, language: str) -> str:
    return text(f"report_column.{column.key}", language)


def _sheet_name(title: str) -> str:
    """A title as Excel accepts it for a sheet: not too long, and cut between words."""
    name = title.translate(_NOT_IN_SHEET_NAMES)
    if len(name) > SHEET_NAME_MAX:
        name = name[: SHEET_NAME_MAX + 1].rpartition(" ")[0] or name[:SHEET_NAME_MAX]
    return name.strip(" '(,–")


def _last(table: ReportTable) -> list[Row]:
    """The row of totals, where there is one."""
    return [Row(table.totals, is_sum=True, word="report.total")] if table.totals else []


def _worded(table: ReportTable, row: Row, language: str) -> Mapping[str, Any]:
    """A row's values, with its word in the first column of text that has no value of its own."""
    free = next((c.key for c in table.columns if c.kind is Kind.TEXT and c.key not in row.values), None)
    return row.values if row.word is None or free is None else {free: text(row.word, language), **row.values}


def _texts(table: ReportTable, row: Row, language: str) -> list[str]:
    values = _worded(table, row, language)
    return [_shown(column, values.get(column.key), language) for column in table.columns]


def _shown(column: Column, value: Any, language: str) -> str:
    """A value as people of a language read it."""
    if value is None:
        return ""
    if column.kind is Kind.PERCENT and isinstance(value, int):
        return f"{percent(value)} %" if language == "en" else f"{percent(value)} %".replace(".", ",")
    if column.kind is Kind.NUMBER and isinstance(value, int):
        return format_number(value, language)
    if column.kind is Kind.FLAG:
        return text("report.yes" if value else "report.no", language)
    forms: tuple[tuple[type, Callable[[Any, str], str]], ...] = (
        (Money, format_money),
        (Name, Name.get),
        (Shown, label),
        (Month, format_month),
        (date, format_date),
    )
    return next((form(value, language) for kind, form in forms if isinstance(value, kind)), str(value))


def percent(basis_points: int) -> str:
    """Basis points as percent with two decimals: 8333 is ``83.33``."""
    sign = "-" if basis_points < 0 else ""
    return f"{sign}{abs(basis_points) // 100}.{abs(basis_points) % 100:02d}"


def _plain_values(columns: Sequence[Column], values: Mapping[str, Any]) -> dict[str, Any]:
    return {column.key: _plain(column, values.get(column.key)) for column in columns}


def _plain(column: Column, value: Any) -> Any:
    return percent(value) if column.kind is Kind.PERCENT and isinstance(value, int) else plain(value)


def plain(value: Any) -> Any:
    """A value as JSON holds it: money, dates, months and ids as text, names by language."""
    if isinstance(value, Name):
        return {"kk": value.kk, "ru": value.ru, "en": value.en or value.ru}
    if isinstance(value, Shown):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Money | Month | UUID) else value

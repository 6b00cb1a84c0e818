"""Reads the lists a village office really has: CSV in any of its encodings, and Excel files.

Bytes go in; rows of text come out, each under its number in the file and by the names of our fields, and
what is wrong comes back as data. Nothing the bytes hold makes this fail: a list may be a renamed picture.

Neither the declared encoding nor the file's name is trusted. The heading need not be the first row, because
offices write a title above it, and headings are known in Kazakh, Russian and English, however written.
"""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from openpyxl import load_workbook

from billing.kernel.alphabet import fold
from billing.kernel.encodings import encoding_of
from billing.kernel.i18n import text as text_of
from billing.kernel.identifiers import mask_iin

BYTES_MAX = 10_000_000
ROWS_MAX = 20_000  # with the heading; a rural district has a few thousand households
UNPACKED_BYTES_MAX = 60_000_000  # of an Excel file, which is a packed one
MEMBERS_MAX = 1_000  # files within an Excel file
CELL_LENGTH_MAX = 5_000
COLUMNS_MAX = 200
HEADING_ROWS_MAX = 15  # a title, a subtitle, the village's name: then the heading must come
SHOWN_MAX = 40

_ZIP_SIGNATURE = b"PK\x03\x04"
_OLD_EXCEL_SIGNATURE = b"\xd0\xcf\x11\xe0"
_DELIMITERS = (";", "\t", ",")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column we look for.

    Attributes:
        field: our name of it.
        headings: what offices call it, in any case and with any punctuation.
        required: a list without it cannot be read.
        personal: its values are shown masked.
    """

    field: str
    headings: tuple[str, ...]
    required: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row, or a whole list, cannot be taken in.

    Attributes:
        row: its number in the file as a spreadsheet shows it, from 1; 0 for the file as a whole.
        column: the heading as it stands in the file; None for the whole row.
        code: of the sentence in the catalogues, ``list.unreadable`` or ``refusal.invalid_iin``.
        value: what stood there, shortened, masked where personal.
        facts: what else the sentence shows.
    """

    row: int
    column: str | None
    code: str
    value: str = ""
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row that holds anything.

    Attributes:
        number: in the file, as a spreadsheet shows it.
        cells: text by field, the empty text where there is nothing; dates of Excel as ``2026-11-23``.
    """

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListReading:
    """What a file held.

    Attributes:
        headings: our fields that were found, with their headings as they stand in the file.
        rows: in the file's order; those with a problem are left out.
        problems: of the file as a whole and of rows.
    """

    headings: Mapping[str, str]
    rows: tuple[ListRow, ...]
    problems: tuple[Problem, ...]


class Unreadable(Exception):
    """The file as a whole cannot be read.

    Attributes:
        problem: why.
    """

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.problem = Problem(0, None, code, facts=MappingProxyType(facts))


def read_list(
    content: bytes, columns: Sequence[Column], *, rows_max: int = ROWS_MAX, times: bool = False
) -> ListReading:
    """Read a list with these columns from CSV (``;``, ``,`` or tab) or from Excel's first sheet.

    Any bytes give a reading: what cannot be read is one problem of row 0. Columns nobody asked for are
    left alone. A field may stand in several columns (``ИИН`` and ``БИН``), of which a row fills one.

    Args:
        times: keep the time of day in Excel's dates, ``2026-11-23 14:05:00``.
    """
    try:
        table = list(open_table(content, columns, rows_max=rows_max, times=times))
    except Unreadable as reason:
        return ListReading({}, (), (reason.problem,))
    found = find_heading(table, columns)
    if found is None:
        needed = tuple(column.headings[0] for column in columns if column.required)
        return ListReading({}, (), (Problem(0, None, "list.no_heading", facts={"headings": needed}),))
    position, places = found
    heading = table[position][1]
    headings = {name: heading[indexes[0]].strip() for name, indexes in places.items()}
    missing = [column for column in columns if column.required and column.field not in places]
    if missing:
        row = table[position][0]
        problems = tuple(Problem(row, column.headings[0], "list.missing_column") for column in missing)
        return ListReading(headings, (), problems)
    return _read_rows(table[position + 1 :], columns, places, headings)


def normal_heading(text: str) -> str:
    """A heading as it is compared: ``Кол-во, м³ *`` is ``кол во м³``."""
    return " ".join(re.sub(r"[^\w]+|_", " ", fold(text).replace(".", "")).split())


def sentence(problem: Problem, language: str) -> str:
    """What is wrong, for people, without the place in the file."""
    return text_of(problem.code, language, **{"value": problem.value, **problem.facts})


def shown(text: str, *, personal: bool) -> str:
    """A cell as a problem may show it."""
    return mask_iin(text[:SHOWN_MAX]) if personal else text[:SHOWN_MAX]


def _read_rows(
    table: Iterable[tuple[int, Sequence[str]]],
    columns: Sequence[Column],
    places: Mapping[str, Sequence[int]],
    headings: Mapping[str, str],
) -> ListReading:
    rows: list[ListRow] = []
    problems: list[Problem] = []
    for number, texts in table:
        cells: dict[str, str] = {}
        wrong: list[Problem] = []
        for column in columns:
            indexes = places.get(column.field, ())
            values = {texts[index].strip() for index in indexes if index < len(texts)} - {""}
            value = next(iter(values), "")
            if len(values) > 1:
                wrong.append(Problem(number, headings[column.field], "list.two_values"))
            elif len(value) > CELL_LENGTH_MAX:
                short = shown(value, personal=column.personal)
                wrong.append(Problem(number, headings[column.field], "list.cell_too_long", short))
            cells[column.field] = value
        if wrong:
            problems += wrong
        elif any(cells.values()):
            rows.append(ListRow(number, MappingProxyType(cells)))
    return ListReading(headings, tuple(rows), tuple(problems))


def find_heading(
    table: Sequence[tuple[int, Sequence[str]]], columns: Sequence[Column]
) -> tuple[int, dict[str, list[int]]] | None:
    """Where among the first rows the heading stands, and which cells of it hold which field."""
    names = {normal_heading(name): column.field for column in columns for name in column.headings}
    best: tuple[int, dict[str, list[int]]] | None = None
    for position, (_, texts) in enumerate(table[:HEADING_ROWS_MAX]):
        places: dict[str, list[int]] = {}
        for index, text in enumerate(texts[:COLUMNS_MAX]):
            if (name := names.get(normal_heading(text[:CELL_LENGTH_MAX]))) is not None:
                places.setdefault(name, []).append(index)
        # The row that knows most of our columns: a title may be called like one of them.
        if places and (best is None or len(places) > len(best[1])):
            best = position, places
    return best


def open_table(
    content: bytes, columns: Sequence[Column], *, rows_max: int = ROWS_MAX, times: bool = False
) -> Iterator[tuple[int, Sequence[str]]]:
    """Every row that holds anything, under its number in the file, from CSV or from Excel's first sheet.

    Args:
        columns: what is looked for; they tell which character stands between the cells of a CSV.
        times: keep the time of day in Excel's dates.

    Raises:
        Unreadable: the file is no list, is empty or too large.
    """
    if len(content) > BYTES_MAX:
        raise Unreadable("list.too_large", megabytes=BYTES_MAX // 1_000_000)
    if content.startswith(_OLD_EXCEL_SIGNATURE):
        raise Unreadable("list.old_excel")
    rows = (
        _excel(content, times=times)
        if content.startswith(_ZIP_SIGNATURE)
        else _csv(_decoded(content), columns)
    )
    count = 0
    for number, row in rows:
        if not any(text.strip() for text in row):
            continue
        count += 1
        if count > rows_max:
            raise Unreadable("list.too_many_rows", count=rows_max)
        yield number, row
    if not count:
        raise Unreadable("list.empty")


def _decoded(content: bytes) -> str:
    encoding = encoding_of(content)
    if encoding is None:
        raise Unreadable("list.unreadable")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable("list.unreadable") from None


def _csv(text: str, columns: Sequence[Column]) -> Iterator[tuple[int, Sequence[str]]]:
    # Excel hides the line that names the delimiter, so the next one is its row 1.
    if separator := _SEPARATOR_LINE.match(text):
        text = text[separator.end() :]
        delimiter = separator[1]
    else:
        delimiter = _delimiter(text, columns)
    try:
        yield from enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1)
    except (csv.Error, TypeError, ValueError):
        raise Unreadable("list.unreadable") from None


def _delimiter(text: str, columns: Sequence[Column]) -> str:
    """The one that makes most headings known: counting characters would fall for addresses full of commas."""
    lines = text.split("\n", HEADING_ROWS_MAX)[:HEADING_ROWS_MAX]

    def known(delimiter: str) -> int:
        table = [(0, line[:CELL_LENGTH_MAX].replace('"', "").split(delimiter)) for line in lines]
        found = find_heading(table, columns)
        return len(found[1]) if found else 0

    return max(_DELIMITERS, key=known)


def _excel(content: bytes, *, times: bool) -> Iterator[tuple[int, Sequence[str]]]:
    _refuse_bombs(content)
    with warnings.catch_warnings():
        # The library warns of charts and styles it leaves out; a list has none worth keeping.
        warnings.simplefilter("ignore")
        try:
            yield from enumerate(_excel_rows(content, times=times), start=1)
        except Exception as error:
            # On broken files the library and the parsers below it raise whatever they stumble over.
            raise Unreadable("list.unreadable") from error


def _excel_rows(content: bytes, *, times: bool) -> Iterator[list[str]]:
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        sheet = workbook.worksheets[0]
        # Some programs write a wrong extent of the sheet, and rows outside of it would be lost.
        sheet.reset_dimensions()
        for cells in sheet.iter_rows(max_col=COLUMNS_MAX, values_only=True):
            yield [_cell_text(cell, times=times) for cell in cells]
    finally:
        workbook.close()


def _refuse_bombs(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            # The sizes are only claimed, but no more than the claimed size is ever unpacked.
            if len(members) > MEMBERS_MAX or sum(member.file_size for member in members) > UNPACKED_BYTES_MAX:
                raise Unreadable("list.too_large", megabytes=BYTES_MAX // 1_000_000)
            for member in members:
                with archive.open(member) as stream:
                    # Excel never declares document types; entities that multiply need one.
                    if b"<!DOCTYPE" in stream.read(4_096).replace(b"\0", b""):
                        raise Unreadable("list.unreadable")
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable("list.unreadable") from error


def _cell_text(value: object, *, times: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        # Fifteen digits are all that Excel shows: 0.30000000000000004 was typed as 0.3.
        return str(int(value)) if value.is_integer() and abs(value) < 10**15 else format(value, ".15g")
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds") if times else value.date().isoformat()
    return str(value)

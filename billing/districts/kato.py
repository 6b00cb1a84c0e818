"""Reads the official classifier of territorial units (KATO, НК РК 11) from its Excel file or a CSV of it.

Both lists of the Bureau of National Statistics are read: the Excel file with the columns ``te, ab, cd, ef,
hij, k, name_kaz, name_rus, nn``, and the public CSV ``id;parent_id;code;name`` of Russian names. Where a
place lies is read from its code, which says the same as ``parent_id``. Nothing is stored here, and what is
wrong with a row comes back as data, with its place in the file.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from openpyxl import load_workbook

from billing.kernel.errors import InvalidInput
from billing.kernel.identifiers import check_kato

_XLSX_SIGNATURE = b"PK\x03\x04"
_COLUMNS = {
    "te": "code",
    "code": "code",
    "ab": "ab",
    "cd": "cd",
    "ef": "ef",
    "hij": "hij",
    "name_kaz": "name_kk",
    "name_kk": "name_kk",
    "name_rus": "name_ru",
    "name_ru": "name_ru",
    "name": "name_ru",
}
_PARTS = {"ab": 2, "cd": 2, "ef": 2, "hij": 3}  # digits of each; Excel drops their leading zeros
_SHOWN_MAX = 40


@dataclass(frozen=True, slots=True)
class KatoRow:
    """One place of the classifier.

    Attributes:
        code: nine digits, AB region, CD district or city, EF rural district, HIJ settlement.
        parent_code: the place it lies in; None for a region.
        name_kk: None where the file has Russian names only.
        name_ru: as the classifier writes it, ``Боранкульская с.а.``
    """

    code: str
    parent_code: str | None
    name_kk: str | None
    name_ru: str


@dataclass(frozen=True, slots=True)
class KatoProblem:
    """Why a row was not read.

    Attributes:
        row: its number in the file, the heading being 1; 0 for the file as a whole.
        column: the heading of the cell at fault, as our columns are called; None for the whole row.
        code: the text's code in the catalogues, ``kato.wrong_code``.
        value: what stood there, shortened.
    """

    row: int
    column: str | None
    code: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class KatoReading:
    """What a file held: the rows that are sound, in its order, and the problems of the others."""

    rows: tuple[KatoRow, ...]
    problems: tuple[KatoProblem, ...]


def read_kato(stream: BinaryIO) -> KatoReading:
    """Read the classifier from Excel (.xlsx, the first sheet) or CSV (UTF-8, ``;`` or ``,``)."""
    try:
        table = list(_table(stream))
    except (BadZipFile, ParseError, KeyError, ValueError, OSError, csv.Error):
        return KatoReading((), (KatoProblem(0, None, "kato.unreadable"),))
    if not table:
        return KatoReading((), (KatoProblem(0, None, "kato.unreadable"),))
    headings = [_COLUMNS.get(heading.strip().lower(), "") for heading in table[0]]
    missing = [column for column in ("code", "name_ru") if column not in headings]
    if missing:
        return KatoReading((), (KatoProblem(1, None, "kato.missing_columns", ", ".join(missing)),))
    return _read_rows(headings, table[1:])


def ancestors(code: str) -> Iterator[str]:
    """The codes of the places a place may lie in, the nearest first.

    Not each of them exists: a town that is a district's centre has no rural district between.
    """
    nearest = code
    for digits in (7, 6, 4, 2):
        above = code[:digits].ljust(9, "0")
        if above != nearest:
            yield above
            nearest = above


def is_rural_district(code: str) -> bool:
    """Whether a code stands on the level of rural districts: EF is given, HIJ is not."""
    return code[4:6] != "00" and code[6:] == "000"


def _read_rows(headings: list[str], table: Iterable[tuple[str, ...]]) -> KatoReading:
    found: dict[str, tuple[int, dict[str, str]]] = {}
    problems: list[KatoProblem] = []
    for number, cells in enumerate(table, start=2):
        row = {heading: cell.strip() for heading, cell in zip(headings, cells, strict=False) if heading}
        if not any(row.values()):
            continue
        if problem := _problem(number, row, found):
            problems.append(problem)
        else:
            found[row["code"]] = (number, row)

    rows: list[KatoRow] = []
    # Only now, because a place may stand in the file before the one it lies in.
    for code, (number, row) in found.items():
        parent = next((above for above in ancestors(code) if above in found), None)
        if parent is None and not code.endswith("0000000"):
            problems.append(KatoProblem(number, "code", "kato.unknown_parent", code))
        else:
            rows.append(KatoRow(code, parent, row.get("name_kk") or None, row["name_ru"]))
    return KatoReading(tuple(rows), tuple(sorted(problems, key=lambda problem: problem.row)))


def _problem(number: int, row: Mapping[str, str], found: Mapping[str, object]) -> KatoProblem | None:
    code = row.get("code", "")
    if not code:
        return KatoProblem(number, "code", "kato.row_without_code")
    try:
        check_kato(code)
    except InvalidInput:
        return KatoProblem(number, "code", "kato.wrong_code", code[:_SHOWN_MAX])
    if code in found:
        return KatoProblem(number, "code", "kato.repeated_code", code)
    if any(row.get(part) for part in _PARTS) and code != _joined(row):
        return KatoProblem(number, "code", "kato.code_and_parts_differ", code)
    if not row.get("name_ru"):
        return KatoProblem(number, "name_ru", "kato.row_without_name")
    return None


def _joined(row: Mapping[str, str]) -> str:
    return "".join(row.get(part, "").zfill(digits) for part, digits in _PARTS.items())


def _table(stream: BinaryIO) -> Iterator[tuple[str, ...]]:
    content = stream.read()
    if content.startswith(_XLSX_SIGNATURE):
        yield from _excel(content)
        return
    text = content.decode("utf-8-sig")
    heading = text.partition("\n")[0]
    delimiter = ";" if ";" in heading else ","
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        yield tuple(row)


def _excel(content: bytes) -> Iterator[tuple[str, ...]]:
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        for cells in workbook.worksheets[0].iter_rows(values_only=True):
            yield tuple(_cell(cell) for cell in cells)
    finally:
        workbook.close()


def _cell(value: object) -> str:
    if value is None:
        return ""
    # Excel keeps a code as a number, sometimes with a fraction of zero.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

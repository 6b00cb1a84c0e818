"""What is written in one cell of a list: dates, quantities, numbers and words as offices write them.

Every reader takes text and returns a value or raises a subclass of ``InvalidInput`` with the fact ``value``.
``RowReader`` reads a whole row with them and keeps every problem of it under the file's own heading.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar

from billing.kernel.alphabet import fold
from billing.kernel.checks import QUANTITY_MAX
from billing.kernel.errors import InvalidInput, Refusal
from billing.kernel.i18n import Language, Shown, label
from billing.kernel.identifiers import check_iin_or_bin, is_bin, is_iin
from billing.kernel.money import parse_quantity
from billing.kernel.spreadsheets import (
    SHOWN_MAX,
    Column,
    ListReading,
    ListRow,
    Problem,
    normal_heading,
    shown,
)

YEAR_MIN = 1990  # an earlier date in a list of today is a typing mistake, or Excel's zero
YEAR_MAX = 2100

_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:\s*г\.?)?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?", re.ASCII)
_GROUPS = re.compile(r"[\s'’]")  # \s knows the no-break blanks between thousands
_SIGNS = ("+", "v", "x", "х", "✓")  # a tick in a list; the second «х» is the Cyrillic letter
_YES = ("1", "да", "иа", "yes", "true", *_SIGNS)  # «иә», folded
_NO = ("0", "нет", "жок", "no", "false", "-")

T = TypeVar("T")
S = TypeVar("S", bound=Shown)


class InvalidDate(InvalidInput):
    """Not a date like 23.11.2026 or 2026-11-23, or far from our time. Facts: ``value``."""

    code = "invalid_date"


class InvalidQuantity(InvalidInput):
    """Not a quantity above zero, below a million, with at most three decimals. Facts: ``value``."""

    code = "invalid_quantity"


class InvalidNumber(InvalidInput):
    """Not a whole number in its range. Facts: ``value``."""

    code = "invalid_number"


class InvalidYesNo(InvalidInput):
    """Neither yes nor no. Facts: ``value``."""

    code = "invalid_yes_no"


class UnknownWord(InvalidInput):
    """None of the words that may stand there. Facts: ``value``, ``allowed``."""

    code = "unknown_word"


class MissingValue(InvalidInput):
    """A cell that must not be empty is."""

    code = "missing_value"


def read_date(text: str) -> date:
    """``23.11.2026``, ``23/11/2026``, ``2026-11-23``.

    Raises:
        InvalidDate: anything else. Years of two digits are not guessed.
    """
    value = text.strip()
    if match := _YEAR_FIRST.fullmatch(value):
        year, month, day = (int(part) for part in match.groups())
    elif match := _DAY_FIRST.fullmatch(value):
        day, month, year = (int(part) for part in match.groups())
    else:
        raise InvalidDate(value=value[:SHOWN_MAX])
    try:
        found = date(year, month, day)
    except ValueError:
        raise InvalidDate(value=value[:SHOWN_MAX]) from None
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise InvalidDate(value=value[:SHOWN_MAX])
    return found


def read_quantity(text: str) -> Decimal:
    """``2,5`` or ``2.5``: more than zero, below a million, at most three decimals.

    Raises:
        InvalidQuantity: anything else.
    """
    try:
        quantity = parse_quantity(_decimal(text))
    except ValueError:
        raise InvalidQuantity(value=text.strip()[:SHOWN_MAX]) from None
    if not 0 < quantity < QUANTITY_MAX:
        raise InvalidQuantity(value=text.strip()[:SHOWN_MAX])
    return quantity


def read_number(text: str, *, least: int, most: int) -> int:
    """A whole number within a range.

    Raises:
        InvalidNumber: anything else.
    """
    value = text.strip()
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not least <= int(value) <= most:
        raise InvalidNumber(value=value[:SHOWN_MAX])
    return int(value)


def read_yes_no(text: str) -> bool:
    """``да``, ``иә``, ``yes``, ``1``, ``+`` or their opposites.

    Raises:
        InvalidYesNo: anything else.
    """
    value = fold(text[:SHOWN_MAX])
    if value not in _YES and value not in _NO:
        raise InvalidYesNo(value=text.strip()[:SHOWN_MAX])
    return value in _YES


def read_word(text: str, words: Mapping[str, T]) -> T:
    """The value that a word stands for; the words are given as ``normal_heading`` makes them.

    Raises:
        UnknownWord: none of them.
    """
    value = normal_heading(text[:SHOWN_MAX])
    if value not in words:
        raise UnknownWord(value=text.strip()[:SHOWN_MAX], allowed=", ".join(_as_written(words)))
    return words[value]


def words_of(values: Iterable[S]) -> dict[str, S]:
    """The words for ``read_word``: each value's own text and its names in all languages, folded."""
    known: dict[str, S] = {}
    for value in values:
        for word in (value.value, *(label(value, language) for language in Language)):
            known.setdefault(normal_heading(word), value)
    return known


def read_identifier(text: str) -> str:
    """An IIN or BIN, its leading zeros put back where a spreadsheet took it for a number.

    The check digit must prove them: anything that is no identifier even so is refused as it stands.

    Raises:
        InvalidIINOrBIN: neither, nor with zeros in front.
    """
    value = re.sub(r"[\s'’`-]", "", text).removesuffix(".0")
    if re.fullmatch(r"\d{7,11}", value, re.ASCII):
        with_zeros = value.zfill(12)
        if is_iin(with_zeros) or is_bin(with_zeros):
            return with_zeros
    return check_iin_or_bin(value)


class RowReader:
    """Reads one row's cells and keeps every problem, so that people mend a list in one go.

    Attributes:
        row: the row.
        problems: what was wrong so far; a row with any is not taken in.
    """

    def __init__(self, row: ListRow, reading: ListReading, columns: Sequence[Column]) -> None:
        self.row = row
        self.problems: list[Problem] = []
        self._headings = reading.headings
        self._columns = {column.field: column for column in columns}

    def text(self, field: str) -> str:
        """The cell as it stands; empty where there is none."""
        return self.row.cells[field]

    def optional(self, field: str, read: Callable[[str], T]) -> T | None:
        """The cell's value; None where it is empty, or wrong, which is kept as a problem."""
        value = self.text(field)
        if not value:
            return None
        try:
            return read(value)
        except Refusal as refusal:
            self.refuse(field, refusal)
            return None

    def required(self, field: str, read: Callable[[str], T]) -> T | None:
        """The cell's value; None where it is missing or wrong, which is kept as a problem either way."""
        if not self.text(field):
            self.refuse(field, MissingValue())
            return None
        return self.optional(field, read)

    def refuse(self, field: str | None, refusal: Refusal) -> None:
        """Keep a refusal as a problem of this row, under the file's own heading."""
        column = self._columns[field] if field else None
        value = shown(self.text(column.field), personal=column.personal) if column else ""
        heading = self._headings.get(column.field, column.headings[0]) if column else None
        facts = MappingProxyType({**refusal.facts})
        self.problems.append(Problem(self.row.number, heading, f"refusal.{refusal.code}", value, facts))


def _as_written(words: Mapping[str, object]) -> Iterable[str]:
    """The words as people write them; folded ones have lost their Kazakh letters."""
    shown = (value for value in words.values() if isinstance(value, Shown))
    return dict.fromkeys(label(value, language) for value in shown for language in Language) or words


def _decimal(text: str) -> str:
    return _GROUPS.sub("", text.strip()).replace(",", ".")

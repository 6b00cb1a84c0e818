"""Reads what a provider's registry says, row by row. Pure: cells in, payments and problems out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import partial

from billing.kernel.cells import YEAR_MAX, YEAR_MIN, InvalidDate, RowReader
from billing.kernel.checks import line, optional_line
from billing.kernel.errors import InvalidInput, RuleViolation
from billing.kernel.money import ZERO, Money, total
from billing.kernel.spreadsheets import SHOWN_MAX, Column, ListReading, ListRow, Problem, read_list
from billing.reconciliation.formats.written import read_sum

ROWS_MAX = 200_000

_TIME = r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d{1,9})?)?"
_INSTANTS = (
    re.compile(rf"(?P<d>\d{{1,2}})[./](?P<m>\d{{1,2}})[./](?P<y>\d{{4}}){_TIME}", re.ASCII),
    re.compile(rf"(?P<y>\d{{4}})-(?P<m>\d{{1,2}})-(?P<d>\d{{1,2}}){_TIME}", re.ASCII),
    # As the check/pay protocol writes it: 20261123153000.
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:(\d{2})(\d{2})(\d{2}))?", re.ASCII),
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


class InvalidSum(InvalidInput):
    """Not a sum above zero in tenge. Facts: ``value``."""

    code = "invalid_sum"


class RegistryRowRepeated(RuleViolation):
    """The file has the transaction further up. Facts: ``row``, the number of that row."""

    code = "registry_row_repeated"


class RegistryTotalDiffers(RuleViolation):
    """The last row's total is not the sum of the rows. Facts: ``expected``."""

    code = "registry_total_differs"


@dataclass(frozen=True, slots=True)
class Told:
    """A payment as a row of the registry tells it."""

    line: int
    outside_id: str
    account: str
    amount: Money
    paid_on: date
    paid_at: time | None
    raw: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RegistryContent:
    """What a file held.

    Attributes:
        rows: by their numbers in the file.
        problems: of the file, of its rows, and of its total.
    """

    reading: ListReading
    columns: Sequence[Column]
    rows: Mapping[int, ListRow]
    told: list[Told]
    problems: list[Problem]

    def reader_of(self, told: Told) -> RowReader:
        """A reader that names problems of a payment's row."""
        return RowReader(self.rows[told.line], self.reading, self.columns)


def read_registry(content: bytes, columns: Sequence[Column]) -> RegistryContent:
    """The payments of a registry (CSV or XLSX), and what is wrong with its rows and its total."""
    reading = read_list(content, columns, rows_max=ROWS_MAX, times=True)
    rows = list(reading.rows)
    by_number = {row.number: row for row in rows}
    found = RegistryContent(reading, columns, by_number, [], list(reading.problems))
    last = RowReader(rows.pop(), reading, columns) if rows and _is_total(rows[-1]) else None
    first: dict[str, int] = {}
    for row in rows:
        reader = RowReader(row, reading, columns)
        each = _read_row(reader)
        if each is not None and (above := first.setdefault(each.outside_id, row.number)) != row.number:
            reader.refuse("outside_id", RegistryRowRepeated(row=above))
        if each is not None and not reader.problems:
            found.told.append(each)
        found.problems.extend(reader.problems)
    if last is not None and not found.problems:
        stated, expected = last.required("amount", read_amount), total(each.amount for each in found.told)
        if stated is not None and stated != expected:
            last.refuse("amount", RegistryTotalDiffers(expected=expected))
        found.problems.extend(last.problems)
    if not found.told and not found.problems:
        found.problems.append(Problem(0, None, "list.empty"))
    return found


def _is_total(row: ListRow) -> bool:
    """Whether a last row holds nothing but a sum."""
    return bool(row.cells.get("amount")) and not any(
        text for field, text in row.cells.items() if field not in {"amount", "account"}
    )


def _read_row(reader: RowReader) -> Told | None:
    outside_id = reader.required("outside_id", partial(line, field="outside_id", length_max=100))
    account = reader.optional("account", partial(optional_line, field="account", length_max=100))
    amount = reader.required("amount", read_amount)
    moment = reader.required("date", read_moment)
    clock = reader.optional("time", read_clock)
    if outside_id is None or amount is None or moment is None:
        return None
    paid_on, paid_at = moment
    return Told(
        reader.row.number,
        outside_id,
        account or "",
        amount,
        paid_on,
        clock or paid_at,
        {field: text for field, text in reader.row.cells.items() if text},
    )


def read_amount(text: str) -> Money:
    """A sum in tenge, ``4 500,00`` or ``4500.00 ₸``.

    Raises:
        InvalidSum: anything else, or nothing above zero.
    """
    amount = read_sum(text)
    if amount is None or amount <= ZERO:
        raise InvalidSum(value=text[:SHOWN_MAX])
    return amount


def read_moment(text: str) -> tuple[date, time | None]:
    """The day of a payment, with the time of day where it stands in the same cell.

    Raises:
        InvalidDate: neither ``25.11.2026 14:05``, ``2026-11-25 14:05:33`` nor ``20261125140533``.
    """
    for pattern in _INSTANTS:
        if found := pattern.fullmatch(text.strip()):
            hour, minute, second = found.groups()[-3:]
            try:
                day = date(int(found["y"]), int(found["m"]), int(found["d"]))
                clock = time(int(hour), int(minute), int(second or 0)) if hour else None
            except ValueError:
                break
            if YEAR_MIN <= day.year <= YEAR_MAX:
                return day, clock
            break
    raise InvalidDate(value=text[:SHOWN_MAX])


def read_clock(text: str) -> time:
    """A time of day, ``14:05`` or ``14:05:33``.

    Raises:
        InvalidDate: anything else.
    """
    found = _CLOCK.fullmatch(text.strip())
    try:
        if found is not None:
            return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        pass
    raise InvalidDate(value=text[:SHOWN_MAX])

"""Months and ranges of dates. No clock here: dates are arguments, the edge passes today's (see ``clock``)."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
FOREVER = date(9999, 12, 31)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, ``2026-11``: the period of charges, books and reports."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"2026-11"``.

        Raises:
            ValueError: any other text.
        """
        match = _MONTH.fullmatch(text)
        if match is None or int(match[1]) < 1:
            raise ValueError(text)
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The month a day lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first_day(self) -> date:
        """The first day of the month."""
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    def next(self) -> "Month":
        """The month after this one."""
        return Month.of(self.last_day + timedelta(days=1))

    def previous(self) -> "Month":
        """The month before this one."""
        return Month.of(self.first_day - timedelta(days=1))


def overlap(first_from: date, first_to: date | None, second_from: date, second_to: date | None) -> bool:
    """Whether two ranges of dates share a day; both ends count, None is open-ended."""
    return first_from <= (second_to or FOREVER) and second_from <= (first_to or FOREVER)


def covers(valid_from: date, valid_to: date | None, day: date) -> bool:
    """Whether a day lies in a range; both ends count, None is open-ended."""
    return valid_from <= day <= (valid_to or FOREVER)

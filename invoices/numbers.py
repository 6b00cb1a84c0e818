"""Money, quantities and dates as each language writes them.

Written out instead of asking Babel for every cell: its formatting costs more than drawing the cell,
it has no `en_KZ`, and its Kazakh long date is the short «2026 ж.» form, not that of documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from invoices import labels

NO_BREAK_SPACE = "\u00a0"


def _marks(language: str) -> tuple[str, str]:
    """Return the marks between thousands and before the fraction."""
    return (",", ".") if language == "en" else (NO_BREAK_SPACE, ",")


@lru_cache(maxsize=4096)
def money(tiyn: int, language: str) -> str:
    """Return `tiyn` in tenge without a sign of currency: «1 234,56» or "1,234.56"."""
    group, point = _marks(language)
    tenge, rest = divmod(abs(tiyn), 100)
    sign = "-" if tiyn < 0 else ""
    return f"{sign}{tenge:,}".replace(",", group) + f"{point}{rest:02d}"


@lru_cache(maxsize=4096)
def quantity(value: Decimal, language: str) -> str:
    """Return a quantity without trailing zeros: «1 200,5»."""
    group, point = _marks(language)
    whole, _, fraction = f"{value:,f}".partition(".")
    fraction = fraction.rstrip("0")
    return whole.replace(",", group) + (point + fraction if fraction else "")


def rate(percent: Decimal, language: str) -> str:
    """Return a percentage: «16%»."""
    return quantity(percent, language) + "%"


def short_date(day: date) -> str:
    """Return «23.11.2026», the way tables and boxes of the country's forms write a date."""
    return f"{day.day:02d}.{day.month:02d}.{day.year:04d}"


def moment(value: datetime) -> str:
    """Return «23.11.2026 14:05», in the time zone the value came in."""
    return f"{short_date(value)}{NO_BREAK_SPACE}{value.hour:02d}:{value.minute:02d}"


@lru_cache(maxsize=1024)
def long_date(day: date, language: str) -> str:
    """Return the date in words: «23 ноября 2026 г.», «2026 жылғы 23 қараша», "23 November 2026"."""
    month = labels.MONTHS[language].split()[day.month - 1]
    if language == "kk":
        parts: Sequence[str] = (str(day.year), "жылғы", str(day.day), month)
    elif language == "ru":
        parts = (str(day.day), month, str(day.year), "г.")
    else:
        parts = (str(day.day), month, str(day.year))
    return NO_BREAK_SPACE.join(parts)

"""Money, numbers, dates and months as people of Kazakhstan write them, in Kazakh, Russian and English.

Kazakh and Russian follow Babel's data for Kazakhstan (``ru`` alone would print KZT for ₸). Babel has no
English of Kazakhstan, short Kazakh years of two digits, and «ж.» where official texts write «жылғы»: those
patterns are our own.
"""

from datetime import date, datetime
from decimal import Decimal

from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_datetime as babel_datetime
from babel.numbers import format_currency, format_decimal

from billing.kernel.clock import ALMATY
from billing.kernel.dates import Month
from billing.kernel.money import Money

_LOCALES = {"kk": Locale("kk", "KZ"), "ru": Locale("ru", "KZ"), "en": Locale("en")}
_LONG_DATE = {"kk": "y 'жылғы' d MMMM", "ru": "d MMMM y 'г'.", "en": "d MMMM y"}
_SHORT_DATE = {"kk": "dd.MM.y", "ru": "dd.MM.y", "en": "d MMM y"}
_MONTH = {"kk": "y 'жылғы' MMMM", "ru": "LLLL y 'г'.", "en": "LLLL y"}
_MONEY = {"kk": "#,##0.00\N{NO-BREAK SPACE}¤", "ru": "#,##0.00\N{NO-BREAK SPACE}¤"}
_MONEY |= {"en": "#,##0.00\N{NO-BREAK SPACE}¤¤"}


def locale_of(language: str) -> Locale:
    """Babel's locale for one of our three languages; another language is our own bug."""
    assert language in _LOCALES, language
    return _LOCALES[language]


def format_money(money: Money, language: str) -> str:
    """``1 234 567,50 ₸`` with no-break spaces; in English ``1,234,567.50 KZT``."""
    tenge = Decimal(money.tiyn).scaleb(-2)
    return format_currency(tenge, "KZT", format=_MONEY[language], locale=locale_of(language))


def format_quantity(quantity: Decimal, language: str) -> str:
    """A quantity with at most three decimals and no trailing zeros: ``1 250,5``."""
    return format_decimal(quantity, format="#,##0.###", locale=locale_of(language))


def format_number(number: int, language: str) -> str:
    """A whole number in groups of three: ``16 264``. For counts, never for numbers of documents or years."""
    return format_decimal(number, format="#,##0", locale=locale_of(language))


def format_date(day: date, language: str, *, long: bool = False) -> str:
    """``23.11.2026``; long ``2026 жылғы 23 қараша``, ``23 ноября 2026 г.``, ``23 November 2026``."""
    patterns = _LONG_DATE if long else _SHORT_DATE
    return babel_date(day, patterns[language], locale=locale_of(language))


def format_month(month: Month, language: str) -> str:
    """``2026 жылғы қараша``, ``ноябрь 2026 г.``, ``November 2026``."""
    return babel_date(month.first_day, _MONTH[language], locale=locale_of(language))


def format_instant(instant: datetime, language: str) -> str:
    """Date, hours and minutes in Kazakhstan's time: ``23.11.2026 14:05``. The instant must be aware."""
    assert instant.tzinfo is not None, instant
    pattern = f"{_SHORT_DATE[language]} HH:mm"
    return babel_datetime(instant.astimezone(ALMATY), pattern, locale=locale_of(language))

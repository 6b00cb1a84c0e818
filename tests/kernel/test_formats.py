"""Money, numbers and dates as they are written in each language."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.kernel.dates import Month
from billing.kernel.formats import (
    format_date,
    format_instant,
    format_money,
    format_month,
    format_number,
    format_quantity,
    locale_of,
)
from billing.kernel.money import MONEY_MAX_TIYN, Money

DAY = date(2026, 11, 3)


@pytest.mark.parametrize(
    ("language", "expected"),
    [("kk", "1 234 567,50 ₸"), ("ru", "1 234 567,50 ₸"), ("en", "1,234,567.50 KZT")],
)
def test_money(language, expected):
    """Tenge with two decimals and the sign of the language, held together by no-break spaces."""
    money = Money.tenge("1234567.50")

    assert format_money(money, language) == expected.replace(" ", "\N{NO-BREAK SPACE}")
    assert format_money(-money, language) == "-" + expected.replace(" ", "\N{NO-BREAK SPACE}")


def test_the_largest_amount_loses_no_tiyn():
    """Amounts are exact to the last tiyn at any size."""
    assert format_money(Money(MONEY_MAX_TIYN), "en") == "999,999,999,999,999.99\N{NO-BREAK SPACE}KZT"


@pytest.mark.parametrize(
    ("language", "short", "long", "month"),
    [
        ("kk", "03.11.2026", "2026 жылғы 3 қараша", "2026 жылғы қараша"),
        ("ru", "03.11.2026", "3 ноября 2026 г.", "ноябрь 2026 г."),
        ("en", "3 Nov 2026", "3 November 2026", "November 2026"),
    ],
)
def test_dates_and_months(language, short, long, month):
    """Years have four digits, and long Kazakh dates the official «жылғы»."""
    assert format_date(DAY, language) == short
    assert format_date(DAY, language, long=True) == long
    assert format_month(Month(2026, 11), language) == month


def test_an_instant_is_told_in_kazakhstan_s_time():
    """The country keeps UTC+5, so late evening in UTC is the next day there."""
    instant = datetime(2026, 11, 2, 19, 5, tzinfo=UTC)

    assert format_instant(instant, "ru") == "03.11.2026 00:05"
    assert format_instant(instant, "en") == "3 Nov 2026 00:05"


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("1250.500", "1\N{NO-BREAK SPACE}250,5"), ("3.000", "3"), ("0.125", "0,125")],
)
def test_quantities(quantity, expected):
    """At most three decimals, no trailing zeros."""
    assert format_quantity(Decimal(quantity), "kk") == expected


def test_counts():
    """Whole numbers are grouped by three."""
    assert [format_number(16_264, language) for language in ("ru", "en")] == [
        "16\N{NO-BREAK SPACE}264",
        "16,264",
    ]


def test_a_fourth_language_is_our_own_bug():
    """No text can be asked for in a language the product does not have."""
    with pytest.raises(AssertionError):
        locale_of("de")

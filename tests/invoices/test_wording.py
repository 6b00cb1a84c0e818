"""Captions, numbers, dates and amounts in words, in three languages."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from invoices import labels, numbers
from invoices.checks import LANGUAGES
from invoices.values import LocalText
from invoices.words import amount_in_words

CAPTIONS = {name: value for name, value in vars(labels).items() if isinstance(value, LocalText)}
NBSP = "\u00a0"


@pytest.mark.parametrize("name", CAPTIONS)
def test_no_caption_lacks_a_language(name):
    """Every caption is written in Kazakh, Russian and English, with the same blanks to fill."""
    caption = CAPTIONS[name]
    texts = [caption.kk, caption.ru, caption.en]

    assert all(texts)
    blanks = [sorted(part.split("}")[0] for part in text.split("{")[1:]) for text in texts]
    assert blanks[0] == blanks[1] == blanks[2]


def test_captions_for_a_native_reader_exist():
    """The list of Kazakh wording to be read names captions that exist, each once."""
    assert len(set(labels.KAZAKH_TO_BE_READ)) == len(labels.KAZAKH_TO_BE_READ)
    assert set(labels.KAZAKH_TO_BE_READ) <= set(CAPTIONS)


def test_every_language_has_twelve_months():
    """Twelve months, none twice."""
    for language in LANGUAGES:
        assert len(set(labels.MONTHS[language].split())) == 12


@pytest.mark.parametrize(
    ("tiyn", "language", "expected"),
    [
        (1090000, "ru", "Десять тысяч девятьсот тенге 00 тиын"),
        (1090000, "kk", "Он мың тоғыз жүз теңге 00 тиын"),
        (1090000, "en", "Ten thousand, nine hundred tenge 00 tiyn"),
        (1575000, "kk", "Он бес мың жеті жүз елу теңге 00 тиын"),
        (150, "ru", "Один тенге 50 тиын"),
        (100000001, "ru", "Один миллион тенге 01 тиын"),
        (7, "kk", "Нөл теңге 07 тиын"),
        (0, "ru", "Ноль тенге 00 тиын"),
    ],
)
def test_amounts_in_words(tiyn, language, expected):
    """Tenge in words with a capital, tiyn as two figures, never inflected."""
    assert amount_in_words(tiyn, language) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ru", "Десять тысяч девятьсот тенге ноль тиын"),
        ("kk", "Он мың тоғыз жүз теңге нөл тиын"),
        ("en", "Ten thousand, nine hundred tenge zero tiyn"),
    ],
)
def test_cash_orders_spell_the_tiyn(language, expected):
    """A cash order writes the tiyn in words too."""
    assert amount_in_words(1090000, language, spell_tiyn=True) == expected


@pytest.mark.parametrize(("tiyn", "language"), [(-1, "ru"), (100, "de")])
def test_negative_amounts_and_unknown_languages_have_no_words(tiyn, language):
    """What cannot be written in words is refused."""
    with pytest.raises(ValueError):
        amount_in_words(tiyn, language)


@pytest.mark.parametrize(
    ("tiyn", "language", "expected"),
    [
        (123456, "ru", f"1{NBSP}234,56"),
        (123456, "kk", f"1{NBSP}234,56"),
        (123456, "en", "1,234.56"),
        (-5, "ru", "-0,05"),
        (0, "en", "0.00"),
        (100000000000, "kk", f"1{NBSP}000{NBSP}000{NBSP}000,00"),
    ],
)
def test_money(tiyn, language, expected):
    """Thousands by no-break spaces and a comma, in English by commas and a point."""
    assert numbers.money(tiyn, language) == expected


@pytest.mark.parametrize(
    ("value", "language", "expected"),
    [
        ("2.500", "ru", "2,5"),
        ("1200", "kk", f"1{NBSP}200"),
        ("1E+3", "en", "1,000"),
        ("0.001", "en", "0.001"),
        ("0.000", "ru", "0"),
    ],
)
def test_quantities(value, language, expected):
    """Quantities lose zeros that say nothing."""
    assert numbers.quantity(Decimal(value), language) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [("kk", "2026 жылғы 23 қараша"), ("ru", "23 ноября 2026 г."), ("en", "23 November 2026")],
)
def test_long_dates(language, expected):
    """Dates in words, kept on one line by no-break spaces."""
    assert numbers.long_date(date(2026, 11, 23), language) == expected.replace(" ", NBSP)


def test_short_dates_and_moments():
    """Tables write a date by points, a receipt adds hours and minutes."""
    assert numbers.short_date(date(2026, 3, 5)) == "05.03.2026"
    assert numbers.moment(datetime(2026, 3, 5, 9, 7, tzinfo=UTC)) == f"05.03.2026{NBSP}09:07"


def test_a_text_falls_back_to_its_nearest_language():
    """A missing English name is printed in Russian, a missing Russian one in Kazakh."""
    assert LocalText("шот", "счет").get("en") == "счет"
    assert LocalText("шот").get("ru") == "шот"
    assert LocalText("", "", "invoice").get("kk") == "invoice"
    assert LocalText.same("Үміт").each(("kk", "ru", "en")) == ("Үміт",)

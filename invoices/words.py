"""Amounts in words, as accountants of the country write them: «Десять тысяч девятьсот тенге 00 тиын».

num2words gives the cardinals (its code for Kazakh is «kz»); the currency is appended here, because it
inflects «тиын», which documents do not, and knows no tenge in English.
"""

from __future__ import annotations

from functools import lru_cache

from num2words import num2words

_CARDINALS = {"kk": "kz", "ru": "ru", "en": "en"}
_TENGE = {"kk": "теңге", "ru": "тенге", "en": "tenge"}
_TIYN = {"kk": "тиын", "ru": "тиын", "en": "tiyn"}


@lru_cache(maxsize=2048)
def amount_in_words(tiyn: int, language: str, *, spell_tiyn: bool = False) -> str:
    """Return the amount in words, capitalised.

    Args:
        tiyn: zero or more.
        language: kk, ru or en.
        spell_tiyn: write the tiyn in words too («ноль тиын»), as cash orders do.

    Raises:
        ValueError: the amount is negative or the language is not known.
    """
    if tiyn < 0:
        raise ValueError(f"a negative amount has no words: {tiyn} tiyn")
    if language not in _CARDINALS:
        raise ValueError(f"unknown language: {language}")
    tenge, rest = divmod(tiyn, 100)
    code = _CARDINALS[language]
    small = num2words(rest, lang=code) if spell_tiyn else f"{rest:02d}"
    text = f"{num2words(tenge, lang=code)} {_TENGE[language]} {small} {_TIYN[language]}"
    return text[0].upper() + text[1:]

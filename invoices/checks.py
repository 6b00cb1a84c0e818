"""Refusals shared by all document values: nonsense stops where a value is made, not where it is drawn."""

from __future__ import annotations

from decimal import Decimal

LANGUAGES = ("kk", "ru", "en")

_QUANTITY_EXPONENT_MIN = -3


def require(condition: bool, complaint: str) -> None:
    """Raise `ValueError` with the complaint unless the condition holds."""
    if not condition:
        raise ValueError(complaint)


def require_document(number: str, languages: tuple[str, ...]) -> None:
    """Refuse a document without a number, without a language, or with an unknown or repeated one."""
    require(bool(number), "a document needs a number")
    require(bool(languages), "a document needs a language")
    unknown = [language for language in languages if language not in LANGUAGES]
    require(not unknown, f"unknown language: {', '.join(unknown)}")
    require(len(set(languages)) == len(languages), "a language is named twice")


def require_signed(**amounts: int) -> None:
    """Refuse, with `TypeError`, any amount that is not a whole number of tiyn."""
    for name, amount in amounts.items():
        # bool is an int to Python, and a float here would print a wrong tiyn.
        if type(amount) is not int:
            raise TypeError(f"{name} is {type(amount).__name__}, not whole tiyn")


def require_money(**amounts: int) -> None:
    """Refuse amounts that are not whole tiyn or are below zero."""
    require_signed(**amounts)
    for name, amount in amounts.items():
        require(amount >= 0, f"{name} is negative: {amount} tiyn")


def require_quantity(quantity: Decimal | None) -> None:
    """Refuse a quantity that is negative, not a number, or finer than thousandths."""
    if quantity is None:
        return
    exponent = quantity.normalize().as_tuple().exponent
    require(isinstance(exponent, int), f"quantity is not a number: {quantity}")
    require(quantity >= 0, f"quantity is negative: {quantity}")
    require(int(exponent) >= _QUANTITY_EXPONENT_MIN, f"quantity is finer than thousandths: {quantity}")


def require_ascii(payload: str) -> None:
    """Refuse a QR payload with anything but ASCII."""
    # Phone readers took UTF-8 Cyrillic in a QR code for Chinese.
    require(payload.isascii(), "a QR payload must be ASCII: percent-encode the rest")

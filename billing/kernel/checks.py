"""Checks of form that all services share: texts of one line, ranges of dates, the field at fault."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from billing.kernel.errors import InvalidInput

EMAIL_LENGTH_MAX = 200
QUANTITY_MAX = Decimal(1_000_000)  # times the highest price it still fits BIGINT

# One @ with something readable on both sides: whether letters arrive there only a letter can tell.
_EMAIL = re.compile(r"[^@\s\"<>(),;:]+@[^@\s\"<>(),;:]+\.[^@\s\"<>(),;:.]+")
_UNWRITABLE = ("Cc", "Cs", "Cn")  # control characters, halves of surrogates, no character at all


class InvalidText(InvalidInput):
    """Empty, too long, or not all readable characters. Facts: ``field``, ``length_max``."""

    code = "invalid_text"


class EndsBeforeStart(InvalidInput):
    """A range of dates ends before it starts. Facts: ``field``, ``starts``, ``ends``."""

    code = "ends_before_start"


class InvalidEmail(InvalidInput):
    """Not an e-mail address. Facts: ``field``."""

    code = "invalid_email"


class InvalidQuantity(InvalidInput):
    """A quantity is above zero, below a million, with at most three decimals. Facts: ``field``."""

    code = "quantity_out_of_range"


@contextmanager
def at_field(field: str) -> Iterator[None]:
    """Say which field was at fault, where the check itself cannot know: ``check_bin`` reads many fields."""
    try:
        yield
    except InvalidInput as refusal:
        refusal.facts.setdefault("field", field)
        raise


def line(text: str, *, field: str, length_max: int) -> str:
    """A text of one line as it is stored, its blanks single and only between words.

    Raises:
        InvalidText: empty, longer than ``length_max`` characters, or with characters nobody can read.
    """
    value = optional_line(text, field=field, length_max=length_max)
    if not value:
        raise InvalidText(field=field, length_max=length_max)
    return value


def optional_line(text: str | None, *, field: str, length_max: int) -> str:
    """As ``line``, but it may be missing: the empty text then.

    Raises:
        InvalidText: longer than ``length_max`` characters, or with characters nobody can read.
    """
    value = " ".join(unicodedata.normalize("NFC", text or "").split())
    # PostgreSQL refuses a NUL in a text, and no paper can show the others.
    if len(value) > length_max or any(unicodedata.category(letter) in _UNWRITABLE for letter in value):
        raise InvalidText(field=field, length_max=length_max)
    return value


def check_range(valid_from: date, valid_to: date | None, *, field: str = "valid_to") -> None:
    """Refuse a range that ends before it starts.

    Raises:
        EndsBeforeStart: so it does; ``field`` names the end.
    """
    if valid_to is not None and valid_to < valid_from:
        raise EndsBeforeStart(field=field, starts=valid_from, ends=valid_to)


def check_quantity(quantity: Decimal, *, field: str = "quantity") -> None:
    """Refuse a quantity that is not above zero, reaches a million, or is finer than thousandths.

    Raises:
        InvalidQuantity: so it is.
    """
    if not quantity.is_finite() or not 0 < quantity < QUANTITY_MAX or quantity != round(quantity, 3):
        raise InvalidQuantity(field=field)


def email_or_none(text: str | None, *, field: str = "email") -> str | None:
    """An e-mail address as it is stored, its domain in small letters; None for an empty one.

    Raises:
        InvalidEmail: not shaped like one.
    """
    value = optional_line(text, field=field, length_max=EMAIL_LENGTH_MAX)
    if not value:
        return None
    if _EMAIL.fullmatch(value) is None:
        raise InvalidEmail(field=field)
    mailbox, _, domain = value.rpartition("@")
    return f"{mailbox}@{domain.lower()}"

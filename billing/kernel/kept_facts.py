"""Facts of a refusal as they are kept in the database: with their types, to be told in any language later."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.kernel.shown import Shown


def _shown(message: str) -> Shown | str:
    waiting = Shown.__subclasses__()
    while waiting:
        enumeration = waiting.pop()
        for member in enumeration:
            if member.message == message:
                return member
        waiting += enumeration.__subclasses__()
    return message  # an enumeration that is no more


# What JSON cannot tell from text: the type's name, how it is read again. A datetime is a date too, so it
# comes first; values of an enumeration are kept under the catalogue's key.
_TYPES: tuple[tuple[type, str, Callable[[str], Any]], ...] = (
    (Money, "money", Money.parse),
    (Month, "month", Month.parse),
    (datetime, "instant", datetime.fromisoformat),
    (date, "date", date.fromisoformat),
    (Decimal, "quantity", Decimal),
    (Shown, "shown", _shown),
)


def keep(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON; what has no type of its own here is kept as text."""
    return {name: _kept(value) for name, value in facts.items()}


def recall(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The facts again."""
    return {name: _recalled(value) for name, value in kept.items()}


def _kept(value: Any) -> Any:
    for known, name, _ in _TYPES:
        if isinstance(value, known):
            return {name: value.message if isinstance(value, Shown) else str(value)}
    if value is None or isinstance(value, bool | int):
        return value
    return [_kept(part) for part in value] if isinstance(value, list | tuple) else str(value)


def _recalled(value: Any) -> Any:
    if isinstance(value, list):
        return [_recalled(part) for part in value]
    if isinstance(value, dict):
        [(kept_as, text)] = value.items()
        return next(read(text) for _, name, read in _TYPES if name == kept_as)
    return value

"""Reasons of matches in words."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from billing.kernel.i18n import text
from billing.kernel.money import Money
from billing.reconciliation.matches import Reason

# Facts are kept as JSON; those of these names are put back into their types, to be shown as such.
_SUMS = ("amount", "commission", "difference", "gross", "in_transit", "owed", "returned")
_READERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(_SUMS, Money.parse),
    "day": date.fromisoformat,
    "first_day": date.fromisoformat,
    "last_day": date.fromisoformat,
}


def sentence(reason: Reason | Mapping[str, Any], language: str) -> str:
    """A reason, kept or just found, as people read it."""
    stored = reason.stored() if isinstance(reason, Reason) else reason
    facts = {
        name: _READERS[name](value) if name in _READERS and isinstance(value, str) else value
        for name, value in stored["facts"].items()
    }
    return text(f"match_reason.{stored['code']}", language, **facts)


def sentences(reasons: Iterable[Reason | Mapping[str, Any]], language: str) -> list[str]:
    """Reasons in words, in their order."""
    return [sentence(reason, language) for reason in reasons]

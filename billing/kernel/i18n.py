"""Everything people read, in Kazakh, Russian and English: catalogues by code, and values in local form.

A text has a stable code (``refusal.invoice_not_found``, ``unit.m3``) and lives in
``catalogue/<area>.<language>.po``; every slice has its own area, so that authors do not meet in one file.
The catalogues are read once with Babel; no compiled ones exist that could be out of date. A text may hold
``{facts}``, which are put into local form by their type, and may have plural forms chosen by ``count``.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from babel.messages.pofile import read_po

from billing.kernel.alphabet import fold, sort_key_kk
from billing.kernel.dates import Month
from billing.kernel.errors import Refusal
from billing.kernel.formats import (
    format_date,
    format_instant,
    format_money,
    format_month,
    format_number,
    format_quantity,
    locale_of,
)
from billing.kernel.money import Money
from billing.kernel.shown import Language, Shown

__all__ = [
    "CATALOGUES",
    "Language",
    "Message",
    "Shown",
    "best_language",
    "enumerations",
    "fold",
    "format_date",
    "format_instant",
    "format_money",
    "format_month",
    "format_number",
    "format_quantity",
    "label",
    "messages",
    "refusal_text",
    "sort_key_kk",
    "text",
    "tolerate_gaps",
]

CATALOGUES = Path(__file__).with_name("catalogue")
HEADER_LENGTH_MAX = 500  # of Accept-Language; what comes after is not read

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_ACCEPTED = re.compile(
    r"\s*([a-z]{1,8}|\*)(?:-[a-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?", re.IGNORECASE | re.ASCII
)
# Where each of Babel's plural names stands among msgstr[0…]. Russian fractions («2,5 метра») read like «few».
_PLURAL_PLACE = {
    "kk": {"one": 0, "other": 1},
    "ru": {"one": 0, "few": 1, "many": 2, "other": 1},
    "en": {"one": 0, "other": 1},
}
# Facts that name a thing of ours; the catalogue has the word for people.
_NAMING_FACTS = ("kind", "field")
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One text of one language.

    Attributes:
        forms: the plural forms in the order of ``msgstr[0…]``; a single one where number does not matter.
        placeholders: names of the facts the text shows.
        area: the catalogue file it stands in, for people who look for it.
    """

    forms: tuple[str, ...]
    placeholders: frozenset[str]
    area: str


class _Gaps:
    tolerated = False


def tolerate_gaps() -> None:
    """From now on show a code in place of a text that is missing, and log it, rather than fail.

    The edges of the running product call this; tests do not, so a gap is found before people meet it.
    """
    _Gaps.tolerated = True


def text(code: str, language: str, /, **facts: object) -> str:
    """The text under a code, with its facts in local form.

    Facts are formatted by type: money, dates, months, instants, decimals, values of ``Shown``; whole numbers
    stay bare (a year, a document's number) except ``count``, which also chooses the plural form. A missing
    text or fact is our own bug: an assertion, or the bare code once ``tolerate_gaps`` was called.
    """
    message = messages(language).get(code)
    if message is None:
        return _gap(code, language, code)
    form = message.forms[0] if len(message.forms) == 1 else message.forms[_plural(facts, code, language)]

    def shown(match: re.Match[str]) -> str:
        name = match[1]
        if name not in facts:
            return _gap(f"{code} {{{name}}}", language, "…")
        return _shown(name, facts[name], language)

    return _PLACEHOLDER.sub(shown, form)


def refusal_text(refusal: Refusal, language: str) -> str:
    """The sentence for a refusal."""
    return text(f"refusal.{refusal.code}", language, **refusal.facts)


def label(value: Shown, language: str) -> str:
    """The name people read for a value: ``label(Unit.M3, "ru")`` is «м³»."""
    return text(value.message, language)


@cache
def messages(language: str) -> Mapping[str, Message]:
    """All texts of a language by code, read once."""
    assert language in tuple(Language), language
    found: dict[str, Message] = {}
    for path in sorted(CATALOGUES.glob(f"*.{language}.po")):
        for code, message in _read(path, language):
            assert code not in found, f"{code} stands in {found[code].area} and in {path.name}"
            found[code] = message
    return MappingProxyType(found)


def enumerations() -> list[type[Shown]]:
    """Every enumeration people see, of the modules imported so far, by name."""
    found: list[type[Shown]] = []
    waiting = [Shown]
    while waiting:
        subclasses = waiting.pop().__subclasses__()
        found += subclasses
        waiting += subclasses
    return sorted(found, key=lambda enumeration: enumeration.__name__)


def best_language(accept_language: str | None, *, default: Language = Language.KK) -> Language:
    """The language of ours a browser prefers, from its ``Accept-Language`` header.

    Regions do not matter (``ru-RU`` is Russian); ``kz``, the country's code, is often sent for Kazakh.
    """
    wishes: list[tuple[Decimal, str]] = []
    for part in (accept_language or "")[:HEADER_LENGTH_MAX].split(","):
        if match := _ACCEPTED.fullmatch(part):
            wishes.append((Decimal(match[2] or 1), match[1].lower()))
    for weight, tag in sorted(wishes, key=lambda wish: -wish[0]):
        known = {"kz": Language.KK, "*": default, **{language.value: language for language in Language}}
        if weight > 0 and tag in known:
            return known[tag]
    return default


# A datetime is a date too, so it comes first.
_FORMATS: tuple[tuple[type, Callable[[Any, str], str]], ...] = (
    (Money, format_money),
    (Month, format_month),
    (datetime, format_instant),
    (date, format_date),
    (Decimal, format_quantity),
    (Shown, label),
)


def _read(path: Path, language: str) -> list[tuple[str, Message]]:
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale=language, abort_invalid=True)
    area = path.name.split(".")[0]
    read = []
    for entry in catalogue:
        if not entry.id:  # the header
            continue
        code = entry.id if isinstance(entry.id, str) else entry.id[0]
        forms = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ("",))
        if all(forms) and not entry.fuzzy:
            read.append((code, Message(forms, frozenset(_PLACEHOLDER.findall(" ".join(forms))), area)))
    return read


def _plural(facts: Mapping[str, object], code: str, language: str) -> int:
    count = facts.get("count")
    if not isinstance(count, int | Decimal):
        _gap(f"{code} {{count}}", language, "")
        count = 0
    return _PLURAL_PLACE[language][locale_of(language).plural_form(count)]


def _shown(name: str, value: object, language: str) -> str:
    for kind, formatted in _FORMATS:
        if isinstance(value, kind):
            return formatted(value, language)
    if isinstance(value, list | tuple):
        return ", ".join(_shown(name, part, language) for part in value)
    if name == "count" and isinstance(value, int):
        return format_number(value, language)
    if name in _NAMING_FACTS and f"{name}.{value}" in messages(language):
        return text(f"{name}.{value}", language)
    return "—" if value is None else str(value)


def _gap(what: str, language: str, instead: str) -> str:
    assert _Gaps.tolerated, f"no text for {what} in {language}"
    _logger.error("no text for %s in %s", what, language)
    return instead

"""How banks write sums, dates and codes. Every reader here returns None for what it cannot read."""

import re
from datetime import date
from functools import lru_cache

from billing.kernel.cells import YEAR_MAX, YEAR_MIN
from billing.kernel.errors import InvalidInput
from billing.kernel.identifiers import check_iban
from billing.kernel.money import Money

VALUE_LENGTH_MAX = 40  # of a sum or a date; anything longer is neither

_PLAIN_SUM = re.compile(r"([+-]?)(\d{1,13})(?:[.,](\d{1,2})0*)?", re.ASCII)
_BLANKS = re.compile(r"[\s'’]")  # \s knows the no-break blanks between thousands
_CURRENCY_MARK = re.compile(r"(?:KZT|₸|тенге|тг\.?)$", re.IGNORECASE)
_THOUSANDS_BY_COMMA = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?", re.ASCII)
_TIME = r"(?:[T ,]\s*\d{1,2}:\d{2}(?::\d{2})?(?:\.\d{1,9})?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
_DAY_FIRST = re.compile(rf"(\d{{1,2}})[./-](\d{{1,2}})[./-](\d{{4}}){_TIME}", re.ASCII)
_YEAR_FIRST = re.compile(rf"(\d{{4}})-(\d{{2}})-(\d{{2}}){_TIME}(?:Z|[+-]\d{{2}}:\d{{2}})?", re.ASCII)
_SHORT = re.compile(r"(\d{2})(\d{2})(\d{2})", re.ASCII)
_CODE_3 = re.compile(r"\d{3}", re.ASCII)
_CODE_6 = re.compile(r"[1-9]\d{5}", re.ASCII)


@lru_cache(maxsize=10_000)
def read_sum(text: str) -> Money | None:
    """``202742.8``, ``202742,80``, ``1 234 567,50 ₸``, ``-5.00``."""
    found = _PLAIN_SUM.fullmatch(text)
    if found is None:
        if len(text) > VALUE_LENGTH_MAX:
            return None
        bare = _CURRENCY_MARK.sub("", _BLANKS.sub("", text)).replace("−", "-")
        if _THOUSANDS_BY_COMMA.fullmatch(bare):
            bare = bare.replace(",", "")
        found = _PLAIN_SUM.fullmatch(bare)
        if found is None:
            return None
    sign, tenge, tiyn = found.groups()
    amount = int(tenge) * 100 + (int(tiyn.ljust(2, "0")) if tiyn else 0)
    return Money(-amount if sign == "-" else amount)


@lru_cache(maxsize=4_096)  # a statement has few days and many rows
def read_day(text: str) -> date | None:
    """``02.11.2026``, ``2026-11-02``, either with a time of day, which is left out."""
    value = text.strip()
    if len(value) > VALUE_LENGTH_MAX:
        return None
    if found := _DAY_FIRST.fullmatch(value):
        day, month, year = found.groups()
    elif found := _YEAR_FIRST.fullmatch(value):
        year, month, day = found.groups()
    else:
        return None
    return _date(int(year), int(month), int(day))


@lru_cache(maxsize=4_096)
def read_short_day(text: str) -> date | None:
    """``261107``, as SWIFT writes it."""
    found = _SHORT.fullmatch(text)
    return _date(2000 + int(found[1]), int(found[2]), int(found[3])) if found else None


def read_account(text: str) -> str | None:
    """An account's IBAN in capitals, without blanks."""
    try:
        return check_iban(text[: VALUE_LENGTH_MAX * 2])
    except InvalidInput:
        return None


@lru_cache(maxsize=1_000)
def knp_of(text: str) -> str:
    """The payment purpose code; empty for anything else, which stays in the raw row."""
    return text if _CODE_3.fullmatch(text) else ""


def budget_code_of(text: str) -> str:
    """The budget classification code (КБК); empty for anything else."""
    return text if text and _CODE_6.fullmatch(text) else ""


def one_line(text: str) -> str:
    """Text without line breaks and doubled blanks."""
    return " ".join(text.split())


def _date(year: int, month: int, day: int) -> date | None:
    if not YEAR_MIN <= year <= YEAR_MAX:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None

"""Whose days a provider's row pays for, and whether a sum is what these days came to. Pure: values only."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from billing.kernel.alphabet import fold
from billing.kernel.money import BASIS_POINTS, ZERO, Money, total

DAYS_NAMED_MAX = 35  # a provider pays for a month at the most; an older date is that of its contract
DAYS_BACK_MAX = 10  # over long holidays
DAYS_LATE_MAX = 5  # between the last day paid for and the row, where the purpose names none
DAYS_OF_BATCH_MAX = 7

_DAY = r"(\d{1,2})[./](\d{1,2})[./](\d{4})|(\d{4})-(\d{1,2})-(\d{1,2})"
_ONE_DAY = re.compile(rf"(?<!\d)(?:{_DAY})(?!\d)")
# Before a date: of a contract or an order, not of the payments.
_OF_A_DOCUMENT = re.compile(r"(?:\bот|\bfrom|№)\s*$")


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last, both included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Collected:
    """A payment that a provider took and has not paid over."""

    payment_id: UUID
    channel: str
    day: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Returned:
    """Money given back after a provider had paid it over, or by the provider itself; it pays that less."""

    transfer_id: UUID
    channel: str
    day: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Terms:
    """What a provider withholds from each payment.

    Attributes:
        commission_min: of each payment.
    """

    channel: str
    commission_bp: int
    commission_min: Money


@dataclass(frozen=True, slots=True)
class Fit:
    """Payments, and money taken back, that come to exactly what was credited after a commission."""

    channel: str
    payments: tuple[Collected, ...]
    returns: tuple[Returned, ...]
    commission: Money

    @property
    def gross(self) -> Money:
        """What the payments come to, less what was taken back."""
        return gross_of(self.payments, self.returns)

    @property
    def period(self) -> Period:
        """The days of the payments."""
        days = [payment.day for payment in self.payments]
        return Period(min(days), max(days))


def gross_of(payments: Sequence[Collected], returns: Sequence[Returned]) -> Money:
    """What payments come to, less what was taken back."""
    return total(each.amount for each in payments) - total(each.amount for each in returns)


def named_period(purpose: str, booked_on: date) -> Period | None:
    """The day or days that a purpose names, «за 25.11.2026», «27.11.2026 – 29.11.2026 күндері үшін»."""
    text = fold(purpose)
    days = []
    for match in _ONE_DAY.finditer(text):
        if _OF_A_DOCUMENT.search(text[: match.start()]):
            continue
        day = _read(match)
        if day is not None and booked_on - timedelta(days=DAYS_NAMED_MAX) <= day <= booked_on:
            days.append(day)
    return Period(min(days), max(days)) if days else None


def _read(match: re.Match[str]) -> date | None:
    day, month, year, *year_first = match.groups()
    numbers = (year, month, day) if year else tuple(year_first)
    try:
        return date(*(int(number) for number in numbers))
    except ValueError:
        return None


def commissions(terms: Terms, payments: Sequence[Collected]) -> list[Money]:
    """What a provider may withhold: of each payment or of the batch, rounded half-up or down, or nothing.

    Nothing: some pay the whole over and charge their commission in a row of its own.
    """
    amounts = [payment.amount for payment in payments]
    of_each = [total(_withheld(terms, amount, down=down) for amount in amounts) for down in (False, True)]
    of_all = [_withheld(terms, total(amounts), down=down) for down in (False, True)]
    return list(dict.fromkeys([*of_each, *of_all, ZERO]))


def _withheld(terms: Terms, amount: Money, *, down: bool) -> Money:
    if down:
        share = Money(amount.tiyn * terms.commission_bp // BASIS_POINTS)
    else:
        share = amount.share(terms.commission_bp, BASIS_POINTS)
    return min(max(share, terms.commission_min), amount)


def fits(
    terms: Terms,
    credited: Money,
    payments: Sequence[Collected],
    returns: Sequence[Returned],
    periods: Sequence[Period],
) -> list[Fit]:
    """All ways in which payments of some period come to what was credited; each set of payments once.

    Money taken back is in it as a whole or not at all.
    """
    found: dict[tuple[UUID, ...], Fit] = {}
    variants = [(), tuple(returns)] if returns else [()]
    for period in periods:
        chosen = tuple(each for each in payments if period.holds(each.day))
        if not chosen:
            continue
        withheld = commissions(terms, chosen)
        for taken_back in variants:
            commission = gross_of(chosen, taken_back) - credited
            if commission in withheld:
                fit = Fit(terms.channel, chosen, taken_back, commission)
                key = tuple([each.payment_id for each in chosen] + [each.transfer_id for each in taken_back])
                found.setdefault(key, fit)
    return list(found.values())


def likely_periods(booked_on: date, days: Sequence[date]) -> Iterator[Period]:
    """Runs of days before a row whose purpose names none, from the days that have payments."""
    known = sorted({day for day in days if timedelta() <= booked_on - day <= timedelta(days=DAYS_BACK_MAX)})
    for end, last in enumerate(known):
        if booked_on - last > timedelta(days=DAYS_LATE_MAX):
            continue
        for first in known[: end + 1]:
            if last - first < timedelta(days=DAYS_OF_BATCH_MAX):
                yield Period(first, last)

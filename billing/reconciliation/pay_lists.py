"""Pay of several workers that went out in one sum: exactly what they are owed for a period, or not at all.

Banks credit the cards of a salary list and show one row. Who was on the list, the row does not say; so all
workers with open pay of the period are, and where two periods come to the sum by other shares, none is taken.
Pure, so that every case can be told by example.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from billing.kernel.alphabet import fold
from billing.kernel.dates import Month
from billing.kernel.identifiers import is_iin
from billing.kernel.money import ZERO, Money, total
from billing.reconciliation.matches import OpenRow

SEVERAL = 2
MIDDLE = 15  # the last day of a month's first half, which an advance of pay is for

# Folded: «жалақы» is «жалакы», «еңбекақы» is «енбекакы».
_PAY = re.compile(r"заработн\w* плат|зарплат|\bз/п|жалакы|енбек ?акы|\bsalar|\bwages")


@dataclass(frozen=True, slots=True)
class OpenPay:
    """What a worker has earned on a day and was not paid yet."""

    party_id: UUID
    earned_on: date
    amount: Money


@dataclass(frozen=True, slots=True)
class PayList:
    """What all workers are owed for a period.

    Attributes:
        shares: of each worker, in the order of their ids.
    """

    first_day: date
    last_day: date
    shares: tuple[tuple[UUID, Money], ...]

    @property
    def amount(self) -> Money:
        """All of it."""
        return total(amount for _, amount in self.shares)


def is_pay_list(row: OpenRow) -> bool:
    """Whether a row says that it is pay, and names no person whose it would be."""
    named = (row.counterparty_iin_bin, row.ultimate_iin_bin)
    return bool(_PAY.search(fold(row.purpose))) and not any(is_iin(number) for number in named)


def lists_of(amount: Money, open_pay: Sequence[OpenPay], until: date) -> list[PayList]:
    """The different lists of several workers that come to a sum.

    Args:
        until: what is earned later cannot have been paid.
    """
    earned = [pay for pay in open_pay if pay.earned_on <= until]
    found: dict[tuple[tuple[UUID, Money], ...], PayList] = {}
    for first_day, last_day in _periods(earned):
        paid = _list(first_day, last_day, earned)
        if len(paid.shares) >= SEVERAL and paid.amount == amount:
            found.setdefault(paid.shares, paid)
    return list(found.values())


def _periods(earned: Sequence[OpenPay]) -> Iterator[tuple[date, date]]:
    """Months, halves of a month, and months that follow each other: the shortest first."""
    months = sorted({Month.of(pay.earned_on) for pay in earned}, key=lambda month: month.first_day)
    for month in months:
        middle = date(month.year, month.month, MIDDLE)
        yield month.first_day, month.last_day
        yield month.first_day, middle
        yield middle.replace(day=MIDDLE + 1), month.last_day
    for length in range(1, len(months)):
        for first, last in zip(months, months[length:], strict=False):
            yield first.first_day, last.last_day


def _list(first_day: date, last_day: date, earned: Sequence[OpenPay]) -> PayList:
    shares: dict[UUID, Money] = {}
    for pay in earned:
        if first_day <= pay.earned_on <= last_day:
            shares[pay.party_id] = shares.get(pay.party_id, ZERO) + pay.amount
    return PayList(first_day, last_day, tuple(sorted(shares.items())))


def open_of(accrued: Sequence[OpenPay], owed: Mapping[UUID, Money]) -> list[OpenPay]:
    """What is open of everything that was earned, where the oldest is paid first.

    Args:
        accrued: the oldest first.
        owed: what is left of all of it, by worker.
    """
    left, found = dict(owed), []
    for pay in reversed(accrued):
        amount = min(pay.amount, left.get(pay.party_id, ZERO))
        if amount > ZERO:
            left[pay.party_id] -= amount
            found.append(replace(pay, amount=amount))
    return found[::-1]


def less(
    open_pay: Sequence[OpenPay], party_id: UUID, paid: Money, first_day: date = date.min
) -> list[OpenPay]:
    """What is open after a worker was paid: the oldest first, of that which was earned since a day."""
    rest = []
    for pay in open_pay:
        part = min(pay.amount, paid) if pay.party_id == party_id and pay.earned_on >= first_day else ZERO
        paid -= part
        if pay.amount != part:
            rest.append(replace(pay, amount=pay.amount - part))
    return rest

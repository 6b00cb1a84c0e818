"""Money in transit to the budget: collected, not there yet; by age, by channel, by day."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from billing.kernel.money import Money, total
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.kernel.shown import Shown
from billing.reconciliation.transit import UnderWay, under_way

COUNTED = (Column("fees", Kind.NUMBER, width=12), Column("amount", Kind.MONEY, width=18))


class Grouping(Shown):
    """By what money in transit is added up."""

    AGE = "age"
    CHANNEL = "channel"
    DAY = "day"


class TransitAge(Shown):
    """How long a fee has been on its way."""

    DAYS_0_3 = "days_0_3"
    DAYS_4_7 = "days_4_7"
    DAYS_8_30 = "days_8_30"
    OVER_30 = "over_30"


_LAST_DAYS = {TransitAge.DAYS_0_3: 3, TransitAge.DAYS_4_7: 7, TransitAge.DAYS_8_30: 30}

HEADS: Mapping[Grouping, tuple[Column, ...]] = {
    Grouping.AGE: (Column("transit_age", width=24),),
    Grouping.CHANNEL: (Column("channel", width=24),),
    Grouping.DAY: (Column("collected_on", Kind.DATE, width=14), Column("days_old", Kind.NUMBER, width=12)),
}


@dataclass(frozen=True, slots=True)
class Transit:
    """What is in transit at the end of a day.

    Attributes:
        groups: key of each group, how many fees are in it, and their sum; ordered.
    """

    day: date
    grouping: Grouping
    groups: Sequence[tuple[Any, int, Money]]


def money_in_transit(session: Session, *, day: date, grouping: Grouping) -> Transit:
    """What was collected for the budget up to a day and had not arrived by its end.

    A fee given back after it had arrived counts below zero: the next arrival is lower by it.
    """
    keys: Mapping[Grouping, Callable[[UnderWay], Any]] = {
        Grouping.AGE: lambda fee: _age(day, fee.since),
        Grouping.CHANNEL: lambda fee: fee.channel,
        Grouping.DAY: lambda fee: fee.since,
    }
    found: dict[Any, list[Money]] = {}
    for fee in under_way(session, until=day):
        found.setdefault(keys[grouping](fee), []).append(fee.amount)
    order = list(TransitAge) if grouping is Grouping.AGE else sorted(found)
    groups = [(key, len(found[key]), total(found[key])) for key in order if key in found]
    return Transit(day, grouping, groups)


def _age(day: date, since: date) -> TransitAge:
    days = (day - since).days
    return next((age for age, last in _LAST_DAYS.items() if days <= last), TransitAge.OVER_30)


def transit_table(transit: Transit) -> ReportTable:
    """Money in transit for people."""
    head = HEADS[transit.grouping]

    def values(key: Any) -> Mapping[str, Any]:
        if transit.grouping is Grouping.DAY:
            return {"collected_on": key, "days_old": (transit.day - key).days}
        return {head[0].key: key}

    rows = [Row({**values(key), "fees": count, "amount": amount}) for key, count, amount in transit.groups]
    totals = {
        "fees": sum(count for _, count, _ in transit.groups),
        "amount": total(amount for _, _, amount in transit.groups),
    }
    facts = {"day": transit.day, "grouping": transit.grouping}
    return ReportTable("in_transit", facts, (*head, *COUNTED), rows, totals)

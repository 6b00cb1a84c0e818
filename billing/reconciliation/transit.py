"""Collected revenue on its way to the budget: what of each payment's fees has not arrived yet.

Under way is what revenue lines say was collected, less what arrived. It is negative where a fee was given
back after it had arrived, or where a payment came straight to the budget's account, ahead of what it settles.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Subquery, case, func, literal, select, type_coerce
from sqlalchemy.orm import Session

from billing.budget.models import RevenueLine
from billing.kernel.columns import MoneyType, money_sum
from billing.kernel.db import district_of
from billing.kernel.money import ZERO, Money
from billing.ledger.models import Transfer
from billing.payments.models import Payment
from billing.reconciliation.models import RevenueArrival


class Thing(StrEnum):
    """What revenue is counted by; each is a column of ``revenue_arrival``."""

    ALLOCATION = "allocation_id"
    SHARE = "revenue_line_id"  # of net income: one revenue line
    PAYMENT = "payment_id"  # that came straight to the budget's account


@dataclass(slots=True)
class UnderWay:
    """Revenue that is on its way.

    Attributes:
        code: of the budget classification; of a payment for several things one of them, or empty.
        channel: where the payment came in; empty for a share of net income.
        since: the day of the revenue.
        amount: not yet there; negative: more arrived than was due.
    """

    thing: Thing
    id: UUID
    enterprise_id: UUID
    code: str
    channel: str
    since: date
    amount: Money


def under_way(session: Session, *, until: date) -> list[UnderWay]:
    """Everything of the district that is on its way at the end of a day, the oldest first."""
    # Said to each: a statement that selects from sub-queries alone is not fenced by the session.
    here = district_of(session)
    arrived = _arrived(here, until)
    direct = _direct(here, until)
    collected = _collected(here, until, direct)
    left = type_coerce(collected.c.amount - func.coalesce(arrived.c.amount, 0), MoneyType)
    rows = session.execute(
        select(
            collected.c.thing,
            collected.c.id,
            collected.c.enterprise_id,
            collected.c.code,
            collected.c.channel,
            collected.c.since,
            left.label("amount"),
        )
        .outerjoin(arrived, arrived.c.id == collected.c.id)
        .where(left != ZERO)
    )
    found = [UnderWay(Thing(row[0]), *row[1:]) for row in rows]
    found += [UnderWay(Thing.PAYMENT, *row) for row in session.execute(_ahead(until, direct))]
    return sorted(found, key=lambda each: (each.since, each.id))


def _arrived(district_id: int, until: date) -> Subquery:
    thing_id = func.coalesce(
        RevenueArrival.allocation_id, RevenueArrival.revenue_line_id, RevenueArrival.payment_id
    ).label("id")
    return (
        select(thing_id, money_sum(RevenueArrival.amount).label("amount"))
        .where(RevenueArrival.district_id == district_id, RevenueArrival.arrived_on <= until)
        .group_by(thing_id)
        .subquery()
    )


def _direct(district_id: int, until: date) -> Subquery:
    """Payments that came straight to the budget's account; an undone arrival adds up to nothing."""
    return (
        select(RevenueArrival.payment_id.label("id"), money_sum(RevenueArrival.amount).label("amount"))
        .where(
            RevenueArrival.district_id == district_id,
            RevenueArrival.payment_id.is_not(None),
            RevenueArrival.arrived_on <= until,
        )
        .group_by(RevenueArrival.payment_id)
        .having(func.sum(RevenueArrival.amount) != ZERO)
        .subquery()
    )


def _collected(district_id: int, until: date, direct: Subquery) -> Subquery:
    thing = case(
        (direct.c.id.is_not(None), Thing.PAYMENT.value),
        (RevenueLine.allocation_id.is_(None), Thing.SHARE.value),
        else_=Thing.ALLOCATION.value,
    ).label("thing")
    thing_id = func.coalesce(direct.c.id, RevenueLine.allocation_id, RevenueLine.id).label("id")
    return (
        select(
            thing,
            thing_id,
            RevenueLine.enterprise_id,
            func.min(RevenueLine.code).label("code"),
            func.coalesce(func.min(Payment.channel), "").label("channel"),
            func.min(Transfer.posted_on).label("since"),
            money_sum(RevenueLine.amount).label("amount"),
        )
        .join(
            Transfer,
            (Transfer.district_id == RevenueLine.district_id) & (Transfer.id == RevenueLine.transfer_id),
        )
        .outerjoin(
            Payment,
            (Payment.district_id == RevenueLine.district_id) & (Payment.id == RevenueLine.payment_id),
        )
        .outerjoin(direct, direct.c.id == RevenueLine.payment_id)
        .where(RevenueLine.district_id == district_id, Transfer.posted_on <= until)
        .group_by(thing, thing_id, RevenueLine.enterprise_id)
        .subquery()
    )


def _ahead(until: date, direct: Subquery) -> Select[*tuple[Any, ...]]:
    """Payments that came straight to the budget's account and have settled nothing yet."""
    settled = (
        select(RevenueLine.id)
        .join(
            Transfer,
            (Transfer.district_id == RevenueLine.district_id) & (Transfer.id == RevenueLine.transfer_id),
        )
        .where(RevenueLine.payment_id == Payment.id, Transfer.posted_on <= until)
        .exists()
    )
    return (
        select(
            Payment.id,
            Payment.enterprise_id,
            literal(""),
            Payment.channel,
            Payment.received_on,
            -direct.c.amount,
        )
        .join(direct, direct.c.id == Payment.id)
        .where(~settled)
    )

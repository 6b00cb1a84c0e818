"""The first page after log-in: what waits to be done, what is owed, what came in this month."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from billing.budget.models import RevenueLine
from billing.kernel.clock import today
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.money import ZERO, Money
from billing.orders.models import OrderState, ServiceOrder
from billing.payments.models import Payment, PaymentReversal
from billing.receivables.models import Receivable
from billing.web.access import requires
from billing.web.transaction import current_session

blp = Blueprint("overview", __name__)

# What waits for somebody; invoiced and cancelled orders wait for nobody.
WAITING = (OrderState.DRAFT, OrderState.CONFIRMED, OrderState.ASSIGNED, OrderState.COMPLETED)


@dataclass(frozen=True, slots=True)
class Owed:
    """Open invoices: how many, and how much is open on them."""

    invoices: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Overview:
    """A district at a glance.

    Attributes:
        orders: how many wait, by state.
        collected: received in the month and not reversed.
        revenue: posted to the budget in the month.
    """

    month: Month
    orders: dict[OrderState, int]
    unpaid: Owed
    overdue: Owed
    collected: Money
    revenue: Money


@blp.get("/overview")
@requires()
def page() -> ResponseReturnValue:
    """What waits, what is owed, what came in."""
    return render_template("overview.html", overview=overview_on(current_session(), today()))


def overview_on(session: Session, day: date) -> Overview:
    """The district at a glance on a day, in five small queries."""
    month = Month.of(day)
    counted = session.execute(
        select(ServiceOrder.state, func.count(ServiceOrder.id))
        .where(ServiceOrder.state.in_(WAITING))
        .group_by(ServiceOrder.state)
    )
    known: dict[OrderState, int] = {row[0]: row[1] for row in counted}
    return Overview(
        month=month,
        orders={state: known.get(state, 0) for state in WAITING},
        unpaid=_owed(session, None),
        overdue=_owed(session, day),
        collected=_collected(session, month),
        revenue=session.scalar(select(money_sum(RevenueLine.amount)).where(RevenueLine.month == month))
        or ZERO,
    )


def _owed(session: Session, due_before: date | None) -> Owed:
    statement = select(func.count(distinct(Receivable.invoice_id)), money_sum(Receivable.open_amount)).where(
        Receivable.open_amount > ZERO
    )
    if due_before is not None:
        statement = statement.where(Receivable.due_on < due_before)
    return Owed(*session.execute(statement).one())


def _collected(session: Session, month: Month) -> Money:
    reversed_ = select(PaymentReversal.payment_id)
    return (
        session.scalar(
            select(money_sum(Payment.amount)).where(
                Payment.received_on.between(month.first_day, month.last_day), Payment.id.not_in(reversed_)
            )
        )
        or ZERO
    )

"""What is to be billed: completed work and contracts' charges that stand on no invoice yet, at their prices.

The price of a supply is that of its day: the completion of the work, or the last day of the month on which a
charge holds. A late invoice, or one printed again, never takes today's.
"""

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers.charges import ChargeDue
from billing.customers.models import Contract
from billing.invoicing.models import BilledPeriod
from billing.invoicing.prices import PriceList
from billing.kernel.bulk import among
from billing.kernel.dates import Month
from billing.kernel.errors import RuleViolation
from billing.kernel.money import Money
from billing.orders.models import CompletionAct, OrderState, ServiceOrder


class OrderNotBillable(RuleViolation):
    """Not completed, invoiced already, or another's. Facts: ``orders`` by number, ``order_ids``."""

    code = "order_not_billable"


class NothingCharged(RuleViolation):
    """The contract charges nothing in that month. Facts: ``contract``, ``period``."""

    code = "nothing_charged"


class PeriodAlreadyBilled(RuleViolation):
    """All that is due under the contract in that month is billed. Facts: ``contract``, ``period``."""

    code = "period_already_billed"


class Supply(NamedTuple):
    """What was supplied and why it is billed, before benefits and tax."""

    customer_id: UUID
    service_id: UUID
    tariff_id: UUID
    contract_id: UUID | None  # under which it was ordered
    act_id: UUID | None
    charge_id: UUID | None
    period: Month | None
    supplied_on: date
    quantity: Decimal
    unit_price: Money
    amount: Money


def supplies_of_orders(
    session: Session,
    enterprise_id: UUID,
    customer_ids: Collection[UUID],
    order_ids: Collection[UUID] | None,
    until: date,
    *,
    lock: bool = True,
) -> list[Supply]:
    """Completed work of customers not yet on an invoice, its orders locked; the customers are locked already.

    Args:
        lock: False only looks.
        order_ids: only these, and all of them; None for every completed order.
        until: the last day of completion.

    Raises:
        OrderNotBillable: one of ``order_ids`` cannot be billed.
    """
    statement = (
        select(CompletionAct, ServiceOrder.contract_id)
        .join(
            ServiceOrder,
            (ServiceOrder.district_id == CompletionAct.district_id)
            & (ServiceOrder.id == CompletionAct.order_id),
        )
        .where(
            ServiceOrder.enterprise_id == enterprise_id,
            ServiceOrder.customer_id.in_(customer_ids),
            ServiceOrder.state == OrderState.COMPLETED,
            CompletionAct.completed_on <= until,
        )
        .order_by(ServiceOrder.id)
    )
    if lock:
        statement = statement.with_for_update(of=ServiceOrder)
    if order_ids is not None:
        statement = statement.where(ServiceOrder.id.in_(order_ids))
    acts = session.execute(statement).all()
    missing = set(order_ids or ()) - {act.order_id for act, _ in acts}
    if missing:
        raise OrderNotBillable(orders=_called(session, missing), order_ids=sorted(map(str, missing)))
    return [
        Supply(
            customer_id=act.customer_id,
            service_id=act.service_id,
            tariff_id=act.tariff_id,
            contract_id=contract_id,
            act_id=act.id,
            charge_id=None,
            period=None,
            supplied_on=act.completed_on,
            quantity=act.quantity,
            unit_price=act.unit_price,
            amount=act.amount,
        )
        for act, contract_id in acts
    ]


def _called(session: Session, order_ids: Collection[UUID]) -> list[str]:
    """What people call orders: number and year; an id where nobody knows the order."""
    statement = select(ServiceOrder).where(ServiceOrder.id.in_(order_ids))
    known = list(session.scalars(statement.order_by(ServiceOrder.year, ServiceOrder.number)))
    unknown = set(order_ids) - {order.id for order in known}
    return [*(f"{order.number}/{order.year}" for order in known), *sorted(map(str, unknown))]


Billed = Collection[tuple[UUID, UUID, Month]]


def billed_periods(session: Session, contract_ids: Collection[UUID], first: Month, last: Month) -> Billed:
    """What contracts have been billed from one month to another: contract, service, and month."""
    rows = session.execute(
        select(BilledPeriod.contract_id, BilledPeriod.service_id, BilledPeriod.period).where(
            among(session, BilledPeriod.contract_id, contract_ids), BilledPeriod.period.between(first, last)
        )
    )
    return {(contract_id, service_id, period) for contract_id, service_id, period in rows}


def charges_to_bill(
    contract: Contract, period: Month, due: Iterable[ChargeDue], billed: Billed
) -> list[ChargeDue]:
    """The charges of a contract that are due for a month, or were for one before it, and are not billed.

    Raises:
        NothingCharged: the contract charges nothing in that month.
        PeriodAlreadyBilled: it does, and all of it is billed.
    """
    due = list(due)
    open_ = [each for each in due if (each.contract_id, each.service_id, each.month) not in billed]
    if open_:
        return open_
    if any(each.month == period for each in due):
        raise PeriodAlreadyBilled(contract=contract.number, period=period)
    raise NothingCharged(contract=contract.number, period=period)


def supply_of_charge(charge: ChargeDue, prices: PriceList) -> Supply:
    """A charge as it is billed, at the price of its last day in the month.

    Raises:
        NoTariff: the service has no price on that day.
    """
    tariff = prices.tariff(charge.service_id, charge.category, charge.last_day)
    return Supply(
        customer_id=charge.customer_id,
        service_id=charge.service_id,
        tariff_id=tariff.id,
        contract_id=charge.contract_id,
        act_id=None,
        charge_id=charge.charge_id,
        period=charge.month,
        supplied_on=charge.last_day,
        quantity=charge.quantity_due,
        unit_price=tariff.price,
        amount=tariff.price.times(charge.quantity_due),
    )

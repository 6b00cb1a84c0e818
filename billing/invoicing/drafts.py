"""What is to be invoiced, priced: lines from acts of completed work and from contracts' charges.

The price and the tax of a line are those of the day of its supply: the completion of the work, or the last
day of the month for which a charge is due. A late invoice, or one printed again, never takes today's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.catalog import service as catalog
from billing.catalog import tariffs, taxes
from billing.catalog.benefits import benefit_amount, best_benefit
from billing.catalog.models import Benefit, PayerCategory, Service, Tariff, Unit, VatCategory
from billing.customers import service as customers
from billing.customers.models import Contract
from billing.invoicing.models import BilledPeriod
from billing.kernel.dates import Month
from billing.kernel.errors import RuleViolation
from billing.kernel.money import ZERO, Money, included_vat, total
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


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A priced line; ``total`` is ``amount`` less ``benefit``, and ``vat`` is within it."""

    service: Service
    tariff_id: UUID
    act_id: UUID | None
    charge_id: UUID | None
    period: Month | None
    supplied_on: date
    unit: Unit
    quantity: Decimal
    unit_price: Money
    amount: Money
    benefit: Money
    benefit_id: UUID | None
    total: Money
    vat_rate_bp: int | None
    vat: Money


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice that could be issued: one customer's lines."""

    customer_id: UUID
    contract: Contract | None
    period: Month | None
    lines: list[DraftLine]

    @property
    def total(self) -> Money:
        """What is to be paid."""
        return total(line.total for line in self.lines)


@dataclass(slots=True)
class PriceList:
    """Prices, taxes and benefits of one enterprise, each looked up once per day and kept while drafting."""

    session: Session
    enterprise_id: UUID
    tariffs: dict[tuple[UUID, PayerCategory, date], Tariff] = field(default_factory=dict)
    vat_rates: dict[tuple[VatCategory, date], int | None] = field(default_factory=dict)
    services: dict[UUID, Service] = field(default_factory=dict)

    def tariff(self, service_id: UUID, category: PayerCategory, day: date) -> Tariff:
        """The tariff of a day, for a payer category."""
        key = (service_id, category, day)
        if key not in self.tariffs:
            self.tariffs[key] = tariffs.price_on(self.session, service_id, category, day)
        return self.tariffs[key]

    def vat_rate_bp(self, category: VatCategory, day: date) -> int | None:
        """The VAT rate of a day in basis points; None: «Без НДС»."""
        key = (category, day)
        if key not in self.vat_rates:
            self.vat_rates[key] = taxes.vat_for(self.session, self.enterprise_id, category, day)
        return self.vat_rates[key]

    def service(self, service_id: UUID) -> Service:
        """A service of the catalogue."""
        if service_id not in self.services:
            self.services[service_id] = catalog.get_service(self.session, service_id)
        return self.services[service_id]


@dataclass(frozen=True, slots=True)
class Supply:
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
) -> list[Supply]:
    """Completed work of customers not yet on an invoice, its orders locked; the customers are locked already.

    Args:
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
        .with_for_update(of=ServiceOrder)
    )
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


def supplies_of_charges(
    session: Session, contract: Contract, period: Month, prices: PriceList
) -> list[Supply]:
    """What a contract's charges make due for a month and is not yet billed.

    Raises:
        NothingCharged: the contract charges nothing in that month.
        PeriodAlreadyBilled: it does, and all of it is billed.
        NoTariff: a service has no price on that day.
    """
    due = customers.charges_due(session, period, contract_id=contract.id)
    if not due:
        raise NothingCharged(contract=contract.number, period=period)
    billed = set(
        session.scalars(
            select(BilledPeriod.service_id).where(
                BilledPeriod.contract_id == contract.id, BilledPeriod.period == period
            )
        )
    )
    if billed >= {charge.service_id for charge in due}:
        raise PeriodAlreadyBilled(contract=contract.number, period=period)
    supplies = []
    for charge in due:
        if charge.service_id in billed:
            continue
        tariff = prices.tariff(charge.service_id, charge.category, charge.last_day)
        supplies.append(
            Supply(
                customer_id=contract.customer_id,
                service_id=charge.service_id,
                tariff_id=tariff.id,
                contract_id=contract.id,
                act_id=None,
                charge_id=charge.charge_id,
                period=period,
                supplied_on=charge.last_day,
                quantity=charge.quantity_due,
                unit_price=tariff.price,
                amount=tariff.price.times(charge.quantity_due),
            )
        )
    return supplies


def price(session: Session, supplies: Sequence[Supply], prices: PriceList) -> list[DraftLine]:
    """Take benefits off and find the tax of each supply, on its own day."""
    held = customers.benefits_on(
        session, {(each.customer_id, each.service_id, each.supplied_on) for each in supplies}
    )
    return [
        _line(
            supply,
            prices,
            best_benefit(held[supply.customer_id, supply.service_id, supply.supplied_on], supply.amount),
        )
        for supply in supplies
    ]


def _line(supply: Supply, prices: PriceList, benefit: Benefit | None) -> DraftLine:
    service = prices.service(supply.service_id)
    taken_off = benefit_amount(benefit, supply.amount) if benefit is not None else ZERO
    line_total = supply.amount - taken_off
    rate_bp = prices.vat_rate_bp(service.vat_category, supply.supplied_on)
    return DraftLine(
        service=service,
        tariff_id=supply.tariff_id,
        act_id=supply.act_id,
        charge_id=supply.charge_id,
        period=supply.period,
        supplied_on=supply.supplied_on,
        unit=service.unit,
        quantity=supply.quantity,
        unit_price=supply.unit_price,
        amount=supply.amount,
        benefit=taken_off,
        benefit_id=benefit.id if benefit is not None and taken_off else None,
        total=line_total,
        vat_rate_bp=rate_bp,
        vat=included_vat(line_total, rate_bp) if rate_bp is not None else ZERO,
    )

"""Drafts of invoices: what was supplied, with benefits taken off and tax found, each on its own day.

A late invoice, or one printed again, never takes today's rates.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.catalog.benefits import benefit_amount, best_benefit
from billing.catalog.models import Benefit, Service, Unit
from billing.customers import service as customers
from billing.customers.models import Contract
from billing.invoicing.prices import PriceList, price_list
from billing.invoicing.supplies import Supply, supplies_of_orders
from billing.kernel.dates import Month
from billing.kernel.money import ZERO, Money, included_vat, total


class DraftLine(NamedTuple):
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


def drafts_of_orders(
    session: Session, enterprise_id: UUID, customer_ids: Collection[UUID], until: date, *, lock: bool = True
) -> list[Draft]:
    """One draft for every customer with completed work not yet billed, several lines each; by customer.

    A customer whose lines come to zero, every tenge taken off by a benefit, has none.

    Args:
        lock: hold the orders; the customers are locked already.
    """
    supplies = supplies_of_orders(session, enterprise_id, customer_ids, None, until, lock=lock)
    prices = price_list(session, enterprise_id, {supply.service_id for supply in supplies})
    of_customer: dict[UUID, list[tuple[Supply, DraftLine]]] = {}
    for supply, line in zip(supplies, price(session, supplies, prices), strict=True):
        of_customer.setdefault(supply.customer_id, []).append((supply, line))
    contracts = common_contracts(
        session, {each: [supply for supply, _ in pairs] for each, pairs in of_customer.items()}
    )
    drafts = [
        Draft(customer_id, contracts.get(customer_id), None, [line for _, line in pairs])
        for customer_id, pairs in sorted(of_customer.items())
    ]
    return [draft for draft in drafts if draft.total > ZERO]


def common_contracts(session: Session, of_customer: Mapping[UUID, Sequence[Supply]]) -> dict[UUID, Contract]:
    """The contracts to name on invoices: of a customer all of whose work was ordered under one."""
    common = {}
    for customer_id, supplies in of_customer.items():
        ids = {supply.contract_id for supply in supplies}
        if len(ids) == 1 and None not in ids:
            common[customer_id] = ids.pop()
    rows = session.scalars(select(Contract).where(Contract.id.in_(common.values())))
    found = {contract.id: contract for contract in rows}
    return {customer_id: found[each] for customer_id, each in common.items() if each is not None}


Held = Mapping[tuple[UUID, UUID, date], list[Benefit]]


def benefits_held(session: Session, supplies: Iterable[Supply]) -> Held:
    """The benefits that may be taken off supplies, by customer, service and day; in one query."""
    return customers.benefits_on(
        session, {(each.customer_id, each.service_id, each.supplied_on) for each in supplies}
    )


def price(session: Session, supplies: Sequence[Supply], prices: PriceList) -> list[DraftLine]:
    """Take benefits off and find the tax of each supply, on its own day."""
    held = benefits_held(session, supplies)
    return [priced(supply, prices, held) for supply in supplies]


def priced(supply: Supply, prices: PriceList, held: Held) -> DraftLine:
    """A supply with the best of its benefits taken off, and its tax."""
    of_day = held[supply.customer_id, supply.service_id, supply.supplied_on]
    benefit = best_benefit(of_day, supply.amount)
    service = prices.services[supply.service_id]
    taken_off = benefit_amount(benefit, supply.amount) if benefit is not None else ZERO
    line_total = supply.amount - taken_off
    rate_bp = prices.vat_rate_bp(service, supply.supplied_on)
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

"""Recurring charges of contracts, and what of them is due in a month."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from billing.catalog.models import PayerCategory, Service
from billing.catalog.service import check_service_active
from billing.customers.contracts import check_contract_allows, get_contract
from billing.customers.models import Contract, ContractCharge, Customer
from billing.customers.refusals import (
    ChargeEnded,
    ChargesOverlap,
    InvalidSeason,
    ServiceOfAnotherEnterprise,
)
from billing.kernel.bulk import among
from billing.kernel.checks import check_quantity, check_range
from billing.kernel.dates import FOREVER, Month
from billing.kernel.db import district_of
from billing.kernel.rows import get_row

THOUSANDTH = Decimal("0.001")
MONTHS_OF_YEAR = 12


class ChargeDue(NamedTuple):
    """What one charge makes due in one month.

    Attributes:
        month: for which it is due.
        category: the customer's, which the price depends on.
        first_day, last_day: of the days in the month on which the charge holds; both count. The last one is
            the day whose price and tax apply.
        quantity: agreed per month, in the service's unit.
        quantity_due: for these days; see ``charges_due``.
    """

    month: Month
    charge_id: UUID
    contract_id: UUID
    enterprise_id: UUID
    customer_id: UUID
    category: PayerCategory
    service_id: UUID
    first_day: date
    last_day: date
    quantity: Decimal
    quantity_due: Decimal


def add_charge(
    session: Session,
    contract_id: UUID,
    *,
    service_id: UUID,
    quantity: Decimal,
    valid_from: date,
    valid_to: date | None = None,
    first_month: int = 1,
    last_month: int = 12,
) -> ContractCharge:
    """Charge a service every month under a contract.

    Args:
        quantity: per month, in the service's unit; at most three decimals.
        valid_from: within the contract's term.
        first_month, last_month: of the season, 1 to 12; November to March is 11 and 3.

    Raises:
        NotFound: no such contract or service.
        ServiceInactive: the service was taken out of the catalogue.
        ServiceOfAnotherEnterprise: the contract is with another enterprise.
        ContractNotStarted, ContractEnded: the contract does not hold on the first day.
        InvalidQuantity, InvalidSeason, EndsBeforeStart: a value of the wrong form.
        ChargesOverlap: the service is charged under the contract in one of these months already; in a month
            a service is charged once, so that it can be billed once. Another season is another month.
    """
    contract = get_contract(session, contract_id, lock=True)
    service = check_service_active(session, service_id)
    if service.enterprise_id != contract.enterprise_id:
        raise ServiceOfAnotherEnterprise(service=service.code, contract=contract.number)
    check_quantity(quantity)
    for field, month in (("first_month", first_month), ("last_month", last_month)):
        if not 1 <= month <= 12:
            raise InvalidSeason(field=field)
    check_range(valid_from, valid_to)
    check_contract_allows(contract, valid_from)
    charge = ContractCharge(
        district_id=district_of(session),
        contract_id=contract_id,
        service_id=service_id,
        quantity=quantity,
        first_month=first_month,
        last_month=last_month,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    _refuse_overlap(session, charge, service)
    session.add(charge)
    session.flush()
    return charge


def end_charge(session: Session, charge_id: UUID, *, valid_to: date) -> ContractCharge:
    """Set the last day of a charge, or an earlier one. What was billed stays billed.

    Raises:
        NotFound: no such charge.
        EndsBeforeStart: the last day lies before the first.
        ChargeEnded: it ends on that day or earlier already.
    """
    charge = get_row(session, ContractCharge, charge_id, kind="charge", lock=True)
    check_range(charge.valid_from, valid_to)
    if charge.valid_to is not None and charge.valid_to <= valid_to:
        raise ChargeEnded(valid_to=charge.valid_to)
    charge.valid_to = valid_to
    session.flush()
    return charge


def get_charge(session: Session, charge_id: UUID) -> ContractCharge:
    """The charge with this id.

    Raises:
        NotFound: no such charge in the district.
    """
    return get_row(session, ContractCharge, charge_id, kind="charge")


def list_charges(session: Session, contract_id: UUID) -> list[ContractCharge]:
    """Every charge of a contract, the oldest first."""
    statement = select(ContractCharge).where(ContractCharge.contract_id == contract_id)
    return list(session.scalars(statement.order_by(ContractCharge.valid_from, ContractCharge.id)))


def charges_due(
    session: Session,
    month: Month,
    contract_id: UUID | None = None,
    *,
    enterprise_id: UUID | None = None,
    customer_id: UUID | None = None,
) -> list[ChargeDue]:
    """What contracts make due in a month: in season, within the charge's days and the contract's term.

    A charge that does not hold on every day of the month is due in proportion to its days:
    ``quantity × days it holds / days of the month``, rounded half-up to thousandths of the unit; a rest that
    rounds to nothing is not due. One query however many contracts; by contract and charge.

    Args:
        contract_id, enterprise_id, customer_id: only theirs.
    """
    statement = _charges_within(month, month)
    if contract_id is not None:
        statement = statement.where(Contract.id == contract_id)
    if enterprise_id is not None:
        statement = statement.where(Contract.enterprise_id == enterprise_id)
    if customer_id is not None:
        statement = statement.where(Contract.customer_id == customer_id)
    return _due_in([tuple(row) for row in session.execute(statement)], [month])


def charges_due_through(
    session: Session, contracts: Sequence[Contract], first: Month, last: Month
) -> list[ChargeDue]:
    """What contracts make due in each month from the first to the last; month by month, in one query."""
    months = [first]
    while months[-1] < last:
        months.append(months[-1].next())
    by_id = {contract.id: contract for contract in contracts}
    statement = _within(select(ContractCharge, Customer.category), first, last)
    rows = session.execute(statement.where(among(session, Contract.id, by_id)))
    return _due_in([(charge, by_id[charge.contract_id], category) for charge, category in rows], months)


def _charges_within(first: Month, last: Month) -> Select[*tuple[Any, ...]]:
    return _within(select(ContractCharge, Contract, Customer.category), first, last)


def _within(statement: Select[*tuple[Any, ...]], first: Month, last: Month) -> Select[*tuple[Any, ...]]:
    return (
        statement.join(Contract, ContractCharge.contract_id == Contract.id)
        .join(Customer, Contract.customer_id == Customer.id)
        .where(holds_within(first, last))
        .order_by(Contract.id, ContractCharge.id)
    )


def _due_in(
    rows: Sequence[tuple[ContractCharge, Contract, PayerCategory]], months: Iterable[Month]
) -> list[ChargeDue]:
    due = [
        _due(charge, contract, category, month)
        for month in months
        for charge, contract, category in rows
        if charge.in_season(month.month)
    ]
    return [each for each in due if each.quantity_due]


def holds_within(first: Month, last: Month) -> ColumnElement[bool]:
    """Whether a charge and its contract hold on some day from one month to another."""
    ends = (ContractCharge.valid_to, Contract.ends_on, Contract.ended_on)
    return and_(
        ContractCharge.valid_from <= last.last_day,
        Contract.starts_on <= last.last_day,
        *(or_(end.is_(None), end >= first.first_day) for end in ends),
    )


def _due(charge: ContractCharge, contract: Contract, category: PayerCategory, month: Month) -> ChargeDue:
    first_day = max(month.first_day, charge.valid_from, contract.starts_on)
    last_day = min(month.last_day, charge.valid_to or FOREVER, contract.last_day or FOREVER)
    days_held = max((last_day - first_day).days + 1, 0)
    share = charge.quantity * days_held / month.last_day.day
    return ChargeDue(
        month=month,
        charge_id=charge.id,
        contract_id=contract.id,
        enterprise_id=contract.enterprise_id,
        customer_id=contract.customer_id,
        category=category,
        service_id=charge.service_id,
        first_day=first_day,
        last_day=last_day,
        quantity=charge.quantity,
        quantity_due=share.quantize(THOUSANDTH, rounding=ROUND_HALF_UP),
    )


def _refuse_overlap(session: Session, charge: ContractCharge, service: Service) -> None:
    for other in list_charges(session, charge.contract_id):
        if other.service_id == charge.service_id and _share_a_month(charge, other):
            raise ChargesOverlap(service=service.code, valid_from=other.valid_from, valid_to=other.valid_to)


def _share_a_month(one: ContractCharge, other: ContractCharge) -> bool:
    """Whether there is a month in which both charges are in season and hold on some day."""
    month = max(Month.of(one.valid_from), Month.of(other.valid_from))
    last = min(Month.of(each.valid_to or FOREVER) for each in (one, other))
    for _ in range(MONTHS_OF_YEAR):  # seasons repeat, so a year says all
        if month > last:
            return False
        if one.in_season(month.month) and other.in_season(month.month):
            return True
        month = month.next()
    return False

"""Contracts with contractors: signed with unit prices and a ceiling, changed only by numbered supplements.

Every signature leaves a version that is never changed; the contract's own row carries the newest term, the
newest ceiling and what the acts have used of it so far.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from billing.catalog.models import Service
from billing.districts.numbering import contract_number
from billing.districts.service import get_enterprise
from billing.kernel.checks import check_range, line
from billing.kernel.dates import covers
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists, InvalidInput, NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import Page, PageRequest, page_of
from billing.kernel.rows import get_row
from billing.workforce.models import Contractor, ContractorContract, ContractorPrice, ContractorVersion
from billing.workforce.service import get_contractor

CONTRACT_SORTS = {
    "-signed_on": (ContractorContract.signed_on, ContractorContract.id),
    "number": (ContractorContract.number, ContractorContract.id),
}
Prices = Mapping[UUID, Money]  # per unit of each service


class ContractorContractNotInForce(RuleViolation):
    """The contractor's contract does not hold on the day. Facts: ``number``, ``day``."""

    code = "contractor_contract_not_in_force"


class CeilingExceeded(RuleViolation):
    """The contractor's acts would pass the contract's ceiling. Facts: ``ceiling``, ``used``, ``cost``."""

    code = "ceiling_exceeded"


class CeilingBelowUsed(RuleViolation):
    """A supplement may not lower the ceiling below what is used. Facts: ``ceiling``, ``used``."""

    code = "ceiling_below_used"


class SupplementTooEarly(RuleViolation):
    """A supplement takes effect before what it changes. Facts: ``valid_from``, ``earliest``."""

    code = "supplement_too_early"


class NoContractorPrice(RuleViolation):
    """The contract has no price for the service on the day. Facts: ``number``, ``day``."""

    code = "no_contractor_price"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a contract with its prices, for reading."""

    version: ContractorVersion
    prices: dict[UUID, Money]


def sign_contractor_contract(
    session: Session,
    contractor_id: UUID,
    *,
    enterprise_id: UUID,
    signed_on: date,
    starts_on: date,
    ends_on: date,
    ceiling: Money,
    prices: Prices,
    number: str | None = None,
) -> ContractorContract:
    """Sign a contract with a contractor; it is its own version 1.

    Args:
        ceiling: what all acts under the contract may cost together.
        prices: per unit of each service, at least one, each positive.
        number: None takes the next free one of the year of signing.

    Raises:
        NotFound: no such contractor, enterprise or service.
        EndsBeforeStart, InvalidInput: the term, the ceiling or a price makes no sense.
        AlreadyExists: the enterprise has a contract with this number.
    """
    contractor = get_contractor(session, contractor_id)
    get_enterprise(session, enterprise_id)
    check_range(starts_on, ends_on, field="ends_on")
    if ceiling <= ZERO:
        raise InvalidInput(field="ceiling")
    _check_prices(session, prices)
    contract = ContractorContract(
        district_id=district_of(session),
        id=new_id(),
        enterprise_id=enterprise_id,
        contractor_id=contractor.id,
        number=contract_number(
            session, ContractorContract, enterprise_id, number, signed_on.year, kind="contractor_contract"
        ),
        signed_on=signed_on,
        starts_on=starts_on,
        ends_on=ends_on,
        ceiling=ceiling,
        used=ZERO,
    )
    session.add(contract)
    session.flush()
    _add_version(session, contract, 1, None, signed_on=signed_on, valid_from=starts_on, prices=prices)
    return contract


def add_supplement(
    session: Session,
    contract_id: UUID,
    *,
    number: str,
    signed_on: date,
    valid_from: date,
    ends_on: date | None = None,
    ceiling: Money | None = None,
    prices: Prices | None = None,
) -> ContractorVersion:
    """Sign a supplement (дополнительное соглашение): a new version of the contract.

    Args:
        valid_from: the day from which its prices hold; the term and the ceiling change at once.
        ends_on: the new last day; None leaves it.
        ceiling: the new ceiling; None leaves it.
        prices: new or changed prices; a service that is not named keeps its price.

    Raises:
        NotFound: no such contract or service.
        SupplementTooEarly: signed before the contract, or in force before the version it changes.
        EndsBeforeStart: the new last day is before the contract's first, or before `valid_from`.
        CeilingBelowUsed: the acts have used more already.
        AlreadyExists: the contract has a supplement with this number.
    """
    contract = get_contractor_contract(session, contract_id, lock=True)
    newest = list_versions(session, contract.id)[-1]
    number = line(number, field="number", length_max=50)
    _check_supplement(
        session, contract, newest.version, number=number, signed_on=signed_on, valid_from=valid_from
    )
    check_range(valid_from, ends_on or contract.ends_on, field="ends_on")
    if ceiling is not None and ceiling <= ZERO:
        raise InvalidInput(field="ceiling")
    if ceiling is not None and ceiling < contract.used:
        raise CeilingBelowUsed(ceiling=ceiling, used=contract.used)
    _check_prices(session, {**newest.prices, **(prices or {})})
    contract.ends_on = ends_on or contract.ends_on
    contract.ceiling = ceiling if ceiling is not None else contract.ceiling
    session.flush()
    return _add_version(
        session,
        contract,
        newest.version.version + 1,
        number,
        signed_on=signed_on,
        valid_from=valid_from,
        prices={**newest.prices, **(prices or {})},
    )


def get_contractor_contract(session: Session, contract_id: UUID, *, lock: bool = False) -> ContractorContract:
    """A contractor's contract; with ``lock`` nobody else uses its ceiling meanwhile.

    Raises:
        NotFound: no such contract.
    """
    return get_row(session, ContractorContract, contract_id, kind="contractor_contract", lock=lock)


def list_contractor_contracts(
    session: Session,
    request: PageRequest,
    *,
    contractor_id: UUID | None = None,
    enterprise_id: UUID | None = None,
    on: date | None = None,
) -> Page[tuple[ContractorContract, str]]:
    """Contracts with their contractors' names, the newest first; ``on`` keeps those in force that day."""
    statement = select(ContractorContract, Contractor.name).join(
        Contractor,
        (Contractor.district_id == ContractorContract.district_id)
        & (Contractor.id == ContractorContract.contractor_id),
    )
    if contractor_id is not None:
        statement = statement.where(ContractorContract.contractor_id == contractor_id)
    if enterprise_id is not None:
        statement = statement.where(ContractorContract.enterprise_id == enterprise_id)
    if on is not None:
        statement = statement.where(ContractorContract.starts_on <= on, ContractorContract.ends_on >= on)
    return page_of(session, statement, CONTRACT_SORTS, request)


def list_versions(session: Session, contract_id: UUID) -> list[Version]:
    """The contract as signed and as changed by each supplement, the oldest first."""
    versions = session.scalars(
        select(ContractorVersion)
        .where(ContractorVersion.contract_id == contract_id)
        .order_by(ContractorVersion.version)
    ).all()
    prices: dict[UUID, dict[UUID, Money]] = {version.id: {} for version in versions}
    for price in session.scalars(select(ContractorPrice).where(ContractorPrice.version_id.in_(prices))):
        prices[price.version_id][price.service_id] = price.price
    return [Version(version, prices[version.id]) for version in versions]


def price_for(session: Session, contract: ContractorContract, service_id: UUID, day: date) -> Money:
    """What the contractor gets per unit of a service done on a day, by the version valid then.

    Raises:
        ContractorContractNotInForce: the contract does not hold on the day.
        NoContractorPrice: that version has no price for the service.
    """
    check_contractor_contract_holds(contract, day)
    newest_then = (
        select(func.max(ContractorVersion.version))
        .where(ContractorVersion.contract_id == contract.id, ContractorVersion.valid_from <= day)
        .scalar_subquery()
    )
    price = session.scalar(
        select(ContractorPrice.price)
        .join(
            ContractorVersion,
            (ContractorVersion.district_id == ContractorPrice.district_id)
            & (ContractorVersion.id == ContractorPrice.version_id),
        )
        .where(
            ContractorVersion.contract_id == contract.id,
            ContractorVersion.version == newest_then,
            ContractorPrice.service_id == service_id,
        )
    )
    if price is None:
        raise NoContractorPrice(number=contract.number, day=day)
    return price


def check_contractor_contract_holds(contract: ContractorContract, day: date) -> None:
    """Refuse a day on which the contract is not in force.

    Raises:
        ContractorContractNotInForce: before its first or after its last day.
    """
    if not covers(contract.starts_on, contract.ends_on, day):
        raise ContractorContractNotInForce(number=contract.number, day=day)


def use_ceiling(session: Session, contract_id: UUID, cost: Money) -> ContractorContract:
    """Take an act's cost out of what the contract may still cost.

    Args:
        cost: not negative.

    Raises:
        NotFound: no such contract.
        CeilingExceeded: not so much is left. Nothing is taken.
    """
    assert cost >= ZERO, cost
    # Locked first: two orders completed at once must not both see the same rest.
    contract = get_contractor_contract(session, contract_id, lock=True)
    if contract.used + cost > contract.ceiling:
        raise CeilingExceeded(ceiling=contract.ceiling, used=contract.used, cost=cost)
    contract.used += cost
    session.flush()
    return contract


def _check_supplement(
    session: Session,
    contract: ContractorContract,
    newest: ContractorVersion,
    *,
    number: str,
    signed_on: date,
    valid_from: date,
) -> None:
    if signed_on < contract.signed_on:
        raise SupplementTooEarly(valid_from=signed_on, earliest=contract.signed_on)
    if valid_from < newest.valid_from:
        raise SupplementTooEarly(valid_from=valid_from, earliest=newest.valid_from)
    taken = session.scalar(
        select(ContractorVersion.id).where(
            ContractorVersion.contract_id == contract.id, ContractorVersion.supplement_number == number
        )
    )
    if taken is not None:
        raise AlreadyExists(kind="supplement", field="number", value=number)


def _check_prices(session: Session, prices: Prices) -> None:
    if not prices or any(price <= ZERO for price in prices.values()):
        raise InvalidInput(field="prices")
    known = session.scalars(select(Service.id).where(Service.id.in_(prices))).all()
    for service_id in prices.keys() - set(known):
        raise NotFound(kind="service", id=service_id)


def _add_version(
    session: Session,
    contract: ContractorContract,
    version_number: int,
    supplement_number: str | None,
    *,
    signed_on: date,
    valid_from: date,
    prices: Prices,
) -> ContractorVersion:
    version = ContractorVersion(
        district_id=contract.district_id,
        id=new_id(),
        contract_id=contract.id,
        version=version_number,
        supplement_number=supplement_number,
        signed_on=signed_on,
        valid_from=valid_from,
        ends_on=contract.ends_on,
        ceiling=contract.ceiling,
    )
    session.add(version)
    session.flush()
    rows = [
        {
            "district_id": version.district_id,
            "id": new_id(),
            "version_id": version.id,
            "service_id": service_id,
            "price": price,
        }
        for service_id, price in prices.items()
    ]
    session.execute(insert(ContractorPrice), rows)
    return version

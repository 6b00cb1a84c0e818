"""Who does an order: a hired worker by an engagement, or a contractor by a contract, and for what price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from billing.catalog.models import Service, Unit
from billing.kernel.errors import InvalidInput, RuleViolation
from billing.kernel.money import Money
from billing.workforce.contracts import get_contractor_contract, price_for
from billing.workforce.service import check_engagement_holds, get_engagement


class NotOneDoer(InvalidInput):
    """Work is done under one engagement or one contractor's contract, not both or none. Facts: ``field``."""

    code = "not_one_doer"


class DoerRepeated(InvalidInput):
    """The same doer is named twice. Facts: ``field``."""

    code = "doer_repeated"


class NoDoer(InvalidInput):
    """Nobody is named who does the work. Facts: ``field``."""

    code = "no_doer"


class DoerOfAnotherEnterprise(RuleViolation):
    """The engagement or contract is another enterprise's. Facts: ``number`` of it."""

    code = "doer_of_another_enterprise"


class WorkUnitDiffers(InvalidInput):
    """Work is counted in the unit it is paid by. Facts: ``field``, ``unit`` it is paid by, ``given``."""

    code = "work_unit_differs"


@dataclass(frozen=True, slots=True)
class Doer:
    """Who is to do the work: exactly one of the two is given."""

    engagement_id: UUID | None = None
    contractor_contract_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WorkItem:
    """What one doer did.

    Attributes:
        quantity: in the unit the doer is paid by: the engagement's, or the service's for a contractor.
        unit: what the writer took it for; None takes the doer's. Another one is refused, so that three hours
            are never paid as three trips.
    """

    quantity: Decimal
    engagement_id: UUID | None = None
    contractor_contract_id: UUID | None = None
    unit: Unit | None = None

    @property
    def doer(self) -> Doer:
        """Who did it."""
        return Doer(self.engagement_id, self.contractor_contract_id)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a doer works on a day: the price per unit, and to whom the enterprise owes it."""

    rate: Money
    unit: Unit
    party_id: UUID  # the worker or the contractor


def check_doers(doers: Sequence[Doer], *, field: str) -> None:
    """Refuse a list of doers that names nobody, somebody twice, or two in one.

    Raises:
        NoDoer, DoerRepeated, NotOneDoer: so it does.
    """
    if not doers:
        raise NoDoer(field=field)
    if any((doer.engagement_id is None) == (doer.contractor_contract_id is None) for doer in doers):
        raise NotOneDoer(field=field)
    if len(set(doers)) < len(doers):
        raise DoerRepeated(field=field)


def terms_on(session: Session, doer: Doer, service: Service, day: date) -> Terms:
    """On what terms somebody works on a service on a day.

    Raises:
        NotFound: no such engagement or contract.
        DoerOfAnotherEnterprise: it is not with the enterprise that delivers the service.
        EngagementNotInForce, ContractorContractNotInForce: it does not hold on the day.
        NoContractorPrice: the contract has no price for the service.
    """
    if doer.engagement_id is not None:
        engagement = get_engagement(session, doer.engagement_id)
        _check_enterprise(engagement.enterprise_id, service, engagement.number)
        check_engagement_holds(engagement, day)
        return Terms(engagement.rate, engagement.rate_unit, engagement.worker_id)
    assert doer.contractor_contract_id is not None
    contract = get_contractor_contract(session, doer.contractor_contract_id)
    _check_enterprise(contract.enterprise_id, service, contract.number)
    return Terms(price_for(session, contract, service.id, day), service.unit, contract.contractor_id)


def _check_enterprise(enterprise_id: UUID, service: Service, number: str) -> None:
    if enterprise_id != service.enterprise_id:
        raise DoerOfAnotherEnterprise(number=number)

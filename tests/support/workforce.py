"""Workers, engagements, contractors and their contracts, for tests."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from billing.catalog.models import Unit
from billing.kernel.money import Money
from billing.workforce import contracts, service
from billing.workforce.models import Contractor, ContractorContract, Engagement, EngagementKind, Worker
from tests.support.districts import LONG_AGO
from tests.support.identifiers import synthetic_bin, synthetic_iban, synthetic_iin

HOURLY_RATE = Money.tenge(1_500)
CEILING = Money.tenge(1_000_000)
CONTRACTOR_PRICE = Money.tenge(800)


def make_worker(
    session: Session, serial: int = 901, *, name: str = "Қалиев Асқар", phone: str | None = "+77010000901"
) -> Worker:
    """A worker; another serial gives another IIN."""
    return service.register_worker(session, iin=synthetic_iin(serial), name=name, phone=phone)


def make_engagement(
    session: Session,
    enterprise_id: UUID,
    worker_id: UUID | None = None,
    *,
    kind: EngagementKind = EngagementKind.LABOUR,
    starts_on: date = LONG_AGO,
    ends_on: date | None = None,
    rate: Money = HOURLY_RATE,
    rate_unit: Unit = Unit.HOUR,
    number: str | None = None,
) -> Engagement:
    """A labour contract without a term at 1,500 tenge an hour, of a new worker if none is given."""
    return service.engage(
        session,
        worker_id or make_worker(session).id,
        enterprise_id=enterprise_id,
        kind=kind,
        signed_on=starts_on,
        starts_on=starts_on,
        ends_on=ends_on,
        position="Жұмысшы",
        rate=rate,
        rate_unit=rate_unit,
        number=number,
    )


def make_contractor(session: Session, serial: int = 9_001, *, name: str = "ТОО «Жол Жөндеу»") -> Contractor:
    """A contractor organisation; another serial gives another BIN."""
    return service.register_contractor(
        session,
        bin=synthetic_bin(serial),
        name=name,
        address="Бейнеу, Құлманов көшесі, 7",
        iban=synthetic_iban(serial),
        bic="HSBKKZKX",
        phone="+77292000002",
    )


def make_contractor_contract(
    session: Session,
    enterprise_id: UUID,
    service_id: UUID,
    contractor_id: UUID | None = None,
    *,
    starts_on: date = date(2026, 1, 1),
    ends_on: date = date(2026, 12, 31),
    ceiling: Money = CEILING,
    price: Money = CONTRACTOR_PRICE,
    number: str | None = None,
) -> ContractorContract:
    """A contract for 2026 up to 1,000,000 tenge, with one service at 800 tenge a unit."""
    return contracts.sign_contractor_contract(
        session,
        contractor_id or make_contractor(session).id,
        enterprise_id=enterprise_id,
        signed_on=starts_on,
        starts_on=starts_on,
        ends_on=ends_on,
        ceiling=ceiling,
        prices={service_id: price},
        number=number,
    )

"""Hired workers with their engagements, and contractors as the enterprise knows them.

What a contractor may be paid stands in its contracts: see ``contracts``.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.catalog.models import Unit
from billing.districts.numbering import contract_number
from billing.districts.service import get_enterprise
from billing.kernel.alphabet import fold, sort_key_kk
from billing.kernel.checks import at_field, check_range, line, optional_line
from billing.kernel.dates import covers, overlap
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists, InvalidInput, RuleViolation
from billing.kernel.identifiers import (
    check_bic,
    check_iban,
    check_iin,
    check_iin_or_bin,
    check_phone,
    mask_iin,
)
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import Page, PageRequest, page_of
from billing.kernel.rows import check_version, get_row
from billing.workforce.models import Contractor, Engagement, EngagementKind, Worker

WORKER_SORTS = {"name": (Worker.name_sort_key, Worker.id)}
CONTRACTOR_SORTS = {"name": (Contractor.name_sort_key, Contractor.id)}
ENGAGEMENT_SORTS = {
    "-starts_on": (Engagement.starts_on, Engagement.id),
    "number": (Engagement.number, Engagement.id),
}


class EngagementOverlaps(RuleViolation):
    """The worker has such an engagement in these days. Facts: ``number``, ``starts_on``, ``ends_on``."""

    code = "engagement_overlaps"


class EngagementNotInForce(RuleViolation):
    """The worker's engagement does not hold on the day. Facts: ``number``, ``day``."""

    code = "engagement_not_in_force"


class CivilEngagementNeedsEnd(InvalidInput):
    """A civil-law engagement has a last day (it is for a result or a term). Facts: ``field``."""

    code = "civil_engagement_needs_end"


def register_worker(session: Session, *, iin: str, name: str, phone: str | None = None) -> Worker:
    """Register a person whom an enterprise of the district may hire.

    Raises:
        InvalidIIN, InvalidPhone: mistyped.
        InvalidInput: no name.
        AlreadyExists: the district has a worker with this IIN; the fact is masked.
    """
    with at_field("iin"):
        iin = check_iin(iin)
    if session.scalar(select(Worker.id).where(Worker.iin == iin)) is not None:
        raise AlreadyExists(kind="worker", field="iin", value=mask_iin(iin))
    worker = Worker(district_id=district_of(session), id=new_id(), iin=iin, phone=_phone(phone))
    _rename(worker, name)
    session.add(worker)
    session.flush()
    return worker


def edit_worker(
    session: Session, worker_id: UUID, *, name: str, phone: str | None, version: int | None = None
) -> Worker:
    """Write down a worker's changed name or phone. The IIN never changes.

    Raises:
        NotFound: no such worker.
        StaleVersion: somebody edited the worker since ``version``.
        InvalidPhone, InvalidInput: mistyped.
    """
    worker = get_worker(session, worker_id, lock=True)
    check_version(worker, version, kind="worker")
    _rename(worker, name)
    worker.phone = _phone(phone)
    session.flush()
    return worker


def get_worker(session: Session, worker_id: UUID, *, lock: bool = False) -> Worker:
    """A worker of the district; with ``lock`` as it is now, and nobody else changes it meanwhile.

    Raises:
        NotFound: no such worker.
    """
    return get_row(session, Worker, worker_id, kind="worker", lock=lock)


def list_workers(session: Session, request: PageRequest, *, search: str | None = None) -> Page[Worker]:
    """The district's workers by name; ``search`` finds a part of the name, or the whole IIN."""
    statement = select(Worker)
    if search:
        statement = statement.where(
            Worker.name_folded.contains(fold(search), autoescape=True) | (Worker.iin == search.strip())
        )
    return page_of(session, statement, WORKER_SORTS, request)


def engage(
    session: Session,
    worker_id: UUID,
    *,
    enterprise_id: UUID,
    kind: EngagementKind,
    signed_on: date,
    starts_on: date,
    position: str,
    rate: Money,
    rate_unit: Unit,
    ends_on: date | None = None,
    number: str | None = None,
) -> Engagement:
    """Hire a worker: by a labour contract, or by a civil-law contract for a term.

    Args:
        rate: before withholdings, per ``rate_unit`` of work.
        ends_on: the last day; None only for a labour contract without a term.
        number: the contract's number; None takes the next free one of the year of signing.

    Raises:
        NotFound: no such worker or enterprise.
        EndsBeforeStart, CivilEngagementNeedsEnd, InvalidInput: the term, position or rate makes no sense.
        EngagementOverlaps: the worker is engaged in the same way by the same enterprise in these days.
        AlreadyExists: the enterprise has an engagement with this number.
    """
    # Locked first: two clerks hiring the same person at once must see each other's engagement.
    worker = get_worker(session, worker_id, lock=True)
    get_enterprise(session, enterprise_id)
    _check_term(kind, starts_on, ends_on)
    if rate <= ZERO:
        raise InvalidInput(field="rate")
    _refuse_overlap(
        session, worker.id, enterprise_id=enterprise_id, kind=kind, starts_on=starts_on, ends_on=ends_on
    )
    engagement = Engagement(
        district_id=district_of(session),
        id=new_id(),
        enterprise_id=enterprise_id,
        worker_id=worker.id,
        kind=kind,
        number=contract_number(session, Engagement, enterprise_id, number, signed_on.year, kind="engagement"),
        signed_on=signed_on,
        starts_on=starts_on,
        ends_on=ends_on,
        position=line(position, field="position", length_max=200),
        rate=rate,
        rate_unit=rate_unit,
    )
    session.add(engagement)
    session.flush()
    return engagement


def end_engagement(
    session: Session, engagement_id: UUID, *, ends_on: date, version: int | None = None
) -> Engagement:
    """Set an engagement's last day, earlier or later than agreed. Work already done is not touched.

    Raises:
        NotFound: no such engagement.
        StaleVersion: somebody edited it since ``version``.
        EndsBeforeStart: it would end before it started.
        EngagementOverlaps: made longer, it would reach into the worker's next one of this kind.
    """
    worker_id = get_engagement(session, engagement_id).worker_id
    get_worker(session, worker_id, lock=True)
    engagement = get_engagement(session, engagement_id, lock=True)
    check_version(engagement, version, kind="engagement")
    _check_term(engagement.kind, engagement.starts_on, ends_on)
    _refuse_overlap(
        session,
        worker_id,
        enterprise_id=engagement.enterprise_id,
        kind=engagement.kind,
        starts_on=engagement.starts_on,
        ends_on=ends_on,
        but=engagement.id,
    )
    engagement.ends_on = ends_on
    session.flush()
    return engagement


def get_engagement(session: Session, engagement_id: UUID, *, lock: bool = False) -> Engagement:
    """An engagement of the district.

    Raises:
        NotFound: no such engagement.
    """
    return get_row(session, Engagement, engagement_id, kind="engagement", lock=lock)


def check_engagement_holds(engagement: Engagement, day: date) -> None:
    """Refuse a day on which the worker is not engaged.

    Raises:
        EngagementNotInForce: before the first or after the last day.
    """
    if not covers(engagement.starts_on, engagement.ends_on, day):
        raise EngagementNotInForce(number=engagement.number, day=day)


def list_engagements(
    session: Session,
    request: PageRequest,
    *,
    worker_id: UUID | None = None,
    enterprise_id: UUID | None = None,
    kind: EngagementKind | None = None,
    on: date | None = None,
) -> Page[tuple[Engagement, str]]:
    """Engagements with their workers' names, the newest first; ``on`` keeps those in force that day."""
    statement = select(Engagement, Worker.name).join(
        Worker, (Worker.district_id == Engagement.district_id) & (Worker.id == Engagement.worker_id)
    )
    wanted = {
        Engagement.worker_id: worker_id,
        Engagement.enterprise_id: enterprise_id,
        Engagement.kind: kind,
    }
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    if on is not None:
        statement = statement.where(
            Engagement.starts_on <= on, Engagement.ends_on.is_(None) | (Engagement.ends_on >= on)
        )
    return page_of(session, statement, ENGAGEMENT_SORTS, request)


def register_contractor(
    session: Session,
    *,
    bin: str,  # noqa: A002 - the organisation's number, named as in the law
    name: str,
    address: str = "",
    iban: str | None = None,
    bic: str | None = None,
    phone: str | None = None,
) -> Contractor:
    """Register an organisation, or an individual entrepreneur by IIN, that may work for the enterprise.

    Raises:
        InvalidIINOrBIN, InvalidIBAN, InvalidBIC, InvalidPhone, InvalidInput: mistyped.
        AlreadyExists: the district has a contractor with this BIN or IIN.
    """
    with at_field("bin"):
        number = check_iin_or_bin(bin)
    if session.scalar(select(Contractor.id).where(Contractor.bin == number)) is not None:
        raise AlreadyExists(kind="contractor", field="bin", value=mask_iin(number))
    contractor = Contractor(district_id=district_of(session), id=new_id(), bin=number)
    _describe(contractor, name=name, address=address, iban=iban, bic=bic, phone=phone)
    session.add(contractor)
    session.flush()
    return contractor


def edit_contractor(
    session: Session,
    contractor_id: UUID,
    *,
    name: str,
    address: str,
    iban: str | None,
    bic: str | None,
    phone: str | None,
    version: int | None = None,
) -> Contractor:
    """Write down a contractor's changed particulars. The BIN never changes.

    Raises:
        NotFound: no such contractor.
        StaleVersion: somebody edited it since ``version``.
        InvalidIBAN, InvalidBIC, InvalidPhone, InvalidInput: mistyped.
    """
    contractor = get_contractor(session, contractor_id, lock=True)
    check_version(contractor, version, kind="contractor")
    _describe(contractor, name=name, address=address, iban=iban, bic=bic, phone=phone)
    session.flush()
    return contractor


def get_contractor(session: Session, contractor_id: UUID, *, lock: bool = False) -> Contractor:
    """A contractor of the district; with ``lock`` as for a worker.

    Raises:
        NotFound: no such contractor.
    """
    return get_row(session, Contractor, contractor_id, kind="contractor", lock=lock)


def list_contractors(
    session: Session, request: PageRequest, *, search: str | None = None
) -> Page[Contractor]:
    """The district's contractors by name; ``search`` finds a part of the name, or the whole BIN or IIN."""
    statement = select(Contractor)
    if search:
        statement = statement.where(
            Contractor.name_folded.contains(fold(search), autoescape=True)
            | (Contractor.bin == search.strip())
        )
    return page_of(session, statement, CONTRACTOR_SORTS, request)


def _check_term(kind: EngagementKind, starts_on: date, ends_on: date | None) -> None:
    if ends_on is None and kind == EngagementKind.CIVIL:
        raise CivilEngagementNeedsEnd(field="ends_on")
    check_range(starts_on, ends_on, field="ends_on")


def _refuse_overlap(
    session: Session,
    worker_id: UUID,
    *,
    enterprise_id: UUID,
    kind: EngagementKind,
    starts_on: date,
    ends_on: date | None,
    but: UUID | None = None,
) -> None:
    others = session.scalars(
        select(Engagement).where(
            Engagement.worker_id == worker_id,
            Engagement.enterprise_id == enterprise_id,
            Engagement.kind == kind,
        )
    )
    for other in others:
        if other.id != but and overlap(other.starts_on, other.ends_on, starts_on, ends_on):
            raise EngagementOverlaps(number=other.number, starts_on=other.starts_on, ends_on=other.ends_on)


def _rename(worker: Worker, name: str) -> None:
    worker.name = line(name, field="name", length_max=200)
    worker.name_sort_key = sort_key_kk(worker.name)
    worker.name_folded = fold(worker.name)


def _describe(
    contractor: Contractor, *, name: str, address: str, iban: str | None, bic: str | None, phone: str | None
) -> None:
    contractor.name = line(name, field="name", length_max=300)
    contractor.name_sort_key = sort_key_kk(contractor.name)
    contractor.name_folded = fold(contractor.name)
    contractor.address = optional_line(address, field="address", length_max=300)
    with at_field("iban"):
        contractor.iban = check_iban(iban) if iban else None
    with at_field("bic"):
        contractor.bic = check_bic(bic) if bic else None
    contractor.phone = _phone(phone)


def _phone(phone: str | None) -> str | None:
    with at_field("phone"):
        return check_phone(phone) if phone else None

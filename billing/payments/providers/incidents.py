"""What an accountant has to settle with a provider: noted by the program, resolved by a person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.checks import line
from billing.kernel.db import actor_of, district_of, insert_into
from billing.kernel.errors import RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import check_version, get_row
from billing.payments.providers.models import IncidentKind, Provider, ProviderIncident

SORTS: Sorts = {"-last_at": [ProviderIncident.last_at, ProviderIncident.id]}


class IncidentResolved(RuleViolation):
    """The incident was resolved already. Facts: ``incident_id``."""

    code = "incident_resolved"


def note_incident(
    session: Session,
    provider: Provider,
    kind: IncidentKind,
    *,
    txn_id: str,
    account: str,
    amount: Money,
    at: datetime,
    refusal: str | None = None,
) -> None:
    """Note something for an accountant; the same again is counted, however often a provider repeats it.

    Args:
        refusal: the code of what kept the money from being booked.
    """
    told = {"provider_id": provider.id, "txn_id": txn_id, "kind": kind, "account": account, "amount": amount}
    row = told | {
        "district_id": district_of(session),
        "id": new_id(),
        "refusal": refusal,
        "first_at": at,
        "last_at": at,
        "times": 1,
        "version": 1,
    }
    insert = insert_into(session, ProviderIncident.__table__).values(row)
    again = {"last_at": at, "times": ProviderIncident.__table__.c.times + 1}
    session.execute(insert.on_conflict_do_update(index_elements=["district_id", *told], set_=again))


def resolve_incident(
    session: Session, incident_id: UUID, *, resolution: str, at: datetime, version: int | None = None
) -> ProviderIncident:
    """Say how an incident was settled.

    Args:
        resolution: what was agreed or done, in a person's words.

    Raises:
        NotFound, StaleVersion: no such incident, or somebody resolved it meanwhile.
        IncidentResolved: it was resolved before.
        InvalidText: no words, or too many.
    """
    incident = get_row(session, ProviderIncident, incident_id, kind="provider_incident", lock=True)
    check_version(incident, version, kind="provider_incident")
    if incident.resolved_at is not None:
        raise IncidentResolved(incident_id=incident_id)
    incident.resolution = line(resolution, field="resolution", length_max=300)
    incident.resolved_at, incident.resolved_by = at, actor_of(session)
    session.flush()
    return incident


def get_incident(session: Session, incident_id: UUID) -> ProviderIncident:
    """An incident of the district.

    Raises:
        NotFound: no such incident.
    """
    return get_row(session, ProviderIncident, incident_id, kind="provider_incident")


def list_incidents(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    provider_id: UUID | None = None,
    kind: IncidentKind | None = None,
    is_resolved: bool | None = None,
) -> Page[ProviderIncident]:
    """Incidents, the one that was told last first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(ProviderIncident)
    if provider_id is not None:
        statement = statement.where(ProviderIncident.provider_id == provider_id)
    if kind is not None:
        statement = statement.where(ProviderIncident.kind == kind)
    if is_resolved is not None:
        unresolved = ProviderIncident.resolved_at.is_(None)
        statement = statement.where(~unresolved if is_resolved else unresolved)
    return page_of(session, statement, SORTS, page)

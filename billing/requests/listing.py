"""Requests with what was decided about them: for the clerk by their terms, for a resident his own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.kernel.errors import NotFound
from billing.kernel.paging import FIRST_PAGE, PAGE_SIZE_MAX, Page, PageRequest, Sorts, page_of
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.kernel.shown import Shown
from billing.requests.models import (
    ContactChange,
    RequestDecision,
    RequestKind,
    ResidentRequest,
    WantedContact,
)

EXPORTED_MAX = 100_000  # a spreadsheet's length
SORTS: Sorts = {
    "due_on": (ResidentRequest.due_on, ResidentRequest.id),
    "-received_on": (ResidentRequest.received_on, ResidentRequest.id),
}
CHANGE_SORTS: Sorts = {"-id": (ContactChange.id,)}
COLUMNS = (
    Column("request_kind", width=22),
    Column("request_state", width=14),
    Column("received_on", Kind.DATE, 12),
    Column("due_on", Kind.DATE, 12),
    Column("account_number", width=16),
    Column("customer", width=32),
    Column("request_words", width=60),
    Column("outcome", width=14),
    Column("decided_on", Kind.DATE, 12),
    Column("answer", width=60),
    Column("request_id", Kind.ID, width=38),
)


class RequestState(Shown):
    """Where a request stands."""

    WAITING = "waiting"
    OVERDUE = "overdue"  # it waits, and its term is over
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, who asks, and the decision; None where nobody has decided."""

    request: ResidentRequest
    customer: Customer
    decision: RequestDecision | None

    def state(self, today: date) -> RequestState:
        """Where it stands on a day."""
        if self.decision is not None:
            return RequestState.DECIDED
        return RequestState.OVERDUE if self.request.due_on < today else RequestState.WAITING


def get_request(session: Session, request_id: UUID, *, customer_id: UUID | None = None) -> Asked:
    """A request of the district.

    Args:
        customer_id: whose it must be; None for anybody's.

    Raises:
        NotFound: there is none such, or it is somebody else's.
    """
    found = session.execute(_asked().where(ResidentRequest.id == request_id)).one_or_none()
    if found is None or customer_id not in (None, found[0].customer_id):
        raise NotFound(kind="resident_request", id=request_id)
    return Asked(*found)


def list_requests(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    today: date,
    kind: RequestKind | None = None,
    state: RequestState | None = None,
    customer_id: UUID | None = None,
    received_from: date | None = None,
    received_to: date | None = None,
) -> Page[Asked]:
    """Requests, what is due first coming first, in one query.

    Args:
        state: overdue ones are waiting ones too.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = _asked()
    narrowings: list[tuple[Any, Callable[[Any], ColumnElement[bool]]]] = [
        (kind, ResidentRequest.kind.__eq__),
        (customer_id, ResidentRequest.customer_id.__eq__),
        (received_from, ResidentRequest.received_on.__ge__),
        (received_to, ResidentRequest.received_on.__le__),
    ]
    for wanted, narrowing in narrowings:
        if wanted is not None:
            statement = statement.where(narrowing(wanted))
    if state is RequestState.DECIDED:
        statement = statement.where(RequestDecision.request_id.is_not(None))
    elif state is not None:
        statement = statement.where(RequestDecision.request_id.is_(None))
    if state is RequestState.OVERDUE:
        statement = statement.where(ResidentRequest.due_on < today)
    found = page_of(session, statement, SORTS, page)
    return Page([Asked(*row) for row in found.items], found.next_cursor)


def all_requests(session: Session, *, today: date, **filters: Any) -> list[Asked]:
    """Every request that the filters of ``list_requests`` leave, up to a spreadsheet's length."""
    found: list[Asked] = []
    cursor: str | None = None
    while len(found) < EXPORTED_MAX:
        page = list_requests(session, PageRequest(cursor, PAGE_SIZE_MAX), today=today, **filters)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def requests_table(asked: Sequence[Asked], *, today: date) -> ReportTable:
    """Requests for a spreadsheet; contacts stay where they are."""
    rows = [
        Row(
            {
                "request_kind": each.request.kind,
                "request_state": each.state(today),
                "received_on": each.request.received_on,
                "due_on": each.request.due_on,
                "account_number": each.customer.account_number,
                "customer": each.customer.name,
                "request_words": each.request.words,
                "outcome": each.decision.outcome if each.decision else None,
                "decided_on": each.decision.decided_on if each.decision else None,
                "answer": each.decision.words if each.decision else "",
                "request_id": str(each.request.id),
            }
        )
        for each in asked
    ]
    return ReportTable("resident_requests", {"day": today}, COLUMNS, rows)


def wanted_contacts(session: Session, request_id: UUID) -> list[WantedContact]:
    """What a request wants the contacts to be."""
    statement = select(WantedContact).where(WantedContact.request_id == request_id)
    return list(session.scalars(statement.order_by(WantedContact.field)))


def list_contact_changes(
    session: Session, page: PageRequest = FIRST_PAGE, *, customer_id: UUID | None = None
) -> Page[ContactChange]:
    """Contacts that were written anew, the latest first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(ContactChange)
    if customer_id is not None:
        statement = statement.where(ContactChange.customer_id == customer_id)
    return page_of(session, statement, CHANGE_SORTS, page)


def _asked() -> Select[*tuple[Any, ...]]:
    return (
        select(ResidentRequest, Customer, RequestDecision)
        .join(
            Customer,
            and_(
                Customer.district_id == ResidentRequest.district_id,
                Customer.id == ResidentRequest.customer_id,
            ),
        )
        .outerjoin(
            RequestDecision,
            and_(
                RequestDecision.district_id == ResidentRequest.district_id,
                RequestDecision.request_id == ResidentRequest.id,
            ),
        )
    )

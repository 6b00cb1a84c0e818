"""A clerk decides about a request: once, whoever else looks at it, with what follows from it."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billing.customers.service import details_of, edit_customer, lock_customer
from billing.districts.numbering import lock_district
from billing.kernel.checks import line, optional_line
from billing.kernel.db import actor_of, district_of
from billing.kernel.ids import new_id
from billing.kernel.rows import get_row
from billing.orders.models import OrderState
from billing.orders.service import cancel_order, confirm_order, get_order
from billing.outbox.models import EventKind
from billing.outbox.service import announce
from billing.requests.models import (
    ContactChange,
    ContactField,
    Outcome,
    RequestDecision,
    RequestKind,
    ResidentRequest,
    WantedContact,
)
from billing.requests.refusals import OutcomeNotForKind, RequestDecided
from billing.requests.submitting import WORDS_LENGTH_MAX, contacts_of

REASON_LENGTH_MAX = 300  # an order that is declined keeps it as its own
OUTCOMES = {
    RequestKind.SERVICE: (Outcome.ACCEPTED, Outcome.DECLINED),
    RequestKind.PROBLEM: (Outcome.ANSWERED,),
    RequestKind.CONTACTS: (Outcome.ACCEPTED, Outcome.DECLINED),
}


def decide_request(
    session: Session, request_id: UUID, *, outcome: Outcome, words: str = "", decided_on: date
) -> RequestDecision:
    """Decide about a request; the resident reads it, and the mailbox that is known of him is told.

    An accepted service's order is confirmed, a declined one's is cancelled; accepted contacts are written,
    and what stood there before is kept.

    Args:
        words: the answer to a problem, the reason of a refusal; a remark when something is accepted.

    Raises:
        NotFound: no such request.
        RequestDecided: somebody decided about it before.
        OutcomeNotForKind: a problem is answered, the others are accepted or declined.
        InvalidText: no reason or answer, or too long.
        OrderNotInState: the order was cancelled, or is completed and cannot be declined any more.
        NotFound, InvalidPhone, …: the contacts cannot be written any more; see ``edit_customer``.
    """
    # Held first: two clerks must not both find that nobody has decided.
    request = get_row(session, ResidentRequest, request_id, kind="resident_request", lock=True)
    known = session.get(RequestDecision, (district_of(session), request_id))
    if known is not None:
        raise RequestDecided(outcome=known.outcome, decided_on=known.decided_on)
    if outcome not in OUTCOMES[request.kind]:
        raise OutcomeNotForKind(outcome=outcome, wanted=OUTCOMES[request.kind])
    decision = RequestDecision(
        district_id=request.district_id,
        request_id=request.id,
        outcome=outcome,
        words=_checked(outcome, words),
        decided_on=decided_on,
        decided_by=actor_of(session),
    )
    if request.order_id is not None:
        _settle_order(session, request.order_id, decision)
    elif request.kind is RequestKind.CONTACTS and outcome is Outcome.ACCEPTED:
        _write_contacts(session, request, decided_on)
    session.add(decision)
    session.flush()
    announce(session, EventKind.REQUEST_DECIDED, [request.id])
    return decision


def _checked(outcome: Outcome, words: str) -> str:
    if outcome is Outcome.ACCEPTED:
        return optional_line(words, field="words", length_max=REASON_LENGTH_MAX)
    answers = outcome is Outcome.ANSWERED
    return line(words, field="words", length_max=WORDS_LENGTH_MAX if answers else REASON_LENGTH_MAX)


def _settle_order(session: Session, order_id: UUID, decision: RequestDecision) -> None:
    """Let the order follow the decision, unless its own page was faster and it stands there already."""
    state = get_order(session, order_id, lock=True).state
    if decision.outcome is Outcome.DECLINED:
        if state is not OrderState.CANCELLED:
            cancel_order(session, order_id, reason=decision.words)
    elif state in (OrderState.DRAFT, OrderState.CANCELLED):
        confirm_order(session, order_id)


def _write_contacts(session: Session, request: ResidentRequest, on: date) -> None:
    # In the order in which every edit holds them: the district, then the customer.
    lock_district(session)
    customer = lock_customer(session, request.customer_id)
    before = contacts_of(customer)
    wanted: dict[str, Any] = {
        each.field.value: each.value
        for each in session.scalars(select(WantedContact).where(WantedContact.request_id == request.id))
    }
    edit_customer(session, customer.id, replace(details_of(customer), **wanted), version=None)
    after = contacts_of(customer)
    rows = [
        {
            "district_id": request.district_id,
            "id": new_id(),
            "customer_id": customer.id,
            "request_id": request.id,
            "field": ContactField(field),
            "before": getattr(before, field),
            "after": getattr(after, field),
            "changed_on": on,
        }
        for field in wanted
        if getattr(before, field) != getattr(after, field)
    ]
    if rows:
        session.execute(insert(ContactChange), rows)

"""What events of decided requests tell: the decision for programs, and a letter for who asked."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.kernel.i18n import label, text
from billing.outbox.deliveries import Letter, Told
from billing.outbox.models import EventKind, OutboxEvent
from billing.requests.models import RequestDecision, ResidentRequest


def compose(session: Session, events: Sequence[OutboxEvent]) -> Mapping[UUID, Told]:
    """What events of decided requests tell, by their ids, in one query."""
    subjects = {each.id: each.subject_id for each in events if each.kind is EventKind.REQUEST_DECIDED}
    if not subjects:
        return {}
    found = session.execute(
        select(ResidentRequest, RequestDecision, Customer)
        .join(
            RequestDecision,
            and_(
                RequestDecision.district_id == ResidentRequest.district_id,
                RequestDecision.request_id == ResidentRequest.id,
            ),
        )
        .join(
            Customer,
            and_(
                Customer.district_id == ResidentRequest.district_id,
                Customer.id == ResidentRequest.customer_id,
            ),
        )
        .where(ResidentRequest.id.in_(set(subjects.values())))
    )
    told = {row[0].id: Told(_facts(*row), _letter(*row)) for row in found}
    return {event_id: told[request_id] for event_id, request_id in subjects.items()}


def _facts(request: ResidentRequest, decision: RequestDecision, customer: Customer) -> dict[str, Any]:
    return {
        "request_id": str(request.id),
        "kind": request.kind.value,
        "outcome": decision.outcome.value,
        "words": decision.words,
        "received_on": request.received_on.isoformat(),
        "decided_on": decision.decided_on.isoformat(),
        "order_id": None if request.order_id is None else str(request.order_id),
        "invoice_id": None if request.invoice_id is None else str(request.invoice_id),
        "customer_id": str(customer.id),
        "account": customer.account_number,
    }


def _letter(request: ResidentRequest, decision: RequestDecision, customer: Customer) -> Letter | None:
    """A letter in the customer's language; None for who has no mailbox."""
    if customer.email is None:
        return None
    language = customer.language
    facts: dict[str, object] = {
        "account": customer.account_number,
        "what": label(request.kind, language),
        "outcome": label(decision.outcome, language),
        "received_on": request.received_on,
        "words": decision.words,
    }
    return Letter(
        customer.email,
        text("letter.request_decided_subject", language, **facts),
        text("letter.request_decided_text", language, **facts).rstrip(),
    )

"""Who does an order and what was done, as a form: one line for everybody who could have come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.catalog.models import Unit
from billing.catalog.service import get_service
from billing.kernel.money import Money
from billing.kernel.paging import PAGE_SIZE_MAX, PageRequest
from billing.orders.completion import complete_order, work_of
from billing.orders.doers import Doer, WorkItem
from billing.orders.models import CompletionAct, OrderState, ServiceOrder
from billing.orders.service import doers_of
from billing.pages.fields import TypedDate, TypedQuantity, ids_of
from billing.pages.forms import Form, blank, field_sentence
from billing.web.fields import Schema
from billing.web.problems import FieldProblem
from billing.workforce.contracts import list_contractor_contracts
from billing.workforce.service import list_engagements

_EVERYBODY = PageRequest(limit=PAGE_SIZE_MAX)
# Lines of the forms: an engagement's or a contract's id stands behind the dash.
ENGAGED, CONTRACTED = "engaged", "contracted"
BY_ENGAGEMENT, BY_CONTRACT = "hours", "amount"


class AssignForm(Schema):
    """When an order is to be done; who is read by ``doers_in``."""

    planned_on = TypedDate()


class CompleteForm(Schema):
    """What was done for the customer; by whom is read by ``work_in``."""

    completed_on = TypedDate(required=True)
    quantity = TypedQuantity(required=True)


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody who can do an order on a day.

    Attributes:
        unit: what his work is counted in: a worker's own, a contractor's the service's.
        rate: a worker's price per unit; None for a contractor, whose contract knows it by service.
    """

    id: UUID
    name: str
    number: str
    unit: Unit
    rate: Money | None
    is_assigned: bool

    @property
    def box(self) -> str:
        """The name of the field that assigns him."""
        return f"{CONTRACTED if self.rate is None else ENGAGED}-{self.id}"

    @property
    def quantity(self) -> str:
        """The name of the field that says how much he did."""
        return f"{BY_CONTRACT if self.rate is None else BY_ENGAGEMENT}-{self.id}"


def suggested(session: Session, order: ServiceOrder, day: date) -> Form:
    """The forms of an order as they are first shown: what was ordered is what was done, by whoever was to."""
    shown: dict[str, object] = {
        "planned_on": order.planned_on or day,
        "completed_on": max(order.requested_on, day),
        "quantity": format(order.quantity.normalize(), "f"),
    }
    if order.state in (OrderState.CONFIRMED, OrderState.ASSIGNED):
        for doer in doers_of(session, order.id):
            kind = ENGAGED if doer.engagement_id else CONTRACTED
            shown[f"{kind}-{doer.engagement_id or doer.contractor_contract_id}"] = "1"
    return blank(**shown)


def people(session: Session, order: ServiceOrder, day: date) -> dict[str, Any]:
    """Everybody who can do an order now, and what whoever did it did."""
    assigned = {doer.engagement_id or doer.contractor_contract_id for doer in doers_of(session, order.id)}
    done = {work.engagement_id or work.contractor_contract_id: work for work in work_of(session, order.id)}
    on = order.completed_on or order.planned_on or day
    return {"hands": _hands(session, order, on, assigned), "done": done, "assigned": assigned}


def doers_in(form: Form) -> list[Doer]:
    """Whose boxes are ticked."""
    engaged = [Doer(engagement_id=each) for _, each in ids_of(ENGAGED, form.typed)]
    contracted = [Doer(contractor_contract_id=each) for _, each in ids_of(CONTRACTED, form.typed)]
    return engaged + contracted


def work_in(form: Form) -> tuple[list[WorkItem], dict[str, str]]:
    """The lines that are filled in, and which field of the form each of the service's names is."""
    items: list[WorkItem] = []
    fields: dict[str, str] = {}
    for prefix in (BY_ENGAGEMENT, BY_CONTRACT):
        for name, each in ids_of(prefix, form.typed):
            quantity = _quantity(form, name)
            if quantity is None:
                continue
            fields |= {f"work.{len(items)}.{part}": name for part in ("quantity", "unit")}
            items.append(
                WorkItem(quantity, engagement_id=each)
                if prefix == BY_ENGAGEMENT
                else WorkItem(quantity, contractor_contract_id=each)
            )
    return items, fields


def complete(
    session: Session, order_id: UUID, values: dict[str, Any], work: Sequence[WorkItem], day: date
) -> CompletionAct:
    """Complete an order as the form says; see ``complete_order`` for what it refuses."""
    return complete_order(session, order_id, work=work, today=day, **values)


def _quantity(form: Form, name: str) -> Decimal | None:
    typed = form.take(name).strip()
    if not typed:
        return None
    quantity = TypedQuantity.typed(typed)
    if quantity is None:
        form.refuse(name, field_sentence(FieldProblem("typed_quantity")))
    return quantity or None  # nobody writes down that somebody did nothing


def _hands(session: Session, order: ServiceOrder, on: date, assigned: set[UUID | None]) -> list[Hand]:
    service = get_service(session, order.service_id)
    engaged = list_engagements(session, _EVERYBODY, enterprise_id=order.enterprise_id, on=on).items
    contracted = list_contractor_contracts(session, _EVERYBODY, enterprise_id=order.enterprise_id, on=on)
    hands = [
        Hand(each.id, name, each.number, each.rate_unit, each.rate, each.id in assigned)
        for each, name in engaged
    ]
    hands += [
        Hand(each.id, name, each.number, service.unit, None, each.id in assigned)
        for each, name in contracted.items
    ]
    return sorted(hands, key=lambda hand: not hand.is_assigned)

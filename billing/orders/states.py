"""Where an order may go from where it stands: the whole life of an order as one table."""

from billing.kernel.errors import RuleViolation
from billing.orders.models import OrderState

# Assigned again before the work is done; back from invoiced when the whole invoice is credited.
NEXT: dict[OrderState, frozenset[OrderState]] = {
    OrderState.DRAFT: frozenset({OrderState.CONFIRMED, OrderState.CANCELLED}),
    OrderState.CONFIRMED: frozenset({OrderState.ASSIGNED, OrderState.CANCELLED}),
    OrderState.ASSIGNED: frozenset({OrderState.ASSIGNED, OrderState.COMPLETED, OrderState.CANCELLED}),
    OrderState.COMPLETED: frozenset({OrderState.INVOICED}),
    OrderState.INVOICED: frozenset({OrderState.COMPLETED}),
    OrderState.CANCELLED: frozenset(),
}
EDITABLE = frozenset({OrderState.DRAFT, OrderState.CONFIRMED})


class OrderNotInState(RuleViolation):
    """The order does not stand where this can be done. Facts: ``state`` it has, ``wanted`` states."""

    code = "order_not_in_state"


def check_step(state: OrderState, to: OrderState) -> None:
    """Refuse a step that the table does not have.

    Raises:
        OrderNotInState: ``wanted`` are the states from which the step can be taken.
    """
    if to not in NEXT[state]:
        wanted = [known for known in OrderState if to in NEXT[known]]
        raise OrderNotInState(state=state, wanted=wanted)


def check_editable(state: OrderState) -> None:
    """Refuse to edit an order that somebody has been assigned to, or that is over.

    Raises:
        OrderNotInState: ``wanted`` are the states in which an order is edited.
    """
    if state not in EDITABLE:
        raise OrderNotInState(state=state, wanted=[known for known in OrderState if known in EDITABLE])

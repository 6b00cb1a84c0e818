"""What may be done with an order where it stands: its whole life as one table."""

from enum import Enum

from billing.kernel.errors import RuleViolation
from billing.orders.models import OrderState

DRAFT, CONFIRMED, ASSIGNED, COMPLETED, INVOICED, CANCELLED = OrderState


class OrderNotInState(RuleViolation):
    """The order does not stand where this can be done. Facts: ``state`` it has, ``wanted`` states."""

    code = "order_not_in_state"


class Step(Enum):
    """One step: the states it starts from, and the one it leads to.

    Steps and not pairs of states, because completing and taking an invoice back lead to the same state and
    are not the same thing.
    """

    CONFIRM = ((DRAFT,), CONFIRMED)
    ASSIGN = ((CONFIRMED, ASSIGNED), ASSIGNED)  # again, until the work is done
    COMPLETE = ((ASSIGNED,), COMPLETED)
    CANCEL = ((DRAFT, CONFIRMED, ASSIGNED), CANCELLED)
    INVOICE = ((COMPLETED,), INVOICED)
    TAKE_INVOICE_BACK = ((INVOICED,), COMPLETED)  # its invoice was credited as a whole

    def __init__(self, starts: tuple[OrderState, ...], leads_to: OrderState) -> None:
        self.starts = starts
        self.leads_to = leads_to

    def check(self, state: OrderState) -> None:
        """Refuse the step to an order that does not stand where it starts.

        Raises:
            OrderNotInState: so it is.
        """
        _check(state, self.starts)


def check_editable(state: OrderState) -> None:
    """Refuse to edit an order that somebody has been assigned to, or that is over.

    Raises:
        OrderNotInState: so it is.
    """
    _check(state, (DRAFT, CONFIRMED))


def _check(state: OrderState, wanted: tuple[OrderState, ...]) -> None:
    if state not in wanted:
        raise OrderNotInState(state=state, wanted=wanted)

"""Customers' mailboxes: whether letters arrive there."""

from uuid import UUID

from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.kernel.rows import get_row
from billing.outbox import service as outbox
from billing.outbox.models import BouncingMailbox


def bounce_of(session: Session, customer: Customer) -> BouncingMailbox | None:
    """Why the customer's mailbox gets no letters; None if it does, or he has none."""
    if customer.email is None:
        return None
    return outbox.bouncing(session, [customer.email]).get(customer.email)


def trust_mailbox(session: Session, customer_id: UUID) -> Customer:
    """Write to a customer's mailbox again, after somebody asked him. What came back is not sent anew.

    Raises:
        NotFound: no such customer.
    """
    customer = get_row(session, Customer, customer_id, kind="customer")
    if customer.email is not None:
        outbox.trust(session, customer.email)
    return customer

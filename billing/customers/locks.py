"""Holds customers until the end of the transaction: the first lock of all who bill, credit or collect."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.kernel.errors import NotFound
from billing.kernel.ready import Ready, among_given

_HELD = Ready(
    select(Customer.id)
    .where(among_given(Customer.id, "customer_ids"))
    .order_by(Customer.id)
    .with_for_update(key_share=True)
)


def lock_customers(session: Session, customer_ids: Collection[UUID]) -> list[Customer]:
    """Several customers, held until the end of the transaction, by id: nobody can block crosswise.

    Raises:
        NotFound: one of them is not in the district.
    """
    statement = select(Customer).where(Customer.id.in_(set(customer_ids))).order_by(Customer.id)
    # Not the full lock: whoever only points to a customer need not wait.
    locked = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = session.scalars(locked).all()
    for missing in sorted(set(customer_ids) - {customer.id for customer in found}):
        raise NotFound(kind="customer", id=missing)
    return list(found)


def hold_customers(session: Session, customer_ids: Collection[UUID]) -> None:
    """Hold customers as ``lock_customers`` does, without reading what is known of them.

    Raises:
        NotFound: one of them is not in the district.
    """
    wanted = set(customer_ids)
    held = {row.id for row in _HELD.rows(session, customer_ids=wanted)}
    for missing in sorted(wanted - held):
        raise NotFound(kind="customer", id=missing)

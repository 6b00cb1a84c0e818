"""Requests of residents of tests, made through the services."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.kernel.ids import new_id
from billing.requests import service as requests
from billing.requests.models import ResidentRequest
from tests.support.web import TODAY


def ask_for_service(
    session: Session, customer_id: UUID, service_id: UUID, *, received_on: date = TODAY, **details: Any
) -> ResidentRequest:
    """Two hours of a service."""
    dull = {"request_id": new_id(), "quantity": Decimal(2)}
    return requests.ask_for_service(
        session, customer_id, service_id=service_id, received_on=received_on, **(dull | details)
    )


def report_problem(
    session: Session,
    customer_id: UUID,
    invoice_id: UUID,
    words: str = "The sum is wrong",
    *,
    received_on: date = TODAY,
) -> ResidentRequest:
    """Something is wrong with an invoice."""
    return requests.report_problem(
        session,
        customer_id,
        request_id=new_id(),
        invoice_id=invoice_id,
        words=words,
        received_on=received_on,
    )


def ask_for_contacts(
    session: Session, customer: Customer, *, received_on: date = TODAY, **wanted: str
) -> ResidentRequest:
    """Other contacts; those not named stay."""
    present = requests.contacts_of(customer)
    known = {name: getattr(present, name) for name in present.__dataclass_fields__}
    return requests.ask_for_contacts(
        session,
        customer.id,
        requests.Contacts(**(known | wanted)),
        request_id=new_id(),
        received_on=received_on,
    )

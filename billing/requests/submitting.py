"""Residents ask: for a service, for an answer about an invoice, for other contacts.

The page that a request comes from has made its id: the same page sent again is the same request.
"""

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.customers.refusals import CustomerInactive
from billing.customers.service import lock_customer
from billing.districts.calendar import last_day_of_term
from billing.districts.service import get_place
from billing.invoicing.models import Invoice
from billing.kernel.checks import at_field, email_or_none, line, optional_line
from billing.kernel.db import district_of
from billing.kernel.errors import NotFound
from billing.kernel.identifiers import check_phone
from billing.kernel.rows import get_row
from billing.orders.service import NOTE_LENGTH_MAX, take_order
from billing.requests.models import (
    ContactField,
    RequestDecision,
    RequestKind,
    ResidentRequest,
    WantedContact,
)
from billing.requests.refusals import NothingToChange, RequestOfAnother, TooManyWaiting
from billing.requests.terms import working_days_of

WORDS_LENGTH_MAX = 2000
WAITING_MAX = 20  # whoever has more asks faster than anybody answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """How a customer is reached; the names are those of ``ContactField``. Empty: none is to be known."""

    phone: str = ""
    email: str = ""
    place_code: str = ""
    street: str = ""
    house: str = ""
    flat: str = ""


def contacts_of(customer: Customer) -> Contacts:
    """How a customer is reached now."""
    return Contacts(**{each.name: getattr(customer, each.name) or "" for each in fields(Contacts)})


def ask_for_service(
    session: Session,
    customer_id: UUID,
    *,
    request_id: UUID,
    service_id: UUID,
    quantity: Decimal,
    received_on: date,
    planned_on: date | None = None,
    words: str = "",
) -> ResidentRequest:
    """Ask for work to be done: it becomes a draft order that a clerk confirms or declines.

    Args:
        planned_on: when the resident would like it.

    Raises:
        NotFound: no such customer or service.
        CustomerInactive, ServiceInactive: the one or the other was taken off the books.
        InvalidQuantity, EndsBeforeStart, InvalidText: a value makes no sense.
        TooManyWaiting, RequestOfAnother: see ``_begun``. No order is taken.
    """
    if (known := _begun(session, customer_id, request_id, RequestKind.SERVICE)) is not None:
        return known
    words = optional_line(words, field="words", length_max=NOTE_LENGTH_MAX)
    order = take_order(
        session,
        customer_id=customer_id,
        service_id=service_id,
        quantity=quantity,
        requested_on=received_on,
        planned_on=planned_on,
        note=words,
    )
    about = {"kind": RequestKind.SERVICE, "words": words, "order_id": order.id}
    return _received(session, customer_id, request_id, received_on, **about)


def report_problem(
    session: Session, customer_id: UUID, *, request_id: UUID, invoice_id: UUID, words: str, received_on: date
) -> ResidentRequest:
    """Say what is wrong with an invoice of one's own; it is answered in words within the term.

    Raises:
        NotFound: no such customer, or no such invoice of his.
        CustomerInactive: he was taken off the books.
        InvalidText: nothing is said, or too much.
        TooManyWaiting, RequestOfAnother: see ``_begun``.
    """
    if (known := _begun(session, customer_id, request_id, RequestKind.PROBLEM)) is not None:
        return known
    invoice = get_row(session, Invoice, invoice_id, kind="invoice")
    if invoice.customer_id != customer_id:
        raise NotFound(kind="invoice", id=invoice_id)
    words = line(words, field="words", length_max=WORDS_LENGTH_MAX)
    about = {"kind": RequestKind.PROBLEM, "words": words, "invoice_id": invoice.id}
    return _received(session, customer_id, request_id, received_on, **about)


def ask_for_contacts(
    session: Session, customer_id: UUID, contacts: Contacts, *, request_id: UUID, received_on: date
) -> ResidentRequest:
    """Ask for other contacts to be written down; nothing is, before a clerk accepts it.

    Raises:
        NotFound: no such customer or place.
        CustomerInactive: he was taken off the books.
        InvalidPhone, InvalidEmail, InvalidText: a value of the wrong form.
        NothingToChange: this is what is known already.
        TooManyWaiting, RequestOfAnother: see ``_begun``.
    """
    if (known := _begun(session, customer_id, request_id, RequestKind.CONTACTS)) is not None:
        return known
    customer = get_row(session, Customer, customer_id, kind="customer")
    present, wanted = contacts_of(customer), _checked(session, contacts)
    changed = [each for each in ContactField if getattr(present, each) != getattr(wanted, each)]
    if not changed:
        raise NothingToChange
    request = _received(session, customer_id, request_id, received_on, kind=RequestKind.CONTACTS, words="")
    rows = [
        {
            "district_id": request.district_id,
            "request_id": request.id,
            "field": each,
            "value": getattr(wanted, each),
        }
        for each in changed
    ]
    session.execute(insert(WantedContact), rows)
    return request


def _begun(
    session: Session, customer_id: UUID, request_id: UUID, kind: RequestKind
) -> ResidentRequest | None:
    """Hold the customer; the request with this id, if the same page was sent before.

    Raises:
        NotFound, CustomerInactive: who asks is not on the books.
        TooManyWaiting: he waits for answers to too many already.
        RequestOfAnother: somebody else's request has this id, or one of another kind.
    """
    # Held first: a double click must find what the first one made, and nobody gets past the limit.
    customer = lock_customer(session, customer_id)
    if not customer.is_active:
        raise CustomerInactive(customer=customer.account_number)
    known = session.get(ResidentRequest, (district_of(session), request_id))
    if known is not None:
        if (known.customer_id, known.kind) != (customer_id, kind):
            raise RequestOfAnother
        return known
    decided = exists().where(
        RequestDecision.district_id == ResidentRequest.district_id,
        RequestDecision.request_id == ResidentRequest.id,
    )
    waiting = session.scalar(
        select(func.count(ResidentRequest.id)).where(ResidentRequest.customer_id == customer_id, ~decided)
    )
    if waiting is not None and waiting >= WAITING_MAX:
        raise TooManyWaiting(waiting_max=WAITING_MAX)
    return None


def _received(
    session: Session, customer_id: UUID, request_id: UUID, received_on: date, **about: Any
) -> ResidentRequest:
    request = ResidentRequest(
        district_id=district_of(session),
        id=request_id,
        customer_id=customer_id,
        received_on=received_on,
        due_on=last_day_of_term(session, received_on, working_days_of(session, about["kind"])),
        **about,
    )
    session.add(request)
    session.flush()
    return request


def _checked(session: Session, contacts: Contacts) -> Contacts:
    """The contacts in the form in which they are stored."""
    with at_field("phone"):
        phone = check_phone(contacts.phone) if contacts.phone.strip() else ""
    return Contacts(
        phone=phone,
        email=email_or_none(contacts.email) or "",
        place_code=get_place(session, contacts.place_code).code if contacts.place_code else "",
        street=optional_line(contacts.street, field="street", length_max=200),
        house=optional_line(contacts.house, field="house", length_max=20),
        flat=optional_line(contacts.flat, field="flat", length_max=20),
    )

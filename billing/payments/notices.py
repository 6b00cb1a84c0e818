"""What events tell: the facts of invoices and payments for programs, and a letter for the customer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.archive.models import DocumentKind
from billing.customers.models import Customer
from billing.invoicing.documents import number_text, payment_link
from billing.invoicing.models import Invoice
from billing.kernel.i18n import text
from billing.outbox.deliveries import Letter, Told
from billing.outbox.models import EventKind, OutboxEvent
from billing.payments.documents import receipt_number, verification_link
from billing.payments.models import Payment, PaymentReversal

KINDS = (EventKind.INVOICE_ISSUED, EventKind.PAYMENT_RECEIVED, EventKind.PAYMENT_REVERSED)


def compose(session: Session, events: Sequence[OutboxEvent]) -> Mapping[UUID, Told]:
    """What events of invoices and payments tell, by their ids.

    The number of queries does not grow with the number of events.
    """
    events = [event for event in events if event.kind in KINDS]
    ids = {event.subject_id for event in events}
    subjects: dict[UUID, Invoice | Payment] = {
        each.id: each for each in session.scalars(select(Invoice).where(Invoice.id.in_(ids)))
    }
    subjects |= {each.id: each for each in session.scalars(select(Payment).where(Payment.id.in_(ids)))}
    wanted = {subject.customer_id for subject in subjects.values()}
    customers = {each.id: each for each in session.scalars(select(Customer).where(Customer.id.in_(wanted)))}
    reversals = {
        each.payment_id: each
        for each in session.scalars(select(PaymentReversal).where(PaymentReversal.payment_id.in_(ids)))
    }
    return dict(_told(session, events, subjects, customers, reversals))


def _told(
    session: Session,
    events: Sequence[OutboxEvent],
    subjects: Mapping[UUID, Invoice | Payment],
    customers: Mapping[UUID, Customer],
    reversals: Mapping[UUID, PaymentReversal],
) -> Iterator[tuple[UUID, Told]]:
    for event in events:
        subject = subjects[event.subject_id]
        customer = customers[subject.customer_id]
        if isinstance(subject, Invoice):
            data, link = _invoice(subject), payment_link(session, subject)
        else:
            data, link = _payment(subject), verification_link(session, subject.id)
            if event.kind is EventKind.PAYMENT_REVERSED:
                reversal = reversals[subject.id]
                data |= {"reversed_on": reversal.reversed_on.isoformat(), "reason": reversal.reason}
        data |= {"customer_id": str(customer.id), "account": customer.account_number}
        yield event.id, Told(data, _letter(event.kind, subject, customer, link))


def _invoice(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_id": str(invoice.id),
        "number": invoice.number,
        "year": invoice.year,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat(),
        "total": str(invoice.total),
        "vat": str(invoice.vat),
    }


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "payment_id": str(payment.id),
        "method": payment.method.value,
        "channel": payment.channel,
        "outside_id": payment.outside_id,
        "amount": str(payment.amount),
        "received_on": payment.received_on.isoformat(),
    }


def _letter(kind: EventKind, subject: Invoice | Payment, customer: Customer, link: str) -> Letter | None:
    """A letter in the customer's language; None for who has no mailbox."""
    if customer.email is None:
        return None
    facts: dict[str, object] = {"account": customer.account_number, "link": link}
    if isinstance(subject, Invoice):
        facts |= {"number": number_text(subject.number), "amount": subject.total, "due_on": subject.due_on}
    else:
        facts |= {
            "number": receipt_number(subject),
            "amount": subject.amount,
            "received_on": subject.received_on,
        }
    name = f"letter.{kind.value.replace('.', '_')}"
    attached = kind is EventKind.INVOICE_ISSUED and customer.invoices_by_email
    return Letter(
        customer.email,
        text(f"{name}_subject", customer.language, **facts),
        text(f"{name}_{'attached' if attached else 'text'}", customer.language, **facts),
        DocumentKind.INVOICE if attached else None,
    )

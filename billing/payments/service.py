"""Records money received, gives it back, and reverses what was wrong.

A payment first becomes the customer's advance, as a whole; then it settles named invoices or the oldest
debt, and what is left stays an advance that the next invoice consumes. How it was allocated, and why in
that order, is stored with the payment and printed on its receipt.
"""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers import service as customers
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import InvalidInput, NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import Page, PageRequest, page_of
from billing.ledger import service as ledger
from billing.ledger.chart import ADVANCES, IN_TRANSIT
from billing.ledger.models import SourceKind, Transfer
from billing.outbox import service as outbox
from billing.outbox.models import EventKind
from billing.payments.models import Payment, PaymentMethod, PaymentReversal, Refund
from billing.payments.receipts import (
    CASH_DESK,
    RECEIPT_BOOK,
    CashReceipt,
    OutsideIdReused,
    Receipt,
)
from billing.payments.recording import ACCOUNT_OF_METHOD, CASH_ORDER_SERIES, Recorded, record_payments
from billing.payments.signed_days import hold_against_signing
from billing.receivables import corrections
from billing.receivables import service as receivables
from billing.receivables.allocation import Plan

__all__ = [
    "ACCOUNT_OF_METHOD",
    "CASH_DESK",
    "CASH_ORDER_SERIES",
    "RECEIPT_BOOK",
    "CashReceipt",
    "DateBeforePayment",
    "OutsideIdReused",
    "PaymentRefunded",
    "PaymentReversed",
    "Receipt",
    "Recorded",
    "find_payment",
    "get_payment",
    "list_payments",
    "lock_payments",
    "preview_payment",
    "record_payment",
    "record_payments",
    "refund",
    "reverse_payment",
]

SORTS = {
    "-received_on": (Payment.received_on, Payment.id),
    "amount": (Payment.amount, Payment.id),
}


class PaymentReversed(RuleViolation):
    """The payment was reversed already. Facts: ``payment_id``."""

    code = "payment_reversed"


class PaymentRefunded(RuleViolation):
    """Money of the payment was given back; what was given back cannot be reversed. Facts: ``payment_id``."""

    code = "payment_refunded"


class DateBeforePayment(RuleViolation):
    """A refund or reversal cannot be older than its payment. Facts: ``day``, ``received_on``."""

    code = "date_before_payment"


def record_payment(
    session: Session,
    enterprise_id: UUID,
    customer_id: UUID,
    *,
    amount: Money,
    method: PaymentMethod,
    received_on: date,
    channel: str | None = None,
    outside_id: str | None = None,
    receipt: CashReceipt | None = None,
    payer_name: str | None = None,
    invoice_ids: Collection[UUID] = (),
) -> UUID:
    """Record money received from or for a customer, once, and allocate it.

    The same ``channel`` and ``outside_id`` with the same customer, sum and date is the same payment.

    Args:
        amount: strictly positive.
        received_on: the value date in the district's calendar.
        channel: where it came in, a provider's code; by default the cash desk, or the method's name.
        outside_id: the provider's transaction or the bank's document.
        receipt: required for cash, refused otherwise: cash needs a fiscal receipt.
        invoice_ids: the invoices the payer named; none: the oldest debt first.

    Returns:
        The payment's id. Nothing is read back: who shows it asks ``get_payment``.

    Raises:
        NotFound: no such customer, or the enterprise has no book.
        InvalidInput: a receipt missing or out of place, or an amount of zero.
        OutsideIdReused: the id belongs to a payment of another customer, sum or date.
        NotOpenForCustomer: a named invoice is not one of his open ones.
        DaySignedOff: an accountant vouched for the provider's day without it.
        MonthClosed, NoPostingPolicy, UnknownBudgetCode: it cannot be posted. Nothing is recorded.
    """
    told = Receipt(
        customer_id=customer_id,
        amount=amount,
        method=method,
        received_on=received_on,
        channel=channel,
        outside_id=outside_id,
        cash=receipt,
        payer_name=payer_name,
        invoice_ids=tuple(invoice_ids),
    )
    [recorded] = record_payments(session, enterprise_id, [told])
    return recorded.payment_id


def preview_payment(
    session: Session,
    enterprise_id: UUID,
    customer_id: UUID,
    *,
    amount: Money,
    invoice_ids: Collection[UUID] = (),
) -> Plan:
    """How a payment would be allocated now, by the rules of ``record_payment``. Writes nothing.

    Raises:
        NotFound: no such customer, or the enterprise has no book.
        InvalidInput: an amount of zero or less.
        NotOpenForCustomer: a named invoice is not one of his open ones.
    """
    if amount <= ZERO:
        raise InvalidInput(field="amount")
    customers.get_customer(session, customer_id)
    ledger.enterprise_book_id(session, enterprise_id)
    return receivables.preview(session, enterprise_id, customer_id, amount, invoice_ids)


def find_payment(session: Session, channel: str, outside_id: str) -> Payment | None:
    """The payment a channel told under an id; None where it told none."""
    return session.scalar(select(Payment).where(Payment.channel == channel, Payment.outside_id == outside_id))


def get_payment(session: Session, payment_id: UUID) -> Payment:
    """A payment of the district.

    Raises:
        NotFound: no such payment.
    """
    payment = session.get(Payment, (district_of(session), payment_id))
    if payment is None:
        raise NotFound(kind="payment", id=payment_id)
    return payment


def lock_payments(session: Session, payment_ids: Collection[UUID]) -> None:
    """Lock payments against another decision about them, in one order for all who decide.

    Raises:
        NotFound: no such payment.
    """
    statement = select(Payment.id).where(Payment.id.in_(payment_ids)).order_by(Payment.id)
    # Not the full lock: who reverses or refunds one of them holds its customer, and need not wait for this.
    locked = session.scalars(statement.with_for_update(key_share=True)).all()
    if missing := set(payment_ids) - set(locked):
        raise NotFound(kind="payment", id=min(missing))


def list_payments(
    session: Session,
    request: PageRequest,
    *,
    customer_id: UUID | None = None,
    enterprise_id: UUID | None = None,
    method: PaymentMethod | None = None,
    received_from: date | None = None,
    received_to: date | None = None,
) -> Page[Payment]:
    """Payments, the latest first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(Payment)
    if customer_id is not None:
        statement = statement.where(Payment.customer_id == customer_id)
    if enterprise_id is not None:
        statement = statement.where(Payment.enterprise_id == enterprise_id)
    if method is not None:
        statement = statement.where(Payment.method == method)
    if received_from is not None:
        statement = statement.where(Payment.received_on >= received_from)
    if received_to is not None:
        statement = statement.where(Payment.received_on <= received_to)
    return page_of(session, statement, SORTS, request)


def refund(
    session: Session,
    payment_id: UUID,
    *,
    amount: Money,
    method: PaymentMethod,
    refunded_on: date,
    reason: str,
) -> Refund:
    """Give money back out of what no invoice has taken of a payment.

    Raises:
        NotFound: no such payment.
        InvalidInput: an amount of zero or less.
        DateBeforePayment: older than the payment.
        AdvanceTooSmall: the payment's advance holds less. Nothing is given back.
        MonthClosed: ``refunded_on`` lies in a closed month.
    """
    if amount <= ZERO:
        raise InvalidInput(field="amount")
    payment = _locked(session, payment_id, refunded_on)
    receivables.take_from_advance(session, payment.id, amount)
    given_back = Refund(
        district_id=payment.district_id,
        id=new_id(),
        payment_id=payment.id,
        customer_id=payment.customer_id,
        enterprise_id=payment.enterprise_id,
        amount=amount,
        method=method,
        refunded_on=refunded_on,
        reason=reason,
        recorded_by=actor_of(session),
    )
    session.add(given_back)
    session.flush()
    entry = ledger.Entry(
        debit=ADVANCES,
        credit=ACCOUNT_OF_METHOD[method],
        amount=amount,
        source_kind=SourceKind.REFUND,
        source_id=given_back.id,
        party_id=payment.customer_id,
    )
    book_id = ledger.enterprise_book_id(session, payment.enterprise_id)
    ledger.post(session, book_id, refunded_on, [entry])
    return given_back


def reverse_payment(session: Session, payment_id: UUID, *, reversed_on: date, reason: str) -> PaymentReversal:
    """Undo a payment that was recorded wrongly: its debts are open again, its revenue lines taken back.

    Raises:
        NotFound: no such payment.
        PaymentReversed: it was reversed already.
        PaymentRefunded: money of it was given back.
        DateBeforePayment: older than the payment.
        DaySignedOff: an accountant vouched for the provider's day with it; take that back first.
        MonthClosed: ``reversed_on`` lies in a closed month. Nothing is reversed.
    """
    payment = _locked(session, payment_id, reversed_on)
    if session.get(PaymentReversal, (payment.district_id, payment.id)) is not None:
        raise PaymentReversed(payment_id=payment_id)
    if session.scalar(select(Refund.id).where(Refund.payment_id == payment.id).limit(1)) is not None:
        raise PaymentRefunded(payment_id=payment_id)
    if ACCOUNT_OF_METHOD[payment.method] == IN_TRANSIT:
        hold_against_signing(session, {payment.channel: [payment.received_on]})
    live = corrections.live_allocations(session, payment_id=payment.id)
    corrections.release(session, [allocation.id for allocation in live], released_on=reversed_on)
    receivables.take_from_advance(session, payment.id, payment.amount)
    original = session.scalars(
        select(Transfer).where(
            Transfer.source_id == payment.id,
            Transfer.source_kind == SourceKind.PAYMENT,
            Transfer.position == 0,
        )
    ).one()
    entry = ledger.Entry(
        debit=ADVANCES,
        credit=ACCOUNT_OF_METHOD[payment.method],
        amount=payment.amount,
        source_kind=SourceKind.PAYMENT,
        source_id=payment.id,
        position=-1,
        party_id=payment.customer_id,
        reverses_id=original.id,
    )
    book_id = ledger.enterprise_book_id(session, payment.enterprise_id)
    ledger.post(session, book_id, reversed_on, [entry])
    reversal = PaymentReversal(
        district_id=payment.district_id,
        payment_id=payment.id,
        reversed_on=reversed_on,
        reason=reason,
        recorded_by=actor_of(session),
    )
    session.add(reversal)
    session.flush()
    outbox.announce(session, EventKind.PAYMENT_REVERSED, [payment.id])
    return reversal


def _locked(session: Session, payment_id: UUID, day: date) -> Payment:
    """A payment whose customer is locked, for an event on a day that is not before it."""
    payment = get_payment(session, payment_id)
    customers.lock_customers(session, [payment.customer_id])
    if day < payment.received_on:
        raise DateBeforePayment(day=day, received_on=payment.received_on)
    return payment

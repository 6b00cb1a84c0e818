"""How payments and customers stand: advances left, money given back, what is owed. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from billing.customers.service import get_customer
from billing.kernel.columns import money_sum
from billing.kernel.money import ZERO, Money, total
from billing.payments.models import Payment, PaymentReversal, Refund
from billing.receivables.models import Advance, Allocation, Receivable


@dataclass(frozen=True, slots=True)
class PaymentStanding:
    """A payment and what became of its money.

    Attributes:
        advance: what no invoice has taken and nobody gave back.
        refunded: given back to the customer.
        reversal: None unless the payment was undone.
    """

    payment: Payment
    advance: Money
    refunded: Money
    reversal: PaymentReversal | None

    @property
    def allocated(self) -> Money:
        """What invoices hold of it now."""
        if self.reversal is not None:
            return ZERO
        return self.payment.amount - self.advance - self.refunded


def standing_of(session: Session, payment: Payment) -> PaymentStanding:
    """What became of a payment's money."""
    [stands] = standings_of(session, [payment])
    return stands


def standings_of(session: Session, payments: Sequence[Payment]) -> list[PaymentStanding]:
    """What became of payments' money, in their order and in three queries."""
    ids = [payment.id for payment in payments]
    advances = session.execute(
        select(Advance.payment_id, Advance.open_amount).where(Advance.payment_id.in_(ids))
    )
    refunds = session.execute(
        select(Refund.payment_id, money_sum(Refund.amount))
        .where(Refund.payment_id.in_(ids))
        .group_by(Refund.payment_id)
    )
    held = {row.payment_id: row.open_amount for row in advances}
    refunded = {row[0]: row[1] for row in refunds}
    reversals = {
        reversal.payment_id: reversal
        for reversal in session.scalars(select(PaymentReversal).where(PaymentReversal.payment_id.in_(ids)))
    }
    return [
        PaymentStanding(
            payment, held.get(payment.id, ZERO), refunded.get(payment.id, ZERO), reversals.get(payment.id)
        )
        for payment in payments
    ]


def allocations_of(session: Session, payment_id: UUID) -> list[Allocation]:
    """What a payment was allocated to, and the releases of it, as they were recorded."""
    return list(
        session.scalars(select(Allocation).where(Allocation.payment_id == payment_id).order_by(Allocation.id))
    )


def refunds_of(session: Session, payment_id: UUID) -> list[Refund]:
    """What was given back of a payment, in its order."""
    return list(
        session.scalars(
            select(Refund).where(Refund.payment_id == payment_id).order_by(Refund.refunded_on, Refund.id)
        )
    )


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice on which something is open; ``customer_id`` is whose debt it is."""

    invoice_id: UUID
    enterprise_id: UUID
    customer_id: UUID
    year: int
    number: int
    issued_on: date
    due_on: date
    open_amount: Money


@dataclass(frozen=True, slots=True)
class Balance:
    """What a customer owes and has paid ahead, and the invoices he is to pay.

    Attributes:
        debt: on his own invoices.
        overdue: the part of the debt whose last day to pay is over.
        owed_for_others: on invoices of other customers for whom he pays.
        advance: paid ahead.
    """

    customer_id: UUID
    debt: Money
    overdue: Money
    owed_for_others: Money
    advance: Money
    invoices: list[OpenInvoice]


def balance_of(
    session: Session, customer_id: UUID, *, today: date, enterprise_id: UUID | None = None
) -> Balance:
    """A customer's debt, advance and open invoices: with one enterprise, or with all of the district.

    Raises:
        NotFound: no such customer.
    """
    get_customer(session, customer_id)
    invoices = _open_invoices(session, customer_id, enterprise_id)
    own = [invoice for invoice in invoices if invoice.customer_id == customer_id]
    advances = select(money_sum(Advance.open_amount)).where(
        Advance.customer_id == customer_id, Advance.open_amount > ZERO
    )
    if enterprise_id is not None:
        advances = advances.where(Advance.enterprise_id == enterprise_id)
    return Balance(
        customer_id=customer_id,
        debt=total(invoice.open_amount for invoice in own),
        overdue=total(invoice.open_amount for invoice in own if invoice.due_on < today),
        owed_for_others=total(each.open_amount for each in invoices if each.customer_id != customer_id),
        advance=session.scalar(advances) or ZERO,
        invoices=invoices,
    )


def _open_invoices(session: Session, customer_id: UUID, enterprise_id: UUID | None) -> list[OpenInvoice]:
    columns: tuple[Any, ...] = (
        Receivable.invoice_id,
        Receivable.enterprise_id,
        Receivable.customer_id,
        Receivable.invoice_year,
        Receivable.invoice_number,
        Receivable.issued_on,
        Receivable.due_on,
    )
    statement: Select[*tuple[Any, ...]] = (
        select(*columns, money_sum(Receivable.open_amount))
        .where(
            or_(Receivable.customer_id == customer_id, Receivable.payer_id == customer_id),
            Receivable.open_amount > ZERO,
        )
        .group_by(*columns)
        .order_by(Receivable.due_on, Receivable.invoice_year, Receivable.invoice_number)
    )
    if enterprise_id is not None:
        statement = statement.where(Receivable.enterprise_id == enterprise_id)
    return [OpenInvoice(*row) for row in session.execute(statement)]

"""A customer's account over a period, from its documents: invoices, credit notes, payments, refunds.

Debits raise what the customer owes, credits lower it. Where one customer's payment settled another's
invoice, the settled sum stands in both statements, with opposite sides, so that each one's balance is his
debt less his advances.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, literal, null, select, union_all
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.customers.service import get_customer
from billing.invoicing.models import CreditNote, Invoice
from billing.kernel.checks import check_range
from billing.kernel.columns import EnumType, money_sum
from billing.kernel.db import district_of
from billing.kernel.money import ZERO, Money, total
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.kernel.shown import Shown
from billing.payments.models import Payment, PaymentReversal, Refund
from billing.receivables.models import Allocation, Receivable

STATEMENT = (
    Column("happened_on", Kind.DATE, width=12),
    Column("operation", width=36),
    Column("document_number", width=18),
    Column("debit", Kind.MONEY),
    Column("credit", Kind.MONEY),
    Column("balance", Kind.MONEY),
)


class Operation(Shown):
    """What happened to a customer's account. On one day they come in this order."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    PAID_FOR_ANOTHER = "paid_for_another"  # his payment settled another customer's invoice
    PAID_BY_ANOTHER = "paid_by_another"  # another customer's payment settled his invoice
    REFUND = "refund"
    PAYMENT_REVERSAL = "payment_reversal"


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One operation: exactly one of debit and credit is not zero.

    Attributes:
        document_number: of the invoice, credit note or cash order; None where there is none.
        balance: after it; positive is debt, negative an advance.
    """

    happened_on: date
    operation: Operation
    document_id: UUID
    document_number: int | None
    debit: Money
    credit: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """A customer's account with an enterprise over a period, both days included."""

    enterprise_id: UUID
    customer: Customer
    first_day: date
    last_day: date
    opening: Money
    rows: list[StatementRow]

    @property
    def debit(self) -> Money:
        """What was charged and given back in the period."""
        return total(row.debit for row in self.rows)

    @property
    def credit(self) -> Money:
        """What was paid and credited in the period."""
        return total(row.credit for row in self.rows)

    @property
    def closing(self) -> Money:
        """The balance on the last day: positive is debt, negative an advance."""
        return self.opening + self.debit - self.credit


def statement_of(
    session: Session, enterprise_id: UUID, customer_id: UUID, *, first_day: date, last_day: date
) -> Statement:
    """What a customer and an enterprise did with each other in a period, and who owes whom.

    Raises:
        NotFound: no such customer.
        EndsBeforeStart: the period does.
    """
    check_range(first_day, last_day, field="last_day")
    customer = get_customer(session, customer_id)
    operations = _operations(session, enterprise_id, customer_id).subquery()
    opening = session.scalar(
        select(money_sum(operations.c.amount)).where(operations.c.happened_on < first_day)
    )
    found = session.execute(
        select(operations)
        .where(operations.c.happened_on.between(first_day, last_day), operations.c.amount != ZERO)
        .order_by(operations.c.happened_on, operations.c.place, operations.c.number, operations.c.document_id)
    )
    rows, balance = [], opening or ZERO
    for happened_on, _, operation, document_id, number, amount in found:
        balance += amount
        debit, credit = (amount, ZERO) if amount > ZERO else (ZERO, -amount)
        rows.append(
            StatementRow(happened_on, Operation(operation), document_id, number, debit, credit, balance)
        )
    return Statement(enterprise_id, customer, first_day, last_day, opening or ZERO, rows)


def statement_table(statement: Statement) -> ReportTable:
    """The statement for people."""
    rows = [Row({"balance": statement.opening}, is_sum=True, word="report.opening")]
    rows += [
        Row(
            {
                "happened_on": row.happened_on,
                "operation": row.operation,
                "document_number": None if row.document_number is None else f"{row.document_number:06d}",
                "debit": row.debit or None,
                "credit": row.credit or None,
                "balance": row.balance,
            }
        )
        for row in statement.rows
    ]
    facts = {
        "customer": statement.customer.name,
        "first_day": statement.first_day,
        "last_day": statement.last_day,
    }
    totals = {"debit": statement.debit, "credit": statement.credit, "balance": statement.closing}
    return ReportTable("customer_statement", facts, STATEMENT, rows, totals)


def _operations(session: Session, enterprise_id: UUID, customer_id: UUID) -> Any:
    """All operations of a customer's account as (day, place, operation, document, number, signed amount)."""
    return union_all(
        *_charges(session, enterprise_id, customer_id),
        *_money(session, enterprise_id, customer_id),
        *(_crossed(session, enterprise_id, customer_id, operation) for operation in _CROSSED),
    )


def _charges(session: Session, enterprise_id: UUID, customer_id: UUID) -> Sequence[Any]:
    statements = []
    for model, operation, amount in (
        (Invoice, Operation.INVOICE, Invoice.total),
        (CreditNote, Operation.CREDIT_NOTE, -CreditNote.total),
    ):
        statements.append(
            select(
                model.issued_on.label("happened_on"),
                _place(operation).label("place"),
                _operation(operation).label("operation"),
                model.id.label("document_id"),
                model.number.label("number"),
                amount.label("amount"),
            ).where(*_own(session, model, enterprise_id, customer_id))
        )
    return statements


def _money(session: Session, enterprise_id: UUID, customer_id: UUID) -> Sequence[Any]:
    payment, refund, reversal = Operation.PAYMENT, Operation.REFUND, Operation.PAYMENT_REVERSAL
    number = Payment.cash_order_number
    paid = select(
        Payment.received_on, _place(payment), _operation(payment), Payment.id, number, -Payment.amount
    ).where(*_own(session, Payment, enterprise_id, customer_id))
    refunded = select(
        Refund.refunded_on, _place(refund), _operation(refund), Refund.id, null(), Refund.amount
    ).where(*_own(session, Refund, enterprise_id, customer_id))
    reversed_ = (
        select(
            PaymentReversal.reversed_on,
            _place(reversal),
            _operation(reversal),
            Payment.id,
            number,
            Payment.amount,
        )
        .join(
            Payment,
            and_(
                Payment.district_id == PaymentReversal.district_id, Payment.id == PaymentReversal.payment_id
            ),
        )
        .where(*_own(session, Payment, enterprise_id, customer_id))
    )
    return [paid, refunded, reversed_]


_CROSSED = (Operation.PAID_FOR_ANOTHER, Operation.PAID_BY_ANOTHER)


def _crossed(session: Session, enterprise_id: UUID, customer_id: UUID, operation: Operation) -> Any:
    """What settled between this customer and another, by day and invoice; releases have their sign."""
    for_another = operation is Operation.PAID_FOR_ANOTHER
    mine, other = (
        (Payment.customer_id, Receivable.customer_id)
        if for_another
        else (Receivable.customer_id, Payment.customer_id)
    )
    moved = money_sum(Allocation.amount)
    return (
        select(
            Allocation.allocated_on,
            _place(operation),
            _operation(operation),
            Receivable.invoice_id,
            Receivable.invoice_number,
            moved if for_another else -moved,
        )
        .join(
            Payment,
            and_(Payment.district_id == Allocation.district_id, Payment.id == Allocation.payment_id),
        )
        .join(
            Receivable,
            and_(
                Receivable.district_id == Allocation.district_id,
                Receivable.invoice_line_id == Allocation.invoice_line_id,
            ),
        )
        .where(
            Allocation.district_id == district_of(session),
            Payment.enterprise_id == enterprise_id,
            mine == customer_id,
            other != customer_id,
        )
        .group_by(Allocation.allocated_on, Receivable.invoice_id, Receivable.invoice_number)
    )


def _own(session: Session, model: Any, enterprise_id: UUID, customer_id: UUID) -> Sequence[Any]:
    return (
        model.district_id == district_of(session),
        model.enterprise_id == enterprise_id,
        model.customer_id == customer_id,
    )


def _place(operation: Operation) -> Any:
    return literal(list(Operation).index(operation))


def _operation(operation: Operation) -> Any:
    return literal(operation, EnumType(Operation))

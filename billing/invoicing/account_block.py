"""The personal account on an invoice: opening debt, charged, benefit, paid and closing debt of the month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, select
from sqlalchemy.orm import Session

from billing.invoicing.models import CreditNote, Invoice, InvoiceLine
from billing.kernel.bulk import among
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.money import ZERO, Money
from billing.ledger.models import SourceKind, Transfer
from billing.ledger.service import enterprise_book_id
from billing.receivables.models import Advance, Allocation, Receivable


@dataclass(frozen=True, slots=True)
class AccountBlock:
    """A customer's account over a month up to a day, with a new invoice in it.

    Debts are positive, advances negative: ``closing = opening + charged - benefit - paid + adjusted``.

    Attributes:
        charged: on invoices of the month, before benefits.
        paid: money received from the customer or from another payer.
        adjusted: refunds less credit notes, and own money that went to another's debt beyond ``paid``.
    """

    first_day: date
    last_day: date
    charged: Money
    benefit: Money
    paid: Money
    adjusted: Money
    closing: Money

    @property
    def opening(self) -> Money:
        """The debt before the month, as far as today's books tell."""
        return self.closing - self.charged + self.benefit + self.paid - self.adjusted

    def stored(self) -> dict[str, Any]:
        """The block as it is kept with the invoice (JSON); sums are whole tiyn."""
        return {
            "period_from": self.first_day.isoformat(),
            "period_to": self.last_day.isoformat(),
            "opening": self.opening.tiyn,
            "charged": self.charged.tiyn,
            "benefit": self.benefit.tiyn,
            "paid": self.paid.tiyn,
            "adjusted": self.adjusted.tiyn,
            "closing": self.closing.tiyn,
        }


def account_blocks(
    session: Session,
    enterprise_id: UUID,
    new: dict[UUID, tuple[Money, Money]],
    issued_on: date,
) -> dict[UUID, AccountBlock]:
    """The account blocks of customers about to be invoiced, in a fixed number of queries.

    Args:
        new: customer ids to (charged, benefit) of the invoice about to be issued.
    """
    first_day = Month.of(issued_on).first_day
    ids = list(new)
    days = (first_day, issued_on)
    charged, benefit = _charged(session, enterprise_id, ids, days)
    paid = _paid(session, enterprise_id, ids, days)
    adjusted = _adjusted(session, enterprise_id, ids, days)
    now = _now(session, enterprise_id, ids)
    blocks = {}
    for customer_id, (new_charged, new_benefit) in new.items():
        blocks[customer_id] = AccountBlock(
            first_day=first_day,
            last_day=issued_on,
            charged=charged.get(customer_id, ZERO) + new_charged,
            benefit=benefit.get(customer_id, ZERO) + new_benefit,
            paid=max(paid.get(customer_id, ZERO), ZERO),
            # Own money that settled another's debt in a month without a payment is no payment here.
            adjusted=adjusted.get(customer_id, ZERO) - min(paid.get(customer_id, ZERO), ZERO),
            closing=now.get(customer_id, ZERO) + new_charged - new_benefit,
        )
    return blocks


Sums = dict[UUID, Money]
Days = tuple[date, date]


def _sums(session: Session, *signed: tuple[int, Select[Any, Money]]) -> Sums:
    """Add up statements of (customer, amount) rows, each with its sign."""
    sums: Sums = {}
    for sign, statement in signed:
        for customer_id, amount in session.execute(statement):
            sums[customer_id] = sums.get(customer_id, ZERO) + Money(sign * amount.tiyn)
    return sums


def _charged(session: Session, enterprise_id: UUID, ids: Sequence[UUID], days: Days) -> tuple[Sums, Sums]:
    rows = session.execute(
        select(Invoice.customer_id, money_sum(InvoiceLine.amount), money_sum(InvoiceLine.benefit))
        .join(
            InvoiceLine,
            (InvoiceLine.district_id == Invoice.district_id) & (InvoiceLine.invoice_id == Invoice.id),
        )
        .where(
            Invoice.enterprise_id == enterprise_id,
            among(session, Invoice.customer_id, ids),
            Invoice.issued_on.between(*days),
        )
        .group_by(Invoice.customer_id)
    ).all()
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}


def _paid(session: Session, enterprise_id: UUID, ids: Sequence[UUID], days: Days) -> Sums:
    """Own payments, and what others' payments settled here, less what own payments settled elsewhere."""
    own = (
        select(
            Transfer.party_id,
            money_sum(case((Transfer.position >= 0, Transfer.amount), else_=-Transfer.amount)),
        )
        .where(
            Transfer.book_id == enterprise_book_id(session, enterprise_id),
            among(session, Transfer.party_id, ids),
            Transfer.source_kind == SourceKind.PAYMENT,
            Transfer.posted_on.between(*days),
        )
        .group_by(Transfer.party_id)
    )
    crossed = (
        select(Allocation.amount, Receivable.customer_id.label("debtor"), Advance.customer_id.label("payer"))
        .join(
            Receivable,
            (Receivable.district_id == Allocation.district_id)
            & (Receivable.invoice_line_id == Allocation.invoice_line_id),
        )
        .join(
            Advance,
            (Advance.district_id == Allocation.district_id) & (Advance.payment_id == Allocation.payment_id),
        )
        .where(
            Receivable.enterprise_id == enterprise_id,
            Receivable.customer_id != Advance.customer_id,
            Allocation.allocated_on.between(*days),
        )
        .subquery()
    )
    return _sums(
        session,
        (1, own),
        (1, _grouped(session, crossed.c.debtor, crossed.c.amount, ids)),
        (-1, _grouped(session, crossed.c.payer, crossed.c.amount, ids)),
    )


def _grouped(session: Session, customer: Any, amount: Any, ids: Sequence[UUID]) -> Select[Any, Money]:
    return select(customer, money_sum(amount)).where(among(session, customer, ids)).group_by(customer)


def _adjusted(session: Session, enterprise_id: UUID, ids: Sequence[UUID], days: Days) -> Sums:
    refunds = (
        select(Transfer.party_id, money_sum(Transfer.amount))
        .where(
            Transfer.book_id == enterprise_book_id(session, enterprise_id),
            among(session, Transfer.party_id, ids),
            Transfer.source_kind == SourceKind.REFUND,
            Transfer.posted_on.between(*days),
        )
        .group_by(Transfer.party_id)
    )
    credits_ = (
        select(CreditNote.customer_id, money_sum(CreditNote.total))
        .where(
            CreditNote.enterprise_id == enterprise_id,
            among(session, CreditNote.customer_id, ids),
            CreditNote.issued_on.between(*days),
        )
        .group_by(CreditNote.customer_id)
    )
    return _sums(session, (1, refunds), (-1, credits_))


def _now(session: Session, enterprise_id: UUID, ids: Sequence[UUID]) -> Sums:
    """Open debts less open advances, as they stand before the new invoices."""
    statements = [
        select(model.customer_id, money_sum(model.open_amount))
        .where(
            model.enterprise_id == enterprise_id,
            among(session, model.customer_id, ids),
            model.open_amount > ZERO,
        )
        .group_by(model.customer_id)
        for model in (Receivable, Advance)
    ]
    return _sums(session, (1, statements[0]), (-1, statements[1]))

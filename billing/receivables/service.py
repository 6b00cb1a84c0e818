"""Opens lines of invoices and allocates money to them.

Every function here expects the customer's row to be locked by ``customers.lock_customer`` first, and locks
the open lines itself before it looks at them. The enterprise's book passes every payment through advances
(3510): money received is an advance until an invoice takes it, so that a release never touches cash.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from billing.budget import service as budget
from billing.kernel.columns import money_sum
from billing.kernel.db import district_of
from billing.kernel.errors import RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, total
from billing.ledger import service as ledger
from billing.ledger.chart import ADVANCES, RECEIVABLES
from billing.ledger.models import SourceKind
from billing.receivables.allocation import OpenLine, Part, Plan, plan
from billing.receivables.models import Advance, Allocation, Receivable

OPEN_LINE_COLUMNS = (
    Receivable.invoice_line_id,
    Receivable.invoice_id,
    Receivable.customer_id,
    Receivable.service_id,
    Receivable.revenue_code,
    Receivable.invoice_year,
    Receivable.invoice_number,
    Receivable.position,
    Receivable.due_on,
    Receivable.open_amount,
    Receivable.open_vat,
)


class NotOpenForCustomer(RuleViolation):
    """A named invoice is not one of the customer's open invoices. Facts: ``invoice_ids``."""

    code = "not_open_for_customer"


class AdvanceTooSmall(RuleViolation):
    """More is to be given back than the payment's advance holds. Facts: ``advance``, ``amount``."""

    code = "advance_too_small"


@dataclass(frozen=True, slots=True)
class Source:
    """Where allocated money comes from: a payment's advance."""

    payment_id: UUID
    enterprise_id: UUID
    customer_id: UUID


@dataclass(frozen=True, slots=True)
class OwedLine:
    """An invoice line as it becomes a debt: all of it is open."""

    invoice_line_id: UUID
    invoice_id: UUID
    enterprise_id: UUID
    customer_id: UUID
    payer_id: UUID | None
    service_id: UUID
    revenue_code: str
    invoice_year: int
    invoice_number: int
    position: int
    issued_on: date
    due_on: date
    total: Money
    vat: Money


def open_receivables(session: Session, lines: Sequence[OwedLine]) -> None:
    """Open the lines of issued invoices; lines of zero are nobody's debt and stay out."""
    copied = [field.name for field in fields(OwedLine) if field.name != "vat"]
    rows = [
        {
            "district_id": district_of(session),
            **{name: getattr(line, name) for name in copied},
            "credited": ZERO,
            "open_amount": line.total,
            "open_vat": line.vat,
        }
        for line in lines
        if line.total > ZERO
    ]
    if rows:
        session.execute(insert(Receivable), rows)


def open_lines(
    session: Session, enterprise_id: UUID, customer_id: UUID, *, lock: bool = False
) -> list[OpenLine]:
    """The lines that a customer owes or pays for another, on which something is open."""
    statement = select(*OPEN_LINE_COLUMNS).where(
        Receivable.enterprise_id == enterprise_id,
        Receivable.open_amount > ZERO,
        or_(Receivable.customer_id == customer_id, Receivable.payer_id == customer_id),
    )
    if lock:
        # One order for all: two payers of the same debt wait for each other instead of dying together.
        statement = statement.order_by(Receivable.invoice_line_id).with_for_update()
    return [OpenLine(*row) for row in session.execute(statement)]


def lock_open_lines(session: Session, enterprise_id: UUID, customer_ids: Collection[UUID]) -> None:
    """Lock whatever is open for any of these customers, all at once, before they are looked at one by one.

    One after the other, two units of work that share debtors could block crosswise.
    """
    if not customer_ids:
        return
    session.execute(
        select(Receivable.invoice_line_id)
        .where(
            Receivable.enterprise_id == enterprise_id,
            Receivable.open_amount > ZERO,
            or_(Receivable.customer_id.in_(customer_ids), Receivable.payer_id.in_(customer_ids)),
        )
        .order_by(Receivable.invoice_line_id)
        .with_for_update()
    ).all()


def debt_of(session: Session, enterprise_id: UUID, customer_id: UUID) -> Money:
    """What a customer owes on issued invoices."""
    owed = session.scalar(
        select(money_sum(Receivable.open_amount)).where(
            Receivable.enterprise_id == enterprise_id,
            Receivable.customer_id == customer_id,
            Receivable.open_amount > ZERO,
        )
    )
    return owed or ZERO


def advance_of(session: Session, enterprise_id: UUID, customer_id: UUID) -> Money:
    """What a customer has paid ahead."""
    held = session.scalar(
        select(money_sum(Advance.open_amount)).where(
            Advance.enterprise_id == enterprise_id,
            Advance.customer_id == customer_id,
            Advance.open_amount > ZERO,
        )
    )
    return held or ZERO


def preview(
    session: Session,
    enterprise_id: UUID,
    customer_id: UUID,
    amount: Money,
    named: Collection[UUID] = (),
    *,
    lock: bool = False,
) -> Plan:
    """How a sum from a customer would be allocated now. Writes nothing.

    Raises:
        NotOpenForCustomer: a named invoice is not among the customer's open ones.
    """
    lines = open_lines(session, enterprise_id, customer_id, lock=lock)
    unknown = set(named) - {line.invoice_id for line in lines}
    if unknown:
        raise NotOpenForCustomer(invoice_ids=", ".join(sorted(str(each) for each in unknown)))
    return plan(lines, amount, named)


def open_advance(session: Session, source: Source, amount: Money, *, received_on: date) -> None:
    """Hold a payment's whole sum as an advance, from which ``settle`` takes. Posts nothing by itself."""
    session.execute(
        insert(Advance),
        [
            {
                "district_id": district_of(session),
                "payment_id": source.payment_id,
                "enterprise_id": source.enterprise_id,
                "customer_id": source.customer_id,
                "received_on": received_on,
                "open_amount": amount,
            }
        ],
    )


def settle(session: Session, source: Source, parts: Sequence[Part], *, settled_on: date) -> None:
    """Take parts out of a payment's advance and put them on open lines, with postings and revenue lines.

    Money that was there before the debt settles it on the day of the invoice: until then it is an advance,
    in whatever order the two are recorded.

    Args:
        parts: of a plan made under the same locks.

    Raises:
        AdvanceTooSmall: the advance holds less than the parts.
        MonthClosed: the date lies in a closed month. Nothing is settled.
        NoPostingPolicy, UnknownBudgetCode: the revenue cannot be posted. Nothing is settled.
    """
    if not parts:
        return
    take_from_advance(session, source.payment_id, total(part.amount for part in parts))
    issued = session.execute(
        select(Receivable.invoice_line_id, Receivable.issued_on).where(
            Receivable.invoice_line_id.in_([part.line.invoice_line_id for part in parts])
        )
    )
    days = {row.invoice_line_id: max(settled_on, row.issued_on) for row in issued}
    for day in sorted(set(days.values())):
        _settle_on(session, source, [part for part in parts if days[part.line.invoice_line_id] == day], day)


def _settle_on(session: Session, source: Source, parts: Sequence[Part], day: date) -> None:
    ids = [new_id() for _ in parts]
    session.execute(
        insert(Allocation),
        [
            {
                "district_id": district_of(session),
                "id": allocation_id,
                "payment_id": source.payment_id,
                "invoice_id": part.line.invoice_id,
                "invoice_line_id": part.line.invoice_line_id,
                "amount": part.amount,
                "vat": part.vat,
                "allocated_on": day,
                "reverses_id": None,
            }
            for allocation_id, part in zip(ids, parts, strict=True)
        ],
    )
    for part in parts:
        lower(session, part.line.invoice_line_id, part.amount, part.vat, credited=ZERO)
    ledger.post(
        session,
        ledger.enterprise_book_id(session, source.enterprise_id),
        day,
        [_settlement(allocation_id, part) for allocation_id, part in zip(ids, parts, strict=True)],
    )
    fees = [
        budget.Fee(
            allocation_id=allocation_id,
            payment_id=source.payment_id,
            invoice_line_id=part.line.invoice_line_id,
            service_id=part.line.service_id,
            code=part.line.revenue_code,
            net=part.amount - part.vat,
        )
        for allocation_id, part in zip(ids, parts, strict=True)
    ]
    budget.post_revenue(session, source.enterprise_id, fees, posted_on=day)


def _settlement(allocation_id: UUID, part: Part) -> ledger.Entry:
    return ledger.Entry(
        debit=ADVANCES,
        credit=RECEIVABLES,
        amount=part.amount,
        source_kind=SourceKind.ALLOCATION,
        source_id=allocation_id,
        party_id=part.line.customer_id,
        invoice_id=part.line.invoice_id,
    )


def take_from_advance(session: Session, payment_id: UUID, amount: Money) -> None:
    """Lower a payment's advance.

    Raises:
        AdvanceTooSmall: it holds less. The advance stays as it is.
    """
    advance = session.scalar(
        select(Advance)
        .where(Advance.payment_id == payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    held = advance.open_amount if advance is not None else ZERO
    if advance is None or held < amount:
        raise AdvanceTooSmall(advance=held, amount=amount)
    advance.open_amount = held - amount
    session.flush()


def lower(session: Session, invoice_line_id: UUID, amount: Money, vat: Money, *, credited: Money) -> None:
    """Change what is open of a line by an amount and its VAT; the row's CHECKs refuse what cannot be."""
    session.execute(
        update(Receivable)
        .where(Receivable.district_id == district_of(session), Receivable.invoice_line_id == invoice_line_id)
        .values(
            open_amount=Receivable.open_amount - amount,
            open_vat=Receivable.open_vat - vat,
            credited=Receivable.credited + credited,
        )
        .execution_options(synchronize_session=False)
    )


def consume_advances(
    session: Session,
    enterprise_id: UUID,
    customer_ids: Collection[UUID],
    *,
    settled_on: date,
    named: Collection[UUID] = (),
) -> Money:
    """Let customers' advances settle what they owe or pay for others, oldest advance and oldest debt first.

    Returns:
        What was settled.
    """
    settled = ZERO
    advances = session.scalars(
        select(Advance)
        .where(
            Advance.enterprise_id == enterprise_id,
            Advance.customer_id.in_(customer_ids),
            Advance.open_amount > ZERO,
        )
        .order_by(Advance.received_on, Advance.payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    lock_open_lines(session, enterprise_id, {advance.customer_id for advance in advances})
    for advance in advances:
        lines = open_lines(session, enterprise_id, advance.customer_id, lock=True)
        if not lines:
            continue
        allocation = plan(lines, advance.open_amount, named)
        source = Source(advance.payment_id, enterprise_id, advance.customer_id)
        day = max(settled_on, advance.received_on)  # no debt is settled before its money came
        settle(session, source, allocation.parts, settled_on=day)
        settled += total(part.amount for part in allocation.parts)
    return settled

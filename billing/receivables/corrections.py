"""Releases allocations and credits lines: the ways back. Rows are locked before they are looked at."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from billing.budget import service as budget
from billing.kernel.errors import RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.ledger import service as ledger
from billing.ledger.chart import ADVANCES, RECEIVABLES
from billing.ledger.models import SourceKind, Transfer
from billing.receivables.allocation import OpenLine, vat_within
from billing.receivables.models import Advance, Allocation, Receivable
from billing.receivables.open_lines import OPEN_LINE_COLUMNS
from billing.receivables.settlement import lower


class CreditExceedsLine(RuleViolation):
    """A credit takes more off a line than is left of it. Facts: ``invoice_line_id``, ``left``, ``amount``."""

    code = "credit_exceeds_line"


def release(session: Session, allocation_ids: Sequence[UUID], *, released_on: date) -> None:
    """Undo allocations: their sums are open on the lines again and lie in the payments' advances.

    The enterprise's transfer is corrected by one that points to it, the revenue line by its mirror; a later
    allocation on its own day, since nothing is undone before it was done.

    Raises:
        MonthClosed: the date lies in a closed month. Nothing is released.
    """
    rows = session.execute(
        select(Allocation, Receivable.enterprise_id, Receivable.customer_id, Transfer.id)
        .join(
            Receivable,
            (Receivable.district_id == Allocation.district_id)
            & (Receivable.invoice_line_id == Allocation.invoice_line_id),
        )
        .join(
            Transfer,
            (Transfer.district_id == Allocation.district_id)
            & (Transfer.source_id == Allocation.id)
            & (Transfer.source_kind == SourceKind.ALLOCATION)
            & (Transfer.position == 0),
        )
        .where(Allocation.id.in_(allocation_ids))
        .order_by(Receivable.invoice_line_id, Allocation.id)
        .with_for_update(of=Receivable)
    ).all()
    released_on_day: dict[date, list[UUID]] = {}
    for allocation, enterprise_id, customer_id, transfer_id in rows:
        day = max(released_on, allocation.allocated_on)
        released_on_day.setdefault(day, []).append(allocation.id)
        session.add(_opposite(allocation, day))
        session.flush()
        lower(session, allocation.invoice_line_id, -allocation.amount, -allocation.vat, credited=ZERO)
        _put_back(session, allocation.payment_id, allocation.amount)
        entry = ledger.Entry(
            debit=RECEIVABLES,
            credit=ADVANCES,
            amount=allocation.amount,
            source_kind=SourceKind.ALLOCATION,
            source_id=allocation.id,
            position=-1,
            party_id=customer_id,
            invoice_id=allocation.invoice_id,
            reverses_id=transfer_id,
        )
        ledger.post(session, ledger.enterprise_book_id(session, enterprise_id), day, [entry])
    for day, ids in sorted(released_on_day.items()):
        budget.reverse_revenue(session, ids, reversed_on=day)


def _opposite(allocation: Allocation, released_on: date) -> Allocation:
    return Allocation(
        district_id=allocation.district_id,
        id=new_id(),
        payment_id=allocation.payment_id,
        invoice_id=allocation.invoice_id,
        invoice_line_id=allocation.invoice_line_id,
        amount=-allocation.amount,
        vat=-allocation.vat,
        allocated_on=released_on,
        reverses_id=allocation.id,
    )


def live_allocations(
    session: Session, *, payment_id: UUID | None = None, invoice_line_id: UUID | None = None
) -> list[Allocation]:
    """Allocations of a payment or to a line that were not released, the latest first."""
    released = aliased(Allocation)
    statement = (
        select(Allocation)
        .outerjoin(
            released,
            (released.district_id == Allocation.district_id) & (released.reverses_id == Allocation.id),
        )
        .where(Allocation.reverses_id.is_(None), released.id.is_(None))
        .order_by(Allocation.id.desc())
    )
    if payment_id is not None:
        statement = statement.where(Allocation.payment_id == payment_id)
    if invoice_line_id is not None:
        statement = statement.where(Allocation.invoice_line_id == invoice_line_id)
    return list(session.scalars(statement))


def credit(
    session: Session, amounts: Mapping[UUID, Money], *, credited_on: date
) -> dict[UUID, tuple[Money, Money]]:
    """Take sums off lines. Money that had settled what is taken off is released into advances first.

    Args:
        amounts: line ids to what is taken off, strictly positive.

    Returns:
        Line ids to (amount, VAT within it), for the credit note. The caller posts the income's side.

    Raises:
        CreditExceedsLine: more than the line's total less its earlier credits. Nothing is credited.
        MonthClosed: money was to be released in a closed month.
    """
    lines = session.scalars(
        select(Receivable)
        .where(Receivable.invoice_line_id.in_(amounts))
        .order_by(Receivable.invoice_line_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for line in lines:
        left = line.total - line.credited
        if amounts[line.invoice_line_id] > left:
            raise CreditExceedsLine(
                invoice_line_id=line.invoice_line_id, left=left, amount=amounts[line.invoice_line_id]
            )
    for line in lines:
        _release_beyond(session, line, amounts[line.invoice_line_id], credited_on)
    taken_off: dict[UUID, tuple[Money, Money]] = {}
    for row in session.execute(select(*OPEN_LINE_COLUMNS).where(Receivable.invoice_line_id.in_(amounts))):
        line_now = OpenLine._make(row)
        amount = amounts[line_now.invoice_line_id]
        vat = vat_within(line_now, amount)
        lower(session, line_now.invoice_line_id, amount, vat, credited=amount)
        taken_off[line_now.invoice_line_id] = (amount, vat)
    return taken_off


def _release_beyond(session: Session, line: Receivable, amount: Money, released_on: date) -> None:
    """Release the latest allocations of a line until enough is open for a credit of the amount."""
    missing = amount - line.open_amount
    to_release: list[UUID] = []
    for allocation in live_allocations(session, invoice_line_id=line.invoice_line_id):
        if missing <= ZERO:
            break
        to_release.append(allocation.id)
        missing -= allocation.amount
    if to_release:
        release(session, to_release, released_on=released_on)


def _put_back(session: Session, payment_id: UUID, amount: Money) -> None:
    advance = session.scalars(
        select(Advance)
        .where(Advance.payment_id == payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    advance.open_amount += amount
    session.flush()

"""Settles open lines out of advances, for one payment or for thousands at once.

Every function here expects the customers' rows to be locked by ``customers.lock_customers`` first. The
enterprise's book passes every payment through advances (3510): money received is an advance until an invoice
takes it, so that a release never touches cash.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.budget import service as budget
from billing.kernel.bulk import among, insert_rows, lower_rows
from billing.kernel.db import district_of
from billing.kernel.errors import RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, total
from billing.ledger import service as ledger
from billing.ledger.chart import ADVANCES, RECEIVABLES
from billing.ledger.models import SourceKind
from billing.receivables.allocation import Part
from billing.receivables.models import Advance, Allocation, Receivable
from billing.receivables.open_lines import load_open_lines


class AdvanceTooSmall(RuleViolation):
    """More is to be given back than the payment's advance holds. Facts: ``advance``, ``amount``."""

    code = "advance_too_small"


class Source(NamedTuple):
    """Where allocated money comes from: a payment's advance."""

    payment_id: UUID
    customer_id: UUID
    received_on: date


class Settlement(NamedTuple):
    """Parts of one payment that go to open lines.

    Attributes:
        parts: of a plan made under the same locks.
        settled_on: the day; a line issued later is settled on the day of its invoice, because until then the
            money is an advance, in whatever order the two are recorded.
    """

    source: Source
    parts: Sequence[Part]
    settled_on: date


SETTLED_ON = frozenset({ADVANCES, RECEIVABLES})  # the accounts that a settlement moves

_ADVANCE_COLUMNS = (
    "district_id",
    "payment_id",
    "enterprise_id",
    "customer_id",
    "received_on",
    "open_amount",
)
_ALLOCATION_COLUMNS = (
    "district_id",
    "id",
    "payment_id",
    "invoice_id",
    "invoice_line_id",
    "amount",
    "vat",
    "allocated_on",
)


def open_advances(session: Session, enterprise_id: UUID, advances: Sequence[tuple[Source, Money]]) -> None:
    """Hold what no line takes of new payments, to be consumed later. Posts nothing by itself."""
    district_id = district_of(session)
    rows = [
        (district_id, source.payment_id, enterprise_id, source.customer_id, source.received_on, rest)
        for source, rest in advances
    ]
    insert_rows(session, Advance, _ADVANCE_COLUMNS, rows)


def settle(session: Session, enterprise_id: UUID, settlements: Sequence[Settlement]) -> None:
    """Put parts of payments on open lines, with postings and revenue lines. Advances are the caller's work.

    Raises:
        MonthClosed, NoPostingPolicy, UnknownBudgetCode: see ``Settling.settle``.
    """
    if any(settlement.parts for settlement in settlements):
        postings = ledger.Postings(session)
        Settling(session, enterprise_id).settle(settlements, postings)
        postings.write()


class Settling:
    """Settles open lines of an enterprise, again and again in one transaction or savepoint.

    What it has to know of the books it reads with the first settlements, and never again.
    """

    def __init__(
        self,
        session: Session,
        enterprise_id: UUID,
        book: ledger.HeldBook | None = None,
        revenue: budget.Revenue | None = None,
    ) -> None:
        """Settle in books that may be held already, the enterprise's with the accounts of ``SETTLED_ON``."""
        self._session = session
        self._enterprise_id = enterprise_id
        self._book = book
        self._revenue = revenue or budget.Revenue(session, enterprise_id)

    def settle(self, settlements: Sequence[Settlement], postings: ledger.Postings) -> None:
        """Put parts of payments on open lines, with postings and revenue lines.

        Args:
            postings: takes those of the settlements, for the caller to write.

        Raises:
            MonthClosed: a date lies in a closed month. Nothing is settled.
            NoPostingPolicy, UnknownBudgetCode: the revenue cannot be posted. Nothing is settled.
        """
        placed = [
            (new_id(), settlement.source.payment_id, part, max(settlement.settled_on, part.line.issued_on))
            for settlement in settlements
            for part in settlement.parts
        ]
        if not placed:
            return
        if self._book is None:
            self._book = ledger.hold_enterprise_book(self._session, self._enterprise_id, SETTLED_ON)
        district_id = district_of(self._session)
        rows = [
            (
                district_id,
                allocation_id,
                payment_id,
                part.line.invoice_id,
                part.line.invoice_line_id,
                part.amount,
                part.vat,
                day,
            )
            for allocation_id, payment_id, part, day in placed
        ]
        insert_rows(self._session, Allocation, _ALLOCATION_COLUMNS, rows)
        _lower_lines(self._session, [part for _, _, part, _ in placed])
        entries = [(day, _entry(allocation_id, part)) for allocation_id, _, part, day in placed]
        postings.add(self._book, entries)
        self._revenue.post([_fee(*each) for each in placed], postings)


def _fee(allocation_id: UUID, payment_id: UUID, part: Part, day: date) -> budget.Fee:
    return budget.Fee(
        allocation_id=allocation_id,
        payment_id=payment_id,
        invoice_line_id=part.line.invoice_line_id,
        service_id=part.line.service_id,
        code=part.line.revenue_code,
        net=part.amount - part.vat,
        posted_on=day,
    )


def _entry(allocation_id: UUID, part: Part) -> ledger.Entry:
    return ledger.Entry(
        debit=ADVANCES,
        credit=RECEIVABLES,
        amount=part.amount,
        source_kind=SourceKind.ALLOCATION,
        source_id=allocation_id,
        party_id=part.line.customer_id,
        invoice_id=part.line.invoice_id,
    )


def _lower_lines(session: Session, parts: Sequence[Part]) -> None:
    """Take the parts off their lines, each line once: an UPDATE that joins a row twice changes it once."""
    taken: dict[UUID, tuple[Money, Money]] = {}
    for part in parts:
        amount, vat = taken.get(part.line.invoice_line_id, (ZERO, ZERO))
        taken[part.line.invoice_line_id] = (amount + part.amount, vat + part.vat)
    lower_rows(
        session,
        Receivable,
        "invoice_line_id",
        ("open_amount", "open_vat"),
        [(line_id, *amounts) for line_id, amounts in taken.items()],
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

    The number of statements does not grow with the customers.

    Args:
        named: invoices that are settled before older ones, by whose customer and payer they are.

    Returns:
        What was settled.
    """
    advances = session.execute(
        select(Advance.payment_id, Advance.customer_id, Advance.received_on, Advance.open_amount)
        .where(
            Advance.enterprise_id == enterprise_id,
            among(session, Advance.customer_id, customer_ids),
            Advance.open_amount > ZERO,
        )
        .order_by(Advance.received_on, Advance.payment_id)
        .with_for_update()
    ).all()
    if not advances:
        return ZERO
    lines = load_open_lines(session, enterprise_id, {row.customer_id for row in advances}, lock=True)
    settlements: list[Settlement] = []
    for row in advances:
        open_invoices = {line.invoice_id for line in lines.of(row.customer_id)}
        if not open_invoices:
            continue
        source = Source(row.payment_id, row.customer_id, row.received_on)
        parts = lines.plan(row.customer_id, row.open_amount, open_invoices.intersection(named)).parts
        # No debt is settled before its money came.
        settlements.append(Settlement(source, parts, max(settled_on, row.received_on)))
    taken = [
        (settlement.source.payment_id, total(part.amount for part in settlement.parts))
        for settlement in settlements
    ]
    lower_rows(session, Advance, "payment_id", ("open_amount",), taken)
    settle(session, enterprise_id, settlements)
    return total(amount for _, amount in taken)

"""The open lines of customers, loaded at once, and planned against one payment after the other."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import and_, bindparam, literal_column, or_, select
from sqlalchemy.orm import Session

from billing.kernel.errors import RuleViolation
from billing.kernel.money import Money
from billing.kernel.ready import Ready, among_given
from billing.receivables.allocation import OpenLine, Plan, plan
from billing.receivables.models import Receivable

OPEN_LINE_COLUMNS = (
    Receivable.invoice_line_id,
    Receivable.invoice_id,
    Receivable.customer_id,
    Receivable.service_id,
    Receivable.revenue_code,
    Receivable.invoice_year,
    Receivable.invoice_number,
    Receivable.position,
    Receivable.issued_on,
    Receivable.due_on,
    Receivable.open_amount,
    Receivable.open_vat,
    Receivable.payer_id,
)

# Nothing is written out, as in the partial indexes: whether these can answer, a parameter would not tell.
_IS_OPEN = Receivable.open_amount > literal_column("0", Receivable.open_amount.type)
_OF_CUSTOMERS = select(*OPEN_LINE_COLUMNS).where(
    Receivable.enterprise_id == bindparam("enterprise_id"),
    # Said in both, so that SQLite sees that each has an index of its own.
    or_(
        and_(_IS_OPEN, among_given(Receivable.customer_id, "customer_ids")),
        and_(_IS_OPEN, among_given(Receivable.payer_id, "customer_ids")),
    ),
)
_SEEN = Ready(_OF_CUSTOMERS)
_HELD = Ready(_OF_CUSTOMERS.order_by(Receivable.invoice_line_id).with_for_update())


class NotOpenForCustomer(RuleViolation):
    """A named invoice is not one of the customer's open invoices. Facts: ``invoice_ids``."""

    code = "not_open_for_customer"


class OpenLines:
    """What customers owe or pay for others. Each plan made here leaves the next one what it did not take."""

    def __init__(self) -> None:
        """Of nobody yet."""
        self._lines: dict[UUID, OpenLine] = {}
        self._of_customer: dict[UUID, list[UUID]] = {}

    def add(self, lines: Iterable[OpenLine]) -> None:
        """Take over more lines; one that is known keeps what plans have left of it."""
        for line in lines:
            if line.invoice_line_id in self._lines:
                continue
            self._lines[line.invoice_line_id] = line
            self._of_customer.setdefault(line.customer_id, []).append(line.invoice_line_id)
            if line.payer_id is not None:
                self._of_customer.setdefault(line.payer_id, []).append(line.invoice_line_id)

    def of(self, customer_id: UUID) -> list[OpenLine]:
        """The lines that a customer owes or pays, on which something is still open."""
        lines = [self._lines[line_id] for line_id in self._of_customer.get(customer_id, ())]
        return [line for line in lines if line.open_amount.tiyn]

    def plan(self, customer_id: UUID, amount: Money, named: Collection[UUID] = ()) -> Plan:
        """Allocate a sum from a customer to his lines, and take off what it settles.

        Raises:
            NotOpenForCustomer: a named invoice is not among the customer's open ones. Nothing is taken off.
        """
        lines = self.of(customer_id)
        unknown = set(named) - {line.invoice_id for line in lines}
        if unknown:
            raise NotOpenForCustomer(invoice_ids=", ".join(sorted(str(each) for each in unknown)))
        allocation = plan(lines, amount, named)
        for part in allocation.parts:
            self._lines[part.line.invoice_line_id] = part.line._replace(
                open_amount=part.line.open_amount - part.amount,
                open_vat=part.line.open_vat - part.vat,
            )
        return allocation


def load_open_lines(
    session: Session,
    enterprise_id: UUID,
    customer_ids: Collection[UUID],
    *,
    lock: bool = False,
    into: OpenLines | None = None,
) -> OpenLines:
    """The open lines of customers, in one query.

    Args:
        lock: hold them until the end of the transaction; all at once and in one order for all, so that two
            units of work that share debtors wait for each other instead of dying together.
        into: the lines of other customers, to which these are added.
    """
    rows = (_HELD if lock else _SEEN).rows(session, enterprise_id=enterprise_id, customer_ids=customer_ids)
    lines = OpenLines() if into is None else into
    lines.add(map(OpenLine._make, rows))
    return lines


def open_lines(session: Session, enterprise_id: UUID, customer_id: UUID) -> list[OpenLine]:
    """The lines that a customer owes or pays for another, on which something is open."""
    return load_open_lines(session, enterprise_id, [customer_id]).of(customer_id)

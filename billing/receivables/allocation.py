"""The rule of allocation, as a pure function: which open lines a sum settles, and why in that order."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from billing.kernel.money import ZERO, Money, split, total
from billing.kernel.shown import Shown


class AllocationReason(Shown):
    """Why an invoice got its part of a payment."""

    NAMED = "named"  # the payer named it
    OLDEST_DEBT = "oldest_debt"  # the earliest due date among the open invoices


class OpenLine(NamedTuple):
    """An invoice line on which something is open.

    Attributes:
        open_vat: the VAT within ``open_amount``.
        payer_id: another customer who pays it.
    """

    invoice_line_id: UUID
    invoice_id: UUID
    customer_id: UUID
    service_id: UUID
    revenue_code: str
    invoice_year: int
    invoice_number: int
    position: int
    issued_on: date
    due_on: date
    open_amount: Money
    open_vat: Money
    payer_id: UUID | None = None


class Part(NamedTuple):
    """What an open line gets; ``vat`` is within ``amount``."""

    line: OpenLine
    amount: Money
    vat: Money


class Step(NamedTuple):
    """One line of the explanation: an invoice, what was open on it, what it got, and why it came now."""

    invoice_id: UUID
    invoice_year: int
    invoice_number: int
    due_on: date
    open_before: Money
    allocated: Money
    reason: AllocationReason
    parts: tuple[Part, ...]

    def stored(self) -> dict[str, Any]:
        """The step as it is kept with the payment (JSON)."""
        return {
            "invoice_id": str(self.invoice_id),
            "invoice_year": self.invoice_year,
            "invoice_number": self.invoice_number,
            "due_on": self.due_on.isoformat(),
            "open_before": str(self.open_before),
            "allocated": str(self.allocated),
            "reason": self.reason.value,
            "lines": [
                {"invoice_line_id": str(part.line.invoice_line_id), "amount": str(part.amount)}
                for part in self.parts
            ],
        }


class Plan(NamedTuple):
    """How a sum is allocated: parts for lines, steps for people, and what no invoice takes.

    Attributes:
        owed_after: what each debtor still owes when this is done; who owes nothing more may be missing.
    """

    parts: list[Part]
    steps: list[Step]
    rest: Money
    owed_after: Mapping[UUID, Money]


def plan(lines: Sequence[OpenLine], amount: Money, named: Collection[UUID] = ()) -> Plan:
    """Allocate a sum to open lines: named invoices first, then the oldest debt.

    Invoices are settled one after the other, by due date, then number. An invoice that is settled only in
    part gives each of its lines a share in proportion to what is open on it, by largest remainder.

    Args:
        amount: strictly positive.
        named: ids of the invoices the payer named.
    """
    assert amount > ZERO, amount

    def order(line: OpenLine) -> tuple[Any, ...]:
        return (
            line.invoice_id not in named,
            line.due_on,
            line.invoice_year,
            line.invoice_number,
            line.position,
        )

    parts: list[Part] = []
    steps: list[Step] = []
    rest = amount
    for invoice_id, group in groupby(sorted(lines, key=order), key=lambda line: line.invoice_id):
        if rest == ZERO:
            break
        of_invoice = list(group)
        open_before = total(line.open_amount for line in of_invoice)
        allocated = min(rest, open_before)
        owed = [line.open_amount for line in of_invoice]
        shares = owed if allocated == open_before else split(allocated, owed)
        of_step = tuple(
            Part(line, share, vat_within(line, share))
            for line, share in zip(of_invoice, shares, strict=True)
            if share > ZERO
        )
        parts += of_step
        first = of_invoice[0]
        reason = AllocationReason.NAMED if invoice_id in named else AllocationReason.OLDEST_DEBT
        steps.append(
            Step(
                invoice_id,
                first.invoice_year,
                first.invoice_number,
                first.due_on,
                open_before,
                allocated,
                reason,
                of_step,
            )
        )
        rest -= allocated
    return Plan(parts, steps, rest, _owed_after(lines, parts))


def _owed_after(lines: Sequence[OpenLine], parts: Sequence[Part]) -> Mapping[UUID, Money]:
    owed: dict[UUID, Money] = {}
    for line in lines:
        owed[line.customer_id] = owed.get(line.customer_id, ZERO) + line.open_amount
    for part in parts:
        owed[part.line.customer_id] -= part.amount
    return owed


def vat_within(line: OpenLine, amount: Money) -> Money:
    """The VAT within a part of an open line: in proportion, and all that is left with the last part."""
    if amount == line.open_amount:
        return line.open_vat
    return line.open_vat.share(amount.tiyn, line.open_amount.tiyn)

"""Why a payment was allocated as it was, for people: the stored steps, and a sentence for each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from billing.invoicing.documents import number_text
from billing.kernel.i18n import text
from billing.kernel.money import ZERO, Money
from billing.receivables.allocation import AllocationReason


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """What an invoice got of a payment, and why it came in that place."""

    invoice_id: UUID
    invoice_year: int
    invoice_number: int
    due_on: date
    open_before: Money
    allocated: Money
    reason: AllocationReason


def read_steps(stored: Iterable[Mapping[str, Any]]) -> list[ExplainedStep]:
    """The steps as they are kept with a payment, read back."""
    return [
        ExplainedStep(
            invoice_id=UUID(step["invoice_id"]),
            invoice_year=step["invoice_year"],
            invoice_number=step["invoice_number"],
            due_on=date.fromisoformat(step["due_on"]),
            open_before=Money.parse(step["open_before"]),
            allocated=Money.parse(step["allocated"]),
            reason=AllocationReason(step["reason"]),
        )
        for step in stored
    ]


def sentences(steps: Sequence[ExplainedStep], rest: Money, language: str) -> list[str]:
    """The allocation in words: a sentence for each invoice in its order, and one for what is left over."""
    said = [
        text(
            "explanation.whole" if step.allocated == step.open_before else "explanation.part",
            language,
            number=number_text(step.invoice_number),
            year=step.invoice_year,
            due_on=step.due_on,
            allocated=step.allocated,
            open_before=step.open_before,
            reason=step.reason,
        )
        for step in steps
    ]
    if rest > ZERO:
        said.append(text("explanation.advance", language, rest=rest))
    return said

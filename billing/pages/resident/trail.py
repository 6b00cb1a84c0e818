"""Where the money of an invoice went: the codes of the district's budget on which its payments stand."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.budget.models import BudgetCode, RevenueLine
from billing.budget.plan import codes_of_year
from billing.invoicing.models import InvoiceLine
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.money import Money


@dataclass(frozen=True, slots=True)
class RevenueStep:
    """What was paid for a service, as it stands in the budget.

    Attributes:
        service: its names, by language.
        name: of the code, None where the year's classification has lost it.
        amount: net of VAT; negative for what was taken back, in the month of it.
    """

    service: dict[str, str]
    code: str
    name: BudgetCode | None
    month: Month
    amount: Money


def revenue_of(session: Session, invoice_id: UUID) -> list[RevenueStep]:
    """The revenue lines of an invoice by service, code and month; what came to nothing is left out."""
    names = (InvoiceLine.name_kk, InvoiceLine.name_ru, InvoiceLine.name_en)
    kept = (RevenueLine.month, RevenueLine.code, RevenueLine.fiscal_year, InvoiceLine.position, *names)
    rows = session.execute(
        select(*kept, money_sum(RevenueLine.amount).label("amount"))
        .join(
            InvoiceLine,
            (InvoiceLine.district_id == RevenueLine.district_id)
            & (InvoiceLine.id == RevenueLine.invoice_line_id),
        )
        .where(InvoiceLine.invoice_id == invoice_id)
        .group_by(*kept)
        .order_by(RevenueLine.month, InvoiceLine.position)
    ).all()
    codes = {
        (year, code.code): code
        for year in {row.fiscal_year for row in rows}
        for code in codes_of_year(session, year, {row.code for row in rows})
    }
    return [
        RevenueStep(
            service={"kk": row.name_kk, "ru": row.name_ru, "en": row.name_en},
            code=row.code,
            name=codes.get((row.fiscal_year, row.code)),
            month=row.month,
            amount=row.amount,
        )
        for row in rows
        if row.amount
    ]

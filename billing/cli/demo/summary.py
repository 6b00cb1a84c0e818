"""What the demo made, in figures, and the revenue execution they end in."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.archive.models import ArchivedDocument
from billing.budget.models import RevenueLine
from billing.budget.reports import execution_table, revenue_execution
from billing.cli.demo.scene import Scene
from billing.customers.models import Contract, Customer
from billing.invoicing.models import CreditNote, Invoice
from billing.kernel.columns import money_sum
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.kernel.reporting import ReportTable
from billing.orders.models import CompletionAct, ServiceOrder
from billing.payments.models import Payment, PaymentReversal, Refund
from billing.receivables.models import Advance, Receivable
from billing.workforce.models import Contractor, Worker

COUNTED = {
    "customers": Customer,
    "contracts": Contract,
    "workers": Worker,
    "contractors": Contractor,
    "orders": ServiceOrder,
    "acts": CompletionAct,
    "invoices": Invoice,
    "credit_notes": CreditNote,
    "payments": Payment,
    "refunds": Refund,
    "reversals": PaymentReversal,
    "documents_count": ArchivedDocument,
}
SUMMED = {
    "invoiced": Invoice.total,
    "paid": Payment.amount,
    "open": Receivable.open_amount,
    "advances": Advance.open_amount,
    "revenue": RevenueLine.amount,
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands in the district's database.

    Attributes:
        counts: by the codes of ``COUNTED``.
        sums: by the codes of ``SUMMED``.
        revenue: the execution of each year's revenue plan that the story touches.
    """

    counts: dict[str, int]
    sums: dict[str, Money]
    revenue: list[ReportTable]


def summary_of(session: Session, scene: Scene) -> Summary:
    """Count and sum up the session's district."""
    counts = {
        code: session.scalar(select(func.count()).select_from(model)) or 0 for code, model in COUNTED.items()
    }
    sums = {code: session.scalar(select(money_sum(amount))) or Money(0) for code, amount in SUMMED.items()}
    through = Month.of(scene.today)
    # Whoever looks in January sees the old year's table too: most of the fees came in then.
    years = sorted({scene.months[0].next().year, through.year})
    revenue = [
        execution_table(revenue_execution(session, year, min(through, Month(year, 12)))) for year in years
    ]
    return Summary(counts, sums, revenue)

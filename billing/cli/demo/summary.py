"""What the demo made, in figures, and the revenue execution they end in."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.archive.models import ArchivedDocument
from billing.budget.models import RevenueLine
from billing.budget.reports import execution_table, revenue_execution
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
        revenue: the execution of the year's revenue plan up to a month.
    """

    counts: dict[str, int]
    sums: dict[str, Money]
    revenue: ReportTable


def summary_of(session: Session, through: Month) -> Summary:
    """Count and sum up the session's district."""
    counts = {
        code: session.scalar(select(func.count()).select_from(model)) or 0 for code, model in COUNTED.items()
    }
    sums = {code: session.scalar(select(money_sum(amount))) or Money(0) for code, amount in SUMMED.items()}
    return Summary(counts, sums, execution_table(revenue_execution(session, through.year, through)))

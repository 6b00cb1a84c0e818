"""What runs did, told with the names people know: numbers of contracts, accounts, invoices."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers.models import Contract, Customer
from billing.invoicing.models import Invoice
from billing.invoicing.runs.finding import Finding
from billing.invoicing.runs.models import BillingRunInvoice, BillingRunResult, RunOutcome
from billing.kernel.kept_facts import recall


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was not billed, and whose it is.

    Attributes:
        contract_number: None for a customer's completed work.
        facts: of the refusal under ``code``, for its sentence.
    """

    contract_id: UUID | None
    contract_number: str | None
    customer_id: UUID
    account_number: str
    code: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A result with the names in it.

    Attributes:
        reason: None where invoices were issued.
    """

    result: BillingRunResult
    contract_number: str | None
    account_number: str
    reason: Reason | None
    invoices: Sequence[Invoice]


def reasons_of(session: Session, findings: Collection[Finding]) -> list[Reason]:
    """Why findings of a trial come to nothing."""
    subjects = [finding.subject for finding in findings]
    accounts = _accounts(session, {subject.customer_id for subject in subjects})
    return [
        Reason(
            finding.subject.contract.id if finding.subject.contract is not None else None,
            finding.subject.contract.number if finding.subject.contract is not None else None,
            finding.subject.customer_id,
            accounts[finding.subject.customer_id],
            finding.reason.code,
            finding.reason.facts,
        )
        for finding in findings
        if finding.reason is not None
    ]


def told(session: Session, results: Sequence[BillingRunResult]) -> list[Told]:
    """Results with names and invoices, in three queries however many they are."""
    accounts = _accounts(session, {result.customer_id for result in results})
    contract_ids = {result.contract_id for result in results}
    rows = session.execute(select(Contract.id, Contract.number).where(Contract.id.in_(contract_ids)))
    numbers: dict[UUID | None, str] = {row.id: row.number for row in rows}
    invoices = _invoices(session, [each.id for each in results if each.outcome is RunOutcome.BILLED])
    return [
        Told(
            result,
            numbers.get(result.contract_id),
            accounts[result.customer_id],
            _reason(result, numbers.get(result.contract_id), accounts[result.customer_id]),
            invoices.get(result.id, ()),
        )
        for result in results
    ]


def _reason(result: BillingRunResult, contract_number: str | None, account_number: str) -> Reason | None:
    if result.code is None:
        return None
    facts = recall(result.facts)
    return Reason(result.contract_id, contract_number, result.customer_id, account_number, result.code, facts)


def _accounts(session: Session, customer_ids: Collection[UUID]) -> dict[UUID, str]:
    rows = session.execute(select(Customer.id, Customer.account_number).where(Customer.id.in_(customer_ids)))
    return {row.id: row.account_number for row in rows}


def _invoices(session: Session, result_ids: Collection[UUID]) -> dict[UUID, list[Invoice]]:
    rows = session.execute(
        select(BillingRunInvoice.result_id, Invoice)
        .join(
            Invoice,
            (Invoice.district_id == BillingRunInvoice.district_id)
            & (Invoice.id == BillingRunInvoice.invoice_id),
        )
        .where(BillingRunInvoice.result_id.in_(result_ids))
        .order_by(Invoice.year, Invoice.number)
    )
    found: dict[UUID, list[Invoice]] = {}
    for result_id, invoice in rows:
        found.setdefault(result_id, []).append(invoice)
    return found

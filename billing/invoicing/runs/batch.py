"""One batch of a run: invoices for many contracts in the same few statements, and a result for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.districts import service as districts
from billing.districts.models import Enterprise
from billing.invoicing.drafts import Draft
from billing.invoicing.issued import IssuedInvoice
from billing.invoicing.runs.finding import Finding, Subject, Terms, find
from billing.invoicing.runs.models import BillingRun, BillingRunInvoice, BillingRunResult, RunOutcome
from billing.invoicing.service import issue, lock_with_payers
from billing.kernel.behind import writing_behind
from billing.kernel.bulk import Row, insert_rows
from billing.kernel.errors import Conflict, Refusal
from billing.kernel.ids import new_id
from billing.kernel.kept_facts import keep
from billing.kernel.money import total

LINK = ("district_id", "run_id", "invoice_id", "result_id")
RESULT = (
    "district_id",
    "id",
    "run_id",
    "contract_id",
    "customer_id",
    "outcome",
    "code",
    "facts",
    "invoices",
    "total",
)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done for a subject."""

    finding: Finding
    invoices: Sequence[IssuedInvoice] = ()


def bill_batch(session: Session, run: BillingRun, subjects: Sequence[Subject]) -> None:
    """Bill the next subjects of a run, whose row is locked, and write down what came of it."""
    enterprise = districts.get_enterprise(session, run.enterprise_id)
    # Customers before anything is looked at: another run, or a clerk, may be billing the same ones.
    lock_with_payers(session, {subject.customer_id for subject in subjects})
    done = _bill(session, enterprise, Terms.of(run), subjects)
    _record(session, run, done)
    for each in done:
        outcome = each.finding.outcome
        run.billed += outcome is RunOutcome.BILLED
        run.nothing_due += outcome is RunOutcome.NOTHING_DUE
        run.refused += outcome is RunOutcome.REFUSED
        run.invoices += len(each.invoices)
        run.total += total(invoice.total for invoice in each.invoices)
    run.done_through = subjects[-1].id


def _bill(session: Session, enterprise: Enterprise, terms: Terms, subjects: Sequence[Subject]) -> list[Done]:
    """Bill subjects together; where that is refused, halve them until the one it is about is alone.

    What is wrong with a contract itself, a missing tariff, is found without that. This is for the rest: the
    ledger or the budget refusing one customer's advance must not keep a village from its invoices.
    """
    try:
        with session.begin_nested(), writing_behind(session):
            findings = find(session, terms, subjects, lock=True)
            issued = _issue(session, enterprise, terms, findings)
        return [Done(finding, issued.get(finding.subject.id, ())) for finding in findings]
    except (Refusal, IntegrityError) as error:
        if len(subjects) == 1:
            reason = error if isinstance(error, Refusal) else Conflict()
            return [Done(Finding(subjects[0], reason=reason))]
    half = len(subjects) // 2
    return [
        *_bill(session, enterprise, terms, subjects[:half]),
        *_bill(session, enterprise, terms, subjects[half:]),
    ]


def _issue(
    session: Session, enterprise: Enterprise, terms: Terms, findings: Sequence[Finding]
) -> dict[UUID, list[IssuedInvoice]]:
    """Issue all drafts; several of one customer one after the other, as each states his account."""
    issued: dict[UUID, list[IssuedInvoice]] = {}
    waiting = [(finding.subject.id, draft) for finding in findings for draft in finding.drafts]
    while waiting:
        wave: dict[UUID, tuple[UUID, Draft]] = {}
        for subject_id, draft in waiting:
            wave.setdefault(draft.customer_id, (subject_id, draft))
        invoices = issue(
            session,
            enterprise,
            [draft for _, draft in wave.values()],
            issued_on=terms.issued_on,
            due_on=None,
        )
        for (subject_id, _), (invoice, _) in zip(wave.values(), invoices, strict=True):
            issued.setdefault(subject_id, []).append(invoice)
        taken = {id(draft) for _, draft in wave.values()}
        waiting = [each for each in waiting if id(each[1]) not in taken]
    return issued


def _record(session: Session, run: BillingRun, done: Sequence[Done]) -> None:
    results = [_result(run, each) for each in done]
    insert_rows(session, BillingRunResult, RESULT, results)
    links = [
        (run.district_id, run.id, invoice.id, result[1])
        for result, each in zip(results, done, strict=True)
        for invoice in each.invoices
    ]
    insert_rows(session, BillingRunInvoice, LINK, links)


def _result(run: BillingRun, done: Done) -> Row:
    subject, reason = done.finding.subject, done.finding.reason
    return (
        run.district_id,
        new_id(),
        run.id,
        subject.contract.id if subject.contract is not None else None,
        subject.customer_id,
        done.finding.outcome,
        reason.code if reason is not None else None,
        keep(reason.facts) if reason is not None else {},
        len(done.invoices),
        total(invoice.total for invoice in done.invoices),
    )

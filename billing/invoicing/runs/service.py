"""Runs: started, tried beforehand, done batch by batch, looked at.

Each batch is a unit of work of its own, so the loop over batches stands where units of work begin: in
``billing.worker``. Whoever is killed between two commits has done nothing since the last one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from billing.archive.models import ArchivedDocument
from billing.customers.models import Contract
from billing.districts import service as districts
from billing.districts.bank_accounts import primary_account
from billing.invoicing.models import BilledPeriod, Invoice, InvoiceLine
from billing.invoicing.runs.batch import bill_batch
from billing.invoicing.runs.finding import Finding, Terms, count_subjects, find, stages, subjects_after
from billing.invoicing.runs.models import BillingRun, BillingRunResult, RunOutcome, RunStage
from billing.invoicing.runs.printing import print_batch
from billing.kernel.bulk import planned_each_time
from billing.kernel.checks import check_range
from billing.kernel.dates import Month
from billing.kernel.db import actor_of, after_commit, district_of
from billing.kernel.errors import NotFound, Refusal, RuleViolation
from billing.kernel.kept_facts import keep
from billing.kernel.money import ZERO, Money, total
from billing.kernel.paging import Page, PageRequest, page_of
from billing.kernel.rows import get_row
from billing.kernel.table_statistics import look_again
from billing.ledger import service as ledger
from billing.ledger.models import Transfer
from billing.receivables.models import Receivable

BATCH_SIZE = 1_000  # contracts a commit: a cashier waits no longer than for one batch, half a second
PAPERS_SIZE = 500  # invoices printed a commit: on SQLite a cashier waits for them too
# What a batch writes many rows of, some of which point to others.
WRITTEN = (Invoice, InvoiceLine, BilledPeriod, Receivable, Transfer, BillingRunResult, ArchivedDocument)
WAKE = "wake_worker"  # in the session's info: what calls a background worker, where there is one
SORTS = {"-recorded_at": (BillingRun.recorded_at, BillingRun.id)}
RESULT_SORTS = {"id": (BillingRunResult.id,)}


class PeriodNotBegun(RuleViolation):
    """A month is billed when it has begun. Facts: ``period``, ``issued_on``."""

    code = "period_not_begun"


@dataclass(slots=True)
class Preview:
    """What a run would do.

    Attributes:
        refusals: every contract that would be parked, with its reason.
    """

    subjects: int
    counts: dict[RunOutcome, int] = field(default_factory=lambda: dict.fromkeys(RunOutcome, 0))
    invoices: int = 0
    total: Money = ZERO
    vat: Money = ZERO
    refusals: list[Finding] = field(default_factory=list)

    def add(self, findings: Sequence[Finding]) -> None:
        """Count what was found for some contracts."""
        for finding in findings:
            self.counts[finding.outcome] += 1
            self.invoices += len(finding.drafts)
            self.total += total(draft.total for draft in finding.drafts)
            self.vat += total(line.vat for draft in finding.drafts for line in draft.lines)
            if finding.outcome is RunOutcome.REFUSED:
                self.refusals.append(finding)


def start_run(
    session: Session,
    enterprise_id: UUID,
    period: Month,
    *,
    issued_on: date,
    since: Month | None = None,
    include_orders: bool = False,
) -> BillingRun:
    """Write down that an enterprise's charges of a month are to be billed; ``go_on`` does it.

    Runs may be started again and at once: what one has billed, the others find billed.

    Args:
        issued_on: the date of the invoices.
        since: catch up from this month on what was never billed; by default from the first month the
            enterprise billed at all, so that contracts older than this program stay as they are.
        include_orders: bill completed work too, one invoice per customer.

    Raises:
        NotFound: no such enterprise.
        PeriodNotBegun: the month begins after ``issued_on``.
        EndsBeforeStart: ``since`` lies after the month.
        NoPrimaryAccount, MonthClosed: no invoice could be issued.
    """
    terms = agree(
        session, enterprise_id, period, issued_on=issued_on, since=since, include_orders=include_orders
    )
    return begin(session, terms)


def begin(session: Session, terms: Terms) -> BillingRun:
    """Write down a run on terms that somebody answers for."""
    run = BillingRun(
        district_id=district_of(session),
        enterprise_id=terms.enterprise_id,
        period=terms.period,
        first_period=terms.first_period,
        include_orders=terms.include_orders,
        issued_on=terms.issued_on,
        subjects=count_subjects(session, terms),
        recorded_by=actor_of(session),
    )
    session.add(run)
    session.flush()
    return run


def agree(
    session: Session,
    enterprise_id: UUID,
    period: Month,
    *,
    issued_on: date,
    since: Month | None = None,
    include_orders: bool = False,
) -> Terms:
    """The terms of a run that could start; see ``start_run`` for what is refused."""
    districts.get_enterprise(session, enterprise_id)
    if period.first_day > issued_on:
        raise PeriodNotBegun(period=period, issued_on=issued_on)
    terms = terms_since(
        session, enterprise_id, period, issued_on=issued_on, since=since, include_orders=include_orders
    )
    check_range(terms.first_period.first_day, period.last_day, field="since")
    check_possible(session, terms)
    return terms


def terms_since(
    session: Session,
    enterprise_id: UUID,
    period: Month,
    *,
    issued_on: date,
    since: Month | None = None,
    include_orders: bool = False,
) -> Terms:
    """The terms of a run, whether it can start or not; caught up from the first month ever billed."""
    first = since or min(_first_billed(session, enterprise_id) or period, period)
    return Terms(enterprise_id, period, first, include_orders, issued_on)


def _first_billed(session: Session, enterprise_id: UUID) -> Month | None:
    return session.scalar(
        select(func.min(BilledPeriod.period))
        .join(
            Contract,
            (Contract.district_id == BilledPeriod.district_id) & (Contract.id == BilledPeriod.contract_id),
        )
        .where(Contract.enterprise_id == enterprise_id)
    )


def check_possible(session: Session, terms: Terms) -> None:
    """Refuse what would be refused for every contract.

    Raises:
        NoPrimaryAccount: the enterprise has no bank account to print.
        MonthClosed: the date of the invoices lies in a closed month.
    """
    primary_account(session, terms.enterprise_id)
    book_id = ledger.enterprise_book_id(session, terms.enterprise_id)
    ledger.check_month_open(session, book_id, terms.issued_on)


def preview_run(session: Session, terms: Terms, *, batch_size: int = BATCH_SIZE) -> Preview:
    """What a run on these terms would do now: totals and every refusal. Writes and locks nothing."""
    preview = Preview(count_subjects(session, terms))
    for stage in stages(terms):
        after = None
        while subjects := subjects_after(session, terms, stage, after, batch_size):
            preview.add(find(session, terms, subjects, lock=False))
            after = subjects[-1].id
    return preview


def hand_over(session: Session, run: BillingRun) -> None:
    """Wake a background worker for a run as soon as it is committed.

    Nothing is lost where there is none, or the call is: workers look for runs that are left.
    """
    wake = session.info.get(WAKE)
    if wake is not None:
        after_commit(session, partial(wake, run.district_id, run.id))


def resume_run(session: Session, run_id: UUID) -> BillingRun:
    """Let a run go on that was halted, after somebody mended the reason.

    Raises:
        NotFound: no such run.
    """
    run = get_run(session, run_id, lock=True)
    if run.halted_by is not None:
        run.halted_by = run.halted_facts = run.heartbeat_at = None
    session.flush()
    return run


def take_up(session: Session, run_id: UUID, *, worker: str, now: datetime) -> BillingRun:
    """Note who works on a run from now on. A run that was halted is tried again.

    Raises:
        NotFound: no such run.
    """
    run = get_run(session, run_id, lock=True)
    run.worker = worker
    run.taken_up_at = run.heartbeat_at = now
    run.done_when_taken_up, _ = run.progress
    run.halted_by = run.halted_facts = None
    session.flush()
    return run


def go_on(session: Session, run_id: UUID, *, now: datetime, batch_size: int = BATCH_SIZE) -> BillingRun:
    """Do the next batch of a run; nothing if it is finished. Two who go on at once take turns.

    Everybody is billed first; then the papers are archived, whatever has been closed meanwhile.

    Raises:
        NotFound: no such run.
        NoPrimaryAccount, MonthClosed: no invoice can be issued any more. Nothing is done.
    """
    run = get_run(session, run_id, lock=True)
    if run.is_finished:
        return run
    terms = Terms.of(run)
    with planned_each_time(session):
        if run.stage is RunStage.PAPERS:
            ended = _print(session, run, batch_size)
        else:
            ended = _bill(session, run, terms, batch_size)
    if ended:
        _next_stage(run, terms, now)
    run.heartbeat_at = now
    session.flush()
    look_again(session, WRITTEN)
    return run


def _bill(session: Session, run: BillingRun, terms: Terms, batch_size: int) -> bool:
    """Bill the next subjects of the stage; whether they were the last."""
    check_possible(session, terms)
    subjects = subjects_after(session, terms, run.stage, run.done_through, batch_size)
    if subjects:
        bill_batch(session, run, subjects)
    return len(subjects) < batch_size


def _print(session: Session, run: BillingRun, batch_size: int) -> bool:
    """Archive the next papers; whether they were the last."""
    batch_size = min(batch_size, PAPERS_SIZE)
    return print_batch(session, run, batch_size) < batch_size


def _next_stage(run: BillingRun, terms: Terms, now: datetime) -> None:
    order = [*stages(terms), RunStage.PAPERS, RunStage.FINISHED]
    run.done_through = None
    run.stage = order[order.index(run.stage) + 1]
    if run.stage is RunStage.PAPERS:
        run.subjects = run.done  # contracts may have come while it ran
        run.taken_up_at, run.done_when_taken_up = now, 0
        if not run.invoices:
            run.stage = RunStage.FINISHED
    if run.is_finished:
        run.finished_at = now


def halt(session: Session, run_id: UUID, refusal: Refusal) -> None:
    """Note that a run cannot go on, and why; somebody has to mend that and start it again."""
    run = get_run(session, run_id, lock=True)
    run.halted_by, run.halted_facts = refusal.code, keep(refusal.facts)
    session.flush()


def get_run(session: Session, run_id: UUID, *, lock: bool = False) -> BillingRun:
    """A run of the district.

    Raises:
        NotFound: no such run.
    """
    return get_row(session, BillingRun, run_id, kind="billing_run", lock=lock)


def find_interrupted(
    session: Session,
    enterprise_id: UUID,
    period: Month,
    *,
    issued_on: date | None = None,
    since: Month | None = None,
    include_orders: bool = False,
) -> BillingRun | None:
    """The unfinished run on these terms, the latest one; None if every one came to its end.

    Args:
        issued_on, since: as somebody asked for them; None takes the run's own.
    """
    statement = select(BillingRun).where(
        BillingRun.enterprise_id == enterprise_id,
        BillingRun.period == period,
        BillingRun.include_orders == include_orders,
        BillingRun.stage != RunStage.FINISHED,
    )
    if issued_on is not None:
        statement = statement.where(BillingRun.issued_on == issued_on)
    if since is not None:
        statement = statement.where(BillingRun.first_period == since)
    return session.scalar(statement.order_by(BillingRun.id.desc()).limit(1))


def last_run(session: Session, enterprise_id: UUID, period: Month) -> BillingRun:
    """The last run of a month that issued invoices.

    Raises:
        NotFound: there is none.
    """
    run = session.scalar(
        select(BillingRun)
        .where(
            BillingRun.enterprise_id == enterprise_id, BillingRun.period == period, BillingRun.invoices > 0
        )
        .order_by(BillingRun.id.desc())
        .limit(1)
    )
    if run is None:
        raise NotFound(kind="billing_run", id=str(period))
    return run


def runs_left(session: Session, *, stale_before: datetime) -> list[BillingRun]:
    """Runs that nobody works on: not begun, or their worker has not been heard of since an instant."""
    return list(session.scalars(select(BillingRun).where(*_left(stale_before)).order_by(BillingRun.id)))


def is_left(session: Session, run_id: UUID, *, stale_before: datetime) -> bool:
    """Whether nobody works on a run; it is locked, so that only one of two who ask takes it up.

    Raises:
        NotFound: no such run.
    """
    get_run(session, run_id, lock=True)
    left = select(BillingRun.id).where(BillingRun.id == run_id, *_left(stale_before))
    return session.scalar(left) is not None


def _left(stale_before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        BillingRun.stage != RunStage.FINISHED,
        BillingRun.halted_by.is_(None),
        or_(BillingRun.heartbeat_at.is_(None), BillingRun.heartbeat_at < stale_before),
    )


def list_runs(
    session: Session, request: PageRequest, *, enterprise_id: UUID | None = None, period: Month | None = None
) -> Page[BillingRun]:
    """Runs, the latest first."""
    statement = select(BillingRun)
    if enterprise_id is not None:
        statement = statement.where(BillingRun.enterprise_id == enterprise_id)
    if period is not None:
        statement = statement.where(BillingRun.period == period)
    return page_of(session, statement, SORTS, request)


def list_results(
    session: Session, run_id: UUID, request: PageRequest, *, outcome: RunOutcome | None = None
) -> Page[BillingRunResult]:
    """What a run did for each contract and customer, in the order in which it did it.

    Raises:
        NotFound: no such run.
    """
    get_run(session, run_id)
    statement = select(BillingRunResult).where(BillingRunResult.run_id == run_id)
    if outcome is not None:
        statement = statement.where(BillingRunResult.outcome == outcome)
    return page_of(session, statement, RESULT_SORTS, request)

"""Runs at once, and runs that are killed: one invoice each, no gap, no double, and everything agrees."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from billing.archive.models import ArchivedDocument, DocumentKind
from billing.archive.service import fetch
from billing.catalog.refusals import NoTariff
from billing.invoicing.models import BilledPeriod, Invoice
from billing.invoicing.runs import service as runs
from billing.invoicing.runs.finding import Terms, subjects_after
from billing.invoicing.runs.models import BillingRunInvoice, BillingRunResult, RunStage
from billing.invoicing.service import NothingToInvoice
from billing.invoicing.supplies import NothingCharged, PeriodAlreadyBilled
from billing.worker.runs import work_off
from tests.support.billing import make_invoice
from tests.support.committed import all_agrees, count, numbers
from tests.support.districts import DISTRICT_ID
from tests.support.runner import BATCH_SIZE
from tests.support.threads import at_once
from tests.support.village import MORNING, NOVEMBER, bill, counts, make_village, run_through, start

ROOT = Path(__file__).parents[2]
CONTRACTS = 20
NOT_BILLED = (PeriodAlreadyBilled, NothingCharged, NothingToInvoice, NoTariff)
BILLED = 14  # the others lack a price, are out of season, or free of charge


@pytest.fixture
def village(sessions):
    """Twenty contracts of every sort, committed."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_village(session, CONTRACTS)


def work_through(sessions, run_id):
    """The loop that the program itself has."""
    for run in work_off(sessions, DISTRICT_ID, run_id, batch_size=BATCH_SIZE):
        last = run
    return last


def test_three_runs_at_once_make_one_invoice_each(sessions, village):
    """Together they bill each contract once; every run has a result for each, and says who came late."""

    def bill_all(_):
        with sessions.begin(DISTRICT_ID) as session:
            run_id = start(session, village).id
        return work_through(sessions, run_id)

    done = at_once(3, bill_all)

    assert sum(run.invoices for run in done) == BILLED
    assert [run.billed + run.nothing_due for run in done] == [CONTRACTS - 2] * 3
    assert [run.refused for run in done] == [2] * 3
    assert numbers(sessions, Invoice.number) == list(range(1, BILLED + 1))
    assert (count(sessions, BilledPeriod), count(sessions, BillingRunResult)) == (20, 3 * CONTRACTS)
    assert all_agrees(sessions)


def test_one_run_worked_on_by_three_is_done_once(sessions, village):
    """Who finds another at work takes the next batch: one result per contract, one invoice each."""
    with sessions.begin(DISTRICT_ID) as session:
        run_id = start(session, village).id

    at_once(3, lambda _: work_through(sessions, run_id))

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert counts(runs.get_run(session, run_id)) == (BILLED, 4, 2, BILLED)
    assert count(sessions, BillingRunResult) == CONTRACTS
    assert numbers(sessions, Invoice.number) == list(range(1, BILLED + 1))
    assert all_agrees(sessions)


def test_a_clerk_who_bills_beside_a_run_meets_no_double(sessions, village):
    """A clerk bills contract by contract while the run does: each month is billed by one of the two."""
    with sessions.begin(DISTRICT_ID) as session:
        run_id = start(session, village).id
        run = runs.get_run(session, run_id)
        subjects = subjects_after(session, Terms.of(run), run.stage, None, CONTRACTS)

    def act(number):
        if number == 0:
            return work_through(sessions, run_id).invoices
        issued = 0
        for subject in subjects:
            try:
                with sessions.begin(DISTRICT_ID) as session:
                    make_invoice(session, subject.contract, NOVEMBER)
                    issued += 1
            except NOT_BILLED:
                continue
        return issued

    assert sum(at_once(2, act)) == BILLED
    assert numbers(sessions, Invoice.number) == list(range(1, BILLED + 1))
    assert all_agrees(sessions)


def live_and_die(database, documents, run_id, deaths):
    """Work on a run once per number, and be killed hard before the statement or commit of that number."""
    # Whoever prints for the dead holds this pipe until he ends: nobody is left behind.
    subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.runner",
            database.url,
            documents.directory,
            str(run_id),
            *map(str, deaths),
        ],
        cwd=ROOT,
        check=True,
        timeout=300,
        stderr=subprocess.PIPE,
    )


def test_a_run_killed_while_it_prints_archives_every_paper_once(sessions, village, database, documents):
    """Killed six times between its last invoice and its last paper: each paper is what it would have been."""
    with sessions.begin(DISTRICT_ID) as session:
        run_id = start(session, village).id
    with sessions.begin(DISTRICT_ID) as session:
        run = runs.get_run(session, run_id)
        while run.stage is not RunStage.PAPERS:
            run = runs.go_on(session, run_id, now=MORNING, batch_size=CONTRACTS)
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        drawn = papers(session)

    # A batch of four invoices takes some ten statements: deaths fall into it, and onto its commit.
    live_and_die(database, documents, run_id, Random(473639000).sample(range(3, 18), 6))

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        before = runs.get_run(session, run_id)
        assert papers(session) == drawn
    assert all_agrees(sessions)
    assert not before.is_finished and before.printed == count(sessions, ArchivedDocument) < BILLED

    run = run_through(sessions, run_id, batch_size=BATCH_SIZE)

    assert run.printed == count(sessions, ArchivedDocument) == len(drawn) == BILLED
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert papers(session) == drawn
    assert all_agrees(sessions)


def papers(session):
    """The bytes of every invoice's paper as they are handed out."""
    return {
        each: fetch(session, DocumentKind.INVOICE, each)[1] for each in session.scalars(select(Invoice.id))
    }


def test_a_run_killed_at_any_statement_goes_on_where_it_was(sessions, village, database, documents):
    """Six lives, each killed at another statement or commit: then one more ends it, without gap or double."""
    with sessions.begin(DISTRICT_ID) as session:
        run_id = start(session, village).id
    # A batch of four contracts takes some fifty statements: deaths fall into it, and onto its commit.
    deaths = Random(473639000).sample(range(5, 75), 6)

    live_and_die(database, documents, run_id, deaths)

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        before = runs.get_run(session, run_id)
        written = session.scalar(select(func.count()).select_from(BillingRunResult))
    assert all_agrees(sessions)
    assert not before.is_finished and before.done == written
    assert before.printed == count(sessions, ArchivedDocument)

    run = run_through(sessions, run_id, batch_size=BATCH_SIZE)

    assert counts(run) == (BILLED, 4, 2, BILLED)
    assert count(sessions, BillingRunResult) == CONTRACTS
    assert count(sessions, BillingRunInvoice) == count(sessions, ArchivedDocument) == run.printed == BILLED
    assert numbers(sessions, Invoice.number) == list(range(1, BILLED + 1))
    assert all_agrees(sessions)
    assert counts(bill(sessions, village)) == (0, 18, 2, 0)

"""Papers of a run: archived behind the invoices, with the same bytes whenever they are drawn."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from billing.archive.models import ArchivedDocument, DocumentKind
from billing.archive.service import fetch, find_document
from billing.invoicing.models import Invoice
from billing.invoicing.runs import service as runs
from billing.invoicing.runs.models import Pace, RunStage
from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.ledger import service as ledger
from billing.verification.service import verify
from billing.worker.mail import FileMailer
from billing.worker.outbox import Sender
from tests.support.customers import make_charge, make_contract, make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.village import MORNING, NOVEMBER, make_village, run_through, start

NOON = datetime(2026, 11, 30, 7, tzinfo=UTC)


def bill_all(session, run_id):
    """Every invoice issued, no paper archived."""
    run = runs.get_run(session, run_id)
    while run.stage is not RunStage.PAPERS:
        run = runs.go_on(session, run_id, now=MORNING, batch_size=7)
    return run


def archived(session):
    """How many papers there are."""
    return session.scalar(select(func.count()).select_from(ArchivedDocument))


def contents(session):
    """The bytes of every invoice's paper as they are handed out, in the order of the numbers."""
    ids = session.scalars(select(Invoice.id).order_by(Invoice.number)).all()
    return [fetch(session, DocumentKind.INVOICE, invoice_id)[1] for invoice_id in ids]


def test_a_paper_that_is_not_archived_yet_is_drawn_with_the_same_bytes(session):
    """Between an invoice and its paper everything agrees; whoever asks gets what will be archived."""
    run = bill_all(session, start(session, make_village(session, 20)).id)
    before = contents(session)

    assert (run.invoices, run.printed, archived(session), len(set(before))) == (14, 0, 0, 14)
    assert run.progress == (0, 14) and not run.is_finished
    assert list(verify(session)) == []

    run = runs.go_on(session, run.id, now=MORNING, batch_size=10)
    assert (run.stage, run.printed, archived(session)) == (RunStage.PAPERS, 10, 10)
    run = runs.go_on(session, run.id, now=MORNING, batch_size=10)

    assert run.is_finished and run.printed == run.invoices == archived(session) == 14
    assert contents(session) == before
    assert list(verify(session)) == []


def test_only_what_a_run_has_issued_is_drawn_late(session):
    """No paper is made up for what nobody issued."""
    with pytest.raises(NotFound):
        fetch(session, DocumentKind.INVOICE, new_id())


def test_papers_are_archived_in_a_month_that_was_closed_meanwhile(session):
    """What was issued before stands, so its paper does."""
    village = make_village(session, 3)
    run = bill_all(session, start(session, village).id)
    book_id = ledger.enterprise_book_id(session, village.enterprise.id)
    ledger.close_month(session, book_id, NOVEMBER, today=date(2026, 12, 1))

    run = runs.go_on(session, run.id, now=MORNING, batch_size=10)

    assert run.is_finished and run.printed == archived(session) == 3


def test_papers_that_are_there_are_not_printed_again(session):
    """A run whose first papers were archived before it came to them archives the others."""
    run = bill_all(session, start(session, make_village(session, 5)).id)
    run = runs.go_on(session, run.id, now=MORNING, batch_size=2)
    run.done_through, run.printed = None, 0
    before = session.scalars(select(ArchivedDocument.id)).all()

    run = runs.go_on(session, run.id, now=MORNING, batch_size=10)

    assert run.is_finished and run.printed == archived(session) == run.invoices == 4
    assert len(before) == 2 and set(before) <= set(session.scalars(select(ArchivedDocument.id)))


def test_a_run_without_invoices_has_nothing_to_print(session):
    """It is finished as soon as everybody has his result."""
    run = start(session, make_village(session))
    run = runs.go_on(session, run.id, now=MORNING, batch_size=7)
    assert run.is_finished and (run.invoices, run.printed) == (0, 0)


def test_the_pace_of_printing_is_its_own(session):
    """Two of four papers in two minutes are one a minute, and two minutes are left."""
    run = bill_all(session, start(session, make_village(session, 5)).id)

    run = runs.go_on(session, run.id, now=MORNING + timedelta(minutes=2), batch_size=2)

    assert run.pace == Pace(1, timedelta(minutes=2))


def test_a_letter_waits_for_its_paper(sessions, tmp_path):
    """An invoice that goes by e-mail is sent when its paper is archived, and with it."""
    with sessions.begin(DISTRICT_ID) as session:
        village = make_village(session)
        customer = make_customer(session, 1, email="a@example.kz", invoices_by_email=True)
        make_charge(session, make_contract(session, village.enterprise.id, customer.id), village.water.id)
        run_id = start(session, village).id
    with sessions.begin(DISTRICT_ID) as session:
        bill_all(session, run_id)
    mail = tmp_path / "mail"
    sender = Sender(sessions, "for tests only", FileMailer(mail), "auyl@example.kz")

    with time_machine.travel(NOON, tick=False):
        assert sender.send_due(DISTRICT_ID) == (0, 0)
        run_through(sessions, run_id)
        assert sender.send_due(DISTRICT_ID) == (1, 0)

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        [invoice_id] = session.scalars(select(Invoice.id))
        document = find_document(session, DocumentKind.INVOICE, invoice_id)
    [letter] = mail.iterdir()
    assert document.file_name.encode() in letter.read_bytes()

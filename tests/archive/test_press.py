"""The press prints the same whoever does it, and what another process fails to do is done here."""

import os
import sys
import tracemalloc
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from billing.archive import press as presses
from billing.archive.models import ArchivedDocument, DocumentKind
from billing.archive.press import PROCESSES, Press, press_of, with_press
from billing.archive.service import Issued, archive_all, fetch
from billing.archive.store import DocumentStore
from billing.kernel.db import Sessions
from billing.kernel.ids import new_id
from invoices import invoice
from tests.invoices.samples import make_invoice
from tests.support.districts import DISTRICT_ID
from tests.support.printing import at_work, dies_elsewhere, fails_elsewhere, large, wait_for_others


def invoices(count):
    """Different invoices, some with letters outside the shared fonts."""
    one = make_invoice()
    odd = replace(one, buyer=replace(one.buyer, name=replace(one.buyer.name, kk="Łódź", ru="Łódź")))
    return [replace(odd if place % 9 == 0 else one, number=f"{place:06d}") for place in range(count)]


def words(count):
    """Documents that know which process is the right one."""
    return [(os.getpid(), f"document {place}") for place in range(count)]


def files(store):
    """Everything that lies in a store, half-written files too."""
    return [path for path in store.directory.rglob("*") if path.is_file()]


def test_another_process_prints_the_same_bytes(documents, tmp_path):
    """Sixty invoices printed by another process alone are, byte for byte, what this one prints."""
    sheets = invoices(60)
    with at_work(documents) as press, press.printing(documents, invoice.render, sheets) as work:
        wait_for_others(press, work)
        theirs = work.kept()

    with Press().printing(DocumentStore(tmp_path / "ours"), invoice.render, sheets) as work:
        ours = work.kept()

    assert theirs == ours
    assert [documents.get(each.sha256) for each in theirs] == [invoice.render(sheet) for sheet in sheets]
    assert not [path for path in files(documents) if path.name.startswith(".")]


def test_processes_that_are_killed_lose_nothing(documents):
    """The other process is killed in its first document, three times: all is printed here, once, in order."""
    asked = words(200)
    with Press(2) as press, press.printing(documents, dies_elsewhere, asked) as work:
        wait_for_others(press, work, enough=any)
        kept = work.kept()

    assert [documents.get(each.sha256) for each in kept] == [text.encode() for _, text in asked]
    assert len(files(documents)) == 200


def test_what_another_process_cannot_print_is_printed_here(documents):
    """It says that it failed, and lives on; this process does it itself."""
    asked = words(30)
    with Press(2) as press, press.printing(documents, fails_elsewhere, asked) as work:
        wait_for_others(press, work)
        kept = work.kept()

    assert [documents.get(each.sha256) for each in kept] == [text.encode() for _, text in asked]


def test_without_other_processes_this_one_prints(documents, monkeypatch):
    """Where no process can be started, nothing is missing."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Press(3) as press, press.printing(documents, invoice.render, invoices(30)) as work:
        assert len(work.kept()) == 30
    assert len(files(documents)) == 30


def test_a_store_that_takes_nothing_is_told(tmp_path):
    """A full or missing disk is met in whichever process, and raised in the one that asked."""
    (tmp_path / "file").write_bytes(b"")
    store = DocumentStore(tmp_path / "file")
    with (
        Press(2) as press,
        press.printing(store, invoice.render, invoices(30)) as work,
    ):
        wait_for_others(press, work)
        with pytest.raises(NotADirectoryError):
            work.kept()


def test_work_that_is_taken_back_leaves_no_row(sessions, documents):
    """The bytes lie there and nobody finds them; the same documents are archived anew."""
    sheets = invoices(3)
    issued = [Issued(new_id(), "a.pdf", "invoice/1") for _ in sheets]

    def fail():
        with sessions.begin(DISTRICT_ID) as session:
            archive_all(session, DocumentKind.INVOICE, invoice.render, issued, sheets)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(func.count()).select_from(ArchivedDocument)) == 0
        assert not press_of(session)._waiting
        left = files(documents)
        archive_all(session, DocumentKind.INVOICE, invoice.render, issued, sheets)
    assert len(left) == 3 and files(documents) == left


def test_many_documents_are_archived(sessions, documents):
    """Each subject has the bytes that its values give, whichever process printed them."""
    sheets = invoices(60)
    issued = [Issued(new_id(), "a.pdf", "invoice/1") for _ in sheets]
    with at_work(documents) as press:
        office = Sessions(sessions.engine, {**sessions.info, presses.PRESS: press})
        with office.begin(DISTRICT_ID) as session:
            archive_all(session, DocumentKind.INVOICE, invoice.render, issued, sheets)

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        contents = [fetch(session, DocumentKind.INVOICE, each.subject_id)[1] for each in issued]
    assert contents == [invoice.render(sheet) for sheet in sheets]


def test_few_documents_start_no_process(sessions):
    """A run below a thousand invoices prints by itself; a larger one has the processes of the setting."""
    office = Sessions(sessions.engine, {**sessions.info, PROCESSES: 2})
    found = []
    for expected in (0, 999, 1_000):
        with with_press(office, expected=expected) as pressing, pressing.begin(None) as session:
            found.append((press_of(session).processes, len(press_of(session)._servants)))
    assert found == [(1, 0), (1, 0), (2, 1)]


def test_memory_does_not_grow_with_the_documents(documents):
    """Of fifty megabytes never more than a sheaf lies in memory."""
    with Press().printing(documents, large, range(100_000, 100_100)) as work:
        tracemalloc.start()
        try:
            kept = work.kept()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert sum(each.size_bytes for each in kept) == 60_000_000
    assert peak < 20_000_000

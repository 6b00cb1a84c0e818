"""Archived documents come back as they were put in, or not at all."""

import hashlib
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from billing.archive.models import ArchivedDocument, DocumentKind
from billing.archive.service import (
    DocumentDamaged,
    NoDocumentStore,
    archive,
    damaged_documents,
    fetch,
    find_document,
)
from billing.kernel.errors import AlreadyExists, NotFound
from tests.support.districts import DISTRICT_ID

SUBJECT = UUID("019a0000-0000-7000-8000-000000000001")
ANOTHER = UUID("019a0000-0000-7000-8000-000000000002")
PDF = b"%PDF-1.4 the act of \xd0\x96\xd0\xb0\xd2\xa3\xd0\xb0"


def archive_act(session, subject_id=SUBJECT, content=PDF):
    """An act's document with dull particulars."""
    return archive(
        session,
        DocumentKind.COMPLETION_ACT,
        subject_id,
        file_name="act-2026-000001.pdf",
        content=content,
        template_version="act-1",
    )


def test_a_document_comes_back_as_it_was_archived(session):
    """Bytes, hash, size, file name and template version are those of the issued document."""
    archived = archive_act(session)

    document, content = fetch(session, DocumentKind.COMPLETION_ACT, SUBJECT)

    assert content == PDF
    assert document is archived
    assert document.sha256 == hashlib.sha256(PDF).hexdigest()
    assert document.size_bytes == len(PDF)
    assert (document.file_name, document.template_version) == ("act-2026-000001.pdf", "act-1")


def test_bytes_lie_in_the_store_under_their_hash(session, documents):
    """Two subjects with equal bytes share one file, and nothing half-written is left beside it."""
    archive_act(session)
    archive_act(session, ANOTHER)

    files = [path for path in documents.directory.rglob("*") if path.is_file()]

    assert files == [documents.path_of(hashlib.sha256(PDF).hexdigest())]
    assert files[0].read_bytes() == PDF


def test_a_document_is_archived_once(session, documents):
    """A second document about the same subject is refused, and its bytes are not stored."""
    archive_act(session)

    with pytest.raises(AlreadyExists):
        archive_act(session, content=b"another")

    assert fetch(session, DocumentKind.COMPLETION_ACT, SUBJECT)[1] == PDF
    assert session.scalar(select(func.count()).select_from(ArchivedDocument)) == 1
    assert documents.get(hashlib.sha256(b"another").hexdigest()) is None


def test_kinds_are_apart(session):
    """An act's document is not found as an invoice's."""
    archive_act(session)

    assert find_document(session, DocumentKind.INVOICE, SUBJECT) is None
    with pytest.raises(NotFound) as refusal:
        fetch(session, DocumentKind.INVOICE, SUBJECT)
    assert refusal.value.facts == {"kind": "invoice", "id": str(SUBJECT)}


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_damaged_document_is_not_handed_out(session, documents, harm):
    """A changed or missing file is refused by its hash, and the check of the store names exactly it."""
    archived = archive_act(session)
    archive_act(session, ANOTHER, content=b"sound")
    assert list(damaged_documents(session)) == []
    path = documents.path_of(archived.sha256)
    if harm == "changed":
        path.write_bytes(PDF + b" ")
    else:
        path.unlink()

    with pytest.raises(DocumentDamaged) as refusal:
        fetch(session, DocumentKind.COMPLETION_ACT, SUBJECT)

    assert refusal.value.facts["sha256"] == archived.sha256
    assert [document.id for document in damaged_documents(session)] == [archived.id]


def test_archiving_again_heals_a_changed_file(documents):
    """Putting the same bytes over a damaged file leaves the right bytes there."""
    sha256 = documents.put(PDF)
    documents.path_of(sha256).write_bytes(b"harm")

    assert documents.put(PDF) == sha256
    assert documents.get(sha256) == PDF


def test_a_rollback_leaves_no_row(sessions, documents):
    """After a rolled-back issue nobody finds the document, and the same bytes can be archived again."""

    def issue_and_fail():
        with sessions.begin(DISTRICT_ID) as session:
            archive_act(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        issue_and_fail()

    with sessions.begin(DISTRICT_ID) as session:
        assert find_document(session, DocumentKind.COMPLETION_ACT, SUBJECT) is None
        archive_act(session)
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert fetch(session, DocumentKind.COMPLETION_ACT, SUBJECT)[1] == PDF


def test_the_database_keeps_the_row_as_it_is(session):
    """Not even raw SQL changes what is known of an archived document."""
    archive_act(session)
    with pytest.raises(DBAPIError, match="append_only"), session.begin_nested():
        session.execute(text("UPDATE archived_document SET sha256 = 'x'"))


def test_a_session_without_a_store_fails(session):
    """Forgetting to say where documents lie is a bug that shows at once."""
    session.info.pop("documents")
    with pytest.raises(NoDocumentStore):
        archive_act(session)


def test_many_documents_are_kept_at_once(documents):
    """Fifty contents, two of them the same, come back under their hashes; nothing half-written is left."""
    contents = [b"%%PDF %d" % (number % 49) for number in range(50)]

    kept = documents.put_all(contents)

    hashes = [each.sha256 for each in kept]
    assert [each.size_bytes for each in kept] == [len(content) for content in contents]
    assert hashes == [hashlib.sha256(content).hexdigest() for content in contents]
    assert [documents.get(sha256) for sha256 in hashes] == contents
    files = [path for path in documents.directory.rglob("*") if path.is_file()]
    assert len(files) == 49 and not any(path.name.startswith(".") for path in files)
    assert documents.put_all([]) == []

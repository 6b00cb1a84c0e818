"""The archive of issued documents: bytes in a store under their SHA-256, what they are in the database.

A document is rendered once, when it is issued, and read from here ever after. The store belongs to the unit
of work like its district and its actor: ``Sessions(engine, info=storing_in(store))`` gives it to every
session, so that the command line, the web and the tests say once where documents lie.

The bytes are on disk before the row is written. A rollback therefore leaves a file without a row, which is
harmless: nobody can find it, and the same bytes archived again take its place. A row without its file would
be a lost document; ``damaged_documents`` looks for those.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.archive.models import ArchivedDocument, DocumentKind
from billing.archive.press import press_of
from billing.archive.store import DocumentStore, Kept
from billing.kernel.bulk import among, insert_rows
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists, NotFound, RuleViolation
from billing.kernel.ids import new_id

__all__ = [
    "DocumentDamaged",
    "DocumentStore",
    "Issued",
    "NoDocumentStore",
    "archive",
    "archive_all",
    "damaged_documents",
    "fetch",
    "fetch_intact",
    "find_document",
    "store_of",
    "storing_in",
]

ARCHIVED = (
    "district_id",
    "id",
    "kind",
    "subject_id",
    "file_name",
    "sha256",
    "size_bytes",
    "template_version",
)
STORE = "documents"  # the store's name in a session's info
LATE = "late_documents"  # in a session's info: by kind, who draws what is still to be archived


class DocumentDamaged(RuleViolation):
    """A document's bytes are missing or not the archived ones. Facts: ``kind``, ``id``, ``sha256``."""

    code = "document_damaged"


class NoDocumentStore(RuntimeError):
    """A document was to be archived or read, but nobody said where documents lie. Our own bug."""


def storing_in(store: DocumentStore) -> dict[str, Any]:
    """What a session must know to archive documents in this store."""
    return {STORE: store}


def store_of(session: Session) -> DocumentStore:
    """The store a session works with.

    Raises:
        NoDocumentStore: nobody said which.
    """
    store = session.info.get(STORE)
    if not isinstance(store, DocumentStore):
        raise NoDocumentStore
    return store


@dataclass(frozen=True, slots=True)
class Issued:
    """A document as it is issued.

    Attributes:
        subject_id: the invoice, act, credit note or payment the document is about.
        file_name: for people who download it, ASCII: ``act-2026-000012.pdf``.
        template_version: of the form that renders it.
    """

    subject_id: UUID
    file_name: str
    template_version: str


Draw = Callable[[Session, UUID], tuple[Issued, bytes] | None]  # None: there is no such subject


def archive(
    session: Session,
    kind: DocumentKind,
    subject_id: UUID,
    *,
    file_name: str,
    content: bytes,
    template_version: str,
) -> ArchivedDocument:
    """Keep a document as it is issued, once and for ever; see ``Issued``.

    Raises:
        AlreadyExists: the subject's document of this kind is archived already. The old one stays.
    """
    issued = [Issued(subject_id, file_name, template_version)]
    _check_new(session, kind, issued)
    _write_down(session, kind, issued, store_of(session).put_all([content]))
    document = find_document(session, kind, subject_id)
    assert document is not None
    return document


def archive_all(
    session: Session,
    kind: DocumentKind,
    render: Callable[[Any], bytes],
    issued: Sequence[Issued],
    documents: Iterable[object],
) -> None:
    """Render several documents of one kind and keep them; two statements however many there are.

    The processes of a press (``billing.archive.press``) share the work. All bytes are on disk before the rows
    are written.

    Args:
        render: a function by its name in a module, so that another process finds it.
        documents: what each is rendered from; the press begins while they come.

    Raises:
        AlreadyExists: one of the subjects has its document already. None is kept.
    """
    _check_new(session, kind, issued)
    with press_of(session).printing(store_of(session), render, documents) as work:
        _write_down(session, kind, issued, work.kept())


def _check_new(session: Session, kind: DocumentKind, issued: Sequence[Issued]) -> None:
    known = session.scalar(
        select(ArchivedDocument.subject_id)
        .where(
            ArchivedDocument.kind == kind,
            among(session, ArchivedDocument.subject_id, [each.subject_id for each in issued]),
        )
        .limit(1)
    )
    if known is not None:
        raise AlreadyExists(kind="archived_document", field="subject_id", value=str(known))


def _write_down(session: Session, kind: DocumentKind, issued: Sequence[Issued], kept: Sequence[Kept]) -> None:
    district_id = district_of(session)
    rows = [
        (
            district_id,
            new_id(),
            kind,
            each.subject_id,
            each.file_name,
            bytes_.sha256,
            bytes_.size_bytes,
            each.template_version,
        )
        for each, bytes_ in zip(issued, kept, strict=True)
    ]
    insert_rows(session, ArchivedDocument, ARCHIVED, rows)


def find_document(session: Session, kind: DocumentKind, subject_id: UUID) -> ArchivedDocument | None:
    """What is known of a subject's document; None where none was archived."""
    return session.scalar(
        select(ArchivedDocument).where(
            ArchivedDocument.kind == kind, ArchivedDocument.subject_id == subject_id
        )
    )


def fetch(session: Session, kind: DocumentKind, subject_id: UUID) -> tuple[ArchivedDocument, bytes]:
    """An archived document and its bytes, which are what was archived to the last bit.

    One that is still to be archived is drawn, where the session knows how (``LATE``).

    Raises:
        NotFound: no document of this kind about this subject in the current district.
        DocumentDamaged: the bytes are gone or changed; nothing is handed out.
    """
    document = find_document(session, kind, subject_id)
    if document is None:
        return _drawn(session, kind, subject_id)
    content = _intact(store_of(session), document)
    if content is None:
        raise DocumentDamaged(kind=kind.value, id=str(subject_id), sha256=document.sha256)
    return document, content


def _drawn(session: Session, kind: DocumentKind, subject_id: UUID) -> tuple[ArchivedDocument, bytes]:
    """A document that is still to be archived, and its bytes; nothing is kept."""
    draw: Draw | None = session.info.get(LATE, {}).get(kind)
    drawn = draw(session, subject_id) if draw is not None else None
    if drawn is None:
        raise NotFound(kind=kind.value, id=str(subject_id))
    issued, content = drawn
    document = ArchivedDocument(
        kind=kind,
        subject_id=subject_id,
        file_name=issued.file_name,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        template_version=issued.template_version,
    )
    return document, content


def fetch_intact(
    session: Session, kind: DocumentKind, subject_ids: Collection[UUID]
) -> Iterator[tuple[ArchivedDocument, bytes]]:
    """Archived documents of several subjects and their bytes, in one query; damaged ones are left out."""
    store = store_of(session)
    statement = select(ArchivedDocument).where(
        ArchivedDocument.kind == kind, ArchivedDocument.subject_id.in_(subject_ids)
    )
    for document in session.scalars(statement):
        content = _intact(store, document)
        if content is not None:
            yield document, content


def damaged_documents(session: Session) -> Iterator[ArchivedDocument]:
    """Every archived document of the session's district whose bytes are missing or changed, oldest first."""
    store = store_of(session)
    statement = select(ArchivedDocument).order_by(ArchivedDocument.district_id, ArchivedDocument.id)
    for document in session.scalars(statement.execution_options(yield_per=500)):
        if _intact(store, document) is None:
            yield document


def _intact(store: DocumentStore, document: ArchivedDocument) -> bytes | None:
    content = store.get(document.sha256)
    if content is None or hashlib.sha256(content).hexdigest() != document.sha256:
        return None
    return content

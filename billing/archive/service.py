"""The archive of issued documents: bytes in a store under their SHA-256, what they are in the database.

A document is rendered once, when it is issued, and read from here ever after. The store belongs to the unit
of work like its district and its actor: ``Sessions(engine, info=storing_in(store))`` gives it to every
session, so that the command line, the web and the tests say once where documents lie.

The bytes are on disk before the row is written. A rollback therefore leaves a file without a row, which is
harmless: nobody can find it, and the same bytes archived again take its place. A row without its file would
be a lost document; ``damaged_documents`` looks for those.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.archive.models import ArchivedDocument, DocumentKind
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists, NotFound, RuleViolation

WRITERS_MAX = 8
STORE = "documents"  # the store's name in a session's info


class DocumentDamaged(RuleViolation):
    """A document's bytes are missing or not the archived ones. Facts: ``kind``, ``id``, ``sha256``."""

    code = "document_damaged"


class NoDocumentStore(RuntimeError):
    """A document was to be archived or read, but nobody said where documents lie. Our own bug."""


@dataclass(frozen=True, slots=True)
class DocumentStore:
    """A directory of documents, each under the hash of its bytes: ``ab/cdef…`` for ``abcdef…``.

    Attributes:
        directory: made when the first document comes.
    """

    directory: Path

    def path_of(self, sha256: str) -> Path:
        """Where the bytes with this hash lie."""
        return self.directory / sha256[:2] / sha256[2:]

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their SHA-256; they survive a power cut from here on."""
        [sha256] = self.put_all([content])
        return sha256

    def put_all(self, contents: Sequence[bytes]) -> list[str]:
        """Keep several contents and return their SHA-256; they survive a power cut from here on.

        Each is written beside its place and renamed into it, so nobody ever reads half a document. Several
        are written at once, because the disk's acknowledgements take longer than anything else and may share
        one turn of it.
        """
        hashes = [hashlib.sha256(content).hexdigest() for content in contents]
        new = [
            (self.path_of(sha256), content)
            for sha256, content in dict(zip(hashes, contents, strict=True)).items()
            if self.get(sha256) != content
        ]
        directories = {self.directory, *(path.parent for path, _ in new)} if new else set()
        if len(new) < 2:
            _each(map, self._write, new, directories)
        else:
            with ThreadPoolExecutor(min(len(new), WRITERS_MAX)) as writers:
                _each(writers.map, self._write, new, directories)
        return hashes

    @staticmethod
    def _write(document: tuple[Path, bytes]) -> None:
        path, content = document
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise

    def get(self, sha256: str) -> bytes | None:
        """The bytes under this hash as they lie there now; None where there are none."""
        try:
            return self.path_of(sha256).read_bytes()
        except FileNotFoundError:
            return None


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
        template_version: of the form that rendered it.
    """

    subject_id: UUID
    file_name: str
    content: bytes
    template_version: str


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
    [document] = archive_all(session, kind, [Issued(subject_id, file_name, content, template_version)])
    return document


def archive_all(session: Session, kind: DocumentKind, documents: Sequence[Issued]) -> list[ArchivedDocument]:
    """Keep several documents of one kind: two statements however many there are.

    Raises:
        AlreadyExists: one of the subjects has its document already. None is kept.
    """
    subjects = [each.subject_id for each in documents]
    known = session.scalar(
        select(ArchivedDocument.subject_id)
        .where(ArchivedDocument.kind == kind, ArchivedDocument.subject_id.in_(subjects))
        .limit(1)
    )
    if known is not None:
        raise AlreadyExists(kind="archived_document", field="subject_id", value=str(known))
    hashes = store_of(session).put_all([each.content for each in documents])
    archived = [
        ArchivedDocument(
            district_id=district_of(session),
            kind=kind,
            subject_id=each.subject_id,
            file_name=each.file_name,
            sha256=sha256,
            size_bytes=len(each.content),
            template_version=each.template_version,
        )
        for each, sha256 in zip(documents, hashes, strict=True)
    ]
    session.add_all(archived)
    session.flush()
    return archived


def find_document(session: Session, kind: DocumentKind, subject_id: UUID) -> ArchivedDocument | None:
    """What is known of a subject's document; None where none was archived."""
    return session.scalar(
        select(ArchivedDocument).where(
            ArchivedDocument.kind == kind, ArchivedDocument.subject_id == subject_id
        )
    )


def fetch(session: Session, kind: DocumentKind, subject_id: UUID) -> tuple[ArchivedDocument, bytes]:
    """An archived document and its bytes, which are what was archived to the last bit.

    Raises:
        NotFound: no document of this kind about this subject in the current district.
        DocumentDamaged: the bytes are gone or changed; nothing is handed out.
    """
    document = find_document(session, kind, subject_id)
    if document is None:
        raise NotFound(kind=kind.value, id=str(subject_id))
    content = _intact(store_of(session), document)
    if content is None:
        raise DocumentDamaged(kind=kind.value, id=str(subject_id), sha256=document.sha256)
    return document, content


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


def _each(
    over: Callable[..., Iterable[None]],
    write: Callable[[tuple[Path, bytes]], None],
    documents: Iterable[tuple[Path, bytes]],
    directories: Iterable[Path],
) -> None:
    """Write all documents, then the directories they were renamed in; whatever fails is raised."""
    for _ in over(write, documents):
        continue
    for _ in over(_sync_directory, directories):
        continue


def _sync_directory(directory: Path) -> None:
    # A rename is only durable once its directory is written too; Windows has no such call and needs none.
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Files that people send: small ones are taken in at once, large ones after the answer, with progress.

An upload keeps its file until the outcome is known. Taking in is one transaction and knows a file again, so
whoever is killed leaves nothing, and two who do the same do it once.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session, undefer

from billing.districts.models import BankAccount
from billing.kernel.checks import line, optional_line
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import InvalidInput, Refusal
from billing.kernel.reporting import plain
from billing.kernel.rows import get_row
from billing.reconciliation.formats.statement import Problem
from billing.reconciliation.importing import FILE_NAME_LENGTH_MAX, REASON_LENGTH_MAX
from billing.reconciliation.models import SavedProfile, StatementUpload, UploadState
from billing.reconciliation.service import Progress, TakenIn, take_in

AT_ONCE_BYTES_MAX = 5 * 1024 * 1024
SILENT_MAX = timedelta(minutes=2)  # after which somebody else takes an upload up


class FileMissing(InvalidInput):
    """Nothing was sent. Facts: ``field``."""

    code = "file_missing"


def receive(
    session: Session,
    content: bytes,
    *,
    file_name: str,
    received_on: date,
    bank_account_id: UUID | None = None,
    profile_id: UUID | None = None,
    override_reason: str | None = None,
) -> StatementUpload:
    """Take a file that was sent; a small one is taken in at once, a large one waits.

    Raises:
        FileMissing: it is empty and has no name.
        NotFound: no such account or profile.
        StatementRefused and the others of ``take_in``: of a small file. Nothing is written.
    """
    if not file_name.strip():
        raise FileMissing(field="file")
    upload = StatementUpload(
        district_id=district_of(session),
        file_name=line(file_name[-FILE_NAME_LENGTH_MAX:], field="file", length_max=FILE_NAME_LENGTH_MAX),
        size_bytes=len(content),
        content=content,
        bank_account_id=bank_account_id,
        profile_id=profile_id,
        override_reason=optional_line(override_reason, field="override_reason", length_max=REASON_LENGTH_MAX)
        or None,
        state=UploadState.WAITING,
        rows_done=0,
        result={},
        recorded_by=actor_of(session),
    )
    if bank_account_id is not None:
        get_row(session, BankAccount, bank_account_id, kind="bank_account")
    if profile_id is not None:
        get_row(session, SavedProfile, profile_id, kind="column_profile")
    session.add(upload)
    session.flush()
    if len(content) <= AT_ONCE_BYTES_MAX:
        finish(session, upload, taken_in_on=received_on)
    return upload


def finish(
    session: Session, upload: StatementUpload, *, taken_in_on: date, progress: Progress | None = None
) -> None:
    """Take a waiting upload's file in.

    Raises:
        StatementRefused and the others of ``take_in``. Nothing is written.
    """
    assert upload.content is not None, upload.id
    taken = take_in(
        session,
        upload.content,
        file_name=upload.file_name,
        taken_in_on=taken_in_on,
        bank_account_id=upload.bank_account_id,
        profile_id=upload.profile_id,
        override_reason=upload.override_reason,
        progress=progress,
    )
    # Somebody else may have done the same meanwhile; what he found stands.
    session.refresh(upload, attribute_names=["state"], with_for_update=True)
    if upload.state is not UploadState.WAITING:
        return
    rows = 0 if taken.is_known else taken.statement.new_row_count
    upload.state = UploadState.DONE
    upload.content = None
    upload.statement_id = taken.statement.id
    upload.rows_done = upload.rows_total = rows
    upload.result = _counted(taken)
    session.flush()


def refuse(session: Session, upload_id: UUID, refusal: Refusal) -> None:
    """Write down why an upload's file is not taken in; nothing else of it is kept."""
    upload = get_upload(session, upload_id)
    if upload.state is not UploadState.WAITING:
        return
    facts = dict(refusal.facts)
    problems = facts.pop("problems", [])
    upload.state = UploadState.REFUSED
    upload.content = None
    upload.result = {
        "code": refusal.code,
        "facts": {name: plain(value) for name, value in facts.items()},
        "problems": [problem.stored() for problem in problems],
    }
    session.flush()


def get_upload(session: Session, upload_id: UUID) -> StatementUpload:
    """An upload without its file.

    Raises:
        NotFound: no such upload.
    """
    return get_row(session, StatementUpload, upload_id, kind="statement_upload")


def take_up(session: Session, upload_id: UUID) -> StatementUpload | None:
    """A waiting upload with its file; None where its outcome is known already."""
    return session.scalar(
        select(StatementUpload)
        .where(StatementUpload.id == upload_id, StatementUpload.state == UploadState.WAITING)
        .options(undefer(StatementUpload.content))
    )


def is_silent(upload: StatementUpload, now: datetime) -> bool:
    """Whether a waiting upload needs somebody to take it up: nobody has been heard of for a while."""
    if upload.state is not UploadState.WAITING:
        return False
    return upload.alive_at is None or upload.alive_at < now - SILENT_MAX


def say_alive(session: Session, upload_id: UUID, *, now: datetime, done: int, total: int | None) -> None:
    """Let others see how far an upload is, and that somebody works on it."""
    session.execute(
        update(StatementUpload)
        .where(StatementUpload.id == upload_id, StatementUpload.state == UploadState.WAITING)
        .values(alive_at=now, rows_done=done, rows_total=total)
        .execution_options(synchronize_session=False)
    )


def waiting_uploads(session: Session, *, silent_at: datetime | None = None) -> list[tuple[int, UUID]]:
    """District and id of every upload that waits, the oldest first.

    Args:
        silent_at: only those of which nobody was heard for a while at this instant.
    """
    waiting = select(StatementUpload).where(StatementUpload.state == UploadState.WAITING)
    found = session.scalars(waiting.order_by(StatementUpload.id))
    return [
        (upload.district_id, upload.id)
        for upload in found
        if silent_at is None or is_silent(upload, silent_at)
    ]


def problems_of(upload: StatementUpload) -> list[Problem]:
    """What was wrong with a refused file."""
    return [Problem.restored(stored) for stored in upload.result.get("problems", [])]


def is_overridable(upload: StatementUpload) -> bool:
    """Whether a refused file could be taken in with a reason."""
    return bool(upload.result.get("facts", {}).get("overridable", False))


def _counted(taken: TakenIn) -> dict[str, Any]:
    return {
        "is_known": taken.is_known,
        "matched": {kind.value: count for kind, count in taken.outcome.matched.items()},
        "waiting": {kind.value: count for kind, count in taken.outcome.waiting.items()},
    }

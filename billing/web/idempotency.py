"""The same POST again gets the same answer: ``Idempotency-Key``, stored in the transaction that did the work.

Only answers that changed something are kept: a refusal changed nothing, so the same key may be tried again.
"""

import hashlib
import hmac
import re

from flask import current_app, g, request
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from billing.kernel.db import actor_of, district_of, insert_into
from billing.kernel.errors import Conflict, InvalidInput
from billing.web.models import IdempotentAnswer

HEADER = "Idempotency-Key"
REPLAY_HEADER = "Idempotent-Replay"
KEY_PATTERN = "[!-~]{1,100}"

_UNANSWERED = 0
_TABLE = IdempotentAnswer.__table__


class InvalidIdempotencyKey(InvalidInput):
    """The header is not 1 to 100 printable ASCII characters without blanks."""

    code = "invalid_idempotency_key"


class IdempotencyKeyReused(Conflict):
    """The key came before with another request."""

    code = "idempotency_key_reused"


def replayed(session: Session) -> Response | None:
    """The answer this request got before; None if it is new, and then its key is taken.

    The key is inserted first: a second request with it waits here until the first has committed, and then
    finds the first one's answer.

    Raises:
        InvalidIdempotencyKey: nothing is done.
        IdempotencyKeyReused: nothing is done.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or actor_of(session) is None:
        return None
    if re.fullmatch(KEY_PATTERN, key) is None:
        raise InvalidIdempotencyKey(field=HEADER)
    g.idempotency_key = key
    if _take(session, key):
        return None
    known = session.execute(select(_TABLE).where(*_same(session, key))).one()
    if known.request_sha256 != _request_hash():
        raise IdempotencyKeyReused
    return _answer(known.body, known.status, known.content_type, known.location, known.etag)


def remember(session: Session, answer: Response) -> None:
    """Store the answer under the request's key, if it came with one."""
    key = g.pop("idempotency_key", None)
    if key is None or REPLAY_HEADER in answer.headers:
        return
    session.flush()
    session.execute(
        update(_TABLE)  # type: ignore[arg-type]
        .where(*_same(session, key))
        .values(
            status=answer.status_code,
            content_type=answer.content_type or "",
            location=answer.headers.get("Location"),
            etag=answer.headers.get("ETag"),
            body=answer.get_data(),
        )
    )


def _take(session: Session, key: str) -> bool:
    row = {
        "district_id": district_of(session),
        "user_id": actor_of(session),
        "key": key,
        "request_sha256": _request_hash(),
        "status": _UNANSWERED,
        "content_type": "",
        "body": b"",
    }
    insert = insert_into(session, _TABLE).values(row).on_conflict_do_nothing()
    return session.execute(insert.returning(_TABLE.c.key)).first() is not None


def _same(session: Session, key: str) -> tuple[ColumnElement[bool], ...]:
    return (
        _TABLE.c.district_id == district_of(session),
        _TABLE.c.user_id == actor_of(session),
        _TABLE.c.key == key,
    )


def _request_hash() -> str:
    # Keyed with the server's secret: the body may hold a password, which a bare hash would let be guessed.
    digest = hmac.new(str(current_app.secret_key).encode(), digestmod=hashlib.sha256)
    for part in (request.method.encode(), request.full_path.encode(), request.get_data()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _answer(body: bytes, status: int, content_type: str, location: str | None, etag: str | None) -> Response:
    answer = Response(body, status, content_type=content_type or None)
    for name, value in (("Location", location), ("ETag", etag), (REPLAY_HEADER, "true")):
        if value is not None:
            answer.headers[name] = value
    return answer

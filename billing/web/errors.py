"""How refusals look on the wire: the only place that knows HTTP statuses.

Under ``/api/`` every answer that is not a success is ``application/problem+json`` (RFC 9457) with a stable
``code``, a sentence in the reader's language, the facts of the refusal, and for wrong input one entry per
field. Elsewhere people get a page, which ``billing.pages`` makes.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as WerkzeugResponse

from billing.access.attempts import TooManyAttempts
from billing.kernel.errors import (
    Conflict,
    Forbidden,
    NotFound,
    Refusal,
    StaleVersion,
    Unauthenticated,
)
from billing.kernel.i18n import messages, text
from billing.kernel.shown import Language
from billing.web.addresses import for_programs
from billing.web.fields import (
    FactsField,
    ListField,
    NestedField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.language import reader_language
from billing.web.problems import FieldProblem

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 1
FIELD_NAME_MAX = 200  # an unknown key may be of any length

Page = Callable[[int, str, str], WerkzeugResponse]  # status, title, sentence
_logger = logging.getLogger(__name__)


class PreconditionRequired(Refusal):
    """An edit came without ``If-Match``."""

    code = "precondition_required"


class Busy(Refusal):
    """The database could not serve the request now; nothing was changed, and it may be sent again."""

    code = "busy"


class TooManyRequests(Refusal):
    """More attempts than allowed in a minute."""

    code = "too_many_requests"


# The nearest class of a refusal's ancestry decides; every other refusal is 422: understood, not allowed.
STATUS: Mapping[type[Refusal], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    StaleVersion: 412,
    PreconditionRequired: 428,
    TooManyRequests: 429,
    TooManyAttempts: 429,
    Busy: 503,
    Refusal: 422,
}
# Refusals that come from HTTP itself rather than from us.
CODES: Mapping[int, str] = {
    400: "malformed_request",
    404: "no_such_address",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "too_slow",
    413: "too_large",
    414: "too_large",
    415: "unsupported_media_type",
    431: "too_large",
    429: "too_many_requests",
    500: "internal_error",
    503: "busy",
}


class FieldErrorOut(Schema):
    """One wrong value."""

    field = TextField(required=True, metadata={"description": "its path: `lines.0.quantity`"})
    code = TextField(60, required=True)
    detail = TextField(1000, required=True)


class ProblemOut(Schema):
    """Why a request was refused (RFC 9457). Nothing was changed."""

    type = TextField(required=True, metadata={"examples": ["urn:auyl:problem:not_found"]})
    title = TextField(required=True)
    status = StrictInteger(minimum=400, maximum=599, required=True)
    code = TextField(60, required=True, metadata={"description": "stable, for programs"})
    detail = TextField(2000, required=True, metadata={"description": "a sentence for people"})
    facts = FactsField(required=True, metadata={"description": "what the sentence is about"})
    errors = ListField(NestedField(FieldErrorOut), metadata={"description": "each wrong field"})


def register_error_handlers(app: Flask, page: Page) -> None:
    """Let the application answer every refusal and failure.

    Args:
        page: makes the answer for people outside of ``/api/``.
    """

    def refused(refusal: Refusal) -> WerkzeugResponse:
        return _answer(status_of(refusal), refusal.code, refusal.facts, _named_field(refusal), page)

    def failed(error: HTTPException) -> WerkzeugResponse:
        if error.code is None or error.code < 400:  # a redirect, or an answer ready to be sent
            return error.get_response()
        if isinstance(error, InternalServerError) and error.original_exception is not None:
            _logger.error("%s %s failed", request.method, request.path, exc_info=error.original_exception)
        code = CODES.get(error.code, "malformed_request" if error.code < 500 else "internal_error")
        errors = list(_field_problems(getattr(error, "data", {}).get("messages", {})))
        response = _answer(error.code, "invalid_fields" if errors else code, {}, errors, page)
        for name in ("Allow", "Retry-After"):
            if value := error.get_response().headers.get(name):
                response.headers[name] = value
        return response

    app.register_error_handler(Refusal, refused)
    app.register_error_handler(HTTPException, failed)


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)


def problem_of(
    status: int,
    code: str,
    facts: Mapping[str, Any],
    errors: list[tuple[str, FieldProblem]],
    language: Language,
) -> dict[str, Any]:
    """The body of a problem answer."""
    problem = {
        "type": f"urn:auyl:problem:{code}",
        "title": title_of(status, language),
        "status": status,
        "code": code,
        "detail": sentence(code, facts, language),
        "facts": {name: _plain(value, language) for name, value in facts.items()},
    }
    if errors:
        problem["errors"] = [
            {"field": name, "code": found.code, "detail": _field_sentence(found, language)}
            for name, found in errors
        ]
    return problem


def title_of(status: int, language: Language) -> str:
    """What a status means, in two or three words."""
    key = f"status.{status}"
    return text(key if key in messages(language) else f"status.{status // 100}00", language)


def sentence(code: str, facts: Mapping[str, Any], language: Language) -> str:
    """The sentence of a refusal for people."""
    return text(f"refusal.{code}", language, **facts)


def _answer(
    status: int, code: str, facts: Mapping[str, Any], errors: list[tuple[str, FieldProblem]], page: Page
) -> WerkzeugResponse:
    language = reader_language()
    if not for_programs():
        return page(status, title_of(status, language), sentence(code, facts, language))
    body = json.dumps(problem_of(status, code, facts, errors, language))
    response = Response(body, status, content_type=PROBLEM_TYPE)
    response.headers["Content-Language"] = language.value
    response.headers["Vary"] = "Accept-Language"
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="auyl"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _named_field(refusal: Refusal) -> list[tuple[str, FieldProblem]]:
    field = refusal.facts.get("field") if status_of(refusal) == HTTPStatus.UNPROCESSABLE_ENTITY else None
    if isinstance(refusal, NotFound):
        # The service does not know whether an id came with the address or in the body, and in which field.
        field = _field_of(str(refusal.facts.get("id")), request.get_json(silent=True))
    return [] if field is None else [(str(field), FieldProblem(refusal.code, refusal.facts))]


def _field_of(wanted: str, body: Any, path: tuple[str, ...] = ()) -> str | None:
    """The path of the first text in a body that says this."""
    if isinstance(body, Mapping | list):
        parts = body.items() if isinstance(body, Mapping) else enumerate(body)
        found = (_field_of(wanted, inner, (*path, str(name))) for name, inner in parts)
        return next((each for each in found if each is not None), None)
    said = isinstance(body, str) and body.strip().lower() == wanted.lower()
    return ".".join(path) if said and path else None


def _field_sentence(found: FieldProblem, language: Language) -> str:
    own = f"invalid.{found.code}"
    return text(own if own in messages(language) else f"refusal.{found.code}", language, **found.facts)


def _field_problems(found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, FieldProblem]]:
    # webargs names the place first (json, query), marshmallow a schema's own problems "_schema".
    if isinstance(found, Mapping):
        for name, inner in found.items():
            yield from _field_problems(inner, (*path, str(name)))
    elif isinstance(found, list):
        for inner in found:
            yield from _field_problems(inner, path)
    else:
        named = ".".join(part for part in path[1:] if part != "_schema")
        # An unknown key may be any text, even one that is not text in UTF-8.
        named = named.encode("utf-8", "replace").decode("utf-8")
        known = found if isinstance(found, FieldProblem) else FieldProblem("invalid")
        yield named[:FIELD_NAME_MAX] or path[0], known


def _plain(value: Any, language: Language) -> Any:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part, language) for part in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(part, language) for name, part in value.items()}
    if (told := getattr(value, "told", None)) is not None:
        return told(language)  # what is wrong with a line of a file, in the reader's words
    return value.isoformat() if isinstance(value, date | datetime) else str(value)

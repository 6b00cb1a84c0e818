"""The blueprint of every slice's API: flask-smorest's with types, and with documentation of what is common.

Problem answers, the bearer token and its roles, ``Idempotency-Key`` and ``If-Match`` are documented from
what the view is marked with, so no route can forget them.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeVar

import flask_smorest

from billing.web import age
from billing.web.access import Access, access_of
from billing.web.etag import EDITS
from billing.web.idempotency import HEADER, KEY_PATTERN, REPLAY_HEADER
from billing.web.parsing import Parser

View = TypeVar("View", bound=Callable[..., Any])

BEARER = "token"
IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The same key and request again get the same answer; 409 with another request.",
    "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The `ETag` of what is edited.",
    "schema": {"type": "string", "pattern": '^"[1-9][0-9]{0,8}"$'},
}
ETAG = {"description": "Its version, for `If-Match`.", "schema": {"type": "string"}}
REPLAY = {"description": "Present on a repeated answer.", "schema": {"type": "string", "const": "true"}}

_ALWAYS = (400, 401, 403, 404, 422, 500, 503)
_WRITING = (409, 413, 415)
_VERSIONED = (412, 428)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """Routes of one slice."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, import_name: str, *, url_prefix: str, description: str) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix, description=description)
        self._prepare_doc_cbks.append(_document)

    def get(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Register a reading route."""
        return super().get(rule, **options)  # type: ignore[no-any-return]

    def post(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Register a route that makes or does something."""
        return super().post(rule, **options)  # type: ignore[no-any-return]

    def patch(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Register a route that edits something."""
        return super().patch(rule, **options)  # type: ignore[no-any-return]

    def put(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Register a route that sets something as a whole."""
        return super().put(rule, **options)  # type: ignore[no-any-return]

    def delete(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Register a route that takes something away."""
        return super().delete(rule, **options)  # type: ignore[no-any-return]

    def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]:
        """Hand the view what the request brings, checked, as its next positional argument."""
        return super().arguments(schema, **options)  # type: ignore[no-any-return]

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[View], View]:
        """Answer with what the view returns, put through a schema."""
        return super().response(status_code, schema, **options)  # type: ignore[no-any-return]

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Register a view, and note for the documentation who may use it."""
        access = access_of(view_func)
        assert access is not None, f"{rule} does not say who may use it"
        view_func._apidoc = {
            **deepcopy(getattr(view_func, "_apidoc", {})),
            "access": access,
            "versioned": getattr(view_func, "versioned", False),
        }
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)


def _document(doc: dict[str, Any], info: dict[str, Any], *, method: str, **_: Any) -> dict[str, Any]:
    access: Access = info["access"]
    parameters = doc.setdefault("parameters", [])
    method = method.upper()
    statuses = [status for status in _ALWAYS if not (access.public and status == 403)]
    if method != "GET":
        statuses += _WRITING
    if method == "POST" and not access.public:
        parameters.append(IDEMPOTENCY_KEY)
    if info["versioned"] and method in EDITS:
        parameters.append(IF_MATCH)
        statuses += _VERSIONED
    if access.public:
        statuses.append(429)
    for status, answer in doc.get("responses", {}).items():
        if int(status) < 300:
            headers = {"ETag": ETAG} if info["versioned"] else {}
            headers |= {REPLAY_HEADER: REPLAY} if method == "POST" and not access.public else {}
            headers |= age.HEADERS if access.report else {}
            if headers:
                answer.setdefault("headers", {}).update(headers)
    doc.setdefault("responses", {}).update({status: f"Problem{status}" for status in statuses})
    doc["security"] = [] if access.public else [{BEARER: []}]
    if not access.public:
        doc["x-roles"] = sorted(access.roles) or ["any"]
    return doc

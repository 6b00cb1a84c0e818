"""Which addresses are for programs and which for people."""

from flask import request

API = "/api/"
DOCUMENT_URL = "/api/openapi.json"
DOCS_URL = "/api/docs"


def for_programs() -> bool:
    """Whether this request is to the API: answered with JSON, known by a token, never by a cookie."""
    return request.path.startswith(API) and request.path != DOCS_URL

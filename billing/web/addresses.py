"""Which addresses are for programs and which for people."""

import re

from flask import request

API = "/api/"
DOCUMENT_URL = "/api/openapi.json"
DOCS_URL = "/api/docs"

_PROVIDER_CALL = re.compile(r"/pay/[^/]+/[^/]+|/cards/[^/]+/notice")


def for_programs() -> bool:
    """Whether this request is to the API: answered with JSON, known by a token, never by a cookie."""
    return request.path.startswith(API) and request.path != DOCS_URL


def called_by_provider() -> bool:
    """Whether this request is a payment provider's: known by a secret that it sends, never by a cookie."""
    return _PROVIDER_CALL.fullmatch(request.path) is not None

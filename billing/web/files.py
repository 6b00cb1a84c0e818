"""Answers that are files: documents to print, spreadsheets to open."""

import re
from typing import Any
from urllib.parse import quote

from flask import Response

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
# How OpenAPI documents such an answer.
BINARY: dict[str, Any] = {"type": "string", "format": "binary"}


def file_answer(content: bytes, content_type: str, name: str) -> Response:
    """A file under a name; Kazakh and Russian letters in it reach the browser whole (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    disposition = f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, content_type=content_type, headers={"Content-Disposition": disposition})

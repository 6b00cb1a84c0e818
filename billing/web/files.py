"""Files on the wire: documents to print, spreadsheets to open, and requests that bring more than others."""

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Response

View = TypeVar("View", bound=Callable[..., Any])

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


def takes_files(bytes_max: int) -> Callable[[View], View]:
    """Let a view's request be larger than others may be."""

    def mark(view: View) -> View:
        view.__dict__["body_bytes_max"] = bytes_max
        return view

    return mark


def body_bytes_max(view: Callable[..., Any]) -> int | None:
    """How large a view's request may be; None where it is as all others."""
    return getattr(view, "body_bytes_max", None)

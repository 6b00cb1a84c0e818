"""Pages for people, in the browser. They hold no rules: forms in, services called, templates out."""

from flask import Flask, make_response
from markupsafe import escape
from werkzeug.wrappers import Response


def register(app: Flask) -> None:
    """Put the pages into the application."""


def error_page(status: int, title: str, detail: str) -> Response:
    """A page that says what was refused."""
    return make_response(f"<h1>{escape(title)}</h1><p>{escape(detail)}</p>", status)

"""Pages for people, in the browser: grouped by who sits in front of them, and without rules of their own.

``office.py`` is the door: start page, log-in, choice of a district. A further group is a module with its own
``blp = Blueprint(...)`` in ``GROUPS``; its views are marked by ``requires`` or ``public`` like those of the
API, get ``current_session()``, and render templates that extend ``base.html``. Templates say every text by
``t("page.…")``; forms carry ``{{ csrf_field() }}``.
"""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, g, make_response, redirect, render_template, request, url_for
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.wrappers import Response

from billing.kernel.i18n import label, text
from billing.kernel.shown import Language
from billing.pages import office
from billing.web.addresses import for_programs
from billing.web.language import reader_language, remember_language

GROUPS = (office.blp,)

_csrf = CSRFProtect()


def register(app: Flask) -> None:
    """Put the pages into the application."""
    app.config.update(BOOTSTRAP_SERVE_LOCAL=True, WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    Bootstrap5(app)
    _csrf.init_app(app)
    for group in GROUPS:
        app.register_blueprint(group)
    app.before_request(_prepare)
    app.context_processor(_words)


def error_page(status: int, title: str, detail: str) -> Response:
    """A page that says what was refused; whoever is not known yet is led to the log-in."""
    if status == 401 and request.method == "GET":
        return redirect(url_for("office.log_in", next=request.full_path))
    return make_response(render_template("error.html", title=title, detail=detail), status)


def _prepare() -> None:
    if for_programs():
        return  # programs send a token, never a cookie: there is nothing to forge
    remember_language()
    _csrf.protect()


def _words() -> dict[str, Any]:
    language = reader_language()

    def say(code: str, /, **facts: object) -> str:
        return text(code, language, **facts)

    return {
        "t": say,
        "label": lambda value: label(value, language),
        "language": language,
        "languages": tuple(Language),
        "caller": getattr(g, "caller", None),
        "csrf_field": _csrf_field,
        "in_language": _in_language,
    }


def _in_language(language: Language) -> str:
    """This page's own address, in another language."""
    return "?" + urlencode({**request.args.to_dict(flat=False), "lang": [language.value]}, doseq=True)


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())

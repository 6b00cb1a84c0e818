"""Pages for people, in the browser: grouped by who sits in front of them, and without rules of their own.

``office.py`` is the door: start page, log-in, choice of a district. Behind it everybody has a desk: the clerk
(customers, contracts, orders, invoices), the cashier (payments), the accountant (reports, months). The akim
reads the accountant's reports. Residents have the page behind an invoice's QR code, and what is theirs under
``/my/``, behind a door of its own (``resident/door.py``).

A further group is a module with its own ``blp = Blueprint(...)`` in ``GROUPS``; its views are marked by
``requires`` or ``public`` like those of the API, get ``current_session()``, and render templates that extend
``base.html``. Templates say every text by ``t("page.…")`` and show values by ``show(…)``. A form is a schema,
read by ``forms.read`` and answered by ``forms.submit``; in its template it carries ``{{ once() }}``. Pages
work without JavaScript.
"""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, g, make_response, redirect, render_template, request, url_for
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from billing.kernel.i18n import label, text
from billing.kernel.shown import Language
from billing.pages import desk, office, overview
from billing.pages.accountant import (
    batch,
    months,
    profiles,
    reports,
    rules,
    schedules,
    statement_row,
    statements,
    three_way,
)
from billing.pages.cashier import payments, receipt_books, take
from billing.pages.clerk import (
    account_link,
    cash_desks,
    contracts,
    customers,
    invoice,
    invoices,
    orders,
    requests,
    runs,
)
from billing.pages.forms import ONCE, once_token
from billing.pages.resident import card, door, home, linked_account, pay, verify
from billing.pages.resident import requests as own_requests
from billing.web.addresses import called_by_provider, for_programs
from billing.web.language import reader_language, remember_language

GROUPS = (
    office.blp,
    overview.blp,
    customers.blp,
    account_link.blp,
    cash_desks.blp,
    contracts.blp,
    orders.blp,
    invoices.blp,
    invoice.blp,
    runs.blp,
    schedules.blp,
    requests.blp,
    take.blp,
    payments.blp,
    receipt_books.blp,
    reports.blp,
    months.blp,
    statements.blp,
    statement_row.blp,
    profiles.blp,
    rules.blp,
    three_way.blp,
    batch.blp,
    linked_account.blp,
    pay.blp,
    card.blp,
    verify.blp,
    door.blp,
    home.blp,
    own_requests.blp,
)

# What the menu leads to, for whoever may go there: the view and the word.
MENU = (
    ("overview.page", "page.menu_overview"),
    ("clerk_customers.index", "page.menu_customers"),
    ("clerk_contracts.index", "page.menu_contracts"),
    ("clerk_orders.index", "page.menu_orders"),
    ("clerk_requests.index", "page.menu_requests"),
    ("clerk_invoices.index", "page.menu_invoices"),
    ("clerk_runs.index", "page.menu_runs"),
    ("cashier_payments.index", "page.menu_payments"),
    ("cashier_receipt_books.index", "page.menu_receipt_books"),
    ("accountant_statements.index", "page.menu_statements"),
    ("accountant_reports.index", "page.menu_reports"),
)
# What people come to do.
WORKS = (
    ("cashier_payments.find", "page.take_payment"),
    ("clerk_orders.find", "page.new_order"),
    ("clerk_customers.new", "page.new_customer"),
    ("clerk_invoices.unbilled", "page.issue_all"),
    ("clerk_runs.new", "page.run_new"),
    ("accountant_reports.execution", "page.report_execution"),
    ("accountant_reports.debts", "page.report_debts"),
    ("accountant_statements.new", "page.send_statement"),
    ("accountant_three_way.index", "page.three_way"),
    ("accountant_months.index", "page.close_months"),
    ("clerk_cash_desks.index", "page.cash_desks"),
    ("accountant_schedules.index", "page.schedules"),
)
RESIDENTS = "/my/"  # behind it nobody of the office is known, and nobody in front of it is a resident
STYLES_KEPT_SECONDS = 86_400  # a village's line is slow; a day is kept after an update at most

_csrf = CSRFProtect()


def register(app: Flask) -> None:
    """Put the pages into the application."""
    app.config.update(
        BOOTSTRAP_SERVE_LOCAL=True,
        WTF_CSRF_CHECK_DEFAULT=False,
        # Pages behind secret links send no Referer; our mark in the form and SameSite do the work.
        WTF_CSRF_SSL_STRICT=False,
        WTF_CSRF_TIME_LIMIT=None,
        SEND_FILE_MAX_AGE_DEFAULT=STYLES_KEPT_SECONDS,
    )
    Bootstrap5(app)
    _csrf.init_app(app)
    for group in GROUPS:
        app.register_blueprint(group)
    app.before_request(_prepare)
    app.context_processor(_words)


def error_page(status: int, title: str, detail: str) -> Response:
    """A page that says what was refused; whoever is not known yet is led to the log-in."""
    if status == 401 and request.method == "GET":
        if request.path.startswith(RESIDENTS):
            return redirect(url_for("resident_door.log_in"))
        return redirect(url_for("office.log_in", next=request.full_path))
    known = getattr(g, "caller", None)
    if status == 403 and known is not None and not known.district_id and request.method == "GET":
        return redirect(url_for("office.start"))  # a district is to be chosen first
    return make_response(render_template("error.html", title=title, detail=detail), status)


def _prepare() -> None:
    if for_programs() or called_by_provider():
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
        "resident": getattr(g, "resident", None),
        "csrf_field": _csrf_field,
        "in_language": _in_language,
        "once_field": _once_field,
        "menu": MENU,
        "works": WORKS,
        **desk.WORDS,
    }


def _in_language(language: Language) -> str:
    """This page's own address, in another language; of a refused form's, the page it stands on."""
    path = request.path if _opens(request.path) else url_for("office.start")
    return path + "?" + urlencode({**request.args.to_dict(flat=False), "lang": [language.value]}, doseq=True)


def _opens(path: str) -> bool:
    try:
        current_app.create_url_adapter(request).match(path, method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return False
    return True


def _once_field() -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(ONCE, once_token())


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())

"""The door of the office: start page, log-in, log-out, and the choice of a district to work in."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billing.access.service import Workplace, authenticate_password, workplaces
from billing.kernel.errors import NotFound, Unauthenticated
from billing.kernel.i18n import refusal_text
from billing.web import login
from billing.web.access import caller, public
from billing.web.language import reader_language
from billing.web.transaction import current_session

FIELD_LENGTH_MAX = 200

blp = Blueprint("office", __name__)


@blp.get("/")
@public()
def start() -> ResponseReturnValue:
    """What this is; for a member, where he works and what he may do there."""
    return render_template("start.html", workplaces=_workplaces())


@blp.get("/login")
@public()
def log_in() -> ResponseReturnValue:
    """The form to log in."""
    return render_template("login.html", wanted=_wanted(), login="", refused=None)


@blp.post("/login")
@public(writes=False, takes_password=True)
def enter() -> ResponseReturnValue:
    """Log in, and work in the only district there is to choose."""
    name = request.form.get("login", "")[:FIELD_LENGTH_MAX]
    session = current_session()
    try:
        user = authenticate_password(session, name, request.form.get("password", "")[:FIELD_LENGTH_MAX])
    except Unauthenticated as refusal:
        refused = refusal_text(refusal, reader_language())
        return render_template("login.html", wanted=_wanted(), login=name, refused=refused), 401
    places = workplaces(session, user.id)
    login.enter(user, places[0].district.id if len(places) == 1 else None)
    return redirect(_wanted() or url_for("overview.page" if len(places) == 1 else "office.start"), 303)


@blp.post("/logout")
@public(writes=False)
def log_out() -> ResponseReturnValue:
    """Log out."""
    login.leave()
    return redirect(url_for("office.start"), 303)


@blp.post("/district")
@public(writes=False)
def choose_district() -> ResponseReturnValue:
    """Work in another of one's districts."""
    chosen = request.form.get("district_id", "")
    known = {str(place.district.id): place.district.id for place in _workplaces()}
    if chosen not in known:
        raise NotFound(kind="district", id=chosen[:FIELD_LENGTH_MAX])
    login.choose_district(known[chosen])
    return redirect(url_for("overview.page"), 303)


def _workplaces() -> list[Workplace]:
    try:
        return workplaces(current_session(), caller().user.id)
    except Unauthenticated:
        return []


def _wanted() -> str | None:
    """The page somebody wanted before he was asked to log in; never one of another server."""
    wanted = request.values.get("next", "")[:FIELD_LENGTH_MAX]
    parts = urlsplit(wanted.replace("\\", "/"))
    own = wanted.startswith("/") and not parts.scheme and not parts.netloc
    return wanted if own and wanted.isprintable() else None

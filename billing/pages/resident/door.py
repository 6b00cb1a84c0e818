"""The residents' door: log-in by personal account and code, log-out. It does not say who has an account."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billing.access.attempts import TooManyAttempts
from billing.customers.service import log_in as log_resident_in
from billing.kernel.clock import now
from billing.kernel.i18n import refusal_text, text
from billing.pages.resident import identity
from billing.web.access import public
from billing.web.errors import status_of
from billing.web.language import reader_language
from billing.web.transaction import current_session

FIELD_LENGTH_MAX = 100
UNAUTHENTICATED = 401

blp = Blueprint("resident_door", __name__, url_prefix="/my")


@blp.get("/login")
@public()
def log_in() -> ResponseReturnValue:
    """The form to log in."""
    return _form("", None)


@blp.post("/login")
@public()
def enter() -> ResponseReturnValue:
    """Log in. A wrong code is answered and not raised: the attempt is to stay counted."""
    account = request.form.get("account", "")[:FIELD_LENGTH_MAX]
    code = request.form.get("code", "")[:FIELD_LENGTH_MAX]
    session = current_session()
    try:
        customer = log_resident_in(session, account, code, address=request.remote_addr or "", at=now())
    except TooManyAttempts as refusal:
        return _form(account, refusal_text(refusal, reader_language())), status_of(refusal)
    if customer is None:
        return _form(account, text("page.wrong_account_or_code", reader_language())), UNAUTHENTICATED
    identity.enter(session, customer)
    return redirect(url_for("resident_home.page"), 303)


@blp.post("/logout")
@public(writes=False)
def log_out() -> ResponseReturnValue:
    """Log out."""
    identity.leave()
    return redirect(url_for("resident_door.log_in"), 303)


def _form(account: str, refused: str | None) -> str:
    return render_template("resident/login.html", account=account, refused=refused)

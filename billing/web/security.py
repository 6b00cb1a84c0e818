"""Bounds, headers and limits that protect the server and the people in front of it."""

from typing import Any

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as WerkzeugResponse

from billing.kernel.db import Sessions, as_of
from billing.web.errors import TooManyRequests
from billing.web.transaction import sessions_of

BODY_BYTES_MAX = 10 * 1024 * 1024  # the whole country's classifier of places has 2 MB
FORM_BYTES_MAX = 256 * 1024
FORM_PARTS_MAX = 500
MISSES_PER_MINUTE_MAX = 20

# Bootstrap's icons are data: addresses; anything else comes from this server.
_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
YEAR_SECONDS = 365 * 24 * 3600


# What one process has counted within the minute; how often passwords are guessed is counted in the database.
counted = MemoryStorage()
_limiter = FixedWindowRateLimiter(counted)


def within_limit(per_minute_max: int, *whose: object) -> bool:
    """Count a call of somebody at this process; False when it is one too many.

    It keeps a program that went wild from being a burden, and costs no statement. Several processes let so
    many times as much through.
    """
    return _limiter.hit(RateLimitItemPerMinute(per_minute_max), *map(str, whose))


def count_miss() -> None:
    """Count a public address that leads nowhere: who tries one after the other is guessing.

    Only these are counted by where they come from: a whole village may stand behind one address of its
    mobile operator, and all who hold a right link are let in.

    Raises:
        TooManyRequests: too many wrong ones came from there within a minute.
    """
    if not within_limit(MISSES_PER_MINUTE_MAX, "miss", request.remote_addr):
        raise TooManyRequests


def allow_scripts_of(response: WerkzeugResponse, origin: str) -> None:
    """Let a page run another server's script, and the script call its own server."""
    policy = f"{_POLICY}; script-src 'self' {origin}; connect-src 'self' {origin}"
    response.headers["Content-Security-Policy"] = policy


def protect(app: Flask, *, https: bool, proxies: int) -> None:
    """Bound what the application reads, and send the headers that keep browsers careful.

    Args:
        https: whether people reach it by https, so that cookies never travel otherwise.
        proxies: how many of ours stand in front; what they say of the caller's address is believed.
    """
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.config.update(
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX,
        MAX_FORM_MEMORY_SIZE=FORM_BYTES_MAX,
        MAX_FORM_PARTS=FORM_PARTS_MAX,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
    )

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if https:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_SECONDS}")
        if request.endpoint is None or not request.endpoint.endswith("static"):
            # Answers hold names and debts: no proxy or shared browser may keep them.
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def register_health(app: Flask) -> None:
    """Answer ``/healthz``: whether the server and its database work, for supervisors and balancers."""

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        try:
            with sessions_of(app).begin(None, read_only=True) as session:
                session.execute(text("SELECT 1"))
            replica = _replica_health(sessions_of(app))
        except SQLAlchemyError:
            return jsonify(status="no database"), 503
        return jsonify(status="ok", **replica)


def _replica_health(sessions: Sessions) -> dict[str, Any]:
    """How the replica is, where there is one; a lost one is no reason to stop asking this server."""
    if sessions.replica is None:
        return {}
    with sessions.report(None) as session:
        age = as_of(session)
    told = {"status": "lost"} if age is None else {"status": "ok", "behind_seconds": age.behind_seconds}
    return {"replica": told}

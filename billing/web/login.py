"""Who sits in front of the pages: Flask-Login's cookie, and the district he chose to work in."""

import hashlib
from uuid import UUID

from flask import Flask, g
from flask import session as cookie
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy.orm import Session

from billing.access.models import User
from billing.access.service import roles_of
from billing.access.tokens import Caller
from billing.kernel.db import scope
from billing.web.language import choose_language, language_chosen

_DISTRICT = "district_id"


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """A user as Flask-Login wants him."""

    def __init__(self, user: User) -> None:
        self.user = user

    def get_id(self) -> str:
        """His id and a mark of his password: a new password ends every log-in made with the old one."""
        mark = hashlib.sha256(self.user.password_hash.encode()).hexdigest()[:16]
        return f"{self.user.id}.{mark}"


def register_login(app: Flask) -> None:
    """Let the application recognise people by their cookie."""
    manager = LoginManager()
    manager.session_protection = "basic"
    manager.user_loader(_load)
    # Without its template variable: that one would ask the database while an error page is drawn.
    manager.init_app(app, add_context_processor=False)


def signed_in(session: Session) -> Caller | None:
    """Who is logged in, with his roles in the district he works in; scopes the session to it."""
    if not current_user.is_authenticated:
        return None
    user: User = current_user.user
    district_id = cookie.get(_DISTRICT)
    if not isinstance(district_id, int):
        return Caller(user, 0, frozenset())
    scope(session, district_id)
    return Caller(user, district_id, roles_of(session, user.id))


def enter(user: User, district_id: int | None) -> None:
    """Log a user in; None where he has still to choose a district."""
    language = language_chosen()
    cookie.clear()  # a cookie set before the log-in must not live on
    login_user(SignedIn(user))
    choose_language(language)  # but for the language he asked for on the way here
    if district_id is not None:
        choose_district(district_id)


def choose_district(district_id: int) -> None:
    """Remember the district the user works in from now on; his roles are looked up at every request."""
    cookie[_DISTRICT] = district_id


def leave() -> None:
    """Log the user out."""
    logout_user()
    cookie.clear()


def _load(text: str) -> SignedIn | None:
    user_id, _, _ = text.partition(".")
    try:
        user = g.session.get(User, UUID(user_id))
    except ValueError:
        return None
    if user is None or not user.is_active:
        return None
    known = SignedIn(user)
    return known if known.get_id() == text else None

"""The application as a client sees it: ``office`` calls the API with a member's token.

``office.get("/api/v1/me")``, ``office.post("/api/v1/users", json={…})``; ``office.member(Role.CLERK)`` is the
same for a member with just these roles, ``office.stranger`` for somebody without a token.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from billing.access import service, tokens
from billing.access.models import Role, User
from billing.app import create_app
from billing.config import Settings
from billing.kernel.clock import ALMATY
from billing.kernel.db import Sessions
from billing.web.security import counted
from tests.support.districts import DISTRICT_ID

PASSWORD = "Борангүл-2026"
TODAY = date(2026, 11, 23)


def make_user(
    session: Session, login: str = "aigul", *roles: Role, name: str = "Айгүл", password: str = PASSWORD
) -> User:
    """A member of the session's district with these roles."""
    user = service.create_user(session, login, name=name, password=password)
    for role in roles:
        service.grant_role(session, login, role)
    return user


def make_settings(var: Path) -> Settings:
    """Settings of an application that keeps everything in a test's own directory."""
    return Settings.from_environment({"AUYL_VAR": str(var), "AUYL_SECRET_KEY": "for tests only"})


@dataclass(frozen=True)
class Office:
    """A client of the API with one member's token.

    Attributes:
        token: what it sends; None for a stranger.
    """

    app: Flask
    token: str | None
    district_id: int = DISTRICT_ID

    @property
    def client(self) -> FlaskClient:
        """A client without cookies."""
        return self.app.test_client(use_cookies=False)

    @property
    def sessions(self) -> Sessions:
        """The application's units of work."""
        sessions: Sessions = self.app.extensions["sessions"]
        return sessions

    @property
    def stranger(self) -> "Office":
        """Somebody without a token."""
        return Office(self.app, None)

    def member(self, *roles: Role, login: str | None = None, district_id: int = DISTRICT_ID) -> "Office":
        """Another member, with these roles only."""
        known = login or "-".join(["member", *roles])
        with self.sessions.begin(district_id) as session:
            user = service.find_user(session, known) or make_user(session, known)
            for role in roles:
                service.grant_role(session, known, role)
            issued = tokens.issue_token(session, user.id, label="test", expires_on=None, today=TODAY)
        return Office(self.app, issued.text, district_id)

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        """Send a request; refusals come in English unless the headers say otherwise."""
        own = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        return self.client.open(path, method=method, headers=own | (headers or {}), **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        """Read."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        """Make or do something."""
        return self.request("POST", path, **options)

    def patch(self, path: str, **options: Any) -> TestResponse:
        """Edit."""
        return self.request("PATCH", path, **options)

    def put(self, path: str, **options: Any) -> TestResponse:
        """Set something as a whole."""
        return self.request("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        """Take something away."""
        return self.request("DELETE", path, **options)


@cache
def shared_app() -> Flask:
    """The application that all tests of a worker share; ``app`` gives it a test's own database."""
    # Making one takes a quarter of a second, most of it for its documentation: too long for every test.
    settings = Settings.from_environment(
        {"AUYL_SECRET_KEY": "for tests only", "AUYL_DATABASE_URL": "sqlite://"}
    )
    return create_app(settings)


def morning() -> time_machine.travel:
    """The clock of the application at the morning of ``TODAY``, on whatever day the test runs."""
    return time_machine.travel(datetime.combine(TODAY, time(9), ALMATY), tick=True)


@pytest.fixture
def app(sessions: Sessions, tmp_path: Path) -> Iterator[Flask]:
    """The application on the test's own database; failures are raised, not answered with 500."""
    application = shared_app()
    application.extensions["settings"] = make_settings(tmp_path)
    application.extensions["sessions"] = sessions
    application.testing = True
    counted.reset()
    with morning():
        yield application


@pytest.fixture
def fresh_app(sessions: Sessions, tmp_path: Path) -> Iterator[Flask]:
    """The same, made for this test only, which may therefore change it."""
    application = create_app(make_settings(tmp_path), sessions)
    application.testing = True
    with morning():
        yield application


@pytest.fixture
def office(app: Flask) -> Office:
    """The API as a member with every role calls it."""
    return Office(app, None).member(*Role, login="office")


@pytest.fixture
def fresh_office(fresh_app: Flask) -> Office:
    """The same, on an application that the test may change."""
    return Office(fresh_app, None).member(*Role, login="office")

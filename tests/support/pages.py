"""People in front of the pages: a browser without JavaScript, logged in, that fills in what a page shows."""

import html
import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from billing.access import service
from billing.access.models import Role
from billing.kernel.db import Sessions
from billing.web.login import SignedIn
from tests.support.districts import DISTRICT_ID
from tests.support.web import make_user

_FORM = re.compile(r"<form\b(?P<head>[^>]*)>(?P<body>.*?)</form>", re.DOTALL)
_ATTRIBUTE = re.compile(r'([a-z-]+)(?:="([^"]*)")?')
_FIELD = re.compile(
    r"<input\b(?P<input>[^>]*)>"
    r"|<select\b(?P<select>[^>]*)>(?P<options>.*?)</select>"
    r"|<textarea\b(?P<area>[^>]*)>(?P<text>.*?)</textarea>",
    re.DOTALL,
)
_OPTION = re.compile(r"<option\b([^>]*)>")


@dataclass(frozen=True)
class Reader:
    """Somebody in front of the pages, in one district and in one language."""

    client: FlaskClient
    language: str = "en"

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path)

    def read(self, path: str) -> str:
        """A page that opens; a redirect is followed, as a browser does."""
        answer = self.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.text

    def send(self, path: str, action: str | None = None, **typed: Any) -> TestResponse:
        """Fill in a form of a page and send it; what is not named is sent as the page shows it.

        Args:
            action: a part of the form's address, where the page has several forms.
            typed: what is typed; ``None`` sends nothing for a field. Names with a dash come as ``fields``.
        """
        return self.send_from(self.read(path), path, action, **typed)

    def send_from(self, page: str, path: str, action: str | None = None, **typed: Any) -> TestResponse:
        """As ``send``, of a page that was read already."""
        address, fields = form_of(page, path, action)
        fields |= typed.pop("fields", {}) | typed
        data = {name: value for name, value in fields.items() if value is not None}
        return self.client.post(address, data=data)


def form_of(page: str, path: str, action: str | None) -> tuple[str, dict[str, Any]]:
    """The address and the fields of a page's posting form: the one whose address contains ``action``."""
    for form in _FORM.finditer(page):
        head = _attributes(form["head"])
        address = head.get("action") or path
        if head.get("method") == "post" and "/logout" not in address and (action or "") in address:
            return address, _fields(form["body"])
    raise AssertionError(f"no form for {action or 'anything'} on {path}")


def _fields(body: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for found in _FIELD.finditer(body):
        if found["input"] is not None:
            given = _attributes(found["input"])
            if given.get("type") == "checkbox":
                if "checked" in given:
                    fields.setdefault(given["name"], []).append(given["value"])
            elif "name" in given:
                fields[given["name"]] = given.get("value", "")
        elif found["select"] is not None:
            options = [_attributes(option) for option in _OPTION.findall(found["options"])]
            chosen = [option for option in options if "selected" in option] or options[:1]
            fields[_attributes(found["select"])["name"]] = chosen[0]["value"] if chosen else ""
        else:
            fields[_attributes(found["area"])["name"]] = html.unescape(found["text"])
    return fields


def _attributes(text: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(text)}


@dataclass(frozen=True)
class Desk:
    """The place where people sit down: makes readers with roles."""

    app: Flask
    sessions: Sessions

    def seat(self, *roles: Role, language: str = "en", district_id: int = DISTRICT_ID) -> Reader:
        """Somebody with these roles in a district, logged in and with the district chosen."""
        login = "-".join(["reader", str(district_id), *roles])
        with self.sessions.begin(district_id) as session:
            user = service.find_user(session, login) or make_user(session, login, *roles)
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = SignedIn(user).get_id()
            cookie["district_id"] = district_id
            cookie["language"] = language
        return Reader(client, language)

    def stranger(self) -> Reader:
        """Somebody who is not logged in."""
        return Reader(self.app.test_client())


@pytest.fixture
def desk(app: Flask, sessions: Sessions) -> Desk:
    """Where people sit down in front of the pages."""
    return Desk(app, sessions)


def text_of(page: str) -> str:
    """What a page says, without its marks."""
    body = page.split("<main", 1)[-1]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))

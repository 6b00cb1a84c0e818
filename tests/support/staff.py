"""The people of an office over HTTP, each with his own token, and what they ask for and send."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from billing.access.models import Role
from billing.kernel.db import Sessions
from tests.support.districts import DISTRICT_ID
from tests.support.web import PASSWORD, Office, make_user

API = "/api/v1"


@dataclass(frozen=True)
class Staff:
    """The people of the office, each with his own token."""

    admin: Office
    clerk: Office
    cashier: Office
    accountant: Office
    akim: Office


def hire(app: Any, sessions: Sessions) -> Staff:
    """Everybody who works in the office, with tokens of the application, or of what stands before it."""
    with sessions.begin(DISTRICT_ID) as session:
        make_user(session, "admin", Role.ADMIN)
    admin = log_in(app, "admin")
    for role in (Role.CLERK, Role.CASHIER, Role.ACCOUNTANT, Role.AKIM):
        person = {"login": role.value, "name": f"Қызметкер {role.value}", "password": PASSWORD}
        made(admin, "/users", person | {"roles": [role.value]})
    return Staff(admin, *(log_in(app, login) for login in ("clerk", "cashier", "accountant", "akim")))


def log_in(app: Any, login: str) -> Office:
    """Somebody with the token that his log-in and password get him."""
    token = made(Office(app, None), "/tokens", {"login": login, "password": PASSWORD, "label": "journey"})
    return Office(app, token["token"])


def made(who: Office, path: str, body: dict[str, Any] | None = None, status: int = 201) -> Any:
    """What a POST answers with, which must be a success."""
    answer = who.post(f"{API}{path}", json=body)
    assert answer.status_code == status, (path, answer.json)
    return answer.json


def read(who: Office, path: str) -> Any:
    """What a GET answers with, which must be a success."""
    answer = who.get(f"{API}{path}")
    assert answer.status_code == 200, (path, answer.json)
    return answer.json


def words(who: Office, path: str) -> str:
    """The text of a PDF, with plain blanks."""
    answer = who.get(f"{API}{path}")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), path
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages)
    return text.replace("\u00a0", " ").replace("\u202f", " ")

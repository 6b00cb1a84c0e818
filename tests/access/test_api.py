"""Users, roles and tokens over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from billing.access.models import ApiToken, Role
from tests.support.districts import DISTRICT_ID
from tests.support.pages import Reader
from tests.support.web import PASSWORD

NEW = {"login": "dana", "name": "Дана", "password": "Қар-тазалау-15", "roles": ["clerk"]}


def test_me(office):
    """Whoever holds a token learns who he is and what he may do."""
    answer = office.member(Role.CLERK, Role.CASHIER, login="aigul").get("/api/v1/me")

    assert answer.status_code == 200
    assert answer.json["user"]["login"] == "aigul"
    assert answer.json["district"]["kato_code"] == "473639000"
    assert answer.json["roles"] == ["cashier", "clerk"]


def test_the_tour_from_password_to_token(office):
    """Log-in and password give a token, once in clear, that works until it is revoked."""
    office.member(Role.CLERK, login="aigul")
    given = {"login": "aigul", "password": PASSWORD, "label": "curl"}

    issued = office.stranger.post("/api/v1/tokens", json=given)
    assert issued.status_code == 201
    headers = {"Authorization": f"Bearer {issued.json['token']}"}
    assert office.stranger.get("/api/v1/me", headers=headers).json["user"]["login"] == "aigul"

    listed = office.stranger.get("/api/v1/tokens", headers=headers).json["items"]
    assert [row["label"] for row in listed] == ["test", "curl"]
    assert all("token" not in row and "secret_hash" not in row for row in listed)
    own = f"/api/v1/tokens/{issued.json['id']}"
    assert office.stranger.delete(own, headers=headers).status_code == 204
    assert office.stranger.get("/api/v1/me", headers=headers).status_code == 401


def test_a_wrong_password_gets_no_token(office):
    """The answer does not say whether the login exists."""
    office.member(Role.CLERK, login="aigul")
    answers = [
        office.stranger.post("/api/v1/tokens", json={"login": login, "password": "wrong", "label": "x"})
        for login in ("aigul", "nobody")
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json == answers[1].json


def test_guessing_passwords_is_slowed(office):
    """The eleventh attempt of a minute is not looked at."""
    given = {"login": "office", "password": "wrong", "label": "x"}
    statuses = [office.stranger.post("/api/v1/tokens", json=given).status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]
    refused = office.stranger.post("/api/v1/tokens", json=given | {"password": PASSWORD})
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")


def test_servers_count_guesses_together(office, fresh_app):
    """Six at one server's API, four at another's page: neither looks at more, unless from somewhere else."""
    guess = {"login": "office", "password": "wrong", "label": "x"}
    statuses = [office.stranger.post("/api/v1/tokens", json=guess).status_code for _ in range(6)]
    page = Reader(fresh_app.test_client())
    statuses += [page.send("/login", login="office", password="wrong").status_code for _ in range(4)]
    assert statuses == [401] * 10

    assert page.send("/login", login="office", password=PASSWORD).status_code == 429
    right = guess | {"password": PASSWORD}
    for app in (office.app, fresh_app):
        refused = app.test_client().post("/api/v1/tokens", json=right)
        assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
        elsewhere = {"REMOTE_ADDR": "203.0.113.7"}
        assert app.test_client().post("/api/v1/tokens", json=right, environ_base=elsewhere).status_code == 201
    with office.sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(func.count()).select_from(ApiToken)) == 3  # the office's own, and these


def test_a_minute_later_passwords_are_looked_at_again(office):
    """The minute begins with the first attempt; those that were refused do not make it longer."""
    given = {"login": "office", "password": PASSWORD, "label": "x"}
    begun = datetime(2026, 3, 10, 5, tzinfo=UTC)
    with time_machine.travel(begun, tick=False):
        statuses = [office.stranger.post("/api/v1/tokens", json=given).status_code for _ in range(11)]
    with time_machine.travel(begun + timedelta(seconds=59), tick=False):
        statuses.append(office.stranger.post("/api/v1/tokens", json=given).status_code)
    with time_machine.travel(begun + timedelta(seconds=60), tick=False):
        statuses.append(office.stranger.post("/api/v1/tokens", json=given).status_code)

    assert statuses == [201] * 10 + [429, 429, 201]


def test_users_are_made_seen_and_edited(office):
    """An administrator makes a user with roles, reads his version, and edits just that version."""
    admin = office.member(Role.ADMIN)
    made = admin.post("/api/v1/users", json=NEW)
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    assert set(made.json) == {"id", "login", "name", "language", "is_active", "version"}
    address = f"/api/v1/users/{made.json['id']}"
    assert admin.get(address).json == made.json

    edited = admin.patch(address, json={"name": "Дана Асқарова"}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.json["name"], edited.headers["ETag"]) == (200, "Дана Асқарова", '"2"')
    assert admin.patch(address, json={"name": "X"}).status_code == 428
    stale = admin.patch(address, json={"name": "X"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json["code"]) == (412, "stale_version")
    assert admin.patch(address, json={"name": "X"}, headers={"If-Match": "*"}).status_code == 412
    assert admin.get(address).json["name"] == "Дана Асқарова"


def test_roles_are_granted_and_taken(office):
    """A membership appears and disappears; the token follows at once."""
    admin, dana = office.member(Role.ADMIN), office.member(Role.CLERK, login="dana")
    user_id = dana.get("/api/v1/me").json["user"]["id"]

    granted = admin.post("/api/v1/memberships", json={"login": "dana", "role": "cashier"})
    assert (granted.status_code, granted.json) == (201, {"user_id": user_id, "role": "cashier"})
    assert dana.get("/api/v1/me").json["roles"] == ["cashier", "clerk"]

    for role in ("cashier", "clerk"):
        assert admin.delete(f"/api/v1/memberships/{user_id}/{role}").status_code == 204
    assert dana.get("/api/v1/me").status_code == 403
    assert admin.delete(f"/api/v1/memberships/{user_id}/clerk").status_code == 404


def test_passwords_are_changed(office):
    """By oneself with the present one, by an administrator without."""
    admin, dana = office.member(Role.ADMIN), office.member(Role.CLERK, login="dana")
    body = {"old_password": "wrong", "password": "Қар-тазалау-15"}
    refused = dana.put("/api/v1/me/password", json=body)
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "old_password")
    assert dana.put("/api/v1/me/password", json=body | {"old_password": PASSWORD}).status_code == 204

    user_id = dana.get("/api/v1/me").json["user"]["id"]
    address = f"/api/v1/users/{user_id}/password"
    assert dana.put(address, json={"password": "Су-жеткізу-2026"}).status_code == 403
    assert admin.put(address, json={"password": "Су-жеткізу-2026"}).status_code == 204
    given = {"login": "dana", "password": "Су-жеткізу-2026", "label": "x"}
    assert office.stranger.post("/api/v1/tokens", json=given).status_code == 201


def test_lists_come_in_pages(office):
    """Users come in the order asked for, a page at a time, until there is no next cursor."""
    for login in ("aa", "bb", "cc"):
        office.member(Role.CLERK, login=login)

    first = office.get("/api/v1/users?limit=3&sort=-login").json
    second = office.get(f"/api/v1/users?limit=3&sort=-login&cursor={first['next_cursor']}").json

    assert [user["login"] for user in first["items"]] == ["office", "cc", "bb"]
    assert [user["login"] for user in second["items"]] == ["aa"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "WyJsb2dpbiIsICJcdWQ4MDAiXQ==", "MQ==", "bnVsbA==", "%00"])
def test_a_cursor_of_another_list_is_refused(office, cursor):
    """Garbage in place of a cursor is wrong input."""
    answer = office.get(f"/api/v1/users?cursor={cursor}")

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "cursor"


def test_an_auditor_sees_who_read_personal_data(office):
    """The log is open to auditors and administrators only."""
    assert office.member(Role.AUDITOR).get("/api/v1/personal-data-readings").json == {
        "items": [],
        "next_cursor": None,
    }
    assert office.member(Role.CLERK).get("/api/v1/personal-data-readings").status_code == 403

"""Who may use which route."""

import re
from contextlib import suppress

import pytest
from werkzeug.routing import BaseConverter, Rule, ValidationError

from billing.access.models import Role
from billing.app import create_app
from billing.web.access import access_of, refuse_unmarked_routes
from tests.support.districts import make_district
from tests.support.web import Office, make_settings

OPEN = {"/api/openapi.json", "/api/docs", "/api/v1/tokens"}
ID = "0195d3a0-0000-7000-8000-000000000000"


def routes(app) -> list[tuple[str, Rule]]:
    """Every method and rule of the API that somebody must be known for."""
    return [
        (method, rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and not open_to_all(app, rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
    ]


def open_to_all(app, rule: Rule) -> bool:
    """Whether the route says that nobody is asked."""
    access = access_of(app.view_functions[rule.endpoint])
    return access is None or access.public


def address(rule: Rule) -> str:
    """The rule as somebody would call it."""
    _, path = rule.build({name: sample(kind) for name, kind in rule._converters.items()})
    return path


def sample(kind: BaseConverter) -> object:
    """A value that a part of an address accepts."""
    for text in ("x", "1", "2026", "206109", "473639000", ID, *getattr(kind, "items", ())):
        if re.fullmatch(kind.regex, text):
            with suppress(ValidationError):
                return kind.to_python(text)
    raise AssertionError(kind.regex)


def test_only_these_addresses_are_open(app):
    """Everything under /api/ but log-in and documentation says which roles it needs."""
    found = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and open_to_all(app, rule)
    }

    assert found == OPEN


@pytest.mark.sqlite_only
def test_every_route_refuses_strangers_and_wrong_roles(office):
    """No token, a wrong one, or a member of another kind: 401, 401, 403, whatever the route."""
    only = {role: office.member(role) for role in Role}
    wrong = Office(office.app, f"auyl_1_{'x' * 43}")
    for method, rule in routes(office.app):
        access = access_of(office.app.view_functions[rule.endpoint])
        where = f"{method} {address(rule)}"
        assert office.stranger.request(method, address(rule)).status_code == 401, where
        assert wrong.request(method, address(rule)).status_code == 401, where
        for role in set(Role) - (access.roles or set(Role)):
            assert only[role].request(method, address(rule)).status_code == 403, (where, role)
        for role in access.roles or set(Role):
            answer = only[role].request(method, address(rule))
            assert answer.status_code not in {401, 403}, (where, role)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        f"Bearer auyl_1_{'x' * 42}",
        f"Bearer auyl_1_{'x' * 44}",
        f"Bearer auyl_0_{'x' * 43}",
        f"Bearer auyl_99999_{'x' * 43}",
        f"Bearer auyl_9999999999_{'x' * 43}",
        'Bearer auyl_1_\'; DROP TABLE "user"; --',
    ],
)
def test_what_is_no_token_of_ours_opens_nothing(office, header):
    """Whatever stands in the header, the answer is the same 401."""
    answer = office.stranger.get("/api/v1/me", headers={"Authorization": header})

    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="auyl"'


def test_a_token_of_another_district_sees_nothing_of_this_one(office):
    """An administrator of one district finds no user of another, and cannot guess an address."""
    with office.sessions.begin(None) as session:
        make_district(session, district_id=2, kato_code="473635000")
    stranger = office.member(Role.ADMIN, login="stranger", district_id=2)
    user_id = office.get("/api/v1/me").json["user"]["id"]

    assert stranger.get(f"/api/v1/users/{user_id}").status_code == 404
    assert [user["login"] for user in stranger.get("/api/v1/users").json["items"]] == ["stranger"]
    # The number before the secret is part of the secret's place: another number finds nothing.
    moved = Office(office.app, stranger.token.replace("auyl_2_", "auyl_1_"))
    assert moved.get("/api/v1/me").status_code == 401


def test_a_route_that_says_nothing_is_not_served(sessions, tmp_path):
    """The application refuses to start rather than serve a route without roles."""
    app = create_app(make_settings(tmp_path), sessions)
    app.add_url_rule("/api/v1/forgotten", view_func=lambda: "secret", endpoint="forgotten")

    with pytest.raises(AssertionError, match="forgotten"):
        refuse_unmarked_routes(app)

"""Every refusal is a problem with a stable code and a sentence in the reader's language."""

import logging

import pytest
from sqlalchemy import func, select

from billing.access.models import Role, User
from billing.web.access import public
from tests.support.web import Office

NEW = {"login": "dana", "name": "Дана", "password": "Қар-тазалау-15", "roles": ["clerk"]}
JSON = {"Content-Type": "application/json"}
USERS = "/api/v1/users"


def users(office: Office) -> int:
    """How many users are known."""
    with office.sessions.begin(None) as session:
        return session.scalar(select(func.count()).select_from(User))


@pytest.mark.parametrize(
    ("language", "title", "detail"),
    [
        ("kk", "Табылмады", "Мұндай жазба табылмады: пайдаланушы."),
        ("ru-RU,en;q=0.5", "Не найдено", "Такая запись не найдена: пользователь."),
        ("en", "Not found", "There is no such record: user."),
    ],
)
def test_a_refusal_speaks_the_readers_language(office, language, title, detail):
    """The sentence follows Accept-Language; type, code and facts are the same for all."""
    missing = "0195d3a0-0000-7000-8000-000000000000"
    answer = office.get(f"{USERS}/{missing}", headers={"Accept-Language": language})

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.json == {
        "type": "urn:auyl:problem:not_found",
        "title": title,
        "status": 404,
        "code": "not_found",
        "detail": detail,
        "facts": {"kind": "user", "id": missing},
    }
    assert answer.headers["Content-Language"] == language[:2]


def test_without_a_wish_the_users_own_language_counts(office):
    """A user who reads Russian gets Russian when his program asks for nothing."""
    answer = office.get(f"{USERS}?limit=0", headers={"Accept-Language": ""})

    assert answer.json["title"] == "Не принято"
    assert answer.json["errors"] == [{"field": "limit", "code": "too_small", "detail": "Не меньше 1."}]


def test_every_wrong_field_is_named_and_nothing_written(office):
    """422 lists unknown, missing and malformed values alike, by their paths."""
    before = users(office)
    body = {"login": "Дана", "name": "\u0000", "roles": ["clerk", "king"], "colour": "red", "language": None}
    answer = office.post(USERS, json=body)

    assert (answer.status_code, answer.json["code"]) == (422, "invalid_fields")
    assert {(error["field"], error["code"]) for error in answer.json["errors"]} == {
        ("login", "wrong_form"),
        ("name", "not_printable"),
        ("password", "required"),
        ("roles.1", "unknown_choice"),
        ("colour", "unknown_field"),
        ("language", "required"),
    }
    assert users(office) == before


def test_a_refusal_by_a_rule_names_its_field(office):
    """What only the service can know is told in the same form."""
    office.post(USERS, json=NEW)
    answer = office.post(USERS, json=NEW | {"login": "erlan", "password": "aaaaaaaaaaaa"})

    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json["errors"]] == [
        ("password", "weak_password")
    ]
    taken = office.post(USERS, json=NEW)
    assert (taken.status_code, taken.json["facts"]["value"]) == (409, "dana")
    assert "errors" not in taken.json


def test_an_unknown_thing_is_named_by_the_field_that_asked_for_it(office):
    """Where the id stood in the body, however deep; not where it is the address that leads nowhere."""
    missing = "0195d3a0-0000-7000-8000-000000000000"
    clerk = office.member(Role.CLERK)

    customer = {"category": "resident", "name": "Асан", "payer_id": missing.upper()}
    answer = clerk.post("/api/v1/customers", json=customer)

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert answer.json["errors"] == [
        {"field": "payer_id", "code": "not_found", "detail": "There is no such record: customer."}
    ]
    assert "errors" not in clerk.post(f"/api/v1/customers/{missing}/deactivate", json={}).json


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b'{"name": NaN}',
        b'{"name": "a", "name": "b"}',
        b"[" * 100_000,
        b'{"name": ' + b"9" * 5000 + b"}",
    ],
    ids=["cut off", "not UTF-8", "not a number", "a key twice", "too deep", "a number of 5000 digits"],
)
def test_what_is_not_json_is_malformed(office, body):
    """400, and nothing is written."""
    before = users(office)
    answer = office.post(USERS, data=body, headers=JSON)

    assert (answer.status_code, answer.json["code"]) == (400, "malformed_request")
    assert users(office) == before


@pytest.mark.parametrize("body", ["[]", '"x"', "1", "null", "true"])
def test_json_of_another_shape_is_not_accepted(office, body):
    """A list, text or number in place of an object is 422."""
    answer = office.post(USERS, data=body, headers=JSON)

    assert answer.status_code == 422
    assert answer.json["code"] == "invalid_fields"


def test_half_a_character_is_not_accepted(office):
    """A lone surrogate, in a value or in an unknown key, is named and does not break the answer."""
    answer = office.post(USERS, data='{"name": "\\ud800", "\\udfff": 1}', headers=JSON)

    assert answer.status_code == 422
    found = {(error["field"], error["code"]) for error in answer.json["errors"]}
    assert {("name", "not_printable"), ("?", "unknown_field")} <= found


@pytest.mark.parametrize(
    ("request_line", "options", "problem"),
    [
        ("GET /api/v1/nothing", {}, (404, "no_such_address")),
        ("GET /api/", {}, (404, "no_such_address")),
        ("GET /api/v1/users/not-an-id", {}, (404, "no_such_address")),
        ("PUT /api/v1/users", {}, (405, "method_not_allowed")),
        ("POST /api/v1/users", {"data": "<x/>", "content_type": "text/xml"}, (415, "unsupported_media_type")),
        ("POST /api/v1/users", {"data": b"x" * (10 * 1024 * 1024 + 1)}, (413, "too_large")),
        ("GET /api/v1/users?colour=red", {}, (422, "invalid_fields")),
    ],
)
def test_what_http_itself_refuses_has_the_same_form(office, request_line, options, problem):
    """Unknown addresses, methods, types and sizes are problems too."""
    method, path = request_line.split()
    answer = office.request(method, path, **options)

    assert (answer.status_code, answer.json["code"]) == problem
    assert (answer.json["status"], answer.content_type) == (problem[0], "application/problem+json")


def test_a_wrong_method_is_told_the_right_ones(office):
    """405 says what the address does."""
    assert set(office.put(USERS).headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_a_failure_of_ours_shows_no_insides(fresh_office, caplog):
    """An unexpected exception is logged with its traceback and answered without."""

    @public()
    def fail() -> None:
        raise ZeroDivisionError("the insides")

    fresh_office.app.add_url_rule("/api/v1/fail", view_func=fail)
    fresh_office.app.testing = False
    with caplog.at_level(logging.ERROR):
        answer = fresh_office.get("/api/v1/fail")

    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "insides" not in answer.text
    assert "the insides" in caplog.text


def test_people_get_a_page(office):
    """Outside of /api/ a refusal is HTML in the reader's language."""
    answer = office.stranger.get("/nothing", headers={"Accept-Language": "ru"})

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "По этому адресу ничего нет." in answer.text


def test_a_member_without_the_role_learns_which_would_do(office):
    """403 names the roles."""
    answer = office.member(Role.CLERK).get(USERS)

    assert (answer.status_code, answer.json["facts"]) == (403, {"roles": ["admin", "auditor"]})

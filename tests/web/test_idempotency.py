"""The same POST with the same key is done once, however often and however simultaneously it comes."""

import threading

import pytest
from sqlalchemy import func, select

from billing.access.models import Role, User
from billing.web.models import IdempotentAnswer

USERS = "/api/v1/users"
NEW = {"login": "dana", "name": "Дана", "password": "Қар-тазалау-15", "roles": ["clerk"]}
KEY = {"Idempotency-Key": "order-2026-11-23/1"}
AT_ONCE = 8


def count(office, model):
    """Rows of a table."""
    with office.sessions.begin(1) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_the_same_request_again_gets_the_same_answer(office):
    """Status, bytes and ETag are the same, the repetition says that it is one, and one user is made."""
    first = office.post(USERS, json=NEW, headers=KEY)
    again = office.post(USERS, json=NEW, headers=KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert again.headers["ETag"] == first.headers["ETag"] == '"1"'
    assert again.content_type == first.content_type == "application/json"
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    assert count(office, User) == 2


def test_without_a_key_the_request_is_another_one(office):
    """The second time the login is taken."""
    assert office.post(USERS, json=NEW).status_code == 201
    assert office.post(USERS, json=NEW).status_code == 409
    assert count(office, IdempotentAnswer) == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (USERS, NEW | {"login": "erlan"}),
        (f"{USERS}?", NEW | {"name": "Дана "}),
        ("/api/v1/memberships", {"login": "office", "role": "clerk"}),
    ],
)
def test_the_key_of_another_request_is_refused(office, path, body):
    """Another body or address under a used key is 409, and nothing is done."""
    office.post(USERS, json=NEW, headers=KEY)
    answer = office.post(path, json=body, headers=KEY)

    assert (answer.status_code, answer.json["code"]) == (409, "idempotency_key_reused")
    assert count(office, User) == 2


def test_keys_of_two_users_never_meet(office):
    """Another user's same key is his own."""
    office.post(USERS, json=NEW, headers=KEY)
    other = office.member(Role.ADMIN).post(USERS, json=NEW | {"login": "erlan"}, headers=KEY)

    assert other.status_code == 201
    assert count(office, IdempotentAnswer) == 2


def test_a_refusal_does_not_use_the_key_up(office):
    """Nothing was done, so the corrected request may come with the same key."""
    refused = office.post(USERS, json=NEW | {"password": "short"}, headers=KEY)
    assert (refused.status_code, count(office, IdempotentAnswer)) == (422, 0)

    assert office.post(USERS, json=NEW, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "ключ".encode().decode("latin-1"), "x" * 101])
def test_a_key_of_another_form_is_refused(office, key):
    """Blanks, other alphabets and endless keys are 422, and nothing is done."""
    answer = office.post(USERS, json=NEW, headers={"Idempotency-Key": key})

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"
    assert count(office, User) == 1


def test_at_once_one_does_the_work_and_the_others_get_its_answer(office):
    """Eight simultaneous requests with one key make one user and get eight equal answers."""
    start = threading.Barrier(AT_ONCE)
    answers = []

    def send() -> None:
        start.wait(timeout=30)
        answers.append(office.post(USERS, json=NEW, headers=KEY))

    threads = [threading.Thread(target=send) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [201] * AT_ONCE
    assert len({answer.data for answer in answers}) == 1
    assert sum("Idempotent-Replay" in answer.headers for answer in answers) == AT_ONCE - 1
    assert count(office, User) == 2


def test_the_password_cannot_be_guessed_from_what_is_stored(fresh_office):
    """The stored hash is keyed with the server's secret and the answer holds no password."""
    fresh_office.post(USERS, json=NEW, headers=KEY)

    with fresh_office.sessions.begin(1) as session:
        stored = session.scalars(select(IdempotentAnswer)).one()
    assert len(stored.request_sha256) == 64
    assert NEW["password"].encode() not in stored.body
    fresh_office.app.secret_key = "another"
    assert fresh_office.post(USERS, json=NEW, headers=KEY).status_code == 409

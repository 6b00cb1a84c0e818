"""Webhooks over HTTP: kept by administrators, their secret shown once, their messages listed."""

import pytest

from billing.access.models import Role
from billing.outbox.models import Webhook
from tests.support.committed import count

URL = "/api/v1/webhooks/"
UNUSABLE = [
    "ftp://example.kz",
    "https://",
    "example.kz",
    "http://a:b@example.kz",
    "http://example.kz:99999",
    "http://ә.kz",
    "https://a b",
]
BODY = {"url": "https://example.kz/auyl", "kinds": ["payment.received"]}


def test_a_webhook_is_added_edited_and_closed(office):
    """Each step answers with the webhook and its ETag; the secret differs every time."""
    added = office.post(URL, json=BODY)
    own = URL + added.json["id"]

    assert (added.status_code, added.json) == (
        201,
        BODY | {"id": added.json["id"], "is_active": True, "version": 1},
    )
    edited = office.put(own, json={"url": "http://10.0.0.1:8080/x"}, headers={"If-Match": '"1"'})
    assert (edited.json["kinds"], edited.json["version"]) == ([], 2)
    secrets = [
        office.put(f"{own}/secret", headers={"If-Match": f'"{version}"'}).json["secret"] for version in (2, 3)
    ]
    assert len(set(secrets)) == 2 and len(secrets[0]) == 64
    assert office.post(f"{own}/close").json["is_active"] is False
    assert office.get(own).json == office.get(URL).json["items"][0]
    assert office.get(f"{own}/deliveries").json == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("url", UNUSABLE)
def test_an_address_nothing_can_be_sent_to_is_refused(office, url):
    """It is named as the field at fault, and nothing is added."""
    answer = office.post(URL, json={"url": url})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "url")
    assert count(office.sessions, Webhook) == 0


@pytest.mark.parametrize("role", list(Role))
def test_only_administrators_keep_webhooks(office, role):
    """Others neither see nor add any."""
    member, allowed = office.member(role), role is Role.ADMIN
    assert member.post(URL, json=BODY).status_code == (201 if allowed else 403)
    assert member.get(URL).status_code == (200 if allowed else 403)
    assert office.stranger.get(URL).status_code == 401
    assert count(office.sessions, Webhook) == int(allowed)

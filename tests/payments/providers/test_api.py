"""Providers over HTTP: who may keep them, what is shown, and that a secret is shown once."""

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.payments.providers import service
from billing.payments.providers.models import Provider
from tests.support.districts import (
    DISTRICT_ID,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_district,
    make_enterprise,
)
from tests.support.identifiers import synthetic_bin

URL = "/api/v1/providers/"
KEEPERS = {Role.ACCOUNTANT, Role.ADMIN}


@pytest.fixture
def body(office):
    """A provider to enter, of a committed enterprise."""
    with office.sessions.begin(DISTRICT_ID) as session:
        enterprise_id = str(make_enterprise(session).id)
    return {
        "enterprise_id": enterprise_id,
        "code": "kaspi",
        "name_kk": "Каспи",
        "name_ru": "Каспи",
        "name_en": "Kaspi",
        "bin": synthetic_bin(500),
        "dialect": "kaspi",
        "answer_format": "json",
        "field_names": {"answer_provider_txn": "prv_txn_id"},
        "commission_bp": 95,
        "commission_min": "10.00",
        "allowed_addresses": ["194.187.247.152"],
    }


def count(office):
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(Provider))


def test_a_provider_is_entered_edited_closed_and_listed(office, body):
    """Each step answers with the provider and its ETag."""
    entered = office.post(URL, json=body)
    own = URL + entered.json["id"]

    assert entered.status_code == 201
    assert entered.json == body | {
        "id": entered.json["id"], "iban": None, "sum_min": "0.01", "sum_max": "1000000.00",
        "allowed_addresses": ["194.187.247.152/32"], "certificate_sha256": None,
        "requests_per_minute_max": 600, "pay_link": None, "is_open": True, "version": 1,
    }  # fmt: skip
    terms = {name: value for name, value in body.items() if name not in {"code", "enterprise_id"}}
    edited = office.put(own, json=terms | {"sum_max": "5000.00"}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.json["sum_max"], edited.headers["ETag"]) == (200, "5000.00", '"2"')
    assert office.put(own, json=terms, headers={"If-Match": '"1"'}).status_code == 412
    assert office.post(f"{own}/close").json["is_open"] is False
    assert office.get(URL, query_string={"is_open": "true"}).json["items"] == []
    assert office.post(f"{own}/reopen").json["is_open"] is True
    assert office.get(own).json == office.get(URL).json["items"][0]


def test_a_secret_is_shown_once(office, body):
    """Only the answer that made it has it; the one before opens nothing; an edit unseen is refused."""
    own = URL + office.post(URL, json=body).json["id"]

    first = office.put(f"{own}/secret", headers={"If-Match": '"1"'})
    assert office.put(f"{own}/secret", headers={"If-Match": '"1"'}).status_code == 412
    second = office.put(f"{own}/secret", headers={"If-Match": '"2"'})

    assert (first.status_code, second.status_code) == (200, 200)
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        provider = service.get_provider_by_code(session, "kaspi")
        assert service.knows_secret(provider, second.json["secret"])
        assert not service.knows_secret(provider, first.json["secret"])
    assert second.json["secret"] not in office.get(own).text


def test_what_is_wrong_is_named(office, body):
    """A wrong BIN and an unknown field are refused by their names; nothing is entered."""
    wrong = office.post(URL, json=body | {"bin": "971240001316"})
    assert (wrong.status_code, wrong.json["code"], wrong.json["errors"][0]["field"]) == (
        422,
        "invalid_bin",
        "bin",
    )
    assert office.post(URL, json=body | {"field_names": {"prv": "x"}}).status_code == 422
    assert count(office) == 0


@pytest.mark.parametrize("role", list(Role))
def test_only_accountants_and_administrators_keep_providers(office, body, role):
    """Others are refused and change nothing; a stranger and another district see nothing."""
    member = office.member(role)
    allowed = role in KEEPERS

    assert member.post(URL, json=body).status_code == (201 if allowed else 403)
    assert count(office) == int(allowed)
    assert member.get(URL).status_code == (200 if allowed else 403)
    assert office.stranger.get(URL).status_code == 401
    if allowed:
        with office.sessions.begin(None) as session:
            make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
        neighbour = office.member(role, login="neighbour", district_id=OTHER_DISTRICT_ID)
        own = URL + member.get(URL).json["items"][0]["id"]
        assert neighbour.get(URL).json["items"] == []
        assert neighbour.get(own).status_code == 404
        assert neighbour.put(f"{own}/secret", headers={"If-Match": '"1"'}).status_code == 404

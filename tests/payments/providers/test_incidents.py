"""What a person has to settle with a provider, over HTTP: listed, resolved once, with words."""

import pytest

from billing.access.models import Role
from billing.payments.providers import service
from tests.support.districts import (
    DISTRICT_ID,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_district,
)
from tests.support.web import Office

URL = "/api/v1/providers/incidents"
SETTLED = {"resolution": "Повтор с ошибкой в сумме, провайдер отозвал"}


@pytest.fixture
def office(app):
    """The API as a member with every role calls it."""
    return Office(app, None).member(*Role, login="office")


@pytest.fixture
def incident(kaspi, office, account):
    """One transaction told of two sums."""
    kaspi.pay(account, "100.00", txn_id=9)
    kaspi.pay(account, "200.00", txn_id=9)
    return office.get(URL).json["items"][0]


def test_an_incident_is_listed_and_resolved_once(office, incident, account):
    """It says what was told and how often; who resolves it says how, and nobody resolves it again."""
    own = f"{URL}/{incident['id']}"
    assert (incident["kind"], incident["txn_id"], incident["account"]) == ("txn_reused", "9", account)
    assert (incident["amount"], incident["times"], incident["resolved_at"]) == ("200.00", 1, None)

    resolved = office.post(f"{own}/resolve", json=SETTLED)
    again = office.post(f"{own}/resolve", json=SETTLED)

    assert (resolved.status_code, resolved.json["resolution"]) == (200, SETTLED["resolution"])
    assert resolved.json["resolved_by"] == office.get("/api/v1/me").json["user"]["id"]
    assert (again.status_code, again.json["code"]) == (422, "incident_resolved")
    assert office.get(own).json == resolved.json
    assert office.get(URL, query_string={"is_resolved": "false"}).json["items"] == []
    assert office.get(URL, query_string={"is_resolved": "true"}).json["items"] == [resolved.json]
    assert office.get(URL, query_string={"kind": "not_booked"}).json["items"] == []


def test_an_incident_needs_words(office, incident):
    """Without them it stays as it is."""
    assert office.post(f"{URL}/{incident['id']}/resolve", json={"resolution": " "}).status_code == 422
    assert office.get(f"{URL}/{incident['id']}").json == incident


@pytest.mark.parametrize("role", list(Role))
def test_only_accountants_and_administrators_settle(office, incident, role):
    """Others neither see nor resolve incidents, nor does another district."""
    allowed = role in {Role.ACCOUNTANT, Role.ADMIN}
    member, own = office.member(role), f"{URL}/{incident['id']}"
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    neighbour = office.member(role, login="neighbour", district_id=OTHER_DISTRICT_ID)

    assert neighbour.get(own).status_code == (404 if allowed else 403)
    assert office.stranger.get(URL).status_code == 401
    assert member.get(URL).status_code == (200 if allowed else 403)
    assert member.post(f"{own}/resolve", json=SETTLED).status_code == (200 if allowed else 403)
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert bool(service.list_incidents(session, is_resolved=True).items) is allowed

"""Customers and contracts over HTTP: personal data masked, edits by part, roles, and a contract's way."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.customers.models import Contract, Customer
from tests.support.catalog import make_benefit, make_service
from tests.support.districts import (
    DISTRICT_ID,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_district,
    make_enterprise,
)
from tests.support.identifiers import synthetic_iin

WRITERS = {Role.CLERK, Role.ACCOUNTANT}
PERSONAL = WRITERS | {Role.ADMIN}
IIN = synthetic_iin(301)
CUSTOMER = {
    "category": "resident",
    "name": "Есенова Айгүл",
    "iin_bin": IIN,
    "place_code": "473639100",
    "street": "Құрманғазы",
    "house": "12",
    "phone": "8 701 000 03 01",
}


@pytest.fixture
def trade(office):
    """An enterprise, its service and a benefit, committed: their ids as texts."""
    with office.sessions.begin(DISTRICT_ID) as session:
        enterprise = make_enterprise(session)
        ids = (enterprise.id, make_service(session, enterprise.id).id, make_benefit(session).id)
        return [str(each) for each in ids]


@pytest.fixture
def customer(office):
    """A customer taken on; the answer's body."""
    return office.post("/api/v1/customers", json=CUSTOMER).json


@pytest.fixture
def contract(office, trade, customer):
    """A contract from 2026-01-01 on; the answer's body."""
    return office.post("/api/v1/contracts", json=contract_of(trade, customer)).json


def contract_of(trade, customer):
    return {
        "enterprise_id": trade[0],
        "customer_id": customer["id"],
        "signed_on": "2025-12-25",
        "starts_on": "2026-01-01",
    }


def count(office, model):
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_a_customer_is_taken_on_and_shown_masked(office):
    """IIN and phone are masked in every answer; the list finds him by Russian letters."""
    taken = office.post("/api/v1/customers", json=CUSTOMER)

    assert (taken.status_code, taken.headers["ETag"]) == (201, '"1"')
    assert taken.json == CUSTOMER | {
        "id": taken.json["id"], "account_number": "47363900019", "iin_bin": f"{IIN[:4]}******{IIN[-2:]}",
        "phone": "+7701*****01", "flat": "", "language": "kk", "email": None, "payer_id": None,
        "invoices_by_email": False,
        "is_active": True, "created_at": taken.json["created_at"], "version": 1,
    }  # fmt: skip
    assert office.get(f"/api/v1/customers/{taken.json['id']}").json == taken.json
    assert office.get("/api/v1/customers?search=курмангазы есенова").json["items"] == [taken.json]
    assert office.get(f"/api/v1/customers?search={IIN}").json["items"] == [taken.json]


def test_a_second_customer_with_the_iin_is_refused_with_the_accounts_number(office, customer):
    """409 shows where he is, and the IIN only masked."""
    twice = office.post("/api/v1/customers", json=CUSTOMER | {"name": "Басқа"})

    assert (twice.status_code, twice.json["code"]) == (409, "already_exists")
    assert twice.json["facts"]["account_number"] == customer["account_number"]
    assert twice.json["facts"]["id"] == customer["id"]
    assert IIN not in twice.text
    assert count(office, Customer) == 1


def test_wrong_fields_are_named_and_nobody_is_taken_on(office):
    """The form's problems all at once; a wrong check digit by its field."""
    form = office.post("/api/v1/customers", json={"category": "martian", "house": "1" * 21, "extra": 1})
    digit = office.post("/api/v1/customers", json=CUSTOMER | {"iin_bin": "991231500007"})

    assert form.status_code == 422
    assert {error["field"] for error in form.json["errors"]} == {"category", "house", "extra", "name"}
    assert (digit.status_code, digit.json["code"]) == (422, "invalid_iin")
    assert [error["field"] for error in digit.json["errors"]] == ["iin_bin"]
    assert count(office, Customer) == 0


def test_an_edit_changes_only_what_came(office, customer):
    """The IIN nobody sent stays; null takes the phone away; an old version is refused."""
    own = f"/api/v1/customers/{customer['id']}"

    edited = office.patch(own, json={"house": "14", "phone": None}, headers={"If-Match": '"1"'})
    stale = office.patch(own, json={"house": "16"}, headers={"If-Match": '"1"'})

    assert edited.json == customer | {"house": "14", "phone": None, "version": 2}
    assert (stale.status_code, stale.json["code"]) == (412, "stale_version")
    assert office.get(own).json == edited.json


def test_a_retried_post_takes_a_customer_on_once(office):
    """The same key gets the same answer."""
    headers = {"Idempotency-Key": "list-row-7"}

    first = office.post("/api/v1/customers", json=CUSTOMER, headers=headers)
    again = office.post("/api/v1/customers", json=CUSTOMER, headers=headers)

    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert count(office, Customer) == 1


@pytest.mark.parametrize("role", list(Role))
def test_reading_personal_data_is_for_some_and_logged(office, customer, role):
    """Clerk, accountant and administrator see the IIN and are written down with their purpose."""
    answer = office.member(role).get(
        f"/api/v1/customers/{customer['id']}/personal-data?purpose=court%20claim"
    )

    log = office.get("/api/v1/personal-data-readings").json["items"]
    if role in PERSONAL:
        assert (answer.status_code, answer.json) == (200, {"iin_bin": IIN, "phone": "+77010000301"})
        assert [(row["subject_kind"], row["subject_id"], row["purpose"]) for row in log] == [
            ("customer", customer["id"], "court claim")
        ]
    else:
        assert (answer.status_code, log) == (403, [])


def test_likely_duplicates_are_shown_before_taking_on(office, customer):
    """The same name without Kazakh letters is found, masked as everywhere."""
    found = office.get("/api/v1/customers/duplicates?name=есенова%20айгул").json["items"]

    assert found == [{"customer": customer, "same_address": False, "name_percent": 100}]


def test_a_benefit_is_granted_and_ended(office, trade, customer):
    """Held twice at a time it is refused."""
    url = f"/api/v1/customers/{customer['id']}/benefits"
    grant = {"benefit_id": trade[2], "evidence": "Куәлік № 7", "valid_from": "2026-01-01"}

    granted = office.post(url, json=grant)
    twice = office.post(url, json=grant)
    ended = office.post(
        f"/api/v1/customer-benefits/{granted.json['id']}/end", json={"valid_to": "2026-06-30"}
    )

    assert (granted.status_code, granted.json["valid_to"]) == (201, None)
    assert (twice.status_code, twice.json["code"]) == (422, "benefit_grants_overlap")
    assert (ended.status_code, ended.json["valid_to"]) == (200, "2026-06-30")
    assert office.get(url).json["items"] == [ended.json]


def test_a_contract_goes_from_signing_to_its_end(office, trade, contract):
    """Charges become due by days; after the end nothing new is charged."""
    own = f"/api/v1/contracts/{contract['id']}"
    charge = {"service_id": trade[1], "quantity": "2.5", "valid_from": "2026-01-01"}

    assert (contract["number"], contract["last_day"], contract["version"]) == ("1/2025", None, 1)
    added = office.post(f"{own}/charges", json=charge)
    assert (added.status_code, added.json["quantity"], added.json["last_month"]) == (201, "2.5", 12)
    assert (
        office.put(f"{own}/term", json={"ends_on": "2026-12-31"}, headers={"If-Match": '"1"'}).status_code
        == 200
    )
    ended = office.put(
        f"{own}/end", json={"on": "2026-02-14", "reason": "Көшіп кетті"}, headers={"If-Match": '"2"'}
    )
    assert (ended.status_code, ended.json["last_day"], ended.json["version"]) == (200, "2026-02-14", 3)
    (due,) = office.get(f"{own}/charges-due?month=2026-02").json["items"]
    assert (due["charge_id"], due["quantity_due"], due["last_day"]) == (
        added.json["id"],
        "1.250",
        "2026-02-14",
    )
    assert office.get(f"{own}/charges-due?month=2026-03").json["items"] == []
    late = office.post(f"{own}/charges", json=charge | {"valid_from": "2026-03-01"})
    assert (late.status_code, late.json["code"]) == (422, "contract_ended")
    assert late.json["detail"].startswith("Contract 1/2025 ends on")
    stopped = office.post(f"/api/v1/charges/{added.json['id']}/end", json={"valid_to": "2026-01-31"})
    assert office.get(f"{own}/charges").json["items"] == [stopped.json]
    assert office.get("/api/v1/contracts?holds_on=2026-02-15").json["items"] == []
    assert office.get(own).json == ended.json


def test_a_customer_with_a_contract_is_not_taken_off(office, customer, contract):
    """422 names the contract; once it has ended he is, and comes back."""
    own = f"/api/v1/customers/{customer['id']}"

    refused = office.post(f"{own}/deactivate")

    assert (refused.status_code, refused.json["code"]) == (422, "customer_has_contracts")
    assert refused.json["facts"]["contracts"] == ["1/2025"]
    office.put(
        f"/api/v1/contracts/{contract['id']}/end",
        json={"on": "2026-01-31", "reason": "Көшіп кетті"},
        headers={"If-Match": '"1"'},
    )
    assert office.post(f"{own}/deactivate").json["is_active"] is False
    assert office.get("/api/v1/customers?active=true").json["items"] == []
    assert office.post(f"{own}/reactivate").json["is_active"] is True


@pytest.mark.parametrize("role", list(Role))
def test_clerk_and_accountant_write_and_every_role_reads(office, trade, customer, role):
    """Everybody else gets 403, and nothing is written."""
    member = office.member(role)
    allowed = role in WRITERS
    own = f"/api/v1/customers/{customer['id']}"

    taken = member.post("/api/v1/customers", json=CUSTOMER | {"iin_bin": synthetic_iin(302)})
    signed = member.post("/api/v1/contracts", json=contract_of(trade, customer))
    edited = member.patch(own, json={"house": "99"}, headers={"If-Match": '"1"'})

    assert [answer.status_code for answer in (taken, signed, edited)] == (
        [201, 201, 200] if allowed else [403, 403, 403]
    )
    assert (count(office, Customer), count(office, Contract)) == (1 + allowed, int(allowed))
    assert office.get(own).json["house"] == ("99" if allowed else "12")
    for url in (own, "/api/v1/customers", "/api/v1/contracts", f"{own}/benefits"):
        assert member.get(url).status_code == 200
        assert office.stranger.get(url).status_code == 401


def test_the_neighbours_customer_does_not_exist(office, customer, contract):
    """404 for reading and writing alike."""
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    neighbour = office.member(*Role, login="neighbour", district_id=OTHER_DISTRICT_ID)
    own = f"/api/v1/customers/{customer['id']}"

    assert neighbour.get(own).status_code == 404
    assert neighbour.patch(own, json={"house": "1"}, headers={"If-Match": '"1"'}).status_code == 404
    assert neighbour.get(f"/api/v1/contracts/{contract['id']}/charges").status_code == 404
    assert neighbour.get("/api/v1/customers").json == {"items": [], "next_cursor": None}
    assert office.get(f"/api/v1/customers/{uuid4()}").status_code == 404

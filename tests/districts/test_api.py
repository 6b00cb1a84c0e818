"""Places and enterprises over HTTP: who may write, how refusals look, and that a new one has a book."""

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.districts.models import BankAccount, Enterprise, Signatory, VatRegistration
from billing.ledger.models import Book
from tests.support.districts import (
    DISTRICT_ID,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_district,
    make_enterprise,
)
from tests.support.identifiers import synthetic_bin

ENTERPRISE = {
    "bin": synthetic_bin(77),
    "form": "economic_management",
    "name_kk": "«Қар» КМК",
    "name_ru": "КГП «Кар»",
    "address_kk": "Боранқұл",
    "address_ru": "Боранкул",
}
EDIT = {name: value for name, value in ENTERPRISE.items() if name not in {"bin", "form"}}
ACCOUNT = {
    "iban": "KZ41722C000000000001",
    "bic": "CASPKZKA",
    "bank_name_kk": "Банк",
    "bank_name_ru": "Банк",
    "kbe": "16",
    "is_primary": True,
}
VAT = {"certificate_number": "1", "valid_from": "2026-01-01"}
SIGNATORY = {
    "role": "head",
    "name": "Жаңаев Ж. Ж.",
    "position_kk": "Басшы",
    "position_ru": "Руководитель",
    "valid_from": "2026-01-01",
}


@pytest.fixture
def enterprise_url(office):
    """An enterprise with account and signatories, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return f"/api/v1/enterprises/{make_enterprise(session).id}"


def count(office, model):
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_an_enterprise_is_registered_with_its_books(office):
    """It is shown with its ETag, and invoices can be posted at once."""
    answer = office.post("/api/v1/enterprises", json=ENTERPRISE)

    assert answer.status_code == 201
    assert answer.json == ENTERPRISE | {
        "id": answer.json["id"], "phone": None, "email": None, "payment_term_days": 20, "version": 1,
    }  # fmt: skip
    assert answer.headers["ETag"] == '"1"'
    assert office.get(f"/api/v1/enterprises/{answer.json['id']}").json == answer.json
    assert office.get("/api/v1/enterprises").json["items"] == [answer.json]
    assert count(office, Book) == 2


def test_a_wrong_enterprise_is_refused_by_field(office):
    """422 names the field of a wrong number; 409 comes with the masked BIN."""
    wrong = office.post("/api/v1/enterprises", json=ENTERPRISE | {"bin": "991240000004"})
    office.post("/api/v1/enterprises", json=ENTERPRISE)
    twice = office.post("/api/v1/enterprises", json=ENTERPRISE)

    assert (wrong.status_code, wrong.json["code"]) == (422, "invalid_bin")
    assert [error["field"] for error in wrong.json["errors"]] == ["bin"]
    assert (twice.status_code, twice.json["code"]) == (409, "already_exists")
    assert twice.json["facts"]["value"] == "9912******" + synthetic_bin(77)[-2:]
    assert count(office, Enterprise) == 1


def test_two_edits_of_one_version_never_both_win(office, enterprise_url):
    """The second gets 412; without If-Match it is 428."""
    edit = EDIT | {"phone": "8 701 123 45 67"}

    first = office.put(enterprise_url, json=edit, headers={"If-Match": '"1"'})
    second = office.put(enterprise_url, json=EDIT, headers={"If-Match": '"1"'})
    blind = office.put(enterprise_url, json=EDIT)

    assert (first.status_code, first.headers["ETag"], first.json["phone"]) == (200, '"2"', "+77011234567")
    assert (second.status_code, second.json["code"]) == (412, "stale_version")
    assert (blind.status_code, blind.json["code"]) == (428, "precondition_required")
    assert office.get(enterprise_url).json == first.json


def test_accounts_registrations_and_signatories_are_added(office, enterprise_url):
    """Each is listed; a new primary account takes the place of the old, a new head signs from his day."""
    account = office.post(f"{enterprise_url}/bank-accounts", json=ACCOUNT)
    vat = office.post(f"{enterprise_url}/vat-registrations", json=VAT)
    head = office.post(f"{enterprise_url}/signatories", json=SIGNATORY)

    assert [answer.status_code for answer in (account, vat, head)] == [201, 201, 201]
    accounts = office.get(f"{enterprise_url}/bank-accounts").json["items"]
    assert [each["is_primary"] for each in accounts] == [False, True]
    back = office.post(f"/api/v1/bank-accounts/{accounts[0]['id']}/make-primary")
    assert (back.status_code, back.json["is_primary"]) == (200, True)
    ended = office.post(f"/api/v1/vat-registrations/{vat.json['id']}/end", json={"valid_to": "2026-06-30"})
    assert office.get(f"{enterprise_url}/vat-registrations").json["items"] == [ended.json]
    current = office.get(f"{enterprise_url}/signatories/current?on=2026-01-01").json["items"]
    assert {each["role"]: each["name"] for each in current}["head"] == "Жаңаев Ж. Ж."
    assert len(office.get(f"{enterprise_url}/signatories").json["items"]) == 4


def test_places_are_read_by_anybody_of_the_district(office):
    """The tree is walked by parent; the own district is at hand."""
    clerk = office.member(Role.CLERK)

    assert clerk.get("/api/v1/district").json["kato_code"] == "473639000"
    villages = clerk.get("/api/v1/places?parent_code=473639000").json
    assert [place["code"] for place in villages["items"]] == ["473639100"]
    assert clerk.get("/api/v1/places/473639100").json["name_kk"] == "Боранқұл ауылы"
    assert clerk.get("/api/v1/places/999999999").status_code == 404
    assert (
        clerk.get("/api/v1/places?search=боранкул&rural_districts_only=true").json["items"][0]["code"]
        == "473639000"
    )


def writes(enterprise_url):
    return {
        "/api/v1/enterprises": ENTERPRISE,
        f"{enterprise_url}/bank-accounts": ACCOUNT,
        f"{enterprise_url}/vat-registrations": VAT,
        f"{enterprise_url}/signatories": SIGNATORY,
    }


@pytest.mark.parametrize("role", list(Role))
def test_only_the_administrator_writes_and_every_role_reads(office, enterprise_url, role):
    """Everybody else gets 403, and nothing is written."""
    member = office.member(role)
    before = [count(office, model) for model in (Enterprise, BankAccount, VatRegistration, Signatory)]

    answers = [member.post(url, json=body).status_code for url, body in writes(enterprise_url).items()]

    after = [count(office, model) for model in (Enterprise, BankAccount, VatRegistration, Signatory)]
    allowed = role is Role.ADMIN
    assert answers == [201 if allowed else 403] * 4
    assert after == [number + allowed for number in before]
    assert member.get(enterprise_url).status_code == 200
    assert member.put(enterprise_url, json=EDIT, headers={"If-Match": '"1"'}).status_code == (
        200 if allowed else 403
    )


def test_strangers_and_neighbours_see_nothing(office, enterprise_url):
    """Without a token 401; from another district 404, as if it did not exist."""
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    neighbour = office.member(*Role, login="neighbour", district_id=OTHER_DISTRICT_ID)

    assert office.stranger.get(enterprise_url).status_code == 401
    assert office.stranger.post("/api/v1/enterprises", json=ENTERPRISE).status_code == 401
    assert neighbour.get(enterprise_url).status_code == 404
    assert neighbour.get("/api/v1/enterprises").json["items"] == []
    assert neighbour.post(f"{enterprise_url}/bank-accounts", json=ACCOUNT).status_code == 404

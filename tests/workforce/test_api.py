"""Workers and contractors over HTTP: personal data masked, roles, and a contract's way."""

import pytest

from billing.access.models import Role
from tests.support.catalog import make_service
from tests.support.districts import DISTRICT_ID, make_enterprise
from tests.support.identifiers import synthetic_bin, synthetic_iin

WRITERS = {Role.CLERK, Role.ACCOUNTANT}
PERSONAL = WRITERS | {Role.ADMIN}
IIN = synthetic_iin(901)
WORKER = {"iin": IIN, "name": "Қалиев Асқар", "phone": "+77010000901"}


@pytest.fixture
def snow(office):
    """A service of an enterprise, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return make_service(session, make_enterprise(session).id)


def test_a_worker_is_shown_masked(office):
    """IIN and phone are masked in every answer; the list finds the worker by Russian letters."""
    taken = office.post("/api/v1/workers", json=WORKER)

    assert taken.status_code == 201
    assert taken.json == {
        "id": taken.json["id"],
        "name": "Қалиев Асқар",
        "iin": f"{IIN[:4]}******{IIN[-2:]}",
        "phone": "+7701*****01",
        "version": 1,
    }
    assert office.get("/api/v1/workers?search=калиев").json["items"] == [taken.json]
    assert office.get(f"/api/v1/workers/{taken.json['id']}").json == taken.json


@pytest.mark.parametrize("role", list(Role))
def test_reading_personal_data_is_for_some_and_logged(office, role):
    """Clerk, accountant and administrator read the IIN and are written down with their purpose."""
    worker_id = office.post("/api/v1/workers", json=WORKER).json["id"]
    own = f"/api/v1/workers/{worker_id}/personal-data"

    answer = office.member(role).get(f"{own}?purpose=tax%20report")

    log = office.get("/api/v1/personal-data-readings").json["items"]
    if role in PERSONAL:
        assert (answer.status_code, answer.json) == (200, {"iin": IIN, "phone": "+77010000901"})
        assert [(row["subject_id"], row["fields_read"], row["purpose"]) for row in log] == [
            (worker_id, "iin,phone", "tax report")
        ]
    else:
        assert answer.status_code == 403
        assert log == []


def test_personal_data_is_not_read_without_a_purpose(office):
    """422 names the purpose, and nothing is logged."""
    worker_id = office.post("/api/v1/workers", json=WORKER).json["id"]

    answer = office.get(f"/api/v1/workers/{worker_id}/personal-data")

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "purpose"
    assert office.get("/api/v1/personal-data-readings").json["items"] == []


def test_a_mistyped_iin_is_not_repeated(office):
    """The refusal names the field and masks the number."""
    answer = office.post("/api/v1/workers", json=WORKER | {"iin": "991231500000"})

    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "iin")
    assert "991231500000" not in answer.text


def test_a_worker_is_hired_and_leaves(office, snow):
    """The engagement is numbered, listed with the worker's name, and ended at the version that was read."""
    worker_id = office.post("/api/v1/workers", json=WORKER).json["id"]
    terms = {
        "worker_id": worker_id,
        "enterprise_id": str(snow.enterprise_id),
        "kind": "labour",
        "signed_on": "2026-02-25",
        "starts_on": "2026-03-01",
        "position": "Жүргізуші",
        "rate": "1500.00",
        "rate_unit": "hour",
    }
    hired = office.post("/api/v1/engagements", json=terms)
    again = office.post("/api/v1/engagements", json=terms)

    assert (hired.status_code, hired.json["number"], hired.json["rate"]) == (201, "1/2026", "1500.00")
    assert (again.status_code, again.json["code"]) == (422, "engagement_overlaps")
    own = f"/api/v1/engagements/{hired.json['id']}"
    assert office.put(f"{own}/end", json={"ends_on": "2026-05-31"}).status_code == 428
    ended = office.put(f"{own}/end", json={"ends_on": "2026-05-31"}, headers={"If-Match": '"1"'})
    assert (ended.status_code, ended.json["ends_on"]) == (200, "2026-05-31")
    listed = office.get(f"/api/v1/engagements?worker_id={worker_id}&on=2026-05-31").json["items"]
    assert listed == [{"engagement": ended.json, "worker_name": "Қалиев Асқар"}]
    assert office.get("/api/v1/engagements?on=2026-06-01").json["items"] == []


def test_a_contractor_s_contract_is_signed_and_supplemented(office, snow):
    """The contract shows its newest ceiling; its versions keep every price there was."""
    contractor = office.post(
        "/api/v1/contractors", json={"bin": synthetic_bin(9_001), "name": "ТОО «Жол Жөндеу»"}
    )
    assert (contractor.status_code, contractor.json["bin"]) == (201, synthetic_bin(9_001))
    signed = office.post(
        "/api/v1/contractor-contracts",
        json={
            "contractor_id": contractor.json["id"],
            "enterprise_id": str(snow.enterprise_id),
            "signed_on": "2026-01-10",
            "starts_on": "2026-01-15",
            "ends_on": "2026-12-31",
            "ceiling": "1000000.00",
            "prices": [{"service_id": str(snow.id), "price": "800.00"}],
        },
    )
    assert (signed.status_code, signed.json["number"], signed.json["used"]) == (201, "1/2026", "0.00")
    own = f"/api/v1/contractor-contracts/{signed.json['id']}"
    change = {
        "number": "1",
        "signed_on": "2026-05-20",
        "valid_from": "2026-06-01",
        "ceiling": "1200000.00",
        "prices": [{"service_id": str(snow.id), "price": "950.00"}],
    }

    twice = office.post(f"{own}/supplements", json=change | {"prices": change["prices"] * 2})
    supplement = office.post(f"{own}/supplements", json=change)

    assert (twice.status_code, twice.json["errors"][0]["field"]) == (422, "prices")
    assert (supplement.status_code, supplement.json["version"]) == (201, 2)
    assert office.get(own).json["ceiling"] == "1200000.00"
    versions = office.get(f"{own}/versions").json["items"]
    assert [version["prices"][0]["price"] for version in versions] == ["800.00", "950.00"]
    assert versions[1] == supplement.json
    listed = office.get(f"/api/v1/contractor-contracts?contractor_id={contractor.json['id']}").json["items"]
    assert [row["contractor_name"] for row in listed] == ["ТОО «Жол Жөндеу»"]


def test_an_entrepreneur_s_iin_is_masked(office):
    """A contractor's number that is a person's is not shown."""
    iin = synthetic_iin(905)

    answer = office.post("/api/v1/contractors", json={"bin": iin, "name": "ИП Сералиев"})

    assert answer.json["bin"] == f"{iin[:4]}******{iin[-2:]}"


def test_edits_need_the_version(office):
    """A worker and a contractor are edited only at the version that was read."""
    worker = office.post("/api/v1/workers", json=WORKER).json
    contractor = office.post(
        "/api/v1/contractors", json={"bin": synthetic_bin(9_001), "name": "ТОО «Жол»"}
    ).json
    paths = [f"/api/v1/workers/{worker['id']}", f"/api/v1/contractors/{contractor['id']}"]

    for path in paths:
        change = {"name": "Жаңа атау"}
        assert office.put(path, json=change).status_code == 428
        assert office.put(path, json=change, headers={"If-Match": '"2"'}).status_code == 412
        edited = office.put(path, json=change, headers={"If-Match": '"1"'})
        assert (edited.status_code, edited.json["name"], edited.headers["ETag"]) == (200, "Жаңа атау", '"2"')


@pytest.mark.parametrize("role", list(Role))
def test_who_may_register(office, role):
    """Only clerk and accountant write; every member reads the masked lists."""
    member = office.member(role)
    expected = 201 if role in WRITERS else 403

    assert member.post("/api/v1/workers", json=WORKER).status_code == expected
    organisation = {"bin": synthetic_bin(9_001), "name": "ТОО «Жол»"}
    assert member.post("/api/v1/contractors", json=organisation).status_code == expected
    for path in ("workers", "contractors", "engagements", "contractor-contracts"):
        answer = member.get(f"/api/v1/{path}")
        assert answer.status_code == 200
        assert office.stranger.get(f"/api/v1/{path}").status_code == 401
    assert len(office.get("/api/v1/workers").json["items"]) == (1 if role in WRITERS else 0)

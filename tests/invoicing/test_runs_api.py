"""Billing runs over HTTP: started, tried, watched, and their results in pages."""

from uuid import UUID

import pytest

from billing.access.models import Role
from billing.invoicing.models import Invoice
from billing.invoicing.runs.models import BillingRun
from billing.worker.runs import work_off
from tests.support.committed import count
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.village import make_village

RUNS = "/api/v1/billing-runs"


@pytest.fixture
def body(office):
    """November of a village with twenty contracts."""
    with office.sessions.begin(DISTRICT_ID) as session:
        village = make_village(session, 20)
    return {"enterprise_id": str(village.enterprise.id), "period": "2026-11"}


def work_through(office, run_id):
    """What a background worker does."""
    for _ in work_off(office.sessions, DISTRICT_ID, UUID(run_id)):
        continue


def test_a_run_is_started_worked_off_and_looked_at(office, body):
    """202 at once; afterwards fourteen invoices, and the results say which, and why the others have none."""
    started = office.post(RUNS, json=body)
    assert started.status_code == 202
    assert (started.json["stage"], started.json["subjects"], started.json["done"]) == ("contracts", 20, 0)
    assert count(office.sessions, Invoice) == 0
    run_id = started.json["id"]
    work_through(office, run_id)

    run = office.get(f"{RUNS}/{run_id}").json
    assert (run["stage"], run["done"], run["invoices"], run["refused"]) == ("finished", 20, 14, 2)
    assert run["halt"] is None and run["finished_at"] is not None
    refused = office.get(f"{RUNS}/{run_id}/results?outcome=refused").json["items"]
    assert [each["code"] for each in refused] == ["no_tariff", "no_tariff"]
    assert refused[0]["detail"] == "No tariff is set for service NEW on 23 Nov 2026 (resident)." or (
        refused[0]["detail"] == "No tariff is set for service NEW on 30 Nov 2026 (resident)."
    )
    first = office.get(f"{RUNS}/{run_id}/results?limit=15").json
    second = office.get(f"{RUNS}/{run_id}/results?limit=15&cursor={first['next_cursor']}").json
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (15, 5, None)
    [invoice_id] = next(each["invoice_ids"] for each in first["items"] if each["outcome"] == "billed")
    assert office.get(f"/api/v1/invoices/{invoice_id}").json["period"] == "2026-11"
    assert [each["id"] for each in office.get(f"{RUNS}?period=2026-11").json["items"]] == [run_id]
    assert office.get(f"{RUNS}?period=2026-10").json["items"] == []


def test_a_trial_writes_nothing(office, body):
    """Sums and refusals come, and neither a run nor an invoice is there afterwards."""
    preview = office.post(f"{RUNS}/preview", json=body)

    assert preview.status_code == 200
    found = preview.json
    assert (found["subjects"], found["billed"], found["nothing_due"], found["refused"]) == (20, 14, 4, 2)
    assert [each["code"] for each in found["refusals"]] == ["no_tariff", "no_tariff"]
    assert (count(office.sessions, BillingRun), count(office.sessions, Invoice)) == (0, 0)


def test_the_same_key_starts_one_run(office, body):
    """A button pressed twice by a program is one run; wrong bodies start none."""
    headers = {"Idempotency-Key": "november"}
    one, two = (office.post(RUNS, json=body, headers=headers).json["id"] for _ in range(2))
    assert one == two

    assert office.post(RUNS, json=body | {"period": "2026-13"}).status_code == 422
    assert office.post(RUNS, json=body | {"issued_on": "2026-11-24"}).status_code == 422  # tomorrow
    refused = office.post(RUNS, json=body | {"period": "2026-12"})
    assert (refused.status_code, refused.json["code"]) == (422, "period_not_begun")
    turned = office.post(RUNS, json=body | {"since": "2026-12"})
    assert (turned.status_code, turned.json["errors"][0]["field"]) == (422, "since")
    assert count(office.sessions, BillingRun) == 1


def test_a_run_is_seen_in_its_district_only(office, body):
    """Another district's clerk finds neither the run nor its results, and cannot bill here."""
    run_id = office.post(RUNS, json=body).json["id"]
    with office.sessions.begin(None) as session:
        make_district(session, district_id=OTHER_DISTRICT_ID, kato_code=OTHER_DISTRICT_KATO)
    other = office.member(Role.CLERK, login="other", district_id=OTHER_DISTRICT_ID)

    for path in (f"{RUNS}/{run_id}", f"{RUNS}/{run_id}/results"):
        assert other.get(path).status_code == 404
    assert other.post(f"{RUNS}/{run_id}/resume").status_code == 404
    assert other.post(RUNS, json=body).status_code == 404
    assert other.get(RUNS).json["items"] == []

"""The budget over HTTP: classification, plan, policies, revenue lines and their execution."""

import io

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.budget.models import PostingPolicy
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.lived import collect_a_fee
from tests.support.workbooks import first_sheet

NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def fee(office):
    """A fee collected in the office's district, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return collect_a_fee(session)


def test_revenue_execution_against_the_plan(office, fee):
    """The planned code shows its percentage, its class and category stand above it."""
    plan = {"amount": "10000.00", "decision_number": "12/3", "decision_date": "2025-12-25"}
    assert office.put("/api/v1/budget/plan/2026/206109", json=plan).status_code == 200
    assert office.get("/api/v1/budget/plan?fiscal_year=2026").json["items"][0]["amount"] == "10000.00"

    report = office.get("/api/v1/budget/revenue-execution?fiscal_year=2026&through=2").json

    rows = {row["values"]["code"]: row["values"] for row in report["rows"]}
    assert list(rows) == ["2", "201", "201510", "206", "206109"]
    assert rows["2"]["code_name"]["ru"] == "Неналоговые поступления"
    assert rows["206109"]["plan"] == "10000.00"
    assert rows["201510"]["execution"] is None
    assert [column["key"] for column in report["columns"]][4:6] == ["month_01", "month_02"]
    assert "month_03" not in rows["206109"]
    lines = office.get("/api/v1/budget/revenue-lines?code=206109&limit=200").json["items"]
    tiyn = sum(int(line["amount"].replace(".", "")) for line in lines)
    assert rows["206109"]["collected"].replace(".", "") == str(tiyn)
    sheet = first_sheet(office.get("/api/v1/budget/revenue-execution.xlsx?fiscal_year=2026"))
    assert sheet["A4"].value == "2"


def test_a_payment_is_followed_to_its_revenue_lines_and_back(office, fee):
    """All lines of a payment; each names payment, invoice line and service."""
    lines = office.get(f"/api/v1/budget/revenue-lines?payment_id={fee.payment.id}").json["items"]

    assert {line["payment_id"] for line in lines} == {str(fee.payment.id)}
    assert sorted((line["code"], line["amount"]) for line in lines) == [
        ("201510", "172.41"),
        ("206109", "1551.73"),
    ]
    snow = next(line for line in lines if line["service_id"] == str(fee.snow.id))
    assert office.get(f"/api/v1/budget/revenue-lines/{snow['id']}").json == snow
    assert snow["code"] == "206109"


def test_policies_are_set_and_listed_with_their_steps(office, fee):
    """The progressive norm goes in and comes out; a share of net income is posted by it."""
    policy = {
        "enterprise_id": str(fee.enterprise.id),
        "kind": "net_income_share",
        "valid_from": "2026-03-01",
        "revenue_code": "201510",
        "steps": [
            {"above": "0.00", "fixed": "0.00", "rate_bp": 500},
            {"above": "3000000.00", "fixed": "150000.00", "rate_bp": 1000},
        ],
    }
    made = office.post("/api/v1/budget/policies", json=policy)
    assert made.status_code == 201
    assert made.json["steps"] == policy["steps"]
    listed = office.get(f"/api/v1/budget/policies?enterprise_id={fee.enterprise.id}").json["items"]
    assert [each["kind"] for each in listed] == ["net_income_share", "gross"]
    assert listed[0] == made.json

    share = {"enterprise_id": policy["enterprise_id"], "net_income": "4000000", "posted_on": "2026-03-31"}
    posted = office.post("/api/v1/budget/net-income-shares", json=share)
    assert (posted.status_code, posted.json) == (201, {"share": "250000.00"})
    early = office.post("/api/v1/budget/net-income-shares", json=share | {"posted_on": "2026-02-28"})
    assert (early.status_code, early.json["code"]) == (422, "net_income_share_not_due")


def test_a_policy_without_its_steps_is_refused(office, fee):
    """A share of net income needs its norm; nothing is stored."""
    policy = {
        "enterprise_id": str(fee.enterprise.id),
        "kind": "net_income_share",
        "valid_from": "2026-03-01",
    }

    answer = office.post("/api/v1/budget/policies", json=policy)

    assert (answer.status_code, [e["field"] for e in answer.json["errors"]]) == (422, ["steps"])
    nobody = office.post("/api/v1/budget/policies", json=policy | {"enterprise_id": NOBODY})
    assert nobody.status_code == 404
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(PostingPolicy)) == 1


def test_a_classification_is_taken_in_from_a_file(office):
    """A dry run writes nothing; the second time nothing is new; a wrong row is told with its number."""
    content = "code;name_kk;name_ru;valid_from_year\n206108;Басқа;Другие;2025\n".encode()

    def send(content, query=""):
        return office.post(
            f"/api/v1/budget/classification/import{query}",
            data={"file": (io.BytesIO(content), "codes.csv")},
            content_type="multipart/form-data",
        ).json

    dry = send(content, "?dry_run=true")
    assert (dry["added"], dry["written"]) == (1, False)
    assert send(content)["written"] is True
    assert (send(content)["added"], send(content)["unchanged"]) == (0, 1)
    wrong = send(content + "20610;Қысқа;Короткий;2025\n".encode())
    assert (wrong["written"], wrong["refused"]) == (False, 1)
    assert wrong["problems"][0]["row"] == 3
    listed = office.get("/api/v1/budget/classification?fiscal_year=2026").json["items"]
    assert "206108" in [item["code"] for item in listed]


WRITING = [
    ("PUT", "/api/v1/budget/plan/2026/206109", {Role.ACCOUNTANT}),
    ("POST", "/api/v1/budget/policies", {Role.ACCOUNTANT, Role.ADMIN}),
    ("POST", "/api/v1/budget/classification/import", {Role.ADMIN}),
    ("POST", "/api/v1/budget/net-income-shares", {Role.ACCOUNTANT}),
    ("GET", "/api/v1/budget/revenue-execution?fiscal_year=2026", set(Role)),
]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("method", "path", "allowed"), WRITING)
def test_who_may(office, method, path, allowed):
    """Strangers get 401, members without the role 403, the others are let in to the service."""
    assert office.stranger.request(method, path).status_code == 401
    for role in Role:
        status = office.member(role).request(method, path, json={} if method != "GET" else None).status_code
        assert (status not in {401, 403}) == (role in allowed), (role, status)


@pytest.mark.sqlite_only
def test_another_district_sees_no_revenue(office, fee):
    """Revenue lines and the execution of one district stay its own."""
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    neighbour = office.member(*Role, login="neighbour", district_id=OTHER_DISTRICT_ID)

    assert neighbour.get("/api/v1/budget/revenue-lines").json["items"] == []
    assert neighbour.get("/api/v1/budget/revenue-execution?fiscal_year=2026").json["rows"] == []
    [line, *_] = office.get("/api/v1/budget/revenue-lines").json["items"]
    assert neighbour.get(f"/api/v1/budget/revenue-lines/{line['id']}").status_code == 404

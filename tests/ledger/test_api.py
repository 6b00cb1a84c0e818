"""Books, budget, debts, statements, verification over HTTP: forms, roles, the same figures as inside."""

import io
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from billing.access.models import Role
from billing.budget.models import PostingPolicy
from billing.ledger import service as ledger
from billing.ledger.models import Transfer
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.season import live_a_season

PERIOD = "first_day=2026-01-01&last_day=2026-12-31"
NOBODY = "00000000-0000-7000-8000-000000000000"
ENTRY = {"posted_on": "2026-02-10", "debit": "7210", "credit": "1030", "amount": "150.00"}


@pytest.fixture
def season(office):
    """A season lived in the office's district, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return live_a_season(session)


@pytest.fixture
def books(office, season):
    """Addresses of the enterprise's book and of the budget's."""
    items = office.get("/api/v1/books").json["items"]
    return {item["kind"]: f"/api/v1/books/{item['id']}" for item in items}


def transfers(office):
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(Transfer))


def test_the_trial_balance_adds_up_and_equals_its_spreadsheet(office, books):
    """Debits are credits in each pair of totals, and the cells hold the same sums as real numbers."""
    answer = office.get(f"{books['enterprise']}/trial-balance?{PERIOD}")

    assert answer.status_code == 200
    totals = answer.json["totals"]
    assert totals["debit"] == totals["credit"]
    assert totals["closing_debit"] == totals["closing_credit"]
    assert answer.json["title"] == "Trial balance: 1 Jan 2026 – 31 Dec 2026"
    codes = [row["values"]["account"] for row in answer.json["rows"]]
    assert codes == sorted(codes) and "6010" in codes
    sheet = workbook(office.get(f"{books['enterprise']}/trial-balance.xlsx?{PERIOD}"))
    last = [cell.value for cell in sheet[sheet.max_row]]
    assert [f"{value:.2f}" for value in last if isinstance(value, int | float)] == [
        totals[key]
        for key in ("opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit")
    ]


def workbook(answer):
    """The first sheet of an answered spreadsheet."""
    assert answer.status_code == 200
    assert answer.content_type == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert ZipFile(io.BytesIO(answer.data)).testzip() is None
    return load_workbook(io.BytesIO(answer.data)).active


def test_an_account_s_card_comes_in_pages(office, books):
    """Two pages make the whole; every balance goes on from the one before."""
    whole = office.get(f"{books['enterprise']}/accounts/1030/card?{PERIOD}").json
    first = office.get(f"{books['enterprise']}/accounts/1030/card?{PERIOD}&limit=1").json
    second = office.get(
        f"{books['enterprise']}/accounts/1030/card?{PERIOD}&limit=1&cursor={first['next_cursor']}"
    ).json

    assert first["rows"][1:] + second["rows"][1:] == whole["rows"][1:]
    assert whole["totals"]["balance"] == whole["rows"][-1]["values"]["balance"] == "1034.56"
    assert second["next_cursor"] is None
    sheet = workbook(office.get(f"{books['enterprise']}/accounts/1030/card.xlsx?{PERIOD}"))
    assert sheet.max_row == 3 + len(whole["rows"]) + 1


def test_a_month_is_closed_once_and_in_order(office, books):
    """February follows the closed January; March must wait; nothing more is posted into February."""
    own = books["enterprise"]
    assert office.get(own).json["closed_through"] == "2026-01-31"
    wrong = office.post(f"{own}/closings", json={"month": "2026-03"})
    assert (wrong.status_code, wrong.json["code"]) == (422, "month_not_next")
    assert wrong.json["facts"] == {"month": "2026-03", "expected": "2026-02"}

    closed = office.post(f"{own}/closings", json={"month": "2026-02"})

    assert (closed.status_code, closed.json["closed_through"]) == (201, "2026-02-28")
    before = transfers(office)
    refused = office.post(f"{own}/entries", json=ENTRY)
    assert (refused.status_code, refused.json["code"]) == (422, "month_closed")
    assert transfers(office) == before


def test_an_entry_by_hand_is_recorded_and_reversed(office, books):
    """201 with the transfer; its reversal points to it; a second one is refused."""
    made = office.post(f"{books['enterprise']}/entries", json=ENTRY)
    assert (made.status_code, made.json["amount"], made.json["source_kind"]) == (201, "150.00", "manual")
    own = f"/api/v1/transfers/{made.json['id']}"
    assert office.get(own).json == made.json

    mirrored = office.post(f"{own}/reversal", json={"reversed_on": "2026-02-11"})

    assert (mirrored.status_code, mirrored.json["reverses_id"]) == (201, made.json["id"])
    again = office.post(f"{own}/reversal", json={"reversed_on": "2026-02-11"})
    assert (again.status_code, again.json["code"]) == (422, "already_reversed")
    listed = office.get(f"{books['enterprise']}/transfers?source_kind=manual").json["items"]
    assert listed == [mirrored.json, made.json]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"debit": "1210"}, 422, "control_account"),
        ({"debit": "1030"}, 422, "same_account"),
        ({"debit": "9999"}, 404, "not_found"),
        ({"amount": "0"}, 422, "invalid_fields"),
        ({"posted_on": "10.02.2026"}, 422, "invalid_fields"),
        ({"source_kind": "payment"}, 422, "invalid_fields"),
    ],
)
def test_a_wrong_entry_is_refused_and_posts_nothing(office, books, change, status, code):
    """Accounts of documents, one account twice, no account, no sum, no date, an unknown key."""
    before = transfers(office)

    answer = office.post(f"{books['enterprise']}/entries", json=ENTRY | change)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert transfers(office) == before


def test_revenue_execution_against_the_plan(office, season, books):
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
    sheet = workbook(office.get("/api/v1/budget/revenue-execution.xlsx?fiscal_year=2026"))
    assert sheet["A4"].value == "2"


def test_a_payment_is_followed_to_its_revenue_lines_and_back(office, season):
    """All lines of a payment; each names payment, invoice line and service."""
    lines = office.get(f"/api/v1/budget/revenue-lines?payment_id={season.paid.id}").json["items"]

    assert lines
    assert {line["payment_id"] for line in lines} == {str(season.paid.id)}
    one = office.get(f"/api/v1/budget/revenue-lines/{lines[0]['id']}").json
    assert one == lines[0]
    assert one["service_id"] == str(season.snow.id)


def test_policies_are_set_and_listed_with_their_steps(office, season):
    """The progressive norm goes in and comes out; a share of net income is posted by it."""
    policy = {
        "enterprise_id": str(season.enterprise.id),
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
    listed = office.get(f"/api/v1/budget/policies?enterprise_id={season.enterprise.id}").json["items"]
    assert [each["kind"] for each in listed] == ["net_income_share", "gross"]
    assert listed[0] == made.json

    share = {"enterprise_id": policy["enterprise_id"], "net_income": "4000000", "posted_on": "2026-03-31"}
    posted = office.post("/api/v1/budget/net-income-shares", json=share)
    assert (posted.status_code, posted.json) == (201, {"share": "250000.00"})
    early = office.post("/api/v1/budget/net-income-shares", json=share | {"posted_on": "2026-02-28"})
    assert (early.status_code, early.json["code"]) == (422, "net_income_share_not_due")


def test_a_policy_without_its_steps_is_refused(office, season):
    """A share of net income needs its norm; nothing is stored."""
    policy = {
        "enterprise_id": str(season.enterprise.id),
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


def test_further_accounts_are_taken_in_from_a_file(office, books):
    """An account of the enterprise's own is opened in its book."""
    content = "code;kind;name_kk;name_ru\n1030.01;asset;Екінші шот;Второй счёт\n".encode()
    answer = office.post(
        f"{books['enterprise']}/accounts/import",
        data={"file": (io.BytesIO(content), "chart.csv")},
        content_type="multipart/form-data",
    )
    assert (answer.status_code, answer.json["added"]) == (200, 1)
    codes = [item["code"] for item in office.get(f"{books['enterprise']}/accounts").json["items"]]
    assert "1030.01" in codes


def test_debts_by_age_in_three_forms(office, season):
    """The page's rows add up to the totals; the spreadsheet has the same customers."""
    query = f"enterprise_id={season.enterprise.id}&day=2026-04-30"
    report = office.get(f"/api/v1/aged-debt?{query}").json

    debts = [row["values"]["debt"] for row in report["rows"]]
    assert sum(int(debt.replace(".", "")) for debt in debts) == int(report["totals"]["debt"].replace(".", ""))
    assert "iin" not in str(report)
    sheet = workbook(office.get(f"/api/v1/aged-debt.xlsx?{query}", headers={"Accept-Language": "kk"}))
    assert sheet["A3"].value == "Дербес шот"
    assert sheet.max_row == 3 + len(debts) + 1


def test_a_statement_in_three_forms(office, season):
    """JSON, spreadsheet and paper of the same account."""
    own = f"/api/v1/customers/{season.resident.id}/statement"
    query = f"enterprise_id={season.enterprise.id}&{PERIOD}"
    report = office.get(f"{own}?{query}").json

    assert report["totals"]["balance"] == report["rows"][-1]["values"]["balance"]
    sheet = workbook(office.get(f"{own}.xlsx?{query}"))
    assert sheet.max_row == 3 + len(report["rows"]) + 1
    paper = office.get(f"{own}.pdf?{query}")
    assert (paper.status_code, paper.content_type, paper.data[:5]) == (200, "application/pdf", b"%PDF-")
    backwards = office.get(f"{own}?{query}".replace("last_day=2026-12-31", "last_day=2025-12-31"))
    assert [error["field"] for error in backwards.json["errors"]] == ["last_day"]


def test_verification_is_clean_and_names_what_is_not(office, season, documents):
    """Nothing differs after the season; a lost document is named in the reader's language."""
    assert office.get("/api/v1/verification").json == {"is_clean": True, "differences": []}
    lost = min(path for path in documents.directory.rglob("*") if path.is_file())
    lost.unlink()

    answer = office.get("/api/v1/verification", headers={"Accept-Language": "ru"}).json

    assert answer["is_clean"] is False
    assert [each["code"] for each in answer["differences"]] == ["document_damaged"]
    assert answer["differences"][0]["detail"].startswith("Документ в архиве поврежден или отсутствует: ")


WRITING = [
    ("POST", "{book}/entries", {Role.ACCOUNTANT}),
    ("POST", "{book}/closings", {Role.ACCOUNTANT}),
    ("POST", "{book}/accounts/import", {Role.ACCOUNTANT}),
    ("POST", f"/api/v1/transfers/{NOBODY}/reversal", {Role.ACCOUNTANT}),
    ("PUT", "/api/v1/budget/plan/2026/206109", {Role.ACCOUNTANT}),
    ("POST", "/api/v1/budget/policies", {Role.ACCOUNTANT, Role.ADMIN}),
    ("POST", "/api/v1/budget/classification/import", {Role.ADMIN}),
    ("POST", "/api/v1/budget/net-income-shares", {Role.ACCOUNTANT}),
    ("GET", "/api/v1/verification", {Role.ACCOUNTANT, Role.AKIM, Role.AUDITOR, Role.ADMIN}),
    (
        "GET",
        f"/api/v1/customers/{NOBODY}/statement.pdf",
        {Role.CLERK, Role.CASHIER, Role.ACCOUNTANT, Role.AUDITOR, Role.ADMIN},
    ),
    ("GET", "/api/v1/books", set(Role)),
    ("GET", "/api/v1/budget/revenue-execution?fiscal_year=2026", set(Role)),
]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("method", "path", "allowed"), WRITING, ids=lambda value: str(value)[:60])
def test_who_may(office, method, path, allowed):
    """Strangers get 401, members without the role 403, the others are let in to the service."""
    with office.sessions.begin(DISTRICT_ID) as session:
        path = path.replace("{book}", f"/api/v1/books/{ledger.open_budget_book(session).id}")

    assert office.stranger.request(method, path).status_code == 401
    for role in Role:
        status = office.member(role).request(method, path, json={} if method != "GET" else None).status_code
        assert (status not in {401, 403}) == (role in allowed), (role, status)


@pytest.mark.sqlite_only
def test_another_district_sees_nothing(office, books, season):
    """A book, a transfer, a revenue line of one district are unknown in another."""
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    neighbour = office.member(*Role, login="neighbour", district_id=OTHER_DISTRICT_ID)

    assert neighbour.get("/api/v1/books").json["items"] == []
    assert neighbour.get(f"{books['enterprise']}/trial-balance?{PERIOD}").status_code == 404
    assert neighbour.get("/api/v1/budget/revenue-lines").json["items"] == []
    query = f"enterprise_id={season.enterprise.id}"
    assert neighbour.get(f"/api/v1/aged-debt?{query}").json["rows"] == []
    assert (
        neighbour.get(f"/api/v1/customers/{season.resident.id}/statement?{query}&{PERIOD}").status_code == 404
    )
    assert neighbour.post(f"{books['enterprise']}/entries", json=ENTRY).status_code == 404

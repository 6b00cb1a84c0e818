"""Debts by age and customers' statements over HTTP: as JSON, as a spreadsheet, on paper; and who may."""

import pytest

from billing.access.models import Role
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.lived import collect_a_fee
from tests.support.workbooks import first_sheet

PERIOD = "first_day=2026-01-01&last_day=2026-12-31"
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def fee(office):
    """A fee collected in the office's district, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return collect_a_fee(session)


def test_debts_by_age_in_three_forms(office, fee):
    """The page's rows add up to the totals; the spreadsheet has the same customers."""
    query = f"enterprise_id={fee.enterprise.id}&day=2026-04-30"
    report = office.get(f"/api/v1/aged-debt?{query}").json

    debts = [row["values"]["debt"] for row in report["rows"]]
    assert sum(int(debt.replace(".", "")) for debt in debts) == int(report["totals"]["debt"].replace(".", ""))
    assert "iin" not in str(report)
    sheet = first_sheet(office.get(f"/api/v1/aged-debt.xlsx?{query}", headers={"Accept-Language": "kk"}))
    assert sheet["A3"].value == "Дербес шот"
    assert sheet.max_row == 3 + len(debts) + 1


def test_a_statement_in_three_forms(office, fee):
    """JSON, spreadsheet and paper of the same account."""
    own = f"/api/v1/customers/{fee.customer.id}/statement"
    query = f"enterprise_id={fee.enterprise.id}&{PERIOD}"
    report = office.get(f"{own}?{query}").json

    assert report["totals"]["balance"] == report["rows"][-1]["values"]["balance"]
    sheet = first_sheet(office.get(f"{own}.xlsx?{query}"))
    assert sheet.max_row == 3 + len(report["rows"]) + 1
    paper = office.get(f"{own}.pdf?{query}")
    assert (paper.status_code, paper.content_type, paper.data[:5]) == (200, "application/pdf", b"%PDF-")
    backwards = office.get(f"{own}?{query}".replace("last_day=2026-12-31", "last_day=2025-12-31"))
    assert [error["field"] for error in backwards.json["errors"]] == ["last_day"]


WRITING = [
    (
        "GET",
        f"/api/v1/customers/{NOBODY}/statement.pdf",
        {Role.CLERK, Role.CASHIER, Role.ACCOUNTANT, Role.AUDITOR, Role.ADMIN},
    ),
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
def test_another_district_sees_no_debt(office, fee):
    """Debts and statements of one district stay its own."""
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    neighbour = office.member(*Role, login="neighbour", district_id=OTHER_DISTRICT_ID)
    query = f"enterprise_id={fee.enterprise.id}"

    assert neighbour.get(f"/api/v1/aged-debt?{query}").json["rows"] == []
    statement = neighbour.get(f"/api/v1/customers/{fee.customer.id}/statement?{query}&{PERIOD}")
    assert statement.status_code == 404

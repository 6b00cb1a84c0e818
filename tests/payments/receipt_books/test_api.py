"""Receipt books over HTTP: from the accountant's hand to the cashier's entry and back."""

from io import BytesIO

import openpyxl
import pytest
from sqlalchemy import select

from billing.access.models import Role, User
from billing.payments.models import Payment
from tests.support.billing import open_desk
from tests.support.committed import all_agrees, count
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district

API = "/api/v1/receipt-books/"
KEY = {"Idempotency-Key": "receipt-1"}


@pytest.fixture
def desk(sessions):
    """A resident who owes 1,160 tenge."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        desk.issue()
        return desk


@pytest.fixture
def cashier(office):
    """A cashier with a token."""
    return office.member(Role.CASHIER, login="saule")


@pytest.fixture
def book(office, cashier, desk):
    """Numbers 1 to 5 of series А, in the cashier's hands."""
    with office.sessions.begin(DISTRICT_ID) as session:
        holder = session.scalars(select(User.id).where(User.login == "saule")).one()
    body = {"enterprise_id": str(desk.enterprise.id), "series": "А", "first_number": 1, "last_number": 5}
    issued = office.post(API, json={**body, "cashier_id": str(holder), "issued_on": "2026-11-01"})
    assert issued.status_code == 201, issued.json
    return issued.json


def receipt(desk, number=1, **facts):
    return {
        "number": number,
        "customer_id": str(desk.customer.id),
        "amount": "580.00",
        "taken_at": "2026-11-10T11:30:00+05:00",
        "fiscal_number": "700",
        "register_number": "010101234567",
        **facts,
    }


def test_a_book_s_way(office, cashier, desk, book):
    """Entered once, spoiled, doubled, handed back: what is missing is named, also in the spreadsheet."""
    address = f"{API}{book['id']}"
    entered = cashier.post(f"{address}/receipts", json=receipt(desk), headers=KEY)
    assert (entered.status_code, entered.json["outcome"]) == (200, "entered")
    assert cashier.post(f"{address}/receipts", json=receipt(desk), headers=KEY).json == entered.json
    again = cashier.post(f"{address}/receipts", json=receipt(desk))
    assert (again.json["outcome"], again.json["payment_id"]) == ("again", entered.json["payment_id"])
    double = cashier.post(f"{address}/receipts", json=receipt(desk, amount="999.00"))
    assert (double.json["outcome"], double.json["amount"]) == ("double", "580.00")
    spoiled = cashier.post(f"{address}/spoiled", json={"number": 3, "reason": "жыртылды"})
    assert spoiled.json["spoiled_reason"] == "жыртылды"
    assert [leaf["number"] for leaf in cashier.get(f"{address}/numbers").json["items"]] == [1, 2, 3, 4, 5]

    back = cashier.post(f"{address}/return", json={"returned_on": "2026-11-20"})
    assert (back.status_code, back.json["missing"]) == (200, [2, 4, 5])
    assert cashier.post(f"{address}/receipts", json=receipt(desk, 2)).json["code"] == "receipt_book_returned"
    assert office.get(API, query_string={"is_open": "true"}).json["items"] == []

    report = office.get(f"{API}troubles").json["rows"]
    assert [row["values"]["receipt_numbers"] for row in report] == ["000002", "000004–000005", "000001"]
    sheet = openpyxl.load_workbook(BytesIO(office.get(f"{API}troubles.xlsx").data)).active
    assert "000004–000005" in {cell for row in sheet.values for cell in row}

    [listed] = office.get(f"{API}doubles", query_string={"is_resolved": "false"}).json["items"]
    resolved = office.post(f"{API}doubles/{listed['id']}/resolve", json={"resolution": "қате нөмір"})
    assert (resolved.status_code, resolved.json["resolution"]) == (200, "қате нөмір")
    for number in (2, 4, 5):
        body = {"number": number, "reason": "жоғалды"}
        assert office.post(f"{address}/spoiled", json=body).status_code == 200
    assert count(office.sessions, Payment) == 1
    assert all_agrees(office.sessions)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": 6}, "number"),
        ({"number": 0}, "number"),
        ({"taken_at": "2026-11-23T09:30:00+05:00"}, "taken_at"),
        ({"taken_at": "2026-10-31T23:59:00+05:00"}, "taken_at"),
        ({"amount": "0.00"}, "amount"),
        ({"fiscal_number": ""}, "fiscal_number"),
    ],
)
@pytest.mark.sqlite_only
def test_what_is_wrong_is_named(cashier, desk, book, change, field):
    """By its field; nothing is booked."""
    answer = cashier.post(f"{API}{book['id']}/receipts", json=receipt(desk, **change))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert count(cashier.sessions, Payment) == 0


@pytest.mark.sqlite_only
def test_who_may_do_what(office, desk, book):
    """Accountants hand out, tellers enter; readers read; strangers and other districts do nothing."""
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    address = f"{API}{book['id']}"
    tellers, readers = {Role.CASHIER, Role.ACCOUNTANT}, {Role.CASHIER, Role.ACCOUNTANT, Role.AUDITOR}
    for role in Role:
        member = office.member(role)
        for path in (API, address, f"{address}/numbers", f"{API}troubles", f"{API}doubles"):
            assert member.get(path).status_code == (200 if role in readers else 403), (role, path)
        assert member.post(API, json={}).status_code == (422 if role is Role.ACCOUNTANT else 403), role
        for path in (f"{address}/receipts", f"{address}/spoiled", f"{address}/return"):
            assert member.post(path, json={}).status_code == (422 if role in tellers else 403), (role, path)
    another = office.member(Role.CASHIER, login="another")
    assert another.post(f"{address}/receipts", json=receipt(desk)).json["code"] == "receipt_book_of_another"
    assert office.stranger.get(API).status_code == 401
    foreign = office.member(Role.ACCOUNTANT, login="foreign", district_id=OTHER_DISTRICT_ID)
    assert foreign.get(address).status_code == 404
    assert foreign.post(f"{address}/receipts", json=receipt(desk)).status_code == 404
    assert count(office.sessions, Payment) == 0

"""Books over HTTP: the same figures as inside, months closed in order, entries by hand, and who may."""

import io
from datetime import date

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.ledger.models import Transfer
from tests.support.books import open_books, post_sale
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.workbooks import first_sheet

PERIOD = "first_day=2026-01-01&last_day=2026-12-31"
NOBODY = "00000000-0000-7000-8000-000000000000"
ENTRY = {"posted_on": "2026-02-10", "debit": "7210", "credit": "1030", "amount": "150.00"}


@pytest.fixture
def books(office):
    """Addresses of the enterprise's book and of the budget's; January has sales and is closed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        books = open_books(session)
        post_sale(session, books.enterprise_book, date(2026, 1, 10), Money.tenge(1000))
        post_sale(session, books.enterprise_book, date(2026, 1, 20), Money.tenge("34.56"))
        ledger.close_month(session, books.enterprise_book, Month(2026, 1), today=date(2026, 2, 1))
    return {
        "enterprise": f"/api/v1/books/{books.enterprise_book}",
        "budget": f"/api/v1/books/{books.budget_book}",
    }


def transfers(office):
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(Transfer))


def test_books_are_listed_with_how_far_they_are_closed(office, books):
    """The budget's first; each is also answered alone."""
    items = office.get("/api/v1/books").json["items"]

    assert [(item["kind"], item["closed_through"]) for item in items] == [
        ("budget", None),
        ("enterprise", "2026-01-31"),
    ]
    assert office.get(books["enterprise"]).json == items[1]


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
    sheet = first_sheet(office.get(f"{books['enterprise']}/trial-balance.xlsx?{PERIOD}"))
    last = [cell.value for cell in sheet[sheet.max_row]]
    assert [f"{value:.2f}" for value in last if isinstance(value, int | float)] == [
        totals[key]
        for key in ("opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit")
    ]


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
    sheet = first_sheet(office.get(f"{books['enterprise']}/accounts/1030/card.xlsx?{PERIOD}"))
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
    assert listed[:2] == [mirrored.json, made.json]
    assert len(listed) == 4


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


WRITING = [
    ("POST", "{book}/entries", {Role.ACCOUNTANT}),
    ("POST", "{book}/closings", {Role.ACCOUNTANT}),
    ("POST", "{book}/accounts/import", {Role.ACCOUNTANT}),
    ("POST", f"/api/v1/transfers/{NOBODY}/reversal", {Role.ACCOUNTANT}),
    ("GET", "/api/v1/books", set(Role)),
]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("method", "path", "allowed"), WRITING)
def test_who_may(office, method, path, allowed):
    """Strangers get 401, members without the role 403, the others are let in to the service."""
    with office.sessions.begin(DISTRICT_ID) as session:
        path = path.replace("{book}", f"/api/v1/books/{ledger.open_budget_book(session).id}")

    assert office.stranger.request(method, path).status_code == 401
    for role in Role:
        status = office.member(role).request(method, path, json={} if method != "GET" else None).status_code
        assert (status not in {401, 403}) == (role in allowed), (role, status)


@pytest.mark.sqlite_only
def test_another_district_sees_no_book(office, books):
    """A book of one district is unknown in another, to read and to write."""
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    neighbour = office.member(*Role, login="neighbour", district_id=OTHER_DISTRICT_ID)

    assert neighbour.get("/api/v1/books").json["items"] == []
    assert neighbour.get(f"{books['enterprise']}/trial-balance?{PERIOD}").status_code == 404
    assert neighbour.post(f"{books['enterprise']}/entries", json=ENTRY).status_code == 404

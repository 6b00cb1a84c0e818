"""Invoices and credit notes over HTTP: form, roles, statuses, and the papers as they were issued."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from billing.access.models import Role
from billing.kernel.ids import new_id
from billing.orders.models import OrderState
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.orders import make_order

INVOICES = "/api/v1/invoices"
PRINTERS = {Role.CLERK, Role.CASHIER, Role.ACCOUNTANT, Role.AUDITOR, Role.ADMIN}
ISSUERS = {Role.CLERK, Role.ACCOUNTANT}


@pytest.fixture
def desk(office):
    """An enterprise that bills 1,160 tenge a month to one resident, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return open_desk(session)


def charges(desk, **given):
    """What the contract charges for March, billed on its last day."""
    return {
        "enterprise_id": str(desk.enterprise.id),
        "customer_id": str(desk.customer.id),
        "contract_id": str(desk.contract.id),
        "period": "2026-03",
        "issued_on": "2026-03-31",
    } | given


def issued(office, desk, **given):
    """An invoice of March: its answer."""
    answer = office.post(INVOICES, json=charges(desk, **given))
    assert answer.status_code == 201, answer.json
    return answer.json


def paid(office, desk, tenge):
    """A payment through the bank."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return desk.at(session).pay(tenge)


def words(answer):
    """The text of a PDF."""
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    return " ".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages)


def test_an_invoice_says_what_it_bills_and_how_it_stands(office, desk):
    """Number, lines, tax and status stand in the answer, and in the same words when it is read again."""
    invoice = issued(office, desk)

    assert {name: invoice[name] for name in ("year", "number", "due_on", "period", "status")} == {
        "year": 2026,
        "number": 1,
        "due_on": "2026-04-20",
        "period": "2026-03",
        "status": "overdue",
    }
    sums = ("total", "vat", "paid", "credited", "open_amount")
    assert [invoice[name] for name in sums] == ["1160.00", "160.00", "0.00", "0.00", "1160.00"]
    assert (invoice["customer_name"], invoice["account_number"]) == (
        desk.customer.name,
        desk.customer.account_number,
    )
    [line] = invoice["lines"]
    assert {name: line[name] for name in ("quantity", "unit_price", "amount", "vat_rate_bp", "vat")} == {
        "quantity": "2",
        "unit_price": "580.00",
        "amount": "1160.00",
        "vat_rate_bp": 1600,
        "vat": "160.00",
    }
    assert (line["period"], line["supplied_on"], line["act_id"]) == ("2026-03", "2026-03-31", None)
    assert invoice["settlements"] == []
    assert office.get(f"{INVOICES}/{invoice['id']}").json == invoice


def test_an_invoice_names_the_payments_that_settle_it(office, desk):
    """A part makes it partly paid or overdue, the rest paid; each payment stands with its sum."""
    invoice = issued(office, desk, due_on="2199-12-31")
    own = f"{INVOICES}/{invoice['id']}"
    assert invoice["status"] == "issued"

    first = paid(office, desk, 200)
    part = office.get(own).json
    second = paid(office, desk, 1000)
    whole = office.get(own).json

    assert (part["status"], part["open_amount"]) == ("partly_paid", "960.00")
    assert (whole["status"], whole["paid"], whole["open_amount"]) == ("paid", "1160.00", "0.00")
    assert whole["settlements"] == [
        {"payment_id": str(first.id), "received_on": "2026-04-10", "amount": "200.00"},
        {"payment_id": str(second.id), "received_on": "2026-04-10", "amount": "960.00"},
    ]
    assert whole["lines"][0]["open_amount"] == "0.00"


def test_the_pdf_is_the_one_of_the_issue(office, desk):
    """The «счет на оплату» reads back with its number, sum and Kazakh letters; its bytes never change."""
    invoice = issued(office, desk)
    before = office.get(f"{INVOICES}/{invoice['id']}/pdf")
    paid(office, desk, 1160)
    after = office.get(f"{INVOICES}/{invoice['id']}/pdf")

    text = words(before)
    assert "000001" in text
    assert "1 160,00" in text.replace("\u00a0", " ").replace("\u202f", " ")
    assert set("әғқңөұүі№") <= set(text.lower())
    assert after.data == before.data
    assert 'filename="invoice-2026-000001.pdf"' in before.headers["Content-Disposition"]


def test_completed_work_is_billed_once(office, desk):
    """One invoice per customer with his completed orders; a second run finds nothing."""
    with office.sessions.begin(DISTRICT_ID) as session:
        trade = desk.at(session).hire()
        for _ in range(2):
            make_order(session, trade, state=OrderState.COMPLETED)
    wanted = {"enterprise_id": str(desk.enterprise.id), "issued_on": "2026-03-31"}

    first = office.post(f"{INVOICES}/for-completed-orders", json=wanted)
    again = office.post(f"{INVOICES}/for-completed-orders", json=wanted)

    assert (first.status_code, first.json["count"], first.json["total"]) == (201, 1, "3480.00")
    [invoice] = first.json["items"]
    assert len(office.get(f"{INVOICES}/{invoice['id']}").json["lines"]) == 2
    assert again.json == {"count": 0, "total": "0.00", "items": []}


def test_one_order_can_be_billed_alone(office, desk):
    """Only the named order stands on the invoice, and it cannot stand on a second one."""
    with office.sessions.begin(DISTRICT_ID) as session:
        trade = desk.at(session).hire()
        order, _ = (make_order(session, trade, state=OrderState.COMPLETED) for _ in range(2))
    wish = charges(desk, order_ids=[str(order.id)])
    del wish["contract_id"], wish["period"]

    first = office.post(INVOICES, json=wish)
    second = office.post(INVOICES, json=wish)

    assert (first.status_code, first.json["total"]) == (201, "1740.00")
    assert (second.status_code, second.json["code"]) == (422, "order_not_billable")
    assert len(office.get(INVOICES).json["items"]) == 1


def test_the_same_month_is_billed_once(office, desk):
    """Sent again with its key the same invoice comes back; without the key the month is billed already."""
    key = {"Idempotency-Key": "march"}
    first = office.post(INVOICES, json=charges(desk), headers=key)
    again = office.post(INVOICES, json=charges(desk), headers=key)
    without = office.post(INVOICES, json=charges(desk))

    assert again.json == first.json
    assert again.headers["Idempotent-Replay"] == "true"
    assert (without.status_code, without.json["code"]) == (422, "period_already_billed")
    assert len(office.get(INVOICES).json["items"]) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"issued_on": "31.03.2026"}, "issued_on"),
        ({"issued_on": "2026-11-24"}, "issued_on"),
        ({"due_on": "2026-03-30"}, "due_on"),
        ({"period": None}, "period"),
        ({"contract_id": None}, "contract_id"),
        ({"order_ids": []}, "order_ids"),
        ({"customer_id": "1"}, "customer_id"),
        ({"total": "1.00"}, "total"),
    ],
)
def test_wrong_input_names_the_field_and_issues_nothing(office, desk, wrong, field):
    """422 says which field is wrong; no number is taken."""
    answer = office.post(INVOICES, json=charges(desk, **wrong))

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert office.get(INVOICES).json["items"] == []
    assert issued(office, desk)["number"] == 1


def test_invoices_are_filtered_sorted_and_paged(office, desk):
    """Status, number and dates narrow the list; the cursor goes on."""
    for month in ("2026-01", "2026-02", "2026-03"):
        issued(office, desk, period=month, issued_on=f"{month}-28", due_on="2026-03-31")
    paid(office, desk, 1160)

    def numbers(query):
        return [row["number"] for row in office.get(f"{INVOICES}?{query}").json["items"]]

    assert numbers("status=paid") == [1]
    assert numbers("status=overdue&sort=number") == [2, 3]
    assert numbers("sort=-issued_on") == [3, 2, 1]
    assert numbers("number=2") == [2]
    assert numbers("issued_from=2026-02-01&issued_to=2026-02-28") == [2]
    assert numbers(f"customer_id={new_id()}") == []
    first = office.get(f"{INVOICES}?sort=number&limit=2").json
    rest = office.get(f"{INVOICES}?sort=number&limit=2&cursor={first['next_cursor']}").json
    assert [row["number"] for row in [*first["items"], *rest["items"]]] == [1, 2, 3]
    assert rest["next_cursor"] is None


def test_a_credit_note_takes_a_part_of_a_line_off(office, desk):
    """290 of a paid 1,160: the note says so on paper, 870 stay paid, 290 are an advance."""
    invoice = issued(office, desk)
    paid(office, desk, 1160)
    lines = [{"invoice_line_id": invoice["lines"][0]["id"], "amount": "290.00"}]
    own = f"{INVOICES}/{invoice['id']}"

    note = office.post(
        f"{own}/credit-notes", json={"issued_on": "2026-04-30", "reason": "Қайта есептеу", "lines": lines}
    )

    assert (note.status_code, note.json["number"]) == (201, 1)
    assert (note.json["total"], note.json["vat"]) == ("290.00", "40.00")
    assert note.json["lines"] == [lines[0] | {"vat": "40.00"}]
    stands = office.get(own).json
    assert (stands["credited"], stands["paid"], stands["open_amount"]) == ("290.00", "870.00", "0.00")
    assert office.get(f"/api/v1/credit-notes/{note.json['id']}").json == note.json
    [listed] = office.get(f"/api/v1/credit-notes?invoice_id={invoice['id']}").json["items"]
    assert listed == {name: value for name, value in note.json.items() if name != "lines"}
    text = words(office.get(f"/api/v1/credit-notes/{note.json['id']}/pdf"))
    assert "Қайта есептеу" in text
    assert "290,00" in text
    balance = office.get(f"/api/v1/customers/{desk.customer.id}/balance").json
    assert (balance["debt"], balance["advance"]) == ("0.00", "290.00")


def test_a_whole_invoice_is_credited_and_billed_anew(office, desk):
    """Without lines all is taken off; the month may be billed again, under the next number."""
    invoice = issued(office, desk)
    path = f"{INVOICES}/{invoice['id']}/credit-notes"

    note = office.post(path, json={"issued_on": "2026-04-01", "reason": "қате"})
    again = office.post(path, json={"issued_on": "2026-04-01", "reason": "қате"})

    assert (note.status_code, note.json["total"]) == (201, "1160.00")
    assert (again.status_code, again.json["code"]) == (422, "nothing_to_credit")
    assert office.get(f"{INVOICES}/{invoice['id']}").json["status"] == "credited"
    assert issued(office, desk, issued_on="2026-04-01")["number"] == 2


@pytest.mark.parametrize(
    ("amounts", "code"),
    [
        (["1160.01"], "credit_exceeds_line"),
        (["0.00"], "invalid_fields"),
        (["-1.00"], "invalid_fields"),
        (["1.00", "1.00"], "invalid_fields"),
        ([], "invalid_fields"),
    ],
)
def test_a_wrong_credit_takes_nothing_off(office, desk, amounts, code):
    """More than the line, nothing, less than nothing, a line twice, no line: refused, and nothing changed."""
    invoice = issued(office, desk)
    lines = [{"invoice_line_id": invoice["lines"][0]["id"], "amount": amount} for amount in amounts]

    answer = office.post(
        f"{INVOICES}/{invoice['id']}/credit-notes",
        json={"issued_on": "2026-04-01", "reason": "қате", "lines": lines},
    )

    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert office.get("/api/v1/credit-notes").json["items"] == []
    assert office.get(f"{INVOICES}/{invoice['id']}").json == invoice


@pytest.mark.parametrize("role", list(Role))
def test_who_may_do_what(office, desk, role):
    """All read; clerk and accountant issue; the accountant alone credits; the akim prints none."""
    invoice = issued(office, desk)
    own = f"{INVOICES}/{invoice['id']}"
    member = office.member(role)
    wanted = {"enterprise_id": str(desk.enterprise.id), "issued_on": "2026-04-01"}

    assert [member.get(path).status_code for path in (INVOICES, own, "/api/v1/credit-notes")] == [200] * 3
    assert member.get(f"{own}/pdf").status_code == (200 if role in PRINTERS else 403)
    april = charges(desk, period="2026-04", issued_on="2026-04-30")
    writing = [
        member.post(INVOICES, json=april).status_code,
        member.post(f"{INVOICES}/for-completed-orders", json=wanted).status_code,
    ]
    assert writing == ([201, 201] if role in ISSUERS else [403, 403])
    credit = member.post(f"{own}/credit-notes", json={"issued_on": "2026-04-01", "reason": "қате"})
    assert credit.status_code == (201 if role is Role.ACCOUNTANT else 403)
    assert len(office.get(INVOICES).json["items"]) == (2 if role in ISSUERS else 1)
    assert len(office.get("/api/v1/credit-notes").json["items"]) == (role is Role.ACCOUNTANT)


def test_strangers_and_neighbours_see_nothing(office, desk):
    """Without a token 401; from another district the invoice does not exist."""
    invoice = issued(office, desk)
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    neighbour = office.member(*Role, login="neighbour", district_id=OTHER_DISTRICT_ID)

    paths = [f"{INVOICES}/{invoice['id']}", f"{INVOICES}/{invoice['id']}/pdf"]
    assert [office.stranger.get(path).status_code for path in paths] == [401, 401]
    assert [neighbour.get(path).status_code for path in paths] == [404, 404]
    assert neighbour.get(INVOICES).json["items"] == []
    answer = neighbour.post(f"{paths[0]}/credit-notes", json={"reason": "қате"})
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert neighbour.post(INVOICES, json=charges(desk)).status_code == 404


def test_what_does_not_exist_is_not_found(office):
    """An unknown invoice or credit note is 404, and so is its paper."""
    for path in ("invoices", "credit-notes"):
        for tail in ("", "/pdf"):
            answer = office.get(f"/api/v1/{path}/{new_id()}{tail}")
            assert (answer.status_code, answer.json["code"]) == (404, "not_found")

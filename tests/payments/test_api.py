"""Payments, refunds, reversals and balances over HTTP: form, roles, statuses, papers."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from billing.access.models import Role
from billing.kernel.ids import new_id
from tests.support.billing import MARCH, credit, open_desk
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district

PAYMENTS = "/api/v1/payments"
RECORDERS = {Role.CASHIER, Role.ACCOUNTANT}
PRINTERS = {Role.CLERK, Role.CASHIER, Role.ACCOUNTANT, Role.AUDITOR, Role.ADMIN}
RECEIPT = {
    "fiscal_number": "2604101130",
    "register_number": "010101234567",
    "fiscal_at": "2026-04-10T11:30:00+05:00",
}


@pytest.fixture
def desk(office):
    """An enterprise that bills 1,160 tenge a month to one resident, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return open_desk(session)


@pytest.fixture
def invoice(office, desk):
    """The invoice of March, due on 20 April 2026."""
    return issued(office, desk, MARCH)


def issued(office, desk, period):
    """The invoice of a month, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return desk.at(session).issue(period)


def money(desk, amount, **given):
    """A sum that came through the bank on 10 April."""
    return {
        "enterprise_id": str(desk.enterprise.id),
        "customer_id": str(desk.customer.id),
        "amount": amount,
        "method": "bank",
        "received_on": "2026-04-10",
    } | given


def wish(desk, amount, **given):
    """A sum to be previewed."""
    return {
        "enterprise_id": str(desk.enterprise.id),
        "customer_id": str(desk.customer.id),
        "amount": amount,
    } | given


def recorded(office, desk, amount, **given):
    """A payment: its answer."""
    answer = office.post(PAYMENTS, json=money(desk, amount, **given))
    assert answer.status_code == 201, answer.json
    return answer.json


def balance(office, desk):
    """Debt and advance of the customer."""
    answer = office.get(f"/api/v1/customers/{desk.customer.id}/balance").json
    return answer["debt"], answer["advance"]


def words(answer):
    """The text of a PDF, with plain blanks."""
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), answer.json
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages)
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_a_partial_payment_leaves_the_rest_owed(office, desk, invoice):
    """400 of 1,160: the answer says what was settled and why, and 760 stay owed."""
    payment = recorded(office, desk, "400.00")

    assert payment["steps"] == [
        {
            "invoice_id": str(invoice.id),
            "invoice_year": 2026,
            "invoice_number": 1,
            "due_on": "2026-04-20",
            "open_before": "1160.00",
            "allocated": "400.00",
            "reason": "oldest_debt",
        }
    ]
    [sentence] = payment["sentences"]
    assert sentence.replace("\u00a0", " ") == (
        "Invoice No. 000001 of 2026, due on 20 Apr 2026: 400.00 KZT of the open 1,160.00 KZT;"
        " the oldest debt."
    )
    [allocation] = payment["allocations"]
    assert (allocation["amount"], allocation["vat"], allocation["reverses_id"]) == ("400.00", "55.17", None)
    assert (payment["allocated"], payment["advance"], payment["debt_after"]) == ("400.00", "0.00", "760.00")
    assert balance(office, desk) == ("760.00", "0.00")
    assert office.get(f"{PAYMENTS}/{payment['id']}").json == payment


def test_the_explanation_comes_in_the_reader_s_language(office, desk, invoice):
    """The same payment explains itself in Kazakh and in Russian."""
    payment = recorded(office, desk, "1200.00")
    own = f"{PAYMENTS}/{payment['id']}"

    russian = office.get(own, headers={"Accept-Language": "ru"}).json["sentences"]
    kazakh = office.get(own, headers={"Accept-Language": "kk"}).json["sentences"]

    assert russian[0].startswith("Счёт № 000001 за 2026 год, срок оплаты 20.04.2026")
    assert "оплачен полностью" in russian[0]
    assert russian[1] == "Остаток 40,00\u00a0₸ — аванс, его зачтёт следующий счёт."
    assert kazakh[0].startswith("2026 жылғы № 000001 шот")
    assert len(kazakh) == 2


def test_a_preview_tells_what_would_happen_and_writes_nothing(office, desk, invoice):
    """The steps and the rest are those of the payment that follows; before it nothing is recorded."""
    sum_ = wish(desk, "1500.00")

    shown = office.post(f"{PAYMENTS}/preview", json=sum_)
    assert shown.status_code == 200
    assert office.get(PAYMENTS).json["items"] == []
    assert balance(office, desk) == ("1160.00", "0.00")

    payment = recorded(office, desk, "1500.00")
    assert shown.json == {
        "steps": payment["steps"],
        "sentences": payment["sentences"],
        "advance": "340.00",
        "debt_after": "0.00",
    }
    assert (payment["advance"], payment["debt_after"]) == ("340.00", "0.00")
    assert len(payment["sentences"]) == 2


def test_named_invoices_come_first(office, desk, invoice):
    """The payer names April: it is settled before March, whose rest is the oldest debt."""
    april = issued(office, desk, MARCH.next())

    payment = recorded(office, desk, "1300.00", received_on="2026-05-10", invoice_ids=[str(april.id)])

    assert [(step["invoice_number"], step["allocated"], step["reason"]) for step in payment["steps"]] == [
        (2, "1160.00", "named"),
        (1, "140.00", "oldest_debt"),
    ]
    stranger = office.post(PAYMENTS, json=money(desk, "1.00", invoice_ids=[str(new_id())]))
    assert (stranger.status_code, stranger.json["code"]) == (422, "not_open_for_customer")
    preview = office.post(f"{PAYMENTS}/preview", json=wish(desk, "1.00", invoice_ids=[str(new_id())]))
    assert (preview.status_code, preview.json["code"]) == (422, "not_open_for_customer")
    assert len(office.get(PAYMENTS).json["items"]) == 1


def test_cash_comes_with_its_fiscal_receipt_and_gets_a_cash_order(office, desk, invoice):
    """The КО-1 is numbered and archived, and says the cash register's numbers."""
    payment = recorded(
        office, desk, "1160.00", method="cash", receipt=RECEIPT, payer_name="Жиһангер Өтеғалиев"
    )

    assert (payment["cash_order_year"], payment["cash_order_number"]) == (2026, 1)
    assert payment["fiscal_number"] == "2604101130"
    assert payment["fiscal_at"] == "2026-04-10T06:30:00Z"
    assert payment["channel"] == "cash_desk"
    order = words(office.get(f"{PAYMENTS}/{payment['id']}/cash-order"))
    for expected in ("000001", "1 160", "Жиһангер Өтеғалиев", "2604101130"):
        assert expected in order
    receipt = words(office.get(f"{PAYMENTS}/{payment['id']}/receipt"))
    for expected in ("1 160,00", "000001", "Жиһангер Өтеғалиев", "2604101130"):
        assert expected in receipt


def test_money_through_the_bank_has_no_cash_order(office, desk, invoice):
    """Its receipt can be printed; a КО-1 does not exist."""
    payment = recorded(office, desk, "1160.00")

    assert office.get(f"{PAYMENTS}/{payment['id']}/receipt").status_code == 200
    answer = office.get(f"{PAYMENTS}/{payment['id']}/cash-order")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_a_receipt_stays_as_it_was_on_its_day(office, desk, invoice):
    """A later payment, credit note and reversal change neither its debt nor its lines: not one byte."""
    payment = recorded(office, desk, "400.00")
    path = f"{PAYMENTS}/{payment['id']}/receipt"
    before = office.get(path)

    issued(office, desk, MARCH.next())
    recorded(office, desk, "900.00", received_on="2026-05-10")
    with office.sessions.begin(DISTRICT_ID) as session:
        credit(session, invoice)
    undone = office.post(
        f"{PAYMENTS}/{payment['id']}/reversal", json={"reversed_on": "2026-05-20", "reason": "қате"}
    )

    assert undone.status_code == 201
    assert "760,00" in words(before)
    assert office.get(path).data == before.data


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": "0.00"}, "amount"),
        ({"amount": "-1.00"}, "amount"),
        ({"amount": 400}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"method": "barter"}, "method"),
        ({"method": "cash"}, "receipt"),
        ({"receipt": RECEIPT}, "receipt"),
        ({"method": "cash", "receipt": RECEIPT | {"fiscal_at": "2026-04-10T11:30"}}, "receipt.fiscal_at"),
        ({"method": "cash", "receipt": RECEIPT | {"fiscal_at": "2026-02-30T11:30Z"}}, "receipt.fiscal_at"),
        ({"received_on": None}, "received_on"),
        ({"received_on": "2026-11-24"}, "received_on"),
        ({"invoice_ids": "all"}, "invoice_ids"),
        ({"channel": "Kaspi!"}, "channel"),
    ],
)
def test_wrong_input_names_the_field_and_records_nothing(office, desk, invoice, wrong, field):
    """422 says which field is wrong; the debt is what it was."""
    answer = office.post(PAYMENTS, json=money(desk, "400.00") | wrong)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert office.get(PAYMENTS).json["items"] == []
    assert balance(office, desk) == ("1160.00", "0.00")


def test_the_same_payment_again_is_recorded_once(office, desk, invoice):
    """By its key the answer comes again; by the bank's document the payment does; another sum is refused."""
    key = {"Idempotency-Key": "teller-1"}
    body = money(desk, "400.00", channel="kazpost", outside_id="17")

    first = office.post(PAYMENTS, json=body, headers=key)
    again = office.post(PAYMENTS, json=body, headers=key)
    told = office.post(PAYMENTS, json=body)
    other = office.post(PAYMENTS, json=body | {"amount": "500.00"})
    reused = office.post(PAYMENTS, json=body | {"amount": "500.00"}, headers=key)

    assert (first.status_code, again.json, told.json) == (201, first.json, first.json)
    assert (other.status_code, other.json["code"]) == (422, "outside_id_reused")
    assert (reused.status_code, reused.json["code"]) == (409, "idempotency_key_reused")
    assert balance(office, desk) == ("760.00", "0.00")


def test_a_refund_gives_back_what_no_invoice_took(office, desk, invoice):
    """340 of an overpayment go back; a tiyn more is refused and changes nothing."""
    payment = recorded(office, desk, "1500.00")
    path = f"{PAYMENTS}/{payment['id']}/refunds"
    wanted = {"amount": "340.00", "method": "bank", "refunded_on": "2026-04-30", "reason": "өтініш бойынша"}

    too_much = office.post(path, json=wanted | {"amount": "340.01"})
    too_early = office.post(path, json=wanted | {"refunded_on": "2026-04-09"})
    assert (too_much.status_code, too_much.json["code"]) == (422, "advance_too_small")
    assert (too_early.status_code, too_early.json["code"]) == (422, "date_before_payment")
    assert balance(office, desk) == ("0.00", "340.00")

    given = office.post(path, json=wanted)
    assert (given.status_code, given.json["amount"]) == (201, "340.00")
    stands = office.get(f"{PAYMENTS}/{payment['id']}").json
    assert (stands["refunded"], stands["advance"], stands["allocated"]) == ("340.00", "0.00", "1160.00")
    assert stands["refunds"] == [given.json]
    assert balance(office, desk) == ("0.00", "0.00")


def test_a_reversed_payment_owes_again_and_shows_both_ways(office, desk, invoice):
    """The debt is open again; the allocation and its release stand side by side; once is enough."""
    payment = recorded(office, desk, "1500.00")
    path = f"{PAYMENTS}/{payment['id']}/reversal"
    wanted = {"reversed_on": "2026-04-30", "reason": "бөтен төлем"}

    undone = office.post(path, json=wanted)
    again = office.post(path, json=wanted)

    assert (undone.status_code, undone.json["reversed_on"]) == (201, "2026-04-30")
    assert (again.status_code, again.json["code"]) == (422, "payment_reversed")
    stands = office.get(f"{PAYMENTS}/{payment['id']}").json
    assert [row["amount"] for row in stands["allocations"]] == ["1160.00", "-1160.00"]
    assert stands["allocations"][1]["reverses_id"] == stands["allocations"][0]["id"]
    assert (stands["allocated"], stands["advance"]) == ("0.00", "0.00")
    assert stands["reversal"] == undone.json
    assert stands["steps"] == payment["steps"]
    [listed] = office.get(PAYMENTS).json["items"]
    assert listed["reversed_on"] == "2026-04-30"
    assert balance(office, desk) == ("1160.00", "0.00")


def test_a_balance_names_the_open_invoices(office, desk, invoice):
    """Debt, what of it is overdue, the advance, and each open invoice, of one enterprise or of all."""
    issued(office, desk, MARCH.next())
    recorded(office, desk, "160.00")
    path = f"/api/v1/customers/{desk.customer.id}/balance"

    shown = office.get(path).json

    assert {name: shown[name] for name in ("debt", "overdue", "owed_for_others", "advance")} == {
        "debt": "2160.00",
        "overdue": "2160.00",
        "owed_for_others": "0.00",
        "advance": "0.00",
    }
    assert [(row["number"], row["open_amount"]) for row in shown["invoices"]] == [
        (1, "1000.00"),
        (2, "1160.00"),
    ]
    assert office.get(f"{path}?enterprise_id={desk.enterprise.id}").json == shown
    nobody = office.get(f"{path}?enterprise_id={new_id()}").json
    assert (nobody["debt"], nobody["invoices"]) == ("0.00", [])


def test_payments_are_filtered_sorted_and_paged(office, desk, invoice):
    """Method, dates and sum narrow and order the list; the cursor goes on."""
    recorded(office, desk, "300.00", received_on="2026-04-01")
    recorded(office, desk, "100.00", method="card", received_on="2026-04-02")
    recorded(office, desk, "200.00", method="cash", receipt=RECEIPT, received_on="2026-04-03")

    def amounts(query):
        return [row["amount"] for row in office.get(f"{PAYMENTS}?{query}").json["items"]]

    assert amounts("") == ["200.00", "100.00", "300.00"]
    assert amounts("sort=amount") == ["100.00", "200.00", "300.00"]
    assert amounts("method=card") == ["100.00"]
    assert amounts("received_from=2026-04-02&received_to=2026-04-02") == ["100.00"]
    assert amounts(f"customer_id={new_id()}") == []
    first = office.get(f"{PAYMENTS}?limit=2").json
    rest = office.get(f"{PAYMENTS}?limit=2&cursor={first['next_cursor']}").json
    assert [row["amount"] for row in [*first["items"], *rest["items"]]] == ["200.00", "100.00", "300.00"]


@pytest.mark.parametrize("role", list(Role))
def test_who_may_do_what(office, desk, invoice, role):
    """All read and preview; cashier and accountant record; only the accountant gives back and undoes."""
    payment = recorded(office, desk, "1500.00")
    own = f"{PAYMENTS}/{payment['id']}"
    member = office.member(role)

    reading = (PAYMENTS, own, f"/api/v1/customers/{desk.customer.id}/balance")
    assert [member.get(path).status_code for path in reading] == [200] * 3
    preview = member.post(f"{PAYMENTS}/preview", json=wish(desk, "1.00"))
    assert preview.status_code == 200
    assert member.get(f"{own}/receipt").status_code == (200 if role in PRINTERS else 403)
    recording = member.post(PAYMENTS, json=money(desk, "1.00"))
    assert recording.status_code == (201 if role in RECORDERS else 403)
    expected = 201 if role is Role.ACCOUNTANT else 403
    refund = {"amount": "1.00", "method": "bank", "refunded_on": "2026-04-30", "reason": "қате"}
    assert member.post(f"{own}/refunds", json=refund).status_code == expected
    assert len(office.get(own).json["refunds"]) == (role is Role.ACCOUNTANT)
    wrong = recorded(office, desk, "2.00")
    undo = {"reversed_on": "2026-04-30", "reason": "қате"}
    assert member.post(f"{PAYMENTS}/{wrong['id']}/reversal", json=undo).status_code == expected


def test_strangers_and_neighbours_see_nothing(office, desk, invoice):
    """Without a token 401; from another district neither payment nor customer exists."""
    payment = recorded(office, desk, "400.00")
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    neighbour = office.member(*Role, login="neighbour", district_id=OTHER_DISTRICT_ID)

    own = f"{PAYMENTS}/{payment['id']}"
    paths = [own, f"{own}/receipt", f"{own}/cash-order", f"/api/v1/customers/{desk.customer.id}/balance"]
    assert [office.stranger.get(path).status_code for path in paths] == [401] * 4
    assert [neighbour.get(path).status_code for path in paths] == [404] * 4
    assert neighbour.get(PAYMENTS).json["items"] == []
    assert neighbour.post(PAYMENTS, json=money(desk, "1.00")).status_code == 404
    assert neighbour.post(f"{PAYMENTS}/preview", json=wish(desk, "1.00")).status_code == 404
    undo = neighbour.post(f"{own}/reversal", json={"reversed_on": "2026-04-30", "reason": "қате"})
    assert undo.status_code == 404
    assert balance(office, desk) == ("760.00", "0.00")

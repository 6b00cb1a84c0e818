"""A season of a rural district through HTTP alone, from the empty office to the exact revenue lines.

Everybody logs in with his own password and does his own part: the administrator registers the enterprise and
its catalogue, the clerk takes on people and work, the cashier takes money, the accountant corrects, the akim
reads. Every sum below was worked out by hand.
"""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from billing.budget.classification import STARTER
from billing.kernel.money import Money
from tests.support.identifiers import synthetic_bin, synthetic_iban, synthetic_iin
from tests.support.staff import API, Staff, hire, made, read, words
from tests.support.web import Office

KAZAKH_LETTERS = set("әғқңөұүһі")
RESIDENT = "Өтеғалиев Жиһангер Қаңтарұлы"


@pytest.fixture
def staff(app: Flask) -> Staff:
    """An administrator, made as the command line makes the first one, who lets the others in."""
    return hire(app, Office(app, None).sessions)


def test_a_season_ends_in_exact_revenue_lines(staff: Staff) -> None:
    """Priced, ordered, done, invoiced, paid, corrected: execution, balances and verification agree."""
    live_a_season(staff)


def live_a_season(staff: Staff) -> str:
    """Everything from the empty office to the reports; returns the enterprise's id."""
    enterprise = register_enterprise(staff)
    services = price_services(staff, enterprise)
    resident, company = take_on_customers(staff, enterprise, services)
    order_ids = do_the_work(staff, enterprise, services, resident, company)
    invoices = issue_invoices(staff, enterprise, resident, company, order_ids)
    payments = take_money(staff, enterprise, resident, company)
    correct(staff, invoices, payments)
    consume_the_advance(staff, enterprise, company)
    read_the_reports(staff, enterprise)
    return enterprise


def register_enterprise(staff: Staff) -> str:
    """The communal enterprise: account, signatories, VAT; the accountant sets its posting policy."""
    body = {
        "bin": synthetic_bin(1),
        "form": "economic_management",
        "name_kk": "«Бораңқұл көркейту» коммуналдық кәсіпорны",
        "name_ru": "КГП «Боранкул коркейту»",
        "address_kk": "Бораңқұл ауылы, Достық көшесі 1",
        "address_ru": "с. Боранкул, ул. Достык 1",
        "payment_term_days": 20,
    }
    enterprise_id = str(made(staff.admin, "/enterprises", body)["id"])
    own = f"/enterprises/{enterprise_id}"
    account = {"iban": synthetic_iban(1), "bic": "HSBKKZKX", "kbe": "16", "is_primary": True}
    names = {"bank_name_kk": "«Қазақстан Халық Банкі» АҚ", "bank_name_ru": "АО «Народный Банк Казахстана»"}
    made(staff.admin, f"{own}/bank-accounts", account | names)
    for role, name in (
        ("head", "Сынақов Т. Т."),
        ("chief_accountant", "Есепова Ә. Ғ."),
        ("cashier", "Үкі Ж."),
    ):
        position = {"position_kk": "Қызметкер", "position_ru": "Сотрудник", "valid_from": "2020-01-01"}
        made(staff.admin, f"{own}/signatories", {"role": role, "name": name} | position)
    vat = {"certificate_number": "0001", "valid_from": "2020-01-01"}
    made(staff.admin, f"{own}/vat-registrations", vat)
    prepare_the_budget(staff, enterprise_id)
    return enterprise_id


def prepare_the_budget(staff: Staff, enterprise_id: str) -> None:
    """The classification from its list, the posting policy, and what the maslikhat planned for 2026."""
    upload = {"file": (BytesIO(STARTER.read_bytes()), "classification.csv")}
    report = staff.admin.post(f"{API}/budget/classification/import", data=upload).json
    assert (report["written"], report["problems"]) == (True, [])
    policy = {"enterprise_id": enterprise_id, "kind": "gross", "valid_from": "2020-01-01"}
    made(staff.accountant, "/budget/policies", policy)
    decision = {"decision_number": "40/1", "decision_date": "2025-12-24"}
    for code, amount in (("206109", "100000.00"), ("201510", "300000.00")):
        path = f"{API}/budget/plan/2026/{code}"
        assert staff.accountant.put(path, json=decision | {"amount": amount}).status_code == 200


def price_services(staff: Staff, enterprise_id: str) -> dict[str, str]:
    """Three services; the fees of two stand under 206109, of the hall under 201510."""
    services = {}
    for code, unit, names, revenue_code, resident, organisation in (
        ("SNOW", "hour", ("Қар тазалау", "Уборка снега", "Snow removal"), "206109", "580", "1160"),
        ("WATER", "m3", ("Су жеткізу", "Доставка воды", "Water delivery"), "206109", "232", "232"),
        ("HALL", "month", ("Залды жалға беру", "Аренда зала", "Hall rent"), "201510", "23200", "23200"),
    ):
        named = dict(zip(("name_kk", "name_ru", "name_en"), names, strict=True))
        body = {"enterprise_id": enterprise_id, "code": code, "unit": unit, "revenue_code": revenue_code}
        services[code] = str(made(staff.admin, "/services", body | named)["id"])
        for category, price in (("resident", resident), ("organisation", organisation)):
            tariff = {"payer_category": category, "valid_from": "2026-01-01", "price": f"{price}.00"}
            decision = {"decision_number": "12/3", "decision_date": "2025-12-25"}
            made(staff.accountant, f"/services/{services[code]}/tariffs", tariff | decision)
    return services


def take_on_customers(
    staff: Staff, enterprise_id: str, services: dict[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A resident who gets 5 m³ of water a month, and a company that rents the hall."""
    [village] = read(staff.clerk, "/places?search=Бораңқұл&limit=1")["items"]
    address = {"place_code": village["code"], "street": "Достық", "house": "5"}
    person = {"category": "resident", "name": RESIDENT, "iin_bin": synthetic_iin(1)}
    company = {"category": "organisation", "name": "«Үміт» ЖШС", "iin_bin": synthetic_bin(2)}
    taken = []
    for body, service, quantity in ((person, "WATER", "5"), (company, "HALL", "1")):
        customer = made(staff.clerk, "/customers", body | address)
        contract = {"signed_on": "2026-02-20", "starts_on": "2026-03-01"}
        ids = {"enterprise_id": enterprise_id, "customer_id": customer["id"]}
        signed = made(staff.clerk, "/contracts", contract | ids)
        charge = {"service_id": services[service], "quantity": quantity, "valid_from": "2026-03-01"}
        made(staff.clerk, f"/contracts/{signed['id']}/charges", charge)
        taken.append(customer | {"contract_id": signed["id"]})
    return taken[0], taken[1]


def do_the_work(
    staff: Staff,
    enterprise_id: str,
    services: dict[str, str],
    resident: dict[str, Any],
    company: dict[str, Any],
) -> list[str]:
    """2.5 hours of snow removal for the resident by a worker, 10 for the company by a contractor."""
    worker = made(staff.clerk, "/workers", {"name": "Еңбекқоров Ғ. Ұ.", "iin": synthetic_iin(7)})
    hired = {"signed_on": "2026-01-05", "starts_on": "2026-01-05", "position": "Жұмысшы", "kind": "labour"}
    rate = {"rate": "1500.00", "rate_unit": "hour", "enterprise_id": enterprise_id}
    engagement = made(staff.clerk, "/engagements", hired | rate | {"worker_id": worker["id"]})
    firm = made(staff.clerk, "/contractors", {"bin": synthetic_bin(9), "name": "«Қарсыз» ЖШС"})
    terms = {"signed_on": "2026-01-10", "starts_on": "2026-01-10", "ends_on": "2026-12-31"}
    prices = {"ceiling": "500000.00", "prices": [{"service_id": services["SNOW"], "price": "400.00"}]}
    ids = {"contractor_id": firm["id"], "enterprise_id": enterprise_id}
    contract = made(staff.clerk, "/contractor-contracts", terms | prices | ids)
    by_worker = {"engagement_id": engagement["id"]}
    by_firm = {"contractor_contract_id": contract["id"]}
    by_resident = {"customer_id": resident["id"], "service_id": services["SNOW"], "quantity": "2.5"}
    by_company = {"customer_id": company["id"], "service_id": services["SNOW"], "quantity": "10"}
    mine = complete_order(staff, by_resident, by_worker, amount="1450.00")
    theirs = complete_order(staff, by_company, by_firm, amount="11600.00")
    assert resident["name"] in mine["paper"]
    assert company["name"] in theirs["paper"]
    return [mine["order_id"], theirs["order_id"]]


def complete_order(
    staff: Staff, wish: dict[str, str], doer: dict[str, str], *, amount: str
) -> dict[str, Any]:
    """Taken, confirmed, assigned, completed: the act, and the text of its form Р-1."""
    order = made(staff.clerk, "/orders", wish | {"requested_on": "2026-03-02"})
    own = f"/orders/{order['id']}"
    made(staff.clerk, f"{own}/confirm", status=200)
    made(staff.clerk, f"{own}/assign", {"doers": [doer]}, status=200)
    work = [doer | {"quantity": wish["quantity"]}]
    done = {"completed_on": "2026-03-10", "quantity": wish["quantity"], "work": work}
    act = made(staff.clerk, f"{own}/complete", done)
    assert act["amount"] == amount
    return act | {"paper": words(staff.clerk, f"/acts/{act['id']}/pdf")}


def issue_invoices(
    staff: Staff,
    enterprise_id: str,
    resident: dict[str, Any],
    company: dict[str, Any],
    order_ids: list[str],
) -> list[dict[str, Any]]:
    """The resident's water and snow on one invoice; the company's snow, and its hall, on two."""
    ids = {"enterprise_id": enterprise_id, "issued_on": "2026-03-31"}
    march = {"period": "2026-03"} | ids
    water_and_snow = march | {"customer_id": resident["id"], "contract_id": resident["contract_id"]}
    first = made(staff.clerk, "/invoices", water_and_snow | {"order_ids": order_ids[:1]})
    [second] = made(staff.clerk, "/invoices/for-completed-orders", ids)["items"]
    hall = march | {"customer_id": company["id"], "contract_id": company["contract_id"]}
    third = made(staff.clerk, "/invoices", hall)
    invoices = [first, second, third]
    assert [(each["number"], each["total"], each["vat"]) for each in invoices] == [
        (1, "2610.00", "360.00"),
        (2, "11600.00", "1600.00"),
        (3, "23200.00", "3200.00"),
    ]
    text = words(staff.clerk, f"/invoices/{first['id']}/pdf")
    for expected in (
        "000001",
        "2 610,00",
        RESIDENT,
        "Қар тазалау",
        "Доставка воды",
        "№",
        resident["account_number"],
    ):
        assert expected in text
    assert set(text.lower()) >= KAZAKH_LETTERS
    return invoices


def take_money(
    staff: Staff, enterprise_id: str, resident: dict[str, Any], company: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """The resident pays a part in cash, the company too much through the bank."""
    receipt = {
        "fiscal_number": "2604051130",
        "register_number": "010101234567",
        "fiscal_at": "2026-04-05T11:30:00+05:00",
    }
    ids = {"enterprise_id": enterprise_id, "customer_id": resident["id"]}
    cash = {"amount": "1000.00", "method": "cash", "received_on": "2026-04-05", "receipt": receipt}
    partial = made(staff.cashier, "/payments", ids | cash)
    assert [row["amount"] for row in partial["allocations"]] == ["555.56", "444.44"]
    assert partial["debt_after"] == "1610.00"
    order = words(staff.cashier, f"/payments/{partial['id']}/cash-order")
    for expected in (RESIDENT, "1 000", "2604051130"):
        assert expected in order
    ids = {"enterprise_id": enterprise_id, "customer_id": company["id"]}
    shown = made(staff.cashier, "/payments/preview", ids | {"amount": "40000.00"}, status=200)
    bank = {"amount": "40000.00", "method": "bank", "received_on": "2026-04-10", "outside_id": "17"}
    over = made(staff.cashier, "/payments", ids | bank)
    assert over["steps"] == shown["steps"]
    assert (over["allocated"], over["advance"]) == ("34800.00", "5200.00")
    return {"partial": partial, "over": over, "resident": resident, "company": company}


def correct(staff: Staff, invoices: list[dict[str, Any]], payments: dict[str, dict[str, Any]]) -> None:
    """A quarter hour too much, an hour too much, money back, and a card payment that was another's."""
    credit_notes(staff, invoices)
    over, resident = payments["over"], payments["resident"]
    refund = {"amount": "2000.00", "method": "bank", "refunded_on": "2026-04-20", "reason": "өтініш"}
    refused = staff.cashier.post(f"{API}/payments/{over['id']}/refunds", json=refund)
    assert refused.status_code == 403
    made(staff.accountant, f"/payments/{over['id']}/refunds", refund)
    ids = {"enterprise_id": over["enterprise_id"], "customer_id": resident["id"]}
    card = {"amount": "500.00", "method": "card", "received_on": "2026-04-21"}
    wrong = made(staff.cashier, "/payments", ids | card)
    assert [row["amount"] for row in wrong["allocations"]] == ["228.95", "271.05"]
    undo = {"reversed_on": "2026-05-04", "reason": "бөтен төлем"}
    made(staff.accountant, f"/payments/{wrong['id']}/reversal", undo)
    balances = [
        read(staff.clerk, f"/customers/{payments[who]['id']}/balance") for who in ("resident", "company")
    ]
    assert [(each["debt"], each["advance"]) for each in balances] == [
        ("1320.00", "0.00"),
        ("0.00", "4360.00"),
    ]
    receipt = words(staff.cashier, f"/payments/{payments['partial']['id']}/receipt")
    assert "1 610,00" in receipt  # the debt of that day, whatever came later


def credit_notes(staff: Staff, invoices: list[dict[str, Any]]) -> None:
    """290 off the resident's open snow line, 1,160 off the company's paid one."""
    snow = read(staff.clerk, f"/invoices/{invoices[0]['id']}")["lines"][0]
    assert snow["service_code"] == "SNOW"
    body = {"issued_on": "2026-04-15", "reason": "Уақыт қате жазылған"}
    lines = [{"invoice_line_id": snow["id"], "amount": "290.00"}]
    note = made(staff.accountant, f"/invoices/{invoices[0]['id']}/credit-notes", body | {"lines": lines})
    assert (note["number"], note["vat"]) == (1, "40.00")
    [paid] = read(staff.clerk, f"/invoices/{invoices[1]['id']}")["lines"]
    lines = [{"invoice_line_id": paid["id"], "amount": "1160.00"}]
    note = made(staff.accountant, f"/invoices/{invoices[1]['id']}/credit-notes", body | {"lines": lines})
    assert (note["number"], note["vat"]) == (2, "160.00")
    assert "Уақыт қате жазылған" in words(staff.clerk, f"/credit-notes/{note['id']}/pdf")


def consume_the_advance(staff: Staff, enterprise_id: str, company: dict[str, Any]) -> None:
    """April's hall is invoiced in May: the company's 4,360 go into it at once."""
    body = {
        "enterprise_id": enterprise_id,
        "customer_id": company["id"],
        "contract_id": company["contract_id"],
        "period": "2026-04",
        "issued_on": "2026-05-05",
    }
    invoice = made(staff.clerk, "/invoices", body)
    assert (invoice["number"], invoice["paid"], invoice["open_amount"]) == (4, "4360.00", "18840.00")
    balance = read(staff.clerk, f"/customers/{company['id']}/balance")
    assert (balance["debt"], balance["advance"]) == ("18840.00", "0.00")


def read_the_reports(staff: Staff, enterprise_id: str) -> None:
    """Revenue by code and month, both trial balances, the aged debt, and everything recomputed."""
    read_execution(staff)
    read_books(staff, enterprise_id)
    aged = read(staff.akim, f"/aged-debt?enterprise_id={enterprise_id}&day=2026-05-31")
    assert [row["values"]["debt"] for row in aged["rows"]] == ["18840.00", "1320.00"]
    assert read(staff.accountant, "/verification") == {"is_clean": True, "differences": []}


def read_execution(staff: Staff) -> None:
    """What was collected net of VAT stands in its month; what was undone in May is taken off in May."""
    report = read(staff.akim, "/budget/revenue-execution?fiscal_year=2026&through=5")
    months = [f"month_{number:02d}" for number in range(1, 6)]
    shown = {
        row["values"]["code"]: (
            row["values"]["plan"],
            [row["values"].get(month) for month in months if row["values"].get(month) not in {None, "0.00"}],
            row["values"]["collected"],
            row["values"]["execution"],
        )
        for row in report["rows"]
        if not row["is_sum"]
    }
    assert shown == {
        "201510": ("300000.00", ["20000.00", "3758.62"], "23758.62", "7.92"),
        "206109": ("100000.00", ["10293.10", "-431.03"], "9862.07", "9.86"),
    }
    april, may = report["rows"][-1]["values"], report["totals"]
    assert (april["month_04"], may["month_04"], may["month_05"]) == ("10293.10", "30293.10", "3327.59")
    assert (may["plan"], may["collected"]) == ("400000.00", "33620.69")
    book = staff.akim.get(f"{API}/budget/revenue-execution.xlsx?fiscal_year=2026&through=5")
    assert (book.status_code, book.data[:2]) == (200, b"PK")
    lines = read(staff.akim, "/budget/revenue-lines?fiscal_year=2026&limit=200")["items"]
    assert sum(Money.parse(line["amount"]).tiyn for line in lines) == 33_620_69


def read_books(staff: Staff, enterprise_id: str) -> None:
    """Debits equal credits in both books, and every account stands where it must."""
    books = {book["kind"]: book for book in read(staff.accountant, "/books")["items"]}
    assert books["enterprise"]["enterprise_id"] == enterprise_id
    closing = {kind: trial_balance(staff, book["id"]) for kind, book in books.items()}
    assert closing["enterprise"] == {
        "1010": "1000.00",  # the resident's cash
        "1030": "38000.00",  # 40,000 less the refund
        "1210": "20160.00",  # 1,320 and 18,840
        "3130": "-8160.00",  # 8,360 less the 200 of the credit notes
        "3310": "-4000.00",  # ten hours of the contractor
        "3350": "-3750.00",  # two and a half of the worker
        "6010": "-51000.00",  # 52,250 less the 1,250 of the credit notes
        "7010": "7750.00",
    }
    assert closing["budget"] == {"transit": "33620.69", "201510": "-23758.62", "206109": "-9862.07"}


def trial_balance(staff: Staff, book_id: str) -> dict[str, str]:
    """Debits less credits of each account that is not zero at the end of May."""
    period = "first_day=2026-01-01&last_day=2026-05-31"
    report = read(staff.accountant, f"/books/{book_id}/trial-balance?{period}")
    totals = report["totals"]
    assert totals["debit"] == totals["credit"] != "0.00"
    assert totals["closing_debit"] == totals["closing_credit"]
    closing = {}
    for row in report["rows"]:
        debit, credit = (
            Money.parse(row["values"][side] or "0") for side in ("closing_debit", "closing_credit")
        )
        if debit != credit:
            closing[row["values"]["account"]] = str(debit - credit)
    return closing

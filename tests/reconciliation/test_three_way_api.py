"""Three-way reconciliation over the API: who may, what comes back, and an accountant's whole way."""

import io
from datetime import date

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.payments.models import SignedDay
from billing.reconciliation.models import SettledPayment
from billing.reconciliation.three_way.models import RegistryRow
from tests.support.bank_rows import account_of, take_in_rows
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.provider_money import paid_over, pay_through
from tests.support.providers import make_provider
from tests.support.workbooks import first_sheet

MONDAY = date(2026, 11, 16)
DAYS = "first_day=2026-11-16&last_day=2026-11-17"
REGISTRY = (
    "Номер транзакции;Сумма;Дата;Лицевой счет\n1;1000;2026-11-16;{account}\n2;500;2026-11-16;{account}\n"
)


@pytest.fixture
def shop(office):
    """A provider with one payment of two recorded, and the row that pays both over."""
    with office.sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        provider = make_provider(session, desk.enterprise.id, commission_bp=100)
        payment = pay_through(desk, 1000, MONDAY, outside_id="1")
        [row] = take_in_rows(session, account_of(session, desk.enterprise), paid_over(1480))
        return {
            "provider": str(provider.id),
            "payment": str(payment.id),
            "row": str(row.id),
            "account": desk.customer.account_number,
            "customer": str(desk.customer.id),
        }


def upload(office, shop, text=REGISTRY, **options):
    """Send a registry."""
    content = text.format(**shop).encode()
    return office.post(
        f"/api/v1/providers/{shop['provider']}/registries{options.get('query', '')}",
        data={"file": (io.BytesIO(content), "kaspi.csv")},
        content_type="multipart/form-data",
    )


def count(office, model):
    """How many there are."""
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_an_accountant_s_way_from_the_registry_to_the_signed_day(office, shop):
    """Registry in, missing payment booked, rows settled, day compared, signed, frozen, unsigned."""
    taken = upload(office, shop).json
    assert (taken["added"], taken["written"], taken["amount"]) == (2, True, "1500.00")

    shown = office.get(f"/api/v1/three-way/differences?{DAYS}").json
    assert [row["values"]["difference_kind"] for row in shown["rows"]] == ["not_paid_over", "not_recorded"]
    rows = office.get(f"/api/v1/registry-rows?provider_id={shop['provider']}").json["items"]
    assert [(row["outside_id"], row["amount"], row["paid_at"]) for row in rows] == [
        ("1", "1000.00", None),
        ("2", "500.00", None),
    ]
    days = {"first_day": "2026-11-16", "last_day": "2026-11-16"}
    late = office.post(f"/api/v1/providers/{shop['provider']}/missing-payments", json=days)
    assert (late.status_code, len(late.json["payment_ids"]), late.json["of_nobody"]) == (201, 1, [])

    unsettled = office.get(f"/api/v1/providers/{shop['provider']}/unsettled-payments").json["items"]
    chosen = {
        "provider_id": shop["provider"],
        "row_ids": [shop["row"]],
        "payment_ids": [each["id"] for each in unsettled],
    }
    assert office.post("/api/v1/provider-batches/preview", json=chosen).json == {
        "gross": "1500.00",
        "commission": "15.00",
        "credited": "1480.00",
        "difference": "5.00",
    }
    refused = office.post("/api/v1/provider-batches", json=chosen | {"why": "сверено"})
    assert (refused.status_code, refused.json["code"]) == (422, "difference_not_named")
    assert count(office, SettledPayment) == 0
    settled = office.post(
        "/api/v1/provider-batches", json=chosen | {"why": "сверено", "difference_reason": "сбор банка"}
    )
    assert settled.status_code == 201

    [day] = office.get(f"/api/v1/three-way?{DAYS}").json["rows"]
    assert day["values"] | {"channel": "kaspi"} == day["values"]
    sums = ("receipt_sum", "registry_sum", "credited", "commission", "named_difference", "paid_over")
    assert [day["values"][key] for key in sums] == [
        "1500.00",
        "1500.00",
        "1480.00",
        "15.00",
        "5.00",
        "1500.00",
    ]
    signed = office.post("/api/v1/sign-offs", json={"provider_id": shop["provider"], "day": "2026-11-16"})
    assert (signed.status_code, signed.json["credited"], signed.json["why"]) == (201, "1480.00", None)
    frozen = upload(office, shop, "Номер транзакции;Сумма;Дата\n9;1;2026-11-16\n").json
    assert (frozen["written"], frozen["problems"][0]["row"]) == (False, 2)
    undo = office.post(f"/api/v1/sign-offs/{signed.json['id']}/undo", json={"reason": "найдено ещё"})
    assert (undo.status_code, undo.json["undone_on"]) == (201, "2026-11-23")
    shown = office.get(f"/api/v1/sign-offs/{signed.json['id']}").json
    assert (shown["undo_reason"], count(office, SignedDay)) == ("найдено ещё", 0)


def test_a_registry_with_thousands_of_problems_is_told_the_first_of_them(office, shop):
    """Two hundred with their rows, and how many more there are; nothing is written."""
    rows = "".join(f"{number};мало;16.11.2026\n" for number in range(1_000))
    answer = upload(office, shop, f"Номер транзакции;Сумма;Дата\n{rows}").json
    assert (len(answer["problems"]), answer["more_problems"], answer["refused"]) == (200, 800, 1_000)
    assert [each["row"] for each in answer["problems"]] == list(range(2, 202))
    assert (answer["written"], count(office, RegistryRow)) == (False, 0)


def test_the_same_file_again_is_the_same_registry(office, shop):
    """A repeated upload answers with the registry that stands there; its rows stand there once."""
    first, again = upload(office, shop).json, upload(office, shop).json

    assert (first["added"], again["added"], again["unchanged"]) == (2, 0, 2)
    assert again["registry_id"] == first["registry_id"]
    assert count(office, RegistryRow) == 2
    assert upload(office, shop, query="?dry_run=true").json["written"] is False


def test_the_comparison_is_a_spreadsheet_too(office, shop):
    """Real numbers under the reader's heads, with a row of totals."""
    upload(office, shop)
    sheet = first_sheet(office.get(f"/api/v1/three-way.xlsx?{DAYS}"))
    assert [cell.value for cell in sheet[3]][:6] == [
        "Date",
        "Channel",
        "Recorded, count",
        "Recorded",
        "Registry, count",
        "Provider's registry",
    ]
    assert [cell.value for cell in sheet[4]][1:6] == ["kaspi", 1, 1000, 2, 1500]
    by_payment = first_sheet(office.get(f"/api/v1/three-way/differences.xlsx?{DAYS}"))
    assert by_payment.max_row == 5


def test_a_registry_s_columns_are_kept_for_its_provider(office, shop):
    """Names that fit no usual heading are found after they were kept; before there is none to show."""
    address = f"/api/v1/providers/{shop['provider']}/registry-profile"
    assert office.get(address).status_code == 404
    headings = {"outside_id": ["Код"], "amount": ["Брутто"], "date": ["Когда"]}
    kept = office.post(address, json={"headings": headings})
    assert (kept.status_code, kept.json["headings"]) == (200, headings)
    assert office.get(address).json["version"] == 1
    taken = upload(office, shop, "Код;Брутто;Когда\n7;70;16.11.2026\n").json
    assert taken["added"] == 1
    assert office.post(address, json={"headings": {"sum": ["x"]}}).status_code == 422


def test_one_payment_is_booked_for_a_named_customer(office, shop):
    """A row of nobody needs a customer; then it is recorded."""
    upload(office, shop, "Номер транзакции;Сумма;Дата\n9;70;2026-11-16\n")
    [row] = office.get("/api/v1/registry-rows").json["items"]
    address = f"/api/v1/registry-rows/{row['id']}/payment"
    refused = office.post(address, json={})
    assert (refused.status_code, refused.json["code"]) == (422, "registry_account_unknown")
    assert office.post(address, json={"customer_id": shop["customer"]}).status_code == 201


WRITES = [
    ("/api/v1/provider-batches", {"provider_id": "", "row_ids": [], "payment_ids": [], "why": "?"}),
    ("/api/v1/provider-batches/preview", {"provider_id": "", "row_ids": [], "payment_ids": []}),
    ("/api/v1/sign-offs", {"provider_id": "", "day": "2026-11-16", "why": "?"}),
    ("/api/v1/providers/{provider}/missing-payments", {"first_day": "2026-11-16", "last_day": "2026-11-16"}),
    ("/api/v1/providers/{provider}/registry-profile", {"headings": {}}),
]


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_only_accountants_of_the_district_decide(office, shop, path, body):
    """A stranger is unknown, other roles are not allowed, another district has no such provider."""
    if "provider_id" in body:
        body = body | {"provider_id": shop["provider"]}
    if "row_ids" in body:
        body = body | {"row_ids": [shop["row"]], "payment_ids": [shop["payment"]]}
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    address = path.format(**shop)

    assert office.stranger.post(address, json=body).status_code == 401
    for role in (Role.CLERK, Role.CASHIER, Role.AKIM, Role.AUDITOR):
        assert office.member(role).post(address, json=body).status_code == 403
    elsewhere = office.member(Role.ACCOUNTANT, login="elsewhere", district_id=OTHER_DISTRICT_ID)
    assert elsewhere.post(address, json=body).status_code == 404
    assert (count(office, SettledPayment), count(office, SignedDay)) == (0, 0)


def test_overseers_read_and_clerks_do_not(office, shop):
    """The akim and the auditor see the comparison; who stands at the desk does not."""
    for role, status in ((Role.AKIM, 200), (Role.AUDITOR, 200), (Role.CLERK, 403), (Role.CASHIER, 403)):
        member = office.member(role)
        assert member.get(f"/api/v1/three-way?{DAYS}").status_code == status
        assert member.get("/api/v1/provider-registries").status_code == status
        assert member.get(f"/api/v1/providers/{shop['provider']}/returns").status_code == status

"""The catalogue over HTTP: services, prices of a day, VAT rates, benefits, and who may set them."""

from uuid import UUID

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.budget.classification import import_starter_set
from billing.catalog.models import Benefit, Service, Tariff, VatRate
from tests.support.catalog import make_service
from tests.support.districts import DISTRICT_ID, make_enterprise

PRICING = {Role.ACCOUNTANT, Role.ADMIN}
EDIT = {
    "name_kk": "Су жеткізу",
    "name_ru": "Доставка воды",
    "name_en": "Water delivery",
    "revenue_code": "206109",
}
TARIFF = {
    "payer_category": "resident",
    "valid_from": "2026-01-01",
    "price": "1250.50",
    "decision_number": "12/3",
    "decision_date": "2025-12-20",
}
RATE = {"valid_from": "2030-01-01", "rate_bp": 1750, "source": "Tax Code of 2029"}
BENEFIT = {
    "code": "VETERAN",
    "name_kk": "Ардагер",
    "name_ru": "Ветеран",
    "name_en": "Veteran",
    "kind": "percent",
    "percent_bp": 5000,
    "decision_number": "5/1",
    "decision_date": "2025-12-20",
    "valid_from": "2026-01-01",
}


@pytest.fixture
def enterprise_id(office):
    """An enterprise with budget codes to choose from, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        import_starter_set(session)
        return str(make_enterprise(session).id)


@pytest.fixture
def snow(office, enterprise_id):
    """A service without a price, committed; its address."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return f"/api/v1/services/{make_service(session, UUID(enterprise_id), price=None).id}"


def count(office, model):
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_a_service_is_defined_edited_and_taken_out(office, enterprise_id):
    """Each step answers with the service and its ETag."""
    defined = office.post(
        "/api/v1/services", json=EDIT | {"enterprise_id": enterprise_id, "code": "water", "unit": "m3"}
    )
    own = f"/api/v1/services/{defined.json['id']}"

    assert defined.status_code == 201
    assert defined.json == EDIT | {
        "id": defined.json["id"], "enterprise_id": enterprise_id, "code": "WATER", "unit": "m3", "knp": "859",
        "vat_category": "standard", "is_active": True, "version": 1,
    }  # fmt: skip
    edited = office.put(own, json=EDIT | {"name_en": "Water"}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.json["name_en"], edited.headers["ETag"]) == (200, "Water", '"2"')
    assert office.put(own, json=EDIT, headers={"If-Match": '"1"'}).status_code == 412
    assert office.post(f"{own}/deactivate").json["is_active"] is False
    assert office.get("/api/v1/services?active=true").json["items"] == []
    assert office.post(f"{own}/reactivate").json["is_active"] is True
    assert office.get("/api/v1/services?search=жеткизу").json["items"] == [office.get(own).json]


def test_the_price_of_a_day_is_answered_or_refused(office, snow):
    """422 in the reader's language where no tariff holds; an unused tariff can be withdrawn."""
    tariff = office.post(f"{snow}/tariffs", json=TARIFF)

    assert (tariff.status_code, tariff.json["price"]) == (201, "1250.50")
    assert office.get(f"{snow}/price?payer_category=resident&on=2026-01-01").json == tariff.json
    early = office.get(
        f"{snow}/price?payer_category=resident&on=2025-12-31", headers={"Accept-Language": "ru"}
    )
    assert (early.status_code, early.json["code"]) == (422, "no_tariff")
    assert early.json["detail"] == "На услугу SNOW не утвержден тариф на 31.12.2025 (житель)."
    assert office.post(f"{snow}/tariffs", json=TARIFF).status_code == 409
    own = f"/api/v1/tariffs/{tariff.json['id']}"
    assert office.get(own).json == tariff.json
    assert office.get("/api/v1/tariffs?payer_category=resident").json["items"] == [tariff.json]
    assert office.delete(own).status_code == 204
    assert office.get(own).status_code == 404


@pytest.mark.parametrize("price", ["0", "-1", "1e3", "1.234", 5, None])
def test_a_wrong_price_is_refused_by_field(office, snow, price):
    """Money is a decimal string above zero, and nothing is stored otherwise."""
    answer = office.post(f"{snow}/tariffs", json=TARIFF | {"price": price})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == ["price"]
    assert count(office, Tariff) == 0


def test_vat_rates_and_benefits_are_listed_and_entered(office):
    """Rates are whole basis points; a benefit ends with a day."""
    assert office.post("/api/v1/vat-rates", json=RATE).status_code == 201
    assert [rate["rate_bp"] for rate in office.get("/api/v1/vat-rates").json["items"]] == [1200, 1600, 1750]

    benefit = office.post("/api/v1/benefits", json=BENEFIT)
    own = f"/api/v1/benefits/{benefit.json['id']}"
    assert (benefit.status_code, benefit.json["percent_bp"], benefit.json["amount"]) == (201, 5000, None)
    ended = office.post(f"{own}/end", json={"valid_to": "2026-12-31"})
    assert (ended.status_code, ended.json["valid_to"]) == (200, "2026-12-31")
    assert office.get(own).json == ended.json
    assert office.get("/api/v1/benefits?on=2026-12-31").json["items"] == [ended.json]
    assert office.get("/api/v1/benefits?on=2027-01-01").json["items"] == []


@pytest.mark.parametrize("role", list(Role))
def test_who_may_set_what(office, enterprise_id, snow, role):
    """Services and VAT rates: administrator; prices and benefits: accountant too; reading: everybody."""
    member = office.member(role)
    service = EDIT | {"enterprise_id": enterprise_id, "code": "WATER", "unit": "m3"}
    attempts = [
        ("/api/v1/services", service, {Role.ADMIN}, Service),
        ("/api/v1/vat-rates", RATE, {Role.ADMIN}, VatRate),
        (f"{snow}/tariffs", TARIFF, PRICING, Tariff),
        ("/api/v1/benefits", BENEFIT, PRICING, Benefit),
    ]
    for url, body, allowed, model in attempts:
        before = count(office, model)

        answer = member.post(url, json=body)

        assert answer.status_code == (201 if role in allowed else 403), url
        assert count(office, model) == before + (role in allowed)
    for url in (snow, "/api/v1/services", "/api/v1/tariffs", "/api/v1/vat-rates", "/api/v1/benefits"):
        assert member.get(url).status_code == 200
        assert office.stranger.get(url).status_code == 401

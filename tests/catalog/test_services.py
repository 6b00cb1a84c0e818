"""Services of the catalogue and their tariffs: what may change, and the price of a day."""

from datetime import date

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from billing.budget.classification import import_starter_set
from billing.catalog import service as catalog
from billing.catalog.models import PayerCategory, Service, Tariff, Unit, VatCategory
from billing.catalog.refusals import InvalidCode, PriceNotPositive, TariffUsed, UnknownRevenueCode
from billing.kernel.checks import InvalidText
from billing.kernel.errors import AlreadyExists, NotFound, StaleVersion
from billing.kernel.identifiers import InvalidKBK, InvalidKNP
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from tests.support.billing import make_contract, make_invoice, open_for_business
from tests.support.catalog import make_service, make_tariff
from tests.support.customers import make_customer
from tests.support.districts import LONG_AGO, make_enterprise
from tests.support.orders import make_act, make_trade

RESIDENT, ORGANISATION = PayerCategory.RESIDENT, PayerCategory.ORGANISATION
JAN_1 = date(2026, 1, 1)
SERVICE = {
    "code": "WATER",
    "name_kk": "Су жеткізу",
    "name_ru": "Доставка воды",
    "name_en": "Water delivery",
    "unit": Unit.M3,
    "revenue_code": "206109",
}
EDIT = {
    "name_kk": "Ауыз су жеткізу",
    "name_ru": "Доставка питьевой воды",
    "name_en": "Drinking water delivery",
    "revenue_code": "202102",
    "knp": "710",
    "vat_category": VatCategory.EXEMPT,
}


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_a_service_is_defined_and_found_by_its_code(session):
    """The code is kept in capitals, and found however it is written."""
    enterprise = make_enterprise(session)
    import_starter_set(session)

    service = catalog.define_service(session, enterprise.id, **SERVICE | {"code": " water-1 "})

    assert (service.code, service.unit, service.knp, service.is_active) == ("WATER-1", Unit.M3, "859", True)
    assert catalog.find_service(session, enterprise.id, "Water-1") is service
    assert catalog.find_service(session, enterprise.id, "WATER") is None


@pytest.mark.parametrize(
    ("wrong", "refused", "field"),
    [
        ({"code": "two words"}, InvalidCode, "code"),
        ({"code": "X" * 21}, InvalidCode, "code"),
        ({"name_en": ""}, InvalidText, "name_en"),
        ({"knp": "85"}, InvalidKNP, "knp"),
        ({"revenue_code": "20610"}, InvalidKBK, "revenue_code"),
        ({"revenue_code": "299999"}, UnknownRevenueCode, "revenue_code"),
        ({"code": "snow"}, AlreadyExists, "code"),
    ],
)
def test_a_wrong_service_is_not_defined(session, wrong, refused, field):
    """The refusal names the field, and the catalogue is as before."""
    enterprise = make_enterprise(session)
    make_service(session, enterprise.id, code="SNOW")

    with pytest.raises(refused) as refusal:
        catalog.define_service(session, enterprise.id, **SERVICE | wrong)

    assert refusal.value.facts["field"] == field
    assert count(session, Service) == 1


def test_an_edit_keeps_code_and_unit(session):
    """Names, codes and tax change; tariffs go on meaning the same unit."""
    service = make_service(session, make_enterprise(session).id)

    edited = catalog.edit_service(session, service.id, version=1, **EDIT)

    assert (edited.code, edited.unit, edited.version) == ("SNOW", Unit.HOUR, 2)
    assert (edited.name_en, edited.revenue_code, edited.knp) == ("Drinking water delivery", "202102", "710")
    with pytest.raises(StaleVersion):
        catalog.edit_service(session, service.id, version=1, **EDIT | {"name_en": "Other"})
    assert edited.name_en == "Drinking water delivery"


def test_an_inactive_service_takes_no_tariff_until_it_is_back(session):
    """Taken out of the catalogue, it is refused by its code; put back, it goes on."""
    service = make_service(session, make_enterprise(session).id, price=None)
    catalog.deactivate_service(session, service.id)

    with pytest.raises(catalog.ServiceInactive) as refusal:
        make_tariff(session, service.id, price=Money(100), valid_from=JAN_1)
    with pytest.raises(catalog.ServiceInactive):
        catalog.check_service_active(session, service.id)

    assert refusal.value.facts == {"service": "SNOW"}
    assert count(session, Tariff) == 0
    catalog.reactivate_service(session, service.id)
    assert catalog.check_service_active(session, service.id) is service


def test_services_are_listed_by_code_and_searched_in_any_language(session):
    """Words of a name are found without Kazakh letters; inactive ones can be left out."""
    enterprise = make_enterprise(session)
    make_service(session, enterprise.id, code="SNOW")
    catalog.define_service(session, enterprise.id, **SERVICE)
    catalog.deactivate_service(session, catalog.find_service(session, enterprise.id, "SNOW").id)

    def codes(**wanted):
        return [service.code for service in catalog.list_services(session, **wanted).items]

    assert codes() == ["SNOW", "WATER"]
    assert codes(active=True) == ["WATER"]
    assert codes(search="кар тазалау") == ["SNOW"]
    assert codes(search="DELIVERY") == ["WATER"]
    assert codes(search="wat") == ["WATER"]
    assert codes(search="snow water") == []
    assert codes(enterprise_id=new_id()) == []


def test_the_price_is_that_of_the_day_and_category(session):
    """A tariff holds from its day until the day before the next."""
    service = make_service(session, make_enterprise(session).id, price=None)
    old = make_tariff(session, service.id, price=Money(100), valid_from=date(2025, 1, 1))
    new = make_tariff(session, service.id, price=Money(200), valid_from=JAN_1)
    other = make_tariff(session, service.id, price=Money(900), valid_from=JAN_1, category=ORGANISATION)

    assert catalog.price_on(session, service.id, RESIDENT, date(2025, 12, 31)) is old
    assert catalog.price_on(session, service.id, RESIDENT, JAN_1) is new
    assert catalog.price_on(session, service.id, ORGANISATION, JAN_1) is other


def test_a_day_without_a_price_says_so(session):
    """The refusal names service, category and day; a set of prices leaves it out."""
    service = make_service(session, make_enterprise(session).id, price=None)
    make_tariff(session, service.id, price=Money(100), valid_from=JAN_1)

    with pytest.raises(catalog.NoTariff) as refusal:
        catalog.price_on(session, service.id, RESIDENT, date(2025, 12, 31))

    assert refusal.value.facts == {"service": "SNOW", "category": RESIDENT, "day": date(2025, 12, 31)}
    with pytest.raises(catalog.NoTariff):
        catalog.price_on(session, service.id, ORGANISATION, JAN_1)
    with pytest.raises(NotFound):
        catalog.price_on(session, new_id(), RESIDENT, JAN_1)


def test_many_prices_are_found_at_once(session):
    """Each pair gets its newest tariff of the day; pairs without one are missing."""
    enterprise = make_enterprise(session)
    snow, water = (make_service(session, enterprise.id, code=code, price=None) for code in ("SNOW", "WATER"))
    make_tariff(session, snow.id, price=Money(100), valid_from=LONG_AGO)
    make_tariff(session, snow.id, price=Money(200), valid_from=JAN_1)
    make_tariff(session, snow.id, price=Money(300), valid_from=date(2027, 1, 1))
    make_tariff(session, water.id, price=Money(50), valid_from=LONG_AGO)
    wanted = [(snow.id, RESIDENT), (water.id, RESIDENT), (water.id, ORGANISATION)]

    prices = catalog.prices_on(session, wanted, date(2026, 6, 1))

    assert {pair: tariff.price for pair, tariff in prices.items()} == {
        (snow.id, RESIDENT): Money(200),
        (water.id, RESIDENT): Money(50),
    }
    assert catalog.prices_on(session, [], JAN_1) == {}


@pytest.mark.parametrize(
    ("wrong", "refused", "field"),
    [
        ({"price": ZERO}, PriceNotPositive, "price"),
        ({"price": Money(-1)}, PriceNotPositive, "price"),
        ({"decision_number": " "}, InvalidText, "decision_number"),
        ({"valid_from": LONG_AGO}, AlreadyExists, "valid_from"),
    ],
)
def test_a_wrong_tariff_is_not_set(session, wrong, refused, field):
    """Neither for nothing, nor without a decision, nor a second one from the same day."""
    service = make_service(session, make_enterprise(session).id)
    tariff = {
        "payer_category": RESIDENT,
        "valid_from": JAN_1,
        "price": Money(100),
        "decision_number": "1",
        "decision_date": JAN_1,
    }

    with pytest.raises(refused) as refusal:
        catalog.set_tariff(session, service.id, **tariff | wrong)

    assert refusal.value.facts["field"] == field
    assert count(session, Tariff) == 2


def test_an_unused_tariff_is_withdrawn_and_the_former_price_holds_again(session):
    """As if it had never been set."""
    service = make_service(session, make_enterprise(session).id)
    mistake = make_tariff(session, service.id, price=Money(1), valid_from=JAN_1)

    catalog.withdraw_tariff(session, mistake.id)

    assert catalog.price_on(session, service.id, RESIDENT, JAN_1).price == Money.tenge(1_000)
    with pytest.raises(NotFound):
        catalog.get_tariff(session, mistake.id)


def test_a_tariff_that_priced_an_act_stays(session):
    """Withdrawing it is refused, and it is still there."""
    trade = make_trade(session)
    tariff = catalog.get_tariff(session, make_act(session, trade).tariff_id)

    with pytest.raises(TariffUsed) as refusal:
        catalog.withdraw_tariff(session, tariff.id)

    assert refusal.value.facts == {"valid_from": LONG_AGO}
    assert catalog.get_tariff(session, tariff.id).price == Money.tenge(1_000)


def test_a_tariff_that_priced_an_invoice_stays(session):
    """A charge without any act uses its tariff too."""
    enterprise = open_for_business(session)
    service = make_service(session, enterprise.id)
    make_invoice(session, make_contract(session, enterprise, make_customer(session), (service, "1")))

    with pytest.raises(TariffUsed):
        catalog.withdraw_tariff(session, catalog.price_on(session, service.id, RESIDENT, JAN_1).id)

    assert catalog.price_on(session, service.id, RESIDENT, JAN_1).valid_from == LONG_AGO


def test_the_database_keeps_a_used_tariff(session):
    """Whoever slips past the service meets the foreign key, on both databases."""
    trade = make_trade(session)
    act = make_act(session, trade)

    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(delete(Tariff).where(Tariff.id == act.tariff_id))

    assert catalog.get_tariff(session, act.tariff_id).price == act.unit_price

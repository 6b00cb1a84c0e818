"""VAT: the rate of a day, and who bears it."""

from datetime import date

import pytest

from billing.catalog import service as catalog
from billing.catalog.models import VatCategory
from billing.catalog.refusals import InvalidPercent, NoVatRate
from billing.districts import service as districts
from billing.kernel.checks import InvalidText
from billing.kernel.errors import AlreadyExists
from tests.support.districts import make_enterprise

STANDARD, EXEMPT = VatCategory.STANDARD, VatCategory.EXEMPT
NEW_YEARS_EVE, NEW_YEAR = date(2025, 12, 31), date(2026, 1, 1)


def test_the_rate_is_12_percent_until_2025_and_16_from_2026(session):
    """As the Tax Codes of 2017 and 2025 say."""
    assert catalog.vat_rate_on(session, NEW_YEARS_EVE) == 1_200
    assert catalog.vat_rate_on(session, NEW_YEAR) == 1_600


def test_a_registered_enterprise_bears_the_rate_of_the_day(session):
    """The turnover's date decides, on both sides of the new year."""
    enterprise = make_enterprise(session, vat_from=date(2025, 12, 1))

    assert catalog.vat_for(session, enterprise.id, STANDARD, NEW_YEARS_EVE) == 1_200
    assert catalog.vat_for(session, enterprise.id, STANDARD, NEW_YEAR) == 1_600


def test_without_registration_or_for_an_exempt_service_there_is_no_vat(session):
    """None prints as «Без НДС», which is not a rate of 0 %."""
    enterprise = make_enterprise(session, vat_from=date(2025, 12, 1))
    registration = districts.list_vat_registrations(session, enterprise.id)[0]
    districts.end_vat(session, registration.id, valid_to=date(2026, 6, 30))

    assert catalog.vat_for(session, enterprise.id, STANDARD, date(2025, 11, 30)) is None
    assert catalog.vat_for(session, enterprise.id, STANDARD, date(2026, 7, 1)) is None
    assert catalog.vat_for(session, enterprise.id, EXEMPT, NEW_YEAR) is None


def test_a_new_rate_holds_from_its_day(session):
    """The rate before it goes on holding until then."""
    catalog.add_vat_rate(session, valid_from=date(2030, 1, 1), rate_bp=1_750, source="Tax Code of 2029")

    assert catalog.vat_rate_on(session, date(2029, 12, 31)) == 1_600
    assert catalog.vat_rate_on(session, date(2030, 1, 1)) == 1_750


@pytest.mark.parametrize(
    ("wrong", "refused", "field"),
    [
        ({"rate_bp": 10_001}, InvalidPercent, "rate_bp"),
        ({"rate_bp": -1}, InvalidPercent, "rate_bp"),
        ({"source": ""}, InvalidText, "source"),
        ({"valid_from": NEW_YEAR}, AlreadyExists, "valid_from"),
    ],
)
def test_a_wrong_rate_is_not_entered(session, wrong, refused, field):
    """A rate invoices were taxed by is never replaced."""
    rate = {"valid_from": date(2030, 1, 1), "rate_bp": 1_000, "source": "law"}

    with pytest.raises(refused) as refusal:
        catalog.add_vat_rate(session, **rate | wrong)

    assert refusal.value.facts["field"] == field
    assert [known.rate_bp for known in catalog.list_vat_rates(session)] == [1_200, 1_600]


def test_a_day_before_every_rate_has_none(session):
    """Rather refused than guessed."""
    with pytest.raises(NoVatRate) as refusal:
        catalog.vat_rate_on(session, date(2008, 12, 31))

    assert refusal.value.facts == {"day": date(2008, 12, 31)}

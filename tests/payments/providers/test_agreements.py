"""The agreement with a payment provider: entered, edited, closed; its secret is shown once."""

import pytest
from sqlalchemy import func, select

from billing.kernel.errors import AlreadyExists, InvalidInput, NotFound, StaleVersion
from billing.kernel.money import Money
from billing.payments.providers import service
from billing.payments.providers.models import AnswerFormat, Provider, ProviderDialect
from tests.support.districts import DISTRICT_ID, make_enterprise
from tests.support.identifiers import synthetic_bin, synthetic_iban
from tests.support.providers import make_agreement, make_provider

T = Money.tenge


@pytest.fixture
def enterprise(session):
    """An enterprise whose money providers take."""
    return make_enterprise(session)


def test_a_provider_is_known_by_its_code(session, enterprise):
    """Its code is the channel of its payments; a second one with it is refused and not there."""
    provider = make_provider(session, enterprise.id, "kaspi", iban=synthetic_iban(9, "722"))

    assert service.get_provider_by_code(session, "kaspi") is provider
    assert service.find_provider(session, "osmp") is None
    with pytest.raises(NotFound):
        service.get_provider_by_code(session, "osmp")
    with pytest.raises(AlreadyExists):
        make_provider(session, enterprise.id, "kaspi")
    assert session.scalar(select(func.count()).select_from(Provider)) == 1
    assert (provider.bin, provider.iban) == (synthetic_bin(500), synthetic_iban(9, "722"))
    assert provider.is_open


@pytest.mark.parametrize("code", ["", "Kaspi", "cash_desk", "bank", "7kaspi", "kas pi", "k" * 31, "каспи"])
def test_a_code_that_cannot_be_an_address_or_is_another_channel_is_refused(session, enterprise, code):
    """Payments at the cash desk or by bank must never be taken for a provider's."""
    with pytest.raises(service.InvalidProviderCode):
        make_provider(session, enterprise.id, code)
    assert session.scalar(select(func.count()).select_from(Provider)) == 0


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("bin", {"bin": "971240001316"}),
        ("iban", {"iban": "KZ00"}),
        ("name_ru", {"name_ru": " "}),
        ("commission_bp", {"commission_bp": 10_001}),
        ("commission_min", {"commission_min": Money(-1)}),
        ("sum_min", {"sum_min": Money(0)}),
        ("sum_max", {"sum_min": T(100), "sum_max": T(99)}),
        ("sum_max", {"sum_max": T(10_000_001)}),
        ("requests_per_minute_max", {"requests_per_minute_max": 0}),
        ("answer_format", {"dialect": ProviderDialect.OSMP, "answer_format": AnswerFormat.JSON}),
        ("field_names", {"field_names": {"prv": "prv_txn"}}),
        ("field_names", {"field_names": {"answer_provider_txn": "<b>"}}),
        ("allowed_addresses", {"allowed_addresses": ["10.0.0.1/8"]}),
        ("allowed_addresses", {"allowed_addresses": ["kaspi.kz"]}),
        ("allowed_addresses", {"allowed_addresses": ["10.0.0.1"] * 51}),
        ("certificate_sha256", {"certificate_sha256": "ab:cd"}),
        ("pay_link", {"pay_link": "http://kaspi.kz/pay"}),
        ("pay_link", {"pay_link": "javascript:alert(1)"}),
        ("pay_link", {"pay_link": 'https://kaspi.kz/"onclick="x'}),
        ("pay_link", {"pay_link": "https://kaspi.kz/{name}"}),
    ],
)
def test_what_cannot_be_agreed_is_refused_by_its_field(session, enterprise, field, options):
    """The refusal names the field; nothing is entered."""
    with pytest.raises(InvalidInput) as refusal:
        make_provider(session, enterprise.id, **options)

    assert refusal.value.facts["field"] == field
    assert session.scalar(select(func.count()).select_from(Provider)) == 0


def test_an_agreement_is_edited_by_who_has_seen_it(session, enterprise):
    """An edit of another version changes nothing; fingerprints and networks are kept in one form."""
    provider = make_provider(session, enterprise.id)
    agreement = make_agreement(
        allowed_addresses=["194.187.247.152 "], certificate_sha256=":".join(["AB"] * 32), sum_max=T(5000)
    )

    with pytest.raises(StaleVersion):
        service.edit_provider(session, provider.id, agreement, version=2)
    assert provider.sum_max == T(1_000_000)
    service.edit_provider(session, provider.id, agreement, version=1)

    assert (provider.sum_max, provider.version) == (T(5000), 2)
    assert provider.allowed_addresses == ["194.187.247.152/32"]
    assert provider.certificate_sha256 == "ab" * 32


def test_a_secret_opens_until_the_next_one(session, enterprise):
    """It names its district, is not stored, and the one before opens nothing."""
    provider = make_provider(session, enterprise.id)
    assert not service.knows_secret(provider, "")

    _, first = service.renew_secret(session, provider.id)
    assert first.startswith(f"{DISTRICT_ID}-")
    assert first not in str(provider.__dict__)
    assert service.knows_secret(provider, first)

    _, second = service.renew_secret(session, provider.id)
    assert service.knows_secret(provider, second)
    assert not service.knows_secret(provider, first)


def test_a_closed_provider_is_opened_again(session, enterprise):
    """Closing and opening show in lists that ask for open ones."""
    provider = make_provider(session, enterprise.id)

    service.close_provider(session, provider.id)
    assert service.list_providers(session, is_open=True).items == []
    service.reopen_provider(session, provider.id)
    assert service.list_providers(session, is_open=True, enterprise_id=enterprise.id).items == [provider]


@pytest.mark.parametrize(
    ("bp", "minimum", "amounts"),
    [
        (95, "0", {"1000": "9.5", "0.53": "0.01", "0.52": "0"}),
        (95, "50", {"1000": "50", "20": "20", "6000": "57"}),
        (0, "0", {"1000": "0"}),
    ],
)
def test_a_commission_is_a_share_with_a_minimum(session, enterprise, bp, minimum, amounts):
    """Rounded half-up to the tiyn, at least the minimum, never more than was paid."""
    provider = make_provider(session, enterprise.id, commission_bp=bp, commission_min=T(minimum))
    for amount, commission in amounts.items():
        assert service.commission_of(provider, T(amount)) == T(commission)

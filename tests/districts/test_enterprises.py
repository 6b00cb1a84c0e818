"""Districts and enterprises: identifiers checked, one primary account, VAT times apart, who signs when."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.districts import service as districts
from billing.districts.kato import KatoRow
from billing.districts.models import (
    BankAccount,
    BankAccountKind,
    District,
    Enterprise,
    EnterpriseForm,
    Signatory,
    SignatoryRole,
    VatRegistration,
)
from billing.districts.refusals import (
    InvalidPaymentTerm,
    NoPrimaryAccount,
    PlaceNotRuralDistrict,
    VatRegistrationEnded,
    VatRegistrationsOverlap,
)
from billing.kernel.checks import EndsBeforeStart, InvalidEmail, InvalidText
from billing.kernel.errors import AlreadyExists, NotFound, StaleVersion
from billing.kernel.identifiers import InvalidBIC, InvalidBIN, InvalidIBAN, InvalidKBe, InvalidPhone
from billing.kernel.ids import new_id
from tests.support.districts import (
    DISTRICT_ID,
    DISTRICT_KATO,
    LONG_AGO,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_district,
    make_enterprise,
)
from tests.support.identifiers import synthetic_bin, synthetic_iban

JAN_1, DEC_31 = date(2026, 1, 1), date(2026, 12, 31)
ENTERPRISE = {
    "bin": synthetic_bin(77),
    "form": EnterpriseForm.ECONOMIC_MANAGEMENT,
    "name_kk": "«Қар» КМК",
    "name_ru": "КГП «Кар»",
    "address_kk": "Боранқұл",
    "address_ru": "Боранкул",
}
ACCOUNT = {
    "iban": "KZ41722C000000000001",
    "bic": "CASPKZKA",
    "bank_name_kk": "Банк",
    "bank_name_ru": "Банк",
    "kbe": "16",
}
EDIT = {
    "name_kk": "«Жаңа» КМК",
    "name_ru": "КГП «Жана»",
    "address_kk": "Бейнеу",
    "address_ru": "Бейнеу",
    "phone": "8 (701) 123-45-67",
    "email": "kense@Example.KZ",
    "payment_term_days": 10,
}


def districts_row(code):
    return KatoRow(code, None, None, "с.о.")


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_a_district_gets_the_next_number_of_its_own(session):
    """Without a number given, the district is numbered after the last one."""
    make_district(session, 7, OTHER_DISTRICT_KATO)
    districts.import_places(session, [districts_row("473631000")], date(2022, 10, 17))

    opened = districts.open_district(session, kato_code="473631000", name_kk="Ақжігіт", name_ru="Акжигит")

    assert opened.id == 8
    assert districts.get_district(session, 8).name_kk == "Ақжігіт"
    assert [district.id for district in districts.list_districts(session).items] == [1, 7, 8]


@pytest.mark.parametrize("kato_code", ["470000000", "473639100"])
def test_only_a_rural_district_of_the_classifier_is_opened(session, kato_code):
    """A region and a single village are refused, and no district is made."""
    with pytest.raises(PlaceNotRuralDistrict) as refusal:
        districts.open_district(session, kato_code=kato_code, name_kk="А", name_ru="А")

    assert refusal.value.facts == {"kato_code": kato_code, "field": "kato_code"}
    assert count(session, District) == 1


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"kato_code": DISTRICT_KATO}, "kato_code"),
        ({"kato_code": OTHER_DISTRICT_KATO, "district_id": 1}, "district_id"),
    ],
)
def test_a_district_is_opened_once(session, wanted, field):
    """Neither the same place nor the same number is a second district."""
    districts.import_places(session, [districts_row(OTHER_DISTRICT_KATO)], date(2022, 10, 17))

    with pytest.raises(AlreadyExists) as refusal:
        districts.open_district(session, name_kk="А", name_ru="А", **wanted)

    assert refusal.value.facts["field"] == field
    assert count(session, District) == 1


def test_an_enterprise_is_registered_with_its_details(session):
    """Phone and e-mail are stored in their normal form, texts without doubled blanks."""
    enterprise = districts.register_enterprise(
        session, **ENTERPRISE | {"name_ru": " КГП   «Кар» ", "phone": "8 701 1234567", "email": "a@B.KZ"}
    )

    assert (enterprise.district_id, enterprise.bin) == (DISTRICT_ID, synthetic_bin(77))
    assert (enterprise.name_ru, enterprise.phone, enterprise.email) == ("КГП «Кар»", "+77011234567", "a@b.kz")
    assert (enterprise.payment_term_days, enterprise.version) == (20, 1)


@pytest.mark.parametrize(
    ("wrong", "refused", "field"),
    [
        ({"bin": "991240000004"}, InvalidBIN, "bin"),
        ({"bin": "991231500006"}, InvalidBIN, "bin"),  # an IIN
        ({"name_kk": "  "}, InvalidText, "name_kk"),
        ({"address_ru": "а" * 301}, InvalidText, "address_ru"),
        ({"name_ru": "КГП\0"}, InvalidText, "name_ru"),
        ({"phone": "12345"}, InvalidPhone, "phone"),
        ({"email": "kense"}, InvalidEmail, "email"),
        ({"payment_term_days": -1}, InvalidPaymentTerm, "payment_term_days"),
        ({"payment_term_days": 366}, InvalidPaymentTerm, "payment_term_days"),
    ],
)
def test_wrong_details_register_nothing(session, wrong, refused, field):
    """The refusal names the field, and no enterprise is there."""
    with pytest.raises(refused) as refusal:
        districts.register_enterprise(session, **ENTERPRISE | wrong)

    assert refusal.value.facts["field"] == field
    assert count(session, Enterprise) == 0


def test_a_bin_is_registered_once_and_shown_masked(session):
    """The second registration is refused."""
    districts.register_enterprise(session, **ENTERPRISE)

    with pytest.raises(AlreadyExists) as refusal:
        districts.register_enterprise(session, **ENTERPRISE)

    assert refusal.value.facts["value"] == "9912******" + synthetic_bin(77)[-2:]
    assert count(session, Enterprise) == 1


def test_an_edit_keeps_bin_and_form_and_counts_the_version(session):
    """Everything else is as written."""
    enterprise = make_enterprise(session)

    edited = districts.edit_enterprise(session, enterprise.id, version=1, **EDIT)

    assert (edited.name_kk, edited.phone, edited.email) == ("«Жаңа» КМК", "+77011234567", "kense@example.kz")
    assert (edited.payment_term_days, edited.version, edited.bin) == (10, 2, synthetic_bin(1))


def test_an_edit_of_an_old_version_changes_nothing(session):
    """Who read version 1 does not overwrite version 2."""
    enterprise = make_enterprise(session)
    districts.edit_enterprise(session, enterprise.id, version=1, **EDIT)

    with pytest.raises(StaleVersion) as refusal:
        districts.edit_enterprise(session, enterprise.id, version=1, **EDIT | {"name_kk": "Басқа"})

    assert refusal.value.facts["version"] == 2
    assert enterprise.name_kk == "«Жаңа» КМК"


def test_an_unknown_enterprise_is_not_found(session):
    """The refusal names what was looked for."""
    unknown = new_id()

    with pytest.raises(NotFound) as refusal:
        districts.get_enterprise(session, unknown)

    assert refusal.value.facts == {"kind": "enterprise", "id": unknown}


def test_a_new_primary_account_takes_the_place_of_the_old(session):
    """Exactly one account is printed; going back is possible."""
    enterprise = make_enterprise(session)
    old = districts.primary_account(session, enterprise.id)

    new = districts.add_bank_account(session, enterprise.id, **ACCOUNT, is_primary=True)

    assert districts.primary_account(session, enterprise.id).id == new.id
    assert not old.is_primary
    districts.make_primary(session, old.id)
    assert [account.is_primary for account in districts.list_bank_accounts(session, enterprise.id)] == [
        True,
        False,
    ]


def test_the_treasury_account_stands_beside_the_bank_account(session):
    """An account of the budget does not become the printed one by itself."""
    enterprise = make_enterprise(session)
    treasury = {"iban": "kz24 0701 05KS N000 0000", "bic": "KKMFKZ2A", "kbe": "11"}

    added = districts.add_bank_account(
        session, enterprise.id, kind=BankAccountKind.BUDGET_KSN, **ACCOUNT | treasury
    )

    assert (added.iban, added.is_primary) == ("KZ24070105KSN0000000", False)
    assert districts.primary_account(session, enterprise.id).id != added.id


@pytest.mark.parametrize(
    ("wrong", "refused", "field"),
    [
        ({"iban": "KZ42722C000000000001"}, InvalidIBAN, "iban"),
        ({"bic": "HSBK"}, InvalidBIC, "bic"),
        ({"kbe": "10"}, InvalidKBe, "kbe"),
        ({"bank_name_kk": ""}, InvalidText, "bank_name_kk"),
        ({"iban": synthetic_iban(1)}, AlreadyExists, "iban"),
    ],
)
def test_a_wrong_account_is_not_added(session, wrong, refused, field):
    """The refusal names the field; the account printed until now stays."""
    enterprise = make_enterprise(session)

    with pytest.raises(refused) as refusal:
        districts.add_bank_account(session, enterprise.id, **ACCOUNT | wrong, is_primary=True)

    assert refusal.value.facts["field"] == field
    assert count(session, BankAccount) == 1
    assert districts.primary_account(session, enterprise.id).iban == synthetic_iban(1)


def test_an_enterprise_without_an_account_says_so(session):
    """Nobody can print an invoice then."""
    enterprise = districts.register_enterprise(session, **ENTERPRISE)

    with pytest.raises(NoPrimaryAccount):
        districts.primary_account(session, enterprise.id)


def test_vat_is_registered_from_the_first_to_the_last_day(session):
    """Both ends count."""
    enterprise = make_enterprise(session)
    districts.register_vat(session, enterprise.id, certificate_number="1", valid_from=JAN_1, valid_to=DEC_31)

    days = [date(2025, 12, 31), JAN_1, DEC_31, date(2027, 1, 1)]

    assert [districts.vat_registered(session, enterprise.id, day) for day in days] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("valid_from", "valid_to"),
    [
        (DEC_31, None),
        (date(2025, 1, 1), JAN_1),
        (date(2026, 6, 1), date(2026, 6, 2)),
        (date(2025, 1, 1), None),
    ],
)
def test_times_of_vat_registration_do_not_overlap(session, valid_from, valid_to):
    """Not even by a day; nothing is stored."""
    enterprise = make_enterprise(session)
    districts.register_vat(session, enterprise.id, certificate_number="1", valid_from=JAN_1, valid_to=DEC_31)

    with pytest.raises(VatRegistrationsOverlap) as refusal:
        districts.register_vat(
            session, enterprise.id, certificate_number="2", valid_from=valid_from, valid_to=valid_to
        )

    assert refusal.value.facts == {"valid_from": JAN_1, "valid_to": DEC_31}
    assert count(session, VatRegistration) == 1


def test_vat_registration_may_begin_again_the_day_after_its_end(session):
    """Times that only touch are two times."""
    enterprise = make_enterprise(session, vat_from=JAN_1)
    first = districts.list_vat_registrations(session, enterprise.id)[0]
    districts.end_vat(session, first.id, valid_to=DEC_31)

    districts.register_vat(session, enterprise.id, certificate_number="2", valid_from=date(2027, 1, 1))

    assert districts.vat_registered(session, enterprise.id, date(2030, 1, 1))


def test_an_ended_vat_registration_keeps_its_end(session):
    """Neither an end before the start nor a second end is taken."""
    enterprise = make_enterprise(session, vat_from=JAN_1)
    registration = districts.list_vat_registrations(session, enterprise.id)[0]
    with pytest.raises(EndsBeforeStart):
        districts.end_vat(session, registration.id, valid_to=date(2025, 12, 31))
    districts.end_vat(session, registration.id, valid_to=DEC_31)

    with pytest.raises(VatRegistrationEnded) as refusal:
        districts.end_vat(session, registration.id, valid_to=JAN_1)

    assert refusal.value.facts == {"valid_to": DEC_31}
    assert registration.valid_to == DEC_31


def appoint(session, enterprise, name, valid_from, role=SignatoryRole.HEAD):
    return districts.appoint_signatory(
        session,
        enterprise.id,
        role=role,
        name=name,
        position_kk="Басшы",
        position_ru="Рук.",
        valid_from=valid_from,
    )


def test_the_latest_appointment_of_a_role_signs(session):
    """Until the day before, the former one does; before any appointment nobody."""
    enterprise = make_enterprise(session)
    appoint(session, enterprise, "Жаңаев Ж. Ж.", JAN_1)

    def head(day):
        return districts.signatories_on(session, enterprise.id, day)[SignatoryRole.HEAD].name

    assert (head(date(2025, 12, 31)), head(JAN_1)) == ("Сынақов Т. Т.", "Жаңаев Ж. Ж.")
    assert districts.signatories_on(session, enterprise.id, date(2019, 12, 31)) == {}


def test_two_people_are_not_appointed_to_a_role_from_the_same_day(session):
    """The second is refused."""
    enterprise = make_enterprise(session)
    before = count(session, Signatory)

    with pytest.raises(AlreadyExists) as refusal:
        appoint(session, enterprise, "Екіншіев Е. Е.", LONG_AGO)

    assert refusal.value.facts["field"] == "valid_from"
    assert count(session, Signatory) == before == 3


def test_another_districts_enterprise_is_not_found(sessions):
    """An id of the neighbour's is as unknown as any other."""
    with sessions.begin(DISTRICT_ID) as session:
        enterprise_id = make_enterprise(session).id
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)

    with sessions.begin(OTHER_DISTRICT_ID) as session, pytest.raises(NotFound):
        districts.get_enterprise(session, enterprise_id)

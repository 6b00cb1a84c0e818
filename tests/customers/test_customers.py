"""Customers: identifiers by category, one account each, duplicates, payers, and when one may be taken off."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.catalog.models import PayerCategory
from billing.customers import service as customers
from billing.customers.models import Customer
from billing.customers.refusals import (
    CustomerHasContracts,
    CustomerHasDebt,
    CustomerInactive,
    CustomerPaysForOthers,
    PayerChain,
)
from billing.customers.service import CustomerDetails
from billing.districts.models import District
from billing.kernel.checks import InvalidEmail, InvalidText
from billing.kernel.errors import AlreadyExists, Conflict, NotFound, StaleVersion
from billing.kernel.identifiers import InvalidIIN, InvalidIINOrBIN, InvalidPhone, check_account_number
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.kernel.paging import PageRequest
from billing.kernel.shown import Language
from tests.support import billing
from tests.support.catalog import make_service
from tests.support.customers import VILLAGE, make_contract, make_customer, make_organisation
from tests.support.districts import DISTRICT_ID, make_enterprise
from tests.support.identifiers import synthetic_bin, synthetic_iin
from tests.support.threads import CLIENTS, at_once

RESIDENT, ORGANISATION = PayerCategory.RESIDENT, PayerCategory.ORGANISATION
TODAY = date(2026, 3, 1)


def count(session):
    return session.scalar(select(func.count()).select_from(Customer))


def test_a_customer_gets_the_districts_next_account_number(session):
    """Six digits of the district, its own count, a check digit."""
    first, second = make_customer(session, 1), make_organisation(session, 2)

    assert (first.account_number, second.account_number) == ("47363900019", "47363900027")
    assert check_account_number("4736 3900 019") == first.account_number


def test_details_are_stored_in_their_normal_form(session):
    """Blanks, phone and e-mail; papers come in Kazakh unless said otherwise."""
    customer = make_customer(
        session, name="  Есенова   Айгүл ", phone="8(701)123-45-67", email="Aigul@Example.KZ", iin_bin=None
    )

    assert (customer.name, customer.phone, customer.email) == (
        "Есенова Айгүл",
        "+77011234567",
        "Aigul@example.kz",
    )
    assert (customer.language, customer.iin_bin, customer.is_active) == (Language.KK, None, True)


@pytest.mark.parametrize(
    ("wrong", "refused", "field"),
    [
        ({"iin_bin": "991231500007"}, InvalidIIN, "iin_bin"),
        ({"iin_bin": synthetic_bin(1)}, InvalidIIN, "iin_bin"),
        ({"category": ORGANISATION, "iin_bin": "991231500007"}, InvalidIINOrBIN, "iin_bin"),
        ({"name": " "}, InvalidText, "name"),
        ({"street": "а" * 201}, InvalidText, "street"),
        ({"phone": "123"}, InvalidPhone, "phone"),
        ({"email": "a@b"}, InvalidEmail, "email"),
    ],
)
def test_wrong_details_take_nobody_on(session, wrong, refused, field):
    """The refusal names the field; neither a customer nor an account number is used up."""
    with pytest.raises(refused) as refusal:
        make_customer(session, **wrong)

    assert refusal.value.facts["field"] == field
    assert count(session) == 0
    assert session.scalar(select(District.last_account_serial)) == 0


@pytest.mark.parametrize(
    ("unknown", "kind"), [({"place_code": "999999100"}, "place"), ({"payer_id": new_id()}, "customer")]
)
def test_an_unknown_place_or_payer_takes_nobody_on(session, unknown, kind):
    """The refusal says what was not found."""
    with pytest.raises(NotFound) as refusal:
        make_customer(session, **unknown)

    assert refusal.value.facts["kind"] == kind
    assert count(session) == 0


def test_the_same_iin_is_not_taken_on_twice(session):
    """The refusal names the existing account and shows the IIN masked."""
    known = make_customer(session, 1)

    with pytest.raises(AlreadyExists) as refusal:
        make_customer(session, 1, name="Басқа Адам")

    assert refusal.value.facts == {
        "kind": "customer",
        "field": "iin_bin",
        "value": f"9912******{synthetic_iin(1)[-2:]}",
        "id": known.id,
        "account_number": "47363900019",
    }
    assert count(session) == 1


def test_clients_at_once_get_different_accounts(sessions, database_kind):
    """50 clerks (8 on SQLite) take on different people: serials without a gap, each once."""
    clients = CLIENTS[database_kind]

    def register(client):
        with sessions.begin(DISTRICT_ID) as session:
            return make_customer(session, client).account_number

    accounts = at_once(clients, register)

    assert sorted(int(account[6:10]) for account in accounts) == list(range(1, clients + 1))


def test_clerks_at_once_take_on_a_person_once(sessions, database_kind):
    """All but one are told who it is already."""
    clients = 8

    def register(_):
        try:
            with sessions.begin(DISTRICT_ID) as session:
                return make_customer(session, 1).account_number
        except Conflict as refusal:
            return refusal.facts["account_number"]

    assert at_once(clients, register) == ["47363900019"] * clients
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert count(session) == 1


def edited(customer, **changes):
    names = CustomerDetails.__dataclass_fields__
    return CustomerDetails(**{name: getattr(customer, name) for name in names} | changes)


def test_an_edit_writes_the_details_anew(session):
    """The account number stays, the version counts, and the new name is found."""
    customer = make_customer(session, name="Ескіев Ескі")

    customers.edit_customer(
        session, customer.id, edited(customer, name="Жаңаев Жаңа", street="Абай"), version=1
    )

    assert (customer.account_number, customer.version) == ("47363900019", 2)
    assert [each.id for each in customers.list_customers(session, search="жанаев абай").items] == [
        customer.id
    ]
    assert customers.list_customers(session, search="ескиев").items == []


def test_an_edit_of_an_old_version_changes_nothing(session):
    """The refusal says which version it is now."""
    customer = make_customer(session)
    customers.edit_customer(session, customer.id, edited(customer, house="7"), version=1)

    with pytest.raises(StaleVersion) as refusal:
        customers.edit_customer(session, customer.id, edited(customer, house="8"), version=1)

    assert refusal.value.facts == {"kind": "customer", "id": customer.id, "version": 2}
    assert customer.house == "7"


def test_a_refused_edit_leaves_the_customer_as_he_was(session):
    """Somebody else's IIN is refused before anything is set."""
    make_customer(session, 1)
    customer = make_customer(session, 2, name="Екінші")

    with pytest.raises(AlreadyExists):
        customers.edit_customer(
            session, customer.id, edited(customer, name="Басқа", iin_bin=synthetic_iin(1)), version=1
        )

    assert (customer.name, customer.iin_bin, customer.version) == ("Екінші", synthetic_iin(2), 1)


def test_another_payer_pays_in_one_step_only(session):
    """Neither himself, nor a chain, nor a circle."""
    payer = make_organisation(session, 1)
    child = make_customer(session, 2, payer_id=payer.id)
    free = make_customer(session, 3)

    assert child.payer_id == payer.id
    for customer, wrong_payer in ((free, free), (free, child), (payer, free), (payer, child)):
        with pytest.raises(PayerChain) as refusal:
            customers.edit_customer(
                session, customer.id, edited(customer, payer_id=wrong_payer.id), version=1
            )
        assert refusal.value.facts == {"payer": wrong_payer.account_number, "field": "payer_id"}
    with pytest.raises(PayerChain):
        make_customer(session, 4, payer_id=child.id)

    assert [customer.payer_id for customer in (payer, free)] == [None, None]
    assert count(session) == 3


def test_customers_stand_in_the_order_of_the_kazakh_alphabet(session):
    """Ә after А and Қ after К, on both databases; also from page to page, and the other way round."""
    names = ["Абай", "Әлия", "Камал", "Қайрат", "Үміт"]
    for serial, name in enumerate(reversed(names)):
        make_customer(session, serial, name=name)

    first = customers.list_customers(session, PageRequest(limit=2))
    second = customers.list_customers(session, PageRequest(first.next_cursor, limit=3))
    backwards = customers.list_customers(session, PageRequest(sort="-name"))

    assert [customer.name for customer in first.items + second.items] == names
    assert second.next_cursor is None
    assert [customer.name for customer in backwards.items] == names[::-1]


def test_customers_are_searched_by_whatever_the_clerk_knows(session):
    """IIN, BIN or account in full; words of name and address, Kazakh letters or not."""
    aigul = make_customer(session, 1, name="Есенова Айгүл", street="Құрманғазы", house="12")
    school = make_organisation(session, 2, name="№ 1 мектеп")

    def found(search, **wanted):
        return [customer.id for customer in customers.list_customers(session, search=search, **wanted).items]

    assert found(synthetic_iin(1)) == [aigul.id]
    assert found(synthetic_bin(2)) == [school.id]
    assert found("4736-3900-019") == [aigul.id]
    assert found("айгул курмангазы 12") == [aigul.id]
    assert found("АЙГҮЛ") == [aigul.id]
    assert found(synthetic_iin(1)[:8]) == []  # a part of an IIN finds nobody
    assert found("%") == found("мектеп есенова") == []
    assert found("достык", category=ORGANISATION) == [school.id]
    assert found("достык", category=RESIDENT) == []
    assert found(None, place_code=VILLAGE, active=True) == [school.id, aigul.id]
    assert found(None, active=False) == []


def test_like_customers_are_found_before_one_is_taken_on_twice(session):
    """The same name in any order and writing, or a like name at the same address; not every neighbour."""
    known = make_customer(session, 1, name="Ахметов Болат Серікұлы", house="5")
    make_customer(session, 2, name="Ахметова Гүлнәр Қайратқызы", house="5")
    make_customer(session, 3, name="Ахметов Болат", house="9")

    same_name = customers.find_duplicates(session, name="болат ахметов серикулы")
    like_name = customers.find_duplicates(
        session, name="Ахметов Болат Серикович", place_code=VILLAGE, street="Достык", house="5"
    )

    assert [(each.customer.id, each.same_address, each.name_percent) for each in same_name] == [
        (known.id, False, 100)
    ]
    assert [(each.customer.id, each.same_address) for each in like_name] == [(known.id, True)]
    assert customers.find_duplicates(session, name="Сәрсенов Болат", place_code=VILLAGE, house="5") == []


def test_a_customer_without_obligations_is_taken_off_and_back(session):
    """Off the books he takes no contract; back on them he does."""
    enterprise, customer = make_enterprise(session), make_customer(session)
    contract = make_contract(session, enterprise.id, customer.id)
    customers.end_contract(session, contract.id, on=TODAY, reason="Көшіп кетті")

    customers.deactivate_customer(session, customer.id, on=TODAY, version=1)

    assert not customer.is_active
    with pytest.raises(CustomerInactive) as refusal:
        make_contract(session, enterprise.id, customer.id)
    assert refusal.value.facts == {"customer": "47363900019"}
    customers.reactivate_customer(session, customer.id)
    assert make_contract(session, enterprise.id, customer.id).number == "2/2020"


def test_a_customer_with_contracts_stays(session):
    """The refusal names those that go on after the day."""
    enterprise, customer = make_enterprise(session), make_customer(session)
    make_contract(session, enterprise.id, customer.id, number="А-1")
    make_contract(session, enterprise.id, customer.id, number="А-2", ends_on=TODAY)
    make_contract(session, enterprise.id, customer.id, number="А-3", ends_on=date(2026, 3, 2))

    with pytest.raises(CustomerHasContracts) as refusal:
        customers.deactivate_customer(session, customer.id, on=TODAY)

    assert refusal.value.facts == {"customer": customer.account_number, "contracts": ["А-1", "А-3"]}
    assert customer.is_active


def test_nobody_comes_back_to_a_payer_who_is_gone(session):
    """Both were taken off the books; the payer is to come back first, or another one be named."""
    payer = make_organisation(session, 1)
    child = make_customer(session, 2, payer_id=payer.id)
    for each in (child, payer):
        customers.deactivate_customer(session, each.id, on=TODAY)

    with pytest.raises(CustomerInactive) as refusal:
        customers.reactivate_customer(session, child.id)

    assert refusal.value.facts == {"customer": payer.account_number}
    assert not child.is_active
    customers.reactivate_customer(session, payer.id)
    assert customers.reactivate_customer(session, child.id).is_active


def test_a_customer_who_pays_for_others_stays(session):
    """The refusal names them."""
    payer = make_organisation(session, 1)
    child = make_customer(session, 2, payer_id=payer.id)

    with pytest.raises(CustomerPaysForOthers) as refusal:
        customers.deactivate_customer(session, payer.id, on=TODAY)

    assert refusal.value.facts == {"customer": payer.account_number, "customers": [child.account_number]}
    assert payer.is_active


def test_a_customer_with_a_debt_stays(session):
    """The refusal says how much is open."""
    enterprise = billing.open_for_business(session)
    customer = make_customer(session)
    contract = billing.make_contract(
        session, enterprise, customer, (make_service(session, enterprise.id), "2")
    )
    billing.make_invoice(session, contract)
    customers.end_contract(session, contract.id, on=date(2026, 3, 31), reason="Көшіп кетті")

    with pytest.raises(CustomerHasDebt) as refusal:
        customers.deactivate_customer(session, customer.id, on=date(2026, 3, 31))

    assert refusal.value.facts == {"customer": customer.account_number, "debt": Money.tenge(2_000)}
    assert customer.is_active


def test_several_customers_are_locked_or_one_is_named_missing(session):
    """By id, each once."""
    first, second = make_customer(session, 1), make_customer(session, 2)
    unknown = new_id()

    assert customers.lock_customers(session, [second.id, first.id, second.id]) == [first, second]
    with pytest.raises(NotFound) as refusal:
        customers.lock_customers(session, [first.id, unknown])
    assert refusal.value.facts == {"kind": "customer", "id": unknown}

"""Contracts: signed, numbered, prolonged, ended, found."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.customers import service as customers
from billing.customers.models import Contract
from billing.customers.refusals import (
    ContractAlreadyEnded,
    ContractEnded,
    ContractNotStarted,
)
from billing.kernel.checks import EndsBeforeStart, InvalidText
from billing.kernel.errors import AlreadyExists, NotFound, StaleVersion
from billing.kernel.ids import new_id
from tests.support.customers import make_contract, make_customer, make_organisation
from tests.support.districts import make_enterprise
from tests.support.threads import CLIENTS, at_once

JAN_1, JUNE_30, DEC_31 = date(2026, 1, 1), date(2026, 6, 30), date(2026, 12, 31)


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_contracts_are_numbered_by_the_year_of_signing(session, enterprise):
    """A number written by hand is kept and stepped over."""
    customer = make_customer(session)

    def number(year, given=None):
        day = date(year, 5, 1)
        return make_contract(session, enterprise.id, customer.id, starts_on=day, number=given).number

    assert [number(2026), number(2026, "2/2026"), number(2026), number(2027)] == [
        "1/2026", "2/2026", "3/2026", "1/2027",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "refused", "field"),
    [
        ({"number": "1/2026"}, AlreadyExists, "number"),
        ({"number": "Ш" * 51}, InvalidText, "number"),
        ({"ends_on": date(2025, 12, 31)}, EndsBeforeStart, "ends_on"),
    ],
)
def test_a_wrong_contract_is_not_signed(session, contract, wrong, refused, field):
    """The refusal names the field."""
    with pytest.raises(refused) as refusal:
        make_contract(session, contract.enterprise_id, contract.customer_id, starts_on=JAN_1, **wrong)

    assert refusal.value.facts["field"] == field
    assert count(session, Contract) == 1


def test_a_contract_needs_an_enterprise_and_a_customer(session, enterprise, contract):
    """The refusal says which is missing."""
    for ids, kind in (
        ((new_id(), contract.customer_id), "enterprise"),
        ((enterprise.id, new_id()), "customer"),
    ):
        with pytest.raises(NotFound) as refusal:
            make_contract(session, *ids)
        assert refusal.value.facts["kind"] == kind
    assert count(session, Contract) == 1


def test_clerks_at_once_get_different_contract_numbers(sessions, database_kind):
    """One after the other, none missing."""
    clients = CLIENTS[database_kind]
    with sessions.begin(1) as session:
        enterprise_id = make_enterprise(session).id
        customer_ids = [make_customer(session, serial).id for serial in range(clients)]

    def sign(client):
        with sessions.begin(1) as session:
            return make_contract(session, enterprise_id, customer_ids[client], starts_on=JAN_1).number

    assert sorted(at_once(clients, sign)) == sorted(f"{number}/2026" for number in range(1, clients + 1))


def test_an_ended_contract_covers_its_last_day_and_no_later_one(session, contract):
    """Nor a day before its first."""
    customers.end_contract(session, contract.id, on=JUNE_30, reason="Көшіп кетті", version=1)

    assert (contract.last_day, contract.end_reason, contract.version) == (JUNE_30, "Көшіп кетті", 2)
    customers.check_contract_allows(contract, JAN_1)
    customers.check_contract_allows(contract, JUNE_30)
    with pytest.raises(ContractEnded) as ended:
        customers.check_contract_allows(contract, date(2026, 7, 1))
    with pytest.raises(ContractNotStarted) as early:
        customers.check_contract_allows(contract, date(2025, 12, 31))
    assert ended.value.facts == {"contract": "1/2026", "day": date(2026, 7, 1), "last_day": JUNE_30}
    assert early.value.facts == {"contract": "1/2026", "day": date(2025, 12, 31), "starts_on": JAN_1}


def test_a_contract_is_ended_once_with_a_reason_within_its_term(session, enterprise, contract):
    """Every other ending is refused and changes nothing."""
    fixed = make_contract(session, enterprise.id, contract.customer_id, starts_on=JAN_1, ends_on=JUNE_30)
    refused = [
        (contract, {"on": JUNE_30, "reason": " "}, InvalidText),
        (contract, {"on": date(2025, 12, 31), "reason": "а"}, EndsBeforeStart),
        (contract, {"on": JUNE_30, "reason": "а", "version": 7}, StaleVersion),
        (fixed, {"on": date(2026, 7, 1), "reason": "а"}, ContractEnded),
    ]
    for which, ending, refusal in refused:
        with pytest.raises(refusal):
            customers.end_contract(session, which.id, **ending)
        assert (which.ended_on, which.end_reason, which.version) == (None, None, 1)

    customers.end_contract(session, contract.id, on=JUNE_30, reason="а")
    with pytest.raises(ContractAlreadyEnded):
        customers.end_contract(session, contract.id, on=JAN_1, reason="б")
    assert (contract.ended_on, contract.end_reason) == (JUNE_30, "а")


def test_a_term_is_agreed_anew_until_the_contract_is_ended(session, contract):
    """Longer, shorter or open; not before its start."""
    customers.prolong_contract(session, contract.id, ends_on=JUNE_30, version=1)
    assert contract.last_day == JUNE_30
    with pytest.raises(EndsBeforeStart):
        customers.prolong_contract(session, contract.id, ends_on=date(2025, 1, 1), version=2)
    with pytest.raises(StaleVersion):
        customers.prolong_contract(session, contract.id, ends_on=None, version=1)
    customers.prolong_contract(session, contract.id, ends_on=DEC_31, version=2)
    assert contract.last_day == DEC_31

    customers.end_contract(session, contract.id, on=JUNE_30, reason="а")
    with pytest.raises(ContractAlreadyEnded):
        customers.prolong_contract(session, contract.id, ends_on=None, version=4)
    assert contract.last_day == JUNE_30


def test_contracts_are_listed_by_customer_number_and_day(session, enterprise, contract):
    """The last signed first."""
    other = make_contract(
        session, enterprise.id, make_organisation(session).id, starts_on=date(2026, 2, 1), ends_on=JUNE_30
    )

    def found(**wanted):
        return [each.number for each in customers.list_contracts(session, **wanted).items]

    assert found() == [other.number, contract.number] == ["2/2026", "1/2026"]
    assert found(customer_id=contract.customer_id) == ["1/2026"]
    assert found(number="2/") == ["2/2026"]
    assert found(holds_on=JAN_1) == ["1/2026"]
    assert found(holds_on=JUNE_30) == ["2/2026", "1/2026"]
    assert found(holds_on=date(2026, 7, 1)) == ["1/2026"]
    assert found(enterprise_id=new_id()) == []

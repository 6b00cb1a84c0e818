"""A contractor's contract changes only by supplements, and its acts never pass its ceiling."""

import threading
from datetime import date

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from billing.kernel.checks import EndsBeforeStart
from billing.kernel.errors import AlreadyExists, InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import PageRequest
from billing.workforce import contracts
from billing.workforce.contracts import (
    CeilingBelowUsed,
    CeilingExceeded,
    ContractorContractNotInForce,
    NoContractorPrice,
    SupplementTooEarly,
    add_supplement,
    get_contractor_contract,
    price_for,
    use_ceiling,
)
from billing.workforce.models import ContractorContract, ContractorVersion
from tests.support.catalog import make_service
from tests.support.districts import DISTRICT_ID, make_enterprise
from tests.support.workforce import make_contractor_contract

JANUARY_1 = date(2026, 1, 1)
JUNE_1 = date(2026, 6, 1)
DECEMBER_31 = date(2026, 12, 31)


@pytest.fixture
def snow(session):
    """The service the contractor does."""
    return make_service(session, make_enterprise(session).id)


@pytest.fixture
def contract(session, snow):
    """A contract for 2026 up to 1,000,000 tenge at 800 tenge a unit."""
    return make_contractor_contract(session, snow.enterprise_id, snow.id, number="П-1")


def supplement(session, contract, **changes):
    """A supplement in force from June on."""
    given = {"number": "1", "signed_on": date(2026, 5, 20), "valid_from": JUNE_1} | changes
    return add_supplement(session, contract.id, **given)


def test_a_signed_contract_is_its_own_first_version(session, contract, snow):
    """Term, ceiling and prices stand in version 1; nothing of the ceiling is used."""
    [first] = contracts.list_versions(session, contract.id)

    assert (first.version.version, first.version.supplement_number) == (1, None)
    assert (first.version.valid_from, first.version.ends_on) == (JANUARY_1, DECEMBER_31)
    assert first.version.ceiling == Money.tenge(1_000_000)
    assert first.prices == {snow.id: Money.tenge(800)}
    assert contract.used == ZERO


def test_a_supplement_changes_prices_from_its_day_on(session, contract, snow):
    """The day before it the old price holds, from its day on the new one."""
    version = supplement(session, contract, prices={snow.id: Money.tenge(950)})

    assert version.version == 2
    assert price_for(session, contract, snow.id, date(2026, 5, 31)) == Money.tenge(800)
    assert price_for(session, contract, snow.id, JUNE_1) == Money.tenge(950)


def test_a_supplement_changes_only_what_it_names(session, contract, snow):
    """A new service gets a price; term, ceiling and the other price stay."""
    sweeping = make_service(session, snow.enterprise_id, code="SWEEP")

    supplement(session, contract, prices={sweeping.id: Money.tenge(300)})

    newest = contracts.list_versions(session, contract.id)[-1]
    assert newest.prices == {snow.id: Money.tenge(800), sweeping.id: Money.tenge(300)}
    assert (newest.version.ends_on, newest.version.ceiling) == (DECEMBER_31, Money.tenge(1_000_000))
    with pytest.raises(NoContractorPrice) as refused:
        price_for(session, contract, sweeping.id, date(2026, 5, 31))
    assert refused.value.facts == {"number": "П-1", "day": date(2026, 5, 31)}


def test_a_supplement_prolongs_and_raises_the_ceiling(session, contract, snow):
    """The contract's row carries the newest term and ceiling; the first version keeps the old ones."""
    supplement(session, contract, ends_on=date(2027, 3, 31), ceiling=Money.tenge(1_500_000))

    assert (contract.ends_on, contract.ceiling) == (date(2027, 3, 31), Money.tenge(1_500_000))
    assert price_for(session, contract, snow.id, date(2027, 3, 31)) == Money.tenge(800)
    first = contracts.list_versions(session, contract.id)[0].version
    assert (first.ends_on, first.ceiling) == (DECEMBER_31, Money.tenge(1_000_000))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"ceiling": Money.tenge("399999.99")}, CeilingBelowUsed),
        ({"ceiling": ZERO}, InvalidInput),
        ({"signed_on": date(2025, 12, 31)}, SupplementTooEarly),
        ({"valid_from": date(2025, 12, 31)}, SupplementTooEarly),
        ({"ends_on": date(2026, 5, 31)}, EndsBeforeStart),
    ],
)
def test_a_supplement_that_makes_no_sense_changes_nothing(session, contract, changes, refusal):
    """Term, ceiling and versions stay as they were."""
    use_ceiling(session, contract.id, Money.tenge(400_000))

    with pytest.raises(refusal):
        supplement(session, contract, **changes)

    assert (contract.ends_on, contract.ceiling) == (DECEMBER_31, Money.tenge(1_000_000))
    assert len(contracts.list_versions(session, contract.id)) == 1


def test_a_ceiling_may_be_lowered_to_what_is_used(session, contract):
    """Exactly the used sum is the lowest ceiling."""
    use_ceiling(session, contract.id, Money.tenge(400_000))

    supplement(session, contract, ceiling=Money.tenge(400_000))

    assert contract.ceiling == Money.tenge(400_000)


def test_supplements_have_numbers_of_their_own(session, contract):
    """The same number again is refused, and so is a supplement older than the newest."""
    supplement(session, contract)

    with pytest.raises(AlreadyExists):
        supplement(session, contract, valid_from=date(2026, 7, 1))
    with pytest.raises(SupplementTooEarly) as refused:
        supplement(session, contract, number="2", valid_from=date(2026, 5, 31))

    assert refused.value.facts == {"valid_from": date(2026, 5, 31), "earliest": JUNE_1}
    assert len(contracts.list_versions(session, contract.id)) == 2


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"ends_on": date(2025, 12, 31)}, EndsBeforeStart),
        ({"ceiling": ZERO}, InvalidInput),
        ({"price": ZERO}, InvalidInput),
        ({"number": "П-1"}, AlreadyExists),
        ({"service_id": new_id()}, NotFound),
    ],
)
def test_a_contract_that_makes_no_sense_is_not_signed(session, contract, snow, given, refusal):
    """No second contract and no second version is left behind."""
    terms = {"service_id": snow.id, "contractor_id": contract.contractor_id} | given

    with pytest.raises(refusal):
        make_contractor_contract(session, snow.enterprise_id, **terms)

    assert session.scalar(select(func.count()).select_from(ContractorContract)) == 1
    assert session.scalar(select(func.count()).select_from(ContractorVersion)) == 1


def test_contracts_are_numbered_by_themselves(session, contract, snow):
    """Without a number the contract gets the next of its year."""
    second = make_contractor_contract(session, snow.enterprise_id, snow.id, contract.contractor_id)

    assert second.number == "1/2026"
    listed = contracts.list_contractor_contracts(session, PageRequest(sort="number")).items
    assert [(row.number, name) for row, name in listed] == [
        ("1/2026", "ТОО «Жол Жөндеу»"),
        ("П-1", "ТОО «Жол Жөндеу»"),
    ]


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2027, 1, 1)])
def test_there_is_no_price_outside_of_the_term(session, contract, snow, day):
    """Before the first and after the last day nothing may be done under the contract."""
    with pytest.raises(ContractorContractNotInForce):
        price_for(session, contract, snow.id, day)

    assert contracts.list_contractor_contracts(session, PageRequest(), on=day).items == []


def test_the_ceiling_is_used_to_the_tiyn_and_no_further(session, contract):
    """Exactly the ceiling fits; one tiyn more is refused and takes nothing."""
    use_ceiling(session, contract.id, Money.tenge(999_999))
    use_ceiling(session, contract.id, Money.tenge(1))

    with pytest.raises(CeilingExceeded) as refused:
        use_ceiling(session, contract.id, Money(1))

    assert refused.value.facts == {
        "ceiling": Money.tenge(1_000_000),
        "used": Money.tenge(1_000_000),
        "cost": Money(1),
    }
    assert get_contractor_contract(session, contract.id).used == Money.tenge(1_000_000)


def test_the_database_itself_holds_the_ceiling(session, contract):
    """Not even raw SQL uses more than the ceiling, or changes a signed version."""
    with pytest.raises(DBAPIError, match="ceiling_holds"), session.begin_nested():
        session.execute(text("UPDATE contractor_contract SET used = ceiling + 1"))
    with pytest.raises(DBAPIError, match="append_only"), session.begin_nested():
        session.execute(text("UPDATE contractor_price SET price = price + 1"))


def test_of_many_at_once_only_as_many_fit_as_the_ceiling_holds(sessions):
    """Eight acts of 300,000 at once under a ceiling of 1,000,000: three are taken, five refused."""
    with sessions.begin(DISTRICT_ID) as session:
        snow = make_service(session, make_enterprise(session).id)
        contract_id = make_contractor_contract(session, snow.enterprise_id, snow.id).id
    start = threading.Barrier(8)
    results = []

    def use():
        start.wait()
        try:
            with sessions.begin(DISTRICT_ID) as session:
                use_ceiling(session, contract_id, Money.tenge(300_000))
            results.append("used")
        except CeilingExceeded:
            results.append("refused")

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["refused"] * 5 + ["used"] * 3
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert get_contractor_contract(session, contract_id).used == Money.tenge(900_000)

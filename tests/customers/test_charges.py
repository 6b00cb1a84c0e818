"""Recurring charges of contracts, and what is due of them in a month."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import event, func, select

from billing.catalog import service as catalog
from billing.catalog.models import PayerCategory
from billing.customers import service as customers
from billing.customers.models import ContractCharge
from billing.customers.refusals import (
    ChargeEnded,
    ChargesOverlap,
    ContractEnded,
    ContractNotStarted,
    InvalidSeason,
    ServiceOfAnotherEnterprise,
)
from billing.kernel.checks import EndsBeforeStart, InvalidQuantity
from billing.kernel.dates import Month
from billing.kernel.ids import new_id
from tests.support.catalog import make_service
from tests.support.customers import make_charge, make_contract, make_customer
from tests.support.districts import make_enterprise

JAN_1, JUNE_30, DEC_31 = date(2026, 1, 1), date(2026, 6, 30), date(2026, 12, 31)


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize(
    ("wrong", "refused"),
    [
        ({"quantity": Decimal(0)}, InvalidQuantity),
        ({"quantity": Decimal(-1)}, InvalidQuantity),
        ({"quantity": Decimal("0.0001")}, InvalidQuantity),
        ({"quantity": Decimal(1_000_000)}, InvalidQuantity),
        ({"first_month": 0}, InvalidSeason),
        ({"last_month": 13}, InvalidSeason),
        ({"valid_from": JUNE_30, "valid_to": JAN_1}, EndsBeforeStart),
        ({"valid_from": date(2025, 12, 31)}, ContractNotStarted),
    ],
)
def test_a_wrong_charge_is_not_added(session, contract, snow, wrong, refused):
    """A quantity above zero in thousandths, a season of months, days within the contract."""
    with pytest.raises(refused):
        make_charge(session, contract, snow.id, **wrong)

    assert count(session, ContractCharge) == 0


def test_an_ended_contract_takes_no_charge_after_its_last_day(session, contract, snow):
    """On the last day itself it does."""
    customers.end_contract(session, contract.id, on=JUNE_30, reason="а")

    with pytest.raises(ContractEnded):
        make_charge(session, contract, snow.id, valid_from=date(2026, 7, 1))
    assert count(session, ContractCharge) == 0

    make_charge(session, contract, snow.id, valid_from=JUNE_30)
    assert count(session, ContractCharge) == 1


def test_a_charge_needs_an_active_service_of_the_same_enterprise(session, contract, snow):
    """Nothing is charged for a service that is no longer offered, or another's."""
    foreign = make_service(session, make_enterprise(session, 2).id, code="WATER")
    catalog.deactivate_service(session, snow.id)

    with pytest.raises(catalog.ServiceInactive):
        make_charge(session, contract, snow.id)
    with pytest.raises(ServiceOfAnotherEnterprise) as refusal:
        make_charge(session, contract, foreign.id)

    assert refusal.value.facts == {"service": "WATER", "contract": "1/2026"}
    assert count(session, ContractCharge) == 0


@pytest.mark.parametrize(
    ("valid_from", "valid_to"),
    [
        (JAN_1, None),
        (date(2026, 4, 15), date(2026, 4, 16)),
        (date(2026, 5, 21), None),
        (JAN_1, date(2026, 2, 1)),
    ],
)
def test_a_service_is_charged_once_in_a_month(session, contract, snow, valid_from, valid_to):
    """A month in which another charge of it ends is taken already; the month after is free."""
    make_charge(session, contract, snow.id, valid_from=date(2026, 2, 10), valid_to=date(2026, 5, 20))

    with pytest.raises(ChargesOverlap) as refusal:
        make_charge(session, contract, snow.id, valid_from=valid_from, valid_to=valid_to)
    assert refusal.value.facts == {
        "service": "SNOW", "valid_from": date(2026, 2, 10), "valid_to": date(2026, 5, 20),
    }  # fmt: skip
    assert count(session, ContractCharge) == 1

    make_charge(session, contract, snow.id, valid_from=date(2026, 6, 1))
    make_charge(session, contract, snow.id, valid_from=JAN_1, valid_to=date(2026, 1, 31))
    assert len(customers.list_charges(session, contract.id)) == 3


def test_a_service_is_charged_differently_in_another_season(session, contract, snow):
    """Two hours a month from November to March, one from April to October."""
    make_charge(session, contract, snow.id, quantity=Decimal(2), first_month=11, last_month=3)

    make_charge(session, contract, snow.id, first_month=4, last_month=10)

    due = [customers.charges_due(session, Month(2027, month)) for month in (3, 4, 10, 11)]
    assert [[charge.quantity_due for charge in each] for each in due] == [[2], [1], [1], [2]]


@pytest.mark.parametrize(
    ("season", "valid_from"),
    [((10, 11), JAN_1), ((3, 3), JAN_1), ((12, 4), date(2026, 5, 1)), ((1, 12), JAN_1)],
)
def test_a_month_of_both_seasons_is_refused(session, contract, snow, season, valid_from):
    """Also where they meet only months after the later charge begins."""
    make_charge(session, contract, snow.id, first_month=11, last_month=3)

    with pytest.raises(ChargesOverlap):
        make_charge(
            session, contract, snow.id, first_month=season[0], last_month=season[1], valid_from=valid_from
        )
    assert count(session, ContractCharge) == 1


def test_a_season_already_over_does_not_stand_in_the_way(session, contract, snow):
    """A winter charge that ended in March shares no month with a whole year's from April on."""
    make_charge(
        session,
        contract,
        snow.id,
        first_month=11,
        last_month=3,
        valid_from=JAN_1,
        valid_to=date(2026, 10, 31),
    )

    make_charge(session, contract, snow.id, valid_from=date(2026, 4, 1))

    assert count(session, ContractCharge) == 2


def test_a_charge_ends_earlier_but_not_later(session, contract, snow):
    """Nor before it starts."""
    charge = make_charge(session, contract, snow.id)
    customers.end_charge(session, charge.id, valid_to=JUNE_30)

    with pytest.raises(ChargeEnded):
        customers.end_charge(session, charge.id, valid_to=DEC_31)
    with pytest.raises(EndsBeforeStart):
        customers.end_charge(session, charge.id, valid_to=date(2025, 12, 31))

    assert charge.valid_to == JUNE_30


def due(session, month, **wanted):
    return [
        (each.first_day.day, each.last_day.day, each.quantity_due)
        for each in customers.charges_due(session, Month.parse(month), **wanted)
    ]


def test_a_whole_month_is_due_in_full(session, contract, snow):
    """With everything the invoice needs to know."""
    charge = make_charge(session, contract, snow.id, quantity=Decimal("2.5"))

    (only,) = customers.charges_due(session, Month(2026, 2))

    assert (only.charge_id, only.contract_id, only.service_id) == (charge.id, contract.id, snow.id)
    assert (only.customer_id, only.enterprise_id) == (contract.customer_id, contract.enterprise_id)
    assert (only.category, only.quantity) == (PayerCategory.RESIDENT, Decimal("2.5"))
    assert (only.first_day, only.last_day) == (date(2026, 2, 1), date(2026, 2, 28))
    assert only.quantity_due == Decimal("2.500")


def test_a_part_of_a_month_is_due_by_its_days(session, contract, snow):
    """Quantity × days held / days of the month, half-up to thousandths; nothing before and after."""
    make_charge(
        session,
        contract,
        snow.id,
        quantity=Decimal(1),
        valid_from=date(2026, 1, 22),
        valid_to=date(2026, 3, 1),
    )

    assert due(session, "2025-12") == []
    assert due(session, "2026-01") == [(22, 31, Decimal("0.323"))]  # 10 / 31
    assert due(session, "2026-02") == [(1, 28, Decimal("1.000"))]
    assert due(session, "2026-03") == [(1, 1, Decimal("0.032"))]  # 1 / 31
    assert due(session, "2026-04") == []


def test_half_a_thousandth_is_rounded_up_and_less_is_not_due(session, contract, snow):
    """0.001 × 14 / 28 is half a thousandth; a day less rounds to nothing."""
    charge = make_charge(
        session,
        contract,
        snow.id,
        quantity=Decimal("0.001"),
        valid_from=date(2026, 2, 1),
        valid_to=date(2026, 2, 14),
    )
    assert due(session, "2026-02") == [(1, 14, Decimal("0.001"))]

    customers.end_charge(session, charge.id, valid_to=date(2026, 2, 13))
    assert due(session, "2026-02") == []


def test_the_contracts_term_bounds_its_charges(session, enterprise, snow):
    """The agreed end, an earlier end and the start."""
    contract = make_contract(
        session,
        enterprise.id,
        make_customer(session).id,
        starts_on=date(2026, 1, 16),
        ends_on=date(2026, 4, 15),
    )
    make_charge(session, contract, snow.id)

    assert due(session, "2026-01") == [(16, 31, Decimal("0.516"))]
    assert due(session, "2026-04") == [(1, 15, Decimal("0.500"))]
    assert due(session, "2026-05") == []
    customers.end_contract(session, contract.id, on=date(2026, 2, 14), reason="а")
    assert due(session, "2026-02") == [(1, 14, Decimal("0.500"))]
    assert due(session, "2026-03") == []


@pytest.mark.parametrize(
    ("season", "months"),
    [((1, 12), range(1, 13)), ((11, 3), (1, 2, 3, 11, 12)), ((4, 10), range(4, 11)), ((6, 6), (6,))],
)
def test_a_season_may_run_over_the_new_year(session, contract, snow, season, months):
    """November to March is 11 and 3; the table's own answer agrees with the query's."""
    charge = make_charge(session, contract, snow.id, first_month=season[0], last_month=season[1])

    asked = [month for month in range(1, 13) if customers.charges_due(session, Month(2027, month))]

    assert asked == list(months) == [month for month in range(1, 13) if charge.in_season(month)]


def test_what_is_due_of_many_contracts_takes_one_query(session, enterprise, snow):
    """However many there are; and it can be asked for one contract, customer or enterprise."""
    contracts = [make_contract(session, enterprise.id, make_customer(session, n).id) for n in range(20)]
    for contract in contracts:
        make_charge(session, contract, snow.id)
    session.expire_all()
    statements = []
    event.listen(session.connection(), "before_cursor_execute", lambda *call: statements.append(call[2]))

    found = customers.charges_due(session, Month(2026, 1))

    assert [each.contract_id for each in found] == [contract.id for contract in contracts]
    assert len(statements) == 1
    month, chosen = Month(2026, 1), contracts[7]
    for wanted in ({"contract_id": chosen.id}, {"customer_id": chosen.customer_id}):
        assert [each.contract_id for each in customers.charges_due(session, month, **wanted)] == [chosen.id]
    assert customers.charges_due(session, month, enterprise_id=new_id()) == []

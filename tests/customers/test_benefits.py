"""Benefits that customers hold: against evidence, each once at a time, the best one for a line."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.catalog import service as catalog
from billing.catalog.refusals import BenefitEnded
from billing.customers import service as customers
from billing.customers.models import CustomerBenefit
from billing.customers.refusals import BenefitGrantEnded, BenefitGrantsOverlap, CustomerInactive
from billing.kernel.checks import EndsBeforeStart, InvalidText
from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from tests.support.catalog import make_benefit, make_service
from tests.support.customers import make_customer
from tests.support.districts import make_enterprise

JAN_1, JUNE_30, DEC_31 = date(2026, 1, 1), date(2026, 6, 30), date(2026, 12, 31)


def grant(session, customer, benefit, valid_from=JAN_1, valid_to=None, *, evidence="Куәлік № 7, 01.12.2025"):
    return customers.grant_benefit(
        session, customer.id, benefit.id, evidence=evidence, valid_from=valid_from, valid_to=valid_to
    )


def count(session):
    return session.scalar(select(func.count()).select_from(CustomerBenefit))


def test_a_benefit_holds_between_its_own_ends_and_the_grants(session):
    """The later start and the earlier end count, both days included."""
    service = make_service(session, make_enterprise(session).id)
    customer = make_customer(session)
    benefit = make_benefit(session, valid_to=JUNE_30)
    grant(session, customer, benefit, JAN_1, DEC_31)

    def held(day):
        return customers.benefit_on(session, customer.id, service.id, day, amount=Money(100))

    assert [held(day) for day in (date(2025, 12, 31), JAN_1, JUNE_30, date(2026, 7, 1))] == [
        None, benefit, benefit, None,
    ]  # fmt: skip


def test_the_best_of_several_benefits_is_found_for_the_service(session):
    """By the line's amount; a benefit of another service does not count."""
    enterprise = make_enterprise(session)
    snow, water = (make_service(session, enterprise.id, code=code) for code in ("SNOW", "WATER"))
    customer = make_customer(session)
    half = make_benefit(session, code="HALF", percent_bp=5_000)
    thousand = make_benefit(session, code="SUM", amount=Money.tenge(1_000), service_id=snow.id)
    for benefit in (half, thousand):
        grant(session, customer, benefit)

    def best(service, tenge):
        return customers.benefit_on(session, customer.id, service.id, JAN_1, amount=Money.tenge(tenge)).code

    assert (best(snow, 1_500), best(snow, 3_000), best(water, 1_500)) == ("SUM", "HALF", "HALF")


def test_benefits_of_many_customers_are_found_at_once(session):
    """Each customer, service and day has an answer, if only an empty one."""
    service = make_service(session, make_enterprise(session).id)
    veteran, other = make_customer(session, 1), make_customer(session, 2)
    benefit = make_benefit(session)
    grant(session, veteran, benefit)
    early, today = (veteran.id, service.id, date(2025, 1, 1)), (veteran.id, service.id, JAN_1)
    nobodys = (other.id, service.id, JAN_1)

    assert customers.benefits_on(session, [early, today, nobodys]) == {
        early: [],
        today: [benefit],
        nobodys: [],
    }
    assert customers.benefits_on(session, []) == {}


@pytest.mark.parametrize(
    ("valid_from", "valid_to"), [(DEC_31, None), (date(2025, 1, 1), JAN_1), (JAN_1, DEC_31)]
)
def test_the_same_benefit_is_not_held_twice_at_a_time(session, valid_from, valid_to):
    """Times that only touch are two grants; another benefit is another matter."""
    customer, benefit = make_customer(session), make_benefit(session)
    grant(session, customer, benefit, JAN_1, DEC_31)

    with pytest.raises(BenefitGrantsOverlap) as refusal:
        grant(session, customer, benefit, valid_from, valid_to)
    assert refusal.value.facts == {"benefit": "VETERAN", "valid_from": JAN_1, "valid_to": DEC_31}
    assert count(session) == 1

    grant(session, customer, benefit, date(2027, 1, 1))
    grant(session, customer, make_benefit(session, code="OTHER"), JAN_1)
    assert count(session) == 3


def test_a_wrong_grant_is_not_made(session):
    """Without evidence, ending before it starts, after the benefit's end, or for nobody."""
    customer = make_customer(session)
    benefit = make_benefit(session)
    ended = make_benefit(session, code="OLD", valid_to=date(2025, 12, 31))
    for refused, call in (
        (InvalidText, lambda: grant(session, customer, benefit, evidence="")),
        (EndsBeforeStart, lambda: grant(session, customer, benefit, DEC_31, JAN_1)),
        (BenefitEnded, lambda: grant(session, customer, ended)),
    ):
        with pytest.raises(refused):
            call()
    with pytest.raises(NotFound):
        customers.grant_benefit(session, new_id(), benefit.id, evidence="а", valid_from=JAN_1)
    with pytest.raises(NotFound):
        customers.grant_benefit(session, customer.id, new_id(), evidence="а", valid_from=JAN_1)
    customers.deactivate_customer(session, customer.id, on=JAN_1)
    with pytest.raises(CustomerInactive):
        grant(session, customer, benefit)

    assert count(session) == 0


def test_a_grant_ends_earlier_but_not_later(session):
    """Nor before it starts; the benefit itself goes on for others."""
    customer, benefit = make_customer(session), make_benefit(session)
    granted = grant(session, customer, benefit)
    customers.end_grant(session, granted.id, valid_to=JUNE_30)

    with pytest.raises(BenefitGrantEnded):
        customers.end_grant(session, granted.id, valid_to=DEC_31)
    with pytest.raises(EndsBeforeStart):
        customers.end_grant(session, granted.id, valid_to=date(2025, 12, 31))

    assert granted.valid_to == JUNE_30
    assert catalog.get_benefit(session, benefit.id).valid_to is None
    assert customers.list_grants(session, customer.id) == [granted]

"""Benefits: what they take off, which is the best, and that editions of one code follow each other."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from billing.catalog import service as catalog
from billing.catalog.models import Benefit, BenefitKind
from billing.catalog.refusals import BenefitEnded, BenefitNeedsPercentOrSum, BenefitsOverlap, InvalidCode
from billing.kernel.checks import EndsBeforeStart
from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from tests.support.catalog import make_benefit, make_service
from tests.support.districts import LONG_AGO, make_enterprise

JAN_1, DEC_31 = date(2026, 1, 1), date(2026, 12, 31)


def percent(basis_points):
    return Benefit(id=new_id(), kind=BenefitKind.PERCENT, percent_bp=basis_points)


def a_sum(amount):
    return Benefit(id=new_id(), kind=BenefitKind.SUM, amount=amount)


@pytest.mark.parametrize(
    ("benefit", "line", "taken_off"),
    [
        (percent(5_000), Money(100_000), Money(50_000)),
        (percent(5_000), Money(101), Money(51)),  # 50.5 tiyn, half-up
        (percent(3_333), Money(100), Money(33)),
        (percent(10_000), Money(7), Money(7)),
        (percent(1), Money(4_999), ZERO),
        (a_sum(Money(5_000)), Money(8_000), Money(5_000)),
        (a_sum(Money(5_000)), Money(3_000), Money(3_000)),  # never more than the line
        (a_sum(Money(5_000)), ZERO, ZERO),
    ],
)
def test_a_benefit_takes_off_its_share_or_sum(benefit, line, taken_off):
    """A share is rounded half-up to the tiyn; a sum stops at the line."""
    assert catalog.benefit_amount(benefit, line) == taken_off


@given(st.integers(1, 10_000), st.integers(1, 10**9), st.integers(0, 10**9))
def test_a_benefit_never_takes_more_than_the_line(basis_points, amount, line):
    """Whatever its size, what is left to pay is not negative."""
    for benefit in (percent(basis_points), a_sum(Money(amount))):
        assert ZERO <= catalog.benefit_amount(benefit, Money(line)) <= Money(line)


def test_the_best_benefit_depends_on_the_line():
    """Half of a small line is less than 1,000 tenge, half of a large one is more; equals go by age."""
    half, thousand, another_half = percent(5_000), a_sum(Money.tenge(1_000)), percent(5_000)
    held = [another_half, half, thousand]

    assert catalog.best_benefit(held, Money.tenge(1_500)) is thousand
    assert catalog.best_benefit(held, Money.tenge(3_000)) is half
    assert catalog.best_benefit([], Money.tenge(3_000)) is None


def test_a_code_may_be_defined_anew_after_its_end(session):
    """The day after the last one; both editions stay."""
    first = make_benefit(session, percent_bp=5_000, valid_from=LONG_AGO)
    catalog.end_benefit(session, first.id, valid_to=date(2025, 12, 31))

    second = make_benefit(session, percent_bp=2_500, valid_from=JAN_1)

    assert [each.id for each in catalog.list_benefits(session).items] == [first.id, second.id]
    assert [each.id for each in catalog.list_benefits(session, on=JAN_1).items] == [second.id]


@pytest.mark.parametrize(("valid_from", "valid_to"), [(DEC_31, None), (LONG_AGO, JAN_1), (LONG_AGO, None)])
def test_editions_of_a_code_do_not_overlap(session, valid_from, valid_to):
    """Not even by a day; in whatever case the code is written."""
    make_benefit(session, code="VETERAN", valid_from=JAN_1, valid_to=DEC_31)

    with pytest.raises(BenefitsOverlap) as refusal:
        make_benefit(session, code="veteran", valid_from=valid_from, valid_to=valid_to)

    assert refusal.value.facts == {"benefit": "VETERAN", "valid_from": JAN_1, "valid_to": DEC_31}
    assert session.scalar(select(func.count()).select_from(Benefit)) == 1


def test_an_end_may_come_earlier_but_not_later(session):
    """A later end would give back what was taken."""
    benefit = make_benefit(session, valid_from=JAN_1, valid_to=DEC_31)

    with pytest.raises(BenefitEnded):
        catalog.end_benefit(session, benefit.id, valid_to=date(2027, 1, 1))
    with pytest.raises(EndsBeforeStart):
        catalog.end_benefit(session, benefit.id, valid_to=date(2025, 12, 31))
    assert benefit.valid_to == DEC_31

    assert catalog.end_benefit(session, benefit.id, valid_to=date(2026, 6, 30)).valid_to == date(2026, 6, 30)


@pytest.mark.parametrize(
    ("wrong", "refused", "field"),
    [
        ({"percent_bp": 0}, BenefitNeedsPercentOrSum, "percent_bp"),
        ({"percent_bp": 10_001}, BenefitNeedsPercentOrSum, "percent_bp"),
        ({"percent_bp": None}, BenefitNeedsPercentOrSum, "percent_bp"),
        ({"amount": Money(1)}, BenefitNeedsPercentOrSum, "percent_bp"),
        ({"kind": BenefitKind.SUM}, BenefitNeedsPercentOrSum, "amount"),
        ({"kind": BenefitKind.SUM, "percent_bp": None, "amount": ZERO}, BenefitNeedsPercentOrSum, "amount"),
        ({"code": ""}, InvalidCode, "code"),
        ({"valid_to": date(2019, 1, 1)}, EndsBeforeStart, "valid_to"),
    ],
)
def test_a_wrong_benefit_is_not_defined(session, wrong, refused, field):
    """Percent or sum as the kind says, a code, and an end after the start."""
    benefit = {
        "code": "PENSION",
        "name_kk": "Зейнеткер",
        "name_ru": "Пенсионер",
        "name_en": "Pensioner",
        "kind": BenefitKind.PERCENT,
        "percent_bp": 5_000,
        "decision_number": "1",
        "decision_date": JAN_1,
        "valid_from": JAN_1,
    }

    with pytest.raises(refused) as refusal:
        catalog.define_benefit(session, **benefit | wrong)

    assert refusal.value.facts["field"] == field
    assert session.scalar(select(func.count()).select_from(Benefit)) == 0


def test_a_benefit_of_one_service_is_for_no_other(session):
    """One without a service is for all."""
    enterprise = make_enterprise(session)
    snow, water = (make_service(session, enterprise.id, code=code) for code in ("SNOW", "WATER"))
    for_snow = make_benefit(session, code="A", service_id=snow.id, valid_from=JAN_1, valid_to=DEC_31)
    for_all = make_benefit(session, code="B", valid_from=JAN_1)

    assert catalog.benefit_holds(for_snow, snow.id, JAN_1)
    assert not catalog.benefit_holds(for_snow, water.id, JAN_1)
    assert not catalog.benefit_holds(for_snow, snow.id, date(2027, 1, 1))
    assert catalog.benefit_holds(for_all, water.id, JAN_1)
    with pytest.raises(NotFound):
        make_benefit(session, code="C", service_id=new_id())

"""Benefits: what they take off a line, which of several is the best, and how long they hold."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billing.catalog.codes import check_code
from billing.catalog.models import Benefit, BenefitKind, Service
from billing.catalog.refusals import BenefitEnded, BenefitNeedsPercentOrSum, BenefitsOverlap
from billing.districts.numbering import lock_district
from billing.kernel.checks import check_range, line
from billing.kernel.dates import covers, overlap
from billing.kernel.db import district_of
from billing.kernel.money import BASIS_POINTS, ZERO, Money
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import get_row

SORTS: Sorts = {
    "code": [Benefit.code, Benefit.valid_from, Benefit.id],
    "valid_from": [Benefit.valid_from, Benefit.id],
}


def benefit_amount(benefit: Benefit, amount: Money) -> Money:
    """What a benefit takes off a line: a share, half-up to the tiyn, or a sum, never more than the line.

    Args:
        amount: of the line before the benefit; not negative.
    """
    if benefit.percent_bp is not None:
        return amount.share(benefit.percent_bp, BASIS_POINTS)
    assert benefit.amount is not None, benefit.id
    return min(benefit.amount, amount)


def best_benefit(benefits: Iterable[Benefit], amount: Money) -> Benefit | None:
    """The benefit that takes most off a line; of equals the one defined first. None where there is none.

    Benefits never add up: a person with two of them gets the better one.
    """
    # Ids rise in the order of definition, so equal benefits never change places between two invoices.
    ordered = sorted(benefits, key=lambda benefit: (-benefit_amount(benefit, amount).tiyn, benefit.id))
    return ordered[0] if ordered else None


def define_benefit(
    session: Session,
    *,
    code: str,
    name_kk: str,
    name_ru: str,
    name_en: str,
    kind: BenefitKind,
    decision_number: str,
    decision_date: date,
    valid_from: date,
    valid_to: date | None = None,
    percent_bp: int | None = None,
    amount: Money | None = None,
    service_id: UUID | None = None,
) -> Benefit:
    """Define a discount the district decided on.

    Args:
        percent_bp: basis points off the line, 1 to 10,000; of the kind ``percent`` only.
        amount: off the line; of the kind ``sum`` only.
        service_id: the one service it is for; every service if not given.

    Raises:
        NotFound: no such service.
        InvalidCode, InvalidText, EndsBeforeStart, BenefitNeedsPercentOrSum: a value of the wrong form.
        BenefitsOverlap: the code holds on some of these days already; a new edition follows the old one.
    """
    code = check_code(code, length_max=30)
    check_range(valid_from, valid_to)
    _check_size(kind, percent_bp, amount)
    if service_id is not None:
        get_row(session, Service, service_id, kind="service")
    _refuse_overlap(session, code, valid_from, valid_to)
    benefit = Benefit(
        district_id=district_of(session),
        code=code,
        name_kk=line(name_kk, field="name_kk", length_max=300),
        name_ru=line(name_ru, field="name_ru", length_max=300),
        name_en=line(name_en, field="name_en", length_max=300),
        kind=kind,
        percent_bp=percent_bp,
        amount=amount,
        service_id=service_id,
        decision_number=line(decision_number, field="decision_number", length_max=50),
        decision_date=decision_date,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    session.add(benefit)
    session.flush()
    return benefit


def end_benefit(session: Session, benefit_id: UUID, *, valid_to: date) -> Benefit:
    """Set the last day of a benefit, or an earlier one; it then ends for everybody who holds it.

    Raises:
        NotFound: no such benefit.
        EndsBeforeStart: the last day lies before the first.
        BenefitEnded: it ends on that day or earlier already.
    """
    benefit = get_row(session, Benefit, benefit_id, kind="benefit", lock=True)
    check_range(benefit.valid_from, valid_to)
    if benefit.valid_to is not None and benefit.valid_to <= valid_to:
        raise BenefitEnded(benefit=benefit.code, valid_to=benefit.valid_to)
    benefit.valid_to = valid_to
    session.flush()
    return benefit


def get_benefit(session: Session, benefit_id: UUID) -> Benefit:
    """The benefit with this id.

    Raises:
        NotFound: no such benefit in the district.
    """
    return get_row(session, Benefit, benefit_id, kind="benefit")


def list_benefits(
    session: Session, page: PageRequest = FIRST_PAGE, *, on: date | None = None
) -> Page[Benefit]:
    """Benefits by code, in pages; only those that hold on a day, if one is given."""
    statement = select(Benefit)
    if on is not None:
        statement = statement.where(
            Benefit.valid_from <= on, or_(Benefit.valid_to.is_(None), Benefit.valid_to >= on)
        )
    return page_of(session, statement, SORTS, page)


def benefit_holds(benefit: Benefit, service_id: UUID, day: date) -> bool:
    """Whether a benefit is for a service and holds on a day."""
    return benefit.service_id in (None, service_id) and covers(benefit.valid_from, benefit.valid_to, day)


def _check_size(kind: BenefitKind, percent_bp: int | None, amount: Money | None) -> None:
    if kind is BenefitKind.PERCENT:
        if amount is not None or percent_bp is None or not 1 <= percent_bp <= BASIS_POINTS:
            raise BenefitNeedsPercentOrSum(field="percent_bp")
    elif percent_bp is not None or amount is None or amount <= ZERO:
        raise BenefitNeedsPercentOrSum(field="amount")


def _refuse_overlap(session: Session, code: str, valid_from: date, valid_to: date | None) -> None:
    # There may be no row of this code to lock yet.
    lock_district(session)
    for other in session.scalars(select(Benefit).where(Benefit.code == code)):
        if overlap(valid_from, valid_to, other.valid_from, other.valid_to):
            raise BenefitsOverlap(benefit=code, valid_from=other.valid_from, valid_to=other.valid_to)

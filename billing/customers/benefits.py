"""Benefits that customers hold: granted against a document, ended, and the best one for a line."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.catalog.benefits import benefit_holds, best_benefit, get_benefit
from billing.catalog.models import Benefit
from billing.catalog.refusals import BenefitEnded
from billing.customers.models import Customer, CustomerBenefit
from billing.customers.refusals import BenefitGrantEnded, BenefitGrantsOverlap, CustomerInactive
from billing.kernel.bulk import among
from billing.kernel.checks import check_range, line
from billing.kernel.dates import covers, overlap
from billing.kernel.db import district_of
from billing.kernel.money import Money
from billing.kernel.rows import get_row


def grant_benefit(
    session: Session,
    customer_id: UUID,
    benefit_id: UUID,
    *,
    evidence: str,
    valid_from: date,
    valid_to: date | None = None,
) -> CustomerBenefit:
    """Record that a customer holds a benefit, and the document that proves it.

    Args:
        evidence: kind, number and date of the document.
        valid_to: the last day; the benefit's own end counts as well.

    Raises:
        NotFound: no such customer or benefit.
        CustomerInactive: the customer was taken off the books.
        InvalidText, EndsBeforeStart: a value of the wrong form.
        BenefitEnded: the benefit has ended before that day.
        BenefitGrantsOverlap: the customer holds it on some of these days already.
    """
    customer = get_row(session, Customer, customer_id, kind="customer", lock=True)
    if not customer.is_active:
        raise CustomerInactive(customer=customer.account_number)
    benefit = get_benefit(session, benefit_id)
    evidence = line(evidence, field="evidence", length_max=300)
    check_range(valid_from, valid_to)
    if benefit.valid_to is not None and benefit.valid_to < valid_from:
        raise BenefitEnded(benefit=benefit.code, valid_to=benefit.valid_to)
    for other in list_grants(session, customer_id):
        if other.benefit_id == benefit_id and overlap(valid_from, valid_to, other.valid_from, other.valid_to):
            raise BenefitGrantsOverlap(
                benefit=benefit.code, valid_from=other.valid_from, valid_to=other.valid_to
            )
    grant = CustomerBenefit(
        district_id=district_of(session),
        customer_id=customer_id,
        benefit_id=benefit_id,
        evidence=evidence,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    session.add(grant)
    session.flush()
    return grant


def end_grant(session: Session, grant_id: UUID, *, valid_to: date) -> CustomerBenefit:
    """Set the last day on which a customer holds a benefit, or an earlier one.

    Raises:
        NotFound: no such grant.
        EndsBeforeStart: the last day lies before the first.
        BenefitGrantEnded: it ends on that day or earlier already.
    """
    grant = get_row(session, CustomerBenefit, grant_id, kind="customer_benefit", lock=True)
    check_range(grant.valid_from, valid_to)
    if grant.valid_to is not None and grant.valid_to <= valid_to:
        raise BenefitGrantEnded(valid_to=grant.valid_to)
    grant.valid_to = valid_to
    session.flush()
    return grant


def get_grant(session: Session, grant_id: UUID) -> CustomerBenefit:
    """The customer's benefit with this id.

    Raises:
        NotFound: no such grant in the district.
    """
    return get_row(session, CustomerBenefit, grant_id, kind="customer_benefit")


def list_grants(session: Session, customer_id: UUID) -> list[CustomerBenefit]:
    """Every benefit a customer holds, held or will hold, the oldest first."""
    statement = select(CustomerBenefit).where(CustomerBenefit.customer_id == customer_id)
    return list(session.scalars(statement.order_by(CustomerBenefit.valid_from, CustomerBenefit.id)))


def benefit_on(
    session: Session, customer_id: UUID, service_id: UUID, day: date, *, amount: Money
) -> Benefit | None:
    """The benefit that takes most off a line of a customer on a day; None if he holds none for the service.

    Args:
        amount: of the line before benefits: whether 50 % or 1,000 tenge is more depends on it.
    """
    held = benefits_on(session, [(customer_id, service_id, day)])
    return best_benefit(held[customer_id, service_id, day], amount)


def benefits_on(
    session: Session, wanted: Collection[tuple[UUID, UUID, date]]
) -> dict[tuple[UUID, UUID, date], list[Benefit]]:
    """The benefits that hold for customer, service and day, by these three; an empty list where none does.

    One query however many are wanted; ``best_benefit`` chooses by the line's amount.
    """
    if not wanted:
        return {}
    rows = session.execute(
        select(CustomerBenefit, Benefit)
        .join(Benefit, CustomerBenefit.benefit_id == Benefit.id)
        .where(
            among(session, CustomerBenefit.customer_id, {customer_id for customer_id, _, _ in wanted}),
            CustomerBenefit.valid_from <= max(day for _, _, day in wanted),
        )
    )
    held: dict[UUID, list[tuple[CustomerBenefit, Benefit]]] = {}
    for grant, benefit in rows:
        held.setdefault(grant.customer_id, []).append((grant, benefit))
    return {
        (customer_id, service_id, day): [
            benefit
            for grant, benefit in held.get(customer_id, [])
            if covers(grant.valid_from, grant.valid_to, day) and benefit_holds(benefit, service_id, day)
        ]
        for customer_id, service_id, day in wanted
    }

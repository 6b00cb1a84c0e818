"""When an enterprise is registered for VAT; outside of these times its papers say «Без НДС»."""

from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billing.districts.models import Enterprise, VatRegistration
from billing.districts.refusals import VatRegistrationEnded, VatRegistrationsOverlap
from billing.kernel.checks import check_range, line
from billing.kernel.dates import overlap
from billing.kernel.db import district_of
from billing.kernel.rows import get_row


def register_vat(
    session: Session,
    enterprise_id: UUID,
    *,
    certificate_number: str,
    valid_from: date,
    valid_to: date | None = None,
) -> VatRegistration:
    """Record that the enterprise is registered for VAT from a day on, its last day included.

    Raises:
        NotFound: no such enterprise.
        InvalidText, EndsBeforeStart: a value of the wrong form.
        VatRegistrationsOverlap: it is registered on some of these days already.
    """
    get_row(session, Enterprise, enterprise_id, kind="enterprise", lock=True)
    certificate_number = line(certificate_number, field="certificate_number", length_max=30)
    check_range(valid_from, valid_to)
    for other in list_vat_registrations(session, enterprise_id):
        if overlap(valid_from, valid_to, other.valid_from, other.valid_to):
            raise VatRegistrationsOverlap(valid_from=other.valid_from, valid_to=other.valid_to)
    registration = VatRegistration(
        district_id=district_of(session),
        enterprise_id=enterprise_id,
        certificate_number=certificate_number,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    session.add(registration)
    session.flush()
    return registration


def end_vat(session: Session, registration_id: UUID, *, valid_to: date) -> VatRegistration:
    """Record the last day of a registration that had none.

    Raises:
        NotFound: no such registration.
        VatRegistrationEnded: it has a last day.
        EndsBeforeStart: the last day lies before the first.
    """
    registration = get_row(session, VatRegistration, registration_id, kind="vat_registration", lock=True)
    if registration.valid_to is not None:
        raise VatRegistrationEnded(valid_to=registration.valid_to)
    check_range(registration.valid_from, valid_to)
    registration.valid_to = valid_to
    session.flush()
    return registration


def list_vat_registrations(session: Session, enterprise_id: UUID) -> list[VatRegistration]:
    """An enterprise's registrations for VAT, the oldest first."""
    statement = select(VatRegistration).where(VatRegistration.enterprise_id == enterprise_id)
    return list(session.scalars(statement.order_by(VatRegistration.valid_from)))


def vat_registered(session: Session, enterprise_id: UUID, day: date) -> bool:
    """Whether the enterprise is registered for VAT on a day."""
    holds = select(VatRegistration.id).where(
        VatRegistration.enterprise_id == enterprise_id,
        VatRegistration.valid_from <= day,
        or_(VatRegistration.valid_to.is_(None), VatRegistration.valid_to >= day),
    )
    return session.scalar(holds) is not None

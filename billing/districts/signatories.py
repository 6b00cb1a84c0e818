"""Who signs for an enterprise, by role and day."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import Enterprise, Signatory, SignatoryRole
from billing.kernel.checks import line
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists
from billing.kernel.rows import get_row


def appoint_signatory(
    session: Session,
    enterprise_id: UUID,
    *,
    role: SignatoryRole,
    name: str,
    position_kk: str,
    position_ru: str,
    valid_from: date,
) -> Signatory:
    """Record who signs for the enterprise in a role from a day on, until the next one does.

    Raises:
        NotFound: no such enterprise.
        InvalidText: a value of the wrong form.
        AlreadyExists: somebody was appointed to the role from the same day.
    """
    get_row(session, Enterprise, enterprise_id, kind="enterprise", lock=True)
    same_day = select(Signatory.id).where(
        Signatory.enterprise_id == enterprise_id, Signatory.role == role, Signatory.valid_from == valid_from
    )
    if session.scalar(same_day) is not None:
        raise AlreadyExists(kind="signatory", field="valid_from", value=valid_from)
    signatory = Signatory(
        district_id=district_of(session),
        enterprise_id=enterprise_id,
        role=role,
        name=line(name, field="name", length_max=200),
        position_kk=line(position_kk, field="position_kk", length_max=200),
        position_ru=line(position_ru, field="position_ru", length_max=200),
        valid_from=valid_from,
    )
    session.add(signatory)
    session.flush()
    return signatory


def list_signatories(session: Session, enterprise_id: UUID) -> list[Signatory]:
    """Everybody who was or will be appointed to sign for the enterprise, the earliest first."""
    statement = select(Signatory).where(Signatory.enterprise_id == enterprise_id)
    return list(session.scalars(statement.order_by(Signatory.valid_from, Signatory.id)))


def signatories_on(session: Session, enterprise_id: UUID, day: date) -> dict[SignatoryRole, Signatory]:
    """Who signs for the enterprise on a day, by role; a role nobody holds yet is missing."""
    appointed = list_signatories(session, enterprise_id)
    # The later appointment of a role takes the place of the earlier.
    return {signatory.role: signatory for signatory in appointed if signatory.valid_from <= day}

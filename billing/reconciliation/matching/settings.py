"""How sure the program must be before it books a row by itself: one setting per enterprise."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import Enterprise
from billing.kernel.db import district_of
from billing.kernel.errors import InvalidInput
from billing.kernel.rows import check_version, get_row
from billing.reconciliation.models import MatchingSettings

THRESHOLD_MIN, THRESHOLD_MAX = 61, 100  # no single reason gives more than 60 points
DAYS_AROUND_MAX = 60
DEFAULT_THRESHOLD = 80
DEFAULT_DAYS_AROUND = 5


def settings_of(session: Session, enterprise_id: UUID) -> MatchingSettings:
    """An enterprise's settings; where nobody has changed them, what the program comes with."""
    kept = session.scalar(select(MatchingSettings).where(MatchingSettings.enterprise_id == enterprise_id))
    return kept or MatchingSettings(
        district_id=district_of(session),
        enterprise_id=enterprise_id,
        threshold=DEFAULT_THRESHOLD,
        days_around=DEFAULT_DAYS_AROUND,
        version=1,
    )


def settings_of_known(session: Session, enterprise_id: UUID) -> MatchingSettings:
    """The settings of an enterprise that somebody names.

    Raises:
        NotFound: no such enterprise.
    """
    get_row(session, Enterprise, enterprise_id, kind="enterprise")
    return settings_of(session, enterprise_id)


def change_settings(
    session: Session, enterprise_id: UUID, *, threshold: int, days_around: int, version: int | None = None
) -> MatchingSettings:
    """Say how sure the program must be from now on; what it has booked stays as it is.

    Args:
        threshold: of 100 points; above 60, so that no single reason is ever enough.
        days_around: between a recorded payment and the row that shows it.
        version: of the settings as they were read.

    Raises:
        NotFound: no such enterprise.
        InvalidInput: a value out of its bounds.
        StaleVersion: somebody changed them meanwhile.
    """
    # Locked, so that two first changes do not both make the row.
    get_row(session, Enterprise, enterprise_id, kind="enterprise", lock=True)
    if not THRESHOLD_MIN <= threshold <= THRESHOLD_MAX:
        raise InvalidInput(field="threshold")
    if not 0 <= days_around <= DAYS_AROUND_MAX:
        raise InvalidInput(field="days_around")
    settings = settings_of(session, enterprise_id)
    check_version(settings, version, kind="matching_settings")
    # What the program comes with is version 1; it is kept first, so that the first change is a change too.
    session.add(settings)
    session.flush()
    settings.threshold, settings.days_around = threshold, days_around
    session.flush()
    return settings

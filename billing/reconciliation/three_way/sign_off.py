"""An accountant signs a provider's day off, which freezes it; a sign-off taken back has a reason."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billing.kernel.checks import line
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import get_row
from billing.payments.models import SignedDay
from billing.payments.signed_days import hold_providers, refuse_signed
from billing.reconciliation.three_way.comparison import compare_day
from billing.reconciliation.three_way.differences import differences_of
from billing.reconciliation.three_way.models import DaySignOff, SignOffUndo

SORTS: Sorts = {"-day": (DaySignOff.day, DaySignOff.id)}
REASON_LENGTH_MAX = 300


class DayNotOver(RuleViolation):
    """Payments of a day may come until it is over. Facts: ``day``."""

    code = "day_not_over"


class DayNotReconciled(RuleViolation):
    """The three sums or single payments do not agree, and nobody said why that may be.

    Facts: ``receipts``, ``registry``, ``paid_over``, and the ``count`` of differences.
    """

    code = "day_not_reconciled"


class SignOffUndone(RuleViolation):
    """The sign-off was taken back already. Facts: ``sign_off_id``."""

    code = "sign_off_undone"


def sign_day_off(
    session: Session, provider_id: UUID, day: date, *, today: date, why: str | None = None
) -> DaySignOff:
    """Vouch for a provider's day, and freeze it: nothing of it is matched, undone or booked any more.

    Args:
        today: the district's date; a day is signed only after it is over.
        why: needed where the sums or single payments do not agree.

    Raises:
        NotFound: no such provider.
        DayNotOver: the day is today or still to come.
        DaySignedOff: it is signed already.
        DayNotReconciled: it does not agree, and there is no word of why.
        InvalidText: a word that is too long.
    """
    # Held before anything is read: who settles, books or reverses payments of the day holds the provider too.
    [provider] = hold_providers(session, [provider_id], for_signing=True)
    if day >= today:
        raise DayNotOver(day=day)
    refuse_signed(session, {provider.code: [day]})
    compared = compare_day(session, provider, day)
    differences = differences_of(session, day, day, provider_id=provider_id)
    agrees = not differences and compared.sums_agree
    if not agrees and not (why or "").strip():
        raise DayNotReconciled(
            receipts=compared.receipts.amount,
            registry=compared.registry.amount,
            paid_over=compared.paid_over.amount,
            count=len(differences),
        )
    sign_off = DaySignOff(
        district_id=district_of(session),
        id=new_id(),
        provider_id=provider_id,
        day=day,
        receipt_count=compared.receipts.count,
        receipt_sum=compared.receipts.amount,
        registry_count=compared.registry.count,
        registry_sum=compared.registry.amount,
        credited=compared.paid_over.credited,
        commission=compared.paid_over.commission,
        returned=compared.paid_over.returned,
        difference=compared.paid_over.difference,
        why=None if agrees else line(why or "", field="why", length_max=REASON_LENGTH_MAX),
        signed_by=actor_of(session),
    )
    session.add(sign_off)
    session.flush()
    session.add(
        SignedDay(district_id=sign_off.district_id, provider_id=provider_id, day=day, sign_off_id=sign_off.id)
    )
    session.flush()
    return sign_off


def take_sign_off_back(session: Session, sign_off_id: UUID, *, undone_on: date, reason: str) -> SignOffUndo:
    """Let a signed day be worked on again; the sign-off and the reason are kept.

    Raises:
        NotFound: no such sign-off.
        SignOffUndone: it was taken back already.
        InvalidText: no reason.
    """
    reason = line(reason, field="reason", length_max=REASON_LENGTH_MAX)
    sign_off = get_sign_off(session, sign_off_id)
    hold_providers(session, [sign_off.provider_id])
    freed = session.scalar(
        delete(SignedDay).where(SignedDay.sign_off_id == sign_off_id).returning(SignedDay.day)
    )
    if freed is None:
        raise SignOffUndone(sign_off_id=sign_off_id)
    undo = SignOffUndo(
        district_id=sign_off.district_id,
        sign_off_id=sign_off_id,
        undone_on=undone_on,
        reason=reason,
        recorded_by=actor_of(session),
    )
    session.add(undo)
    session.flush()
    return undo


def get_sign_off(session: Session, sign_off_id: UUID) -> DaySignOff:
    """A sign-off of the district, taken back or not.

    Raises:
        NotFound: no such sign-off.
    """
    return get_row(session, DaySignOff, sign_off_id, kind="sign_off")


def list_sign_offs(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    provider_id: UUID | None = None,
    day: date | None = None,
) -> Page[DaySignOff]:
    """Sign-offs, the latest day first, with those that were taken back.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(DaySignOff)
    if provider_id is not None:
        statement = statement.where(DaySignOff.provider_id == provider_id)
    if day is not None:
        statement = statement.where(DaySignOff.day == day)
    return page_of(session, statement, SORTS, page)


def undos_of(session: Session, sign_off_ids: list[UUID]) -> Mapping[UUID, SignOffUndo]:
    """Why sign-offs were taken back, by their ids."""
    found = session.scalars(select(SignOffUndo).where(SignOffUndo.sign_off_id.in_(sign_off_ids)))
    return {each.sign_off_id: each for each in found}

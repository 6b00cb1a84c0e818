"""Cash desks of an enterprise: where residents pay in cash, and when somebody is there, by weekday."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import groupby, pairwise
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import CashDesk, Enterprise, Opening, Weekday
from billing.districts.refusals import InvalidHours
from billing.kernel.checks import line
from billing.kernel.db import district_of
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import check_version, get_row

NAME_LENGTH_MAX = 200
ADDRESS_LENGTH_MAX = 300
SORTS: Sorts = {"id": [CashDesk.id]}

_WEEK = list(Weekday)

Span = tuple[time, time]


@dataclass(frozen=True, slots=True, kw_only=True)
class CashDeskDetails:
    """What is known of a cash desk; everything of it may be edited."""

    name_kk: str
    name_ru: str
    address_kk: str
    address_ru: str
    hours: Sequence[Opening] = ()


@dataclass(frozen=True, slots=True)
class DaysAlike:
    """Neighbouring days of the week with the same hours; none: nobody is there."""

    first: Weekday
    last: Weekday
    spans: tuple[Span, ...]


def open_cash_desk(session: Session, enterprise_id: UUID, details: CashDeskDetails) -> CashDesk:
    """Let residents know of a cash desk.

    Raises:
        NotFound: no such enterprise.
        InvalidText, InvalidHours: a value of the wrong form.
    """
    get_row(session, Enterprise, enterprise_id, kind="enterprise")
    desk = CashDesk(district_id=district_of(session), enterprise_id=enterprise_id)
    _describe(desk, details)
    session.add(desk)
    session.flush()
    return desk


def edit_cash_desk(
    session: Session, desk_id: UUID, details: CashDeskDetails, *, version: int | None
) -> CashDesk:
    """Write a cash desk's details and hours anew.

    Raises:
        NotFound, StaleVersion: no such cash desk, or somebody edited it meanwhile.
        InvalidText, InvalidHours: a value of the wrong form.
    """
    desk = _editable(session, desk_id, version)
    _describe(desk, details)
    session.flush()
    return desk


def set_cash_desk_open(
    session: Session, desk_id: UUID, *, is_open: bool, version: int | None = None
) -> CashDesk:
    """Give a cash desk up, or take it into use again; residents see only those in use.

    Raises:
        NotFound, StaleVersion: no such cash desk, or somebody edited it meanwhile.
    """
    desk = _editable(session, desk_id, version)
    desk.is_open = is_open
    session.flush()
    return desk


def get_cash_desk(session: Session, desk_id: UUID) -> CashDesk:
    """The cash desk with this id.

    Raises:
        NotFound: the district has none such.
    """
    return get_row(session, CashDesk, desk_id, kind="cash_desk")


def list_cash_desks(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    enterprise_id: UUID | None = None,
    is_open: bool | None = None,
) -> Page[CashDesk]:
    """Cash desks in the order in which they were entered.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(CashDesk)
    if enterprise_id is not None:
        statement = statement.where(CashDesk.enterprise_id == enterprise_id)
    if is_open is not None:
        statement = statement.where(CashDesk.is_open.is_(is_open))
    return page_of(session, statement, SORTS, page)


def week_of(openings: Iterable[Opening]) -> list[DaysAlike]:
    """A week's hours as people write them on a door: Monday to Friday alike, Saturday, Sunday."""
    spans: dict[Weekday, list[Span]] = {weekday: [] for weekday in _WEEK}
    for opening in openings:
        spans[opening.weekday].append((opening.opens_at, opening.closes_at))
    alike = [list(days) for _, days in groupby(_WEEK, key=lambda weekday: spans[weekday])]
    return [DaysAlike(days[0], days[-1], tuple(spans[days[0]])) for days in alike]


def _editable(session: Session, desk_id: UUID, version: int | None) -> CashDesk:
    desk = get_row(session, CashDesk, desk_id, kind="cash_desk", lock=True)
    check_version(desk, version, kind="cash_desk")
    return desk


def _describe(desk: CashDesk, details: CashDeskDetails) -> None:
    # Everything is checked before anything is set: a refused edit leaves the object as it was.
    names = {
        name: line(getattr(details, name), field=name, length_max=length_max)
        for name, length_max in (
            ("name_kk", NAME_LENGTH_MAX),
            ("name_ru", NAME_LENGTH_MAX),
            ("address_kk", ADDRESS_LENGTH_MAX),
            ("address_ru", ADDRESS_LENGTH_MAX),
        )
    }
    hours = _checked(details.hours)
    for name, value in names.items():
        setattr(desk, name, value)
    desk.hours = [[each.weekday.value, f"{each.opens_at:%H:%M}", f"{each.closes_at:%H:%M}"] for each in hours]


def _checked(hours: Iterable[Opening]) -> list[Opening]:
    ordered = sorted(hours, key=lambda each: (_WEEK.index(each.weekday), each.opens_at))
    for each in ordered:
        if each.opens_at >= each.closes_at:
            raise InvalidHours(field="hours", weekday=each.weekday)
    for one, next_ in pairwise(ordered):
        if one.weekday is next_.weekday and next_.opens_at < one.closes_at:
            raise InvalidHours(field="hours", weekday=one.weekday)
    return ordered

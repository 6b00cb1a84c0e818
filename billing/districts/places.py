"""The classifier's places in the database: taking in an edition of it, and finding a place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billing.districts.kato import KatoRow
from billing.districts.models import KatoPlace
from billing.kernel.alphabet import fold
from billing.kernel.db import insert_into
from billing.kernel.errors import NotFound
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of

SORTS: Sorts = {"code": [KatoPlace.code]}

_WORDS_MAX = 5  # of a search; more would only cost time


@dataclass(frozen=True, slots=True)
class PlacesImported:
    """What taking in an edition of the classifier did.

    Attributes:
        added: places not known before.
        renamed: known places with another name or another place above them.
        unchanged: places that were so already, and those a newer edition has described since.
    """

    added: int
    renamed: int
    unchanged: int


def import_places(session: Session, rows: Iterable[KatoRow], edition: date) -> PlacesImported:
    """Take in the places of an edition of the classifier; the same edition again changes nothing.

    A place that the edition no longer names stays: papers point to it. A newer edition's names are not
    overwritten by an older one, and a list without Kazakh names does not take them away.

    Args:
        edition: the date of the classifier, ``2022-10-17``.
    """
    known = {place.code: place for place in session.execute(select(*_COLUMNS))}
    added, renamed, confirmed, unchanged = [], [], [], 0
    for row in rows:
        old = known.get(row.code)
        new = _values(row, edition, old.name_kk if old else None)
        if old is None:
            added.append(new)
        elif old.edition > edition:
            unchanged += 1
        elif (old.parent_code, old.name_kk, old.name_ru) != (
            new["parent_code"],
            new["name_kk"],
            new["name_ru"],
        ):
            renamed.append(new)
        elif old.edition < edition:
            confirmed.append(new)
        else:
            unchanged += 1
    _write(session, added + renamed + confirmed)
    return PlacesImported(len(added), len(renamed), unchanged + len(confirmed))


def get_place(session: Session, code: str) -> KatoPlace:
    """The place with this code.

    Raises:
        NotFound: the classifier taken in does not have it.
    """
    place = session.get(KatoPlace, code)
    if place is None:
        raise NotFound(kind="place", id=code)
    return place


def list_places(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    parent_code: str | None = None,
    search: str | None = None,
    rural_districts_only: bool = False,
) -> Page[KatoPlace]:
    """Places by code, in pages.

    Args:
        parent_code: only those directly in this place.
        search: a code's beginning, or words of a name in either language, Kazakh letters or not.
        rural_districts_only: only places of the level on which a district may be opened.
    """
    statement = select(KatoPlace)
    if parent_code is not None:
        statement = statement.where(KatoPlace.parent_code == parent_code)
    for word in fold(search or "").split()[:_WORDS_MAX]:
        statement = statement.where(
            or_(
                KatoPlace.name_folded.contains(word, autoescape=True),
                KatoPlace.code.startswith(word, autoescape=True),
            )
        )
    if rural_districts_only:
        statement = statement.where(KatoPlace.code.like("______000"), KatoPlace.code.not_like("____00000"))
    return page_of(session, statement, SORTS, page)


_COLUMNS = (
    KatoPlace.code,
    KatoPlace.parent_code,
    KatoPlace.name_kk,
    KatoPlace.name_ru,
    KatoPlace.edition,
)


def _values(row: KatoRow, edition: date, known_name_kk: str | None) -> Mapping[str, Any]:
    name_kk = row.name_kk or known_name_kk
    return {
        "code": row.code,
        "parent_code": row.parent_code,
        "name_kk": name_kk,
        "name_ru": row.name_ru,
        "name_folded": fold(f"{name_kk or ''} {row.name_ru}"),
        "edition": edition,
    }


def _write(session: Session, places: list[Mapping[str, Any]]) -> None:
    if not places:
        return
    insert = insert_into(session, KatoPlace)
    new = insert.excluded
    # Two offices may take in the same list at once: the second finds the places and writes them again.
    session.execute(
        insert.on_conflict_do_update(
            index_elements=[KatoPlace.code],
            set_={
                "parent_code": new.parent_code,
                "name_kk": new.name_kk,
                "name_ru": new.name_ru,
                "name_folded": new.name_folded,
                "edition": new.edition,
            },
            where=new.edition >= KatoPlace.edition,
        ),
        places,
    )
    session.expire_all()

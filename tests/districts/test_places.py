"""The classifier in the database: an edition is taken in once, and places are found in either language."""

import os
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import event, select

from billing.districts.kato import KatoRow, read_kato
from billing.districts.models import KatoPlace
from billing.districts.places import PlacesImported, get_place, import_places, list_places
from billing.kernel.errors import NotFound
from billing.kernel.paging import PageRequest
from tests.support.districts import CLASSIFIER, DISTRICT_KATO

SHARED = Path(os.environ.get("AUYL_SHARED", Path(__file__).parents[3] / "shared"))
FULL_FILE = SHARED / "data" / "kato_2022.csv"
LATER = date(2024, 1, 1)
REGION, VILLAGE = "470000000", "473639100"
SARGA = [
    KatoRow("473637000", "470000000", "Сарға ауылдық округі", "Саргинский с.о."),
    KatoRow("473637100", "473637000", "Сарға ауылы", "с.Сарга"),
]


def place_names(session, *codes):
    rows = session.execute(select(KatoPlace.code, KatoPlace.name_kk, KatoPlace.name_ru))
    return {code: (kk, ru) for code, kk, ru in rows if code in codes}


def test_the_same_edition_again_changes_nothing(session):
    """The second time every place is there as it was."""
    assert import_places(session, SARGA, CLASSIFIER) == PlacesImported(added=2, renamed=0, unchanged=0)
    assert import_places(session, SARGA, CLASSIFIER) == PlacesImported(added=0, renamed=0, unchanged=2)


def test_a_later_edition_renames_and_keeps_the_kazakh_name(session):
    """A list with Russian names only does not take the Kazakh one away."""
    import_places(session, SARGA, CLASSIFIER)

    done = import_places(session, [KatoRow("473637100", "473637000", None, "с.Сарга-2"), *SARGA[:1]], LATER)

    assert done == PlacesImported(added=0, renamed=1, unchanged=1)
    assert get_place(session, "473637100").name_ru == "с.Сарга-2"
    assert get_place(session, "473637100").name_kk == "Сарға ауылы"
    assert get_place(session, "473637000").edition == LATER


def test_an_older_edition_does_not_undo_a_newer_one(session):
    """Whoever imports last year's list by mistake changes no name."""
    import_places(session, [KatoRow("473637100", "473637000", "Жаңа", "Новое")], LATER)

    done = import_places(session, SARGA, CLASSIFIER)

    assert done == PlacesImported(added=1, renamed=0, unchanged=1)
    assert get_place(session, "473637100").name_ru == "Новое"


def test_places_are_found_by_code_name_and_parent(session):
    """Kazakh letters and case do not matter; a code's beginning finds what lies under it."""
    import_places(session, SARGA, CLASSIFIER)

    def found(**wanted):
        return [place.code for place in list_places(session, **wanted).items]

    assert found(search="сарга ауыл") == ["473637000", "473637100"]
    assert found(search="САРҒА с.сарга") == ["473637100"]
    assert found(search="473637") == ["473637000", "473637100"]
    assert found(search="%") == []
    assert found(parent_code="473637000") == ["473637100"]
    assert found(search="сарга", rural_districts_only=True) == ["473637000"]


def test_places_come_in_pages_by_code(session):
    """Each page goes on after the one before; the last one says so."""
    import_places(session, SARGA, CLASSIFIER)

    first = list_places(session, PageRequest(limit=1), search="сарга")
    second = list_places(session, PageRequest(first.next_cursor, limit=1), search="сарга")

    assert [place.code for place in first.items + second.items] == ["473637000", "473637100"]
    assert second.next_cursor is None


def test_an_unknown_place_is_not_found(session):
    """The refusal names the code."""
    with pytest.raises(NotFound) as refusal:
        get_place(session, "999999000")

    assert refusal.value.facts == {"kind": "place", "id": "999999000"}


def whole_classifier():
    """The edition of 2022, or as many places of the same shape where the list is not at hand."""
    if FULL_FILE.exists():
        with FULL_FILE.open("rb") as stream:
            return read_kato(stream).rows
    villages = [KatoRow(f"{code:07d}00", None, None, f"с.{code}") for code in range(1_100_001, 1_116_262)]
    return (*villages, *(KatoRow(code, None, None, "с.") for code in (REGION, DISTRICT_KATO, VILLAGE)))


def test_the_whole_classifier_takes_a_handful_of_statements(session):
    """16,264 places are added, and found unchanged the second time, without a query for each."""
    rows = whole_classifier()
    statements = []
    event.listen(session.connection(), "before_cursor_execute", lambda *call: statements.append(call[2]))

    first = import_places(session, rows, CLASSIFIER)
    second = import_places(session, rows, CLASSIFIER)

    assert (first.added, first.renamed + first.unchanged) == (16_261, 3)  # the test district's own three
    assert second == PlacesImported(added=0, renamed=0, unchanged=16_264)
    assert len(statements) < 50  # the drivers send about 400 rows at once

"""The KATO reader: both published forms, where each place lies, and problems with their row and column."""

import csv
import io
import os
from pathlib import Path

import pytest
from openpyxl import Workbook

from billing.districts.kato import KatoProblem, KatoRow, ancestors, is_rural_district, read_kato

SHARED = Path(os.environ.get("AUYL_SHARED", Path(__file__).parents[3] / "shared"))
FULL_FILE = SHARED / "data" / "kato_2022.csv"
EXCEL_HEADINGS = ["te", "ab", "cd", "ef", "hij", "k", "name_kaz", "name_rus", "nn"]
BORANKUL = """id;parent_id;code;name
1;0;470000000;Мангистауская область
2;1;473600000;Бейнеуский район
3;2;473639000;Боранкульская с.а.
4;3;473639100;с.Боранкул
5;4;473639102;"с.Тестовое; запасное"
"""


def read_csv(text: str, encoding: str = "utf-8-sig"):
    return read_kato(io.BytesIO(text.encode(encoding)))


def read_excel(*rows, headings=EXCEL_HEADINGS):
    workbook = Workbook()
    for row in (headings, *rows):
        workbook.active.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    stream.seek(0)
    return read_kato(stream)


def synthetic_classifier() -> bytes:
    """As many rows as the classifier of 2022, of the same shape: for machines without the list."""
    regions = [f"{region}" for region in range(10, 30)]
    districts = [f"{region}{district}" for region in regions for district in range(10, 20)]
    codes = [place.ljust(9, "0") for place in regions + districts]
    for rural in range(30, 42):
        for settlement in ("000", "100", "101", "102", "200", "201", "300"):
            codes += [f"{district}{rural}{settlement}" for district in districts]
    rows = [f";;{code};место {code}" for code in codes[:16_264]]
    return "\n".join(["id;parent_id;code;name", *rows]).encode("utf-8-sig")


def test_the_public_csv_gives_russian_names_and_the_place_above():
    """Each place lies in the one its code begins with; Kazakh names are unknown there."""
    reading = read_csv(BORANKUL)

    assert reading.problems == ()
    assert reading.rows == (
        KatoRow("470000000", None, None, "Мангистауская область"),
        KatoRow("473600000", "470000000", None, "Бейнеуский район"),
        KatoRow("473639000", "473600000", None, "Боранкульская с.а."),
        KatoRow("473639100", "473639000", None, "с.Боранкул"),
        KatoRow("473639102", "473639100", None, "с.Тестовое; запасное"),
    )


def test_the_official_excel_gives_both_names():
    """Codes may be numbers or text, and the parts may have lost their leading zeros."""
    reading = read_excel(
        [470000000, 47, 0, 0, 0, 0, "Маңғыстау облысы", "Мангистауская область", 1],
        ["473639000", "47", "36", "39", "000", "0", "Боранқұл а.ә.", "Боранкульская с.а.", 2],
        [473639100.0, 47, 36, 39, 100, 0, None, "с.Боранкул", None],
        [None] * 9,
    )

    assert reading.problems == ()
    assert reading.rows == (
        KatoRow("470000000", None, "Маңғыстау облысы", "Мангистауская область"),
        KatoRow("473639000", "470000000", "Боранқұл а.ә.", "Боранкульская с.а."),
        KatoRow("473639100", "473639000", None, "с.Боранкул"),
    )


def test_the_order_of_rows_does_not_matter():
    """A place may stand above the one it lies in."""
    heading, *rows = BORANKUL.splitlines()
    reading = read_csv("\n".join([heading, *reversed(rows)]))

    assert reading.problems == ()
    assert {row.code: row.parent_code for row in reading.rows}["473639102"] == "473639100"


def test_a_town_without_a_district_of_its_own_lies_in_the_next_place_above():
    """No row 113820000 exists in the classifier, so Atbasar lies in its district."""
    reading = read_csv("code,name\n110000000,обл.\n113800000,район\n113820100,г.Атбасар\n")

    assert reading.rows[-1] == KatoRow("113820100", "113800000", None, "г.Атбасар")
    assert list(ancestors("114543380")) == ["114543300", "114543000", "114500000", "110000000"]
    assert list(ancestors("101010000")) == ["101000000", "100000000"]


def test_every_problem_is_told_with_its_row_and_column():
    """Wrong rows are left out and named; sound rows are read all the same."""
    reading = read_csv(
        "code;name\n470000000;область\n47360000;район\n;село\n473600000; \n470000000;опять\n"
        "100100100;сирота\n47З600000;буква З\n\n473639000;Боранкульская с.а.\n"
    )

    assert [row.code for row in reading.rows] == ["470000000", "473639000"]
    assert reading.problems == (
        KatoProblem(3, "code", "kato.wrong_code", "47360000"),
        KatoProblem(4, "code", "kato.row_without_code"),
        KatoProblem(5, "name_ru", "kato.row_without_name"),
        KatoProblem(6, "code", "kato.repeated_code", "470000000"),
        KatoProblem(7, "code", "kato.unknown_parent", "100100100"),
        KatoProblem(8, "code", "kato.wrong_code", "47З600000"),
    )


def test_a_code_that_differs_from_its_parts_is_a_problem():
    """The Excel file says each code twice; where they differ somebody edited it."""
    reading = read_excel([470000000, 47, 0, 0, 1, 0, "x", "Мангистауская область", 1])

    assert reading.rows == ()
    assert reading.problems == (KatoProblem(2, "code", "kato.code_and_parts_differ", "470000000"),)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", KatoProblem(0, None, "kato.unreadable")),
        (b"PK\x03\x04 not a workbook", KatoProblem(0, None, "kato.unreadable")),
        ("code;name\n1;ә".encode("utf-16"), KatoProblem(0, None, "kato.unreadable")),
        (b"id;title\n1;2\n", KatoProblem(1, None, "kato.missing_columns", "code, name_ru")),
        (b"code;name\n1;" + b"x" * 200_000, KatoProblem(0, None, "kato.unreadable")),
    ],
)
def test_a_file_that_is_no_classifier_gives_one_problem(content, problem):
    """Nothing is read from it, and nothing breaks."""
    reading = read_kato(io.BytesIO(content))

    assert reading.rows == ()
    assert reading.problems == (problem,)


@pytest.mark.parametrize(
    ("code", "is_one"),
    [("473639000", True), ("473600000", False), ("473639100", False), ("470000000", False)],
)
def test_rural_districts_are_known_by_their_code(code, is_one):
    """EF is given and HIJ is not."""
    assert is_rural_district(code) is is_one


def test_the_whole_classifier_is_read():
    """All 16,264 rows are sound; where the list is at hand, its own tree equals the one the codes give."""
    published = FULL_FILE.read_bytes() if FULL_FILE.exists() else synthetic_classifier()

    reading = read_kato(io.BytesIO(published))

    assert reading.problems == ()
    assert len(reading.rows) == len({row.code for row in reading.rows}) == 16_264
    assert sum(row.parent_code is None for row in reading.rows) == 20
    listed = list(csv.DictReader(io.StringIO(published.decode("utf-8-sig")), delimiter=";"))
    codes = {row["id"]: row["code"] for row in listed if row["id"]}
    for read, row in zip(reading.rows, listed, strict=True):
        assert row["parent_id"] in {"", "0"} or read.parent_code == codes[row["parent_id"]]


def test_the_stand_in_for_the_classifier_has_its_shape():
    """Machines without the published list test as many rows."""
    reading = read_kato(io.BytesIO(synthetic_classifier()))

    assert reading.problems == ()
    assert len(reading.rows) == 16_264
    assert sum(is_rural_district(row.code) for row in reading.rows) == 2_400

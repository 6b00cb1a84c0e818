"""The arithmetic of `docs/scale.md` is what its measured figures come to."""

import json
import re

import pytest

from tests.bench.arithmetic import PLACES, Load, Measured, computed_table, measured_table
from tests.house.sources import ROOT

DOCUMENT = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


@pytest.fixture
def measured():
    """The figures that stand in the document, as the command printed them."""
    [figures] = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    return Measured(**json.loads(figures))


def test_the_tables_are_those_of_the_figures(measured):
    """Neither a measured nor a computed table was edited by hand, nor left behind by a change."""
    assert measured_table(measured) in DOCUMENT
    assert computed_table(measured) in DOCUMENT


def test_the_country_is_what_the_plan_says(measured):
    """2,300 districts, two million households, 24 million invoices a year, and rows from what one takes."""
    country = Load(PLACES[-1], measured)
    assert (country.place.districts, country.place.households) == (2_300, 2_000_000)
    assert country.invoices == 24_000_000
    assert country.rows == 24_000_000 * (measured.invoice_rows + measured.stated_rows)
    assert Load(PLACES[1], measured).place.districts == 150


def test_files_and_commands_that_the_document_names_are_there():
    """Whoever follows it finds them."""
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", DOCUMENT))
    assert len(named) >= 4
    assert [name for name in named if not (ROOT / name).exists()] == []

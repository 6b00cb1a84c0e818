"""Printing and carrying out a run: the order people walk in, one file, and the list to tick off."""

import io
import re

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from billing.invoicing.runs.delivery import deliveries, delivery_list, house_key
from billing.invoicing.runs.documents import NothingToPrint, print_run
from billing.kernel.money import total
from billing.kernel.reporting import to_xlsx
from tests.support.customers import make_charge, make_contract, make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.village import bill_here, make_village
from tests.support.workbooks import first_sheet

# As they are registered; the walk is Абай 2, 10, 10а, 10б кв. 2, 10б кв. 12, then Ыбырай, Әуезов in the
# alphabet's order, and last of a street the house without a number.
REGISTERED = [
    ("Ыбырай", "1", ""),
    ("Абай", "10б", "12"),
    ("Абай", "10", ""),
    ("Абай", "б/н", ""),
    ("Әуезов", "3", ""),
    ("Абай", "2", ""),
    ("Абай", "10б", "2"),
    ("Абай", "10а", ""),
]
WALK = [5, 2, 7, 6, 1, 3, 4, 0]


@pytest.fixture
def village(session):
    """A village without contracts."""
    return make_village(session)


def settle(session, village):
    """Somebody with water in every house; their names are the numbers in which they registered."""
    for number, (street, house, flat) in enumerate(REGISTERED):
        customer = make_customer(
            session, number + 1, name=f"Тұрғын {number}", street=street, house=house, flat=flat
        )
        make_charge(session, make_contract(session, village.enterprise.id, customer.id), village.water.id)


@pytest.mark.parametrize(
    "walk",
    [
        ["1", "2", "10", "10а", "10б", "11", "110"],
        ["7", "7/1", "7/2", "7/10", "8"],
        ["1", "12А", "12б", "99", "", "б/н"],
    ],
)
def test_houses_are_in_the_order_people_walk(walk):
    """Numbers by their size, letters after the bare number in any case, what has no number last."""
    mixed = [*walk[3:], *walk[:3]]
    assert sorted(mixed, key=house_key) == walk


def test_a_run_is_printed_in_the_order_of_delivery(session, village):
    """Village, street in the Kazakh alphabet, house, flat; each page is that customer's invoice."""
    settle(session, village)
    run = bill_here(session, village)

    file = PdfReader(io.BytesIO(print_run(session, run.id)))

    printed = [int(re.search(r"Тұрғын (\d)", page.extract_text())[1]) for page in file.pages]
    assert printed == WALK
    assert len(PdfReader(io.BytesIO(print_run(session, run.id, two_up=True))).pages) == 4


def test_the_list_to_tick_off_has_the_same_order(session, village):
    """Every invoice with its address, name and sum, an empty cell to tick, and the sum of all."""
    settle(session, village)
    run = bill_here(session, village)

    carried = deliveries(session, run.id)
    sheet = load_workbook(io.BytesIO(to_xlsx(delivery_list(run, carried), "ru"))).worksheets[0]

    assert [each.name for each in carried] == [f"Тұрғын {number}" for number in WALK]
    assert total(each.total for each in carried) == run.total
    heads = [cell.value for cell in sheet[3]]
    assert heads == ["Село", "Улица", "Дом", "Кв.", *heads[4:8], "Доставлено", "Примечание"]
    assert [cell.value for cell in sheet[6]][1:3] == ["Абай", "10а"]
    assert [cell.value for cell in sheet[4]][8] is None
    assert sheet.max_row == 3 + len(WALK) + 1


def test_a_run_without_invoices_has_nothing_to_print(session, village):
    """That is said rather than an empty file made."""
    run = bill_here(session, village)

    with pytest.raises(NothingToPrint):
        print_run(session, run.id)


def test_the_file_and_the_list_over_http(office):
    """PDF and spreadsheet come; who has no invoices to print is told so."""
    with office.sessions.begin(DISTRICT_ID) as session:
        village = make_village(session)
        empty = bill_here(session, village)
        settle(session, village)
        run = bill_here(session, village)

    path = f"/api/v1/billing-runs/{run.id}"
    paper = office.get(f"{path}/print-file?two_up=true")
    assert (paper.status_code, paper.content_type, paper.data[:5]) == (200, "application/pdf", b"%PDF-")
    assert len(PdfReader(io.BytesIO(paper.data)).pages) == 4
    sheet = first_sheet(office.get(f"{path}/delivery-list.xlsx"))
    assert sheet.max_row == 3 + len(WALK) + 1
    refused = office.get(f"/api/v1/billing-runs/{empty.id}/print-file")
    assert (refused.status_code, refused.json["code"]) == (422, "nothing_to_print")

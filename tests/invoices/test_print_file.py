"""Many invoices in one file: in order, fonts embedded once, two to a sheet for the knife."""

import io
import re
from dataclasses import replace

import pytest
from pypdf import PdfReader

from invoices import invoice, print_file
from invoices.values import LocalText
from tests.invoices.samples import make_invoice

FOREIGN = "Ångström"  # letters outside the shared subset


def make_invoices(count, **changes):
    """Invoices numbered from 1."""
    return [make_invoice(number=f"{number:06d}", **changes) for number in range(1, count + 1)]


def printed(documents, **options):
    """The file, read again."""
    return PdfReader(io.BytesIO(print_file.render(documents, title="invoices", language="kk", **options)))


def numbers_on(page):
    """The numbers of the invoices whose titles stand on a page, from left to right."""
    return re.findall(r"№ ?(\d{6})", page.extract_text())


def test_invoices_follow_each_other_in_the_order_given():
    """Three invoices are three pages with what each says by itself, and one pair of fonts."""
    documents = make_invoices(3)

    file = printed(iter(documents))

    alone = [PdfReader(io.BytesIO(invoice.render(each))).pages[0].extract_text() for each in documents]
    assert [page.extract_text() for page in file.pages] == alone
    fonts = {
        str(font.indirect_reference) for page in file.pages for font in page["/Resources"]["/Font"].values()
    }
    assert len(fonts) <= 3
    assert file.metadata.title == "invoices"


def test_an_invoice_of_several_pages_keeps_its_own_numbers():
    """A long invoice between two short ones: its pages count from one, theirs are not numbered."""
    documents = make_invoices(3)
    documents[1] = make_invoice(60, number="000002")

    file = printed(documents)

    pages = [page.extract_text() for page in file.pages]
    long = len(PdfReader(io.BytesIO(invoice.render(documents[1]))).pages)
    assert len(pages) == 2 + long and long > 1
    assert f"1 / {long}" in pages[1].replace("из", "/") or str(long) in pages[1]


@pytest.mark.parametrize(("count", "sheets"), [(1, [[1]]), (4, [[1, 3], [2, 4]]), (5, [[1, 4], [2, 5], [3]])])
def test_two_to_a_sheet_are_laid_for_one_cut(count, sheets):
    """Left halves are the first part of the walk, right halves the rest: one pile goes under the other."""
    file = printed(make_invoices(count), two_up=True)

    found = [list(dict.fromkeys(int(number) for number in numbers_on(page))) for page in file.pages]
    assert found == sheets
    assert [float(edge) for edge in file.pages[0].mediabox[2:]] == [841.89, 595.28]


def test_equal_documents_make_equal_files():
    """On any day, in any process."""
    one, two = (
        print_file.render(make_invoices(2), title="invoices", language="kk", two_up=True) for _ in range(2)
    )

    assert one == two


def test_letters_outside_of_the_shared_font_are_printed_too():
    """A foreign name on the second invoice does not disturb the first."""
    documents = make_invoices(1)
    stranger = replace(documents[0].buyer, name=LocalText.same(FOREIGN))
    documents.append(replace(documents[0], number="000002", buyer=stranger))

    first, second = printed(documents).pages

    assert FOREIGN in second.extract_text() and FOREIGN not in first.extract_text()


def test_an_enterprise_and_its_bank_may_have_letters_outside_of_the_shared_font():
    """What stands on all its invoices is readable on each, alone and in one file."""
    documents = make_invoices(3)
    supplier = replace(documents[0].supplier, name=LocalText.same(FOREIGN))
    bank = replace(documents[0].bank, bank_name=LocalText.same(f"{FOREIGN} Bank"))
    documents = [replace(each, supplier=supplier, bank=bank) for each in documents]

    pages = [*printed(documents).pages, PdfReader(io.BytesIO(invoice.render(documents[2]))).pages[0]]

    for page in pages:
        text = page.extract_text()
        assert text.count(FOREIGN) == 4  # beneficiary, its bank, supplier in two languages
        assert f"{FOREIGN} Bank" in text


def test_many_invoices_cost_a_page_each():
    """A hundred invoices with two lines each embed no more font than one; a page takes a few kilobytes."""
    one, hundred = (
        len(print_file.render(make_invoices(count), title="invoices", language="kk")) for count in (1, 100)
    )

    assert (hundred - one) / 99 < 10_000

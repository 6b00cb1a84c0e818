"""The QR code on the paper is the code of the payload, module by module."""

import re

import pytest
import segno

from invoices import invoice, qr
from tests.invoices.paper import read
from tests.invoices.samples import make_invoice

LINK = "https://pay.example.kz/auyl?account=4736390000174&sum=10900.00"


def drawn_modules(operators: str) -> set[tuple[int, int]]:
    """The dark modules (column, row) that PDF operators fill."""
    return {
        (int(x) + step, int(y))
        for x, y, length in re.findall(r"^(\d+) (\d+) (\d+) 1 re$", operators, re.MULTILINE)
        for step in range(int(length))
    }


def dark_modules(payload: str) -> set[tuple[int, int]]:
    code = segno.make_qr(payload, error="m", mode="byte", mask=2, boost_error=False)
    return {(x, y) for y, row in enumerate(code.matrix) for x, dark in enumerate(row) if dark}


@pytest.mark.parametrize("payload", ["A", LINK, "x" * 600])
def test_the_path_fills_the_dark_modules_and_no_other(payload):
    """Runs of modules together are exactly the code's dark modules."""
    assert drawn_modules(qr.path(payload, 10, 20, 80)) == dark_modules(payload)


@pytest.mark.parametrize("length", [*range(1, 45), 62, 63, 84, 85, 106, 107, 122, 123, 152, 153, 180, 181])
def test_every_length_makes_the_code_that_the_library_makes(length):
    """Around each size's limit and below: the bits worked out here are those of the library."""
    payload = "".join(chr(33 + 7 * place % 94) for place in range(length))
    code = segno.make_qr(payload, error="m", mode="byte", mask=2, boost_error=False)

    assert qr.matrix(payload) == tuple("".join(map(str, row)) for row in code.matrix)


def test_the_code_lies_inside_its_square_with_the_quiet_border():
    """Four modules of white remain on each side of the square."""
    count = len(qr.matrix(LINK))
    module = 80 / (count + 8)

    start = qr.path(LINK, 10, 20, 80).splitlines()[0]

    scale, _, _, flipped, left, top, _ = start.removeprefix("q ").split()
    assert float(scale) == -float(flipped) == pytest.approx(module, abs=1e-4)
    assert float(left) == pytest.approx(10 + 4 * module, abs=1e-3)
    assert float(top) == pytest.approx(100 - 4 * module, abs=1e-3)


def test_an_invoice_carries_the_code_of_its_link():
    """The code drawn on the page is that of the payment link; without a link there is none."""
    page = read(invoice.render(make_invoice(payment_link=LINK))).pages[0].get_contents().get_data()
    bare = read(invoice.render(make_invoice(payment_link=""))).pages[0].get_contents().get_data()

    assert drawn_modules(page.decode("ascii")) == dark_modules(LINK)
    assert drawn_modules(bare.decode("ascii")) == set()


@pytest.mark.parametrize("payload", ["", "төлем", "x" * 5000])
def test_impossible_payloads_are_refused(payload):
    """Nothing, Cyrillic, and more than a code can hold."""
    with pytest.raises(ValueError):
        qr.matrix(payload)

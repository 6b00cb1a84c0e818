"""The QR code on the paper is the code of the payload, module by module."""

import re

import pytest
import segno

from invoices import invoice, qr
from tests.invoices.paper import read
from tests.invoices.samples import make_invoice

LINK = "https://pay.example.kz/auyl?account=4736390000174&sum=10900.00"


IMAGE = re.compile(
    r"^q (\S+) 0 0 (\S+) (\S+) (\S+) cm\nBI /W (\d+) /H (\d+) (.*) ID\n([0-9a-f]+)>\nEI Q$", re.MULTILINE
)


def drawn_modules(operators: str) -> set[tuple[int, int]]:
    """The dark modules (column, row) of the image in PDF operators."""
    found = set()
    for *_, width, height, _, rows in IMAGE.findall(operators):
        pitch = 2 * ((int(width) + 7) // 8)  # in hexadecimal
        assert len(rows) == pitch * int(height)
        for y in range(int(height)):
            bits = f"{int(rows[pitch * y : pitch * (y + 1)], 16):0{4 * pitch}b}"
            found |= {(x, y) for x, bit in enumerate(bits) if bit == "1"}
    return found


def dark_modules(payload: str) -> set[tuple[int, int]]:
    code = segno.make_qr(payload, error="m", mode="byte", mask=2, boost_error=False)
    return {(x, y) for y, row in enumerate(code.matrix) for x, dark in enumerate(row) if dark}


@pytest.mark.parametrize(
    "length", [*range(1, 45), 62, 63, 84, 85, 106, 107, 122, 123, 152, 153, 180, 181, 600]
)
def test_every_length_makes_the_code_that_the_library_makes(length):
    """Around each size's limit, below and above: the bits worked out here are those of the library."""
    payload = "".join(chr(33 + 7 * place % 94) for place in range(length))

    assert drawn_modules(qr.image(payload, 10, 20, 80)) == dark_modules(payload)


def test_the_image_is_a_sharp_mask_inside_its_square_with_the_quiet_border():
    """Four modules of white remain on each side; ones are painted, and nobody is asked to smooth them."""
    ((across, along, left, low, width, height, how, _),) = IMAGE.findall(qr.image(LINK, 10, 20, 80))

    module = 80 / (int(width) + 8)
    assert width == height
    assert float(across) == float(along) == pytest.approx(int(width) * module, abs=1e-3)
    assert float(left) == pytest.approx(10 + 4 * module, abs=1e-3)
    assert float(low) == pytest.approx(20 + 4 * module, abs=1e-3)
    assert how == "/IM true /D [1 0] /F /AHx"


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
        qr.modules(payload)

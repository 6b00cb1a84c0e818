"""Reads a rendered document back: its text, and where every piece of text stands on the paper."""

import io
import re
from dataclasses import dataclass

from pypdf import PdfReader

from invoices.fonts import _CHARACTERS, faces

_SHOWN = re.compile(rb"BT (?:/(F\d) ([\d.]+) Tf )?([-\d.]+) ([-\d.]+) Td <([0-9a-f]*)> Tj ET")
_WEIGHTS = {b"F1": "regular", b"F2": "bold"}


@dataclass(frozen=True)
class Piece:
    """A line of text with its box, in points from the lower left corner."""

    text: str
    left: float
    right: float
    low: float
    high: float

    def overlaps(self, other: "Piece") -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        along = min(self.high, other.high) - max(self.low, other.low)
        return across > 0.5 and along > 0.5


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def pages(pdf: bytes) -> list[str]:
    """The text of every page as a reader copies it, spaces of all kinds made one."""
    return [" ".join(page.extract_text().split()) for page in read(pdf).pages]


def whole_text(pdf: bytes) -> str:
    return " ".join(pages(pdf))


def pieces(pdf: bytes, page: int) -> list[Piece]:
    """Every text of a page from its drawing operators."""
    found = []
    weight, size = "regular", 0.0
    for font, points, x, y, code in _SHOWN.findall(read(pdf).pages[page].get_contents().get_data()):
        if font:
            weight, size = _WEIGHTS[font], float(points)
        text = "".join(_CHARACTERS[byte - 0x20] for byte in bytes.fromhex(code.decode()))
        width = faces()[weight].measure(text) * size / 1000
        left, base = float(x), float(y)
        found.append(Piece(text, left, left + width, base - 0.18 * size, base + 0.7 * size))
    return found

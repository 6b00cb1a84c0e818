"""Many invoices in one file for the printer: in the order given, one to a sheet or two side by side.

Two to a sheet are A5 after one cut through the middle. They are laid so that the pile need not be sorted:
the left halves are the first part of the delivery and the right halves the rest, so the right pile is put
under the left one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from invoices import invoice
from invoices.page import A4, A4_LANDSCAPE
from invoices.paper import Paper
from invoices.values import InvoiceDocument

__all__ = ["InvoiceDocument", "render"]

_A5_SCALE = A4_LANDSCAPE[0] / 2 / A4[0]
_CUT = f"[3 3] 0 d 0.3 w {A4_LANDSCAPE[0] / 2:.2f} 0 m {A4_LANDSCAPE[0] / 2:.2f} {A4_LANDSCAPE[1]:.2f} l S"


def render(documents: Iterable[InvoiceDocument], *, title: str, language: str, two_up: bool = False) -> bytes:
    """Return all invoices as one PDF that embeds its fonts once. Equal documents give equal bytes.

    Args:
        documents: in the order of delivery; taken one by one, so that they need not all exist at once.
        two_up: two invoices on each A4 sheet, to be cut into A5.
    """
    paper = Paper(title, language, A4_LANDSCAPE if two_up else A4)
    pages = _pages(documents, paper)
    for operators in _side_by_side(list(pages)) if two_up else pages:
        paper.add_page(operators)
    return paper.finish()


def _pages(documents: Iterable[InvoiceDocument], paper: Paper) -> Iterator[str]:
    for document in documents:
        yield from invoice.draw(document, paper).pages(document.languages)


def _side_by_side(pages: list[str]) -> Iterator[str]:
    half = (len(pages) + 1) // 2
    for left in range(half):
        halves = [_half(pages[left], 0.0)]
        if left + half < len(pages):
            halves.append(_half(pages[left + half], A4_LANDSCAPE[0] / 2))
        yield "\n".join((*halves, _CUT))


def _half(operators: str, x: float) -> str:
    return f"q {_A5_SCALE:.5f} 0 0 {_A5_SCALE:.5f} {x:.2f} 0 cm\n{operators}\nQ"

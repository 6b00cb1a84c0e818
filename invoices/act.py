"""«Акт выполненных работ (оказанных услуг)», form Р-1 (order № 562, annex 50), landscape.

The approved form exists in each language apart, so every language is a complete copy on its own pages.
"""

from __future__ import annotations

from decimal import Decimal

from invoices import blocks, labels, numbers
from invoices.page import A4_LANDSCAPE, BODY, BOLD, HINT, SMALL, Align, Sheet, Style, wrap
from invoices.table import Cell, Column, Table
from invoices.values import ActDocument, ActLine, LocalText, Party, Signatory

__all__ = ["TEMPLATE_VERSION", "ActDocument", "render"]

TEMPLATE_VERSION = "act-r1/1"

_TAX_BOX_WIDTH = 120.0
_FACT_BOX_WIDTH = 92.0
_SMALL_TABLE = 7.2


def render(document: ActDocument) -> bytes:
    """Return the act as PDF, one copy a language. Equal documents give equal bytes, on any day."""
    languages = document.languages
    sheet = Sheet(_running_head(document, languages[0]), languages[0], size=A4_LANDSCAPE)
    for index, language in enumerate(languages):
        if index:
            sheet.new_copy(_running_head(document, language))
        _copy(sheet, document, language)
    return sheet.finish(languages)


def _running_head(document: ActDocument, language: str) -> str:
    name = labels.ACT_TITLE.get(language).rstrip("*").capitalize()
    return f"{name} № {document.number}, {numbers.long_date(document.drawn_on, language)}"


def _copy(sheet: Sheet, document: ActDocument, language: str) -> None:
    for label in (labels.ORDER_562_ANNEX_50, labels.FORM_R1):
        sheet.paragraph((label.get(language),), HINT, align="right")
    sheet.y -= 4
    _party(sheet, labels.CUSTOMER, document.customer, language)
    _party(sheet, labels.EXECUTOR, document.executor, language)
    _facts(sheet, document, language)
    sheet.paragraph((labels.ACT_TITLE.get(language),), Style(11, "bold"), align="center", gap=5)
    _table(sheet, document, language)
    _supplies(sheet, document, language)
    _sign(sheet, document, language)
    sheet.need(34)
    sheet.paragraph((labels.ACT_NOTES.get(language),), Style(6, grey=0.35))


def _party(sheet: Sheet, label: LocalText, party: Party, language: str) -> None:
    """A side on a ruled line with its caption beneath, and the box for its IIN or BIN."""
    caption = label.get(language)
    box = sheet.right - _TAX_BOX_WIDTH
    x = sheet.left + 84
    text = ", ".join(filter(None, (party.name.get(language), blocks.address_line(party, language))))
    sheet.lines(sheet.left, 82, (caption,), BOLD)
    sheet.text(
        box + _TAX_BOX_WIDTH / 2, sheet.y - SMALL.size + 2, labels.IIN_OR_BIN.get(language), HINT, "center"
    )
    sheet.box(box, sheet.y - 22, _TAX_BOX_WIDTH, 14)
    sheet.fit(box + 3, sheet.y - 18, _TAX_BOX_WIDTH - 6, party.tax_id, BOLD)
    height = sheet.lines(x, box - x - 12, (text,), BODY)
    line = sheet.y - max(height, BODY.leading) - 1
    sheet.rule(x, line, box - 12, line)
    sheet.text((x + box - 12) / 2, line - HINT.size, labels.PARTICULARS.get(language), HINT, "center")
    sheet.y = min(line - HINT.leading - 5, sheet.y - 27)


def _facts(sheet: Sheet, document: ActDocument, language: str) -> None:
    """The contract on the left, the document's number and date in boxes on the right."""
    (contract,) = blocks.contract_lines(document.contract, (language,))
    text = f"{labels.ACT_CONTRACT.get(language)}: {contract}"
    facts = (
        (labels.DOCUMENT_NUMBER, document.number),
        (labels.DRAWN_ON, numbers.short_date(document.drawn_on)),
    )
    left = sheet.right - _FACT_BOX_WIDTH * len(facts)
    sheet.lines(sheet.left, left - sheet.left - 12, (text,), BODY)
    for index, (label, value) in enumerate(facts):
        x = left + index * _FACT_BOX_WIDTH
        middle = x + _FACT_BOX_WIDTH / 2
        sheet.box(x, sheet.y - 13, _FACT_BOX_WIDTH, 13)
        sheet.box(x, sheet.y - 28, _FACT_BOX_WIDTH, 15)
        sheet.text(middle, sheet.y - 9.2, label.get(language), SMALL, "center")
        sheet.fit(x + 3, sheet.y - 23.5, _FACT_BOX_WIDTH - 6, value, BOLD)
    sheet.y -= 40


def _table(sheet: Sheet, document: ActDocument, language: str) -> None:
    done = labels.ACT_DONE.get(language)
    shape: tuple[tuple[str, float, Align], ...] = (
        (labels.ACT_ROW.get(language), 44, "center"),
        (labels.ACT_NAME.get(language), 0, "left"),
        (labels.ACT_PERFORMED.get(language), 82, "center"),
        (labels.ACT_REPORT.get(language), 130, "left"),
        (labels.ACT_UNIT.get(language), 56, "center"),
        (labels.ACT_QUANTITY.get(language), 58, "right"),
        (labels.ACT_PRICE.get(language), 66, "right"),
        (labels.ACT_COST.get(language), 72, "right"),
    )
    rest = sheet.width - sum(width for _, width, _ in shape)
    columns = [Column((heading,), width or rest, align) for heading, width, align in shape]
    rows = [_cells(index, line, language) for index, line in enumerate(document.lines, 1)]
    total = numbers.money(document.total, language)
    # Hours and cubic metres have no sum: the form's cross stands for it, as under the price.
    alike = len({line.unit for line in document.lines}) == 1
    done_in_all = sum((line.quantity for line in document.lines), Decimal(0))
    quantity = numbers.quantity(done_in_all, language) if alike else "х"
    rows.append(["", labels.TOTAL.get(language), "", "", "", quantity, "х", total])
    Table(sheet, columns, size=_SMALL_TABLE, numbered=True, group=(5, done)).draw(
        rows, keep=60.0, strong_last=True
    )
    sheet.y -= 7


def _cells(index: int, line: ActLine, language: str) -> list[Cell]:
    performed = numbers.short_date(line.performed_from)
    if line.performed_to not in (None, line.performed_from):
        performed = f"{performed} – {numbers.short_date(line.performed_to)}"
    return [
        str(index),
        line.name.get(language),
        performed,
        line.report.get(language),
        line.unit.get(language),
        numbers.quantity(line.quantity, language),
        numbers.money(line.unit_price, language),
        numbers.money(line.amount, language),
    ]


def _supplies(sheet: Sheet, document: ActDocument, language: str) -> None:
    """The customer's stocks used, and the list of attached documents; lines to write on when empty."""
    used = document.customer_supplies.get(language) or "_" * 60
    pages = "____" if document.attachment_pages is None else str(document.attachment_pages)
    hint = labels.ACT_SUPPLIES_HINT.get(language)
    sheet.paragraph((f"{labels.ACT_SUPPLIES.get(language)}: {used} ({hint})",), SMALL, gap=3)
    attachment = f"{labels.ACT_ATTACHMENT.get(language)} {labels.ACT_PAGES.get(language).format(pages=pages)}"
    listed = document.attachment.get(language)
    sheet.paragraph((f"{attachment}: {listed}" if listed else attachment,), SMALL, gap=7)


def _sign(sheet: Sheet, document: ActDocument, language: str) -> None:
    sheet.need(74)
    middle = (sheet.left + sheet.right) / 2
    _signatory(sheet, labels.HANDED_OVER, document.executor_signatory, language, sheet.left)
    _signatory(sheet, labels.ACCEPTED, document.customer_signatory, language, middle + 8)
    sheet.y -= 32
    accepted = "" if document.accepted_on is None else numbers.short_date(document.accepted_on)
    caption = labels.ACCEPTED_ON.get(language)
    width = sheet.right - middle - 80
    (first, *others) = wrap(caption, SMALL, width)
    for index, text in enumerate([first, *others]):
        sheet.text(middle + 8, sheet.y - SMALL.size - index * SMALL.leading, text, SMALL)
    sheet.text(sheet.right - 36, sheet.y - BODY.size, accepted, BOLD, "center")
    sheet.rule(sheet.right - 72, sheet.y - 10.5, sheet.right, sheet.y - 10.5)
    sheet.text(sheet.left, sheet.y - 26, labels.SEAL.get(language), BODY)
    sheet.text(middle + 8, sheet.y - 26, labels.SEAL.get(language), BODY)
    sheet.y -= 36


def _signatory(sheet: Sheet, label: LocalText, signatory: Signatory, language: str, x: float) -> None:
    """Caption, then three ruled places: position, signature, name in full."""
    width = (sheet.right - sheet.left) / 2 - 8
    sheet.lines(x, 96, (label.get(language),), BOLD)
    places = (
        (labels.POSITION, signatory.position.get(language), 0.0, 0.3),
        (labels.SIGNATURE, "", 0.33, 0.57),
        (labels.FULL_NAME, signatory.name, 0.6, 1.0),
    )
    start, room = x + 98, width - 98
    line = sheet.y - 12
    for hint, text, left, right in places:
        a, b = start + left * room, start + right * room
        sheet.rule(a, line, b, line)
        sheet.fit(a, line + 2.5, b - a, text)
        sheet.text((a + b) / 2, line - 8, hint.get(language), HINT, "center")

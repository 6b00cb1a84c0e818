"""«Приходный кассовый ордер», form КО-1 (order № 562, annex 1), with its tear-off receipt.

Drawn on the upper part of A4, the paper a village office has; what is below is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence

from invoices import blocks, labels, numbers
from invoices.blocks import joined
from invoices.page import BODY, BOLD, HINT, SMALL, Sheet, Style, wrap
from invoices.table import Column, Table
from invoices.values import CashOrderDocument, FiscalReceipt, LocalText, Signatory
from invoices.words import amount_in_words

__all__ = ["TEMPLATE_VERSION", "CashOrderDocument", "render"]

TEMPLATE_VERSION = "cash-order-ko1/1"

_RECEIPT_WIDTH = 176.0
_GUTTER = 24.0  # the cut line runs in its middle
_HEAD = Style(10.5, "bold")


def render(document: CashOrderDocument) -> bytes:
    """Return the order with its receipt as PDF. Equal documents give equal bytes, on any day."""
    title = joined(labels.CASH_ORDER_TITLE, document.languages)
    sheet = Sheet(f"{title} № {document.number}", document.languages[0])
    right = sheet.right
    cut = right - _RECEIPT_WIDTH - _GUTTER / 2
    _narrow(sheet, sheet.left, cut - _GUTTER / 2)
    _order(sheet, document)
    low = sheet.y
    sheet.y = sheet.top
    _narrow(sheet, cut + _GUTTER / 2, right)
    _receipt(sheet, document)
    sheet.dashes(cut, min(low, sheet.y), cut, sheet.top)
    sheet.text(cut, sheet.top + 4, joined(labels.CUT_LINE, document.languages), HINT, "center")
    return sheet.finish(document.languages)


def _narrow(sheet: Sheet, left: float, right: float) -> None:
    sheet.left, sheet.right, sheet.width = left, right, right - left


def _order(sheet: Sheet, document: CashOrderDocument) -> None:
    languages = document.languages
    for language in languages:
        sheet.paragraph((labels.ORDER_562_ANNEX_1.get(language),), Style(6, grey=0.35), align="right")
    sheet.paragraph((joined(labels.FORM_KO1, languages),), Style(6, grey=0.35), align="right", gap=6)
    name = document.organisation.name.each(languages)
    _caption(sheet, labels.CASH_ORGANISATION, languages)
    _ruled(sheet, name, BOLD, SMALL)
    _number_boxes(sheet, document)
    sheet.y -= 4
    sheet.paragraph(labels.CASH_ORDER_TITLE.each(languages), _HEAD, after=_HEAD, align="center", gap=7)
    _accounts(sheet, document)
    _who_why_how_much(sheet, document, SMALL)
    if document.fiscal is not None:
        sheet.paragraph((_fiscal_text(document.fiscal, languages),), HINT, gap=2)
    sheet.y -= 6
    _signing(sheet, labels.CHIEF_ACCOUNTANT, document.chief_accountant, languages)
    _signing(sheet, labels.CASHIER_GOT, document.cashier, languages)


def _number_boxes(sheet: Sheet, document: CashOrderDocument) -> None:
    """IIN or BIN, the document's number and its date."""
    languages = document.languages
    facts = (
        (labels.IIN_OR_BIN, document.organisation.tax_id),
        (labels.DOCUMENT_NUMBER, document.number),
        (labels.DRAWN_ON, numbers.short_date(document.drawn_on)),
    )
    share = sheet.width / len(facts)
    columns = [Column(label.each(languages), share, "center") for label, _ in facts]
    Table(sheet, columns, size=7).draw([[value for _, value in facts]], strong_last=True)
    sheet.y -= 6


def _accounts(sheet: Sheet, document: CashOrderDocument) -> None:
    languages = document.languages
    facts = (
        (labels.DEBIT, 0.16, document.debit_account),
        (labels.CREDIT_ACCOUNT, 0.32, document.credit_account),
        (labels.AMOUNT_KZT, 0.24, numbers.money(document.amount, languages[0])),
        (labels.PURPOSE_CODE, 0.28, document.purpose_code),
    )
    columns = [Column(label.each(languages), share * sheet.width, "center") for label, share, _ in facts]
    Table(sheet, columns, size=7.5).draw([[value for _, _, value in facts]], strong_last=True)
    sheet.y -= 5


def _who_why_how_much(sheet: Sheet, document: CashOrderDocument, other: Style) -> None:
    """From whom, on what ground, how much in words: each caption over a ruled text."""
    languages = document.languages
    words = tuple(amount_in_words(document.amount, one, spell_tiyn=True) for one in languages)
    rows: Sequence[tuple[LocalText, tuple[str, ...]]] = (
        (labels.RECEIVED_FROM, document.received_from.each(languages)),
        (labels.BASIS, document.basis.each(languages)),
        (labels.AMOUNT_IN_WORDS, words),
    )
    for label, texts in rows:
        _caption(sheet, label, languages)
        _ruled(sheet, texts, BODY, other)


def _caption(sheet: Sheet, label: LocalText, languages: tuple[str, ...]) -> None:
    sheet.paragraph((joined(label, languages),), HINT)


def _ruled(sheet: Sheet, texts: tuple[str, ...], style: Style, after: Style) -> None:
    sheet.paragraph(texts, style, after=after, gap=2)
    sheet.rule(sheet.left, sheet.y, sheet.right, sheet.y)
    sheet.y -= 4


def _fiscal_text(fiscal: FiscalReceipt, languages: tuple[str, ...]) -> str:
    return f"{joined(labels.FISCAL_RECEIPT, languages)}: {blocks.fiscal_line(fiscal, languages)}"


def _signing(sheet: Sheet, label: LocalText, signatory: Signatory, languages: tuple[str, ...]) -> None:
    """Who signs, a ruled place for it, and the name in full, beside each other."""
    caption_width = sheet.width * 0.4
    texts = label.each(languages)
    height = max(26.0, sum(len(wrap(text, SMALL, caption_width)) for text in texts) * SMALL.leading + 4)
    sheet.need(height)
    sheet.lines(sheet.left, caption_width, texts, SMALL)
    line = sheet.y - 11
    first, second = sheet.left + caption_width + 6, sheet.left + sheet.width * 0.64
    sheet.rule(first, line, second - 8, line)
    sheet.rule(second, line, sheet.right, line)
    sheet.fit(second, line + 2.5, sheet.right - second, signatory.name, SMALL)
    small = Style(5.6, grey=0.35)
    sheet.text((first + second - 8) / 2, line - 6.5, joined(labels.SIGNATURE, languages), small, "center")
    sheet.text((second + sheet.right) / 2, line - 6.5, labels.FULL_NAME.get(languages[-1]), small, "center")
    sheet.y -= height


def _receipt(sheet: Sheet, document: CashOrderDocument) -> None:
    """The part the payer tears off and keeps."""
    languages = document.languages
    sheet.paragraph(document.organisation.name.each(languages), HINT, gap=1)
    number = joined(labels.IIN_OR_BIN, languages)
    sheet.paragraph((f"{number} {document.organisation.tax_id}",), HINT, gap=4)
    sheet.paragraph((joined(labels.CASH_RECEIPT, languages),), _HEAD, align="center")
    to_order = blocks.filled(labels.TO_CASH_ORDER, languages, number=document.number)
    sheet.paragraph(to_order, Style(7.5, "bold"), align="center", gap=4)
    _who_why_how_much(sheet, document, SMALL)
    sheet.y -= 1
    sheet.paragraph((f"{numbers.money(document.amount, languages[0])} KZT",), _HEAD, gap=3)
    if document.fiscal is not None:
        sheet.paragraph((_fiscal_text(document.fiscal, languages),), HINT, gap=3)
    dates = tuple(dict.fromkeys(numbers.long_date(document.drawn_on, one) for one in languages))
    sheet.paragraph((" / ".join(dates),), SMALL, gap=4)
    for label, signatory in (
        (labels.CHIEF_ACCOUNTANT, document.chief_accountant),
        (labels.CASHIER, document.cashier),
    ):
        _receipt_signing(sheet, label, signatory, languages)
    sheet.paragraph((joined(labels.SEAL, languages),), SMALL)


def _receipt_signing(
    sheet: Sheet, label: LocalText, signatory: Signatory, languages: tuple[str, ...]
) -> None:
    sheet.paragraph((joined(label, languages),), HINT)
    sheet.y -= 12
    middle = sheet.left + sheet.width * 0.42
    sheet.rule(sheet.left, sheet.y, middle - 6, sheet.y)
    sheet.rule(middle, sheet.y, sheet.right, sheet.y)
    sheet.fit(middle, sheet.y + 2.5, sheet.right - middle, signatory.name, SMALL)
    sheet.y -= 4

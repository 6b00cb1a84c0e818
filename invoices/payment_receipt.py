"""A payment's receipt: what was received, which invoice lines it settled and why, what remains."""

from __future__ import annotations

from invoices import blocks, labels, numbers
from invoices.blocks import joined
from invoices.page import BODY, BOLD, HINT, Sheet, Style
from invoices.table import Cell, Column, Table
from invoices.values import PaymentReceiptDocument

__all__ = ["TEMPLATE_VERSION", "PaymentReceiptDocument", "render"]

TEMPLATE_VERSION = "payment-receipt/1"

_QR_SIZE = 78.0
_AMOUNT_WIDTH = 72.0


def render(document: PaymentReceiptDocument) -> bytes:
    """Return the receipt as PDF. Equal documents give equal bytes, on any day."""
    languages = document.languages
    titles = blocks.filled(
        labels.PAYMENT_RECEIPT_TITLE, languages, number=document.number, date=document.received_on
    )
    sheet = Sheet(" / ".join(titles), languages[0])
    blocks.title(sheet, titles)
    blocks.particulars(sheet, _particulars(document))
    sheet.y -= 4
    words = blocks.words_lines(labels.RECEIVED, document.amount, languages)
    figures = f"{numbers.money(document.amount, languages[0])} KZT"
    sheet.paragraph((figures,), Style(13, "bold"), gap=1)
    sheet.paragraph(words, Style(9, "bold"), after=BODY, gap=8)
    if document.settled:
        _settled(sheet, document)
    _remainder(sheet, document)
    if document.why:
        caption = joined(labels.WHY, languages)
        sheet.paragraph((f"{caption}:",), HINT)
        sheet.paragraph(document.why.each(languages), BODY, gap=6)
    _foot(sheet, document)
    return sheet.finish(languages)


def _particulars(document: PaymentReceiptDocument) -> list[tuple[str, tuple[str, ...]]]:
    languages = document.languages
    rows = [
        (labels.ORGANISATION, blocks.party_lines(document.organisation, languages)),
        (labels.PAYER, blocks.party_lines(document.payer, languages)),
    ]
    if document.customer is not None:
        rows.append((labels.CUSTOMER, blocks.party_lines(document.customer, languages)))
    if document.account_number:
        rows.append((labels.PERSONAL_ACCOUNT, (document.account_number,)))
    rows.append((labels.MEANS, document.means.each(languages)))
    if document.fiscal is not None:
        rows.append((labels.FISCAL_RECEIPT, (blocks.fiscal_line(document.fiscal, languages),)))
    return [(joined(label, languages), texts) for label, texts in rows]


def _settled(sheet: Sheet, document: PaymentReceiptDocument) -> None:
    languages = document.languages
    sheet.paragraph((joined(labels.SETTLED, languages),), BOLD, gap=3)
    columns = [
        Column(labels.ROW_NUMBER.each(languages), 26, "center"),
        Column(labels.INVOICE.each(languages), 86),
        Column(labels.DATE.each(languages), 58, "center"),
        Column(labels.NAME.each(languages), sheet.width - 26 - 86 - 58 - _AMOUNT_WIDTH),
        Column(labels.AMOUNT.each(languages), _AMOUNT_WIDTH, "right"),
    ]
    rows: list[list[Cell]] = [
        [
            str(index),
            line.invoice_number,
            numbers.short_date(line.invoice_issued_on),
            line.name.each(languages),
            numbers.money(line.amount, languages[0]),
        ]
        for index, line in enumerate(document.settled, 1)
    ]
    Table(sheet, columns).draw(rows, keep=80.0)


def _remainder(sheet: Sheet, document: PaymentReceiptDocument) -> None:
    """How much was settled, kept as an advance, and is still owed."""
    languages = document.languages
    language = languages[0]
    settled = document.amount - document.advance
    rows = [(joined(labels.TOTAL, languages), numbers.money(settled, language))] if settled else []
    if document.advance:
        rows.append((joined(labels.ADVANCE, languages), numbers.money(document.advance, language)))
    rows.append((joined(labels.DEBT_AFTER, languages), numbers.money(document.debt_after, language)))
    blocks.totals(sheet, rows, _AMOUNT_WIDTH)
    sheet.y -= 10


def _foot(sheet: Sheet, document: PaymentReceiptDocument) -> None:
    languages = document.languages
    sheet.need(_QR_SIZE + 20 if document.link else 76)
    if document.link:
        left, low = sheet.right - _QR_SIZE, sheet.y - _QR_SIZE
        blocks.qr_code(sheet, document.link, labels.CHECK_BY_QR, languages, x=left, y=low, size=_QR_SIZE)
    blocks.signatures(sheet, [(labels.CASHIER, document.cashier)], languages)

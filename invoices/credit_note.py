"""The credit note: what is taken off one invoice, line by line, and why."""

from __future__ import annotations

from invoices import blocks, labels, lines, numbers
from invoices.blocks import joined
from invoices.page import BODY, BOLD, Sheet, Style
from invoices.values import CreditNoteDocument

__all__ = ["TEMPLATE_VERSION", "CreditNoteDocument", "render"]

TEMPLATE_VERSION = "credit-note/1"


def render(document: CreditNoteDocument) -> bytes:
    """Return the credit note as PDF. Equal documents give equal bytes, on any day."""
    languages = document.languages
    titles = blocks.filled(
        labels.CREDIT_NOTE_TITLE, languages, number=document.number, date=document.issued_on
    )
    invoice = blocks.filled(
        labels.TO_INVOICE, languages, number=document.invoice_number, date=document.invoice_issued_on
    )
    sheet = Sheet(" / ".join(titles), languages[0])
    blocks.title(sheet, titles, rule=False)
    sheet.paragraph(invoice, Style(9.5, "bold"), after=BODY, gap=4)
    sheet.rule(sheet.left, sheet.y, sheet.right, sheet.y, 1.2)
    sheet.y -= 8
    blocks.particulars(sheet, _particulars(document))
    sheet.y -= 4
    lines.table(sheet, document.lines, languages, keep=90.0)
    lines.totals(sheet, document.lines, languages)
    sheet.y -= 8
    sheet.need(60)
    words = blocks.words_lines(labels.CREDITED, document.total, languages)
    sheet.paragraph(words, Style(9.5, "bold"), after=BOLD, gap=4)
    if document.invoice_total_before is not None:
        _invoice_totals(sheet, document.invoice_total_before, document.total, languages)
    sheet.rule(sheet.left, sheet.y, sheet.right, sheet.y, 1.2)
    sheet.y -= 10
    blocks.signatures(sheet, [(labels.EXECUTOR, document.executor)], languages)
    return sheet.finish(languages)


def _particulars(document: CreditNoteDocument) -> list[tuple[str, tuple[str, ...]]]:
    languages = document.languages
    rows = [
        (labels.SUPPLIER, blocks.party_lines(document.supplier, languages)),
        (labels.BUYER, blocks.party_lines(document.buyer, languages)),
        (labels.CONTRACT, blocks.contract_lines(document.contract, languages)),
    ]
    if document.account_number:
        rows.append((labels.PERSONAL_ACCOUNT, (document.account_number,)))
    rows.append((labels.REASON, document.reason.each(languages)))
    return [(joined(label, languages), texts) for label, texts in rows]


def _invoice_totals(sheet: Sheet, before: int, credited: int, languages: tuple[str, ...]) -> None:
    """What the invoice came to before this note, and after it."""
    for label, tiyn in ((labels.INVOICE_BEFORE, before), (labels.INVOICE_AFTER, before - credited)):
        sheet.paragraph((f"{joined(label, languages)}: {numbers.money(tiyn, languages[0])} KZT",), BODY)
    sheet.y -= 5

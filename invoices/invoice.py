"""«Счет на оплату», the invoice for payment: no approved form, the layout customary in the country."""

from __future__ import annotations

from collections.abc import Sequence

from invoices import blocks, labels, lines, numbers
from invoices.blocks import joined
from invoices.page import BODY, BOLD, HINT, SMALL, Sheet, Style
from invoices.paper import Paper
from invoices.table import Column, Table
from invoices.values import BankDetails, InvoiceDocument, Party, PersonalAccount

__all__ = ["TEMPLATE_VERSION", "InvoiceDocument", "draw", "render"]

TEMPLATE_VERSION = "invoice/1"

_QR_SIZE = 84.0
_PAYMENT_EDGES = (0.0, 0.5, 0.81, 1.0)  # shares of the block's width; an IBAN fits on one line


def render(document: InvoiceDocument) -> bytes:
    """Return the invoice as PDF. Equal documents give equal bytes, on any day."""
    return draw(document).finish(document.languages)


def draw(document: InvoiceDocument, paper: Paper | None = None) -> Sheet:
    """Draw the invoice on a paper of its own, or on one that holds others too."""
    languages = document.languages
    titles = blocks.filled(labels.INVOICE_TITLE, languages, number=document.number, date=document.issued_on)
    sheet = Sheet(" / ".join(titles), languages[0], paper=paper)
    _payment_order(sheet, document)
    blocks.title(sheet, titles)
    supplier, *others = _parties(document)
    sheet.repeat(blocks.particulars, (supplier,))
    blocks.particulars(sheet, others)
    sheet.y -= 4
    lines.table(sheet, document.lines, languages, keep=90.0)
    lines.totals(sheet, document.lines, languages)
    sheet.y -= 8
    _sums(sheet, document)
    if document.account is not None:
        _account(sheet, document.account, languages)
    sheet.repeat(blocks.signatures, ((labels.EXECUTOR, document.executor),), languages)
    return sheet


def _payment_order(sheet: Sheet, document: InvoiceDocument) -> None:
    """The notice, the block a payer copies into a payment order, and the QR code beside it."""
    languages = document.languages
    with_code = bool(document.payment_link)
    sheet.repeat(_notice, languages)
    top = sheet.y
    sheet.repeat(_payment_block, document.supplier, document.bank, languages, with_code)
    if with_code:
        low = top - _QR_SIZE + 6
        left = sheet.right - _QR_SIZE
        caption = labels.PAY_BY_QR
        blocks.qr_code(sheet, document.payment_link, caption, languages, x=left, y=low, size=_QR_SIZE)
        sheet.y = min(sheet.y, low - 4 - 8 * len(caption.each(languages)))
    sheet.y -= 10


def _notice(sheet: Sheet, languages: tuple[str, ...]) -> None:
    sheet.paragraph(labels.INVOICE_NOTICE.each(languages), HINT, align="center", gap=6)
    sheet.paragraph((joined(labels.PAYMENT_ORDER, languages),), BOLD, gap=2)


def _payment_block(
    sheet: Sheet, supplier: Party, bank: BankDetails, languages: tuple[str, ...], with_code: bool
) -> None:
    width = sheet.width - (_QR_SIZE + 10 if with_code else 0)
    top = sheet.y
    for cells in _payment_cells(supplier, bank, languages):
        _payment_row(sheet, cells, width)
    sheet.rule(sheet.left, top, sheet.left + width, top)
    for edge in _PAYMENT_EDGES:
        sheet.rule(sheet.left + edge * width, top, sheet.left + edge * width, sheet.y)


def _payment_cells(
    supplier: Party, bank: BankDetails, languages: tuple[str, ...]
) -> Sequence[Sequence[tuple[str, tuple[str, ...]]]]:
    number = f"{joined(labels.IIN if supplier.is_person else labels.BIN, languages)}: {supplier.tax_id}"
    return (
        (
            (joined(labels.BENEFICIARY, languages), (*supplier.name.each(languages), number)),
            (joined(labels.IIK, languages), (bank.iban,)),
            (joined(labels.KBE, languages), (bank.kbe,)),
        ),
        (
            (joined(labels.BENEFICIARY_BANK, languages), bank.bank_name.each(languages)),
            (joined(labels.BIC, languages), (bank.bic,)),
            (joined(labels.KNP, languages), (bank.knp,)),
        ),
    )


def _payment_row(sheet: Sheet, cells: Sequence[tuple[str, tuple[str, ...]]], width: float) -> None:
    edges = _PAYMENT_EDGES
    top = sheet.y
    low = top
    for index, (caption, texts) in enumerate(cells):
        x = sheet.left + edges[index] * width + 3
        room = (edges[index + 1] - edges[index]) * width - 6
        sheet.y = top - 2
        sheet.y -= sheet.lines(x, room, (caption + ":",), HINT)
        sheet.y -= sheet.lines(x, room, texts, BOLD, after=SMALL)
        low = min(low, sheet.y)
    sheet.y = low - 3
    sheet.rule(sheet.left, sheet.y, sheet.left + width, sheet.y)


def _parties(document: InvoiceDocument) -> list[tuple[str, tuple[str, ...]]]:
    languages = document.languages
    rows = [
        (labels.SUPPLIER, blocks.party_lines(document.supplier, languages)),
        (labels.BUYER, blocks.party_lines(document.buyer, languages)),
    ]
    if document.payer is not None:
        rows.append((labels.PAYER, blocks.party_lines(document.payer, languages)))
    rows.append((labels.CONTRACT, blocks.contract_lines(document.contract, languages)))
    if document.due_on is not None:
        due = tuple(dict.fromkeys(numbers.long_date(document.due_on, one) for one in languages))
        rows.append((labels.DUE, due))
    return [(joined(label, languages), texts) for label, texts in rows]


def _sums(sheet: Sheet, document: InvoiceDocument) -> None:
    """How many lines for how much, the amount in words, why there is a benefit."""
    languages = document.languages
    sheet.need(70)
    counted = tuple(
        labels.COUNT_AND_SUM.get(one).format(
            count=len(document.lines), sum=numbers.money(document.total, one)
        )
        for one in languages
    )
    sheet.paragraph(counted, BODY, after=SMALL, gap=3)
    sheet.paragraph(
        blocks.words_lines(labels.TO_PAY, document.total, languages), Style(9.5, "bold"), after=BOLD, gap=4
    )
    if document.benefit_reason:
        caption = joined(labels.BENEFIT_GIVEN, languages)
        sheet.paragraph((f"{caption}: {joined(document.benefit_reason, languages)}",), SMALL, gap=3)
    sheet.rule(sheet.left, sheet.y, sheet.right, sheet.y, 1.2)
    sheet.y -= 8


def _account(sheet: Sheet, account: PersonalAccount, languages: tuple[str, ...]) -> None:
    """The personal account over the period, as one row of figures."""
    language = languages[0]
    figures = [
        (labels.OPENING_DEBT, account.opening),
        (labels.CHARGED, account.charged),
        (labels.BENEFIT, account.benefit),
        (labels.PAID, account.paid),
        *([(labels.ADJUSTED, account.adjusted)] if account.adjusted else []),
        (labels.CLOSING_DEBT, account.closing),
    ]
    period = f"{numbers.short_date(account.period_from)} – {numbers.short_date(account.period_to)}"
    share = (sheet.width - 170) / len(figures)
    columns = [
        Column(labels.PERSONAL_ACCOUNT.each(languages), 88, "center"),
        Column(labels.PERIOD.each(languages), 82, "center"),
        *(Column(label.each(languages), share, "right") for label, _ in figures),
    ]
    row = [account.number, period, *(numbers.money(sum_, language) for _, sum_ in figures)]
    sheet.need(70)
    Table(sheet, columns, size=7.5).draw([row])
    sheet.y -= 12

"""«Счет на оплату», the invoice for payment: no approved form, the layout customary in the country."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from invoices import blocks, labels, numbers
from invoices.blocks import joined
from invoices.page import BODY, BOLD, HINT, SMALL, Sheet, Style
from invoices.table import Column, Table
from invoices.values import BankDetails, InvoiceDocument, Line, LocalText, Party, PersonalAccount

__all__ = ["TEMPLATE_VERSION", "InvoiceDocument", "render"]

TEMPLATE_VERSION = "invoice/1"

_QR_SIZE = 84.0
_AMOUNT_WIDTH = 66.0
_PAYMENT_EDGES = (0.0, 0.5, 0.81, 1.0)  # shares of the block's width; an IBAN fits on one line


def render(document: InvoiceDocument) -> bytes:
    """Return the invoice as PDF. Equal documents give equal bytes, on any day."""
    languages = document.languages
    titles = blocks.filled(labels.INVOICE_TITLE, languages, number=document.number, date=document.issued_on)
    sheet = Sheet(titles[-1], languages[0])
    sheet.paragraph(labels.INVOICE_NOTICE.each(languages), HINT, align="center", gap=6)
    _payment_order(sheet, document)
    blocks.title(sheet, titles)
    blocks.particulars(sheet, _parties(document))
    sheet.y -= 4
    line_table(sheet, document.lines, languages, keep=90.0)
    vat_totals(sheet, document.lines, languages)
    sheet.y -= 8
    _sums(sheet, document)
    if document.account is not None:
        _account(sheet, document.account, languages)
    blocks.signatures(sheet, [(labels.EXECUTOR, document.executor)], languages)
    return sheet.finish(languages)


def _payment_order(sheet: Sheet, document: InvoiceDocument) -> None:
    """The block a payer copies into a payment order, and the QR code beside it."""
    languages = document.languages
    caption = joined(labels.PAYMENT_ORDER, languages)
    sheet.paragraph((caption,), BOLD, gap=2)
    width = sheet.width - (_QR_SIZE + 10 if document.payment_link else 0)
    top = sheet.y
    for cells in _payment_cells(document.supplier, document.bank, languages):
        _payment_row(sheet, cells, width)
    sheet.rule(sheet.left, top, sheet.left + width, top)
    for edge in _PAYMENT_EDGES:
        sheet.rule(sheet.left + edge * width, top, sheet.left + edge * width, sheet.y)
    if document.payment_link:
        low = top - _QR_SIZE + 6
        blocks.qr_code(sheet, document.payment_link, labels.PAY_BY_QR, languages, x=sheet.right - _QR_SIZE, y=low, size=_QR_SIZE)
        sheet.y = min(sheet.y, low - 4 - 8 * len(labels.PAY_BY_QR.each(languages)))
    sheet.y -= 10


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


def line_table(sheet: Sheet, lines: Sequence[Line], languages: tuple[str, ...], *, keep: float) -> None:
    """Draw the table of lines, with a column of benefits when any line has one."""
    language = languages[0]
    with_benefit = any(line.benefit for line in lines)
    Table(sheet, _columns(sheet.width, languages, with_benefit=with_benefit)).draw(
        [_cells(index, line, languages, language, with_benefit) for index, line in enumerate(lines, 1)],
        keep=keep,
    )


def _columns(width: float, languages: tuple[str, ...], *, with_benefit: bool) -> list[Column]:
    fixed: list[tuple[LocalText, float, str]] = [
        (labels.ROW_NUMBER, 24.0, "center"),
        (labels.CODE, 46.0, "center"),
        (labels.NAME, 0.0, "left"),
        (labels.QUANTITY, 46.0, "right"),
        (labels.UNIT, 46.0, "center"),
        (labels.PRICE, 60.0, "right"),
        *([(labels.BENEFIT, 54.0, "right")] if with_benefit else []),
        (labels.AMOUNT, _AMOUNT_WIDTH, "right"),
    ]
    rest = width - sum(one for _, one, _ in fixed)
    return [Column(label.each(languages), one or rest, align) for label, one, align in fixed]  # type: ignore[arg-type]


def _cells(
    index: int, line: Line, languages: tuple[str, ...], language: str, with_benefit: bool
) -> list[str | tuple[str, ...]]:
    return [
        str(index),
        line.code,
        line.name.each(languages),
        "" if line.quantity is None else numbers.quantity(line.quantity, language),
        line.unit.each(languages),
        "" if line.unit_price is None else numbers.money(line.unit_price, language),
        *([numbers.money(line.benefit, language) if line.benefit else ""] if with_benefit else []),
        numbers.money(line.amount, language),
    ]


def vat_totals(sheet: Sheet, lines: Sequence[Line], languages: tuple[str, ...]) -> None:
    """Draw the total, the benefits, and the VAT inside by rate, or that there is none."""
    language = languages[0]
    rows = [(joined(labels.TOTAL, languages), numbers.money(sum(line.amount for line in lines), language))]
    benefit = sum(line.benefit for line in lines)
    if benefit:
        rows.append((joined(labels.BENEFIT, languages), numbers.money(benefit, language)))
    taxed: dict[Decimal, int] = defaultdict(int)
    for line in lines:
        if line.vat_rate is not None:
            taxed[line.vat_rate] += line.vat
    for percent in sorted(taxed, reverse=True):
        texts = blocks.filled(labels.VAT_INCLUDED, languages, rate=numbers.rate(percent, language))
        rows.append((" / ".join(texts), numbers.money(taxed[percent], language)))
    untaxed = sum(line.amount for line in lines if line.vat_rate is None)
    if not taxed:
        rows.append((joined(labels.WITHOUT_VAT, languages), "–"))
    elif untaxed:
        rows.append((joined(labels.WITHOUT_VAT, languages), numbers.money(untaxed, language)))
    blocks.totals(sheet, rows, _AMOUNT_WIDTH)


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

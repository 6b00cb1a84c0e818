"""«Акт сверки взаимных расчётов»: what two sides did with each other in a period, and who owes whom."""

from __future__ import annotations

from invoices import blocks, labels, numbers
from invoices.blocks import joined
from invoices.page import BODY, SMALL, Sheet, Style
from invoices.table import Cell, Column, Table
from invoices.values import ReconciliationDocument
from invoices.words import amount_in_words

__all__ = ["TEMPLATE_VERSION", "ReconciliationDocument", "render"]

TEMPLATE_VERSION = "reconciliation-statement/1"


def render(document: ReconciliationDocument) -> bytes:
    """Return the statement as PDF. Equal documents give equal bytes, on any day."""
    languages = document.languages
    titles = blocks.filled(
        labels.RECONCILIATION_TITLE, languages, number=document.number, date=document.drawn_on
    )
    period = blocks.filled(labels.FOR_PERIOD, languages, start=document.period_from, end=document.period_to)
    sheet = Sheet(" / ".join(titles), languages[0])
    blocks.title(sheet, titles, rule=False)
    sheet.paragraph(period, Style(9.5, "bold"), after=BODY, gap=4)
    sheet.rule(sheet.left, sheet.y, sheet.right, sheet.y, 1.2)
    sheet.y -= 8
    blocks.particulars(sheet, _particulars(document))
    sheet.y -= 4
    statement = blocks.filled(
        labels.WE_UNDERSIGNED,
        languages,
        organisation=document.organisation.name,
        counterparty=document.counterparty.name,
    )
    sheet.paragraph(statement, BODY, after=SMALL, gap=6)
    _table(sheet, document)
    sheet.paragraph(_conclusion(document), Style(9, "bold"), after=BODY, gap=12)
    blocks.signatures(
        sheet,
        [
            (labels.ORGANISATION, document.organisation_signatory),
            (labels.COUNTERPARTY, document.counterparty_signatory),
        ],
        languages,
    )
    return sheet.finish(languages)


def _particulars(document: ReconciliationDocument) -> list[tuple[str, tuple[str, ...]]]:
    languages = document.languages
    rows = [
        (labels.ORGANISATION, blocks.party_lines(document.organisation, languages)),
        (labels.COUNTERPARTY, blocks.party_lines(document.counterparty, languages)),
    ]
    if document.contract is not None:  # a statement over all contracts names none, and denies none either
        rows.append((labels.CONTRACT, blocks.contract_lines(document.contract, languages)))
    if document.account_number:
        rows.append((labels.PERSONAL_ACCOUNT, (document.account_number,)))
    return [(joined(label, languages), texts) for label, texts in rows]


def _table(sheet: Sheet, document: ReconciliationDocument) -> None:
    languages = document.languages
    language = languages[0]
    columns = [
        Column(labels.ROW_NUMBER.each(languages), 26, "center"),
        Column(labels.DATE.each(languages), 54, "center"),
        Column(labels.DOCUMENT.each(languages), 96),
        Column(labels.OPERATION.each(languages), sheet.width - 26 - 54 - 96 - 3 * 68),
        Column(labels.DEBIT.each(languages), 68, "right"),
        Column(labels.CREDIT.each(languages), 68, "right"),
        Column(labels.BALANCE.each(languages), 68, "right"),
    ]
    balance = document.opening
    opening = numbers.money(balance, language)
    rows: list[list[Cell]] = [["", "", "", labels.OPENING_BALANCE.each(languages), "", "", opening]]
    for index, row in enumerate(document.rows, 1):
        balance += row.debit - row.credit
        rows.append(
            [
                str(index),
                numbers.short_date(row.on),
                row.document.each(languages),
                row.operation.each(languages),
                numbers.money(row.debit, language) if row.debit else "",
                numbers.money(row.credit, language) if row.credit else "",
                numbers.money(balance, language),
            ]
        )
    debit = numbers.money(sum(row.debit for row in document.rows), language)
    credit = numbers.money(sum(row.credit for row in document.rows), language)
    rows.append(["", "", "", labels.TURNOVER.each(languages), debit, credit, ""])
    closing = numbers.money(document.closing, language)
    rows.append(["", "", "", labels.CLOSING_BALANCE.each(languages), "", "", closing])
    Table(sheet, columns).draw(rows, keep=110.0, strong_last=True)
    sheet.y -= 8


def _conclusion(document: ReconciliationDocument) -> tuple[str, ...]:
    """Who owes whom on the last day of the period, in figures and words."""
    closing = document.closing
    label = labels.NO_DEBT
    if closing:
        label = labels.COUNTERPARTY_OWES if closing > 0 else labels.ORGANISATION_OWES
    return tuple(
        label.get(one).format(
            date=numbers.long_date(document.period_to, one),
            sum=numbers.money(abs(closing), one),
            words=amount_in_words(abs(closing), one),
        )
        for one in document.languages
    )

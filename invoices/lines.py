"""The table of charged or credited lines with its totals, as invoices and credit notes print it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from invoices import blocks, labels, numbers
from invoices.blocks import joined
from invoices.page import Align, Sheet
from invoices.table import Column, Table
from invoices.values import Line, LocalText

_AMOUNT_WIDTH = 66.0  # points


def table(sheet: Sheet, lines: Sequence[Line], languages: tuple[str, ...], *, keep: float) -> None:
    """Draw the table of lines, with a column of benefits when any line has one."""
    language = languages[0]
    with_benefit = any(line.benefit for line in lines)
    Table(sheet, _columns(sheet.width, languages, with_benefit)).draw(
        [_cells(index, line, languages, language, with_benefit) for index, line in enumerate(lines, 1)],
        keep=keep,
    )


@lru_cache(maxsize=64)
def _columns(width: float, languages: tuple[str, ...], with_benefit: bool) -> list[Column]:
    fixed: list[tuple[LocalText, float, Align]] = [
        (labels.ROW_NUMBER, 24.0, "center"),
        (labels.CODE, 46.0, "center"),
        (labels.NAME, 0.0, "left"),
        (labels.QUANTITY, 46.0, "right"),
        (labels.UNIT, 46.0, "center"),
        (labels.PRICE, 60.0, "right"),
        (labels.AMOUNT, _AMOUNT_WIDTH, "right"),
    ]
    if with_benefit:
        fixed.insert(-1, (labels.BENEFIT, 54.0, "right"))
    rest = width - sum(one for _, one, _ in fixed)
    return [Column(label.each(languages), one or rest, align) for label, one, align in fixed]


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


def totals(sheet: Sheet, lines: Sequence[Line], languages: tuple[str, ...]) -> None:
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

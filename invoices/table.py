"""A ruled table that runs over pages, repeating its head on each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from invoices.page import Align, Sheet, Style, wrap

Cell = str | tuple[str, ...]  # several texts: the same in several languages, one under another

_PAD_X = 3.0
_PAD_Y = 2.6
_HEAD_GROUND = 0.93
_LINES_WORTH_STARTING = 4  # a row longer than a page starts here only if so many lines fit


class Column(NamedTuple):
    """A column: its heading in each language, width in points, and where its text stands."""

    heading: tuple[str, ...]
    width: float
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class _Block:
    """A laid out cell: lines with their styles, and the points they take."""

    lines: tuple[tuple[str, Style], ...]
    height: float

    @classmethod
    def of(cls, lines: tuple[tuple[str, Style], ...]) -> _Block:
        return cls(lines, sum(style.leading for _, style in lines))


class Table:
    """Columns on a sheet. Rows are given at once, so the last can stay with what follows it."""

    def __init__(
        self,
        sheet: Sheet,
        columns: Sequence[Column],
        *,
        size: float = 8.0,
        numbered: bool = False,
        group: tuple[int, str] | None = None,
    ) -> None:
        """Prepare a table as wide as its columns.

        Args:
            sheet: where to draw.
            columns: from left to right.
            size: of the text, in points; headings are a little smaller.
            numbered: add a row 1, 2, 3 … under the head.
            group: the columns from this index on stand under one common heading.
        """
        self._sheet = sheet
        self._columns = tuple(columns)
        self._first = Style(size)
        self._other = Style(size - 1, grey=0.25)
        self._head_first = Style(size - 0.5, "bold")
        self._head_other = Style(size - 1.2, grey=0.25)
        self._size = size
        self._numbered = numbered
        self._group = group
        self._segment_top = sheet.y
        self._fresh = True  # nothing but the head stands on this page yet
        self._edges = [sheet.left]
        for column in self._columns:
            self._edges.append(self._edges[-1] + column.width)
        self._heads = self._head_rows()

    def draw(self, rows: Iterable[Sequence[Cell]], *, keep: float = 0.0, strong_last: bool = False) -> None:
        """Draw the head and the rows from the cursor down.

        Args:
            rows: cells in the order of the columns.
            keep: points that must stay free under the last row, so totals do not stand alone.
            strong_last: the last row is a total, in bold.
        """
        laid = [self._lay(row) for row in rows]
        if strong_last:
            laid[-1] = [_Block.of(tuple((text, style.bold()) for text, style in b.lines)) for b in laid[-1]]
        first = _height(laid[0]) if laid else 0.0
        self._sheet.need(sum(map(_height, self._heads)) + min(first, 80.0))
        self._open()
        for blocks in laid[:-1]:
            self._put(blocks, 0.0)
        for blocks in laid[-1:]:
            self._put(blocks, keep)
        self._close()

    def _head_rows(self) -> list[list[_Block]]:
        styles = (self._head_first, self._head_other)
        heads = [[_block(c.heading, styles, c.width) for c in self._columns]]
        if self._numbered:
            count = range(1, len(self._columns) + 1)
            heads.append([_Block.of(((str(number), self._head_other),)) for number in count])
        return heads

    def _lay(self, row: Sequence[Cell]) -> list[_Block]:
        assert len(row) == len(self._columns), row
        styles = (self._first, self._other)
        return [
            _block((cell,) if isinstance(cell, str) else cell, styles, column.width)
            for cell, column in zip(row, self._columns, strict=True)
        ]

    def _put(self, blocks: list[_Block], keep: float) -> None:
        sheet = self._sheet
        while True:
            height = _height(blocks)
            room = sheet.y - sheet.bottom
            if height + keep <= room:
                break
            page = sheet.top - sheet.bottom - sum(map(_height, self._heads)) - 20.0
            if height > page and room > _LINES_WORTH_STARTING * self._first.leading:
                start, blocks = _split(blocks, room - 2 * _PAD_Y)
                self._row(start)
            elif self._fresh:
                break
            self._close()
            sheet.new_page()
            self._open()
        self._row(blocks)

    def _open(self) -> None:
        self._segment_top = self._sheet.y
        self._sheet.repeat(_head, self._columns, self._size, self._numbered, self._group)
        self._fresh = True

    def draw_head(self) -> None:
        """Draw the headings of the columns on their ground."""
        height = sum(map(_height, self._heads))
        left, right = self._edges[0], self._edges[-1]
        self._sheet.box(left, self._sheet.y - height, right - left, height, fill=_HEAD_GROUND)
        for index, head in enumerate(self._heads):
            self._head(head, self._group if index == 0 else None)

    def _head(self, blocks: list[_Block], group: tuple[int, str] | None) -> None:
        sheet = self._sheet
        height = _height(blocks)
        for index, block in enumerate(blocks):
            grouped = group is not None and index >= group[0]
            band = self._band_height() if grouped else 0.0
            middle = (self._edges[index] + self._edges[index + 1]) / 2
            y = sheet.y - band - (height - band - block.height) / 2
            for text, style in block.lines:
                sheet.text(middle, y - style.size, text, style, "center")
                y -= style.leading
        if group is not None:
            self._band(group)
        self._rule_under(height)

    def _band_height(self) -> float:
        """Points the common heading of the grouped columns takes."""
        assert self._group is not None
        width = self._edges[-1] - self._edges[self._group[0]] - 2 * _PAD_X
        return len(wrap(self._group[1], self._head_first, width)) * self._head_first.leading + 2 * _PAD_Y

    def _band(self, group: tuple[int, str]) -> None:
        """Draw the common heading over its columns, and the rule between it and their own."""
        sheet = self._sheet
        left, right = self._edges[group[0]], self._edges[-1]
        sheet.y -= _PAD_Y
        sheet.lines(left + _PAD_X, right - left - 2 * _PAD_X, (group[1],), self._head_first, align="center")
        sheet.y += _PAD_Y
        low = sheet.y - self._band_height()
        sheet.rule(left, low, right, low)

    def _row(self, blocks: list[_Block]) -> None:
        sheet = self._sheet
        for index, block in enumerate(blocks):
            align = self._columns[index].align
            left, right = self._edges[index] + _PAD_X, self._edges[index + 1] - _PAD_X
            x = left if align == "left" else right if align == "right" else (left + right) / 2
            y = sheet.y - _PAD_Y
            for text, style in block.lines:
                sheet.text(x, y - style.size, text, style, align)
                y -= style.leading
        self._rule_under(_height(blocks))
        self._fresh = False

    def _rule_under(self, height: float) -> None:
        self._sheet.y -= height
        self._sheet.rule(self._edges[0], self._sheet.y, self._edges[-1], self._sheet.y)

    def _close(self) -> None:
        sheet = self._sheet
        sheet.rule(self._edges[0], self._segment_top, self._edges[-1], self._segment_top)
        for index, edge in enumerate(self._edges):
            inner = self._group is not None and self._group[0] < index < len(self._columns)
            top = self._segment_top - (self._band_height() if inner else 0.0)
            sheet.rule(edge, top, edge, sheet.y)


def _head(
    sheet: Sheet, columns: Sequence[Column], size: float, numbered: bool, group: tuple[int, str] | None
) -> None:
    Table(sheet, columns, size=size, numbered=numbered, group=group).draw_head()


@lru_cache(maxsize=8192)
def _block(texts: tuple[str, ...], styles: tuple[Style, Style], width: float) -> _Block:
    room = width - 2 * _PAD_X
    return _Block.of(
        tuple(
            (line, styles[min(index, 1)])
            for index, text in enumerate(texts)
            for line in wrap(text, styles[min(index, 1)], room)
        )
    )


def _height(blocks: list[_Block]) -> float:
    return max(block.height for block in blocks) + 2 * _PAD_Y


def _split(blocks: list[_Block], room: float) -> tuple[list[_Block], list[_Block]]:
    """Cut a row too tall for any page: what fits into `room` points, and the rest."""
    start, rest = [], []
    for block in blocks:
        height, count = 0.0, 0
        for _, style in block.lines:
            height += style.leading
            if height > room:
                break
            count += 1
        start.append(_Block.of(block.lines[:count]))
        rest.append(_Block.of(block.lines[count:]))
    return start, rest

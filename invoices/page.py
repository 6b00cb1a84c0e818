"""A sheet of paper: text, rules and boxes at places, a cursor that runs down, pages that follow.

Drawing goes straight into PDF operators, collected per page and put onto paper at the end, when the number
of pages is known. Widths and line breaks are cached for the process: captions repeat on
every document, names and services on most. So is what many documents have at the same place (`Sheet.repeat`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Literal, NamedTuple

from invoices import labels
from invoices.fonts import encode, faces
from invoices.paper import Paper

Align = Literal["left", "center", "right"]
Weight = Literal["regular", "bold"]

A4 = (595.28, 841.89)  # points
A4_LANDSCAPE = (841.89, 595.28)

_MARGIN = 34.0
_FOOT = 16.0  # kept free under the text for the page number
_SPACES = re.compile(r"[ \t\r\n\f\v]+")  # not \s: a no-break space does not break a line


class Style(NamedTuple):
    """How a text looks: weight, size in points, and grey from 0 (black) to 1."""

    size: float
    weight: Weight = "regular"
    grey: float = 0.0

    @property
    def leading(self) -> float:
        """Points from one line to the next."""
        return self.size * 1.25

    def bold(self) -> Style:
        """Return the same style in bold."""
        return self._replace(weight="bold")


BODY = Style(8.5)
BOLD = Style(8.5, "bold")
SMALL = Style(7)
HINT = Style(6.5, grey=0.35)
TITLE = Style(12.5, "bold")


@lru_cache(maxsize=16384)
def _shape(text: str, weight: Weight) -> tuple[str | None, float]:
    """Return the text as a PDF hex string (None if outside the shared subset) and its width."""
    encoded = encode(text)
    return (None if encoded is None else encoded.hex()), faces()[weight].measure(text)


def text_width(text: str, style: Style) -> float:
    """Return the width of `text` in points."""
    return _shape(text, style.weight)[1] * style.size / 1000


@lru_cache(maxsize=16384)
def wrap(text: str, style: Style, width: float) -> tuple[str, ...]:
    """Break `text` into lines no wider than `width` points; a word too long is broken anywhere."""
    words = [word for word in _SPACES.split(text) if word]
    whole = " ".join(words)
    if text_width(whole, style) <= width:
        return (whole,) if whole else ()
    space = text_width(" ", style)
    lines: list[str] = []
    line = ""
    used = 0.0
    for word in words:
        length = text_width(word, style)
        if line and used + space + length <= width:
            line, used = f"{line} {word}", used + space + length
            continue
        if line:
            lines.append(line)
        *full, line = _chop(word, style, width) if length > width else [word]
        lines.extend(full)
        used = text_width(line, style)
    lines.append(line)
    return tuple(lines)


def _chop(word: str, style: Style, width: float) -> list[str]:
    chunks = [""]
    used = 0.0
    for letter in word:
        step = text_width(letter, style)
        if chunks[-1] and used + step > width:
            chunks.append("")
            used = 0.0
        chunks[-1] += letter
        used += step
    return chunks


class _Place(NamedTuple):
    """Where drawing goes on, and how."""

    size: tuple[float, float]
    left: float
    right: float
    y: float
    font: tuple[Weight, float] | None
    grey: float


@lru_cache(maxsize=1024)
def _drawn(
    draw: Callable[..., None], facts: tuple[Hashable, ...], place: _Place
) -> tuple[str, _Place] | None:
    """What is drawn at a place, and the place after it; None if it turns a page or needs spare letters."""
    sheet = Sheet("", "kk", size=place.size)
    sheet._place = place
    draw(sheet, *facts)
    if sheet._has_spare_text or len(sheet._pages) > 1:
        return None
    return "\n".join(sheet._operators), sheet._place


class Sheet:
    """A document being drawn. `y` is the cursor: points from the bottom of the page, falling."""

    def __init__(
        self, title: str, language: str, *, size: tuple[float, float] = A4, paper: Paper | None = None
    ) -> None:
        """Open the first page; `title` becomes the head of later pages and, of an own paper, its title.

        Args:
            paper: a file that holds other documents too; the caller puts this one's `pages` onto it.
        """
        self.page_width, self.page_height = size
        self.left = _MARGIN
        self.right = self.page_width - _MARGIN
        self.width = self.right - self.left
        self.top = self.page_height - _MARGIN
        self.bottom = _MARGIN + _FOOT
        self.running_head = title
        self._paper = paper or Paper(title, language, size)
        self._pages: list[list[str]] = []
        self._copy_starts = [0]
        self._has_spare_text = False
        self._open_page()

    def _open_page(self) -> None:
        self._operators: list[str] = []
        self._pages.append(self._operators)
        self._font: tuple[Weight, float] | None = None
        self._grey = 0.0
        self.y = self.top

    def new_page(self) -> None:
        """Go on at the top of another page, under the running head."""
        self._open_page()
        self.y -= self.lines(self.left, self.width, (self.running_head,), HINT) + 6

    def new_copy(self, running_head: str) -> None:
        """Start a copy in another language: on a new page, its pages numbered from one."""
        self.running_head = running_head
        self._open_page()
        self._copy_starts.append(len(self._pages) - 1)

    def need(self, height: float) -> None:
        """Turn the page unless `height` points are still free on this one."""
        if self.y - height < self.bottom:
            self.new_page()

    def fit(self, x: float, y: float, width: float, text: str, style: Style = BODY) -> None:
        """Draw one line in the middle of a place `width` wide, smaller if it is too long for it."""
        needed = text_width(text, style)
        if needed > width:
            style = style._replace(size=round(style.size * width / needed - 0.05, 1))
        self.text(x + width / 2, y, text, style, "center")

    def text(self, x: float, y: float, text: str, style: Style = BODY, align: Align = "left") -> None:
        """Draw one line with its baseline at `y`; `x` is its left end, middle or right end."""
        if not text:
            return
        code, units = _shape(text, style.weight)
        if align != "left":
            x -= units * style.size / (1000 if align == "right" else 2000)
        if style.grey != self._grey:
            self._grey = style.grey
            self._operators.append(f"{style.grey:g} g")
        if code is None:
            self._spare_text(x, y, text, style)
            return
        font = ""
        if self._font != (style.weight, style.size):
            self._font = (style.weight, style.size)
            font = f"/{faces()[style.weight].resource} {style.size:g} Tf "
        self._operators.append(f"BT {font}{x:.2f} {y:.2f} Td <{code}> Tj ET")

    def _spare_text(self, x: float, y: float, text: str, style: Style) -> None:
        """Draw letters outside the shared subset."""
        self._has_spare_text = True
        self._operators.append(self._paper.spare_text(x, y, text, faces()[style.weight].spare, style.size))
        self._font = None

    def lines(
        self,
        x: float,
        width: float,
        texts: tuple[str, ...],
        style: Style = BODY,
        *,
        after: Style | None = None,
        align: Align = "left",
    ) -> float:
        """Draw paragraphs down from the cursor without moving it; return the height they took.

        The first of `texts` is drawn in `style`, the others (the same in other languages) in `after`.
        """
        anchor = x if align == "left" else x + width if align == "right" else x + width / 2
        y = self.y
        current = style
        for text in texts:
            for line in wrap(text, current, width):
                self.text(anchor, y - current.size, line, current, align)
                y -= current.leading
            current = after or style
        return self.y - y

    def paragraph(
        self,
        texts: tuple[str, ...],
        style: Style = BODY,
        *,
        after: Style | None = None,
        align: Align = "left",
        gap: float = 0.0,
    ) -> None:
        """Draw paragraphs over the whole width and move the cursor under them and `gap` points on."""
        current = style
        for text in texts:
            self.need(len(wrap(text, current, self.width)) * current.leading)
            self.y -= self.lines(self.left, self.width, (text,), current, align=align)
            current = after or style
        self.y -= gap

    def rule(self, x1: float, y1: float, x2: float, y2: float, width: float = 0.5) -> None:
        """Draw a straight line."""
        self._operators.append(f"{width:g} w {x1:.2f} {y1:.2f} m {x2:.2f} {y2:.2f} l S")

    def dashes(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Draw a line to cut along."""
        self._operators.append(f"[3 3] 0 d 0.5 w {x1:.2f} {y1:.2f} m {x2:.2f} {y2:.2f} l S [] 0 d")

    def box(self, x: float, y: float, width: float, height: float, *, fill: float | None = None) -> None:
        """Draw a frame (or, with `fill`, a grey ground) whose lower left corner is at (x, y)."""
        where = f"{x:.2f} {y:.2f} {width:.2f} {height:.2f} re"
        if fill is None:
            self._operators.append(f"0.5 w {where} S")
        else:
            self._operators.append(f"{fill:g} g {where} f {self._grey:g} g")

    def repeat(self, draw: Callable[..., None], *facts: Hashable) -> None:
        """Draw what many documents have at the same place: it is drawn once, and copied after that."""
        ready = _drawn(draw, facts, self._place)
        if ready is None:
            draw(self, *facts)
            return
        operators, self._place = ready
        self._operators.append(operators)

    @property
    def _place(self) -> _Place:
        size = (self.page_width, self.page_height)
        return _Place(size, self.left, self.right, self.y, self._font, self._grey)

    @_place.setter
    def _place(self, place: _Place) -> None:
        _, self.left, self.right, self.y, self._font, self._grey = place
        self.width = self.right - self.left

    def draw(self, operators: str) -> None:
        """Add ready PDF operators, filled in black."""
        self._operators.append(f"0 g\n{operators}\n{self._grey:g} g")

    def pages(self, languages: tuple[str, ...]) -> list[str]:
        """Number the pages of every copy that has several, and return the operators of each page.

        Args:
            languages: of the page numbers: all on each page, or, with copies, one for each copy.
        """
        bounds = [*self._copy_starts, len(self._pages)]
        copies = len(self._copy_starts)
        for index in range(copies):
            start, end = bounds[index], bounds[index + 1]
            spoken = languages if copies == 1 else (languages[index],)
            for page in range(start, end) if end - start > 1 else ():
                self._number(page, page - start + 1, end - start, spoken)
        return ["\n".join(operators) for operators in self._pages]

    def finish(self, languages: tuple[str, ...]) -> bytes:
        """Return the whole as PDF; see `pages`."""
        for operators in self.pages(languages):
            self._paper.add_page(operators)
        return self._paper.finish()

    def _number(self, page: int, number: int, count: int, languages: tuple[str, ...]) -> None:
        self._operators = self._pages[page]
        self._font = None
        self._grey = -1.0  # unknown here: set it anew
        texts = labels.PAGE_OF.each(languages)
        line = " · ".join(text.format(page=number, pages=count) for text in texts)
        self.text(self.page_width / 2, _MARGIN - 4, line, HINT, "center")

"""A PDF file: pages of ready operators, the two shared fonts, a title. Written without a library.

A library builds and walks an object for everything in a file, which takes longer than drawing an invoice.
Here a page is its packed stream and one line, and what all files share is ready bytes. Only a text with
letters outside the shared fonts is left to reportlab, which then writes the whole file.
"""

from __future__ import annotations

import zlib
from functools import cache, cached_property

from reportlab.pdfgen.canvas import Canvas

from invoices.fonts import FONT_NAME, faces

_AUTHOR = "Auyl Billing"
PACKING = 4  # of 9: half the time of the default for a file a twentieth larger
_HEAD = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
# Numbers of the objects that every file begins with; the fonts follow, then two objects for each page.
_CATALOG, _TREE, _INFO, _RESOURCES, _FIRST_FONT = 1, 2, 3, 4, 5


class Paper:
    """A file being written. Equal pages give equal bytes, on any day."""

    def __init__(self, title: str, language: str, size: tuple[float, float]) -> None:
        """Open an empty file; `size` is of its pages, in points."""
        self.title = title
        self.language = language
        self.size = size
        self._packed: list[bytes] = []

    def add_page(self, operators: str) -> None:
        """Put a page behind the others."""
        self._packed.append(zlib.compress(operators.encode("latin-1"), PACKING))

    def spare_text(self, x: float, y: float, text: str, font: str, size: float) -> str:
        """Return operators for a text with letters outside the shared fonts."""
        run = self._canvas.beginText(x, y)
        run.setFont(font, size)
        run.textOut(text)
        code: str = run.getCode()
        return code

    @cached_property
    def _canvas(self) -> Canvas:
        faces()
        canvas = Canvas(
            None,
            pagesize=self.size,
            pageCompression=1,
            invariant=1,
            initialFontName=FONT_NAME,
            lang=self.language,
        )
        canvas.setTitle(self.title)
        canvas.setAuthor(_AUTHOR)
        canvas.setCreator(_AUTHOR)
        return canvas

    def finish(self) -> bytes:
        """Return the whole as PDF."""
        if "_canvas" not in vars(self):
            return self._written()
        for packed in self._packed:
            self._canvas.addLiteral(zlib.decompress(packed).decode("latin-1"))
            self._canvas.showPage()
        return bytes(self._canvas.getpdfdata())

    def _written(self) -> bytes:
        fonts = _fonts()
        first_page = _FIRST_FONT + len(fonts)
        leaves = range(first_page + 1, first_page + 2 * len(self._packed), 2)
        box = f"[0 0 {self.size[0]:g} {self.size[1]:g}]"
        kids = " ".join(f"{leaf} 0 R" for leaf in leaves)
        objects = [
            f"<< /Type /Catalog /Pages {_TREE} 0 R /Lang {_text(self.language)} >>".encode("ascii"),
            f"<< /Type /Pages /Count {len(leaves)} /Kids [{kids}] /MediaBox {box}"
            f" /Resources {_RESOURCES} 0 R >>".encode("ascii"),
            f"<< /Title {_text(self.title)} /Author {_text(_AUTHOR)} /Creator {_text(_AUTHOR)} >>".encode(
                "ascii"
            ),
            _resources(),
            *fonts,
        ]
        for packed, leaf in zip(self._packed, leaves, strict=True):
            head = f"<< /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode("ascii")
            objects += (
                b"%b%b\nendstream" % (head, packed),
                b"<< /Type /Page /Parent %d 0 R /Contents %d 0 R >>" % (_TREE, leaf - 1),
            )
        return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    parts = [_HEAD]
    places = []
    place = len(_HEAD)
    for number, content in enumerate(objects, start=1):
        part = b"%d 0 obj\n%b\nendobj\n" % (number, content)
        places.append(b"%010d 00000 n \n" % place)
        place += len(part)
        parts.append(part)
    count = len(objects) + 1
    parts += (b"xref\n0 %d\n0000000000 65535 f \n" % count, *places)
    parts.append(
        b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (count, _CATALOG, _INFO, place)
    )
    return b"".join(parts)


@cache
def _fonts() -> tuple[bytes, ...]:
    """The objects of both weights, each font behind what it refers to."""
    objects: list[bytes] = []
    for face in faces().values():
        program = _FIRST_FONT + len(objects)
        unicode_map, descriptor = program + 1, program + 2
        objects += (
            face.program.rstrip(b"\n"),
            face.unicode_map.rstrip(b"\n"),
            (face.descriptor % program).rstrip(b"\n"),
            (face.font % (descriptor, unicode_map)).rstrip(b"\n"),
        )
    return tuple(objects)


@cache
def _resources() -> bytes:
    fonts = " ".join(
        f"/{face.resource} {_FIRST_FONT + 4 * place + 3} 0 R" for place, face in enumerate(faces().values())
    )
    return f"<< /Font << {fonts} >> >>".encode("ascii")


def _text(value: str) -> str:
    """A text of any language, as PDF keeps it."""
    return f"<feff{value.encode('utf-16-be').hex()}>"

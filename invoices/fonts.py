"""Noto Sans, regular and bold, embedded once per process instead of subset anew for every document.

Subsetting and compressing a font costs more than drawing a page, so every document carries the same
two ready subsets: all letters of the three languages, figures and the signs our forms need. Text with
any other letter (a foreign name) falls back to reportlab's own per-document subset.
"""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pymupdf_fonts
from reportlab import rl_config
from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont, makeToUnicodeCMap

FONT_NAME = "Noto"  # for Canvas(initialFontName=…)

_RUSSIAN = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_KAZAKH = "ӘәҒғҚқҢңӨөҰұҮүҺһІі"
_SIGNS = "«»–—№₸…²³°·•’“”„×±§"
_ASCII = "".join(map(chr, range(0x20, 0x7F)))
_CHARACTERS = _ASCII + _RUSSIAN + _KAZAKH + _SIGNS

# No-break spaces are drawn with the code of a space: a line is broken before it is encoded.
_CODES = {ord(c): 0x20 + i for i, c in enumerate(_CHARACTERS)} | {0xA0: 0x20, 0x202F: 0x20}

# Streams as plain deflate: reportlab's default wraps them in base 85 by a slow loop, a quarter larger.
rl_config.useA85 = 0


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One weight of the font: how wide its letters are, and its ready subset."""

    resource: str  # name inside the page's resources
    spare: str  # reportlab's name of the same font, for letters outside the subset
    widths: tuple[int, ...]  # by code, in thousandths of the size
    spare_widths: Mapping[int, float]  # by Unicode, for letters outside the subset
    font: bytes  # PDF objects ready to write; blanks for the numbers of those they refer to
    descriptor: bytes
    program: bytes
    unicode_map: bytes

    def measure(self, text: str) -> float:
        """Return the width of `text` in thousandths of the font size."""
        encoded = encode(text)
        if encoded is not None:
            return sum(map(self.widths.__getitem__, encoded))
        return sum(self.spare_widths.get(ord(c), self.widths[0x20]) for c in text)


class _SharedFont:
    """What reportlab asks of a static font: a name, and to put its objects into a document."""

    fontName = FONT_NAME  # noqa: N815  reportlab's protocol
    _dynamicFont = False  # noqa: N815
    _multiByte = False  # noqa: N815

    class face:  # noqa: N801  reportlab's protocol
        """Tells reportlab that the font is not one of the built-in ones."""

        builtIn = False  # noqa: N815

    def addObjects(self, doc: Any) -> None:  # noqa: N802  reportlab's protocol
        """Add both weights to `doc`; called once per document, when its first page starts."""
        doc.fontMapping[FONT_NAME] = "/" + faces()["regular"].resource
        for face in faces().values():
            name = face.resource
            program = _add(doc, f"{name}program", face.program)
            unicode_map = _add(doc, f"{name}unicode", face.unicode_map)
            descriptor = _add(doc, f"{name}descriptor", face.descriptor % program)
            _add(doc, name, face.font % (descriptor, unicode_map))
            doc.idToObject["BasicFonts"].dict[name] = pdfdoc.PDFObjectReference(name)


def _add(doc: Any, name: str, content: bytes) -> int:
    """Add a ready object and return its number, so the next can refer to it.

    Bytes, not reportlab's dictionaries: formatting those anew took a fifth of a document's time.
    """
    doc.Reference(content, name)
    number: int = doc.idToObjectNumberAndVersion[name][0]
    return number


def encode(text: str) -> bytes | None:
    """Return the codes of `text` in the shared subset, or None if it holds a letter outside it."""
    try:
        return codecs.charmap_encode(text, "strict", _CODES)[0]
    except UnicodeEncodeError:
        return None


@cache
def faces() -> Mapping[str, Face]:
    """Load both weights and register them with reportlab; the work is done once per process."""
    loaded = {
        "regular": _load("F1", "NotoSpare", "notos", "AUYLRA+NotoSans"),
        "bold": _load("F2", "NotoSpareBold", "notosbo", "AUYLBA+NotoSans-Bold"),
    }
    pdfmetrics.registerFont(_SharedFont())
    return loaded


def _load(resource: str, spare: str, package_name: str, base_name: str) -> Face:
    font = TTFont(spare, io.BytesIO(pymupdf_fonts.myfont(package_name)), shapable=False)
    pdfmetrics.registerFont(font)
    source = font.face
    subset = [0] * 0x20 + [ord(c) for c in _CHARACTERS]
    widths = tuple(round(source.getCharWidth(code)) for code in subset)
    program = source.makeSubset(subset)
    box = " ".join(str(round(edge)) for edge in source.bbox)
    # Flags 4: symbolic, because the subset has an encoding of its own.
    descriptor = (
        f"<< /Type /FontDescriptor /FontName /{base_name} /Flags 4 /FontBBox [{box}] "
        f"/Ascent {source.ascent:g} /Descent {source.descent:g} /CapHeight {source.capHeight:g} "
        f"/ItalicAngle {source.italicAngle:g} /StemV {source.stemV:g} "
        f"/MissingWidth {source.defaultWidth:g} /FontFile2 %d 0 R >>\n"
    )
    pdf_font = (
        f"<< /Type /Font /Subtype /TrueType /Name /{resource} /BaseFont /{base_name} /FirstChar 0 "
        f"/LastChar {len(subset) - 1} /Widths [{' '.join(map(str, widths))}] "
        "/FontDescriptor %d 0 R /ToUnicode %d 0 R >>\n"
    )
    return Face(
        resource=resource,
        spare=spare,
        widths=widths,
        spare_widths=source.charWidths,
        font=pdf_font.encode("ascii"),
        descriptor=descriptor.encode("ascii"),
        program=_stream(program, f"/Length1 {len(program)} "),
        unicode_map=_stream(makeToUnicodeCMap(base_name, subset).encode("ascii")),
    )


def _stream(content: bytes, entries: str = "") -> bytes:
    packed = zlib.compress(content, 9)
    head = f"<< /Filter /FlateDecode {entries}/Length {len(packed)} >>\nstream\n"
    return head.encode("ascii") + packed + b"\nendstream\n"

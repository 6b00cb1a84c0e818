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
    descriptor: Mapping[str, Any]
    base_name: str
    program: bytes  # the subset, deflated
    program_length: int
    unicode_map: bytes  # deflated

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
            font = pdfdoc.PDFTrueTypeFont()
            font.Name = face.resource
            font.BaseFont = face.base_name
            font.FirstChar, font.LastChar = 0, len(face.widths) - 1
            font.Widths = b"[" + b" ".join(b"%d" % width for width in face.widths) + b"]"
            font.ToUnicode = doc.Reference(_deflated(face.unicode_map))
            program = doc.Reference(_deflated(face.program, Length1=face.program_length))
            font.FontDescriptor = doc.Reference(
                pdfdoc.PDFDictionary({**face.descriptor, "FontFile2": program})
            )
            doc.Reference(font, face.resource)
            doc.idToObject["BasicFonts"].dict[face.resource] = font


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
    program = source.makeSubset(subset)
    return Face(
        resource=resource,
        spare=spare,
        widths=tuple(round(source.getCharWidth(code)) for code in subset),
        spare_widths=source.charWidths,
        descriptor={
            "Type": "/FontDescriptor",
            "Ascent": source.ascent,
            "CapHeight": source.capHeight,
            "Descent": source.descent,
            "Flags": 4,  # symbolic: the subset has its own encoding
            "FontBBox": b"[%d %d %d %d]" % tuple(map(round, source.bbox)),
            "FontName": pdfdoc.PDFName(base_name),
            "ItalicAngle": source.italicAngle,
            "StemV": source.stemV,
            "MissingWidth": source.defaultWidth,
        },
        base_name=base_name,
        program=zlib.compress(program, 9),
        program_length=len(program),
        unicode_map=zlib.compress(makeToUnicodeCMap(base_name, subset).encode("ascii"), 9),
    )


def _deflated(content: bytes, **entries: int) -> Any:
    stream = pdfdoc.PDFStream(content=content)
    stream.dictionary["Filter"] = pdfdoc.PDFName("FlateDecode")
    for name, value in entries.items():
        stream.dictionary[name] = value
    return stream

"""Finds out how a text is encoded, from its bytes alone: what a file says of itself is often wrong.

Banks and offices of Kazakhstan write UTF-8 with and without a mark, cp1251 (which has no Kazakh letters) and
kz1048 (which has them where cp1251 has Serbian ones), and declare any of these whatever they wrote
(kazakhstan.md §7.4).
"""

import codecs
import io
import re
from typing import TextIO

PIECE_BYTES = 1_000_000  # decoded at a time, so that a large file is never held twice

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Kazakh letters of kz1048 as cp1251 shows them: no Russian or Kazakh word has these.
_MISREAD_KAZAKH = re.compile(b"[" + re.escape("ЈјЄєЌќЅѕҐґЎўЇїЋћ".encode("cp1251")) + b"]")
_UNDEFINED_IN_CP1251 = b"\x98"  # and in kz1048
_CHARACTER_BYTES_MAX = 4  # of UTF-8


def encoding_of(content: bytes) -> str | None:
    """The name of the encoding; None where the bytes are no text.

    A UTF-8 text that breaks off within its last letter is still UTF-8: it was cut off.
    """
    if content.startswith(_UTF_16_MARKS):
        return "utf-16" if _decodes(content, "utf-16") else None
    if b"\0" in content:
        return None
    if _decodes(content, "utf-8"):
        return "utf-8-sig"
    if _UNDEFINED_IN_CP1251 in content:
        return None
    return "kz1048" if _MISREAD_KAZAKH.search(content) else "cp1251"


def open_text(content: bytes, encoding: str) -> TextIO:
    """The text as a stream of lines that end in a bare newline, decoded piece by piece.

    Only a last letter that was cut through shows as a replacement mark: ``encoding_of`` has read the rest.
    """
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors="replace")


def _decodes(content: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    view = memoryview(content)
    try:
        for start in range(0, len(content), PIECE_BYTES):
            decoder.decode(view[start : start + PIECE_BYTES])
    except UnicodeDecodeError:
        return False
    rest, _ = decoder.getstate()
    # A single letter of cp1251 after plain ASCII looks like the beginning of one in UTF-8.
    return not rest or not content[:-_CHARACTER_BYTES_MAX].isascii()

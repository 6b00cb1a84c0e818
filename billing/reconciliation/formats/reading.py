"""Tells what kind of statement the bytes are, by nothing but their content, and has it read."""

import re
from collections.abc import Callable, Sequence
from functools import partial

from billing.kernel.encodings import encoding_of, open_text
from billing.reconciliation.formats import one_c
from billing.reconciliation.formats.camt import CamtReader
from billing.reconciliation.formats.draft import Abandoned, Draft
from billing.reconciliation.formats.one_c import OneCReader
from billing.reconciliation.formats.profiles import BUILT_IN, ColumnProfile
from billing.reconciliation.formats.sheets import SheetReader
from billing.reconciliation.formats.statement import Problem, ProblemCode, Reading, Severity
from billing.reconciliation.formats.swift import SwiftReader
from billing.reconciliation.formats.totals import conclude

BYTES_MAX = 200_000_000  # a hundred thousand rows of 1C in UTF-8 are ninety million

_BEGINNING = 4_000  # characters that tell the format
_BINARY = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # Excel, new and old
_SWIFT = re.compile(r"(?:\{1:|:20:|:25:)|[^\n]*\n(?:[^\n]*\n){0,5}:20:")


def read_statement(
    content: bytes, profiles: Sequence[ColumnProfile] = BUILT_IN, *, account: str = ""
) -> Reading:
    """What a file says, and what is wrong with it. Any bytes give a reading.

    Args:
        content: of the file as it came.
        profiles: of the columns, for XLSX and CSV; the one that fits best is taken, of equals the first.
        account: IBAN that a spreadsheet is of which names none.
    """
    if len(content) > BYTES_MAX:
        return _nothing(ProblemCode.TOO_LARGE, megabytes=BYTES_MAX // 1_000_000)
    if content.startswith(_BINARY):
        return _read_sheet(content, profiles, account)
    encoding = encoding_of(content)
    if encoding is None:
        return _nothing(ProblemCode.UNREADABLE)
    with open_text(content, encoding) as stream:
        reader = _reader_of(stream.read(_BEGINNING).lstrip("\ufeff \t\n\v\f"))
        if reader is not None:
            stream.seek(0)
            return _finished(reader.draft, partial(reader.read, stream))
    return _read_sheet(content, profiles, account)


def _reader_of(beginning: str) -> OneCReader | CamtReader | SwiftReader | None:
    if beginning[:200].lower().startswith(one_c.SIGNATURE):
        return OneCReader()
    if beginning.startswith("<"):
        return CamtReader()
    return SwiftReader() if _SWIFT.match(beginning) else None


def _read_sheet(content: bytes, profiles: Sequence[ColumnProfile], account: str) -> Reading:
    reader = SheetReader(profiles, account)
    return _finished(reader.draft, partial(reader.read, content))


def _finished(draft: Draft, read: Callable[[], None]) -> Reading:
    try:
        read()
    except Abandoned:
        # Without a single row or balance there is nothing to show beside the problem.
        if not (draft.rows or draft.sections):
            return Reading(None, tuple(draft.problems))
    return conclude(draft)


def _nothing(code: ProblemCode, **facts: object) -> Reading:
    return Reading(None, (Problem(code, Severity.ERROR, facts=facts),))

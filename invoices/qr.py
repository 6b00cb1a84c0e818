"""QR codes as one path: runs of dark modules, so a code costs a page almost nothing."""

from __future__ import annotations

import re

import segno

from invoices.checks import require_ascii

_MASK = 2  # any of the eight is valid; trying all of them costs five times the code itself
_QUIET_MODULES = 4  # white border the standard asks for
_DARK_RUN = re.compile(b"\x01+")


def matrix(payload: str) -> tuple[bytes, ...]:
    """Return the code's rows, one byte per module (1 is dark), without the quiet border.

    Raises:
        ValueError: the payload is empty, not ASCII, or too long for any QR code.
    """
    require_ascii(payload)
    if not payload:
        raise ValueError("a QR code needs a payload")
    code = segno.make_qr(payload, error="m", mask=_MASK, boost_error=False)
    return tuple(map(bytes, code.matrix))


def path(payload: str, x: float, y: float, size: float) -> str:
    """Return PDF operators that fill the code into a square with its lower left corner at (x, y).

    The quiet border lies inside the square. `size` is in points.
    """
    rows = matrix(payload)
    module = size / (len(rows) + 2 * _QUIET_MODULES)
    left = x + _QUIET_MODULES * module
    top = y + size - _QUIET_MODULES * module
    # Drawn in modules, row 0 on top: whole numbers are quicker to write and smaller to keep.
    runs = [
        f"{run.start()} {index} {run.end() - run.start()} 1 re"
        for index, row in enumerate(rows)
        for run in _DARK_RUN.finditer(row)
    ]
    return "\n".join((f"q {module:.4f} 0 0 {-module:.4f} {left:.3f} {top:.3f} cm", *runs, "f Q"))

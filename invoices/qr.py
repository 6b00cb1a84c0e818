"""QR codes as one path: runs of dark modules, so a code costs a page almost nothing.

The bits of a code are worked out here, because that is most of an invoice's time: a QR library draws its
frame, tries masks and moves modules one by one for every code. Here the frame and the place of every bit
are taken from the library once for each size, and a code is a checksum and one reordering of bits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, zip_longest
from operator import itemgetter

import segno
from segno import consts

from invoices.checks import require_ascii

_MASK = 2  # any of the eight is valid; this one inverts every third column
_QUIET_MODULES = 4  # white border the standard asks for
_DARK_RUN = re.compile("1+")

# Error correction level M: bytes of correction in each block, then the bytes of data in each block.
_BLOCKS: dict[int, tuple[int, tuple[int, ...]]] = {
    1: (10, (16,)),
    2: (16, (28,)),
    3: (26, (44,)),
    4: (18, (32, 32)),
    5: (24, (43, 43)),
    6: (16, (27, 27, 27, 27)),
    7: (18, (31, 31, 31, 31)),
    8: (22, (38, 38, 39, 39)),
    9: (22, (36, 36, 36, 37, 37)),
}
_BYTE_MODE = 0b0100
_HEAD_BYTES = 2  # mode, length and the end mark: 4 + 8 + 4 bits
_PADDING = (0xEC, 0x11)
_FIELD = 0x11D  # x⁸ + x⁴ + x³ + x² + 1, over which the standard computes


def matrix(payload: str) -> tuple[str, ...]:
    """Return the code's rows, one character per module ("1" is dark), without the quiet border.

    Raises:
        ValueError: the payload is empty, not ASCII, or too long for any QR code.
    """
    require_ascii(payload)
    if not payload:
        raise ValueError("a QR code needs a payload")
    needed = len(payload) + _HEAD_BYTES
    version = next((version for version, (_, data) in _BLOCKS.items() if sum(data) >= needed), None)
    if version is None:
        code = segno.make_qr(payload, error="m", mode="byte", mask=_MASK, boost_error=False)
        return tuple("".join(map(str, row)) for row in code.matrix)
    frame = _frame(version)
    bits = "".join(frame.arrange(_bits(payload.encode("ascii"), version, frame) + "01"))
    return tuple(bits[start : start + frame.size] for start in range(0, len(bits), frame.size))


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all codes of a version share.

    Attributes:
        arrange: takes the code's bits and the characters "01", and gives the modules row by row.
        inverted: the bits that the mask inverts, as a number.
        spare_bits: after the last byte.
    """

    size: int
    arrange: Callable[[str], Sequence[str]]
    inverted: int
    spare_bits: int


@cache
def _frame(version: int) -> _Frame:
    code = segno.make_qr("0", error="m", version=version, mask=_MASK, boost_error=False)
    modules = [list(row) for row in code.matrix_iter(border=0, verbose=True)]
    size = len(modules)
    modules[8][size - 9] = consts.TYPE_DATA_LIGHT  # the library counts it to the format's bits: it is data
    free = {consts.TYPE_DATA_DARK, consts.TYPE_DATA_LIGHT}
    places = [(row, column) for row, column in _snake(size) if modules[row][column] in free]
    # A module of the frame is one of the two characters that follow the bits.
    picked = [len(places) + (module >> 8 > 0) for row in modules for module in row]
    for bit, (row, column) in enumerate(places):
        picked[row * size + column] = bit
    correction, data = _BLOCKS[version]
    coded = 8 * (sum(data) + correction * len(data))
    inverted = "".join("1" if column % 3 == 0 else "0" for _, column in places)
    return _Frame(size, itemgetter(*picked), int(inverted, 2), len(places) - coded)


def _snake(size: int) -> list[tuple[int, int]]:
    """The standard's way over the modules: two columns up, two down, from the right; column 6 is left out."""
    way = []
    rights = [column for column in range(size - 1, 0, -2) if column > 6]
    rights += [5, 3, 1]
    for turn, right in enumerate(rights):
        rows = range(size) if turn % 2 else range(size - 1, -1, -1)
        way += [(row, column) for row in rows for column in (right, right - 1)]
    return way


def _bits(content: bytes, version: int, frame: _Frame) -> str:
    """The bits of a code in the order of their places, inverted where the mask says so."""
    correction, sizes = _BLOCKS[version]
    head = (_BYTE_MODE << 8 | len(content)) << 8 * len(content) | int.from_bytes(content, "big")
    data = (head << 4).to_bytes(len(content) + _HEAD_BYTES, "big")
    missing = sum(sizes) - len(data)
    # The zero in front is the library's habit; with it both make the same codes, and a test holds us to it.
    data += bytes((0, *_PADDING * (missing // 2)))[:missing]
    blocks, start = [], 0
    for size in sizes:
        blocks.append(data[start : start + size])
        start += size
    checks = [_checksum(block, correction) for block in blocks]
    mixed = bytes(
        byte
        for byte in chain(
            chain.from_iterable(zip_longest(*blocks)), chain.from_iterable(zip(*checks, strict=True))
        )
        if byte is not None
    )
    length = 8 * len(mixed) + frame.spare_bits
    number = (int.from_bytes(mixed, "big") << frame.spare_bits) ^ frame.inverted
    return f"{number:0{length}b}"


def _checksum(block: bytes, length: int) -> bytes:
    """The block's Reed-Solomon correction: the remainder of a division, a byte at a time."""
    multiples = _multiples(length)
    top, whole = 8 * (length - 1), (1 << 8 * length) - 1
    rest = 0
    for byte in block:
        rest = (rest << 8 & whole) ^ multiples[byte ^ rest >> top]
    return rest.to_bytes(length, "big")


@cache
def _multiples(length: int) -> tuple[int, ...]:
    """The generator polynomial of a correction times each byte, without its leading term, as numbers."""
    generator = [1]
    root = 1
    for _ in range(length):
        shifted = [*generator, 0]
        generator = [one ^ _times(other, root) for one, other in zip(shifted, [0, *generator], strict=True)]
        root = _times(root, 2)
    return tuple(
        int.from_bytes(bytes(_times(each, byte) for each in generator[1:]), "big") for byte in range(256)
    )


def _times(one: int, other: int) -> int:
    """The product of two bytes in the field."""
    product = 0
    while other:
        if other & 1:
            product ^= one
        one <<= 1
        if one & 0x100:
            one ^= _FIELD
        other >>= 1
    return product


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
        f"{start} {index} {end - start} 1 re"
        for index, row in enumerate(rows)
        for start, end in map(re.Match.span, _DARK_RUN.finditer(row))
    ]
    return "\n".join((f"q {module:.4f} 0 0 {-module:.4f} {left:.3f} {top:.3f} cm", *runs, "f Q"))

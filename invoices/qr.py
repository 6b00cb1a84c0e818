"""QR codes as an image with a bit for each module, so a code costs a page almost nothing.

The bits are worked out here, because that was most of an invoice's time: a QR library draws its frame, tries
masks and moves modules one by one for every code. But a code is a sum: wherever half a byte of data stands,
its value turns over the same modules, its own and those of the corrections that follow from it. So these are
worked out once for each size, on the library's frame, and a code is some hundred exclusive ors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import compress, islice

import segno
from segno import consts

from invoices.checks import require_ascii

_MASK = 2  # any of the eight is valid; this one inverts every third column
_QUIET_MODULES = 4  # white border the standard asks for

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


def modules(payload: str) -> tuple[int, str]:
    """Return the code's width in modules, without the quiet border, and its rows from the top.

    A row is a bit for each module (1 is dark), filled up with zeros to whole bytes, in hexadecimal.

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
        pitch = _pitch(len(code.matrix))
        rows = ("".join(map(str, row)).ljust(pitch, "0") for row in code.matrix)
        return len(code.matrix), "".join(f"{int(row, 2):0{pitch // 4}x}" for row in rows)
    symbol = _symbol(version)
    bits = symbol.blank
    for turned, half in zip(symbol.turned, _data(payload.encode("ascii"), version).hex(), strict=True):
        bits ^= turned[half]
    return symbol.width, f"{bits:0{symbol.width * _pitch(symbol.width) // 4}x}"


def image(payload: str, x: float, y: float, size: float) -> str:
    """Return PDF operators that draw the code into a square with its lower left corner at (x, y).

    The quiet border lies inside the square. `size` is in points. Enlarged, the modules keep sharp edges:
    an image is smoothed only where it asks for that.
    """
    width, rows = modules(payload)
    module = size / (width + 2 * _QUIET_MODULES)
    side, border = width * module, _QUIET_MODULES * module
    return (
        f"q {side:.3f} 0 0 {side:.3f} {x + border:.3f} {y + border:.3f} cm\n"
        f"BI /W {width} /H {width} /IM true /D [1 0] /F /AHx ID\n{rows}>\nEI Q"
    )


def _pitch(width: int) -> int:
    """Bits from one row of the image to the next: they begin with a byte."""
    return (width + 7) // 8 * 8


def _data(content: bytes, version: int) -> bytes:
    """Mode, length, content and end, filled up."""
    head = (_BYTE_MODE << 8 | len(content)) << 8 * len(content) | int.from_bytes(content, "big")
    data = (head << 4).to_bytes(len(content) + _HEAD_BYTES, "big")
    missing = sum(_BLOCKS[version][1]) - len(data)
    # The zero in front is the library's habit; with it both make the same codes, and a test holds us to it.
    return data + bytes((0, *_PADDING * (missing // 2)))[:missing]


@dataclass(frozen=True, slots=True)
class _Symbol:
    """What all codes of a version share. Modules are the bits of a number, in the order of the image.

    Attributes:
        blank: the code of nothing but zeros: its frame, and what the mask inverts.
        turned: for each half of a byte of data, the modules that each value of it turns over.
    """

    width: int
    blank: int
    turned: tuple[Mapping[str, int], ...]


@cache
def _symbol(version: int) -> _Symbol:
    code = segno.make_qr("0", error="m", version=version, mask=_MASK, boost_error=False)
    frame = [list(row) for row in code.matrix_iter(border=0, verbose=True)]
    width = len(frame)
    frame[8][width - 9] = consts.TYPE_DATA_LIGHT  # the library counts it to the format's bits: it is data
    pitch = _pitch(width)
    blank = 0
    free = {}
    for row, kinds in enumerate(frame):
        for column, kind in enumerate(kinds):
            module = 1 << pitch * (width - row) - 1 - column
            if kind in (consts.TYPE_DATA_DARK, consts.TYPE_DATA_LIGHT):
                free[row, column] = module
                blank ^= module if column % 3 == 0 else 0
            elif kind >> 8:
                blank ^= module
    return _Symbol(
        width, blank, tuple(_turned(version, [free[place] for place in _snake(width) if place in free]))
    )


def _snake(width: int) -> Iterator[tuple[int, int]]:
    """The standard's way over the modules: two columns up, two down, from the right; column 6 is left out."""
    rights = [column for column in range(width - 1, 0, -2) if column > 6]
    for turn, right in enumerate([*rights, 5, 3, 1]):
        for row in range(width) if turn % 2 else range(width - 1, -1, -1):
            yield from ((row, right), (row, right - 1))


def _turned(version: int, way: Sequence[int]) -> Iterator[Mapping[str, int]]:
    """What each half of a byte of data turns over; `way` are the modules in the order that bits take them."""
    correction, sizes = _BLOCKS[version]
    blocks = len(sizes)
    # Blocks are mixed: the first byte of each, the second of each …; then their corrections in the same way.
    mixed = [(block, place) for place in range(max(sizes)) for block in range(blocks) if place < sizes[block]]
    mixed += [(block, sizes[block] + place) for place in range(correction) for block in range(blocks)]
    own = {byte: way[8 * place : 8 * place + 8] for place, byte in enumerate(mixed)}
    remainders = list(islice(_remainders(correction), max(sizes)))
    for block, size in enumerate(sizes):
        checks = [module for place in range(size, size + correction) for module in own[block, place]]
        for place in range(size):
            turned = []
            for bit, module in enumerate(own[block, place]):
                value = 0x80 >> bit
                remainder = bytes(_times(each, value) for each in remainders[size - 1 - place])
                wrong = f"{int.from_bytes(remainder, 'big'):0{8 * correction}b}"
                turned.append(module ^ sum(compress(checks, map(int, wrong))))
            yield _sums(turned[:4])
            yield _sums(turned[4:])


def _sums(turned: Sequence[int]) -> Mapping[str, int]:
    """What the values of half a byte turn over, from what its bits do."""
    sums = [0]
    for modules_of_bit in reversed(turned):
        sums += [each ^ modules_of_bit for each in sums]
    return dict(zip("0123456789abcdef", sums, strict=True))


def _remainders(length: int) -> Iterator[Sequence[int]]:
    """The Reed-Solomon corrections of a block with a one in its last byte, in the one before, and so on."""
    generator = [1]
    root = 1
    for _ in range(length):
        shifted = [*generator, 0]
        generator = [one ^ _times(other, root) for one, other in zip(shifted, [0, *generator], strict=True)]
        root = _times(root, 2)
    divisor = generator[1:]
    rest = divisor
    while True:
        yield rest
        lead, *others = rest
        rest = [one ^ _times(other, lead) for one, other in zip([*others, 0], divisor, strict=True)]


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

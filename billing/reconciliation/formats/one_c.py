"""Reads 1CClientBankExchange as the banks of Kazakhstan write it (kazakhstan.md §7.1, §7.2).

Keys are compared without regard to case, blanks around them do not count, a line that is no key goes on with
the text above it, and the Russian names of keys are understood as well.
"""

from dataclasses import dataclass, field
from datetime import date
from operator import methodcaller
from typing import TextIO

from billing.kernel.money import ZERO, Money
from billing.reconciliation.formats.draft import Draft
from billing.reconciliation.formats.one_c_keys import (
    DOCUMENT,
    DOCUMENT_END,
    FILE_END,
    FOREIGN_KEY,
    KNOWN,
    LIKE_A_KEY,
    NO_KEY,
    PURPOSE_PARTS,
    SECTION,
    SECTION_END,
    STRUCTURE,
)
from billing.reconciliation.formats.one_c_shape import Shape
from billing.reconciliation.formats.statement import (
    NOBODY,
    Direction,
    Party,
    ProblemCode,
    Row,
    Section,
    StatementFormat,
)
from billing.reconciliation.formats.written import (
    budget_code_of,
    knp_of,
    one_line,
    read_day,
    read_sum,
)

SIGNATURE = "1cclientbankexchange"
LINE_LENGTH_MAX = 10_000
BLOCK_LINES_MAX = 200
KEYS_REMEMBERED_MAX = 2_000
SHAPES_MAX = 8
SHAPE_LINES_MAX = 90
PIECE = 1_000_000  # characters read at a time
PIECE_REST = 100_000  # what must be left of a piece, so that a document is not cut through in vain

_BLANKS = " \t\r\n\v\f\ufeff"
_OPENS = frozenset({SECTION, DOCUMENT})
_PAYER = ("payer_name", "payer_id", "payer_iban", "payer_bic")
_PAYEE = ("payee_name", "payee_id", "payee_iban", "payee_bic")
_REAL_PAYER = ("real_payer_name", "real_payer_id", "real_payer_iban", "real_payer_bic")
_REAL_PAYEE = ("real_payee_name", "real_payee_id", "real_payee_iban", "real_payee_bic")
_at_equals = methodcaller("partition", "=")
_CURRENCIES = frozenset({"", "KZT", "398", "ТЕНГЕ"})
_CLOSES = {SECTION_END: SECTION, DOCUMENT_END: DOCUMENT}
_SUMS = frozenset({"in", "out", "sum", "opening", "closing", "credited", "debited"})


@dataclass(slots=True)
class _Block:
    """The lines from a structural key up to the next one.

    Attributes:
        line: number of the structural key's line.
        kind: the structural key; empty before the first and between documents.
        opening: the structural key's line.
        lines: that follow, as they came.
        text: all of them with both structural lines, once the block is closed.
        values: by our names of keys, once the block is closed.
    """

    line: int = 0
    kind: str = ""
    opening: str = ""
    lines: list[str] = field(default_factory=list)
    text: str = ""
    values: dict[str, str] = field(default_factory=dict)


class OneCReader:
    """Goes through a file once: line by line, and whole documents at a time where they look alike.

    Attributes:
        draft: what was found.
    """

    def __init__(self) -> None:
        self.draft = Draft(StatementFormat.ONE_C)
        self._names: dict[str, str] = {}
        self._own: set[str] = set()  # the account as the file writes it
        self._names_ultimates = False  # whether any document names who really paid or was paid
        self._shapes: list[Shape] = []
        self._block = _Block()
        self._ended = False

    def read(self, stream: TextIO) -> None:
        """Read the whole file.

        Raises:
            Abandoned: reading on makes no sense; the draft has the problem.
        """
        text, position, number, more = "", 0, 0, True
        while more or position < len(text):
            if more and len(text) - position < PIECE_REST:
                added = stream.read(PIECE)
                more = bool(added)
                text, position = text[position:] + added, 0
            if not self._block.kind and self._shapes:
                position, number = self._take_alike(text, position, number)
            if position < len(text) and (not more or len(text) - position >= PIECE_REST):
                end = text.find("\n", position) + 1 or len(text)
                number += 1
                if end - position > LINE_LENGTH_MAX:
                    self.draft.abandon(ProblemCode.LINE_TOO_LONG, number, count=LINE_LENGTH_MAX)
                self._take_line(text[position:end], number)
                position = end
        self._finish(number)

    def _take_alike(self, text: str, position: int, number: int) -> tuple[int, int]:
        """Take the documents that have the same keys in the same order as one read before.

        This is what makes a large file fast: one pattern for a whole document instead of a look at each line.
        """
        taken = -1
        while taken != position:
            taken = position
            for shape in self._shapes:
                names, match = shape.names, shape.pattern.match
                while found := match(text, position):
                    values = dict(zip(names, map(str.strip, found.groups()), strict=True))
                    self._close_document(_Block(number + 1, DOCUMENT, "", [], found.group(), values))
                    position = found.end()
                    number += shape.lines
        return position, number

    def _take_line(self, line: str, number: int) -> None:
        block = self._block
        mark = self._name(line.partition("=")[0])
        if self._ended:
            if line.strip():
                self.draft.incomplete = True
                self.draft.abandon(ProblemCode.OUT_OF_PLACE, number, value=line.strip())
        elif mark in STRUCTURE:
            self._close(block, mark, number, line)
            self._ended = mark == FILE_END
            self._block = _Block(number, mark, line) if mark in _OPENS else _Block(number)
        elif len(block.lines) >= BLOCK_LINES_MAX:
            self.draft.abandon(ProblemCode.OUT_OF_PLACE, number, line.strip())
        else:
            block.lines.append(line)

    def _finish(self, number: int) -> None:
        if self._ended:
            return
        if self._block.kind:
            self.draft.cut_off(number, (self._block.lines or [self._block.opening])[-1].strip())
        else:
            self._close(self._block, "", number, "")
            self.draft.end_missing_at = number

    def _name(self, key: str) -> str:
        """Our name of a key, remembered: there are few keys and many lines."""
        if (known := self._names.get(key)) is not None:
            return known
        small = key.strip(_BLANKS).lower()
        name = small if small in STRUCTURE else KNOWN.get(small)
        if name is None:
            name = f"{FOREIGN_KEY}{small}" if LIKE_A_KEY.fullmatch(small) else NO_KEY
        if len(self._names) < KEYS_REMEMBERED_MAX:
            self._names[key] = name
        self._names_ultimates |= name.startswith("real_")
        return name

    def _close(self, block: _Block, mark: str, number: int, line: str) -> None:
        """What is open ends at a structural key."""
        if block.kind != _CLOSES.get(mark, ""):
            # A document within a document: the end of the outer one is missing, and perhaps more.
            self.draft.incomplete = True
            self.draft.report(ProblemCode.OUT_OF_PLACE, number, line.strip())
            return
        block.text = "".join((block.opening, *block.lines, line))
        block.values = self._values(block)
        if block.kind == DOCUMENT:
            self._close_document(block)
            self._remember_shape(block, line)
        elif block.kind == SECTION:
            self._close_section(block)
        elif block.line == 0:
            self._close_head(block)

    def _remember_shape(self, block: _Block, closing: str) -> None:
        names = {key: self._name(key) for key, equals, _ in map(_at_equals, block.lines) if equals}
        distinct = set(names.values()) - {NO_KEY}
        if len(distinct) == len(block.lines) and len(distinct) <= SHAPE_LINES_MAX and closing.endswith("\n"):
            shape = Shape.of(block.opening, names, closing)
            self._shapes = [shape, *self._shapes[: SHAPES_MAX - 1]]

    def _values(self, block: _Block) -> dict[str, str]:
        values: dict[str, str] = {}
        current = NO_KEY
        for number, line in enumerate(block.lines, start=block.line + 1):
            key, equals, value = line.partition("=")
            name = self._name(key) if equals else NO_KEY
            if not name:
                # A line without a key belongs to the text above it.
                if current and (text := line.strip()):
                    values[current] = f"{values[current]} {text}".strip()
                continue
            current, value = name, value.strip()
            before = values.get(name, "")
            if before and value and before != value and block.kind and name in _SUMS:
                # Two documents run into one: the end of the first is missing.
                self.draft.incomplete = True
                self.draft.report(ProblemCode.OUT_OF_PLACE, number, key.strip(), value)
            values[name] = value or before
        return values

    def _close_head(self, block: _Block) -> None:
        self.draft.account = block.values.get("account", "")
        self._own.add(_bare(self.draft.account))
        self.draft.date_from = self._day(block, "from")
        self.draft.date_to = self._day(block, "to")

    def _close_section(self, block: _Block) -> None:
        account = block.values.get("account", "")
        self._own.add(_bare(account))
        self.draft.sections.append(
            Section(
                line=block.line,
                account=account,
                date_from=self._day(block, "from"),
                date_to=self._day(block, "to"),
                opening=self._sum(block, "opening"),
                closing=self._sum(block, "closing"),
                credited=self._sum(block, "credited"),
                debited=self._sum(block, "debited"),
            )
        )

    def _close_document(self, block: _Block) -> None:
        values = block.values
        moved = self._movement(block, values.get("in", ""), values.get("out", ""))
        if "currency" in values and values["currency"].upper() not in _CURRENCIES:
            self._refuse(block, ProblemCode.FOREIGN_CURRENCY, "currency")
            return
        if moved is None:
            return
        amount, direction = moved
        booked_on = self._booked_on(block, direction)
        if booked_on is None:
            return
        paid_in = direction is Direction.IN
        row = Row(
            len(self.draft.rows) + 1,
            block.line,
            booked_on,
            amount,
            direction,
            _side(values, _PAYER if paid_in else _PAYEE),
            self._ultimate(values, _REAL_PAYER if paid_in else _REAL_PAYEE),
            _purpose(values),
            knp_of(values.get("knp", "")),
            values.get("number", ""),
            budget_code_of(values.get("budget", "")),
            values.get("reference", ""),
            block.text,
        )
        self.draft.add_row(row)

    def _ultimate(self, values: dict[str, str], keys: tuple[str, str, str, str]) -> Party | None:
        party = _side(values, keys) if self._names_ultimates else NOBODY
        return None if party == NOBODY else party

    def _movement(self, block: _Block, came: str, went: str) -> tuple[Money, Direction] | None:
        """The sum and where it went: which of two keys has it, or whose account is whose."""
        credited = read_sum(came) if came else ZERO
        debited = read_sum(went) if went else ZERO
        if credited is None or credited.tiyn < 0:
            self._refuse(block, ProblemCode.INVALID_AMOUNT, "in")
            return None
        if debited is None or debited.tiyn < 0:
            self._refuse(block, ProblemCode.INVALID_AMOUNT, "out")
            return None
        if credited.tiyn and debited.tiyn:
            self._refuse(block, ProblemCode.DIRECTION_UNCLEAR, "in")
            return None
        if credited.tiyn:
            return credited, Direction.IN
        if debited.tiyn:
            return debited, Direction.OUT
        return self._movement_by_accounts(block)

    def _movement_by_accounts(self, block: _Block) -> tuple[Money, Direction] | None:
        text = block.values.get("sum", "")
        amount = read_sum(text)
        if amount is None or amount <= ZERO:
            code = ProblemCode.INVALID_AMOUNT if text else ProblemCode.AMOUNT_MISSING
            self._refuse(block, code, "sum")
            return None
        own = self._own - {""}
        pays = _bare(block.values.get("payer_iban", "")) in own
        gets = _bare(block.values.get("payee_iban", "")) in own
        if pays == gets:
            pays = bool(block.values.get("debited_on"))
            gets = bool(block.values.get("credited_on"))
        if pays == gets:
            self._refuse(block, ProblemCode.DIRECTION_UNCLEAR, "sum")
            return None
        return amount, Direction.OUT if pays else Direction.IN

    def _booked_on(self, block: _Block, direction: Direction) -> date | None:
        by_direction = "credited_on" if direction is Direction.IN else "debited_on"
        for name in ("booked", by_direction, "valued", "dated"):
            if text := block.values.get(name):
                day = read_day(text)
                if day is None:
                    self._refuse(block, ProblemCode.INVALID_DATE, name)
                return day
        self._refuse(block, ProblemCode.DATE_MISSING, "booked")
        return None

    def _sum(self, block: _Block, name: str) -> Money | None:
        text = block.values.get(name, "")
        amount = read_sum(text) if text else None
        if text and amount is None:
            self._refuse(block, ProblemCode.INVALID_AMOUNT, name)
        return amount

    def _day(self, block: _Block, name: str) -> date | None:
        text = block.values.get(name, "")
        day = read_day(text) if text else None
        if text and day is None:
            self._refuse(block, ProblemCode.INVALID_DATE, name)
        return day

    def _refuse(self, block: _Block, code: ProblemCode, name: str) -> None:
        """A value that cannot be read, at its own line and under its own key where it has them."""
        self.draft.incomplete = True
        for number, line in enumerate(block.text.split("\n"), start=block.line or 1):
            key, equals, _ = line.partition("=")
            if equals and self._name(key) == name:
                self.draft.report(code, number, key.strip(), block.values.get(name, ""))
                return
        self.draft.report(code, block.line)


def _side(values: dict[str, str], keys: tuple[str, str, str, str]) -> Party:
    get = values.get
    name, number, iban, bic = keys
    return Party(get(name, ""), get(number, ""), get(iban, ""), get(bic, ""))


def _purpose(values: dict[str, str]) -> str:
    text = values.get("purpose", "")
    if not PURPOSE_PARTS.isdisjoint(values):
        for name in sorted(PURPOSE_PARTS):
            if (part := values.get(name)) and part not in text:
                text = f"{text} {part}"
    return one_line(text)


def _bare(account: str) -> str:
    return "".join(account.split()).upper()

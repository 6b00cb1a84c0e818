"""Reads MT940, with or without the envelope of SWIFT.

The grammar of its fields is that of the ``mt-940`` library. Its parser is not used: it opens a file where the
content looks like a path, writes what it cannot read, names of people included, into the log, and does not
say on which line it stands.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from mt940 import tags

from billing.kernel.money import Money
from billing.reconciliation.formats.details import unpack
from billing.reconciliation.formats.draft import CURRENCY, Draft, Tally
from billing.reconciliation.formats.statement import (
    NOBODY,
    Direction,
    Party,
    ProblemCode,
    Row,
    Section,
    StatementFormat,
)
from billing.reconciliation.formats.written import read_short_day, read_sum

LINE_LENGTH_MAX = 2_000  # the standard's lines have 65 characters; banks are freer
FIELD_LINES_MAX = 50

_FIELD = re.compile(r":(\d{2}[A-Z]?|NS):(.*)", re.DOTALL)
_BLOCK = re.compile(r"\{[1-5]:")
_ENVELOPE = re.compile(r"\{4:[ \t]*$")
_MOVEMENT: re.Pattern[str] = tags.Statement().re
_BALANCE: re.Pattern[str] = tags.FinalOpeningBalance().re
_NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED"})
_HALF_YEAR_DAYS = 183


@dataclass(slots=True)
class _Field:
    """One field, ``:61:…``, with the lines that go on with it."""

    line: int
    tag: str
    lines: list[str]

    @property
    def value(self) -> str:
        return "\n".join(line for line in self.lines if line.strip()).strip()


@dataclass(slots=True)
class _Message:
    """One message: a page of the statement."""

    line: int
    account: str = ""
    opening: tuple[date, Money] | None = None
    closing: tuple[date, Money] | None = None
    tally: Tally = field(default_factory=Tally)
    days: set[date] = field(default_factory=set)


class SwiftReader:
    """Goes through a file's lines once.

    Attributes:
        draft: what was found.
    """

    def __init__(self) -> None:
        self.draft = Draft(StatementFormat.MT940)
        self._field: _Field | None = None
        self._message: _Message | None = None
        self._movement: tuple[_Field, re.Match[str]] | None = None
        self._details: list[_Field] = []
        self._open_envelope = 0  # line of one that is not closed yet

    def read(self, lines: Iterable[str]) -> None:
        """Read the whole file.

        Raises:
            Abandoned: reading on makes no sense; the draft has the problem.
        """
        number = 0
        for number, line in enumerate(lines, start=1):
            if len(line) > LINE_LENGTH_MAX:
                self.draft.abandon(ProblemCode.LINE_TOO_LONG, number, count=LINE_LENGTH_MAX)
            self._take_line(line.strip("\ufeff\n"), number)
        self._end_field()
        self._end_message(number)
        if self._open_envelope:
            self.draft.cut_off(number, "-}")

    def _take_line(self, line: str, number: int) -> None:
        stripped = line.strip()
        if found := _FIELD.match(stripped):
            self._end_field()
            self._field = _Field(number, found[1], [found[2]])
        elif stripped.startswith("-}") or stripped == "-":
            self._end_field()
            self._open_envelope = 0
        elif _BLOCK.match(stripped):
            self._end_field()
            if _ENVELOPE.search(stripped):
                self._open_envelope = number
        elif self._field is not None:
            self._field.lines.append(line)
            if len(self._field.lines) > FIELD_LINES_MAX:
                self.draft.abandon(ProblemCode.OUT_OF_PLACE, number, stripped)
        elif stripped:
            self.draft.incomplete = True
            self.draft.report(ProblemCode.OUT_OF_PLACE, number, value=stripped)

    def _end_field(self) -> None:
        ended, self._field = self._field, None
        if ended is None:
            return
        if ended.tag == "20":
            self._end_message(ended.line)
            self._message = _Message(ended.line)
            return
        if self._message is None:
            self.draft.incomplete = True
            self.draft.report(ProblemCode.OUT_OF_PLACE, ended.line, f":{ended.tag}:", ended.value)
            return
        if ended.tag == "86":
            # After the closing balance it speaks of the statement as a whole.
            if self._movement is not None:
                self._details.append(ended)
            return
        self._end_movement(self._message)
        self._take_field(self._message, ended)

    def _take_field(self, message: _Message, taken: _Field) -> None:
        if taken.tag in {"25", "25P"}:
            message.account = taken.value.split("\n")[0].rpartition("/")[2]
        elif taken.tag in {"60F", "60M"}:
            message.opening = self._balance(taken)
        elif taken.tag in {"62F", "62M"}:
            message.closing = self._balance(taken)
        elif taken.tag == "61":
            found = _MOVEMENT.match(taken.value)
            if found is None or message.closing is not None:
                self._refuse(taken, ProblemCode.OUT_OF_PLACE, taken.value)
            else:
                self._movement = taken, found

    def _balance(self, taken: _Field) -> tuple[date, Money] | None:
        found = _BALANCE.match(taken.value)
        if found is None:
            self._refuse(taken, ProblemCode.INVALID_AMOUNT, taken.value)
            return None
        day = read_short_day(f"{found['year']}{found['month']}{found['day']}")
        amount = _sum(found["amount"])
        if day is None:
            self._refuse(taken, ProblemCode.INVALID_DATE, taken.value)
        if amount is None:
            self._refuse(taken, ProblemCode.INVALID_AMOUNT, taken.value)
        if found["currency"].upper() != CURRENCY:
            self.draft.currency = found["currency"].upper()
        if day is None or amount is None:
            return None
        return day, -amount if found["status"].upper() == "D" else amount

    def _end_movement(self, message: _Message) -> None:
        if self._movement is None:
            return
        (taken, found), details = self._movement, self._details
        self._movement, self._details = None, []
        amount = _sum(found["amount"])
        if not amount:
            self._refuse(taken, ProblemCode.INVALID_AMOUNT, found["amount"])
            return
        booked_on = _booked_on(found)
        if booked_on is None:
            self._refuse(taken, ProblemCode.INVALID_DATE, taken.value)
            return
        # A reversed credit (RC) takes money away, a reversed debit (RD) gives it back.
        direction = Direction.IN if found["status"].upper() in {"C", "RD"} else Direction.OUT
        self._add_row([taken, *details], found, booked_on, amount, direction)
        message.tally.add(amount, direction)
        message.days.add(booked_on)

    def _add_row(
        self,
        fields: list[_Field],
        found: re.Match[str],
        booked_on: date,
        amount: Money,
        direction: Direction,
    ) -> None:
        said = unpack("\n".join(each.value for each in fields[1:]) or (found["extra_details"] or ""))
        reference = (found["customer_reference"] or "").strip()
        bank_reference = (found["bank_reference"] or "").strip()
        number = said.get("document_number") or ("" if reference in _NO_REFERENCE else reference)
        ultimate = Party(said.get("ultimate_name"), said.get("ultimate_iin_bin"))
        self.draft.add_row(
            Row(
                position=len(self.draft.rows) + 1,
                line=fields[0].line,
                date=booked_on,
                amount=amount,
                direction=direction,
                counterparty=Party(said.get("name"), said.get("iin_bin"), said.get("iban"), said.get("bic")),
                ultimate=None if ultimate == NOBODY else ultimate,
                purpose=said.purpose,
                knp=said.get("knp"),
                document_number=number or bank_reference,
                budget_code=said.get("budget_code"),
                bank_reference=bank_reference,
                raw="\n".join(f":{each.tag}:{each.value}" for each in fields),
            )
        )

    def _end_message(self, line: int) -> None:
        message, self._message = self._message, None
        if message is None:
            return
        self._end_movement(message)
        if message.closing is None:
            self.draft.cut_off(line, ":62F:")
        opened, closed = message.opening, message.closing
        self.draft.tallies.append(message.tally)
        self.draft.sections.append(
            Section(
                line=message.line,
                account=message.account,
                date_from=_first_day(message),
                date_to=closed[0] if closed else None,
                opening=opened[1] if opened else None,
                closing=closed[1] if closed else None,
            )
        )

    def _refuse(self, taken: _Field, code: ProblemCode, value: str) -> None:
        self.draft.incomplete = True
        self.draft.report(code, taken.line, f":{taken.tag}:", value)


def _first_day(message: _Message) -> date | None:
    """The day after the one the opening balance closed, unless movements say that it is their own day."""
    if message.opening is None:
        return None
    day = message.opening[0]
    closed = message.closing[0] if message.closing else None
    if day in message.days or closed is None or day >= closed:
        return day
    return day + timedelta(days=1)


def _booked_on(found: re.Match[str]) -> date | None:
    """The day of booking, which has no year of its own: the one next to the value date."""
    valued = read_short_day(f"{found['year']}{found['month']}{found['day']}")
    month, day = (found["entry_month"] or "").strip(), (found["entry_day"] or "").strip()
    if valued is None or not (month and day):
        return valued
    for year in (valued.year, valued.year + 1, valued.year - 1):
        booked = read_short_day(f"{year % 100:02d}{month}{day}")
        if booked is not None and abs((booked - valued).days) <= _HALF_YEAR_DAYS:
            return booked
    return None


def _sum(text: str) -> Money | None:
    """A sum of SWIFT always has a comma, and may have nothing after it."""
    return read_sum(f"{text}00" if text.endswith(",") else text)

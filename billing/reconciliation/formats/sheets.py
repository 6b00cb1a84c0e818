"""Reads the XLSX and CSV exports of banks by a profile of their columns.

Above the table stand the account, the period and the balance; below it the totals and the other balance,
each beside a word that says what it is.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from billing.kernel.alphabet import fold
from billing.kernel.money import ZERO, Money
from billing.kernel.spreadsheets import Unreadable, find_heading, open_table
from billing.reconciliation.formats.draft import CURRENCY, Draft
from billing.reconciliation.formats.profiles import BUILT_IN, ColumnProfile
from billing.reconciliation.formats.statement import (
    Direction,
    Party,
    ProblemCode,
    Row,
    Section,
    StatementFormat,
)
from billing.reconciliation.formats.written import (
    VALUE_LENGTH_MAX,
    budget_code_of,
    knp_of,
    one_line,
    read_day,
    read_sum,
)

ROWS_MAX = 200_000
CELL_LENGTH_MAX = 5_000

_ZIP_SIGNATURE = b"PK\x03\x04"
_ACCOUNT = re.compile(r"(?<![0-9A-Z])KZ\d{2}[0-9A-Z]{16}(?![0-9A-Z])")
_DAY = r"\d{1,2}\.\d{1,2}\.\d{4}|\d{4}-\d{2}-\d{2}"
_PERIOD = re.compile(rf"({_DAY})[^\d]{{1,12}}({_DAY})")
_IDENTIFIER = re.compile(r"(?:ИИН|БИН|ЖСН|БСН)\W{0,3}(?:(?:ИИН|БИН|ЖСН|БСН)\W{0,3})?(\d{12})(?!\d)")
# Folded: қ is к, і is и.
_LABELS = {
    "opening": re.compile(
        r"(?:входящ\w+|начальн\w+|кирис|бастапкы) (?:остаток|сальдо|калдык)"
        r"|(?:остаток|сальдо) на начало|opening balance"
    ),
    "closing": re.compile(
        r"(?:исходящ\w+|конечн\w+|шыгыс|соцгы) (?:остаток|сальдо|калдык)"
        r"|(?:остаток|сальдо) на конец|closing balance"
    ),
    "totals": re.compile(r"^(?:итог\w*|всего|барлыгы|жиыны|обороты|total)"),
}
_IN_WORDS = ("приход", "кредит", "поступлен", "зачислен", "кирис", "credit", "к", "c", "+")
_OUT_WORDS = ("расход", "дебет", "списан", "шыгыс", "debit", "д", "d", "-")
_UNREADABLE = {
    "list.too_large": ProblemCode.TOO_LARGE,
    "list.old_excel": ProblemCode.OLD_EXCEL,
    "list.too_many_rows": ProblemCode.TOO_MANY_ROWS,
    "list.empty": ProblemCode.EMPTY,
}
_AMOUNTS = ("credit", "debit", "amount")

Table = Sequence[tuple[int, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a profile fits a table."""

    profile: ColumnProfile
    position: int
    places: Mapping[str, Sequence[int]]


class SheetReader:
    """Reads one table.

    Attributes:
        draft: what was found.
    """

    def __init__(self, profiles: Sequence[ColumnProfile] = BUILT_IN, account: str = "") -> None:
        self.draft = Draft(StatementFormat.CSV, balances_required=False)
        self._profiles = profiles
        self._account = account
        self._places: Mapping[str, Sequence[int]] = {}
        self._heading: Sequence[str] = ()
        self._stated: dict[str, Money] = {}

    def read(self, content: bytes) -> None:
        """Read the whole file.

        Raises:
            Abandoned: reading on makes no sense; the draft has the problem.
        """
        if content.startswith(_ZIP_SIGNATURE):
            self.draft.format = StatementFormat.XLSX
        table = self._table(content)
        found = self._fit(table)
        if found is None:
            self.draft.abandon(ProblemCode.UNKNOWN_FORMAT)
        self._places = found.places
        self._heading = table[found.position][1]
        self.draft.account = self._account or found.profile.account
        for _, cells in table[: found.position]:
            self._take_head(cells)
        body = table[found.position + 1 :]
        for number, cells in body:
            self._take_row(number, cells)
        self._check_end(content, body)
        self.draft.sections.append(
            Section(
                line=table[found.position][0],
                account=self.draft.account,
                date_from=self.draft.date_from,
                date_to=self.draft.date_to,
                opening=self._stated.get("opening"),
                closing=self._stated.get("closing"),
                credited=self._stated.get("credited"),
                debited=self._stated.get("debited"),
            )
        )

    def _table(self, content: bytes) -> Table:
        columns = [column for profile in self._profiles for column in profile.columns()]
        try:
            return list(open_table(content, columns, rows_max=ROWS_MAX))
        except Unreadable as reason:
            code = _UNREADABLE.get(reason.problem.code, ProblemCode.UNREADABLE)
            self.draft.abandon(code, **{"count": ROWS_MAX, **reason.problem.facts})

    def _fit(self, table: Table) -> _Found | None:
        """The profile that knows most of the columns, a date and a sum among them."""
        best: _Found | None = None
        for profile in self._profiles:
            heading = find_heading(table, profile.columns())
            if heading is None or "date" not in heading[1] or not {*_AMOUNTS} & {*heading[1]}:
                continue
            if best is None or len(heading[1]) > len(best.places):
                best = _Found(profile, *heading)
        return best

    def _take_head(self, cells: Sequence[str]) -> None:
        text = " ".join(cell for cell in cells if cell)[:CELL_LENGTH_MAX]
        if account := _ACCOUNT.search(text.upper()):
            self.draft.account = account.group()
        if period := _PERIOD.search(text):
            self.draft.date_from = self.draft.date_from or read_day(period[1])
            self.draft.date_to = self.draft.date_to or read_day(period[2])
        self._take_labels(cells)

    def _take_labels(self, cells: Sequence[str]) -> bool:
        """Take the sums that stand beside a word for a balance or a total; whether there was one."""
        known = False
        for index, cell in enumerate(cells):
            folded = fold(cell[:CELL_LENGTH_MAX])
            name = next((name for name, words in _LABELS.items() if words.search(folded)), None)
            if name is None:
                continue
            known = True
            if name == "totals":
                self._take_total(cells, "credited", "credit")
                self._take_total(cells, "debited", "debit")
            elif (amount := _beside(cells, index)) is not None:
                self._stated[name] = amount
        return known

    def _take_total(self, cells: Sequence[str], name: str, column: str) -> None:
        text = self._cell(cells, column)
        if text and (amount := read_sum(text)) is not None:
            self._stated[name] = Money(abs(amount.tiyn))

    def _cell(self, cells: Sequence[str], name: str) -> str:
        texts = (cells[index].strip() for index in self._places.get(name, ()) if index < len(cells))
        return next((text[:CELL_LENGTH_MAX] for text in texts if text), "")

    def _take_row(self, number: int, cells: Sequence[str]) -> None:
        text = self._cell(cells, "date")
        day = read_day(text)
        if day is None:
            if self._take_labels(cells) or not any(self._cell(cells, name) for name in _AMOUNTS):
                return
            code = ProblemCode.INVALID_DATE if text else ProblemCode.DATE_MISSING
            self._refuse(number, code, "date", text)
            return
        moved = self._movement(number, cells)
        if moved is not None:
            self._add_row(number, cells, day, *moved)

    def _add_row(
        self, number: int, cells: Sequence[str], day: date, amount: Money, direction: Direction
    ) -> None:
        currency = self._cell(cells, "currency").upper()
        if currency not in {"", CURRENCY, "₸", "ТЕНГЕ"}:
            self._refuse(number, ProblemCode.FOREIGN_CURRENCY, "currency", currency)
            return
        self.draft.add_row(
            Row(
                position=len(self.draft.rows) + 1,
                line=number,
                date=day,
                amount=amount,
                direction=direction,
                counterparty=self._party(cells, direction),
                ultimate=None,
                purpose=one_line(self._cell(cells, "purpose")),
                knp=knp_of(code.zfill(3)) if (code := self._cell(cells, "knp")) else "",
                document_number=self._cell(cells, "number"),
                budget_code=budget_code_of(self._cell(cells, "budget_code")),
                bank_reference=self._cell(cells, "reference"),
                raw="\t".join(cells),
            )
        )

    def _movement(self, number: int, cells: Sequence[str]) -> tuple[Money, Direction] | None:
        stated: list[tuple[Money, Direction | None]] = []
        for name, direction in (("credit", Direction.IN), ("debit", Direction.OUT), ("amount", None)):
            text = self._cell(cells, name)
            if not text or (name == "amount" and stated):
                continue
            amount = read_sum(text)
            # Some banks write what went out with a minus, though it has a column of its own.
            if amount is None or (amount < ZERO and direction is Direction.IN):
                self._refuse(number, ProblemCode.INVALID_AMOUNT, name, text)
                return None
            if amount:
                stated.append((amount, direction))
        if not stated:
            self._refuse(number, ProblemCode.AMOUNT_MISSING, "amount", "")
            return None
        amount, known = stated[0]
        found = known or self._direction(cells, amount)
        if len(stated) > 1 or found is None:
            self._refuse(number, ProblemCode.DIRECTION_UNCLEAR, "direction", self._cell(cells, "direction"))
            return None
        return Money(abs(amount.tiyn)), found

    def _direction(self, cells: Sequence[str], amount: Money) -> Direction | None:
        if amount < ZERO:
            return Direction.OUT
        word = fold(self._cell(cells, "direction"))
        for words, direction in ((_IN_WORDS, Direction.IN), (_OUT_WORDS, Direction.OUT)):
            if any(word == each or (len(each) > 1 and word.startswith(each)) for each in words):
                return direction
        pays, gets = (self._cell(cells, f"{side}_iban") == self.draft.account for side in ("payer", "payee"))
        if self.draft.account and pays != gets:
            return Direction.OUT if pays else Direction.IN
        return None

    def _party(self, cells: Sequence[str], direction: Direction) -> Party:
        side = "payer" if direction is Direction.IN else "payee"
        name, iin_bin, iban, bic = (
            self._cell(cells, field) or self._cell(cells, f"{side}_{field}")
            for field in ("name", "iin_bin", "iban", "bic")
        )
        if not iin_bin and (found := _IDENTIFIER.search(name)):
            iin_bin = found[1]
        # A spreadsheet that took an IIN for a number has dropped its leading zeros.
        if re.fullmatch(r"\d{9,11}", iin_bin, re.ASCII):
            iin_bin = iin_bin.zfill(12)
        return Party(one_line(name), iin_bin, iban, bic)

    def _check_end(self, content: bytes, body: Table) -> None:
        """A CSV of which the last line lacks cells and its end was cut off."""
        if self.draft.format is StatementFormat.CSV and body and not content.endswith((b"\n", b"\r")):
            number, cells = body[-1]
            if len(cells) < len(self._heading):
                self.draft.cut_off(number)

    def _refuse(self, number: int, code: ProblemCode, name: str, value: str) -> None:
        self.draft.incomplete = True
        indexes = self._places.get(name, ())
        self.draft.report(code, number, self._heading[indexes[0]].strip() if indexes else "", value)


def _beside(cells: Sequence[str], index: int) -> Money | None:
    """The sum in a cell after its words, or in the next cell that holds one."""
    own = cells[index].rpartition(":")[2] if ":" in cells[index] else ""
    return _first_sum((own, *cells[index + 1 :]))


def _first_sum(texts: Iterable[str]) -> Money | None:
    for text in texts:
        value = text.strip()
        if value and len(value) <= VALUE_LENGTH_MAX and (amount := read_sum(value)) is not None:
            return amount
    return None

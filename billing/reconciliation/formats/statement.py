"""A bank's statement as values: its rows, its balances, and what is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from billing.kernel.i18n import text
from billing.kernel.money import Money
from billing.kernel.shown import Shown

SHOWN_MAX = 60  # characters of a wrong value; enough to find it in the file


class StatementFormat(StrEnum):
    """What kind of file it was; the names are international, and shown as they are."""

    ONE_C = "1CClientBankExchange"
    MT940 = "MT940"
    CAMT_053 = "camt.053"
    XLSX = "XLSX"
    CSV = "CSV"


class Direction(Shown):
    """Which way the money went, seen from the account."""

    IN = "in"
    OUT = "out"


class StatementTotal(Shown):
    """The sums that a bank states and that can be computed anew."""

    OPENING = "opening"
    CREDITED = "credited"
    DEBITED = "debited"
    CLOSING = "closing"


class Severity(StrEnum):
    """An error keeps the statement out; a warning asks a person to look."""

    ERROR = "error"
    WARNING = "warning"


class ProblemCode(StrEnum):
    """What may be wrong with a file; people read it under ``statement_problem.<code>``."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_PROBLEMS = "too_many_problems"
    EMPTY = "empty"
    OLD_EXCEL = "old_excel"
    UNKNOWN_FORMAT = "unknown_format"
    CUT_OFF = "cut_off"
    END_MARKER_MISSING = "end_marker_missing"
    LINE_TOO_LONG = "line_too_long"
    OUT_OF_PLACE = "out_of_place"
    ACCOUNT_MISSING = "account_missing"
    INVALID_ACCOUNT = "invalid_account"
    SEVERAL_ACCOUNTS = "several_accounts"
    BALANCES_MISSING = "balances_missing"
    TOTALS_DO_NOT_ADD_UP = "totals_do_not_add_up"
    DETAILS_DO_NOT_ADD_UP = "details_do_not_add_up"
    DAYS_DISAGREE = "days_disagree"
    INVALID_AMOUNT = "invalid_amount"
    AMOUNT_MISSING = "amount_missing"
    DIRECTION_UNCLEAR = "direction_unclear"
    INVALID_DATE = "invalid_date"
    DATE_MISSING = "date_missing"
    DATE_OUTSIDE_PERIOD = "date_outside_period"
    FOREIGN_CURRENCY = "foreign_currency"
    NOT_BOOKED = "not_booked"


# An accountant may take in a statement with these, giving a reason; with any other error nobody may.
OVERRIDABLE = frozenset({ProblemCode.TOTALS_DO_NOT_ADD_UP, ProblemCode.DAYS_DISAGREE})


# How the facts of problems are read from where they are kept; the others are texts.
_FACTS: Mapping[str, Callable[[Any], object]] = {
    "count": int,
    "megabytes": int,
    "total": StatementTotal,
    "stated": Money.parse,
    "counted": Money.parse,
    "first": date.fromisoformat,
    "last": date.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a file.

    Attributes:
        code: what is wrong.
        severity: whether it keeps the statement out.
        line: where, from 1: the line of a text or of XML, the row of a spreadsheet; 0 for the whole file.
        key: the key, tag or column heading as it stands in the file, or ours of a total that does not add up;
            empty where none is concerned.
        value: what stood there, shortened.
        facts: what else the sentence shows.
    """

    code: ProblemCode
    severity: Severity
    line: int = 0
    key: str = ""
    value: str = ""
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def sentence(self, language: str) -> str:
        """What is wrong, for people, without the place in the file."""
        return text(f"statement_problem.{self.code}", language, value=self.value, key=self.key, **self.facts)

    def told(self, language: str) -> dict[str, Any]:
        """The problem for programs and people: its place, its code, and the sentence."""
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "line": self.line,
            "key": self.key,
            "value": self.value,
            "detail": self.sentence(language),
        }

    def stored(self) -> dict[str, Any]:
        """The problem as it is kept with its statement (JSON)."""
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "line": self.line,
            "key": self.key,
            "value": self.value,
            "facts": {
                name: value if value is None or isinstance(value, int) else str(value)
                for name, value in self.facts.items()
            },
        }

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> "Problem":
        """The problem that was kept."""
        facts = {
            name: None if value is None else _FACTS.get(name, str)(value)
            for name, value in stored["facts"].items()
        }
        return cls(
            ProblemCode(stored["code"]),
            Severity(stored["severity"]),
            stored["line"],
            stored["key"],
            stored["value"],
            MappingProxyType(facts),
        )


class Party(NamedTuple):
    """Somebody who paid or was paid, as the bank names him. What it does not say is the empty text.

    Attributes:
        name: often masked by the bank.
        iin_bin: twelve digits as they came; the bank is not held to their check digit.
        iban: account.
        bic: of the account's bank.
    """

    name: str = ""
    iin_bin: str = ""
    iban: str = ""
    bic: str = ""


NOBODY = Party()


class Row(NamedTuple):
    """One movement of money on the account.

    Attributes:
        position: among the file's rows, from 1.
        line: in the file where it begins, from 1; the row of a spreadsheet.
        date: on which the bank booked it.
        amount: always above zero.
        direction: seen from the account.
        counterparty: the other side as the bank sees it; ``NOBODY`` where it is not named.
        ultimate: who really paid or was paid, where the bank says so.
        purpose: in one line.
        knp: payment purpose code, three digits; empty where there is none.
        document_number: of the payer's payment order.
        budget_code: КБК, six digits; empty where there is none.
        bank_reference: the bank's own number of the movement.
        raw: the row as it came.
    """

    position: int
    line: int
    date: date
    amount: Money
    direction: Direction
    counterparty: Party
    ultimate: Party | None
    purpose: str
    knp: str
    document_number: str
    budget_code: str
    bank_reference: str
    raw: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the statement with balances of its own: a day of Halyk, a message of MT940.

    Attributes:
        line: in the file where it begins.
        account: it belongs to.
        date_from: its first day; None where it names none.
        date_to: its last day.
        opening: balance before the first row.
        closing: balance after the last row.
        credited: sum of what came in, as the bank says.
        debited: sum of what went out, as the bank says.
    """

    line: int = 0
    account: str = ""
    date_from: date | None = None
    date_to: date | None = None
    opening: Money | None = None
    closing: Money | None = None
    credited: Money | None = None
    debited: Money | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file says of one account.

    Attributes:
        format: of the file.
        account: IBAN; empty where the file names none.
        currency: always KZT unless a problem says otherwise.
        date_from: first day.
        date_to: last day.
        opening: balance before the first row; None where the file has no balances.
        closing: balance after the last row.
        credited: sum of the rows that came in.
        debited: sum of the rows that went out.
        rows: in the file's order.
        sections: with balances of their own, in the file's order.
    """

    format: StatementFormat
    account: str
    currency: str
    date_from: date | None
    date_to: date | None
    opening: Money | None
    closing: Money | None
    credited: Money
    debited: Money
    rows: tuple[Row, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of a file.

    Attributes:
        statement: None where nothing was. With problems it holds the rows that could be read.
        problems: in the file's order.
    """

    statement: Statement | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the statement out."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def refused(self) -> bool:
        """Whether the statement may not be taken in as it is."""
        return self.statement is None or bool(self.errors)

    @property
    def overridable(self) -> bool:
        """Whether it is refused only for what an accountant may override with a reason."""
        return self.statement is not None and self.refused and {e.code for e in self.errors} <= OVERRIDABLE

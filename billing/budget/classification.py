"""Takes in the unified budget classification (ЕБК) from the ministry's list, year by year.

A starter set lies beside. Its confirmed codes were seen in official publications; the others are recalled,
and stand as unconfirmed until somebody takes in the classification of the year. The non-tax codes of rural
districts are among the latter (kazakhstan.md §4.2), and all Kazakh names there await a native reader.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.budget.models import BudgetCode
from billing.kernel.cells import RowReader, read_number, read_yes_no
from billing.kernel.checks import EndsBeforeStart, line
from billing.kernel.db import insert_into
from billing.kernel.errors import AlreadyExists
from billing.kernel.identifiers import check_kbk
from billing.kernel.imports import ALL_OR_NOTHING, ImportMode, ImportReport
from billing.kernel.spreadsheets import Column, Problem, read_list

YEAR_MIN = 2000
YEAR_MAX = 2100
STARTER = Path(__file__).with_name("starter_classification.csv")

COLUMNS = (
    Column(
        "code",
        ("Код", "КБК", "Код бюджетной классификации", "Бюджеттік сыныптама коды", "Коды", "code"),
        required=True,
    ),
    Column(
        "name_kk",
        ("Наименование на казахском", "Наименование (каз)", "Атауы қазақша", "Атауы", "name_kk"),
        required=True,
    ),
    Column(
        "name_ru",
        ("Наименование на русском", "Наименование (рус)", "Атауы орысша", "Наименование", "name_ru"),
        required=True,
    ),
    Column("valid_from_year", ("С года", "Действует с", "Жылдан", "valid_from_year"), required=True),
    Column("valid_to_year", ("По год", "Действует по", "Жылға дейін", "valid_to_year")),
    Column("confirmed", ("Подтвержден", "Подтверждён", "Расталған", "confirmed")),
)

_year = partial(read_number, least=YEAR_MIN, most=YEAR_MAX)


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code for a span of fiscal years.

    Attributes:
        is_confirmed: seen in an official source.
    """

    code: str
    name_kk: str
    name_ru: str
    valid_from_year: int
    valid_to_year: int | None
    is_confirmed: bool

    def shares_a_year_with(self, other: "CodeRow") -> bool:
        """Whether some fiscal year has both."""
        return self.valid_from_year <= (other.valid_to_year or YEAR_MAX) and other.valid_from_year <= (
            self.valid_to_year or YEAR_MAX
        )


def import_classification(
    session: Session, content: bytes, mode: ImportMode = ALL_OR_NOTHING
) -> ImportReport:
    """Take in codes with their names and years; the same list again changes nothing.

    A code known from the same year gets the list's names and last year. Confirmed stays confirmed. A code
    with a second row for a year it has already is a problem of that row.

    Args:
        content: CSV or XLSX with ``code, name_kk, name_ru, valid_from_year, valid_to_year, confirmed``.
    """
    rows, problems = _read(content)
    known = [_row(stored) for stored in session.scalars(select(BudgetCode))]
    by_key = {(row.code, row.valid_from_year): row for row in known}
    added: list[CodeRow] = []
    changed: list[CodeRow] = []
    unchanged = 0
    for number, row in rows:
        key = (row.code, row.valid_from_year)
        old = by_key.get(key)
        if old is not None and old.is_confirmed:
            row = replace(row, is_confirmed=True)  # noqa: PLW2901 - the row as it will stand
        others = [each for each in by_key.values() if each.code == row.code and each is not old]
        if any(row.shares_a_year_with(other) for other in others):
            refusal = AlreadyExists(kind="budget_code", field="code", value=row.code)
            problems.append(Problem(number, None, f"refusal.{refusal.code}", row.code, refusal.facts))
        elif old == row:
            unchanged += 1
        else:
            (changed if old else added).append(row)
            by_key[key] = row
    written = mode.writes(problems)
    if written:
        _write(session, [*added, *changed])
    problems.sort(key=lambda problem: problem.row)
    return ImportReport(len(added), len(changed), unchanged, tuple(problems), written)


def import_starter_set(session: Session) -> int:
    """Take in those codes of the starter set that are not known in any year. Returns how many."""
    rows, problems = _read(STARTER.read_bytes())
    assert not problems, problems
    known = set(session.scalars(select(BudgetCode.code)))
    new = [row for _, row in rows if row.code not in known]
    _write(session, new)
    return len(new)


def _read(content: bytes) -> tuple[list[tuple[int, CodeRow]], list[Problem]]:
    reading = read_list(content, COLUMNS)
    problems = list(reading.problems)
    rows: list[tuple[int, CodeRow]] = []
    for cells in reading.rows:
        reader = RowReader(cells, reading, COLUMNS)
        row = _code_row(reader)
        if row is None or reader.problems:
            problems += reader.problems
        else:
            rows.append((cells.number, row))
    return rows, problems


def _code_row(reader: RowReader) -> CodeRow | None:
    code = reader.required("code", lambda text: check_kbk(text.replace(" ", "")))
    name_kk = reader.required("name_kk", partial(line, field="name_kk", length_max=500))
    name_ru = reader.required("name_ru", partial(line, field="name_ru", length_max=500))
    first = reader.required("valid_from_year", _year)
    last = reader.optional("valid_to_year", _year)
    confirmed = reader.optional("confirmed", read_yes_no)
    if code is None or name_kk is None or name_ru is None or first is None:
        return None
    if last is not None and last < first:
        reader.refuse("valid_to_year", EndsBeforeStart(starts=first, ends=last))
    return CodeRow(code, name_kk, name_ru, first, last, bool(confirmed))


def _row(stored: BudgetCode) -> CodeRow:
    return CodeRow(
        stored.code,
        stored.name_kk,
        stored.name_ru,
        stored.valid_from_year,
        stored.valid_to_year,
        stored.is_confirmed,
    )


def _write(session: Session, rows: Sequence[CodeRow]) -> None:
    if not rows:
        return
    insert = insert_into(session, BudgetCode)
    kept: Iterable[str] = ("name_kk", "name_ru", "valid_to_year", "is_confirmed")
    session.execute(
        insert.on_conflict_do_update(
            index_elements=[BudgetCode.code, BudgetCode.valid_from_year],
            set_={name: insert.excluded[name] for name in kept},
        ),
        [asdict(row) for row in rows],
    )
    session.expire_all()

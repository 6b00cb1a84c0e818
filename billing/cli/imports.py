"""``auyl import``: takes in the lists an office has, and names every row that cannot be taken in."""

from collections.abc import Callable
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from sqlalchemy.orm import Session

from billing.budget.classification import import_classification
from billing.cli.finding import enterprise_of
from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.cli.typed import DAY
from billing.customers.lists import import_customers
from billing.districts.calendar_lists import import_calendar
from billing.districts.kato import read_kato
from billing.districts.places import import_places
from billing.kernel.clock import today
from billing.kernel.imports import ImportMode, ImportReport
from billing.kernel.spreadsheets import Problem, sentence
from billing.ledger.accounts_list import import_accounts
from billing.ledger.service import enterprise_book_id
from billing.orders.lists import import_orders

PROBLEMS_SHOWN_MAX = 200  # more than anybody mends in one go

Importer = Callable[[Session, bytes, ImportMode], ImportReport]

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only say what would happen; write nothing.")
_SKIP_BAD = click.option(
    "--skip-bad", is_flag=True, help="Take in the good rows although others have problems."
)


@click.group("import", cls=TeachingGroup)
def group() -> None:
    """Take in lists: CSV (; or , or tab; UTF-8, cp1251, kz1048) and XLSX.

    Headings may be Kazakh, Russian or English, a title may stand above them. All or nothing: one wrong row
    keeps the list out, unless --skip-bad is given. The same list again adds nothing.

    Examples:
      auyl import customers households.csv --dry-run
      auyl import orders requests.xlsx --skip-bad
    """


@group.command("customers")
@_FILE
@_DRY_RUN
@_SKIP_BAD
@click.pass_obj
def customers(office: Office, /, *, file: Path, dry_run: bool, skip_bad: bool) -> None:
    """Take on the households and organisations of a list.

    Columns: name (needed), IIN/BIN, category, village, address or street + house + flat, language, phone,
    e-mail. Everybody new gets a personal account number.

    Example:
      auyl import customers households.csv --dry-run
    """
    _take_in(office, file, import_customers, ImportMode(dry_run, skip_bad))


@group.command("orders")
@_FILE
@_DRY_RUN
@_SKIP_BAD
@click.pass_obj
def orders(office: Office, /, *, file: Path, dry_run: bool, skip_bad: bool) -> None:
    """Take down the requests of a list as drafts of orders.

    Columns: customer by account number, IIN/BIN or name; service by code or name; date, quantity (all
    needed); planned date, contract number, place, note.

    Example:
      auyl import orders requests.xlsx
    """
    _take_in(office, file, partial(import_orders, today=today()), ImportMode(dry_run, skip_bad))


@group.command("classification")
@_FILE
@_DRY_RUN
@_SKIP_BAD
@click.pass_obj
def classification(office: Office, /, *, file: Path, dry_run: bool, skip_bad: bool) -> None:
    """Take in the unified budget classification, for all districts.

    Columns: code, name_kk, name_ru, valid_from_year (all needed), valid_to_year, confirmed.

    Example:
      auyl import classification ebk-2026.xlsx
    """
    _take_in(office, file, import_classification, ImportMode(dry_run, skip_bad), everywhere=True)


@group.command("calendar")
@_FILE
@_DRY_RUN
@_SKIP_BAD
@click.pass_obj
def calendar(office: Office, /, *, file: Path, dry_run: bool, skip_bad: bool) -> None:
    """Take in a year's holidays and moved working days, for all districts.

    Columns: date, working day (yes or no), reason (all needed). Scheduled runs wait for a working day.

    Example:
      auyl import calendar holidays-2027.csv
    """
    _take_in(office, file, import_calendar, ImportMode(dry_run, skip_bad), everywhere=True)


@group.command("accounts")
@_FILE
@_DRY_RUN
@_SKIP_BAD
@click.option("--enterprise", help="BIN of the enterprise; the district's only one by default.")
@click.pass_obj
def accounts(office: Office, /, *, file: Path, dry_run: bool, skip_bad: bool, enterprise: str | None) -> None:
    """Open further accounts in the enterprise's chart.

    Columns: code (1030.01), kind (asset, liability, equity, income, expense), name_kk, name_ru, name_en.

    Example:
      auyl import accounts chart.csv
    """

    def importer(session: Session, content: bytes, mode: ImportMode) -> ImportReport:
        book_id = enterprise_book_id(session, enterprise_of(session, enterprise).id)
        return import_accounts(session, book_id, content, mode)

    _take_in(office, file, importer, ImportMode(dry_run, skip_bad))


@group.command("places")
@_FILE
@click.option(
    "--edition", type=DAY, default=today, help="Date of the classifier, 2022-10-17; today by default."
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen; write nothing.")
@click.pass_obj
def places(office: Office, /, *, file: Path, edition: date, dry_run: bool) -> None:
    """Take in the official classifier of places (KATO), for all districts.

    Reads the Excel file of the Bureau of National Statistics, or the public CSV of it.

    Example:
      auyl import places kato.xlsx --edition 2022-10-17
    """
    reading = read_kato(BytesIO(file.read_bytes()))
    problems = tuple(
        Problem(problem.row, problem.column, problem.code, problem.value) for problem in reading.problems
    )
    _show_problems(office, problems)
    mode = ImportMode(dry_run=dry_run)
    if mode.writes(problems):
        with office.sessions.begin(None) as session:
            done = import_places(session, reading.rows, edition)
        office.say("import_done", added=done.added, changed=done.renamed, unchanged=done.unchanged, refused=0)
    else:
        refused = len({problem.row for problem in problems})
        counts = {"added": len(reading.rows), "changed": 0, "unchanged": 0, "refused": refused}
        office.say("import_dry_run" if dry_run else "import_refused", **counts)
    _exit(problems)


def _take_in(
    office: Office, file: Path, importer: Importer, mode: ImportMode, *, everywhere: bool = False
) -> None:
    work = partial(office.sessions.begin, None) if everywhere else office.work
    with office.console.status(office.text("import_reading", file=file.name)), work() as session:
        report = importer(session, file.read_bytes(), mode)
    show_report(office, report, mode)


def show_report(office: Office, report: ImportReport, mode: ImportMode) -> None:
    """Say what became of a list's rows; exit code 1 if one could not be taken in."""
    _show_problems(office, report.problems)
    counts: dict[str, Any] = {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "refused": report.refused,
    }
    if report.written:
        office.say("import_done", **counts)
    else:
        office.say("import_dry_run" if mode.dry_run else "import_refused", **counts)
    _exit(report.problems)


def _show_problems(office: Office, problems: tuple[Problem, ...]) -> None:
    if not problems:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("row", "column", "value", "problem"):
        table.add_column(office.text(f"import_{heading}"), overflow="fold")
    for problem in problems[:PROBLEMS_SHOWN_MAX]:
        row = str(problem.row) if problem.row else ""
        table.add_row(row, problem.column or "", problem.value, sentence(problem, office.language))
    office.console.print(table)
    if len(problems) > PROBLEMS_SHOWN_MAX:
        office.say("import_more_problems", count=len(problems) - PROBLEMS_SHOWN_MAX)


def _exit(problems: tuple[Problem, ...]) -> None:
    if problems:
        raise click.exceptions.Exit(1)

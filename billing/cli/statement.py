"""``auyl statement check``: what a bank's file says, read without a database."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.kernel.formats import format_date, format_money
from billing.kernel.i18n import label
from billing.kernel.identifiers import check_iban
from billing.kernel.money import Money
from billing.reconciliation.formats.profile_files import BYTES_MAX as PROFILE_BYTES_MAX
from billing.reconciliation.formats.profile_files import read_profile
from billing.reconciliation.formats.profiles import BUILT_IN
from billing.reconciliation.formats.reading import BYTES_MAX, read_statement
from billing.reconciliation.formats.statement import Party, Problem, Reading, Row, Statement

ROWS_SHOWN_MAX = 200  # a terminal is not where a year's statement is read
PURPOSE_SHOWN_MAX = 60
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("statement", cls=TeachingGroup)
def group() -> None:
    """Statements of banks and the treasury: 1C, MT940, camt.053, XLSX and CSV.

    The format and the encoding are told from the content, never from the name.

    Examples:
      auyl statement check november.txt
      auyl statement import november.txt
      auyl statement proof
    """


@group.command("check")
@click.argument("file", type=EXISTING)
@click.option(
    "--profile",
    type=EXISTING,
    help="File with the profile of its columns, where we do not know the table.",
)
@click.option("--account", default="", help="IBAN, where a spreadsheet does not name its account.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs, whatever the file holds.")
@click.pass_obj
def check(office: Office, /, *, file: Path, profile: Path | None, account: str, as_json: bool) -> None:
    """Print what was understood of a statement; nothing is written.

    Names and numbers of payers are shown as they stand in the file. Exit code 0 when the statement is clean,
    1 with problems.

    Examples:
      auyl statement check november.txt --json
      auyl statement check table.xlsx --profile village-bank.json
    """
    profiles = BUILT_IN if profile is None else [read_profile(first_bytes(profile, PROFILE_BYTES_MAX))]
    iban = check_iban(account) if account else ""
    reading = read_statement(first_bytes(file, BYTES_MAX), profiles, account=iban)
    if as_json:
        _print_json(reading, office.language)
    else:
        _print(office, reading)
    if reading.problems:
        raise click.exceptions.Exit(1)


def first_bytes(file: Path, bytes_max: int) -> bytes:
    """A file, or so much of it that its reader sees that it is too large."""
    with file.open("rb") as stream:
        return stream.read(bytes_max + 1)


def to_json(reading: Reading, language: str) -> dict[str, Any]:
    """A reading as programs get it: sums as text with two decimals, days as ``2026-11-23``."""
    statement = reading.statement
    return {
        "format": statement.format.value if statement else None,
        "account": statement.account or None if statement else None,
        "from": _day(statement.date_from) if statement else None,
        "to": _day(statement.date_to) if statement else None,
        "opening": _sum(statement.opening) if statement else None,
        "closing": _sum(statement.closing) if statement else None,
        "rows": [_row(row) for row in statement.rows] if statement else [],
        "problems": [_problem(problem, language) for problem in reading.problems],
    }


def _row(row: Row) -> Mapping[str, Any]:
    return {
        "date": _day(row.date),
        "amount": str(row.amount),
        "direction": row.direction.value,
        "counterparty": _party(row.counterparty),
        "ultimate": _party(row.ultimate) if row.ultimate else None,
        "purpose": row.purpose,
        "knp": row.knp,
        "document_number": row.document_number,
    }


def _party(party: Party) -> Mapping[str, str]:
    return {"name": party.name, "iin_bin": party.iin_bin, "iban": party.iban}


def _problem(problem: Problem, language: str) -> Mapping[str, Any]:
    return {
        "code": problem.code.value,
        "severity": problem.severity.value,
        "line": problem.line,
        "key": problem.key,
        "value": problem.value,
        "message": problem.sentence(language),
    }


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None


def _sum(amount: Money | None) -> str | None:
    return None if amount is None else str(amount)


def _print_json(reading: Reading, language: str) -> None:
    content = json.dumps(to_json(reading, language), ensure_ascii=False, indent=2)
    # Bytes, because a terminal's own encoding may lack the letters of a name.
    click.echo(f"{content}\n".encode(), nl=False)


def _print(office: Office, reading: Reading) -> None:
    if reading.statement is not None:
        _print_statement(office, reading.statement)
    print_problems(office, reading.problems)
    if not reading.problems:
        office.say("statement_clean")
    elif reading.refused:
        office.say("statement_refused")


def _print_statement(office: Office, statement: Statement) -> None:
    office.say(
        "statement_understood",
        format=statement.format.value,
        account=statement.account or None,
        first=statement.date_from,
        last=statement.date_to,
    )
    office.say(
        "statement_balances",
        opening=statement.opening,
        credited=statement.credited,
        debited=statement.debited,
        closing=statement.closing,
    )
    office.say("statement_rows", count=len(statement.rows))
    if not statement.rows:
        return
    table = _table(office, "line", "date", "direction", "amount", "counterparty", "iin_bin", "purpose")
    for row in statement.rows[:ROWS_SHOWN_MAX]:
        party = row.ultimate or row.counterparty
        table.add_row(
            str(row.line),
            format_date(row.date, office.language),
            label(row.direction, office.language),
            format_money(row.amount, office.language),
            Text(party.name),
            Text(party.iin_bin),
            Text(row.purpose[:PURPOSE_SHOWN_MAX]),
        )
    office.console.print(table)
    if len(statement.rows) > ROWS_SHOWN_MAX:
        office.say("statement_more_rows", count=len(statement.rows) - ROWS_SHOWN_MAX)


def print_problems(office: Office, problems: Sequence[Problem]) -> None:
    """What is wrong with a file, each with its line."""
    if not problems:
        return
    table = _table(office, "line", "key", "value", "problem")
    for problem in problems:
        line = str(problem.line) if problem.line else ""
        table.add_row(line, Text(problem.key), Text(problem.value), problem.sentence(office.language))
    office.console.print(table)


def _table(office: Office, *headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(office.text(f"statement_{heading}"), overflow="fold")
    return table

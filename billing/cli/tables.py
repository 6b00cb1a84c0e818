"""Shows a report in the terminal, as JSON for programs, or as a spreadsheet in a file."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from billing.cli.office import Office
from billing.kernel.reporting import Kind, ReportTable, to_json, to_terminal, to_xlsx

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("table", "json", "xlsx")
WIDTH_MAX = 1_000  # of a table in characters, for measuring
WIDTH_OF_LONG_NAMES = 190  # beyond it names are wrapped within their column


def formatted(command: Command) -> Command:
    """Give a command the options of the report's form."""
    for option in (
        click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write to."),
        click.option(
            "--format",
            "form",
            type=click.Choice(FORMATS),
            default="table",
            show_default=True,
            help="For people, for programs, or a spreadsheet (needs --output).",
        ),
    ):
        command = option(command)
    return command


def show(office: Office, table: ReportTable, form: str = "table", output: Path | None = None) -> None:
    """Print a report, or write it into a file."""
    if form == "table":
        _draw(office, table, output)
    elif form == "json":
        content = json.dumps(to_json(table, office.language), ensure_ascii=False, indent=2)
        _write(office, f"{content}\n".encode(), output)
    elif output is None:
        raise click.UsageError("A spreadsheet needs a file: --output report.xlsx")
    else:
        _write(office, to_xlsx(table, office.language), output)


def _draw(office: Office, table: ReportTable, output: Path | None) -> None:
    shown = _without_empty_months(table)
    drawn = to_terminal(shown, office.language)
    console = office.console
    # A cut sum is worse than a line that the terminal wraps: the table gets the width it needs.
    needed = _width(console, drawn)
    width = min(needed, max(console.width, WIDTH_OF_LONG_NAMES))
    if needed > width:
        drawn = to_terminal(shown, office.language, is_narrow=True)
        width = min(_width(console, drawn), width)
    page = Console(file=io.StringIO(), width=width, force_terminal=console.is_terminal, highlight=False)
    with page.capture() as captured:
        page.print(drawn)
    text = "\n".join(line.rstrip() for line in captured.get().splitlines())
    if output is None:
        click.echo(text)
    else:
        _write(office, f"{click.unstyle(text)}\n".encode(), output)


def _width(console: Console, drawn: Table) -> int:
    return console.measure(drawn, options=console.options.update_width(WIDTH_MAX)).maximum


def _without_empty_months(table: ReportTable) -> ReportTable:
    """A year has twelve months and a terminal room for five: those in which nothing happened are left out."""
    columns = [
        column
        for column in table.columns
        if column.kind is not Kind.MONEY
        or not column.key.startswith("month_")
        or any(row.values.get(column.key) for row in table.rows)
    ]
    return replace(table, columns=columns)


def _write(office: Office, content: bytes, output: Path | None) -> None:
    if output is None:
        click.echo(content.decode(), nl=False)
    else:
        output.write_bytes(content)
        office.say("written", file=str(output))

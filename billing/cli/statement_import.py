"""``auyl statement import`` and ``rematch``: a bank's file is booked, and the rest waits for a person."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from sqlalchemy.orm import Session

from billing.cli.finding import bank_account_of
from billing.cli.office import Office
from billing.cli.statement import group, print_problems
from billing.kernel.clock import today
from billing.kernel.formats import format_number
from billing.kernel.i18n import label
from billing.reconciliation.column_profiles import find_profile
from billing.reconciliation.formats.reading import BYTES_MAX
from billing.reconciliation.formats.statement import Problem
from billing.reconciliation.importing import StatementRefused
from billing.reconciliation.models import ExceptionKind, MatchKind
from billing.reconciliation.service import Outcome, Progress, TakenIn, rematch, take_in


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", "iban", help="IBAN, where the file does not name its account.")
@click.option("--profile", "profile_name", help="Saved profile of the columns, for XLSX and CSV.")
@click.option(
    "--override", "reason", help="Take it in although its sums do not add up, for this reason; it is kept."
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen; write nothing.")
@click.pass_obj
def import_file(
    office: Office,
    /,
    *,
    file: Path,
    iban: str | None,
    profile_name: str | None,
    reason: str | None,
    dry_run: bool,
) -> None:
    """Take in a statement: its new rows are matched and booked, the others wait with the reason.

    The same file again adds nothing, an overlapping one only its new rows. Exit code 0 when it is taken in,
    1 with the problems when it is refused; nothing is written then.

    Examples:
      auyl statement import november.txt
      auyl statement import table.xlsx --account KZ456010000000000001
    """
    with file.open("rb") as stream:
        content = stream.read(BYTES_MAX + 1)
    try:
        with office.work() as session, _progress(office) as progress:
            taken = take_in(
                session,
                content,
                file_name=file.name,
                taken_in_on=today(),
                bank_account_id=_account_id(session, iban),
                profile_id=None if profile_name is None else find_profile(session, profile_name).id,
                override_reason=reason,
                progress=progress,
            )
            if dry_run:
                session.expunge_all()  # what is told of it outlives the rollback
                session.rollback()
    except StatementRefused as refusal:
        print_problems(office, refusal.facts["problems"])
        office.warn("statement_refused")
        if refusal.facts["overridable"]:
            office.warn("statement_overridable")
        raise click.exceptions.Exit(1) from refusal
    _tell(office, taken, dry_run=dry_run)


@group.command("rematch")
@click.option("--account", "iban", help="IBAN of the account; needed where there are several.")
@click.option("--undone-too", is_flag=True, help="Also book rows again of which somebody undid a match.")
@click.pass_obj
def rematch_rows(office: Office, /, *, iban: str | None, undone_too: bool) -> None:
    """Look again at the rows that wait: customers, invoices and rules may have come meanwhile.

    Example:
      auyl statement rematch --account KZ456010000000000001
    """
    with office.work() as session, _progress(office) as progress:
        account = bank_account_of(session, iban)
        outcome = rematch(session, account.id, rematched_on=today(), undone_too=undone_too, progress=progress)
    _print_outcome(office, outcome)


def _account_id(session: Session, iban: str | None) -> UUID | None:
    return None if iban is None else bank_account_of(session, iban).id


@contextmanager
def _progress(office: Office) -> Iterator[Progress]:
    """A bar of the rows that were looked at, where somebody looks at a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = office.console
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(office.text("statement_matching"), total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield tell


def _tell(office: Office, taken: TakenIn, *, dry_run: bool) -> None:
    statement = taken.statement
    if taken.is_known:
        office.say("statement_known", file=statement.file_name, account=taken.account.iban)
        return
    print_problems(office, [Problem.restored(each) for each in statement.problems])
    office.say(
        "statement_taken_in",
        format=statement.format,
        account=taken.account.iban,
        first=statement.date_from,
        last=statement.date_to,
    )
    office.say("statement_new_rows", count=statement.new_row_count)
    office.say("statement_known_rows", count=statement.row_count - statement.new_row_count)
    _print_outcome(office, taken.outcome)
    if dry_run:
        office.say("statement_dry_run")


def _print_outcome(office: Office, outcome: Outcome) -> None:
    _print_counts(office, "statement_matched", outcome.matched)
    _print_counts(office, "statement_waiting", outcome.waiting)
    if not outcome.matched and not outcome.waiting:
        office.say("statement_nothing_to_match")


def _print_counts(office: Office, title: str, counts: Counter[MatchKind] | Counter[ExceptionKind]) -> None:
    if not counts:
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for kind, count in counts.most_common():
        table.add_row(f"  {label(kind, office.language)}", format_number(count, office.language))
    office.say(title, count=sum(counts.values()))
    office.console.print(table)

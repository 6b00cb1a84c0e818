"""``auyl close-month`` and ``auyl verify``: freezing what is done, and recomputing all of it."""

import click

from billing.cli.office import Office
from billing.cli.refusing import EXIT_REFUSED
from billing.cli.teaching import TeachingCommand
from billing.cli.typed import MONTH
from billing.kernel.clock import today
from billing.kernel.dates import Month
from billing.kernel.db import ALL_DISTRICTS
from billing.ledger import service as ledger
from billing.ledger.models import Book
from billing.verification import closing
from billing.verification.service import verify as differences


@click.command("close-month", cls=TeachingCommand)
@click.argument("month", type=MONTH)
@click.option(
    "--book",
    type=click.Choice(["enterprise", "budget", "all"]),
    default="all",
    show_default=True,
    help="Which books.",
)
@click.pass_obj
def close_month(office: Office, /, *, month: Month, book: str) -> None:
    """Close a MONTH of the books: nothing is posted into it any more, and its balances are frozen.

    Months are closed one after the other; every book of the district, or none.

    Examples:
      auyl close-month 2026-10
      auyl close-month 2026-10 --book budget
    """
    with office.work() as session:
        chosen = [each for each in ledger.list_books(session) if book in {"all", each.kind.value}]
        to_close = [each for each in chosen if not _is_closed(each, month)]
        for each in to_close:
            closing.close_month(session, each.id, month, today=today())
    office.say("month_closed" if to_close else "month_closed_already", month=month, count=len(to_close))


@click.command("verify", cls=TeachingCommand)
@click.option("--all-districts", is_flag=True, help="Every district of the database.")
@click.pass_obj
def verify(office: Office, /, *, all_districts: bool) -> None:
    """Recompute everything and compare: sums, balances, revenue lines, numbers, archived PDFs.

    Exits with 1 where anything differs, and names each difference.

    Example:
      auyl verify --all-districts
    """
    scope = ALL_DISTRICTS if all_districts else office.district_id
    count = 0
    with office.sessions.begin(scope, read_only=True) as session:
        for difference in differences(session):
            click.echo(f"{difference.district_id}: {difference.message(office.language)}")
            count += 1
    if count:
        office.warn("verified_with_differences", count=count)
        raise click.exceptions.Exit(EXIT_REFUSED)
    office.say("verified")


def _is_closed(book: Book, month: Month) -> bool:
    return book.closed_through is not None and book.closed_through >= month.last_day

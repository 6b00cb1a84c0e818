"""``auyl statement list``, ``rows`` and ``proof``, and ``auyl report in-transit``."""

from datetime import date
from typing import Any

import click
from sqlalchemy import select

from billing.cli.finding import bank_account_of, enterprise_of
from billing.cli.office import Office
from billing.cli.reports import group as reports
from billing.cli.statement import group
from billing.cli.tables import formatted, show
from billing.cli.typed import DAY
from billing.districts.models import BankAccount
from billing.kernel.clock import today
from billing.kernel.dates import FOREVER
from billing.kernel.paging import PAGE_SIZE_MAX, PageRequest
from billing.reconciliation.in_transit import Grouping, money_in_transit, transit_table
from billing.reconciliation.listing import (
    RowFilter,
    RowState,
    all_rows,
    list_statements,
    rows_table,
    statements_table,
)
from billing.reconciliation.proof import bank_proof, treasury_proof
from billing.reconciliation.proof_report import proof_table

_ACCOUNT = click.option("--account", "iban", help="IBAN of one account; all by default.")


@group.command("list")
@_ACCOUNT
@formatted
@click.pass_obj
def list_taken_in(office: Office, /, *, iban: str | None, **form: Any) -> None:
    """Statements that were taken in, the latest days first.

    Example:
      auyl statement list
    """
    with office.work(read_only=True) as session:
        wanted = {} if iban is None else {"bank_account_id": bank_account_of(session, iban).id}
        page = list_statements(session, PageRequest(limit=PAGE_SIZE_MAX), **wanted)
        ibans = {row[0]: row[1] for row in session.execute(select(BankAccount.id, BankAccount.iban))}
        table = statements_table(page.items, ibans)
    show(office, table, **form)


@group.command("rows")
@_ACCOUNT
@click.option("--waiting", is_flag=True, help="Only rows that wait for a person.")
@click.option("--from", "booked_from", type=DAY, help="First day.")
@click.option("--to", "booked_to", type=DAY, help="Last day.")
@formatted
@click.pass_obj
def rows(
    office: Office,
    /,
    *,
    iban: str | None,
    waiting: bool,
    booked_from: date | None,
    booked_to: date | None,
    **form: Any,
) -> None:
    """Rows of statements, what each was, or why it waits.

    Examples:
      auyl statement rows --waiting
      auyl statement rows --from 2026-11-01 --format xlsx --output november.xlsx
    """
    with office.report() as session:
        wanted = RowFilter(
            bank_account_id=None if iban is None else bank_account_of(session, iban).id,
            state=RowState.WAITING if waiting else None,
            booked_from=booked_from,
            booked_to=booked_to,
        )
        table = rows_table(all_rows(session, wanted))
    show(office, table, **form)


@group.command("proof")
@click.option("--enterprise", help="BIN of the enterprise; the district's only one by default.")
@click.option("--treasury", is_flag=True, help="Of the budget's account instead.")
@click.option("--on", "day", type=DAY, help="At the end of this day; as of now by default.")
@formatted
@click.pass_obj
def proof(
    office: Office, /, *, enterprise: str | None, treasury: bool, day: date | None, **form: Any
) -> None:
    """The bank's balance held against the books, with every open item between them.

    Exit code 1 when something is left that no item explains.

    Examples:
      auyl statement proof --format xlsx --output proof.xlsx
      auyl statement proof --on 2026-10-31
    """
    with office.report() as session:
        if treasury:
            found = treasury_proof(session, day or FOREVER)
        else:
            found = bank_proof(session, enterprise_of(session, enterprise).id, day or FOREVER)
    show(office, proof_table(found), **form)
    if found.difference:
        raise click.exceptions.Exit(1)


@reports.command("in-transit")
@click.option("--on", "day", type=DAY, help="At the end of this day; today by default.")
@click.option(
    "--by",
    "grouping",
    type=click.Choice([each.value for each in Grouping]),
    default=Grouping.AGE.value,
    show_default=True,
    help="How it is added up.",
)
@formatted
@click.pass_obj
def in_transit(office: Office, /, *, day: date | None, grouping: str, **form: Any) -> None:
    """Fees that were collected for the budget and have not arrived.

    Example:
      auyl report in-transit --by channel
    """
    with office.report() as session:
        transit = money_in_transit(session, day=day or today(), grouping=Grouping(grouping))
    show(office, transit_table(transit), **form)

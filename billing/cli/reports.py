"""``auyl report``: what the books and the budget say."""

from datetime import date
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from billing.budget.reports import execution_table, revenue_execution
from billing.cli.finding import customer_of, enterprise_of
from billing.cli.office import Office
from billing.cli.tables import formatted, show
from billing.cli.teaching import TeachingGroup
from billing.cli.typed import DAY, MONTH
from billing.kernel.clock import today
from billing.kernel.dates import Month
from billing.ledger.reports import account_card, account_card_table, trial_balance, trial_balance_table
from billing.ledger.service import budget_book_id, enterprise_book_id
from billing.payments.statements.service import statement_of, statement_table
from billing.receivables.reports import aged_debt, aged_debt_table

BOOKS = ("enterprise", "budget")

_ENTERPRISE = click.option("--enterprise", help="BIN of the enterprise; the district's only one by default.")
_BOOK = click.option(
    "--book", type=click.Choice(BOOKS), default="enterprise", show_default=True, help="Whose accounts."
)
_FROM = click.option("--from", "first_day", type=DAY, help="First day; this month's first by default.")
_TO = click.option("--to", "last_day", type=DAY, help="Last day; today by default.")


@click.group("report", cls=TeachingGroup)
def group() -> None:
    """Reports in the terminal, as JSON or as XLSX.

    Examples:
      auyl report revenue
      auyl report aged-debt --format xlsx --output debts.xlsx
    """


@group.command("revenue")
@click.option("--through", type=MONTH, help="Last month of the report; this one by default.")
@formatted
@click.pass_obj
def revenue(office: Office, /, *, through: Month | None, **form: Any) -> None:
    """Revenue execution of the budget: planned and collected, by code and month.

    Examples:
      auyl report revenue
      auyl report revenue --through 2026-10 --format json
    """
    through = through or Month.of(today())
    with office.report() as session:
        table = execution_table(revenue_execution(session, through.year, through))
    show(office, table, **form)


@group.command("trial-balance")
@_BOOK
@_ENTERPRISE
@_FROM
@_TO
@formatted
@click.pass_obj
def trial(
    office: Office,
    /,
    *,
    book: str,
    enterprise: str | None,
    first_day: date | None,
    last_day: date | None,
    **form: Any,
) -> None:
    """Trial balance: every account's opening balance, turnovers and closing balance.

    Example:
      auyl report trial-balance --from 2026-10-01 --to 2026-10-31
    """
    days = _days(first_day, last_day)
    with office.report() as session:
        table = trial_balance_table(trial_balance(session, _book(session, book, enterprise), *days))
    show(office, table, **form)


@group.command("account-card")
@click.argument("account")
@_BOOK
@_ENTERPRISE
@click.option("--year", "fiscal_year", type=int, default=0, help="Fiscal year of a budget code's account.")
@_FROM
@_TO
@formatted
@click.pass_obj
def card(
    office: Office,
    /,
    *,
    account: str,
    book: str,
    enterprise: str | None,
    fiscal_year: int,
    first_day: date | None,
    last_day: date | None,
    **form: Any,
) -> None:
    """Card of one ACCOUNT: each transfer, and the balance after it.

    Examples:
      auyl report account-card 1210 --from 2026-10-01
      auyl report account-card 206109 --book budget --year 2026
    """
    first, last = _days(first_day, last_day)
    with office.report() as session:
        book_id = _book(session, book, enterprise)
        found = account_card(
            session, book_id, account, first_day=first, last_day=last, fiscal_year=fiscal_year
        )
        table = account_card_table(found)
    show(office, table, **form)


@group.command("aged-debt")
@_ENTERPRISE
@click.option("--on", "day", type=DAY, help="As of this day; today by default.")
@formatted
@click.pass_obj
def debts(office: Office, /, *, enterprise: str | None, day: date | None, **form: Any) -> None:
    """Who owes how much, and for how long.

    Example:
      auyl report aged-debt --format xlsx --output debts.xlsx
    """
    with office.report() as session:
        enterprise_id = enterprise_of(session, enterprise).id
        table = aged_debt_table(aged_debt(session, enterprise_id, day=day or today()))
    show(office, table, **form)


@group.command("statement")
@click.argument("customer")
@_ENTERPRISE
@_FROM
@_TO
@formatted
@click.pass_obj
def statement(
    office: Office,
    /,
    *,
    customer: str,
    enterprise: str | None,
    first_day: date | None,
    last_day: date | None,
    **form: Any,
) -> None:
    """Statement of a CUSTOMER, named by personal account number, IIN or BIN: invoices, payments, balance.

    Example:
      auyl report statement 47363900019 --from 2026-08-01
    """
    first, last = _days(first_day, last_day)
    with office.report() as session:
        table = statement_table(
            statement_of(
                session,
                enterprise_of(session, enterprise).id,
                customer_of(session, customer).id,
                first_day=first,
                last_day=last,
            )
        )
    show(office, table, **form)


def _days(first_day: date | None, last_day: date | None) -> tuple[date, date]:
    last = last_day or today()
    return first_day or last.replace(day=1), last


def _book(session: Session, book: str, enterprise: str | None) -> UUID:
    if book == "budget":
        return budget_book_id(session)
    return enterprise_book_id(session, enterprise_of(session, enterprise).id)

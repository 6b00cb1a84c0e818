"""``auyl statement exceptions``, ``match`` and ``undo``: what waits, a person's word on it, the way back."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import click
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from billing.cli.finding import customer_of, enterprise_of, invoice_of, party_of
from billing.cli.office import Office
from billing.cli.statement import group
from billing.cli.tables import formatted, show
from billing.cli.typed import PAST_DAY
from billing.kernel.clock import today
from billing.kernel.errors import NotFound
from billing.kernel.i18n import label
from billing.kernel.money import Money
from billing.reconciliation.arrivals import decide_arrival
from billing.reconciliation.matching import decisions, exceptions, weighing
from billing.reconciliation.matching.decisions import Lesson, Part
from billing.reconciliation.matching.parties import Share
from billing.reconciliation.matching.wording import sentences
from billing.reconciliation.models import ExceptionKind, StatementMatch

_KINDS = click.Choice([kind.value for kind in ExceptionKind])
_ROW = click.argument("row", type=click.UUID)


@group.command("exceptions")
@click.option("--kind", type=_KINDS, help="Only those that wait for this reason.")
@click.option("--days", "age_days_min", type=click.IntRange(0), help="Only those that wait so long.")
@formatted
@click.pass_obj
def list_exceptions(
    office: Office, /, *, kind: str | None, age_days_min: int | None, form: str, output: Path | None
) -> None:
    """Rows that wait for a person, the longest waiting first; each with the id that ``match`` takes.

    Examples:
      auyl statement exceptions --kind ambiguous
      auyl statement exceptions --format xlsx --output waiting.xlsx
    """
    with office.work(read_only=True) as session:
        waiting = exceptions.all_exceptions(
            session,
            today=today(),
            kind=None if kind is None else ExceptionKind(kind),
            age_days_min=age_days_min,
        )
        show(office, exceptions.exceptions_table(waiting, today=today()), form, output)


@group.command("match")
@_ROW
@click.option(
    "--customer",
    "customers",
    multiple=True,
    metavar="NUMBER[=SUM]",
    help="Whose money it is: account, IIN or BIN; several with their sums split it.",
)
@click.option("--invoice", help="Invoice that the money is for, 12/2026; where it is one customer's.")
@click.option("--account", help="Code of the account to post to, where it is nobody's payment.")
@click.option("--fees-of", metavar="BIN", help="Enterprise whose fees reached the budget's account.")
@click.option(
    "--party",
    "parties",
    multiple=True,
    metavar="NUMBER[=SUM]",
    help="IIN or BIN of the worker (3350) or contractor (3310) it went to; several with their sums.",
)
@click.option("--why", help="Why it is so; needed to decide.")
@click.option("--rule", is_flag=True, help="Propose it next time for the same bank account.")
@click.pass_obj
def match_row(
    office: Office,
    /,
    *,
    row: UUID,
    customers: tuple[str, ...],
    invoice: str | None,
    account: str | None,
    fees_of: str | None,
    parties: tuple[str, ...],
    why: str | None,
    rule: bool,
) -> None:
    """Say what a row was; without a decision, show whose money it may be and why.

    Examples:
      auyl statement match ROW
      auyl statement match ROW --customer 47363900019 --why "rang him"
      auyl statement match ROW --customer 47363900019=1160 --customer 47363900027=840 --why "a family"
      auyl statement match ROW --account 7210 --why "a charge paid back"
      auyl statement match ROW --account 3350 --party 850615300015 --why "pay of October"
      auyl statement match ROW --fees-of 240140000001 --why "the treasury's letter"
    """
    decided = [name for name in (customers, account, fees_of) if name]
    if len(decided) > 1:
        raise click.UsageError("One of --customer, --account and --fees-of.")
    if parties and not account:
        raise click.UsageError("A --party is of an --account.")
    if not decided:
        _weigh(office, row)
        return
    if why is None:
        raise click.UsageError("A decision needs a reason: --why …")
    lesson = Lesson(iban=True) if rule else None
    with office.work() as session:
        if fees_of:
            enterprise_id = enterprise_of(session, fees_of).id
            match = decide_arrival(session, row, enterprise_id=enterprise_id, decided_on=today(), why=why)
        elif account:
            match = decisions.decide_entry(
                session,
                [row],
                account,
                decided_on=today(),
                why=why,
                lesson=lesson,
                shares=_shares(session, row, account, parties),
            )
        else:
            parts = _parts(session, row, customers, invoice)
            match = decisions.decide_payments(
                session, [row], parts, decided_on=today(), why=why, lesson=lesson
            )
        _tell(office, match)


@group.command("undo")
@_ROW
@click.option("--reason", "--why", "reason", required=True, help="Why the match is wrong.")
@click.option("--on", "day", type=PAST_DAY, help="The day of the mirrored postings; today by default.")
@click.pass_obj
def undo_row(office: Office, /, *, row: UUID, reason: str, day: date | None) -> None:
    """Undo a row's match: what it posted is mirrored, and the row waits again.

    Example:
      auyl statement undo ROW --reason "another's money"
    """
    with office.work() as session:
        match = weighing.live_match(session, row)
        if match is None:
            raise NotFound(kind="statement_match", id=row)
        decisions.undo_decision(session, match.id, undone_on=day or today(), reason=reason)
    office.say("match_undone")


def _parts(session: Session, row_id: UUID, typed: tuple[str, ...], invoice: str | None) -> list[Part]:
    row, enterprise_id = weighing.open_row(session, row_id)
    invoice_ids = () if invoice is None else (invoice_of(session, enterprise_id, invoice).id,)
    sums = _sums(typed, row.amount)
    return [Part(customer_of(session, number).id, amount, invoice_ids) for number, amount in sums]


def _shares(session: Session, row_id: UUID, account: str, typed: tuple[str, ...]) -> list[Share]:
    row, _ = weighing.open_row(session, row_id)
    return [Share(party_of(session, account, number), amount) for number, amount in _sums(typed, row.amount)]


def _sums(typed: tuple[str, ...], whole: Money) -> Iterator[tuple[str, Money]]:
    """Numbers with their sums, ``NUMBER=SUM``; the whole sum where none is given."""
    for each in typed:
        number, _, amount = each.partition("=")
        try:
            yield number, Money.parse(amount.replace(",", ".")) if amount else whole
        except ValueError as error:
            raise click.UsageError(f"{amount!r} is no sum in tenge: write 1250.50") from error


def _weigh(office: Office, row_id: UUID) -> None:
    with office.work(read_only=True) as session:
        row, enterprise_id = weighing.open_row(session, row_id)
        weighed = weighing.weigh(session, enterprise_id, row)
    office.say("row_told", day=row.booked_on, amount=row.amount, name=row.counterparty_name or None)
    click.echo(row.purpose)
    if not weighed.candidates:
        office.say("row_of_nobody")
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for each in weighed.candidates:
        reasons = "; ".join(sentences(each.reasons, office.language))
        table.add_row(str(each.score), each.customer.account_number, Text(f"{each.customer.name}: {reasons}"))
    office.console.print(table)


def _tell(office: Office, match: StatementMatch) -> None:
    office.say("row_decided", kind=label(match.kind, office.language), day=match.matched_on)

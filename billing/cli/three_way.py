"""``auyl statement three-way`` and its kin: registries, the comparison, and days signed off."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from billing.cli.imports import show_report
from billing.cli.office import Office
from billing.cli.tables import formatted, show
from billing.cli.teaching import TeachingCommand
from billing.cli.typed import DAY, PAST_DAY
from billing.kernel.clock import today
from billing.kernel.errors import NotFound
from billing.kernel.imports import ImportMode
from billing.payments.providers.models import Provider
from billing.payments.providers.service import get_provider_by_code
from billing.reconciliation.three_way.comparison import compare_days
from billing.reconciliation.three_way.differences import counted, differences_of
from billing.reconciliation.three_way.late import book_missing
from billing.reconciliation.three_way.registry import import_registry
from billing.reconciliation.three_way.report import days_table, differences_table
from billing.reconciliation.three_way.sign_off import list_sign_offs, sign_day_off, take_sign_off_back

_PROVIDER = click.option("--provider", required=True, help="Code of the provider, as its payments' channel.")


@click.command("registry", cls=TeachingCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_PROVIDER
@click.option("--dry-run", is_flag=True, help="Only say what would happen; write nothing.")
@click.pass_obj
def registry(office: Office, /, *, file: Path, provider: str, dry_run: bool) -> None:
    """Take in a provider's registry (CSV or XLSX): the payments it says it took.

    All or nothing: one wrong row keeps the file out. The same file and the same transactions add nothing.

    Example:
      auyl statement registry kaspi-november.xlsx --provider kaspi
    """
    mode = ImportMode(dry_run=dry_run)
    with office.console.status(office.text("import_reading", file=file.name)), office.work() as session:
        report = import_registry(
            session, _provider(session, provider).id, file.read_bytes(), file_name=file.name, mode=mode
        )
    show_report(office, report.rows, mode)


@click.command("three-way", cls=TeachingCommand)
@click.option("--from", "first_day", type=DAY, help="First day; this month's first by default.")
@click.option("--to", "last_day", type=DAY, help="Last day; today by default.")
@click.option("--provider", help="Code of the provider; all by default.")
@click.option("--payments", is_flag=True, help="What does not agree, payment by payment.")
@formatted
@click.pass_obj
def three_way(
    office: Office,
    /,
    *,
    first_day: date | None,
    last_day: date | None,
    provider: str | None,
    payments: bool,
    **form: Any,
) -> None:
    """Receipts recorded, the provider's registry and the bank's statement, by day and channel.

    Examples:
      auyl statement three-way --from 2026-11-01 --to 2026-11-25
      auyl statement three-way --payments --format xlsx --output differences.xlsx
    """
    last = last_day or today()
    first = first_day or last.replace(day=1)
    with office.report() as session:
        provider_id = _provider(session, provider).id if provider else None
        differences = differences_of(session, first, last, provider_id=provider_id)
        if payments:
            table = differences_table(differences, first, last)
        else:
            days = compare_days(session, first, last, provider_id=provider_id)
            table = days_table(days, counted(differences), first, last)
    show(office, table, **form)


@click.command("book-missing", cls=TeachingCommand)
@_PROVIDER
@click.option("--from", "first_day", type=PAST_DAY, required=True, help="First day of the registry.")
@click.option("--to", "last_day", type=PAST_DAY, required=True, help="Last day of the registry.")
@click.pass_obj
def missing(office: Office, /, *, provider: str, first_day: date, last_day: date) -> None:
    """Record payments that a registry tells and the books do not know, on the provider's days.

    Whose they are says the personal account that the payer typed; the others are named and left.

    Example:
      auyl statement book-missing --provider kaspi --from 2026-11-25 --to 2026-11-25
    """
    with office.work() as session:
        late = book_missing(session, _provider(session, provider).id, first_day, last_day)
    office.say("booked_late", count=len(late.payment_ids))
    for row in late.of_nobody:
        office.warn("late_of_nobody", outside_id=row.outside_id, account=row.account, amount=row.amount)
    if late.of_nobody:
        raise click.exceptions.Exit(1)


@click.command("sign-off", cls=TeachingCommand)
@click.argument("day", type=PAST_DAY)
@_PROVIDER
@click.option("--why", help="Needed where the day does not agree.")
@click.pass_obj
def sign(office: Office, /, *, day: date, provider: str, why: str | None) -> None:
    """Vouch for a provider's DAY, and freeze it: nothing of it is matched, undone or booked any more.

    Example:
      auyl --user accountant statement sign-off 2026-11-25 --provider kaspi
    """
    with office.work() as session:
        signed = sign_day_off(session, _provider(session, provider).id, day, today=today(), why=why)
    office.say("day_signed_off", day=signed.day, channel=provider, amount=signed.receipt_sum)


@click.command("unsign", cls=TeachingCommand)
@click.argument("day", type=PAST_DAY)
@_PROVIDER
@click.option("--reason", "--why", "reason", required=True, help="Why it does not hold; it is kept.")
@click.pass_obj
def unsign(office: Office, /, *, day: date, provider: str, reason: str) -> None:
    """Take the sign-off of a provider's DAY back; it is kept together with the reason.

    Example:
      auyl statement unsign 2026-11-25 --provider kaspi --reason "Найден ещё платёж"
    """
    with office.work() as session:
        sign_off_id = _sign_off_of(session, provider, day)
        take_sign_off_back(session, sign_off_id, undone_on=today(), reason=reason)
    office.say("day_unsigned", day=day, channel=provider)


def _provider(session: Session, code: str) -> Provider:
    return get_provider_by_code(session, code)


def _sign_off_of(session: Session, provider: str, day: date) -> UUID:
    """The latest sign-off of the day."""
    page = list_sign_offs(session, provider_id=_provider(session, provider).id, day=day)
    if not page.items:
        raise NotFound(kind="sign_off", id=day)
    return page.items[0].id


COMMANDS = (registry, three_way, missing, sign, unsign)

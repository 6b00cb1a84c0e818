"""``auyl run``: a month billed to everybody, with progress, and every refusal told."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.cli.finding import enterprise_of
from billing.cli.office import Office, in_district
from billing.cli.refusing import EXIT_REFUSED
from billing.cli.teaching import TeachingCommand
from billing.cli.typed import MONTH, PAST_DAY
from billing.districts.models import Enterprise
from billing.invoicing.runs import delivery, documents
from billing.invoicing.runs import service as runs
from billing.invoicing.runs.models import BillingRun, RunOutcome
from billing.invoicing.runs.results import Reason, reasons_of, told
from billing.kernel.clock import today
from billing.kernel.dates import Month
from billing.kernel.i18n import text
from billing.kernel.paging import PAGE_SIZE_MAX, PageRequest
from billing.kernel.reporting import to_xlsx
from billing.worker.runs import work_off

_FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed; None for what is left to the program."""

    period: Month
    since: Month | None
    day: date | None
    include_orders: bool


_DISTRICT = click.option(
    "--district",
    expose_value=False,
    callback=in_district,
    help="Number or KATO code of the rural district; needed where there are several.",
)


@click.command("run", cls=TeachingCommand)
@click.option("--period", type=MONTH, required=True, help="The month to bill: 2026-11.")
@_DISTRICT
@click.option("--enterprise", help="BIN of the enterprise; every one of the district by default.")
@click.option("--orders", "include_orders", is_flag=True, help="Bill completed work too.")
@click.option(
    "--since",
    type=MONTH,
    help="Catch up from this month; by default from the first one that was ever billed.",
)
@click.option("--on", "day", type=PAST_DAY, help="Date of the invoices; today by default.")
@click.option("--dry-run", is_flag=True, help="Only say what would be billed, and every refusal.")
@click.pass_obj
def run(
    office: Office,
    /,
    *,
    period: Month,
    enterprise: str | None,
    include_orders: bool,
    since: Month | None,
    day: date | None,
    dry_run: bool,
) -> None:
    """Bill what every contract charges for a month, each once, and months that were skipped.

    A run that was interrupted goes on where it was. What cannot be billed is parked with its reason, the
    others are billed; then the command exits with 1.

    Examples:
      auyl run --period 2026-11 --dry-run
      auyl run --period 2026-11 --orders
      auyl run --period 2026-11 --district 473639000
    """
    asked = Asked(period, since, day, include_orders)
    with office.work(read_only=True) as session:
        chosen = _enterprises(session, enterprise)
    parked = False
    for each in chosen:
        reasons = (_would_bill if dry_run else _bill)(office, each, asked)
        _say_reasons(office, reasons)
        parked = parked or bool(reasons)
    if parked:
        raise click.exceptions.Exit(EXIT_REFUSED)


def _enterprises(session: Session, bin_: str | None) -> list[Enterprise]:
    if bin_ is not None:
        return [enterprise_of(session, bin_)]
    return list(session.scalars(select(Enterprise).order_by(Enterprise.id))) or [enterprise_of(session, None)]


def _would_bill(office: Office, enterprise: Enterprise, asked: Asked) -> list[Reason]:
    with office.work(read_only=True) as session:
        terms = runs.agree(
            session,
            enterprise.id,
            asked.period,
            issued_on=asked.day or today(),
            since=asked.since,
            include_orders=asked.include_orders,
        )
        preview = runs.preview_run(session, terms)
        reasons = reasons_of(session, preview.refusals)
    office.say(
        "run_would_bill",
        enterprise=enterprise.name_ru,
        period=terms.period,
        since=terms.first_period,
        invoices=preview.invoices,
        total=preview.total,
        vat=preview.vat,
        **{outcome.value: count for outcome, count in preview.counts.items()},
    )
    return reasons


def _bill(office: Office, enterprise: Enterprise, asked: Asked) -> list[Reason]:
    done = _watched(office, _begin(office, enterprise, asked))
    office.say(
        "run_billed",
        enterprise=enterprise.name_ru,
        period=done.period,
        since=done.first_period,
        invoices=done.invoices,
        total=done.total,
        billed=done.billed,
        nothing_due=done.nothing_due,
        refused=done.refused,
    )
    return _refused(office, done)


def _begin(office: Office, enterprise: Enterprise, asked: Asked) -> BillingRun:
    with office.work() as session:
        interrupted = runs.find_interrupted(
            session,
            enterprise.id,
            asked.period,
            issued_on=asked.day,
            since=asked.since,
            include_orders=asked.include_orders,
        )
        if interrupted is not None:
            done, whole = interrupted.progress
            office.say("run_goes_on", done=done, subjects=whole)
            return interrupted
        return runs.start_run(
            session,
            enterprise.id,
            asked.period,
            issued_on=asked.day or today(),
            since=asked.since,
            include_orders=asked.include_orders,
        )


def _watched(office: Office, started: BillingRun) -> BillingRun:
    console = office.console
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(str(started.period), total=started.subjects, pace="")
        done = started
        for done in work_off(office.sessions, office.district_id, started.id):
            _show(office, progress, task, done)
    return done


def _show(office: Office, progress: Progress, task: TaskID, run: BillingRun) -> None:
    pace = run.pace
    said = ""
    if pace is not None:
        left = timedelta(seconds=pace.left // timedelta(seconds=1))
        said = office.text("run_pace", count=pace.per_minute, left=str(left))
    done, whole = run.progress
    progress.update(task, completed=done, total=whole, pace=said)


def _refused(office: Office, run: BillingRun) -> list[Reason]:
    reasons: list[Reason] = []
    request = PageRequest(limit=PAGE_SIZE_MAX)
    with office.work(read_only=True) as session:
        while True:
            page = runs.list_results(session, run.id, request, outcome=RunOutcome.REFUSED)
            reasons += [each.reason for each in told(session, page.items) if each.reason is not None]
            if page.next_cursor is None:
                return reasons
            request = PageRequest(page.next_cursor, PAGE_SIZE_MAX)


def _say_reasons(office: Office, reasons: list[Reason]) -> None:
    for each in reasons:
        sentence = text(f"refusal.{each.code}", office.language, **each.facts)
        office.warn(
            "run_parked", contract=each.contract_number, customer=each.account_number, reason=sentence
        )


@click.command("print", cls=TeachingCommand)
@click.option("--period", type=MONTH, required=True, help="The month whose last run is printed.")
@_DISTRICT
@click.option("--enterprise", help="BIN of the enterprise; the district's only one by default.")
@click.option("--two-up", is_flag=True, help="Two invoices on a sheet, to be cut into A5.")
@click.option("--mailed", is_flag=True, help="Those too that go by e-mail; they are in no delivery list.")
@click.option("--output", type=_FILE, help="The PDF; by default its own name here.")
@click.option("--delivery-list", type=_FILE, help="Write a spreadsheet to tick off too.")
@click.pass_obj
def print_run(
    office: Office,
    /,
    *,
    period: Month,
    enterprise: str | None,
    two_up: bool,
    mailed: bool,
    output: Path | None,
    delivery_list: Path | None,
) -> None:
    """Write the invoices of a month's last run into one file: village, street, house 2, 10, 10а.

    Invoices that go by e-mail are left out; those that came back are not.

    Examples:
      auyl print --period 2026-11
      auyl print --period 2026-11 --two-up --output a5.pdf --delivery-list list.xlsx
    """
    with office.work(read_only=True) as session:
        run = runs.last_run(session, enterprise_of(session, enterprise).id, period)
        content = documents.print_run(session, run.id, two_up=two_up, mailed=mailed)
        table = delivery.delivery_list(run, delivery.deliveries(session, run.id))
    path = output or Path(documents.file_name(run))
    path.write_bytes(content)
    office.say("written", file=str(path))
    if delivery_list is not None:
        delivery_list.write_bytes(to_xlsx(table, office.language))
        office.say("written", file=str(delivery_list))

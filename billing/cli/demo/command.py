"""``auyl demo``: makes the demo district, or says what stands in it."""

from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.access.models import Role
from billing.access.service import find_user
from billing.archive.models import ArchivedDocument, DocumentKind
from billing.archive.service import fetch
from billing.cli.demo import fees, foundation, people, work
from billing.cli.demo.scene import KATO, scene_on
from billing.cli.demo.steps import Step, run_steps
from billing.cli.demo.summary import summary_of
from billing.cli.demo.users import Secrets, users_to_make
from billing.cli.office import Office
from billing.cli.tables import show
from billing.cli.teaching import TeachingCommand
from billing.districts.models import District
from billing.kernel import migrations
from billing.kernel.clock import today
from billing.kernel.formats import format_money, format_number

SAMPLES = "demo-documents"  # under var/: one document of each kind under a name people understand


def story(told: Secrets) -> list[Step]:
    """All steps, each building on the ones before. The users come last: whoever finds them finds all."""
    return [
        Step("district", foundation.district_to_open, in_district=False),
        Step("enterprise", foundation.enterprise_to_register),
        Step("services", foundation.services_to_price),
        Step("customers", people.customers_to_take_on),
        Step("contracts", people.contracts_to_sign),
        Step("workers", people.workers_to_hire),
        Step("orders", work.orders_to_take_down),
        Step("acts", work.orders_to_complete),
        Step("invoices", fees.invoices_to_issue),
        Step("payments", fees.payments_to_record),
        Step("corrections", fees.corrections_to_make),
        Step("users", users_to_make(told)),
    ]


@click.command("demo", cls=TeachingCommand)
@click.pass_obj
def command(office: Office) -> None:
    """Make the demo district: Borankul with three months of work, in less than a minute.

    Everything is made through the program's own services: 66 customers and 56 orders from two lists,
    invoices as PDFs, payments of every kind, debtors, an advance, a credit note, a refund. At the end it
    prints what it made, the revenue table, and how to log in.

    The demo again keeps the data and prints the summary. Stopped in the middle and started again, it goes
    on where it was.

    Example:
      auyl demo && auyl serve
    """
    migrations.upgrade(office.engine)
    if _is_there(office):
        office.say("demo_kept")
        _tell_summary(office)
        office.say("demo_passwords_kept")
        return
    told = Secrets()
    office.district = KATO
    _make(office, told)
    _tell_summary(office)
    _tell_secrets(office, told)


def _is_there(office: Office) -> bool:
    """Whether the last step was taken, or somebody made users of his own in the demo's district."""
    with office.sessions.begin(None, read_only=True) as session:
        district_id = session.scalar(select(District.id).where(District.kato_code == KATO))
        if district_id is None:
            return False
        office.district = KATO
        return find_user(session, Role.ADMIN.value) is not None


def _make(office: Office, told: Secrets) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = office.console
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = None
        for state in run_steps(office, scene_on(today()), story(told)):
            name = office.text(f"demo_step_{state.step.code}")
            if not console.is_terminal:
                if state.done == 0:
                    click.echo(f"{name} …")
            elif state.done == 0 or task is None:
                task = progress.add_task(name, total=max(state.of, 1), completed=0 if state.of else 1)
            else:
                progress.update(task, completed=state.done)


def _tell_summary(office: Office) -> None:
    samples = office.settings.var / SAMPLES
    with office.work(read_only=True) as session:
        made = summary_of(session, scene_on(today()))
        _write_samples(session, samples)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for code, count in made.counts.items():
        table.add_row(office.text(f"demo_{code}"), format_number(count, office.language))
    for code, amount in made.sums.items():
        table.add_row(office.text(f"demo_{code}"), format_money(amount, office.language))
    office.console.print(table)
    for execution in made.revenue:
        show(office, execution)
    office.say("demo_documents", archive=str(office.settings.documents), samples=str(samples))


def _write_samples(session: Session, directory: Path) -> None:
    """The largest document of each kind under its own name: the archive names files by their hashes."""
    directory.mkdir(parents=True, exist_ok=True)
    for kind in DocumentKind:
        largest = session.scalars(
            select(ArchivedDocument)
            .where(ArchivedDocument.kind == kind)
            .order_by(ArchivedDocument.size_bytes.desc(), ArchivedDocument.id)
        ).first()
        if largest is not None:
            document, content = fetch(session, kind, largest.subject_id)
            (directory / document.file_name).write_bytes(content)


def _tell_secrets(office: Office, told: Secrets) -> None:
    office.say("demo_log_in", url=office.settings.public_url)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(office.text("user_login"))
    table.add_column(office.text("user_password"))
    for login, password in told.passwords.items():
        table.add_row(login, password)
    office.console.print(table)
    if told.token:
        office.say("demo_token", token=told.token, url=office.settings.public_url)
    if told.resident:
        account, digits = told.resident
        office.say("demo_resident", account=account, digits=digits, url=office.settings.public_url)

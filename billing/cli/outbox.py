"""``auyl outbox``: tells programs and people what happened, and finds out who was not reached."""

import time
from pathlib import Path

import click

from billing.cli.finding import enterprise_of
from billing.cli.office import Office
from billing.cli.tables import formatted, show
from billing.cli.teaching import TeachingGroup
from billing.cli.typed import MONTH
from billing.invoicing.runs import mailing
from billing.invoicing.runs.service import last_run
from billing.kernel.dates import Month
from billing.kernel.errors import RuleViolation
from billing.worker.bounces import read_bounces
from billing.worker.outbox import sender_of


@click.group("outbox", cls=TeachingGroup)
def group() -> None:
    """What others are told: webhooks and letters.

    Example:
      auyl outbox send
    """


class NoBounces(RuleViolation):
    """Nobody said in which folder letters arrive that came back, or it is not there. Facts: ``folder``."""

    code = "no_bounces"


@group.command("send")
@click.option("--every", type=click.IntRange(1, 3_600), help="Go on, looking again after so many seconds.")
@click.pass_obj
def send(office: Office, /, *, every: int | None) -> None:
    """Send every message that is due, in all districts, and try again what was not taken.

    Workers (`auyl serve`, `auyl worker`) do the same once a minute; any number may at once. Letters go to the
    mail server of AUYL_SMTP_URL, or into files under AUYL_VAR where it is not set.

    Examples:
      auyl outbox send
      auyl outbox send --every 10
    """
    sender = sender_of(office.settings, office.sessions)
    while True:
        sent, failed = sender.send_all()
        if every is None or sent or failed:
            office.say("outbox_sent", count=sent)
        if failed:
            office.warn("outbox_failed", count=failed)
        if every is None:
            return
        time.sleep(every)


@group.command("bounces")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="A maildir, or a folder of messages; AUYL_BOUNCES by default.",
)
@click.pass_obj
def bounces(office: Office, /, *, folder: Path | None) -> None:
    """Read what mail servers sent back, in all districts.

    The customer's mailbox gets no more letters, and his invoices are carried round, until somebody trusts it
    again on his card. Reports that were read are moved into the folder `returned` beside them; other mail
    stays where it is. Workers do the same once a minute where AUYL_BOUNCES is set.

    Examples:
      auyl outbox bounces
      auyl outbox bounces --folder Maildir
    """
    folder = folder or office.settings.bounces
    if folder is None or not folder.is_dir():
        raise NoBounces(folder=str(folder) if folder is not None else "AUYL_BOUNCES")
    found = read_bounces(office.sessions, folder)
    office.say("outbox_bounced", count=found.returned)
    if found.foreign:
        office.say("outbox_foreign", count=found.foreign)


@group.command("undelivered")
@click.option("--period", type=MONTH, required=True, help="The month whose last run is looked at.")
@click.option("--enterprise", help="BIN of the enterprise; the district's only one by default.")
@formatted
@click.pass_obj
def undelivered(
    office: Office, /, *, period: Month, enterprise: str | None, form: str, output: Path | None
) -> None:
    """How far a month's invoices have come by e-mail, and which ones could not be sent.

    Examples:
      auyl outbox undelivered --period 2026-11
      auyl outbox undelivered --period 2026-11 --format xlsx --output undelivered.xlsx
    """
    with office.work(read_only=True) as session:
        run = last_run(session, enterprise_of(session, enterprise).id, period)
        counts = mailing.count_ways(session, run.id)
        table = mailing.undelivered_list(session, run)
    office.warn("outbox_ways", **{way.value: count for way, count in counts.items()})
    show(office, table, form, output)

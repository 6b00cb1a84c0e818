"""``auyl outbox send``: tells programs and people what happened, now or again and again."""

import time

import click

from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.worker.outbox import sender_of


@click.group("outbox", cls=TeachingGroup)
def group() -> None:
    """What others are told: webhooks and letters.

    Example:
      auyl outbox send
    """


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

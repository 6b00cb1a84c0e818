"""``auyl outbox send``: tells programs and people what happened, now or again and again."""

import time

import click
from sqlalchemy import select

from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.config import load_secret_key
from billing.districts.models import District
from billing.worker.mail import mailer_for
from billing.worker.outbox import Sender


@click.group("outbox", cls=TeachingGroup)
def group() -> None:
    """What others are told: webhooks and letters."""


@group.command("send")
@click.option("--every", type=click.IntRange(1, 3_600), help="Go on, looking again after so many seconds.")
@click.pass_obj
def send(office: Office, /, *, every: int | None) -> None:
    """Send every message that is due, in all districts, and try again what was not taken.

    Any number of these may run at once. Letters go to the mail server of AUYL_SMTP_URL, or into files under
    AUYL_VAR where it is not set.

    Examples:
      auyl outbox send
      auyl outbox send --every 10
    """
    settings = office.settings
    sender = Sender(
        office.sessions,
        load_secret_key(settings),
        mailer_for(settings.smtp_url, settings.var / "mail"),
        settings.mail_from,
    )
    while True:
        sent = failed = 0
        for district_id in _districts(office):
            taken, refused = sender.send_due(district_id)
            sent, failed = sent + taken, failed + refused
        if every is None or sent or failed:
            office.say("outbox_sent", count=sent)
        if failed:
            office.warn("outbox_failed", count=failed)
        if every is None:
            return
        time.sleep(every)


def _districts(office: Office) -> list[int]:
    with office.sessions.begin(None, read_only=True) as session:
        return list(session.scalars(select(District.id).order_by(District.id)))

"""Sends what the outbox holds: messages to programs, letters to people; no transaction is open meanwhile."""

import smtplib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.archive.service import DocumentDamaged
from billing.config import Settings, load_secret_key
from billing.districts.models import District
from billing.kernel.clock import now
from billing.kernel.db import Sessions
from billing.outbox import service as outbox
from billing.outbox.deliveries import Told
from billing.outbox.models import Delivery, DeliveryState, OutboxEvent, Webhook
from billing.payments import notices as payments
from billing.reconciliation import notices as reconciliation
from billing.requests import notices as requests
from billing.worker.bounces import read_bounces
from billing.worker.mail import MailboxRefused, Mailer, mailer_for

TIMEOUT_SECONDS = 10  # a batch of them ends within the lease
SUCCESS = range(200, 300)
SENDING_MAX = timedelta(minutes=2)  # of one message, however slow the other side is


@dataclass(frozen=True)
class Sender:
    """Whoever sends.

    Attributes:
        key: the server's own, of which webhooks' secrets are derived.
        mail_from: whom letters are from.
    """

    sessions: Sessions
    key: str
    mailer: Mailer
    mail_from: str

    def send_all(self) -> tuple[int, int]:
        """Send everything that is due in all districts.

        Returns:
            How many messages were taken, and how many were not and will be tried again.
        """
        with self.sessions.begin(None, read_only=True) as session:
            districts = session.scalars(select(District.id).order_by(District.id)).all()
        outcomes = [self.send_due(district_id) for district_id in districts]
        return sum(sent for sent, _ in outcomes), sum(failed for _, failed in outcomes)

    def send_due(self, district_id: int) -> tuple[int, int]:
        """Send everything that is due in a district.

        Returns:
            How many messages were taken, and how many were not and will be tried again.
        """
        while self._dispatch(district_id):
            pass
        sent = failed = 0
        while claimed := self._claim(district_id):
            for each in claimed:
                # What others may claim soon is left to them: nobody is to get it twice.
                if now() > each.delivery.due_at - SENDING_MAX:
                    break
                outcome = self._send(district_id, each)
                sent += outcome is DeliveryState.SENT
                failed += outcome is DeliveryState.WAITING
        return sent, failed

    def _dispatch(self, district_id: int) -> int:
        with self.sessions.begin(district_id) as session:
            return outbox.dispatch(session, compose, now=now())

    def _claim(self, district_id: int) -> list[outbox.Claimed]:
        with self.sessions.begin(district_id) as session:
            return outbox.claim_due(session, now=now())

    def _send(self, district_id: int, claimed: outbox.Claimed) -> DeliveryState:
        """Send one message and note what became of it."""
        delivery_id = claimed.delivery.id
        try:
            error = self._error_of(claimed)
        except MailboxRefused as refused:
            with self.sessions.begin(district_id) as session:
                outbox.bounce(session, delivery_id, reason=str(refused), now=now())
            return DeliveryState.BOUNCED
        with self.sessions.begin(district_id) as session:
            outbox.settle(session, delivery_id, error=error, now=now())
        return DeliveryState.SENT if error is None else DeliveryState.WAITING

    def _error_of(self, claimed: outbox.Claimed) -> str | None:
        try:
            if claimed.webhook is None:
                if claimed.delivery.document_kind is not None and claimed.document is None:
                    return DocumentDamaged.code
                self._write_letter(claimed)
                return None
            status = self._call(claimed.delivery, claimed.webhook)
        except (OSError, HTTPException, smtplib.SMTPException) as error:
            return f"{type(error).__name__}: {error}"
        return None if status in SUCCESS else f"HTTP {status}"

    def _write_letter(self, claimed: outbox.Claimed) -> None:
        delivery, letter = claimed.delivery, EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = self.mail_from, delivery.mailbox, delivery.subject
        letter["Date"] = now()
        letter["Message-ID"] = f"<{delivery.id}@{self.mail_from.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"  # so that no robot answers it
        letter.set_content(delivery.body.decode())
        if claimed.document is not None:
            name, content = claimed.document
            letter.add_attachment(content, maintype="application", subtype="pdf", filename=name)
        self.mailer.send(letter, str(delivery.id))

    def _call(self, delivery: Delivery, webhook: Webhook) -> int:
        url, timestamp = urlsplit(webhook.url), int(now().timestamp())
        secret = outbox.secret_of(webhook, self.key)
        connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = connect(url.netloc, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(
                "POST",
                (url.path or "/") + (f"?{url.query}" if url.query else ""),
                body=delivery.body,
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "Auyl-Event-Id": str(delivery.event_id),
                    "Auyl-Timestamp": str(timestamp),
                    "Auyl-Signature": outbox.signature(secret, timestamp, delivery.body),
                },
            )
            return connection.getresponse().status  # what it says beside is nobody's business
        finally:
            connection.close()


def compose(session: Session, events: Sequence[OutboxEvent]) -> Mapping[UUID, Told]:
    """What events tell, by their ids: each slice says it of its own."""
    slices = (payments, requests, reconciliation)
    return {event_id: told for each in slices for event_id, told in each.compose(session, events).items()}


def errands_of(settings: Settings, sessions: Sessions) -> Callable[[], None]:
    """What a worker does for the outbox once a minute: sends what is due, and reads what came back."""
    sender = sender_of(settings, sessions)

    def run() -> None:
        sender.send_all()
        if settings.bounces is not None:
            read_bounces(sessions, settings.bounces)

    return run


def sender_of(settings: Settings, sessions: Sessions) -> Sender:
    """Whoever sends on this machine: letters to its mail server, or into files beside the database."""
    mailer = mailer_for(settings.smtp_url, settings.var / "mail")
    return Sender(sessions, load_secret_key(settings), mailer, settings.mail_from)

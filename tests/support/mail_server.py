"""A mail server on this machine, and the reports that mail servers send back."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller


@dataclass
class MailServer:
    """A server that takes letters.

    Attributes:
        answers: by mailbox, what it says to it instead of taking letters.
        data_answer: what it says to every letter; None for taking it.
        letters: what it took.
    """

    answers: dict[str, str] = field(default_factory=dict)
    data_answer: str | None = None
    letters: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """As a setting says it."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # noqa: N802
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.data_answer is not None:
            return self.data_answer
        self.letters.append(message_from_bytes(envelope.content, policy=default))
        return "250 2.0.0 OK"


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server that runs until the block is left."""
    server = MailServer()
    with socket.create_server(("127.0.0.1", 0)) as free:
        server.port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def report(
    message_id: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnosis: str = "smtp; 550 5.1.1 <turgyn@example.kz>: User unknown",
    whole: bool = True,
) -> bytes:
    """What a mail server says of a letter (RFC 3464), which it gives back whole or only its headers."""
    given_back = (
        "Content-Type: message/rfc822\n\n" if whole else "Content-Type: text/rfc822-headers\n\n"
    ) + f"From: auyl@example.kz\nTo: turgyn@example.kz\nMessage-ID: {message_id}\nSubject: x\n"
    return (
        "From: MAILER-DAEMON@mx.example.kz\nTo: auyl@example.kz\nSubject: Undelivered Mail\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        "--B\nContent-Type: text/plain; charset=us-ascii\n\nI'm sorry.\n\n"
        "--B\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.kz\nArrival-Date: Mon, 30 Nov 2026 09:00:00 +0500\n\n"
        f"Final-Recipient: rfc822; turgyn@example.kz\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: {diagnosis}\n\n"
        f"--B\n{given_back}\n--B--\n"
    ).encode()

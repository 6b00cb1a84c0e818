"""Where letters go: to a mail server, or, where none is set, into files that anybody can open."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

SMTP_PORTS = {"smtp": 587, "smtps": 465}
TIMEOUT_SECONDS = 20


class Mailer(Protocol):
    """Whoever takes letters."""

    def send(self, message: EmailMessage, name: str) -> None:
        """Take a letter.

        Args:
            name: unique to it; the same letter again has the same one.

        Raises:
            OSError, smtplib.SMTPException: it was not taken.
        """


@dataclass(frozen=True)
class FileMailer:
    """Puts letters into a directory, one file each."""

    directory: Path

    def send(self, message: EmailMessage, name: str) -> None:
        """Write the letter; the same one again replaces itself."""
        self.directory.mkdir(parents=True, exist_ok=True)
        whole = self.directory / f"{name}.eml"
        part = whole.with_suffix(".part")
        part.write_bytes(bytes(message))
        part.replace(whole)


@dataclass(frozen=True)
class SmtpMailer:
    """Hands letters to a mail server: ``smtp://user:password@host:587`` (STARTTLS), ``smtps://…``.

    ``smtp`` without a user talks to a server on the same machine, as it is.
    """

    url: str

    def send(self, message: EmailMessage, name: str) -> None:  # noqa: ARG002
        """Hand the letter over."""
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or SMTP_PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        with server:
            if parts.username:
                if parts.scheme == "smtp":
                    server.starttls(context=context)
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)


def mailer_for(smtp_url: str | None, directory: Path) -> Mailer:
    """A mail server where one is set; files otherwise."""
    return FileMailer(directory) if smtp_url is None else SmtpMailer(smtp_url)

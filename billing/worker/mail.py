"""Where letters go: to a mail server, or, where none is set, into files that anybody can open."""

import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

SMTP_PORTS = {"smtp": 587, "smtps": 465}
TIMEOUT_SECONDS = 20
_ENHANCED = re.compile(r"5\.(?P<subject>\d{1,3})\.\d{1,3}\b")
_ABOUT_MAILBOX = ("1", "2")  # 5.1.x addresses, 5.2.x mailboxes
_MAILBOX_CODES = (550, 551, 553)  # no such mailbox, not here, its name is not allowed


class MailboxRefused(Exception):
    """The other side's server says that the mailbox takes no letters. The text is in its words."""


class Mailer(Protocol):
    """Whoever takes letters."""

    def send(self, message: EmailMessage, name: str) -> None:
        """Take a letter.

        Args:
            name: unique to it; the same letter again has the same one.

        Raises:
            MailboxRefused: it never will be, because of the mailbox.
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
            try:
                server.send_message(message)
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
                code, words = _answer(error)
                of_letter = isinstance(error, smtplib.SMTPDataError)
                if concerns_mailbox(code, words, of_letter=of_letter):
                    raise MailboxRefused(f"{code} {words}") from error
                raise


def _answer(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError) -> tuple[int, str]:
    """The code and the words of a refusal; a letter has one addressee."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [(code, words)] = error.recipients.values()
        return code, words.decode("utf-8", "replace")
    words = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
    return error.smtp_code, words.decode("utf-8", "replace")


def concerns_mailbox(code: int, words: str, *, of_letter: bool = False) -> bool:
    """Whether a refusal is final and about the mailbox: not about our server, its rights, or the letter.

    Args:
        words: they begin with an enhanced status (RFC 3463), where the server gives one.
        of_letter: the addressee was taken, and the letter was not: without a status that is its content.
    """
    if enhanced := _ENHANCED.match(words):
        return enhanced["subject"] in _ABOUT_MAILBOX
    # Some say "550 relay not permitted" to a server they do not know: that would silence everybody.
    return not of_letter and code in _MAILBOX_CODES and "relay" not in words.lower()


def mailer_for(smtp_url: str | None, directory: Path) -> Mailer:
    """A mail server where one is set; files otherwise."""
    return FileMailer(directory) if smtp_url is None else SmtpMailer(smtp_url)

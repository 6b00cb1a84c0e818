"""Settings, all from the environment, with defaults that let one office PC start with none of them."""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

POSTGRESQL = "postgresql+psycopg://"
DATABASES = ("sqlite://", POSTGRESQL)
QUEUES = ("sqlite:///", "redis://", "rediss://", "postgresql://")
PORT_MAX = 65_535
PROXIES_MAX = 9
PROCESSES_MAX = 64
SECRET_KEY_BYTES = 32
MAIL_FROM = "auyl@localhost"
EPAY_OAUTH_URL = "https://epay-oauth.homebank.kz/oauth2/token"
EPAY_API_URL = "https://epay-api.homebank.kz"
EPAY_SCRIPT_URL = "https://epay.homebank.kz/payform/payment-api.js"


class WrongSetting(ValueError):
    """A variable of the environment cannot be used; the text names it and says how it is written."""


@dataclass(frozen=True, slots=True)
class EpayMerchant:
    """What the bank gave an enterprise with its acquiring agreement."""

    client_id: str
    client_secret: str = field(repr=False)
    terminal: str


@dataclass(frozen=True, slots=True)
class EpaySettings:
    """Where Halyk ePay is, and who has an agreement with it, by the enterprise's BIN."""

    merchants: Mapping[str, EpayMerchant] = field(default_factory=dict)
    oauth_url: str = EPAY_OAUTH_URL
    api_url: str = EPAY_API_URL
    script_url: str = EPAY_SCRIPT_URL


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between machines. Secrets come only from the environment or a file under ``var/``.

    Attributes:
        database_url: SQLite under ``var/`` by default, ``postgresql+psycopg://…`` in production.
        read_database_url: a streaming standby of it that reports are read from; None for none.
        var: the directory for everything the program writes (database, documents, secret key).
        documents: the directory of archived documents.
        queue_url: where background work queues: a SQLite file under ``var/`` by default.
        public_url: how people reach the server; stands in the payment links and QR codes of invoices.
        host: the address to listen on.
        port: the port to listen on.
        proxies: how many reverse proxies of ours stand in front of the server.
        smtp_url: the mail server letters are handed to; None for files under ``var/``.
        mail_from: whom letters are from; what cannot be delivered comes back there.
        bounces: the folder or maildir in which it arrives; None where nobody reads it.
        print_processes: how many processes print the invoices of a large run; one for each core by default.
        epay: whose residents pay by card on the bank's page.
        secret_key: signs cookies; None for one that is made once and kept under ``var/``.
    """

    database_url: str
    var: Path
    documents: Path
    queue_url: str
    public_url: str
    host: str
    port: int
    proxies: int = 0
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str = MAIL_FROM
    bounces: Path | None = None
    print_processes: int = 1
    epay: EpaySettings = field(default_factory=EpaySettings)
    secret_key: str | None = field(default=None, repr=False)
    read_database_url: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read ``AUYL_*`` variables; see the table in the README.

        Raises:
            WrongSetting: one of them cannot be used.
        """
        var = Path(environment.get("AUYL_VAR", "var")).absolute()
        port = _port(environment.get("AUYL_PORT", "8000"))
        database_url = environment.get("AUYL_DATABASE_URL", f"sqlite:///{var / 'auyl.db'}")
        if not database_url.startswith(DATABASES):
            raise WrongSetting(f"AUYL_DATABASE_URL must begin with {' or '.join(DATABASES)}")
        return cls(
            database_url=database_url,
            var=var,
            documents=Path(environment.get("AUYL_DOCUMENTS", str(var / "documents"))),
            queue_url=_queue(environment.get("AUYL_QUEUE_URL", f"sqlite:///{var / 'queue.db'}")),
            public_url=environment.get("AUYL_PUBLIC_URL", f"http://127.0.0.1:{port}").rstrip("/"),
            host=environment.get("AUYL_HOST", "127.0.0.1"),
            port=port,
            proxies=_proxies(environment.get("AUYL_PROXIES", "0")),
            smtp_url=_smtp_url(environment.get("AUYL_SMTP_URL")),
            mail_from=environment.get("AUYL_MAIL_FROM", MAIL_FROM),
            bounces=Path(folder) if (folder := environment.get("AUYL_BOUNCES")) else None,
            print_processes=_processes(environment.get("AUYL_PRINT_PROCESSES") or str(_cores())),
            epay=EpaySettings(
                merchants=_merchants(environment.get("AUYL_EPAY_MERCHANTS") or "{}"),
                oauth_url=_web_address("AUYL_EPAY_OAUTH_URL", environment, EPAY_OAUTH_URL),
                api_url=_web_address("AUYL_EPAY_API_URL", environment, EPAY_API_URL),
                script_url=_web_address("AUYL_EPAY_SCRIPT_URL", environment, EPAY_SCRIPT_URL),
            ),
            secret_key=environment.get("AUYL_SECRET_KEY") or None,
            read_database_url=_standby(environment.get("AUYL_READ_DATABASE_URL"), database_url),
        )


def _standby(url: str | None, database_url: str) -> str | None:
    if url and not (url.startswith(POSTGRESQL) and database_url.startswith(POSTGRESQL)):
        raise WrongSetting(f"AUYL_READ_DATABASE_URL and AUYL_DATABASE_URL must both begin with {POSTGRESQL}")
    return url or None


def _queue(url: str) -> str:
    if not url.startswith(QUEUES):
        raise WrongSetting(f"AUYL_QUEUE_URL must begin with {' or '.join(QUEUES)}")
    return url


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= PORT_MAX):
        raise WrongSetting(f"AUYL_PORT must be a whole number from 1 to {PORT_MAX}, not {text!r}")
    return int(text)


def _smtp_url(text: str | None) -> str | None:
    if text and not text.startswith(("smtp://", "smtps://")):
        raise WrongSetting("AUYL_SMTP_URL must begin with smtp:// or smtps://")
    return text or None


def _merchants(text: str) -> dict[str, EpayMerchant]:
    try:
        return {
            str(enterprise): EpayMerchant(**{name: str(value) for name, value in facts.items()})
            for enterprise, facts in json.loads(text).items()
        }
    except (ValueError, TypeError, AttributeError):
        # Not the text itself, nor the error's: there are secrets in it.
        raise WrongSetting(
            "AUYL_EPAY_MERCHANTS must be written as"
            ' {"BIN": {"client_id": "…", "client_secret": "…", "terminal": "…"}}'
        ) from None


def _web_address(name: str, environment: Mapping[str, str], default: str) -> str:
    url = environment.get(name) or default
    if not url.startswith(("https://", "http://")):
        raise WrongSetting(f"{name} must begin with https://")
    return url.rstrip("/")


def _proxies(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= PROXIES_MAX):
        raise WrongSetting(f"AUYL_PROXIES must be a whole number from 0 to {PROXIES_MAX}, not {text!r}")
    return int(text)


def _processes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= PROCESSES_MAX):
        raise WrongSetting(
            f"AUYL_PRINT_PROCESSES must be a whole number from 1 to {PROCESSES_MAX}, not {text!r}"
        )
    return int(text)


def _cores() -> int:
    """The cores that this process may use, where the system tells; else the machine's."""
    allowed = getattr(os, "sched_getaffinity", None)
    return min((len(allowed(0)) if allowed else os.cpu_count()) or 1, PROCESSES_MAX)


def load_secret_key(settings: Settings) -> str:
    """The key that signs cookies: from the settings, or one made once and kept under ``var/``."""
    if settings.secret_key is not None:
        return settings.secret_key
    path = settings.var / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_secret_key(path)
    return path.read_text(encoding="ascii").strip()


def _make_secret_key(path: Path) -> None:
    # Linked when it is whole: two processes that start at once must neither read half nor sign with two keys.
    own = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(SECRET_KEY_BYTES))
    try:
        with suppress(FileExistsError):
            os.link(own, path)
    finally:
        own.unlink()

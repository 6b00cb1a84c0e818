"""Programs that are told of events: where they listen, and the secret that signs what they get.

The secret is derived from the server's own key and the webhook's id, so the database holds none.
"""

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.kernel.db import district_of
from billing.kernel.errors import InvalidInput
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import check_version, get_row
from billing.outbox.models import EventKind, Webhook

URL_LENGTH_MAX = 500
SORTS: Sorts = {"id": [Webhook.id]}


class InvalidWebhook(InvalidInput):
    """Not an address a message can be sent to: ``https://…``, or ``http://…``. Facts: ``field``."""

    code = "invalid_webhook"


def add_webhook(session: Session, *, url: str, kinds: Sequence[EventKind] = ()) -> Webhook:
    """Tell a program of events from now on.

    Args:
        kinds: of which; none: of all.

    Raises:
        InvalidWebhook: the address cannot be used.
    """
    webhook = Webhook(district_id=district_of(session), url=_checked(url), kinds=_stored(kinds))
    session.add(webhook)
    session.flush()
    return webhook


def edit_webhook(
    session: Session, webhook_id: UUID, *, version: int | None, url: str, kinds: Sequence[EventKind]
) -> Webhook:
    """Change where a program listens, and to what. What waits already goes to the new address.

    Raises:
        NotFound, StaleVersion: no such webhook, or somebody edited it meanwhile.
        InvalidWebhook: the address cannot be used.
    """
    webhook = _editable(session, webhook_id, version)
    webhook.url, webhook.kinds = _checked(url), _stored(kinds)
    session.flush()
    return webhook


def close_webhook(session: Session, webhook_id: UUID, *, version: int | None = None) -> Webhook:
    """Tell a program nothing more.

    Raises:
        NotFound, StaleVersion: no such webhook, or somebody edited it meanwhile.
    """
    webhook = _editable(session, webhook_id, version)
    webhook.is_active = False
    session.flush()
    return webhook


def renew_secret(session: Session, webhook_id: UUID, *, version: int | None = None) -> Webhook:
    """Sign with another secret from now on.

    Raises:
        NotFound, StaleVersion: no such webhook, or somebody edited it meanwhile.
    """
    webhook = _editable(session, webhook_id, version)
    webhook.secret_generation += 1
    session.flush()
    return webhook


def secret_of(webhook: Webhook, key: str) -> str:
    """What a webhook's messages are signed with.

    Args:
        key: the server's own; whoever has it can sign for every webhook.
    """
    told = f"webhook:{webhook.district_id}:{webhook.id}:{webhook.secret_generation}"
    return hmac.new(key.encode(), told.encode(), hashlib.sha256).hexdigest()


def get_webhook(session: Session, webhook_id: UUID) -> Webhook:
    """The webhook with this id.

    Raises:
        NotFound: the district has none such.
    """
    return get_row(session, Webhook, webhook_id, kind="webhook")


def list_webhooks(session: Session, page: PageRequest = FIRST_PAGE) -> Page[Webhook]:
    """The district's webhooks, in the order of their making.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    return page_of(session, select(Webhook), SORTS, page)


def _editable(session: Session, webhook_id: UUID, version: int | None) -> Webhook:
    webhook = get_row(session, Webhook, webhook_id, kind="webhook", lock=True)
    check_version(webhook, version, kind="webhook")
    return webhook


def _stored(kinds: Sequence[EventKind]) -> list[str]:
    return sorted({kind.value for kind in kinds})


def _checked(url: str) -> str:
    url = url.strip()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
        # Read for its own check: 0 to 65,535.
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url or len(url) > URL_LENGTH_MAX:
        raise InvalidWebhook(field="url")
    return url

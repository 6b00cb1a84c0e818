"""Events are written with what they tell of; messages are made of them, sent, and tried again.

At least once: whoever is killed between sending and saying so sends again when the lease is over. Every
message carries the event's id, so that the other side can drop what it knows.
"""

from billing.outbox.bounces import bounce, bouncing, trust
from billing.outbox.deliveries import (
    LEASE,
    Claimed,
    Letter,
    claim_due,
    dispatch,
    list_deliveries,
    settle,
    signature,
)
from billing.outbox.delivery_reports import ReturnedLetter, read_report
from billing.outbox.events import announce
from billing.outbox.webhooks import (
    InvalidWebhook,
    add_webhook,
    close_webhook,
    edit_webhook,
    get_webhook,
    list_webhooks,
    renew_secret,
    secret_of,
)

__all__ = [
    "LEASE",
    "Claimed",
    "InvalidWebhook",
    "Letter",
    "ReturnedLetter",
    "add_webhook",
    "announce",
    "bounce",
    "bouncing",
    "claim_due",
    "close_webhook",
    "dispatch",
    "edit_webhook",
    "get_webhook",
    "list_deliveries",
    "list_webhooks",
    "read_report",
    "renew_secret",
    "secret_of",
    "settle",
    "signature",
    "trust",
]

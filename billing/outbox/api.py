"""Webhooks on the wire: programs that are told of events, and what was sent to them."""

from typing import Any
from uuid import UUID

from flask import current_app

from billing.access.models import Role
from billing.kernel.paging import Page
from billing.outbox import service
from billing.outbox.models import Delivery, DeliveryState, EventKind, Webhook
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    BooleanField,
    EnumField,
    IdField,
    InstantField,
    ListField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session

blp = Blueprint("webhooks", __name__, url_prefix="/api/v1/webhooks", description="Who is told of events.")


class WebhookIn(Schema):
    """Where a program listens, and to what."""

    url = TextField(500, required=True, metadata={"examples": ["https://example.kz/auyl"]})
    kinds = ListField(
        EnumField(EventKind), load_default=(), metadata={"description": "of which events; none: of all"}
    )


class WebhookOut(Schema):
    """A program that is told of events."""

    id = IdField(required=True)
    url = TextField(500, required=True)
    kinds = ListField(EnumField(EventKind), required=True)
    is_active = BooleanField(required=True)
    version = StrictInteger(minimum=1, required=True)


class SecretOut(Schema):
    """What a webhook's messages are signed with: `Auyl-Signature` is HMAC-SHA256 of `timestamp.body`."""

    id = IdField(required=True)
    secret = TextField(64, required=True)
    version = StrictInteger(minimum=1, required=True)


class DeliveryOut(Schema):
    """One message, and what became of it."""

    id = IdField(required=True)
    event_id = IdField(required=True)
    state = EnumField(DeliveryState, required=True)
    attempts = StrictInteger(required=True)
    due_at = InstantField(required=True)
    last_error = TextField(200, required=True, allow_none=True)
    sent_at = InstantField(required=True, allow_none=True)


class WebhookArgs(ListArgs):
    """Which webhooks."""

    sort = SortField("id")


class DeliveryArgs(ListArgs):
    """Which messages."""

    sort = SortField("id")
    state = EnumField(DeliveryState)


@blp.get("/")
@requires(Role.ADMIN)
@blp.arguments(WebhookArgs, location="query")
@blp.response(200, page_schema(WebhookOut))
def list_webhooks(args: dict[str, Any]) -> Page[Webhook]:
    """Programs that are told of events."""
    return service.list_webhooks(current_session(), args.pop("page"))


@blp.post("/")
@requires(Role.ADMIN)
@blp.arguments(WebhookIn)
@blp.response(201, WebhookOut)
@versioned
def add_webhook(body: dict[str, Any]) -> Webhook:
    """Tell a program of events from now on."""
    return service.add_webhook(current_session(), **body)


@blp.get("/<uuid:webhook_id>")
@requires(Role.ADMIN)
@blp.response(200, WebhookOut)
@versioned
def show_webhook(webhook_id: UUID) -> Webhook:
    """One webhook."""
    return service.get_webhook(current_session(), webhook_id)


@blp.put("/<uuid:webhook_id>")
@requires(Role.ADMIN)
@blp.arguments(WebhookIn)
@blp.response(200, WebhookOut)
@versioned
def edit_webhook(body: dict[str, Any], webhook_id: UUID, version: int) -> Webhook:
    """Change where a program listens, and to what."""
    return service.edit_webhook(current_session(), webhook_id, version=version, **body)


@blp.put("/<uuid:webhook_id>/secret")
@requires(Role.ADMIN)
@blp.response(200, SecretOut)
@versioned
def renew_secret(webhook_id: UUID, version: int) -> dict[str, Any]:
    """Sign with another secret from now on. It is shown this once."""
    webhook = service.renew_secret(current_session(), webhook_id, version=version)
    secret = service.secret_of(webhook, str(current_app.secret_key))
    return {"id": webhook.id, "secret": secret, "version": webhook.version}


@blp.post("/<uuid:webhook_id>/close")
@requires(Role.ADMIN)
@blp.response(200, WebhookOut)
@versioned
def close_webhook(webhook_id: UUID) -> Webhook:
    """Tell a program nothing more."""
    return service.close_webhook(current_session(), webhook_id)


@blp.get("/<uuid:webhook_id>/deliveries")
@requires(Role.ADMIN)
@blp.arguments(DeliveryArgs, location="query")
@blp.response(200, page_schema(DeliveryOut))
def list_deliveries(args: dict[str, Any], webhook_id: UUID) -> Page[Delivery]:
    """What was sent to a program, and what waits."""
    webhook = service.get_webhook(current_session(), webhook_id)
    return service.list_deliveries(current_session(), args.pop("page"), webhook_id=webhook.id, **args)

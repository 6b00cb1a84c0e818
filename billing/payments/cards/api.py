"""Card payments on the wire, for whoever looks after them: residents make them on a page."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.kernel.clock import now
from billing.kernel.paging import Page
from billing.payments.cards import service
from billing.payments.cards.models import CardPayment, CardPaymentState
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import AmountField, EnumField, IdField, InstantField, Schema, TextField
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session

KEEPERS = (Role.ACCOUNTANT, Role.ADMIN)

blp = Blueprint(
    "card_payments",
    __name__,
    url_prefix="/api/v1/card-payments",
    description="What residents pay by card on the bank's page.",
)


class CardPaymentOut(Schema):
    """One order at the bank."""

    id = IdField(required=True)
    provider_id = IdField(required=True)
    invoice_id = IdField(required=True)
    customer_id = IdField(required=True)
    order_number = TextField(15, required=True, metadata={"description": "the bank's `invoiceID`"})
    amount = AmountField(required=True, metadata={"description": "asked for"})
    state = EnumField(CardPaymentState, required=True)
    made_at = InstantField(required=True)
    expires_at = InstantField(required=True)
    next_look_at = InstantField(
        required=True, allow_none=True, metadata={"description": "when the bank is asked next"}
    )
    told_amount = AmountField(
        required=True, allow_none=True, metadata={"description": "what the bank took, where that differs"}
    )
    reference = TextField(
        60, required=True, allow_none=True, metadata={"description": "the bank's own name of it"}
    )
    reason = TextField(200, required=True, allow_none=True, metadata={"description": "the bank's words"})
    payment_id = IdField(required=True, allow_none=True)


class CardPaymentArgs(ListArgs):
    """Which card payments."""

    sort = SortField("made_at")
    invoice_id = IdField()
    state = EnumField(CardPaymentState)
    order_number = TextField(15, pattern="[0-9]+")


@blp.get("/")
@requires(*KEEPERS)
@blp.arguments(CardPaymentArgs, location="query")
@blp.response(200, page_schema(CardPaymentOut))
def list_card_payments(args: dict[str, Any]) -> Page[CardPayment]:
    """Card payments, the last made first."""
    return service.list_card_payments(current_session(), args.pop("page"), **args)


@blp.get("/<uuid:card_payment_id>")
@requires(*KEEPERS)
@blp.response(200, CardPaymentOut)
def show_card_payment(card_payment_id: UUID) -> CardPayment:
    """One card payment."""
    return service.get_card_payment(current_session(), card_payment_id)


@blp.post("/<uuid:card_payment_id>/ask")
@requires(*KEEPERS)
@blp.response(200, CardPaymentOut)
def ask_again(card_payment_id: UUID) -> CardPayment:
    """Let the bank be asked at the next round, within a minute: it may have given money back."""
    return service.ask_again(current_session(), card_payment_id, now=now())

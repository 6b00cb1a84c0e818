"""Where a bank tells what became of a card payment: ``POST /cards/<id>/notice``, outside of the API.

Whoever knows the order's secret is the bank. It is answered once what it tells is committed; anything else
makes it tell again, or leaves the question to us.
"""

import hmac
import logging
from uuid import UUID

from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import RequestEntityTooLarge

from billing.districts.models import District
from billing.kernel.clock import now
from billing.kernel.db import ALL_DISTRICTS, is_repeatable
from billing.payments.cards import service
from billing.payments.cards.gateway import CardGateway, MalformedNotice, Notice
from billing.payments.cards.models import CardPayment
from billing.web.transaction import ATTEMPTS_MAX, sessions_of

blp = Blueprint("card_notices", __name__)

BODY_BYTES_MAX = 20_000
GATEWAY = "card_gateway"  # in the application's extensions
_logger = logging.getLogger(__name__)


def gateway() -> CardGateway:
    """The bank that this server's residents pay with."""
    found: CardGateway = current_app.extensions[GATEWAY]
    return found


def find_card_payment(card_payment_id: UUID) -> CardPayment | None:
    """The card payment with this id."""
    # Nobody said which district: it is looked up over all of them by their keys.
    with sessions_of(current_app).begin(ALL_DISTRICTS, read_only=True) as session:
        districts = select(District.id)
        return session.scalar(
            select(CardPayment).where(
                CardPayment.district_id.in_(districts), CardPayment.id == card_payment_id
            )
        )


@blp.post("/cards/<uuid:card_payment_id>/notice")
def hear_notice(card_payment_id: UUID) -> Response:
    """Hear a bank."""
    notice = _read()
    card = find_card_payment(card_payment_id)
    if card is None:
        abort(404)
    secret = service.secret_of(card, str(current_app.secret_key))
    if notice.order_number != card.order_number or not hmac.compare_digest(
        notice.secret.encode(), secret.encode()
    ):
        _logger.warning("order %s: a notice that is not the bank's", card.order_number)
        abort(403)
    _heard(card, notice)
    return Response(status=200)


def _read() -> Notice:
    request.max_content_length = BODY_BYTES_MAX
    try:
        return gateway().read_notice(request.get_data(cache=False))
    except RequestEntityTooLarge:
        abort(413)
    except MalformedNotice as malformed:
        _logger.warning("a notice that is none: %s", malformed.facts)
        abort(400)


def _heard(card: CardPayment, notice: Notice) -> None:
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with sessions_of(current_app).begin(card.district_id) as session:
                service.hear(session, card.id, notice.report, now=now())
        except OperationalError as error:
            if not is_repeatable(error) or attempt == ATTEMPTS_MAX:
                raise
        else:
            return

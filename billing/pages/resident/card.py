"""Paying by card: on to the bank's page, and back to what became of it. No card's number comes here.

An order is committed before the bank hears of it, and no transaction is open while the bank is asked.
"""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, current_app, make_response, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from billing.customers.service import get_customer
from billing.districts.service import get_enterprise
from billing.invoicing.documents import number_text
from billing.invoicing.models import Invoice
from billing.kernel.clock import now
from billing.kernel.db import ALL_DISTRICTS
from billing.kernel.errors import NotFound
from billing.kernel.i18n import text
from billing.pages.resident.visiting import NOT_FOUND, find_district, guarded, visiting
from billing.payments.cards import service
from billing.payments.cards.gateway import GatewayUnavailable, Order
from billing.payments.cards.models import CardPayment
from billing.payments.cards.notice_api import gateway
from billing.payments.models import PaymentReversal
from billing.web.access import public
from billing.web.errors import TooManyRequests
from billing.web.language import reader_language
from billing.web.security import allow_scripts_of, count_miss, within_limit
from billing.web.transaction import current_session, sessions_of

blp = Blueprint("resident_card", __name__, url_prefix="/cards")

UNAVAILABLE = 503
ATTEMPTS_PER_MINUTE_MAX = 10  # of one invoice: each is a call to the bank


@blp.post("/new/<uuid:invoice_id>")
def pay(invoice_id: UUID) -> Response:
    """Make an order of an invoice's open sum, or take the pending one, and lead to the bank's page."""
    district_id = _district_of(invoice_id)
    if not within_limit(ATTEMPTS_PER_MINUTE_MAX, "card", invoice_id):
        raise TooManyRequests
    with sessions_of(current_app).begin(district_id) as session:
        card = service.begin(session, invoice_id, now=now())
        order, facts = _order(session, card), _facts(session, card)
    try:
        hand_over = gateway().hand_over(order)
    except GatewayUnavailable:
        silent = render_template("resident/card.html", **{**facts, "silent": True})
        return guarded(make_response(silent, UNAVAILABLE))
    content = render_template("resident/card_hand_over.html", card=card, hand_over=hand_over)
    answer = guarded(make_response(content))
    parts = urlsplit(hand_over.script)
    allow_scripts_of(answer, f"{parts.scheme}://{parts.netloc}")
    return answer


@blp.get("/<uuid:card_payment_id>")
@public()
def page(card_payment_id: UUID) -> Response:
    """What became of a card payment: the bank leads back to here."""
    session = current_session()
    district_id = find_district(session, card_payment_id, CardPayment)
    if district_id is None:
        count_miss()
        return guarded(make_response(render_template("resident/unknown.html"), NOT_FOUND))
    with visiting(session, district_id):
        facts = _facts(session, service.get_card_payment(session, card_payment_id))
        return guarded(make_response(render_template("resident/card.html", **facts)))


def _district_of(invoice_id: UUID) -> int:
    with sessions_of(current_app).begin(ALL_DISTRICTS, read_only=True) as session:
        district_id = find_district(session, invoice_id, Invoice)
    if district_id is None:
        count_miss()
        raise NotFound(kind="invoice", id=invoice_id)
    return district_id


def _order(session: Session, card: CardPayment) -> Order:
    invoice = session.get_one(Invoice, (card.district_id, card.invoice_id))
    language = reader_language()
    public_url = current_app.extensions["settings"].public_url
    return Order(
        merchant=get_enterprise(session, invoice.enterprise_id).bin,
        number=card.order_number,
        amount=card.amount,
        secret=service.secret_of(card, str(current_app.secret_key)),
        back_link=public_url + url_for("resident_card.page", card_payment_id=card.id),
        notice_link=public_url + url_for("card_notices.hear_notice", card_payment_id=card.id),
        account=get_customer(session, card.customer_id).account_number,
        description=text("page.invoice_no", language, number=number_text(invoice.number)),
        language=language,
    )


def _facts(session: Session, card: CardPayment) -> dict[str, Any]:
    return {
        "card": card,
        "invoice": session.get_one(Invoice, (card.district_id, card.invoice_id)),
        "reversal": card.payment_id and session.get(PaymentReversal, (card.district_id, card.payment_id)),
        "silent": False,
    }

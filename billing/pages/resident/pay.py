"""The page behind an invoice's QR code: what is still to be paid, and where to.

Anybody who holds the paper may open it, so it says nothing that the paper's finder should not learn: no name,
no IIN, no address.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from billing.invoicing.models import Invoice
from billing.invoicing.standing import Standing, standing_of
from billing.kernel.clock import today
from billing.pages.resident.trail import revenue_of
from billing.pages.resident.visiting import NOT_FOUND, find_district, guarded, visiting
from billing.payments.cards.notice_api import gateway
from billing.payments.providers.service import find_acquirer, list_providers, pay_link_of
from billing.web.access import public
from billing.web.security import count_miss
from billing.web.transaction import current_session

blp = Blueprint("resident_pay", __name__)


@blp.get("/pay/<uuid:invoice_id>")
@public()
def page(invoice_id: UUID) -> Response:
    """What is to be paid for an invoice, and how."""
    session = current_session()
    district_id = find_district(session, invoice_id, Invoice)
    if district_id is None:
        count_miss()
        return guarded(make_response(render_template("resident/unknown.html"), NOT_FOUND))
    with visiting(session, district_id):
        standing = standing_of(session, invoice_id, today=today())
        facts = _facts(standing) | _ways(session, standing)
        return guarded(make_response(render_template("resident/pay.html", **facts)))


def _ways(session: Session, standing: Standing) -> dict[str, Any]:
    """Where it can be paid at once, and where what was paid went."""
    invoice, open_amount = standing.invoice, standing.open_amount
    account = invoice.facts["account"]["number"]
    providers = list_providers(session, enterprise_id=invoice.enterprise_id, is_open=True).items
    links = [(provider, pay_link_of(provider, account, open_amount)) for provider in providers]
    return {
        "links": [(provider, link) for provider, link in links if link is not None and open_amount],
        "by_card": _takes_cards(session, standing),
        "revenue": revenue_of(session, invoice.id),
    }


def _takes_cards(session: Session, standing: Standing) -> bool:
    invoice = standing.invoice
    provider = find_acquirer(session, invoice.enterprise_id)
    if provider is None or not gateway().serves(invoice.facts["supplier"]["bin"]):
        return False
    return provider.sum_min <= standing.open_amount <= provider.sum_max


def _facts(standing: Standing) -> dict[str, Any]:
    facts = standing.invoice.facts
    supplier = facts["supplier"]
    return {
        "standing": standing,
        "invoice": standing.invoice,
        "account_number": facts["account"]["number"],
        "supplier": {"kk": supplier["name_kk"], "ru": supplier["name_ru"]},
        "bin": supplier["bin"],
        "phone": supplier["phone"],
        "bank": facts["bank"],
        "knp": facts["knp"],
    }

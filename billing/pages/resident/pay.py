"""The page behind an invoice's QR code: what is still to be paid, and where to.

Anybody who holds the paper may open it, so it says nothing that the paper's finder should not learn: no name,
no IIN, no address.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, render_template
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from billing.districts.models import District
from billing.invoicing.models import Invoice
from billing.invoicing.standing import Standing, standing_of
from billing.kernel.clock import today
from billing.kernel.db import ALL_DISTRICTS, scope
from billing.pages.resident.trail import revenue_of
from billing.payments.providers.service import list_providers, pay_link_of
from billing.web.access import public
from billing.web.transaction import current_session

blp = Blueprint("resident_pay", __name__)

NOT_FOUND = 404


@blp.get("/pay/<uuid:invoice_id>")
@public()
def page(invoice_id: UUID) -> Response:
    """What is to be paid for an invoice, and how."""
    session = current_session()
    before = session.info.get("district_id")
    standing = _standing(session, invoice_id)
    if standing is None:
        answer = make_response(render_template("resident/unknown.html"), NOT_FOUND)
    else:
        facts = _facts(standing) | _ways(session, standing)
        answer = make_response(render_template("resident/pay.html", **facts))
    if before is not None:
        scope(session, before)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _standing(session: Session, invoice_id: UUID) -> Standing | None:
    # Nobody said which district: it is looked up over all of them by their keys, then worked in alone.
    scope(session, ALL_DISTRICTS)
    district_id = session.scalar(
        select(Invoice.district_id).where(
            Invoice.district_id.in_(select(District.id)), Invoice.id == invoice_id
        )
    )
    if district_id is None:
        return None
    scope(session, district_id)
    return standing_of(session, invoice_id, today=today())


def _ways(session: Session, standing: Standing) -> dict[str, Any]:
    """Where it can be paid at once, and where what was paid went."""
    invoice, open_amount = standing.invoice, standing.open_amount
    account = invoice.facts["account"]["number"]
    providers = list_providers(session, enterprise_id=invoice.enterprise_id, is_open=True).items
    links = [(provider, pay_link_of(provider, account, open_amount)) for provider in providers]
    return {
        "links": [(provider, link) for provider, link in links if link is not None and open_amount],
        "revenue": revenue_of(session, invoice.id),
    }


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

"""A resident's first page after log-in: his account, his latest invoices and payments."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from billing.invoicing.standing import list_invoices
from billing.kernel.clock import today
from billing.kernel.money import total
from billing.kernel.paging import PageRequest
from billing.pages import desk
from billing.pages.resident.identity import resident, residents_only
from billing.payments.service import list_payments
from billing.receivables.service import debt_of
from billing.web.transaction import current_session

SHOWN = PageRequest(limit=12)  # a year of monthly invoices

blp = Blueprint("resident_home", __name__, url_prefix="/my")


@blp.get("/")
@residents_only()
def page() -> ResponseReturnValue:
    """The resident's account at a glance."""
    session, known = current_session(), resident()
    return render_template(
        "resident/home.html",
        customer=known.customer,
        debt=total(debt_of(session, each.id, known.id) for each in desk.enterprises()),
        invoices=list_invoices(session, SHOWN, today=today(), customer_id=known.id).items,
        payments=list_payments(session, SHOWN, customer_id=known.id).items,
    )

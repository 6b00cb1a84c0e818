"""The page behind the link in an invoice's QR code: the account of whoever the invoice was written for.

No log-in stands before it, so it names nobody whole, and its link can be revoked at any time.
"""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, make_response, render_template, url_for
from werkzeug.wrappers import Response

from billing.customers.account_links import AccountToken, customer_linked, read_token
from billing.customers.models import Customer
from billing.customers.refusals import AccountLinkRevoked
from billing.kernel.clock import today
from billing.kernel.errors import NotFound
from billing.pages import desk
from billing.pages.resident.account import account_facts, paper_answer
from billing.pages.resident.visiting import GONE, NOT_FOUND, guarded, visiting
from billing.payments.papers import PaperKind
from billing.web.access import public
from billing.web.errors import TooManyRequests
from billing.web.security import count_miss, within_limit
from billing.web.transaction import current_session

VISITS_PER_MINUTE_MAX = 60  # of one account, from wherever: a link that a program reads is no resident's

blp = Blueprint("resident_account", __name__, url_prefix="/a")


@blp.get("/<token>")
@public()
def page(token: str) -> Response:
    """The account: debt, invoices, payments and where they went, how to pay."""

    def address(kind: PaperKind, paper_id: UUID) -> str:
        return url_for("resident_account.paper", token=token, kind=kind.value, paper_id=paper_id)

    def shown(customer: Customer) -> Response:
        facts = account_facts(current_session(), customer, day=today(), paper=address)
        return make_response(render_template("resident/account.html", **facts))

    return _opened(token, shown)


@blp.get(f"/<token>/<any({', '.join(PaperKind)}):kind>/<uuid:paper_id>.pdf")
@public()
def paper(token: str, kind: str, paper_id: UUID) -> Response:
    """An invoice, credit note or receipt of the account."""
    return _opened(
        token, lambda customer: paper_answer(current_session(), customer, PaperKind(kind), paper_id)
    )


def _opened(text: str, view: Callable[[Customer], Response]) -> Response:
    """What a link leads to; or a page that says why it leads nowhere, and what to do."""
    session = current_session()
    token = read_token(session, text)
    if token is None:
        count_miss()
        return _closed("unknown", NOT_FOUND)
    _count_visit(token)
    with visiting(session, token.district_id):
        try:
            customer = customer_linked(session, token)
        except NotFound:
            return _closed("unknown", NOT_FOUND)
        except AccountLinkRevoked:
            return _closed("revoked", GONE)
        return guarded(view(customer))


def _count_visit(token: AccountToken) -> None:
    if not within_limit(VISITS_PER_MINUTE_MAX, "account", token.district_id, token.account_number):
        raise TooManyRequests


def _closed(why: str, status: int) -> Response:
    enterprises = desk.enterprises() if status == GONE else []
    return guarded(
        make_response(render_template("resident/link_closed.html", why=why, enterprises=enterprises), status)
    )

"""Links to customers' account pages on the wire: the one that works now, and revoking those before it."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.customers import account_links
from billing.customers.models import AccountLinkRevocation
from billing.customers.service import get_customer
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import IdField, InstantField, Schema, StrictInteger, TextField
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session

blp = Blueprint(
    "account_links",
    __name__,
    url_prefix="/api/v1/customers",
    description="Links with which customers see their accounts without logging in.",
)
OFFICE = (Role.CLERK, Role.ACCOUNTANT)


class AccountLinkOut(Schema):
    """The link that opens a customer's account now. Whoever has it sees invoices and payments."""

    url = TextField(500, required=True)
    serial = StrictInteger(required=True, metadata={"description": "how often links were revoked"})


class RevocationIn(Schema):
    """Why no link given so far may open the account."""

    reason = TextField(account_links.REASON_LENGTH_MAX, required=True)


class RevocationOut(Schema):
    """A moment from which on no earlier link opens the account."""

    customer_id = IdField(required=True)
    serial = StrictInteger(required=True, metadata={"description": "that links carry from then on"})
    reason = TextField(account_links.REASON_LENGTH_MAX, required=True)
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)


class RevocationArgs(ListArgs):
    """The order of revocations."""

    sort = SortField("serial")


@blp.get("/<uuid:customer_id>/account-link")
@requires(*OFFICE)
@blp.response(200, AccountLinkOut)
def show_link(customer_id: UUID) -> dict[str, Any]:
    """The link that opens a customer's account now: for whoever lost his paper, or whose link was revoked."""
    session = current_session()
    customer = get_customer(session, customer_id)
    serial = account_links.link_serial(session, customer.id)
    return {
        "url": account_links.account_link(session, customer.account_number, serial),
        "serial": serial,
    }


@blp.post("/<uuid:customer_id>/account-link/revoke")
@requires(*OFFICE)
@blp.arguments(RevocationIn)
@blp.response(201, RevocationOut)
def revoke_links(body: dict[str, Any], customer_id: UUID) -> AccountLinkRevocation:
    """Let no link given so far open the account: of a lost paper, of a house that was sold."""
    return account_links.revoke_links(current_session(), customer_id, **body)


@blp.get("/<uuid:customer_id>/account-link/revocations")
@requires()
@blp.arguments(RevocationArgs, location="query")
@blp.response(200, page_schema(RevocationOut))
def list_revocations(args: dict[str, Any], customer_id: UUID) -> Page[AccountLinkRevocation]:
    """Who revoked a customer's links, when and why, the latest first."""
    return account_links.list_revocations(current_session(), customer_id, args["page"])

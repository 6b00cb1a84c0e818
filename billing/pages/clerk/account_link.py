"""The link with which a customer sees his account without logging in: read out to him, or revoked."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.customers import account_links
from billing.customers.service import get_customer
from billing.kernel.paging import PageRequest
from billing.pages import desk
from billing.pages.desk import CLERKS
from billing.pages.forms import Form, blank, filters, read, submit
from billing.web.access import requires
from billing.web.fields import Schema, TextField
from billing.web.transaction import current_session

blp = Blueprint("clerk_account_link", __name__, url_prefix="/customers")


class LinkPages(Schema):
    """Which page of the revocations is shown."""

    cursor = TextField(500)


class RevocationForm(Schema):
    """Why no link given so far may open the account."""

    reason = TextField(account_links.REASON_LENGTH_MAX, required=True)


@blp.get("/<uuid:customer_id>/link")
@requires(*CLERKS)
def page(customer_id: UUID) -> ResponseReturnValue:
    """The link that works now, and who revoked those before it."""
    return _page(customer_id)(blank())


@blp.post("/<uuid:customer_id>/link")
@requires(*CLERKS)
def revoke(customer_id: UUID) -> ResponseReturnValue:
    """Let no link given so far open the account."""
    form = read(RevocationForm)

    def work(session: Session) -> str:
        account_links.revoke_links(session, customer_id, **form.values)
        return url_for("clerk_account_link.page", customer_id=customer_id)

    return submit(form, work, _page(customer_id), done="page.links_revoked")


def _page(customer_id: UUID) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        session = current_session()
        customer = get_customer(session, customer_id)
        serial = account_links.link_serial(session, customer_id)
        cursor = filters(LinkPages).values.get("cursor")
        page = account_links.list_revocations(session, customer_id, PageRequest(cursor))
        return render_template(
            "clerk/account_link.html",
            form=form,
            customer=customer,
            link=account_links.account_link(session, customer.account_number, serial),
            page=page,
            users=desk.users_of(each.recorded_by for each in page.items),
        )

    return again

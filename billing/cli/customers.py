"""``auyl customer …``: the links with which customers see their accounts without logging in."""

import click

from billing.cli.finding import customer_of
from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.customers.account_links import account_link, link_serial, revoke_links


@click.group("customer", cls=TeachingGroup)
def group() -> None:
    """Customers: the links to their account pages.

    Examples:
      auyl customer link 47363900019
      auyl customer revoke-links 47363900019 --why "lost paper"
    """


@group.command("link")
@click.argument("customer")
@click.pass_obj
def link(office: Office, /, *, customer: str) -> None:
    """Print the link that opens the account page of CUSTOMER (account number, IIN or BIN).

    Example:
      auyl customer link 47363900019
    """
    with office.work(read_only=True) as session:
        found = customer_of(session, customer)
        click.echo(account_link(session, found.account_number, link_serial(session, found.id)))


@group.command("revoke-links")
@click.argument("customer")
@click.option("--why", "reason", required=True, help="Kept with the revocation.")
@click.pass_obj
def revoke(office: Office, /, *, customer: str, reason: str) -> None:
    """Let no link given so far open the account page of CUSTOMER; printed QR codes are dead from now on.

    Example:
      auyl customer revoke-links 47363900019 --why "lost paper"
    """
    with office.work() as session:
        found = customer_of(session, customer)
        revocation = revoke_links(session, found.id, reason=reason)
        opened_by = account_link(session, found.account_number, revocation.serial)
    office.say("account_links_revoked", account=found.account_number, link=opened_by)

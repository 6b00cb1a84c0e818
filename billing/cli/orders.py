"""``auyl order``: the list of orders, and the steps that need no more than a word."""

import click
from rich.table import Table
from sqlalchemy import select

from billing.catalog.models import Service
from billing.cli.finding import enterprise_of, order_of
from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.customers.models import Customer
from billing.kernel.formats import format_date, format_quantity
from billing.kernel.i18n import label
from billing.kernel.paging import PAGE_SIZE_MAX, PageRequest
from billing.kernel.reporting import Name
from billing.orders import service as orders
from billing.orders.models import OrderState

_ENTERPRISE = click.option("--enterprise", help="BIN of the enterprise; the district's only one by default.")


@click.group("order", cls=TeachingGroup)
def group() -> None:
    """Service orders. An order is named by number and year: 7/2026.

    They come in by `auyl import orders`, the pages or the API; there they are assigned and completed too.

    Examples:
      auyl order list --state draft
      auyl order confirm 7/2026 8/2026
    """


@group.command("list")
@click.option("--state", type=click.Choice([state.value for state in OrderState]))
@_ENTERPRISE
@click.pass_obj
def list_(office: Office, /, *, state: str | None, enterprise: str | None) -> None:
    """The latest orders.

    Example:
      auyl order list --state assigned
    """
    with office.work(read_only=True) as session:
        page = orders.list_orders(
            session,
            PageRequest(limit=PAGE_SIZE_MAX),
            state=OrderState(state) if state else None,
            enterprise_id=enterprise_of(session, enterprise).id,
        )
        ids = {order.customer_id for order in page.items}
        named = select(Customer.id, Customer.name).where(Customer.id.in_(ids))
        names = {customer.id: customer.name for customer in session.execute(named)}
        services = {each.id: each for each in session.scalars(select(Service))}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("number", "requested_on", "customer", "service", "quantity", "state"):
        table.add_column(office.text(f"order_{heading}"))
    for order in page.items:
        service = services[order.service_id]
        table.add_row(
            f"{order.number}/{order.year}",
            format_date(order.requested_on, office.language),
            names[order.customer_id],
            Name(service.name_kk, service.name_ru, service.name_en).get(office.language),
            f"{format_quantity(order.quantity, office.language)} {label(service.unit, office.language)}",
            label(order.state, office.language),
        )
    office.console.print(table)


@group.command("confirm")
@click.argument("numbers", nargs=-1, required=True)
@_ENTERPRISE
@click.pass_obj
def confirm(office: Office, /, *, numbers: tuple[str, ...], enterprise: str | None) -> None:
    """Agree to do what these drafts say; all of them or none.

    Example:
      auyl order confirm 7/2026 8/2026
    """
    with office.work() as session:
        enterprise_id = enterprise_of(session, enterprise).id
        for number in numbers:
            orders.confirm_order(session, order_of(session, enterprise_id, number).id)
    office.say("orders_confirmed", count=len(numbers))


@group.command("cancel")
@click.argument("number")
@click.option("--reason", required=True)
@_ENTERPRISE
@click.pass_obj
def cancel(office: Office, /, *, number: str, reason: str, enterprise: str | None) -> None:
    """Give an order up before it is completed.

    Example:
      auyl order cancel 7/2026 --reason "Тапсырыс беруші бас тартты"
    """
    with office.work() as session:
        order = order_of(session, enterprise_of(session, enterprise).id, number)
        orders.cancel_order(session, order.id, reason=reason)
    office.say("order_cancelled", number=number)

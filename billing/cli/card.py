"""``auyl card …``: what residents paid by card on the bank's page, and what the bank says of it."""

import click

from billing.cli.office import Office
from billing.cli.tables import formatted, show
from billing.cli.teaching import TeachingGroup
from billing.kernel.clock import now
from billing.kernel.errors import NotFound
from billing.kernel.paging import PageRequest
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.payments.cards import service
from billing.payments.cards.epay import Epay
from billing.payments.cards.models import CardPaymentState
from billing.payments.providers.paying import day_of
from billing.worker.cards import Asker

COLUMNS = (
    Column("card_order", width=15),
    Column("made_on", Kind.DATE),
    Column("amount", Kind.MONEY),
    Column("state", width=30),
    Column("reason", width=40),
)


@click.group("card", cls=TeachingGroup)
def group() -> None:
    """Card payments of residents on the bank's page.

    Examples:
      auyl card list --state charged
      auyl card ask
    """


@group.command("list")
@click.option("--state", type=click.Choice([state.value for state in CardPaymentState]))
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@formatted
@click.pass_obj
def list_(office: Office, /, *, state: str | None, limit: int, **form: object) -> None:
    """Show card payments, the last made first.

    Examples:
      auyl card list
      auyl card list --state charged --format json
    """
    with office.work(read_only=True) as session:
        found = service.list_card_payments(
            session,
            PageRequest(None, limit, None),
            state=None if state is None else CardPaymentState(state),
        )
    rows = [
        Row(
            {
                "card_order": card.order_number,
                "made_on": day_of(card.made_at),
                "amount": card.amount,
                "state": card.state,
                "reason": card.reason or "",
            }
        )
        for card in found.items
    ]
    show(office, ReportTable("card_payments", {}, COLUMNS, rows), **form)  # type: ignore[arg-type]


@group.command("ask")
@click.option("--order", "order_number", help="Also ask about this order, settled or not.")
@click.pass_obj
def ask(office: Office, /, *, order_number: str | None) -> None:
    """Ask the bank about every card payment that is due, in all districts.

    Workers (`auyl serve`, `auyl worker`) do the same once a minute; any number may at once.

    Examples:
      auyl card ask
      auyl card ask --order 100000001
    """
    if order_number is not None:
        with office.work() as session:
            found = service.list_card_payments(session, order_number=order_number).items
            if not found:
                raise NotFound(kind="card_payment", id=order_number)
            service.ask_again(session, found[0].id, now=now())
    told, silent = Asker(office.sessions, Epay(office.settings.epay)).ask_all()
    office.say("cards_asked", count=told)
    if silent:
        office.warn("cards_silent", count=silent)

"""``auyl pay``: money received, given back, and put right."""

from datetime import date, datetime, time
from uuid import UUID

import click
from rich.table import Table
from sqlalchemy.orm import Session

from billing.cli.finding import customer_of, enterprise_of, invoice_of, payment_of
from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.cli.typed import PAST_DAY, SUM
from billing.kernel.clock import ALMATY, now, today
from billing.kernel.formats import format_date, format_money
from billing.kernel.i18n import label
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import PAGE_SIZE_MAX, PageRequest
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod
from billing.receivables import service as receivables
from billing.receivables.allocation import AllocationReason

_CUSTOMER = click.argument("customer")
_SUM = click.argument("amount", metavar="SUM", type=SUM)
_ENTERPRISE = click.option("--enterprise", help="BIN of the enterprise; the district's only one by default.")
_ON = click.option("--on", "day", type=PAST_DAY, help="The day it happened; today by default.")
_INVOICES = click.option(
    "--invoice", "invoices", multiple=True, help="Settle this invoice first, 12/2026; may be repeated."
)
_OUTSIDE_ID = click.option(
    "--reference", help="The bank's or terminal's own number: the same one again is the same payment."
)
_PAYER = click.option("--payer", help="Name of whoever paid, if not the customer.")


@click.group("pay", cls=TeachingGroup)
def group() -> None:
    """Payments: recorded once, allocated to the oldest debt first, with the reasons.

    CUSTOMER is a personal account number, IIN or BIN; SUM is in tenge.

    Examples:
      auyl pay preview 47363900019 5000
      auyl pay bank 47363900019 5000 --reference 000123
    """


@group.command("cash")
@_CUSTOMER
@_SUM
@click.option("--fiscal-number", required=True, help="Of the cash register's receipt.")
@click.option("--register", "register_number", required=True, help="Registration number of the register.")
@_ENTERPRISE
@_ON
@_INVOICES
@_PAYER
@click.pass_obj
def cash(
    office: Office,
    /,
    *,
    customer: str,
    amount: Money,
    fiscal_number: str,
    register_number: str,
    enterprise: str | None,
    day: date | None,
    invoices: tuple[str, ...],
    payer: str | None,
) -> None:
    """Record cash, with the cash register's receipt, which the law asks for.

    Example:
      auyl pay cash 47363900019 5000 --fiscal-number 1234567890 --register 010100000001
    """
    at = datetime.combine(day, time(12), ALMATY) if day else now()
    receipt = payments.CashReceipt(fiscal_number, register_number, at)
    with office.work() as session:
        enterprise_id = enterprise_of(session, enterprise).id
        payment_id = payments.record_payment(
            session,
            enterprise_id,
            customer_of(session, customer).id,
            amount=amount,
            method=PaymentMethod.CASH,
            received_on=day or today(),
            receipt=receipt,
            payer_name=payer,
            invoice_ids=_ids(session, enterprise_id, invoices),
        )
        payment = payments.get_payment(session, payment_id)
    _tell(office, payment)


@group.command("bank")
@_CUSTOMER
@_SUM
@_ENTERPRISE
@_ON
@_INVOICES
@_OUTSIDE_ID
@_PAYER
@click.pass_obj
def bank(office: Office, /, *, customer: str, amount: Money, **facts: object) -> None:
    """Record money on the bank account; the day is the bank's value date.

    Example:
      auyl pay bank 47363900019 5000 --on 2026-11-20 --reference 000123
    """
    _record(office, PaymentMethod.BANK, customer, amount, **facts)  # type: ignore[arg-type]


@group.command("card")
@_CUSTOMER
@_SUM
@_ENTERPRISE
@_ON
@_INVOICES
@_OUTSIDE_ID
@_PAYER
@click.pass_obj
def card(office: Office, /, *, customer: str, amount: Money, **facts: object) -> None:
    """Record a payment by card: in transit until the bank's statement shows it.

    Example:
      auyl pay card 47363900019 5000 --reference 7001
    """
    _record(office, PaymentMethod.CARD, customer, amount, **facts)  # type: ignore[arg-type]


@group.command("preview")
@_CUSTOMER
@_SUM
@_ENTERPRISE
@_INVOICES
@click.pass_obj
def preview(
    office: Office,
    /,
    *,
    customer: str,
    amount: Money,
    enterprise: str | None,
    invoices: tuple[str, ...],
) -> None:
    """Show how a sum would be allocated now; nothing is written.

    Example:
      auyl pay preview 47363900019 5000
    """
    with office.work(read_only=True) as session:
        enterprise_id = enterprise_of(session, enterprise).id
        plan = receivables.preview(
            session,
            enterprise_id,
            customer_of(session, customer).id,
            amount,
            _ids(session, enterprise_id, invoices),
        )
    for step in plan.steps:
        office.say(
            "pay_step",
            number=f"{step.invoice_number}/{step.invoice_year}",
            due_on=step.due_on,
            open=step.open_before,
            allocated=step.allocated,
            reason=step.reason,
        )
    if plan.rest > ZERO:
        office.say("pay_rest", rest=plan.rest)


@group.command("refund")
@click.argument("payment")
@_SUM
@click.option("--reason", required=True)
@click.option(
    "--method",
    type=click.Choice([method.value for method in PaymentMethod]),
    default="bank",
    show_default=True,
)
@_ON
@click.pass_obj
def refund(
    office: Office, /, *, payment: str, amount: Money, reason: str, method: str, day: date | None
) -> None:
    """Give money back out of what no invoice took of a PAYMENT, named by its id (`auyl pay list`).

    Example:
      auyl pay refund 0193a5d0-… 1000 --reason "Төлеушінің өтініші"
    """
    with office.work() as session:
        given = payments.refund(
            session,
            payment_of(session, payment).id,
            amount=amount,
            method=PaymentMethod(method),
            refunded_on=day or today(),
            reason=reason,
        )
    office.say("pay_refunded", amount=given.amount)


@group.command("reverse")
@click.argument("payment")
@click.option("--reason", required=True)
@_ON
@click.pass_obj
def reverse(office: Office, /, *, payment: str, reason: str, day: date | None) -> None:
    """Undo a PAYMENT that was recorded wrongly, on a day of its own; its debts are open again.

    Example:
      auyl pay reverse 0193a5d0-… --reason "Басқа тұрғынның төлемі" --on 2026-11-20
    """
    with office.work() as session:
        reversed_ = payments.reverse_payment(
            session, payment_of(session, payment).id, reversed_on=day or today(), reason=reason
        )
    office.say("pay_reversed", day=reversed_.reversed_on)


@group.command("list")
@click.option("--customer", help="Account number, IIN or BIN.")
@click.pass_obj
def list_(office: Office, /, *, customer: str | None) -> None:
    """The latest payments, with their ids.

    Example:
      auyl pay list --customer 47363900019
    """
    with office.work(read_only=True) as session:
        customer_id = customer_of(session, customer).id if customer else None
        page = payments.list_payments(session, PageRequest(limit=PAGE_SIZE_MAX), customer_id=customer_id)
    table = Table(box=None, pad_edge=False, show_header=False)
    for each in page.items:
        table.add_row(
            str(each.id),
            format_date(each.received_on, office.language),
            label(each.method, office.language),
            format_money(each.amount, office.language),
            each.outside_id or "",
        )
    office.console.print(table)


def _record(
    office: Office,
    method: PaymentMethod,
    customer: str,
    amount: Money,
    *,
    enterprise: str | None,
    day: date | None,
    invoices: tuple[str, ...],
    reference: str | None,
    payer: str | None,
) -> None:
    with office.work() as session:
        enterprise_id = enterprise_of(session, enterprise).id
        payment_id = payments.record_payment(
            session,
            enterprise_id,
            customer_of(session, customer).id,
            amount=amount,
            method=method,
            received_on=day or today(),
            outside_id=reference,
            payer_name=payer,
            invoice_ids=_ids(session, enterprise_id, invoices),
        )
        payment = payments.get_payment(session, payment_id)
    _tell(office, payment)


def _ids(session: Session, enterprise_id: UUID, numbers: tuple[str, ...]) -> list[UUID]:
    return [invoice_of(session, enterprise_id, number).id for number in numbers]


def _tell(office: Office, payment: Payment) -> None:
    office.say("pay_recorded", amount=payment.amount, id=str(payment.id))
    rest = payment.amount
    for step in payment.explanation:
        allocated = Money.parse(step["allocated"])
        rest -= allocated
        office.say(
            "pay_step",
            number=f"{step['invoice_number']}/{step['invoice_year']}",
            due_on=date.fromisoformat(step["due_on"]),
            open=Money.parse(step["open_before"]),
            allocated=allocated,
            reason=AllocationReason(step["reason"]),
        )
    if rest > ZERO:
        office.say("pay_rest", rest=rest)

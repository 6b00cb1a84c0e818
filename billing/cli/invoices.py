"""``auyl invoice``: issuing, crediting, listing, and the PDFs."""

from datetime import date
from pathlib import Path
from uuid import UUID

import click
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.cli.finding import contract_of, customer_of, enterprise_of, invoice_of
from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.cli.typed import MONTH, PAST_DAY, SUM
from billing.customers.models import Customer
from billing.invoicing import credit_notes
from billing.invoicing import service as invoicing
from billing.invoicing.models import Invoice, InvoiceStatus
from billing.invoicing.standing import Standing, list_invoices
from billing.kernel.clock import today
from billing.kernel.dates import Month
from billing.kernel.errors import NotFound
from billing.kernel.formats import format_date, format_money
from billing.kernel.i18n import label
from billing.kernel.money import Money
from billing.kernel.paging import PAGE_SIZE_MAX, PageRequest
from billing.orders.completion import acts_to_bill

_ENTERPRISE = click.option("--enterprise", help="BIN of the enterprise; the district's only one by default.")
_ON = click.option("--on", "day", type=PAST_DAY, help="Date of the document; today by default.")


@click.group("invoice", cls=TeachingGroup)
def group() -> None:
    """Invoices and credit notes. An invoice is named by number and year: 12/2026.

    Examples:
      auyl invoice issue 47363900019 --month 2026-10
      auyl invoice pdf 12/2026
    """


@group.command("issue")
@click.argument("customer", required=False)
@click.option("--month", type=MONTH, help="Bill the contract's charges of this month too.")
@click.option("--contract", help="Number of the contract; the customer's only one by default.")
@_ENTERPRISE
@_ON
@click.pass_obj
def issue(
    office: Office,
    /,
    *,
    customer: str | None,
    month: Month | None,
    contract: str | None,
    enterprise: str | None,
    day: date | None,
) -> None:
    """Invoice a CUSTOMER (account number, IIN or BIN) for completed work and a contract's charges.

    Without a customer: one invoice to everybody who has completed work that is not billed yet.

    Examples:
      auyl invoice issue 47363900019 --month 2026-10
      auyl invoice issue
    """
    with office.work() as session:
        enterprise_id = enterprise_of(session, enterprise).id
        if customer is None:
            if month is not None or contract is not None:
                raise click.UsageError("--month and --contract need a customer")
            issued = invoicing.invoice_completed_orders(session, enterprise_id, issued_on=day or today())
        else:
            person = customer_of(session, customer)
            issued = [_issue(session, enterprise_id, person.id, month, contract, day or today())]
    for invoice in issued:
        office.say("invoice_issued", number=_number(invoice), total=invoice.total, due_on=invoice.due_on)
    if not issued:
        office.say("invoice_nothing")


def _issue(  # noqa: PLR0917 - the command above names them
    session: Session,
    enterprise_id: UUID,
    customer_id: UUID,
    month: Month | None,
    contract: str | None,
    day: date,
) -> Invoice:
    if month is None:
        return invoicing.issue_invoice(session, enterprise_id, customer_id, issued_on=day)
    acts = acts_to_bill(session, customer_id=customer_id, enterprise_id=enterprise_id, until=day)
    return invoicing.issue_invoice(
        session,
        enterprise_id,
        customer_id,
        issued_on=day,
        order_ids=[act.order_id for act in acts],
        contract_id=contract_of(session, enterprise_id, customer_id, contract).id,
        period=month,
    )


@group.command("credit")
@click.argument("number")
@click.option("--reason", required=True, help="Printed on the credit note.")
@click.option("--line", "line", type=click.IntRange(min=1), help="Only this line of the invoice.")
@click.option("--sum", "amount", type=SUM, help="Only this sum of the line.")
@_ENTERPRISE
@_ON
@click.pass_obj
def credit(
    office: Office,
    /,
    *,
    number: str,
    reason: str,
    line: int | None,
    amount: Money | None,
    enterprise: str | None,
    day: date | None,
) -> None:
    """Take an invoice off again, as a whole or by line; what was paid for it becomes an advance.

    Examples:
      auyl invoice credit 12/2026 --reason "Қызмет көрсетілген жоқ"
      auyl invoice credit 12/2026 --line 1 --sum 500 --reason "Бір бөлігі ғана орындалды"
    """
    if amount is not None and line is None:
        raise click.UsageError("--sum needs --line")
    with office.work() as session:
        invoice = invoice_of(session, enterprise_of(session, enterprise).id, number)
        amounts = None
        if line is not None:
            lines = {each.position: each for each in invoicing.lines_of(session, invoice.id)}
            if line not in lines:
                raise NotFound(kind="invoice_line", id=line)
            amounts = {lines[line].id: amount or lines[line].total}
        note = credit_notes.issue_credit_note(
            session, invoice.id, issued_on=day or today(), reason=reason, amounts=amounts
        )
    office.say("credit_note_issued", number=f"{note.number}/{note.year}", total=note.total)


@group.command("list")
@click.option("--customer", help="Account number, IIN or BIN.")
@click.option("--status", type=click.Choice([status.value for status in InvoiceStatus]))
@_ENTERPRISE
@click.pass_obj
def list_(office: Office, /, *, customer: str | None, status: str | None, enterprise: str | None) -> None:
    """The latest invoices and how they stand.

    Example:
      auyl invoice list --status overdue
    """
    with office.work(read_only=True) as session:
        page = list_invoices(
            session,
            PageRequest(limit=PAGE_SIZE_MAX),
            today=today(),
            customer_id=customer_of(session, customer).id if customer else None,
            enterprise_id=enterprise_of(session, enterprise).id,
            status=InvoiceStatus(status) if status else None,
        )
        ids = {standing.invoice.customer_id for standing in page.items}
        named = select(Customer.id, Customer.name).where(Customer.id.in_(ids))
        names = {customer.id: customer.name for customer in session.execute(named)}
    _print(office, page.items, names)


@group.command("pdf")
@click.argument("number")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="By default its own name here."
)
@_ENTERPRISE
@click.pass_obj
def pdf(office: Office, /, *, number: str, output: Path | None, enterprise: str | None) -> None:
    """Write an invoice's PDF, as it was issued, into a file.

    Example:
      auyl invoice pdf 12/2026 --output invoice.pdf
    """
    with office.work(read_only=True) as session:
        invoice = invoice_of(session, enterprise_of(session, enterprise).id, number)
        document, content = fetch(session, DocumentKind.INVOICE, invoice.id)
    path = output or Path(document.file_name)
    path.write_bytes(content)
    office.say("written", file=str(path))


def _number(invoice: Invoice) -> str:
    return f"{invoice.number}/{invoice.year}"


def _print(office: Office, standings: list[Standing], names: dict[UUID, str]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("number", "issued_on", "customer", "total", "open", "due_on", "status"):
        table.add_column(
            office.text(f"invoice_{heading}"), justify="right" if heading in {"total", "open"} else "left"
        )
    language = office.language
    for each in standings:
        table.add_row(
            _number(each.invoice),
            format_date(each.invoice.issued_on, language),
            names[each.invoice.customer_id],
            format_money(each.invoice.total, language),
            format_money(each.open_amount, language),
            format_date(each.invoice.due_on, language),
            label(each.status, language),
        )
    office.console.print(table)

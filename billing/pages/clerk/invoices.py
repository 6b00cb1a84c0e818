"""Invoices: listed, issued for one customer or for all, looked at, printed, and credited."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.customers import service as customers
from billing.customers.models import Customer
from billing.invoicing.models import InvoiceStatus
from billing.invoicing.service import invoice_completed_orders, issue_invoice
from billing.invoicing.standing import list_invoices
from billing.kernel.clock import today
from billing.kernel.dates import Month
from billing.kernel.money import Money, total
from billing.kernel.paging import PageRequest
from billing.orders.completion import acts_to_bill
from billing.orders.models import CompletionAct
from billing.pages import desk
from billing.pages.desk import CLERKS, READERS, Choice
from billing.pages.fields import TypedDate, TypedPastDate
from billing.pages.forms import Form, blank, filters, read, submit
from billing.web.access import requires
from billing.web.fields import EnumField, IdField, ListField, MonthField, Schema, StrictInteger, TextField
from billing.web.files import PDF, file_answer
from billing.web.transaction import current_session

blp = Blueprint("clerk_invoices", __name__, url_prefix="/invoices")

MONTHS_TO_BILL = 12  # the form offers the months of a year back; older ones are billed by the API


class InvoiceFilters(Schema):
    """What the list of invoices is narrowed by."""

    number = StrictInteger(minimum=1)
    status = EnumField(InvoiceStatus)
    customer_id = IdField()
    issued_from = TypedDate()
    issued_to = TypedDate()
    cursor = TextField(500)


class IssueForm(Schema):
    """What one customer's invoice is for: ticked orders, a contract's month, or both."""

    enterprise_id = IdField(required=True)
    order_ids = ListField(IdField())
    contract_id = IdField()
    period = MonthField()
    issued_on = TypedPastDate(required=True)
    due_on = TypedDate()


class IssueAllForm(Schema):
    """Whose orders are invoiced, and on which date."""

    enterprise_id = IdField(required=True)
    issued_on = TypedPastDate(required=True)


@dataclass(frozen=True, slots=True)
class Unbilled:
    """What an enterprise has completed and not yet invoiced."""

    enterprise_id: UUID
    name: str
    customers: int
    acts: int
    amount: Money


@blp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """Invoices and how they stand, the latest first."""
    form = filters(InvoiceFilters)
    wanted = dict(form.values)
    request = PageRequest(wanted.pop("cursor", None))
    page = list_invoices(current_session(), request, today=today(), **wanted)
    return render_template(
        "clerk/invoices.html",
        form=form,
        page=page,
        people=desk.customers_of(each.invoice.customer_id for each in page.items),
        statuses=desk.choices(InvoiceStatus),
    )


@blp.get("/new/<uuid:customer_id>")
@requires(*CLERKS)
def new(customer_id: UUID) -> ResponseReturnValue:
    """What a customer could be invoiced for now."""
    customer = customers.get_customer(current_session(), customer_id)
    acts = _acts(customer)
    form = blank(
        issued_on=today(),
        order_ids=[act.order_id for act in acts],
        enterprise_id=acts[0].enterprise_id if acts else desk.enterprise_named(None).id,
    )
    return _form(customer)(form)


@blp.post("/new/<uuid:customer_id>")
@requires(*CLERKS)
def issue(customer_id: UUID) -> ResponseReturnValue:
    """Issue one invoice to a customer; its PDF is archived, his advances are used."""
    customer = customers.get_customer(current_session(), customer_id)
    form = read(IssueForm)

    def work(session: Session) -> str:
        values = dict(form.values)
        # Nothing ticked is nothing chosen, not everything there is.
        values["order_ids"] = values.get("order_ids", [])
        invoice = issue_invoice(session, values.pop("enterprise_id"), customer_id, **values)
        return url_for("clerk_invoice.page", invoice_id=invoice.id)

    fields = {"period_already_billed": "period", "not_found": "contract_id"}
    return submit(form, work, _form(customer), done="page.invoice_issued", fields=fields)


@blp.get("/issue")
@requires(*CLERKS)
def unbilled() -> ResponseReturnValue:
    """What all customers could be invoiced for now."""
    return _issue_all(blank(issued_on=today()))


@blp.post("/issue")
@requires(*CLERKS)
def issue_all() -> ResponseReturnValue:
    """Issue one invoice to every customer with completed work."""
    form = read(IssueAllForm)

    def work(session: Session) -> str:
        day = form.values["issued_on"]
        invoices = invoice_completed_orders(session, form.values["enterprise_id"], issued_on=day)
        flash(str(len(invoices)), "count")
        return url_for("clerk_invoices.index", issued_from=day, issued_to=day)

    return submit(form, work, _issue_all, done="page.invoices_issued")


@blp.get("/<uuid:invoice_id>.pdf")
@requires(*READERS)
def pdf(invoice_id: UUID) -> ResponseReturnValue:
    """An invoice's PDF, as it was archived at issue."""
    document, content = fetch(current_session(), DocumentKind.INVOICE, invoice_id)
    return file_answer(content, PDF, document.file_name)


def _acts(customer: Customer) -> list[CompletionAct]:
    return acts_to_bill(current_session(), customer_id=customer.id)


def _form(customer: Customer) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        session = current_session()
        acts = _acts(customer)
        contracts = customers.list_contracts(session, desk.ALL, customer_id=customer.id).items
        return render_template(
            "clerk/invoice_form.html",
            form=form,
            customer=customer,
            acts=acts,
            services=desk.services_of(act.service_id for act in acts),
            enterprises=desk.enterprise_choices(),
            contracts=[Choice(str(each.id), each.number) for each in contracts],
            months=[Choice(str(month), desk.show(month)) for month in _months(today())],
        )

    return again


def _months(day: date) -> list[Month]:
    months = [Month.of(day)]
    while len(months) < MONTHS_TO_BILL:
        months.append(months[-1].previous())
    return months


def _issue_all(form: Form) -> str:
    found = [_unbilled(each.id, desk.name_of(each)) for each in desk.enterprises()]
    return render_template("clerk/invoices_issue.html", form=form, found=found)


def _unbilled(enterprise_id: UUID, name: str) -> Unbilled:
    acts = acts_to_bill(current_session(), enterprise_id=enterprise_id)
    people: set[Any] = {act.customer_id for act in acts}
    return Unbilled(enterprise_id, name, len(people), len(acts), total(act.amount for act in acts))

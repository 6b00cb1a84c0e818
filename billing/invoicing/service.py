"""Issues invoices from completed work and contract charges.

Everything an invoice says is copied when it is issued; afterwards only credit notes and payments change
how it stands, and they do so beside it. The number is taken last, under a lock that is held to the commit.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers import service as customers
from billing.customers.charges import ChargeDue
from billing.customers.models import Contract, Customer
from billing.districts import service as districts
from billing.districts.models import Enterprise
from billing.districts.numbering import take_numbers
from billing.invoicing import documents
from billing.invoicing.drafts import Draft, common_contracts, drafts_of_orders, price
from billing.invoicing.facts import freeze
from billing.invoicing.issued import Issued, IssuedInvoice, IssuedLine
from billing.invoicing.models import BilledAct, BilledPeriod, Invoice, InvoiceLine
from billing.invoicing.prices import price_list
from billing.invoicing.supplies import (
    billed_periods,
    charges_to_bill,
    supplies_of_orders,
    supply_of_charge,
)
from billing.kernel.bulk import among, insert_rows
from billing.kernel.cells import MissingValue
from billing.kernel.checks import check_range
from billing.kernel.dates import Month
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, total
from billing.ledger import service as ledger
from billing.ledger.chart import INCOME, RECEIVABLES, VAT
from billing.ledger.models import SourceKind
from billing.orders import service as orders
from billing.orders.completion import acts_to_bill
from billing.outbox import service as outbox
from billing.outbox.models import EventKind
from billing.receivables import service as receivables

SERIES = "invoice"
BILLED_PERIOD = ("district_id", "contract_id", "service_id", "period", "invoice_line_id")
BILLED_ACT = ("district_id", "act_id", "invoice_line_id")

# Invoices of a batch that the database is given while the next ones are made.
WRITTEN_AT_ONCE = 250


class NothingToInvoice(RuleViolation):
    """There is nothing to bill, or it comes to zero: no invoice is issued for zero."""

    code = "nothing_to_invoice"


def issue_invoice(
    session: Session,
    enterprise_id: UUID,
    customer_id: UUID,
    *,
    issued_on: date,
    order_ids: Collection[UUID] | None = None,
    contract_id: UUID | None = None,
    period: Month | None = None,
    due_on: date | None = None,
) -> Invoice:
    """Issue one invoice to a customer for completed orders, for a contract's charges of a month, or both.

    Advances of the customer and of whoever pays for him are consumed at once, and the PDF is archived.

    Args:
        order_ids: the orders to bill; None for every completed one up to ``issued_on``, unless a contract's
            charges are asked for.
        contract_id: with ``period``: bill what the contract charges for that month.
        due_on: the last day to pay; by default the enterprise's payment term after ``issued_on``.

    Raises:
        NotFound: no such enterprise, customer or contract.
        MissingValue: one of ``contract_id`` and ``period`` without the other.
        EndsBeforeStart: due before issued.
        OrderNotBillable, NothingCharged, PeriodAlreadyBilled, NothingToInvoice: there is nothing of this
            kind to bill.
        NoTariff, NoPrimaryAccount: the enterprise's data lacks what an invoice must say.
        MonthClosed: ``issued_on`` lies in a closed month. Nothing is issued.
    """
    if (contract_id is None) != (period is None):
        raise MissingValue(field="period" if period is None else "contract_id")
    enterprise = districts.get_enterprise(session, enterprise_id)
    lock_with_payers(session, [customer_id])
    contract = _contract(session, contract_id, enterprise_id, customer_id)
    supplies = []
    if contract is None or order_ids:
        supplies += supplies_of_orders(session, enterprise_id, [customer_id], order_ids, issued_on)
    charges = _charges(session, contract, period) if contract is not None and period is not None else []
    services = {each.service_id for each in supplies} | {charge.service_id for charge in charges}
    prices = price_list(session, enterprise_id, services)
    supplies += [supply_of_charge(charge, prices) for charge in charges]
    lines = price(session, supplies, prices)
    named = contract or common_contracts(session, {customer_id: supplies}).get(customer_id)
    draft = Draft(customer_id, named, period, lines)
    [issued] = _issue_on_paper(session, enterprise, [draft], issued_on=issued_on, due_on=due_on)
    return issued


def _charges(session: Session, contract: Contract, period: Month) -> list[ChargeDue]:
    due = customers.charges_due(session, period, contract_id=contract.id)
    return charges_to_bill(contract, period, due, billed_periods(session, [contract.id], period, period))


def invoice_completed_orders(session: Session, enterprise_id: UUID, *, issued_on: date) -> list[Invoice]:
    """Issue one invoice to every customer with completed work not yet billed; several lines each.

    A customer whose lines come to zero, every tenge taken off by a benefit, gets none.
    """
    enterprise = districts.get_enterprise(session, enterprise_id)
    acts = acts_to_bill(session, enterprise_id=enterprise_id, until=issued_on)
    # Customers before orders, as everywhere: whoever locks the other way round would block crosswise.
    ids = {act.customer_id for act in acts}
    lock_with_payers(session, ids)
    drafts = drafts_of_orders(session, enterprise_id, ids, issued_on)
    if not drafts:
        return []
    return _issue_on_paper(session, enterprise, drafts, issued_on=issued_on, due_on=None)


def _issue_on_paper(
    session: Session,
    enterprise: Enterprise,
    drafts: Sequence[Draft],
    *,
    issued_on: date,
    due_on: date | None,
) -> list[Invoice]:
    issued = issue(session, enterprise, drafts, issued_on=issued_on, due_on=due_on)
    documents.archive_invoices(session, issued)
    written = select(Invoice).where(among(session, Invoice.id, [invoice.id for invoice, _ in issued]))
    return list(session.scalars(written.order_by(Invoice.number)))


def lock_with_payers(session: Session, customer_ids: Collection[UUID]) -> None:
    """Lock customers, and with them whoever pays for them: his advances settle their invoices too."""
    payers = session.scalars(
        select(Customer.payer_id).where(
            among(session, Customer.id, customer_ids), Customer.payer_id.is_not(None)
        )
    )
    customers.hold_customers(session, {*customer_ids, *(each for each in payers if each is not None)})


def _contract(
    session: Session, contract_id: UUID | None, enterprise_id: UUID, customer_id: UUID
) -> Contract | None:
    if contract_id is None:
        return None
    contract = customers.get_contract(session, contract_id)
    if (contract.enterprise_id, contract.customer_id) != (enterprise_id, customer_id):
        raise NotFound(kind="contract", id=contract_id)
    return contract


def issue(
    session: Session,
    enterprise: Enterprise,
    drafts: Sequence[Draft],
    *,
    issued_on: date,
    due_on: date | None,
) -> list[Issued]:
    """Turn drafts into invoices: rows, receivables, transfers. Customers are locked already.

    Their papers are still to be archived. The number of statements grows only with hundreds of drafts.

    Args:
        drafts: at most one per customer, because each states the customer's account with itself in it.

    Raises:
        NothingToInvoice: a draft comes to zero.
        EndsBeforeStart: due before issued.
        MonthClosed: ``issued_on`` lies in a closed month. Nothing is issued.
    """
    assert len({draft.customer_id for draft in drafts}) == len(drafts)
    if any(draft.total <= ZERO for draft in drafts):
        raise NothingToInvoice
    due_on = due_on or issued_on + timedelta(days=enterprise.payment_term_days)
    check_range(issued_on, due_on, field="due_on")
    frozen = freeze(session, enterprise, drafts, issued_on)
    number = take_numbers(session, enterprise.id, SERIES, issued_on.year, len(drafts))
    payers = {each: facts.payer_id for each, facts in frozen.items()}
    # Looked up before anything is written: the next look waits for what is being written behind.
    book = ledger.hold_enterprise_book(session, enterprise.id, (RECEIVABLES, INCOME, VAT))
    shared = {
        "district_id": district_of(session),
        "enterprise_id": enterprise.id,
        "year": issued_on.year,
        "issued_on": issued_on,
        "due_on": due_on,
        "recorded_by": actor_of(session),
    }
    issued: list[Issued] = []
    for start in range(0, len(drafts), WRITTEN_AT_ONCE):
        part = [
            _issued(draft, facts=frozen[draft.customer_id].stored(draft), number=number + place, **shared)
            for place, draft in enumerate(drafts[start : start + WRITTEN_AT_ONCE], start)
        ]
        _store(session, part, payers)
        _post(session, book, [invoice for invoice, _ in part], issued_on)
        issued += part
    outbox.announce(session, EventKind.INVOICE_ISSUED, [invoice.id for invoice, _ in issued])
    payer_ids = {payer_id for payer_id in payers.values() if payer_id is not None}
    receivables.consume_advances(session, enterprise.id, {*frozen, *payer_ids}, settled_on=issued_on)
    return issued


def _issued(draft: Draft, **said: Any) -> Issued:
    invoice = IssuedInvoice(
        id=new_id(),
        customer_id=draft.customer_id,
        contract_id=draft.contract.id if draft.contract is not None else None,
        period=draft.period,
        total=draft.total,
        vat=total(line.vat for line in draft.lines),
        **said,
    )
    return invoice, [IssuedLine.of(invoice, place, line) for place, line in enumerate(draft.lines, start=1)]


def _store(session: Session, issued: Sequence[Issued], payers: Mapping[UUID, UUID | None]) -> None:
    """Write invoices, lines, what keeps them from being billed twice, and the debts, set by set."""
    insert_rows(session, Invoice, IssuedInvoice._fields, [invoice for invoice, _ in issued])
    insert_rows(session, InvoiceLine, IssuedLine._fields, [line for _, lines in issued for line in lines])
    pairs = [(invoice, line) for invoice, lines in issued for line in lines]
    periods = [
        (line.district_id, invoice.contract_id, line.service_id, line.period, line.id)
        for invoice, line in pairs
        if line.charge_id is not None
    ]
    insert_rows(session, BilledPeriod, BILLED_PERIOD, periods)
    acts = [(line.district_id, line.act_id, line.id) for _, line in pairs if line.act_id is not None]
    if acts:
        insert_rows(session, BilledAct, BILLED_ACT, acts)
        orders.mark_invoiced(session, [act_id for _, act_id, _ in acts if act_id is not None])
    receivables.open_receivables(
        session, [_owed(invoice, line, payers[invoice.customer_id]) for invoice, line in pairs]
    )


def _owed(invoice: IssuedInvoice, line: IssuedLine, payer_id: UUID | None) -> receivables.OwedLine:
    return receivables.OwedLine(
        invoice_line_id=line.id,
        invoice_id=invoice.id,
        enterprise_id=invoice.enterprise_id,
        customer_id=invoice.customer_id,
        payer_id=payer_id,
        service_id=line.service_id,
        revenue_code=line.revenue_code,
        invoice_year=invoice.year,
        invoice_number=invoice.number,
        position=line.position,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        total=line.total,
        open_vat=line.vat,
    )


def _post(
    session: Session, book: ledger.HeldBook, invoices: Sequence[IssuedInvoice], issued_on: date
) -> None:
    """Debit receivables: the net to income, the tax to VAT."""
    entries = [
        ledger.Entry(
            debit=RECEIVABLES,
            credit=account,
            amount=amount,
            source_kind=SourceKind.INVOICE,
            source_id=invoice.id,
            position=position,
            party_id=invoice.customer_id,
            invoice_id=invoice.id,
        )
        for invoice in invoices
        for position, account, amount in (
            (0, INCOME, invoice.total - invoice.vat),
            (1, VAT, invoice.vat),
        )
        if amount > ZERO
    ]
    ledger.post_dated(session, book, [(issued_on, entry) for entry in entries])


def get_invoice(session: Session, invoice_id: UUID) -> Invoice:
    """An invoice of the district.

    Raises:
        NotFound: no such invoice.
    """
    invoice = session.get(Invoice, (district_of(session), invoice_id))
    if invoice is None:
        raise NotFound(kind="invoice", id=invoice_id)
    return invoice


def lines_of(session: Session, invoice_id: UUID) -> list[InvoiceLine]:
    """An invoice's lines in their order."""
    return list(
        session.scalars(
            select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.position)
        )
    )

"""The demo's money: invoices of each month, payments of every kind, and what had to be put right."""

from datetime import date, datetime, time, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.cli.demo.scene import Scene
from billing.cli.demo.steps import Unit as Work
from billing.customers.models import Contract, Customer
from billing.districts.models import Enterprise
from billing.invoicing import credit_notes
from billing.invoicing import service as invoicing
from billing.invoicing.models import BilledPeriod, CreditNote, Invoice
from billing.invoicing.standing import standing_of
from billing.kernel.clock import ALMATY
from billing.kernel.dates import Month
from billing.kernel.money import ZERO, Money
from billing.ledger import service as ledger
from billing.orders.completion import acts_to_bill
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod, PaymentReversal, Refund
from billing.receivables.models import Advance
from billing.verification import closing

REGISTER = "010100000001"  # of the cash register (ККМ), invented
MISTAKE = "demo-mistake"
ROUND_UP = Money.tenge(5_000)
WRONG_SUM = Money.tenge(3_000)


def invoices_to_issue(session: Session, scene: Scene) -> list[Work]:
    """Each month's invoices: one per contract with its charges and its work, and one per other customer."""
    periods = session.execute(select(BilledPeriod.contract_id, BilledPeriod.period))
    billed = {(contract_id, period) for contract_id, period in periods}
    contracts = list(session.scalars(select(Contract).order_by(Contract.signed_on, Contract.id)))
    work: list[Work] = []
    for month in scene.months:
        work += [
            partial(_invoice, contract_id=contract.id, customer_id=contract.customer_id, month=month)
            for contract in contracts
            if (contract.id, month) not in billed
            and (contract.last_day is None or contract.last_day >= month.first_day)
        ]
        work.append(partial(_invoice_others, month=month))
    return work


def payments_to_record(session: Session, scene: Scene) -> list[Work]:
    """What people pay in the month after an invoice: in full, in part, too much, or not at all."""
    statement = (
        select(Invoice.id, Invoice.number, Invoice.issued_on, Customer.account_number)
        .join(
            Customer,
            (Customer.district_id == Invoice.district_id) & (Customer.id == Invoice.customer_id),
        )
        .order_by(Invoice.issued_on, Invoice.number)
    )
    paid = set(session.scalars(select(Payment.outside_id).where(Payment.outside_id.is_not(None))))
    work: list[Work] = []
    for invoice in session.execute(statement):
        habit = int(invoice.account_number[-3:-1]) % 10
        month = scene.months.index(Month.of(invoice.issued_on))
        if habit == 0 or (habit == 9 and month > 0):
            continue
        outside_id = f"{invoice.issued_on.year}{invoice.number:08d}"
        if outside_id not in paid:
            day = scene.not_later(Month.of(invoice.issued_on).next().first_day + timedelta(days=3 + habit))
            work.append(partial(_pay, invoice_id=invoice.id, habit=habit, outside_id=outside_id, day=day))
    return work


def corrections_to_make(session: Session, scene: Scene) -> list[Work]:
    """A credit note, a refund, a payment that was another's, and a closed month."""
    work: list[Work] = []
    if session.scalar(select(CreditNote.id).limit(1)) is None:
        work.append(partial(_credit, day=scene.months[2].first_day + timedelta(days=11), scene=scene))
    if session.scalar(select(Refund.id).limit(1)) is None:
        work.append(partial(_refund, day=scene.today))
    if session.scalar(select(PaymentReversal.payment_id).limit(1)) is None:
        work.append(partial(_mistake, day=scene.months[2].first_day + timedelta(days=14)))
    enterprise_id = session.scalars(select(Enterprise.id)).one()
    book = ledger.get_book(session, ledger.enterprise_book_id(session, enterprise_id))
    if book.closed_through is None:
        work.append(
            partial(_close, book_id=book.id, month=scene.months[0], today=scene.today),
        )
    return work


def _invoice(session: Session, *, contract_id: UUID, customer_id: UUID, month: Month) -> None:
    enterprise_id = session.scalars(select(Enterprise.id)).one()
    acts = acts_to_bill(session, customer_id=customer_id, enterprise_id=enterprise_id, until=month.last_day)
    invoicing.issue_invoice(
        session,
        enterprise_id,
        customer_id,
        issued_on=month.last_day,
        order_ids=[act.order_id for act in acts],
        contract_id=contract_id,
        period=month,
    )


def _invoice_others(session: Session, *, month: Month) -> None:
    enterprise_id = session.scalars(select(Enterprise.id)).one()
    invoicing.invoice_completed_orders(session, enterprise_id, issued_on=month.last_day)


def _pay(session: Session, *, invoice_id: UUID, habit: int, outside_id: str, day: date) -> None:
    invoice = invoicing.get_invoice(session, invoice_id)
    open_amount = standing_of(session, invoice_id, today=day).open_amount
    if open_amount == ZERO:  # an advance of the month before settled it
        return
    amount, method = open_amount, PaymentMethod.BANK
    if habit == 1:
        amount, method = open_amount.share(1, 2), PaymentMethod.CASH
    elif habit == 2:
        amount = Money(-(-open_amount.tiyn // ROUND_UP.tiyn) * ROUND_UP.tiyn)
    elif habit in {3, 4}:
        method = PaymentMethod.CASH
    elif habit in {5, 6}:
        method = PaymentMethod.CARD
    payments.record_payment(
        session,
        invoice.enterprise_id,
        invoice.customer_id,
        amount=amount,
        method=method,
        received_on=day,
        outside_id=outside_id,
        receipt=_receipt(outside_id, day) if method is PaymentMethod.CASH else None,
    )


def _receipt(number: str, day: date) -> payments.CashReceipt:
    return payments.CashReceipt(number, REGISTER, datetime.combine(day, time(10, 30), ALMATY))


def _credit(session: Session, *, day: date, scene: Scene) -> None:
    """Half of a line is taken off an invoice that was paid in full: what was paid becomes an advance."""
    statement = select(Invoice).where(Invoice.issued_on == scene.months[1].last_day).order_by(Invoice.number)
    for invoice in session.scalars(statement):
        if standing_of(session, invoice.id, today=day).open_amount == ZERO:
            line = invoicing.lines_of(session, invoice.id)[0]
            credit_notes.issue_credit_note(
                session,
                invoice.id,
                issued_on=day,
                reason="Қызмет толық көрсетілген жоқ",
                amounts={line.id: line.total.share(1, 2)},
            )
            return


def _refund(session: Session, *, day: date) -> None:
    """One of those who paid too much asks for a thousand tenge back."""
    advance = session.scalars(
        select(Advance).where(Advance.open_amount >= Money.tenge(1_000)).order_by(Advance.payment_id)
    ).first()
    if advance is not None:
        payments.refund(
            session,
            advance.payment_id,
            amount=Money.tenge(1_000),
            method=PaymentMethod.BANK,
            refunded_on=day,
            reason="Төлеушінің өтініші бойынша",
        )


def _mistake(session: Session, *, day: date) -> None:
    """A transfer is put down to the wrong customer, and reversed two days later."""
    enterprise_id = session.scalars(select(Enterprise.id)).one()
    debtor = session.scalars(
        select(Invoice.customer_id).order_by(Invoice.issued_on, Invoice.number).limit(1)
    ).one()
    payment_id = payments.record_payment(
        session,
        enterprise_id,
        debtor,
        amount=WRONG_SUM,
        method=PaymentMethod.BANK,
        received_on=day,
        outside_id=MISTAKE,
    )
    payments.reverse_payment(
        session,
        payment_id,
        reversed_on=day + timedelta(days=2),
        reason="Төлем басқа тұрғынға тиесілі",
    )


def _close(session: Session, *, book_id: UUID, month: Month, today: date) -> None:
    closing.close_month(session, book_id, month, today=today)

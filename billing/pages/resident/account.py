"""A customer's account as he sees it himself: debt, papers, where his money went, and how to pay.

``account_facts`` fills ``resident/account_part.html`` and ``paper_answer`` hands papers out, both for one
customer: whoever let the reader in, by a link or a log-in, has said which.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.budget.models import BudgetCode
from billing.budget.plan import codes_of_year
from billing.customers.models import Customer
from billing.districts.cash_desks import list_cash_desks, week_of
from billing.districts.models import BankAccount, CashDesk, Enterprise
from billing.invoicing.models import CreditNote, Invoice
from billing.invoicing.standing import Standing, list_invoices
from billing.kernel.db import district_of
from billing.kernel.errors import NotFound
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import Page, PageRequest
from billing.pages import desk
from billing.pages.forms import filters
from billing.payments.documents import receipt_number, render_receipt
from billing.payments.explanation import read_steps, sentences
from billing.payments.models import Payment
from billing.payments.papers import PaperKind
from billing.payments.providers.models import Provider
from billing.payments.providers.service import list_providers, masked_name, pay_link_of
from billing.payments.service import list_payments
from billing.payments.standing import Balance, PaymentStanding, balance_of, standings_of
from billing.payments.trail import TrailStep, trails_of
from billing.web.fields import Schema, TextField
from billing.web.files import PDF, file_answer
from billing.web.language import reader_language

ON_A_PAGE = 10

PaperAddress = Callable[[PaperKind, UUID], str]


class AccountPages(Schema):
    """Which page of each list is shown."""

    invoices = TextField(500)
    payments = TextField(500)


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a payment on its way; ``code`` is None where the year's classification has lost it."""

    trail: TrailStep
    code: BudgetCode | None


@dataclass(frozen=True, slots=True)
class Story:
    """A payment, why it was divided so, and where its money went.

    Attributes:
        receipt: its number.
    """

    standing: PaymentStanding
    receipt: str
    why: Sequence[str]
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Way:
    """How to pay an enterprise.

    Attributes:
        to_pay: everything that is open and the customer may pay, for himself or for others.
        links: providers' own pages with account and sum filled in.
        bank: None where nobody said which account takes payments.
        knp: the payment's code, as on the latest invoice shown; None where none is.
        cash_desks: that are in use.
    """

    enterprise: Enterprise
    to_pay: Money
    links: Sequence[tuple[Provider, str]]
    bank: BankAccount | None
    knp: str | None
    cash_desks: Sequence[CashDesk]


def account_facts(session: Session, customer: Customer, *, day: date, paper: PaperAddress) -> dict[str, Any]:
    """What the account's page says; its number of queries does not grow with what is listed.

    Args:
        paper: where an invoice, credit note or receipt is downloaded.
    """
    wanted = filters(AccountPages).values
    balance = balance_of(session, customer.id, today=day)
    invoices = list_invoices(
        session, PageRequest(wanted.get("invoices"), ON_A_PAGE), today=day, customer_id=customer.id
    )
    payments = list_payments(session, PageRequest(wanted.get("payments"), ON_A_PAGE), customer_id=customer.id)
    return {
        "account_number": customer.account_number,
        "masked_name": masked_name(customer),
        "day": day,
        "balance": balance,
        "ways": _ways(session, customer, balance, invoices.items),
        "invoices": invoices,
        "notes": _notes(session, invoices.items),
        "payments": Page(_stories(session, payments.items), payments.next_cursor),
        "paper": paper,
        "kinds": PaperKind,
        "week_of": week_of,
    }


def paper_answer(session: Session, customer: Customer, kind: PaperKind, paper_id: UUID) -> Response:
    """A paper of this customer's, as it was archived; a receipt is drawn from what was frozen with it.

    Raises:
        NotFound: there is none such, or it is somebody else's.
    """
    if kind is PaperKind.RECEIPT:
        payment = _own(session, Payment, customer, paper_id)
        return file_answer(render_receipt(session, payment), PDF, f"receipt-{receipt_number(payment)}.pdf")
    table, archived = {
        PaperKind.INVOICE: (Invoice, DocumentKind.INVOICE),
        PaperKind.CREDIT_NOTE: (CreditNote, DocumentKind.CREDIT_NOTE),
    }[kind]
    document, content = fetch(session, archived, _own(session, table, customer, paper_id).id)
    return file_answer(content, PDF, document.file_name)


def _own(session: Session, table: Any, customer: Customer, paper_id: UUID) -> Any:
    found = session.get(table, (district_of(session), paper_id))
    if found is None or found.customer_id != customer.id:
        raise NotFound(kind=table.__tablename__, id=paper_id)
    return found


def _notes(session: Session, standings: Sequence[Standing]) -> dict[UUID, list[CreditNote]]:
    ids = [standing.invoice.id for standing in standings]
    notes: dict[UUID, list[CreditNote]] = defaultdict(list)
    for note in session.scalars(
        select(CreditNote).where(CreditNote.invoice_id.in_(ids)).order_by(CreditNote.issued_on, CreditNote.id)
    ):
        notes[note.invoice_id].append(note)
    return notes


def _stories(session: Session, payments: Sequence[Payment]) -> list[Story]:
    trails = trails_of(session, [payment.id for payment in payments])
    codes = _codes(session, [step for trail in trails.values() for step in trail])
    return [
        Story(
            standing=standing,
            receipt=receipt_number(payment),
            why=_why(payment),
            steps=[
                Step(step, codes.get((step.month.year, step.code)) if step.month and step.code else None)
                for step in trails[payment.id]
            ],
        )
        for payment, standing in zip(payments, standings_of(session, payments), strict=True)
    ]


def _codes(session: Session, steps: Sequence[TrailStep]) -> dict[tuple[int, str], BudgetCode]:
    by_year: dict[int, set[str]] = defaultdict(set)
    for step in steps:
        if step.month is not None and step.code is not None:
            by_year[step.month.year].add(step.code)
    return {
        (year, code.code): code
        for year, wanted in by_year.items()
        for code in codes_of_year(session, year, wanted)
    }


def _why(payment: Payment) -> list[str]:
    steps = read_steps(payment.explanation)
    rest = payment.amount
    for step in steps:
        rest -= step.allocated
    return sentences(steps, rest, reader_language())


def _ways(
    session: Session, customer: Customer, balance: Balance, latest_first: Sequence[Standing]
) -> list[Way]:
    to_pay: dict[UUID, Money] = defaultdict(lambda: ZERO)
    for invoice in balance.invoices:
        to_pay[invoice.enterprise_id] += invoice.open_amount
    banks = {
        bank.enterprise_id: bank
        for bank in session.scalars(select(BankAccount).where(BankAccount.is_primary))
    }
    links: dict[UUID, list[tuple[Provider, str]]] = defaultdict(list)
    for provider in list_providers(session, desk.ALL, is_open=True).items:
        sum_ = min(to_pay[provider.enterprise_id], provider.sum_max)
        link = pay_link_of(provider, customer.account_number, sum_)
        if link is not None and sum_ > ZERO:
            links[provider.enterprise_id].append((provider, link))
    cash_desks: dict[UUID, list[CashDesk]] = defaultdict(list)
    for cash_desk in list_cash_desks(session, desk.ALL, is_open=True).items:
        cash_desks[cash_desk.enterprise_id].append(cash_desk)
    knps = {each.invoice.enterprise_id: each.invoice.facts["knp"] for each in reversed(latest_first)}
    return [
        Way(
            enterprise=each,
            to_pay=to_pay[each.id],
            links=links[each.id],
            bank=banks.get(each.id),
            knp=knps.get(each.id),
            cash_desks=cash_desks[each.id],
        )
        for each in desk.enterprises()
    ]

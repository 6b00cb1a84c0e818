"""A desk with its bank account, and rows of money that residents sent to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.districts.models import BankAccount, Enterprise
from billing.invoicing.models import Invoice
from billing.payments.models import Payment
from billing.receivables import service as receivables
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import OpenRow, open_exceptions
from billing.reconciliation.matching.decisions import Lesson, Part, decide_payments
from billing.reconciliation.matching.incoming import Incoming
from billing.reconciliation.models import ExceptionKind
from tests.support.bank_rows import Explained, account_of, explained, row, take_in_rows
from tests.support.billing import Desk, make_contract, make_invoice, open_desk
from tests.support.customers import make_customer
from tests.support.identifiers import synthetic_iban

APRIL_12 = date(2026, 4, 12)  # in the term of an invoice of March
APRIL_15 = date(2026, 4, 15)
A_MONTH = "1160.00"
IBAN = synthetic_iban(800)


def came(tenge: str | int = A_MONTH, *, on: date = APRIL_12, **named: str) -> dict[str, Any]:
    """A row of money that came in."""
    return row(tenge, Direction.IN, on=on, **named)


@dataclass(frozen=True)
class Counter:
    """Where residents' money comes in: a desk and its bank account."""

    desk: Desk
    account: BankAccount

    @property
    def session(self) -> Session:
        """The unit of work."""
        return self.desk.session

    @property
    def customer(self) -> Customer:
        """The desk's own customer."""
        return self.desk.customer

    def rows(self, *rows: dict[str, Any]) -> list[OpenRow]:
        """Rows of one statement."""
        return take_in_rows(self.session, self.account, *rows)

    def match(self, rows: Sequence[OpenRow]) -> Mapping[UUID, ExceptionKind]:
        """Let the matcher of incoming rows look at rows; those it leaves wait, as the front door has it."""
        days = [each.booked_on for each in rows]
        incoming = Incoming(self.session, self.account, (min(days), max(days)))
        left = incoming.match(rows, decided_on=APRIL_15).left
        open_exceptions(self.session, left, opened_on=APRIL_15)
        return left

    def left(self, *rows: dict[str, Any]) -> list[ExceptionKind | None]:
        """Take rows in and match them; why each was left, None for a booked one."""
        taken = self.rows(*rows)
        kinds = self.match(taken)
        return [kinds.get(each.id) for each in taken]

    def explained(self, taken: OpenRow) -> Explained | None:
        """What a row was found to be."""
        return explained(self.session, taken)

    def payments(self) -> list[Payment]:
        """All payments, in the order of their days."""
        return list(self.session.scalars(select(Payment).order_by(Payment.received_on, Payment.id)))

    def another(self, serial: int, **details: Any) -> tuple[Customer, Invoice]:
        """Another customer, with an invoice of March."""
        customer = make_customer(self.session, serial, **details)
        return customer, self.bill(customer)

    def bill(self, customer: Customer, quantity: str = "2") -> Invoice:
        """An invoice of March for a customer."""
        contract = make_contract(self.session, self.desk.enterprise, customer, (self.desk.service, quantity))
        return make_invoice(self.session, contract)

    def debt(self, customer: Customer) -> str:
        """What a customer owes, in tenge."""
        return str(receivables.debt_of(self.session, self.desk.enterprise.id, customer.id))


def open_counter(session: Session, **options: Any) -> Counter:
    """A desk with its bank account; nothing is owed and nothing has come in."""
    desk = open_desk(session, **options)
    return Counter(desk, account_of(session, desk.enterprise))


def leave_rows(session: Session, enterprise: Enterprise, customer: Customer) -> None:
    """Some rows that wait, one that a person decided about, and the rule he made of it."""
    account = account_of(session, enterprise)
    *waiting, decided = take_in_rows(
        session, account, *(came(n, counterparty_iban=IBAN) for n in range(1, 8))
    )
    kinds = {each.id: ExceptionKind.UNKNOWN_PAYER for each in waiting}
    open_exceptions(session, kinds, opened_on=APRIL_15)
    part = Part(customer.id, decided.amount)
    lesson = Lesson(iban=True)
    decide_payments(session, [decided.id], [part], decided_on=APRIL_15, why="тест", lesson=lesson)

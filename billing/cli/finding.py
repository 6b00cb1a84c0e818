"""Finds what people name on the command line: enterprises, customers, invoices, payments, orders."""

import re
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers.models import Contract, Customer
from billing.customers.service import find_customer
from billing.districts.models import BankAccount, Enterprise
from billing.invoicing.models import Invoice
from billing.kernel.cells import read_identifier
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.identifiers import check_account_number, mask_iin
from billing.ledger.chart import WORKERS
from billing.orders.models import ServiceOrder
from billing.payments.models import Payment
from billing.workforce.models import Contractor, Worker

_NUMBER = re.compile(r"(\d{1,9})/(\d{4})", re.ASCII)


class EnterpriseUnclear(InvalidInput):
    """The district has several enterprises: the BIN must say which. Facts: ``enterprises``."""

    code = "enterprise_unclear"


class BankAccountUnclear(InvalidInput):
    """The district has several bank accounts: the IBAN must say which. Facts: ``accounts``."""

    code = "bank_account_unclear"


class NotANumber(InvalidInput):
    """Documents are named by number and year, ``12/2026``. Facts: ``value``."""

    code = "not_a_document_number"


def enterprise_of(session: Session, bin_: str | None) -> Enterprise:
    """The district's enterprise with this BIN; its only one where none is given.

    Raises:
        NotFound: no such enterprise, or none at all.
        EnterpriseUnclear: there are several.
    """
    known = list(session.scalars(select(Enterprise).order_by(Enterprise.id)))
    if bin_ is not None:
        known = [enterprise for enterprise in known if enterprise.bin == bin_.strip()]
    if not known:
        raise NotFound(kind="enterprise", id=bin_ or "")
    if len(known) > 1:
        raise EnterpriseUnclear(enterprises=[f"{each.bin} {each.name_ru}" for each in known])
    return known[0]


def bank_account_of(session: Session, iban: str | None) -> BankAccount:
    """The district's bank account with this IBAN; its only one where none is given.

    Raises:
        NotFound: no such account, or none at all.
        BankAccountUnclear: there are several.
    """
    known = list(session.scalars(select(BankAccount).order_by(BankAccount.id)))
    if iban is not None:
        wanted = "".join(iban.split()).upper()
        known = [account for account in known if account.iban == wanted]
    if not known:
        raise NotFound(kind="bank_account", id=iban or "")
    if len(known) > 1:
        raise BankAccountUnclear(accounts=[account.iban for account in known])
    return known[0]


def customer_of(session: Session, number: str) -> Customer:
    """The customer with this personal account number, IIN or BIN.

    Raises:
        NotFound: nobody has it; it is masked in the facts.
    """
    for find in (_by_account_number, _by_iin_or_bin):
        if (customer := find(session, number)) is not None:
            return customer
    raise NotFound(kind="customer", id=mask_iin(number))


def contract_of(session: Session, enterprise_id: UUID, customer_id: UUID, number: str | None) -> Contract:
    """A customer's contract with this number; his only one where none is given.

    Raises:
        NotFound: none, or several and none named.
    """
    statement = select(Contract).where(
        Contract.enterprise_id == enterprise_id, Contract.customer_id == customer_id
    )
    if number is not None:
        statement = statement.where(Contract.number == number)
    found = list(session.scalars(statement))
    if len(found) != 1:
        raise NotFound(kind="contract", id=number or "")
    return found[0]


def invoice_of(session: Session, enterprise_id: UUID, number: str) -> Invoice:
    """The invoice with this number and year, ``12/2026``.

    Raises:
        NotANumber: not written so.
        NotFound: no such invoice.
    """
    serial, year = _numbered(number)
    invoice = session.scalar(
        select(Invoice).where(
            Invoice.enterprise_id == enterprise_id, Invoice.year == year, Invoice.number == serial
        )
    )
    if invoice is None:
        raise NotFound(kind="invoice", id=number)
    return invoice


def order_of(session: Session, enterprise_id: UUID, number: str) -> ServiceOrder:
    """The order with this number and year, ``12/2026``.

    Raises:
        NotANumber: not written so.
        NotFound: no such order.
    """
    serial, year = _numbered(number)
    order = session.scalar(
        select(ServiceOrder).where(
            ServiceOrder.enterprise_id == enterprise_id,
            ServiceOrder.year == year,
            ServiceOrder.number == serial,
        )
    )
    if order is None:
        raise NotFound(kind="service_order", id=number)
    return order


def payment_of(session: Session, payment_id: str) -> Payment:
    """The payment with this id, as lists of payments show it.

    Raises:
        NotFound: no such payment.
    """
    wanted = payment_id.strip().lower()
    try:
        found = session.scalars(select(Payment).where(Payment.id == UUID(wanted))).all()
    except ValueError:
        found = []
    if len(found) != 1:
        raise NotFound(kind="payment", id=payment_id)
    return found[0]


def party_of(session: Session, account: str, number: str) -> UUID:
    """The worker of that IIN on 3350; elsewhere the contractor of that BIN.

    Raises:
        NotFound: nobody has it; it is masked in the facts.
    """
    wanted = number.strip()
    if account == WORKERS:
        found, kind = session.scalar(select(Worker.id).where(Worker.iin == wanted)), "worker"
    else:
        found, kind = session.scalar(select(Contractor.id).where(Contractor.bin == wanted)), "contractor"
    if found is None:
        raise NotFound(kind=kind, id=mask_iin(number))
    return found


def _by_account_number(session: Session, number: str) -> Customer | None:
    try:
        return find_customer(session, account_number=check_account_number(number))
    except InvalidInput:
        return None


def _by_iin_or_bin(session: Session, number: str) -> Customer | None:
    try:
        return find_customer(session, iin_bin=read_identifier(number))
    except InvalidInput:
        return None


def _numbered(text: str) -> tuple[int, int]:
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise NotANumber(value=text[:40])
    return int(match[1]), int(match[2])

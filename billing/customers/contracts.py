"""Contracts for services: signed, prolonged, ended, and what an ended one no longer allows."""

from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billing.customers.models import Contract, Customer
from billing.customers.refusals import (
    ContractAlreadyEnded,
    ContractEnded,
    ContractNotStarted,
    CustomerInactive,
)
from billing.districts.models import Enterprise
from billing.districts.numbering import contract_number
from billing.kernel.checks import check_range, line
from billing.kernel.db import district_of
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import check_version, get_row

SORTS: Sorts = {
    "-signed_on": [Contract.signed_on, Contract.id],
    "number": [Contract.number, Contract.id],
    "id": [Contract.id],
}


def sign_contract(
    session: Session,
    enterprise_id: UUID,
    customer_id: UUID,
    *,
    signed_on: date,
    starts_on: date,
    ends_on: date | None = None,
    number: str | None = None,
) -> Contract:
    """Record a contract between the enterprise and a customer.

    Args:
        ends_on: the last day of the agreed term; None runs until it is ended.
        number: as the paper has it; the next one of the year of signing (``7/2026``) if not given.

    Raises:
        NotFound: no such enterprise or customer.
        CustomerInactive: the customer was taken off the books.
        InvalidText, EndsBeforeStart: a value of the wrong form.
        AlreadyExists: the enterprise has a contract with this number.
    """
    enterprise = get_row(session, Enterprise, enterprise_id, kind="enterprise")
    customer = get_row(session, Customer, customer_id, kind="customer", lock=True)
    if not customer.is_active:
        raise CustomerInactive(customer=customer.account_number)
    check_range(starts_on, ends_on, field="ends_on")
    contract = Contract(
        district_id=district_of(session),
        enterprise_id=enterprise.id,
        customer_id=customer.id,
        number=contract_number(session, Contract, enterprise.id, number, signed_on.year, kind="contract"),
        signed_on=signed_on,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    session.add(contract)
    session.flush()
    return contract


def prolong_contract(
    session: Session, contract_id: UUID, *, ends_on: date | None, version: int | None
) -> Contract:
    """Agree on another last day of the term, later or earlier; None runs until the contract is ended.

    Raises:
        NotFound, StaleVersion: no such contract, or somebody edited it meanwhile.
        ContractAlreadyEnded: it was ended before its term; a new one is to be signed.
        EndsBeforeStart: the last day lies before the first.
    """
    contract = get_contract(session, contract_id, lock=True)
    check_version(contract, version, kind="contract")
    if contract.ended_on is not None:
        raise ContractAlreadyEnded(contract=contract.number, ended_on=contract.ended_on)
    check_range(contract.starts_on, ends_on, field="ends_on")
    contract.ends_on = ends_on
    session.flush()
    return contract


def end_contract(
    session: Session, contract_id: UUID, *, on: date, reason: str, version: int | None = None
) -> Contract:
    """End a contract before its term. After that day it allows no charges and no orders.

    Args:
        on: the last day on which it holds; work of that day and before is still billed.

    Raises:
        NotFound, StaleVersion: no such contract, or somebody edited it meanwhile.
        ContractAlreadyEnded: it was ended before.
        ContractEnded: its term is over by then anyway.
        InvalidText, EndsBeforeStart: a value of the wrong form.
    """
    contract = get_contract(session, contract_id, lock=True)
    check_version(contract, version, kind="contract")
    if contract.ended_on is not None:
        raise ContractAlreadyEnded(contract=contract.number, ended_on=contract.ended_on)
    reason = line(reason, field="reason", length_max=300)
    check_range(contract.starts_on, on, field="on")
    if contract.ends_on is not None and on > contract.ends_on:
        raise ContractEnded(contract=contract.number, day=on, last_day=contract.ends_on)
    contract.ended_on, contract.end_reason = on, reason
    session.flush()
    return contract


def check_contract_allows(contract: Contract, day: date) -> None:
    """Refuse what a contract does not cover: a charge from, or an order for, a day outside its term.

    Raises:
        ContractNotStarted: the day lies before the term.
        ContractEnded: the day lies after the last day, whether agreed or by an early end.
    """
    if day < contract.starts_on:
        raise ContractNotStarted(contract=contract.number, day=day, starts_on=contract.starts_on)
    if contract.last_day is not None and day > contract.last_day:
        raise ContractEnded(contract=contract.number, day=day, last_day=contract.last_day)


def get_contract(session: Session, contract_id: UUID, lock: bool = False) -> Contract:
    """The contract with this id; ``lock`` holds its row until the end of the transaction.

    Raises:
        NotFound: no such contract in the district.
    """
    return get_row(session, Contract, contract_id, kind="contract", lock=lock)


def find_contract(session: Session, enterprise_id: UUID, number: str) -> Contract | None:
    """The enterprise's contract with this number; None if there is none."""
    return session.scalar(
        select(Contract).where(Contract.enterprise_id == enterprise_id, Contract.number == number)
    )


def list_contracts(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    customer_id: UUID | None = None,
    enterprise_id: UUID | None = None,
    number: str | None = None,
    holds_on: date | None = None,
) -> Page[Contract]:
    """Contracts, the last signed first, in pages.

    Args:
        number: its beginning.
        holds_on: only those whose term covers this day.
    """
    statement = select(Contract)
    if customer_id is not None:
        statement = statement.where(Contract.customer_id == customer_id)
    if enterprise_id is not None:
        statement = statement.where(Contract.enterprise_id == enterprise_id)
    if number:
        statement = statement.where(Contract.number.startswith(number, autoescape=True))
    if holds_on is not None:
        statement = statement.where(
            Contract.starts_on <= holds_on,
            or_(Contract.ends_on.is_(None), Contract.ends_on >= holds_on),
            or_(Contract.ended_on.is_(None), Contract.ended_on >= holds_on),
        )
    return page_of(session, statement, SORTS, page)

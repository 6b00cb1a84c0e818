"""Customers log in by their personal account and a code that is printed once, with the contract."""

import secrets
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.access.attempts import (
    Guessed,
    count_attempt,
    forget_attempts,
    network_of,
    take_attempt_back,
)
from billing.access.passwords import hash_code, is_password
from billing.access.service import region_wide
from billing.customers.contracts import check_contract_allows, get_contract
from billing.customers.models import AccessCode, Customer
from billing.customers.refusals import CustomerInactive
from billing.districts.models import District
from billing.kernel.db import actor_of, district_of, scope
from billing.kernel.errors import InvalidInput, StaleVersion
from billing.kernel.identifiers import check_account_number
from billing.kernel.rows import get_row

# Digits only, because they are typed on phones of every language; ten of them cannot be guessed.
CODE_DIGITS = 10
ATTEMPTS_AT_ACCOUNT_MAX = 5
# Villages share few addresses: a mobile operator's thousands of phones come from one.
ATTEMPTS_FROM_ADDRESS_MAX = 50


def make_access_code(
    session: Session, contract_id: UUID, *, on: date, at: datetime, version: int | None = None
) -> str:
    """Make the code that is handed over with a contract, in place of any that the customer has.

    An earlier code opens no more, and ends the log-ins that were made with it.

    Args:
        on: today; an ended contract gives nobody a code.
        version: of the code that is replaced as it was read, 0 for none; None replaces whatever there is.

    Returns:
        The code, at the only moment it is known.

    Raises:
        NotFound: no such contract.
        ContractEnded: so it has.
        CustomerInactive: the customer was taken off the books.
        StaleVersion: somebody made another code meanwhile.
    """
    contract = get_contract(session, contract_id)
    check_contract_allows(contract, max(on, contract.starts_on))
    # Held, so that two clerks never hand over two codes of which one opens.
    customer = get_row(session, Customer, contract.customer_id, kind="customer", lock=True)
    if not customer.is_active:
        raise CustomerInactive(customer=customer.account_number)
    known = find_access_code(session, customer.id)
    if version is not None and version != (known.version if known else 0):
        raise StaleVersion(kind="access_code", id=customer.id, version=known.version if known else 0)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    if known is None:
        known = AccessCode(district_id=district_of(session), customer_id=customer.id)
        session.add(known)
    known.code_hash, known.made_by, known.made_at = hash_code(code), actor_of(session), at
    session.flush()
    return code


def find_access_code(session: Session, customer_id: UUID) -> AccessCode | None:
    """The code of a customer, as its hash; None where nobody made one."""
    statement = select(AccessCode).where(AccessCode.customer_id == customer_id)
    return session.scalar(statement.execution_options(populate_existing=True))


def log_in(
    session: Session, account_number: str, code: str, *, address: str, at: datetime
) -> Customer | None:
    """The customer with this personal account and code; the session then works in his district.

    None: no such account, another code, or taken off the books; which, nobody learns, not even by the time
    it takes. That is an answer and no refusal, because the attempt is to stay counted.

    Args:
        account_number: as it was typed.
        code: as it was typed, with or without blanks.
        address: where the attempt comes from.

    Raises:
        TooManyAttempts: too many guesses at this account or from this address.
    """
    from_there = Guessed(f"address {network_of(address)}", ATTEMPTS_FROM_ADDRESS_MAX)
    try:
        number = check_account_number(account_number)
    except InvalidInput:
        # Counted as well, and compared with nothing, as for an account that is not there.
        count_attempt(session, from_there, at=at)
        is_password(code, None)
        return None
    account = Guessed(f"account {number}", ATTEMPTS_AT_ACCOUNT_MAX)
    count_attempt(session, from_there, account, at=at)
    customer = _whose(session, number, "".join(code.split()))
    if customer is None:
        return None
    take_attempt_back(session, from_there)
    forget_attempts(session, account)
    scope(session, customer.district_id)
    return customer


def find_logged_in(session: Session, customer_id: UUID) -> tuple[Customer, AccessCode] | None:
    """A customer of the session's district and his code; None once he is off the books or has no code."""
    row = session.execute(
        select(Customer, AccessCode)
        .join(
            AccessCode,
            (AccessCode.district_id == Customer.district_id) & (AccessCode.customer_id == Customer.id),
        )
        .where(Customer.id == customer_id, Customer.is_active)
    ).one_or_none()
    return None if row is None else (row.Customer, row.AccessCode)


def _whose(session: Session, number: str, code: str) -> Customer | None:
    # The number begins with the district's place, so there is one such account at most, unless the
    # classifier gave a place's number anew.
    with region_wide(session):
        found = session.execute(
            select(Customer, AccessCode.code_hash)
            .join(
                AccessCode,
                (AccessCode.district_id == Customer.district_id) & (AccessCode.customer_id == Customer.id),
            )
            .where(
                Customer.district_id.in_(select(District.id)),
                Customer.account_number == number,
                Customer.is_active,
            )
            .order_by(Customer.district_id)
        ).all()
    if not found:
        is_password(code, None)  # takes as long
    return next((row.Customer for row in found if is_password(code, row.code_hash)), None)

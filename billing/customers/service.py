"""Customers and their personal accounts; contracts, charges and benefits too are under this one name."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, column, or_, select, table
from sqlalchemy.orm import Session

from billing.catalog.models import PayerCategory
from billing.customers.access_codes import find_access_code, find_logged_in, log_in, make_access_code
from billing.customers.benefits import (
    benefit_on,
    benefits_on,
    end_grant,
    get_grant,
    grant_benefit,
    list_grants,
)
from billing.customers.charges import ChargeDue, add_charge, charges_due, end_charge, get_charge, list_charges
from billing.customers.contracts import (
    check_contract_allows,
    end_contract,
    find_contract,
    get_contract,
    list_contracts,
    prolong_contract,
    sign_contract,
)
from billing.customers.duplicates import Likeness, find_duplicates
from billing.customers.locks import hold_customers, lock_customers
from billing.customers.mailboxes import bounce_of, trust_mailbox
from billing.customers.models import Contract, Customer
from billing.customers.refusals import (
    ContractEnded,
    CustomerHasContracts,
    CustomerHasDebt,
    CustomerInactive,
    CustomerPaysForOthers,
    PayerChain,
)
from billing.districts.numbering import lock_district, take_account_serials
from billing.districts.places import get_place
from billing.districts.service import current_district
from billing.kernel.alphabet import fold, sort_key_kk
from billing.kernel.cells import MissingValue
from billing.kernel.checks import at_field, email_or_none, line, optional_line
from billing.kernel.columns import MoneyType, money_sum
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists, InvalidInput
from billing.kernel.identifiers import (
    check_account_number,
    check_iin,
    check_iin_or_bin,
    check_phone,
    is_bin,
    is_iin,
    make_account_number,
    mask_iin,
)
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import check_version, get_row
from billing.kernel.shown import Language

__all__ = [
    "ChargeDue",
    "ContractEnded",
    "CustomerDetails",
    "Likeness",
    "add_charge",
    "benefit_on",
    "benefits_on",
    "bounce_of",
    "charges_due",
    "check_contract_allows",
    "check_customer_active",
    "deactivate_customer",
    "details_of",
    "edit_customer",
    "end_charge",
    "end_contract",
    "end_grant",
    "find_access_code",
    "find_contract",
    "find_customer",
    "find_duplicates",
    "find_logged_in",
    "get_charge",
    "get_contract",
    "get_customer",
    "get_grant",
    "grant_benefit",
    "hold_customers",
    "list_charges",
    "list_contracts",
    "list_customers",
    "list_grants",
    "lock_customer",
    "lock_customers",
    "log_in",
    "make_access_code",
    "prolong_contract",
    "reactivate_customer",
    "register_customer",
    "sign_contract",
    "trust_mailbox",
]

SEARCH_WORDS_MAX = 5
SORTS: Sorts = {
    "name": [Customer.name_sort_key, Customer.id],
    "account_number": [Customer.account_number],
    "id": [Customer.id],
}

# By name: invoices stand above customers, who may not import them.
_RECEIVABLE = table(
    "receivable",
    column("district_id"),
    column("customer_id", Uuid),
    column("open_amount", MoneyType),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDetails:
    """What people write down about a customer; everything of it may be edited.

    Attributes:
        iin_bin: IIN of a resident, BIN of an organisation; None where nobody knows it yet.
        place_code: of the classifier, the village; None where the address is not known.
        language: of papers and notices.
        invoices_by_email: invoices are sent as PDF instead of carried round.
        payer_id: another customer, to whom this one's invoices go.
    """

    category: PayerCategory
    name: str
    iin_bin: str | None = None
    place_code: str | None = None
    street: str = ""
    house: str = ""
    flat: str = ""
    language: Language = Language.KK
    phone: str | None = None
    email: str | None = None
    invoices_by_email: bool = False
    payer_id: UUID | None = None


def details_of(customer: Customer) -> CustomerDetails:
    """What is written down about a customer now, to be edited in part."""
    return CustomerDetails(**{field.name: getattr(customer, field.name) for field in fields(CustomerDetails)})


def register_customer(session: Session, details: CustomerDetails) -> Customer:
    """Take on a customer and give him his personal account number: the district's next serial.

    Raises:
        InvalidText, InvalidIIN, InvalidBIN, InvalidPhone, InvalidEmail: a value of the wrong form.
        MissingValue: invoices are to be sent, and no mailbox is given.
        NotFound: no such place or payer.
        AlreadyExists: somebody has this IIN or BIN; the facts ``id`` and ``account_number`` say who.
        PayerChain: the payer has another payer himself.
    """
    # Locked first: two clerks taking on the same person at once must not both find nobody.
    lock_district(session)
    customer = Customer(district_id=district_of(session))
    _describe(session, customer, details)
    district = current_district(session)
    customer.account_number = make_account_number(district.kato_code, take_account_serials(session))
    session.add(customer)
    session.flush()
    return customer


def edit_customer(
    session: Session, customer_id: UUID, details: CustomerDetails, *, version: int | None
) -> Customer:
    """Write a customer's details anew; the account number stays. Issued papers keep what they said.

    Raises:
        NotFound, StaleVersion: no such customer, place or payer, or somebody edited it meanwhile.
        InvalidText, InvalidIIN, InvalidBIN, InvalidPhone, InvalidEmail: a value of the wrong form.
        MissingValue: invoices are to be sent, and no mailbox is given.
        AlreadyExists: somebody else has this IIN or BIN.
        PayerChain: the payer has another payer, or this customer is one.
    """
    lock_district(session)
    customer = lock_customer(session, customer_id)
    check_version(customer, version, kind="customer")
    _describe(session, customer, details)
    session.flush()
    return customer


def deactivate_customer(
    session: Session, customer_id: UUID, *, on: date, version: int | None = None
) -> Customer:
    """Take a customer off the books who has no contract, owes nothing and pays for nobody else.

    Args:
        on: the day of it; contracts that end on it are over.

    Raises:
        NotFound, StaleVersion: no such customer, or somebody edited it meanwhile.
        CustomerHasContracts: contracts go on after the day; they are to be ended first.
        CustomerHasDebt: invoices are open.
        CustomerPaysForOthers: active customers name this one as their payer.
    """
    customer = lock_customer(session, customer_id)
    check_version(customer, version, kind="customer")
    running = select(Contract.number).where(
        Contract.customer_id == customer_id,
        or_(Contract.ends_on.is_(None), Contract.ends_on > on),
        or_(Contract.ended_on.is_(None), Contract.ended_on > on),
    )
    if contracts := session.scalars(running.order_by(Contract.number)).all():
        raise CustomerHasContracts(customer=customer.account_number, contracts=list(contracts))
    debt = session.scalar(
        select(money_sum(_RECEIVABLE.c.open_amount)).where(
            _RECEIVABLE.c.district_id == district_of(session), _RECEIVABLE.c.customer_id == customer_id
        )
    )
    if debt:
        raise CustomerHasDebt(customer=customer.account_number, debt=debt)
    paid_for = select(Customer.account_number).where(Customer.payer_id == customer_id, Customer.is_active)
    if others := session.scalars(paid_for.order_by(Customer.account_number)).all():
        raise CustomerPaysForOthers(customer=customer.account_number, customers=list(others))
    customer.is_active = False
    session.flush()
    return customer


def reactivate_customer(session: Session, customer_id: UUID, *, version: int | None = None) -> Customer:
    """Take a customer back onto the books.

    Raises:
        NotFound, StaleVersion: no such customer, or somebody edited it meanwhile.
        CustomerInactive: who pays for him was taken off meanwhile; the fact names the payer.
    """
    customer = lock_customer(session, customer_id)
    check_version(customer, version, kind="customer")
    if customer.payer_id is not None:
        check_customer_active(session, customer.payer_id)
    customer.is_active = True
    session.flush()
    return customer


def get_customer(session: Session, customer_id: UUID) -> Customer:
    """The customer with this id.

    Raises:
        NotFound: no such customer in the district.
    """
    return get_row(session, Customer, customer_id, kind="customer")


def check_customer_active(session: Session, customer_id: UUID) -> Customer:
    """The customer, if he may sign contracts and order services.

    Raises:
        NotFound: no such customer in the district.
        CustomerInactive: taken off the books.
    """
    customer = get_customer(session, customer_id)
    if not customer.is_active:
        raise CustomerInactive(customer=customer.account_number)
    return customer


def lock_customer(session: Session, customer_id: UUID) -> Customer:
    """The customer, held until the end of the transaction: before any look at what he owes.

    Raises:
        NotFound: no such customer in the district.
    """
    return get_row(session, Customer, customer_id, kind="customer", lock=True)


def find_customer(
    session: Session, *, iin_bin: str | None = None, account_number: str | None = None
) -> Customer | None:
    """The customer with exactly this IIN, BIN or account number; None if nobody has it."""
    statement = select(Customer)
    if iin_bin is not None:
        statement = statement.where(Customer.iin_bin == iin_bin)
    if account_number is not None:
        statement = statement.where(Customer.account_number == account_number)
    assert iin_bin or account_number, "by what?"
    return session.scalar(statement)


def list_customers(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    search: str | None = None,
    category: PayerCategory | None = None,
    place_code: str | None = None,
    payer_id: UUID | None = None,
    active: bool | None = None,
) -> Page[Customer]:
    """Customers in the order of the Kazakh alphabet, in pages.

    Args:
        search: an IIN, BIN or account number in full, or words of name and address, Kazakh letters or not.
    """
    statement: Select[Any] = select(Customer)
    if search:
        statement = _searched(statement, search)
    if category is not None:
        statement = statement.where(Customer.category == category)
    if place_code is not None:
        statement = statement.where(Customer.place_code == place_code)
    if payer_id is not None:
        statement = statement.where(Customer.payer_id == payer_id)
    if active is not None:
        statement = statement.where(Customer.is_active.is_(active))
    return page_of(session, statement, SORTS, page)


def _searched(statement: Select[Any], search: str) -> Select[Any]:
    number = search.strip()
    if is_iin(number) or is_bin(number):
        return statement.where(Customer.iin_bin == number)
    try:
        return statement.where(Customer.account_number == check_account_number(number))
    except InvalidInput:
        pass
    for word in fold(search).split()[:SEARCH_WORDS_MAX]:
        statement = statement.where(
            or_(
                Customer.name_folded.contains(word, autoescape=True),
                Customer.address_folded.contains(word, autoescape=True),
            )
        )
    return statement


def _describe(session: Session, customer: Customer, details: CustomerDetails) -> None:
    # Everything is checked before anything is set: a refused edit leaves the object as it was.
    name = line(details.name, field="name", length_max=300)
    street = optional_line(details.street, field="street", length_max=200)
    house = optional_line(details.house, field="house", length_max=20)
    flat = optional_line(details.flat, field="flat", length_max=20)
    with at_field("phone"):
        phone = check_phone(details.phone) if details.phone else None
    email = email_or_none(details.email)
    if details.invoices_by_email and email is None:
        raise MissingValue(field="email")
    iin_bin = _check_iin_bin(session, customer, details)
    place_code = get_place(session, details.place_code).code if details.place_code else None
    _check_payer(session, customer, details.payer_id)
    customer.category, customer.iin_bin, customer.language = details.category, iin_bin, details.language
    customer.name, customer.name_folded, customer.name_sort_key = name, fold(name), sort_key_kk(name)
    customer.place_code, customer.street, customer.house, customer.flat = place_code, street, house, flat
    customer.address_folded = fold(f"{street} {house} {flat}")
    customer.phone, customer.email, customer.payer_id = phone, email, details.payer_id
    customer.invoices_by_email = details.invoices_by_email


def _check_iin_bin(session: Session, customer: Customer, details: CustomerDetails) -> str | None:
    if not details.iin_bin:
        return None
    with at_field("iin_bin"):
        # A sole entrepreneur is an organisation to us, and has an IIN instead of a BIN.
        check = check_iin if details.category is PayerCategory.RESIDENT else check_iin_or_bin
        iin_bin = check(details.iin_bin)
    holder = find_customer(session, iin_bin=iin_bin)
    if holder is not None and holder.id != customer.id:
        raise AlreadyExists(
            kind="customer",
            field="iin_bin",
            value=mask_iin(iin_bin),
            id=holder.id,
            account_number=holder.account_number,
        )
    return iin_bin


def _check_payer(session: Session, customer: Customer, payer_id: UUID | None) -> None:
    if payer_id is None:
        return
    payer = check_customer_active(session, payer_id)
    pays_for = customer.id and session.scalar(
        select(Customer.id).where(Customer.payer_id == customer.id).limit(1)
    )
    # One step only: otherwise nobody could tell whose debt an invoice is.
    if payer.id == customer.id or payer.payer_id is not None or pays_for:
        raise PayerChain(payer=payer.account_number, field="payer_id")

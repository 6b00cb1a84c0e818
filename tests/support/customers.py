"""Customers and contracts of tests, made through the services."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.catalog.models import PayerCategory
from billing.customers import service as customers
from billing.customers.models import Contract, ContractCharge, Customer
from tests.support.districts import DISTRICT_KATO, LONG_AGO
from tests.support.identifiers import synthetic_bin, synthetic_iin

VILLAGE = f"{DISTRICT_KATO[:6]}100"
ONE = Decimal(1)


def make_customer(session: Session, serial: int = 1, **details: Any) -> Customer:
    """A resident of the village; another serial gives another IIN and house.

    Args:
        details: whatever of ``CustomerDetails`` the test is about.
    """
    dull = {
        "category": PayerCategory.RESIDENT,
        "name": "Тұрғынов Тест Тестұлы",
        "iin_bin": synthetic_iin(serial),
        "place_code": VILLAGE,
        "street": "Достық",
        "house": str(serial),
    }
    return customers.register_customer(session, customers.CustomerDetails(**(dull | details)))


def make_organisation(session: Session, serial: int = 501, **details: Any) -> Customer:
    """An organisation of the village; another serial gives another BIN."""
    dull = {
        "category": PayerCategory.ORGANISATION,
        "name": "«Сынақ» ЖШС",
        "iin_bin": synthetic_bin(serial),
    }
    return make_customer(session, **(dull | details))


def make_contract(
    session: Session,
    enterprise_id: UUID,
    customer_id: UUID,
    *,
    starts_on: date = LONG_AGO,
    ends_on: date | None = None,
    number: str | None = None,
) -> Contract:
    """An open-ended contract, signed on the day it starts."""
    return customers.sign_contract(
        session,
        enterprise_id,
        customer_id,
        signed_on=starts_on,
        starts_on=starts_on,
        ends_on=ends_on,
        number=number,
    )


def make_charge(
    session: Session, contract: Contract, service_id: UUID, *, quantity: Decimal = ONE, **terms: Any
) -> ContractCharge:
    """One unit of a service every month, as long as the contract runs."""
    terms = {"valid_from": contract.starts_on} | terms
    return customers.add_charge(session, contract.id, service_id=service_id, quantity=quantity, **terms)

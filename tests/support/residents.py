"""Residents who log in: a customer with a contract and a code, and his browser."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from billing.customers.models import Contract, Customer
from billing.customers.service import make_access_code
from tests.support.customers import make_contract, make_customer
from tests.support.pages import Desk, Reader
from tests.support.web import TODAY

NOON = datetime(2026, 11, 23, 7, tzinfo=UTC)
ADDRESS = "203.0.113.7"


@dataclass(frozen=True)
class Tenant:
    """A customer who can log in."""

    customer: Customer
    contract: Contract
    code: str


def make_tenant(session: Session, enterprise_id: UUID, serial: int = 1, **details: Any) -> Tenant:
    """A resident with a contract and a code."""
    customer = make_customer(session, serial, **details)
    return give_code(session, enterprise_id, customer)


def give_code(session: Session, enterprise_id: UUID, customer: Customer) -> Tenant:
    """Sign a contract with a customer and hand over the code."""
    contract = make_contract(session, enterprise_id, customer.id)
    code = make_access_code(session, contract.id, on=TODAY, at=NOON)
    return Tenant(customer, contract, code)


def log_in(reader: Reader, account_number: str, code: str) -> TestResponse:
    """Fill in the residents' log-in and send it."""
    return reader.send("/my/login", account=account_number, code=code)


def log_out(reader: Reader) -> TestResponse:
    """Press the button on the resident's own page."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', reader.read("/my/"))
    assert token is not None
    return reader.client.post("/my/logout", data={"csrf_token": token[1]})


def at_home(desk: Desk, tenant: Tenant, language: str = "en") -> Reader:
    """A resident who has logged in by the form."""
    reader = desk.stranger()
    reader.read(f"/my/login?lang={language}")
    answer = log_in(reader, tenant.customer.account_number, tenant.code)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/my/"), answer.text
    return reader

"""A contract to charge services under."""

from datetime import date

import pytest

from tests.support.catalog import make_service
from tests.support.customers import make_contract, make_customer
from tests.support.districts import make_enterprise


@pytest.fixture
def enterprise(session):
    """Who delivers."""
    return make_enterprise(session)


@pytest.fixture
def contract(session, enterprise):
    """A resident's contract from 2026-01-01 on."""
    return make_contract(session, enterprise.id, make_customer(session).id, starts_on=date(2026, 1, 1))


@pytest.fixture
def snow(session, enterprise):
    """Its service, at 1,000 tenge an hour."""
    return make_service(session, enterprise.id, code="SNOW")

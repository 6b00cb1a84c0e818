"""A resident who owes, and providers of both dialects with an open line."""

import pytest

from billing.payments.providers.models import AnswerFormat, ProviderDialect
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID
from tests.support.providers import make_provider, open_line


@pytest.fixture
def desk(app, sessions):
    """A resident who owes 1,160 tenge for March."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        desk.issue()
        return desk


@pytest.fixture
def account(desk):
    """His personal account."""
    return desk.customer.account_number


@pytest.fixture
def line_of(app, sessions, desk):
    """Open a line for a provider of a dialect, with what a test is about in its agreement."""

    def open_for(dialect=ProviderDialect.KASPI, code=None, **options):
        with sessions.begin(DISTRICT_ID) as session:
            provider = make_provider(session, desk.enterprise.id, code or dialect.value, dialect, **options)
        return open_line(app, provider)

    return open_for


@pytest.fixture
def kaspi(line_of):
    """A provider that speaks as Kaspi does, in JSON."""
    return line_of(ProviderDialect.KASPI, answer_format=AnswerFormat.JSON)


@pytest.fixture
def osmp(line_of):
    """A provider that speaks as OSMP does."""
    return line_of(ProviderDialect.OSMP)

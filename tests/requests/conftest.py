"""A resident with an invoice, who asks for something."""

import pytest

from tests.support.billing import open_desk


@pytest.fixture
def here(session):
    """A desk: an enterprise that bills, a service, a customer."""
    return open_desk(session)


@pytest.fixture
def invoice(here):
    """An invoice of his."""
    return here.issue()

"""What everybody who races shares: a desk, and many clients who come to it at once."""

import pytest

from billing.kernel.errors import Refusal
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID
from tests.support.threads import CLIENTS, at_once


@pytest.fixture
def clients(database_kind):
    """How many come at once: 50, on SQLite 8."""
    return CLIENTS[database_kind]


@pytest.fixture
def desk(sessions):
    """A desk whose doings are really committed."""
    with sessions.begin(DISTRICT_ID) as session:
        return open_desk(session)


@pytest.fixture
def together(sessions, clients):
    """Run a piece of work for every client at once: what each did, or the refusal he got.

    Anything that is neither, a deadlock or a broken CHECK, fails the test.
    """

    def run(work):
        def attempt(number):
            try:
                with sessions.begin(DISTRICT_ID) as session:
                    return work(session, number)
            except Refusal as refusal:
                return refusal

        return at_once(clients, attempt)

    return run

"""A resident who pays by card."""

import pytest

from tests.support.card_desk import CardDesk, card_desk


@pytest.fixture
def desk(sessions) -> CardDesk:
    """A resident with an invoice, and a bank that takes cards."""
    with card_desk(sessions) as desk:
        yield desk

"""What most tests of orders begin with."""

import pytest
from sqlalchemy.orm import Session

from billing.orders.models import OrderState, ServiceOrder
from tests.support.orders import Trade, make_order, make_trade


@pytest.fixture
def trade(session: Session) -> Trade:
    """Everything an order needs."""
    return make_trade(session)


@pytest.fixture
def order(session: Session, trade: Trade) -> ServiceOrder:
    """An assigned order of three hours."""
    return make_order(session, trade, state=OrderState.ASSIGNED)

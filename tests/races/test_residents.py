"""Many guess at once, and several clerks make a code at once."""

import pytest
from sqlalchemy import func, select

from billing.access.attempts import TooManyAttempts
from billing.access.models import LogInTally
from billing.customers.access_codes import ATTEMPTS_AT_ACCOUNT_MAX
from billing.customers.models import Customer
from billing.customers.service import find_access_code, log_in, make_access_code
from billing.kernel.errors import StaleVersion
from billing.kernel.ids import new_id
from billing.orders.models import OrderState, ServiceOrder
from billing.requests.models import Outcome, RequestDecision
from billing.requests.refusals import RequestDecided
from billing.requests.service import decide_request
from tests.support.districts import DISTRICT_ID
from tests.support.requests import ask_for_service
from tests.support.residents import NOON, give_code
from tests.support.threads import at_once
from tests.support.web import TODAY


@pytest.fixture
def tenant(sessions, desk):
    """A resident with a code."""
    with sessions.begin(DISTRICT_ID) as session:
        customer = session.get(Customer, (DISTRICT_ID, desk.customer.id))
        return give_code(session, desk.enterprise.id, customer)


def test_who_guess_at_once_guess_no_more_often(sessions, tenant, clients):
    """However many come at the same moment, with connections of their own: five are looked at."""

    def guess(number):
        try:
            with sessions.begin(None) as session:
                address = f"198.51.100.{number}"
                return log_in(session, tenant.customer.account_number, "1", address=address, at=NOON)
        except TooManyAttempts as refusal:
            return refusal

    answers = at_once(clients, guess)

    assert answers.count(None) == ATTEMPTS_AT_ACCOUNT_MAX
    assert sum(isinstance(each, TooManyAttempts) for each in answers) == clients - ATTEMPTS_AT_ACCOUNT_MAX
    with sessions.begin(None) as session:
        assert max(session.scalars(select(LogInTally.attempts))) == ATTEMPTS_AT_ACCOUNT_MAX


def test_log_ins_at_once_are_all_let_in(sessions, tenant):
    """The same resident on two phones behind one address: both are in, and nothing stays counted."""

    def enter(_):
        with sessions.begin(None) as session:
            found = log_in(
                session, tenant.customer.account_number, tenant.code, address="203.0.113.7", at=NOON
            )
            return found and found.id

    assert at_once(2, enter) == [tenant.customer.id] * 2
    with sessions.begin(None) as session:
        assert session.scalars(select(LogInTally.attempts)).all() == [0]


def test_one_slip_is_printed(sessions, tenant, together):
    """Clerks with the same page before them make one code among them, and it opens."""
    answers = together(
        lambda session, _: make_access_code(session, tenant.contract.id, on=TODAY, at=NOON, version=1)
    )

    codes = [each for each in answers if isinstance(each, str)]
    assert len(codes) == 1 and {type(each) for each in answers if each not in codes} == {StaleVersion}
    with sessions.begin(DISTRICT_ID) as session:
        assert find_access_code(session, tenant.customer.id).version == 2
    with sessions.begin(None) as session:
        assert log_in(session, tenant.customer.account_number, codes[0], address="", at=NOON) is not None


@pytest.fixture
def request_id(sessions, desk):
    """A request for a service."""
    with sessions.begin(DISTRICT_ID) as session:
        return ask_for_service(session, desk.customer.id, desk.service.id).id


def test_one_clerk_decides(sessions, request_id, together):
    """Half accept, half decline: one of all wins, and the order follows him."""

    def decide(session, number):
        outcome = Outcome.ACCEPTED if number % 2 else Outcome.DECLINED
        return decide_request(session, request_id, outcome=outcome, words="x", decided_on=TODAY).outcome

    answers = together(decide)

    decided = [each for each in answers if isinstance(each, Outcome)]
    assert len(decided) == 1 and {type(each) for each in answers if each not in decided} == {RequestDecided}
    with sessions.begin(DISTRICT_ID) as session:
        state = session.scalars(select(ServiceOrder.state)).one()
        assert state is (OrderState.CONFIRMED if decided[0] is Outcome.ACCEPTED else OrderState.CANCELLED)
        assert session.scalars(select(RequestDecision.outcome)).all() == decided


def test_one_page_sent_at_once_is_one_request(sessions, desk, together):
    """Impatient fingers take one order."""
    key = new_id()
    answers = together(
        lambda session, _: ask_for_service(session, desk.customer.id, desk.service.id, request_id=key).id
    )

    assert set(answers) == {key}
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(func.count()).select_from(ServiceOrder)) == 1

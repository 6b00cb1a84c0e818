"""A clerk decides: once, with what follows, or with nothing at all."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from billing.kernel.checks import InvalidText
from billing.kernel.errors import NotFound
from billing.kernel.identifiers import InvalidIIN
from billing.kernel.ids import new_id
from billing.orders.models import OrderState, ServiceOrder
from billing.orders.service import cancel_order, confirm_order
from billing.orders.states import OrderNotInState
from billing.outbox.models import EventKind, OutboxEvent
from billing.requests.models import (
    ContactChange,
    ContactField,
    Outcome,
    RequestDecision,
    RequestKind,
    ResidentRequest,
)
from billing.requests.refusals import OutcomeNotForKind, RequestDecided
from billing.requests.service import OUTCOMES, decide_request, list_contact_changes
from tests.support.requests import ask_for_contacts, ask_for_service, report_problem
from tests.support.web import TODAY

TOMORROW = TODAY + timedelta(days=1)


def decide(session, request, outcome, words=""):
    """Decide the day after it came."""
    return decide_request(session, request.id, outcome=outcome, words=words, decided_on=TOMORROW)


def order_of(session, request):
    """The order that waits with a request."""
    return session.get(ServiceOrder, (request.district_id, request.order_id))


def untouched(session, request):
    """Whether nothing was decided and nobody is told."""
    decisions = session.scalar(select(func.count()).select_from(RequestDecision))
    told = session.scalar(select(func.count()).where(OutboxEvent.kind == EventKind.REQUEST_DECIDED))
    return decisions == told == 0


def test_an_accepted_service_is_confirmed(session, here):
    """The draft order goes on its way; one event tells of it."""
    request = ask_for_service(session, here.customer.id, here.service.id)
    decision = decide(session, request, Outcome.ACCEPTED)

    assert order_of(session, request).state is OrderState.CONFIRMED
    assert (decision.outcome, decision.words, decision.decided_on) == (Outcome.ACCEPTED, "", TOMORROW)
    events = select(OutboxEvent.subject_id).where(OutboxEvent.kind == EventKind.REQUEST_DECIDED)
    assert session.scalars(events).all() == [request.id]


def test_a_declined_service_is_cancelled_with_the_reason(session, here):
    """The order keeps the reason as its own."""
    request = ask_for_service(session, here.customer.id, here.service.id)
    decide(session, request, Outcome.DECLINED, "нет техники")

    order = order_of(session, request)
    assert (order.state, order.cancel_reason) == (OrderState.CANCELLED, "нет техники")


def test_an_order_may_be_faster_than_its_request(session, here):
    """Confirmed on its own page, it is accepted as it stands; cancelled there, it can only be declined."""
    confirmed = ask_for_service(session, here.customer.id, here.service.id)
    confirm_order(session, confirmed.order_id)
    decide(session, confirmed, Outcome.ACCEPTED)
    assert order_of(session, confirmed).state is OrderState.CONFIRMED

    cancelled = ask_for_service(session, here.customer.id, here.service.id)
    cancel_order(session, cancelled.order_id, reason="дважды")
    with pytest.raises(OrderNotInState):
        decide(session, cancelled, Outcome.ACCEPTED)
    decide(session, cancelled, Outcome.DECLINED, "нет техники")
    assert order_of(session, cancelled).cancel_reason == "дважды"


def test_a_problem_is_answered(session, here, invoice):
    """In up to two thousand letters, which are kept."""
    request = report_problem(session, here.customer.id, invoice.id)
    assert decide(session, request, Outcome.ANSWERED, "Пересчитаем. " * 100).words.startswith("Пересчитаем.")


def test_accepted_contacts_are_written_and_the_earlier_ones_kept(session, here):
    """What was asked for stands on the card; what stood there before is in the log, the rest is as it was."""
    name, iin = here.customer.name, here.customer.iin_bin
    request = ask_for_contacts(
        session, here.customer, phone="87015550101", email="Aigul@Example.KZ", house="12", street=""
    )
    street = here.customer.street
    decide(session, request, Outcome.ACCEPTED)

    customer = here.customer
    assert (customer.phone, customer.email) == ("+77015550101", "Aigul@example.kz")
    assert (customer.house, customer.street, customer.name, customer.iin_bin) == ("12", "", name, iin)
    changes = list_contact_changes(session, customer_id=customer.id).items
    assert {each.field: (each.before, each.after) for each in changes} == {
        ContactField.PHONE: ("", "+77015550101"),
        ContactField.EMAIL: ("", "Aigul@example.kz"),
        ContactField.HOUSE: ("1", "12"),
        ContactField.STREET: (street, ""),
    }
    assert {(each.request_id, each.changed_on) for each in changes} == {(request.id, TOMORROW)}


def test_a_contact_that_is_known_meanwhile_is_no_change(session, here):
    """Written by a clerk before the request was looked at: the log tells of no change that was none."""
    request = ask_for_contacts(session, here.customer, house="12")
    here.customer.house = "12"
    session.flush()
    decide(session, request, Outcome.ACCEPTED)

    assert session.scalar(select(func.count()).select_from(ContactChange)) == 0


def test_declined_contacts_are_not_written(session, here):
    """The card stays, nothing is logged."""
    request = ask_for_contacts(session, here.customer, house="12")
    decide(session, request, Outcome.DECLINED, "нет такого дома")

    assert here.customer.house == "1"
    assert session.scalar(select(func.count()).select_from(ContactChange)) == 0


def test_contacts_that_cannot_be_written_any_more_decide_nothing(session, here):
    """The card has become wrong meanwhile: accepting is refused as a whole, and the request waits on."""
    request = ask_for_contacts(session, here.customer, house="12")
    here.customer.iin_bin = "123456789012"
    session.flush()
    with pytest.raises(InvalidIIN), session.begin_nested():
        decide(session, request, Outcome.ACCEPTED)

    session.refresh(here.customer)
    assert here.customer.house == "1" and untouched(session, request)


def test_a_request_is_decided_once(session, here):
    """Whoever comes second is told how and when; the first decision stands."""
    request = ask_for_service(session, here.customer.id, here.service.id)
    decide(session, request, Outcome.ACCEPTED)
    with pytest.raises(RequestDecided) as refusal:
        decide(session, request, Outcome.DECLINED, "нет техники")

    assert refusal.value.facts == {"outcome": Outcome.ACCEPTED, "decided_on": TOMORROW}
    assert order_of(session, request).state is OrderState.CONFIRMED


def test_each_kind_has_its_outcomes(session, here, invoice):
    """A problem is answered and nothing else; nobody answers a request for a service in words only."""
    made = {
        RequestKind.SERVICE: ask_for_service(session, here.customer.id, here.service.id),
        RequestKind.PROBLEM: report_problem(session, here.customer.id, invoice.id),
        RequestKind.CONTACTS: ask_for_contacts(session, here.customer, house="12"),
    }
    for kind, request in made.items():
        for outcome in set(Outcome) - set(OUTCOMES[kind]):
            with pytest.raises(OutcomeNotForKind) as refusal:
                decide(session, request, outcome, "x")
            assert refusal.value.facts == {"outcome": outcome, "wanted": OUTCOMES[kind]}
    assert untouched(session, request)


def test_a_refusal_and_an_answer_need_words(session, here, invoice):
    """Nothing, blanks, or too much is refused; the order stays a draft and nobody is told."""
    service = ask_for_service(session, here.customer.id, here.service.id)
    problem = report_problem(session, here.customer.id, invoice.id)
    for request, outcome, words in (
        (service, Outcome.DECLINED, " "),
        (service, Outcome.DECLINED, "x" * 301),
        (service, Outcome.ACCEPTED, "x" * 301),
        (problem, Outcome.ANSWERED, ""),
        (problem, Outcome.ANSWERED, "x" * 2001),
    ):
        with pytest.raises(InvalidText) as refusal:
            decide(session, request, outcome, words)
        assert refusal.value.facts["field"] == "words"

    assert order_of(session, service).state is OrderState.DRAFT and untouched(session, service)


def test_what_is_not_there_is_not_decided(session, here):
    """An unknown id."""
    with pytest.raises(NotFound):
        decide_request(session, new_id(), outcome=Outcome.ACCEPTED, decided_on=TODAY)


@pytest.mark.parametrize("table", [ResidentRequest, RequestDecision, ContactChange])
def test_no_hand_changes_what_was_asked_and_decided(session, here, table):
    """The database refuses to update or delete any of it."""
    request = ask_for_contacts(session, here.customer, house="12")
    decide(session, request, Outcome.ACCEPTED)
    for deed in (update(table).values(district_id=1), delete(table)):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(deed)

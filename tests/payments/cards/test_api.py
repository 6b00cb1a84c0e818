"""Card payments over HTTP: an accountant looks after them, nobody else."""

import pytest

from billing.access.models import Role
from billing.payments.cards.models import CardPaymentState
from tests.support.districts import OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district

API = "/api/v1/card-payments/"


def test_card_payments_are_listed_and_asked_about(office, desk):
    """With what was asked for and what became of it; the next question is put to now."""
    card = desk.begin()
    known = office.get(f"{API}{card.id}").json
    assert known["order_number"] == card.order_number
    assert (known["amount"], known["state"], known["payment_id"]) == ("1160.00", "pending", None)
    assert office.get(API, query_string={"state": "pending"}).json["items"] == [known]
    assert office.get(API, query_string={"state": "paid"}).json["items"] == []
    assert office.get(API, query_string={"order_number": card.order_number}).json["items"] == [known]

    asked = office.post(f"{API}{card.id}/ask")
    assert asked.status_code == 200
    assert asked.json["next_look_at"].startswith("2026-11-23T04:00:0")
    assert desk.seen(card).state is CardPaymentState.PENDING


@pytest.mark.sqlite_only
def test_who_may_look_after_them(office, desk, sessions):
    """Accountants and administrators; other roles, strangers and other districts do not."""
    with sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    card = desk.begin()
    keepers = {Role.ACCOUNTANT, Role.ADMIN}
    for role in Role:
        member, wanted = office.member(role), 200 if role in keepers else 403
        assert member.get(API).status_code == wanted, role
        assert member.get(f"{API}{card.id}").status_code == wanted, role
        assert member.post(f"{API}{card.id}/ask").status_code == wanted, role
    assert office.stranger.get(API).status_code == 401
    foreign = office.member(Role.ACCOUNTANT, login="foreign", district_id=OTHER_DISTRICT_ID)
    assert foreign.get(API).json["items"] == []
    assert foreign.get(f"{API}{card.id}").status_code == 404
    assert foreign.post(f"{API}{card.id}/ask").status_code == 404

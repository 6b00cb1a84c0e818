"""Orders and acts over HTTP: form, roles, statuses, and a whole order's way."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from billing.access.models import Role
from billing.kernel.ids import new_id
from billing.orders.models import OrderState
from tests.support.districts import (
    DISTRICT_ID,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_district,
)
from tests.support.orders import make_order, make_trade

READERS = {Role.CLERK, Role.CASHIER, Role.ACCOUNTANT, Role.AUDITOR, Role.ADMIN}
WRITERS = {Role.CLERK, Role.ACCOUNTANT}


@pytest.fixture
def trade(office):
    """Everything an order needs, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return make_trade(session)


def made(office, trade, **given):
    """An order in some state, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return make_order(session, trade, **given)


def wish(trade, **given):
    """Three hours of snow removal."""
    return {
        "customer_id": str(trade.customer.id),
        "service_id": str(trade.service.id),
        "requested_on": "2026-03-02",
        "quantity": "3",
    } | given


def done(trade, **given):
    """Two and a half hours on the tenth of March, by the worker in two."""
    work = [{"engagement_id": str(trade.engagement.id), "quantity": "2", "unit": "hour"}]
    return {"completed_on": "2026-03-10", "quantity": "2.5", "work": work} | given


def test_an_order_s_way_from_the_wish_to_the_act(office, trade):
    """Taken, confirmed, assigned, completed: each answer says where it stands, and the act can be printed."""
    taken = office.post("/api/v1/orders", json=wish(trade, place="Достық 1"))
    assert taken.status_code == 201
    assert (taken.json["number"], taken.json["state"], taken.json["quantity"]) == (1, "draft", "3")
    assert taken.headers["ETag"] == '"1"'
    own = f"/api/v1/orders/{taken.json['id']}"

    assert office.post(f"{own}/confirm").json["state"] == "confirmed"
    doers = [{"engagement_id": str(trade.engagement.id), "contractor_contract_id": None}]
    assigned = office.post(f"{own}/assign", json={"doers": doers, "planned_on": "2026-03-09"})
    assert (assigned.json["state"], assigned.json["planned_on"]) == ("assigned", "2026-03-09")
    assert office.get(f"{own}/doers").json == {"items": doers}

    act = office.post(f"{own}/complete", json=done(trade))
    assert act.status_code == 201
    assert (act.json["number"], act.json["unit_price"], act.json["amount"]) == (1, "1000.00", "2500.00")
    assert "facts" not in act.json

    order = office.get(own).json
    assert (order["state"], order["completed_on"]) == ("completed", "2026-03-10")
    [work] = office.get(f"{own}/work").json["items"]
    assert (work["rate"], work["cost"], work["quantity"]) == ("1500.00", "3000.00", "2")
    history = office.get(f"{own}/history").json["items"]
    assert [step["to_state"] for step in history] == ["draft", "confirmed", "assigned", "completed"]
    assert all(step["recorded_by"] for step in history)
    assert office.get("/api/v1/acts").json == {"items": [act.json], "next_cursor": None}
    assert office.get(f"/api/v1/acts/{act.json['id']}").json == act.json


def test_an_act_is_printed_as_it_was_archived(office, trade):
    """The PDF has a file name, its hash as ETag, and is not sent again to whoever has it."""
    order = made(office, trade, state=OrderState.ASSIGNED)
    act_id = office.post(f"/api/v1/orders/{order.id}/complete", json=done(trade)).json["id"]

    printed = office.get(f"/api/v1/acts/{act_id}/pdf")
    document = office.get(f"/api/v1/documents/completion_act/{act_id}")
    again = office.get(f"/api/v1/acts/{act_id}/pdf", headers={"If-None-Match": printed.headers["ETag"]})

    assert (printed.status_code, printed.mimetype) == (200, "application/pdf")
    assert 'filename="act-2026-000001.pdf"' in printed.headers["Content-Disposition"]
    assert len(printed.headers["ETag"]) == len('""') + 64
    assert "Есенова Айгүл" in " ".join(page.extract_text() for page in PdfReader(BytesIO(printed.data)).pages)
    assert document.data == printed.data
    assert (again.status_code, again.data) == (304, b"")


def test_the_same_completion_again_gets_the_same_act(office, trade):
    """With its key a repeated request is answered as before; without it the order is completed already."""
    order = made(office, trade, state=OrderState.ASSIGNED)
    path, key = f"/api/v1/orders/{order.id}/complete", {"Idempotency-Key": "tablet-7"}

    first = office.post(path, json=done(trade), headers=key)
    again = office.post(path, json=done(trade), headers=key)
    without = office.post(path, json=done(trade))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert (without.status_code, without.json["code"]) == (422, "order_not_in_state")
    assert without.json["detail"] == "The order is completed; this can be done when it is: assigned."
    assert len(office.get("/api/v1/acts").json["items"]) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"quantity": 3}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "3,5"}, "quantity"),
        ({"requested_on": "02.03.2026"}, "requested_on"),
        ({"planned_on": "2026-03-01"}, "planned_on"),
        ({"customer_id": "1"}, "customer_id"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_input_names_the_field_and_writes_nothing(office, trade, wrong, field):
    """422 says which field is wrong; there is no order."""
    answer = office.post("/api/v1/orders", json=wish(trade, **wrong))

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert office.get("/api/v1/orders").json["items"] == []


def test_a_completion_after_today_is_refused(office, trade):
    """Nobody completes next century's work."""
    order = made(office, trade, state=OrderState.ASSIGNED)

    answer = office.post(f"/api/v1/orders/{order.id}/complete", json=done(trade, completed_on="2199-01-01"))

    assert (answer.status_code, answer.json["code"]) == (422, "completed_in_future")
    assert office.get(f"/api/v1/orders/{order.id}").json["state"] == "assigned"


def test_a_wrong_unit_names_its_place(office, trade):
    """The path leads to the piece of work that is wrong."""
    order = made(office, trade, state=OrderState.ASSIGNED)
    work = [{"engagement_id": str(trade.engagement.id), "quantity": "2", "unit": "trip"}]

    answer = office.post(f"/api/v1/orders/{order.id}/complete", json=done(trade, work=work))

    assert (answer.status_code, answer.json["code"]) == (422, "work_unit_differs")
    assert answer.json["errors"][0]["field"] == "work.0.unit"


def test_an_edit_needs_the_version_it_changes(office, trade):
    """Without If-Match 428, with an old one 412, with the present one the order is written anew."""
    order = made(office, trade)
    own, change = f"/api/v1/orders/{order.id}", {"quantity": "5", "note": "үлкен аула"}

    assert office.put(own, json=change).status_code == 428
    edited = office.put(own, json=change, headers={"If-Match": '"1"'})
    stale = office.put(own, json=change | {"quantity": "6"}, headers={"If-Match": '"1"'})

    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2"')
    assert stale.status_code == 412
    assert office.get(own).json["quantity"] == "5"


def test_orders_are_filtered_and_paged(office, trade):
    """State and dates narrow the list; the cursor goes on."""
    orders = [made(office, trade) for _ in range(3)]
    office.post(f"/api/v1/orders/{orders[1].id}/cancel", json={"reason": "Қажет емес"})

    drafts = office.get("/api/v1/orders?state=draft&sort=number").json["items"]
    first = office.get("/api/v1/orders?limit=2&sort=number").json
    rest = office.get(f"/api/v1/orders?limit=2&sort=number&cursor={first['next_cursor']}").json

    assert [row["number"] for row in drafts] == [1, 3]
    assert [row["number"] for row in [*first["items"], *rest["items"]]] == [1, 2, 3]
    assert rest["next_cursor"] is None
    assert office.get("/api/v1/orders?requested_from=2026-03-03").json["items"] == []


@pytest.mark.parametrize("role", list(Role))
def test_who_may_do_what(office, trade, role):
    """Every member reads orders; only clerk and accountant write; the akim prints no personal data."""
    order = made(office, trade, state=OrderState.ASSIGNED)
    act_id = office.post(f"/api/v1/orders/{order.id}/complete", json=done(trade)).json["id"]
    draft = made(office, trade)
    member = office.member(role)

    assert member.get(f"/api/v1/orders/{draft.id}").status_code == 200
    assert member.get(f"/api/v1/acts/{act_id}").status_code == 200
    printed = [
        member.get(path).status_code
        for path in (f"/api/v1/acts/{act_id}/pdf", f"/api/v1/documents/completion_act/{act_id}")
    ]
    assert printed == ([200, 200] if role in READERS else [403, 403])
    writing = [
        member.post("/api/v1/orders", json=wish(trade)).status_code,
        member.post(f"/api/v1/orders/{draft.id}/confirm").status_code,
    ]
    assert writing == ([201, 200] if role in WRITERS else [403, 403])
    state = office.get(f"/api/v1/orders/{draft.id}").json["state"]
    assert state == ("confirmed" if role in WRITERS else "draft")


def test_strangers_and_neighbours_see_nothing(office, trade):
    """Without a token 401; from another district the order and the act do not exist."""
    order = made(office, trade, state=OrderState.ASSIGNED)
    act_id = office.post(f"/api/v1/orders/{order.id}/complete", json=done(trade)).json["id"]
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    neighbour = office.member(*Role, login="neighbour", district_id=OTHER_DISTRICT_ID)

    paths = [
        f"/api/v1/orders/{order.id}",
        f"/api/v1/acts/{act_id}",
        f"/api/v1/acts/{act_id}/pdf",
        f"/api/v1/documents/completion_act/{act_id}",
    ]
    assert [office.stranger.get(path).status_code for path in paths] == [401] * 4
    assert [neighbour.get(path).status_code for path in paths] == [404] * 4
    assert neighbour.get("/api/v1/orders").json["items"] == []
    assert neighbour.post(f"/api/v1/orders/{order.id}/cancel", json={"reason": "x"}).status_code == 404


def test_what_does_not_exist_is_not_found(office):
    """An unknown order, act or document is 404 with the kind of thing."""
    for path in ("orders", "acts", "documents/invoice"):
        answer = office.get(f"/api/v1/{path}/{new_id()}")
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_nobody_asks_on_a_day_to_come(office, trade):
    """A mistyped year is refused at its field and takes no number of that year; today is right."""
    refused = office.post("/api/v1/orders", json=wish(trade, requested_on="2026-11-24"))
    assert refused.status_code == 422
    assert [(each["field"], each["code"]) for each in refused.json["errors"]] == [
        ("requested_on", "too_large")
    ]
    assert office.get("/api/v1/orders").json["items"] == []

    taken = office.post("/api/v1/orders", json=wish(trade, requested_on="2026-11-23"))
    assert (taken.status_code, taken.json["number"]) == (201, 1)

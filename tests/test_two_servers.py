"""Two web processes and a worker on one database: no request knows which of them answered the one before."""

import re
from time import monotonic

import pytest

from billing.access.models import Role
from tests.support.districts import DISTRICT_ID
from tests.support.pages import Reader
from tests.support.several_servers import several_servers
from tests.support.staff import API, hire, made, read
from tests.support.web import PASSWORD, make_user
from tests.test_journey import live_a_season

RUN_SECONDS_MAX = 60


@pytest.mark.postgresql_only
def test_a_season_passes_between_two_servers(database, sessions, tmp_path):
    """The whole journey, a run and a log-in on top of it: every request at the other server than the last."""
    with several_servers(database.url, tmp_path) as servers:
        staff = hire(servers, sessions)
        enterprise_id = live_a_season(staff)
        bill_may(staff, enterprise_id)
        the_same_key_is_known_everywhere(staff, enterprise_id)
        one_log_in_is_enough(servers, sessions)

    first, second = servers.answered.values()
    assert abs(first - second) <= 1
    assert first > 50


def bill_may(staff, enterprise_id):
    """A run asked for at one server, done by the worker, seen at both: water of two months, hall of one."""
    body = {"enterprise_id": enterprise_id, "period": "2026-05", "issued_on": "2026-05-31"}
    run = made(staff.accountant, "/billing-runs", body, status=202)
    deadline = monotonic() + RUN_SECONDS_MAX
    while run["stage"] != "finished" and monotonic() < deadline:
        run = read(staff.accountant, f"/billing-runs/{run['id']}")
    assert (run["stage"], run["refused"], run["invoices"], run["total"]) == ("finished", 0, 3, "25520.00")
    assert read(staff.accountant, "/verification") == {"is_clean": True, "differences": []}


def the_same_key_is_known_everywhere(staff, enterprise_id):
    """A payment sent again reaches the other server, which answers what the first one did."""
    [customer] = read(staff.cashier, "/customers?limit=1")["items"]
    payment = {
        "enterprise_id": enterprise_id,
        "customer_id": customer["id"],
        "amount": "100.00",
        "method": "bank",
        "received_on": "2026-06-01",
    }
    key = {"Idempotency-Key": "june"}
    once, again = (staff.cashier.post(f"{API}/payments", json=payment, headers=key) for _ in range(2))
    assert (once.status_code, again.status_code) == (201, 201)
    assert once.json == again.json
    assert "Idempotent-Replay" not in once.headers and again.headers["Idempotent-Replay"] == "true"


def one_log_in_is_enough(servers, sessions):
    """The form of one server is taken by the other; who logs in at one is known at both."""
    with sessions.begin(DISTRICT_ID) as session:
        make_user(session, "dana", Role.ACCOUNTANT)
    reader = Reader(servers.test_client())
    entered = reader.send("/login", login="dana", password=PASSWORD)
    assert entered.status_code == 303, entered.text
    for _ in range(2):
        assert re.search("000001", reader.read("/invoices/?lang=en"))

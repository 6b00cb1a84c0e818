"""The accountant puts a provider's batch together in the browser: ticks, sees what it comes to, settles."""

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.payments.models import Payment
from billing.reconciliation.models import SettledPayment, StatementMatch
from tests.support.bank_rows import account_of, take_in_rows
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID
from tests.support.pages import form_of, text_of
from tests.support.provider_money import paid_over, pay_through
from tests.support.providers import make_provider


@pytest.fixture
def batch(sessions):
    """The page of two payments of Monday, 1,000 and 500 tenge, and of the row that pays 1,480 over."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        provider = make_provider(session, desk.enterprise.id, commission_bp=100)
        for tenge in (1000, 500):
            pay_through(desk, tenge)
        [row] = take_in_rows(session, account_of(session, desk.enterprise), paid_over(1480))
        days = "first_day=2026-11-16&last_day=2026-11-16"
        return f"/three-way/{provider.id}/batch?{days}&row={row.id}"


@pytest.fixture
def accountant(desk):
    """An accountant who reads English."""
    return desk.seat(Role.ACCOUNTANT)


def count(sessions, model):
    """How many there are."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def weighed(accountant, page, **typed):
    """What the batch comes to, as the page says it."""
    address, fields = form_of(accountant.read(page), page, "/batch")
    return accountant.client.post(address.replace("/batch", "/batch/weigh"), data=fields | typed)


def test_a_batch_is_weighed_named_and_settled(sessions, batch, accountant):
    """Everything of the day is ticked; 5 tenge too little need a name, and the row says what it was then."""
    answer = weighed(accountant, batch)
    said = text_of(answer.text)
    assert answer.status_code == 200
    assert "Payments less what was given back 1,500.00 KZT" in said
    assert "Commission 15.00 KZT" in said and "Not explained 5.00 KZT" in said
    assert count(sessions, StatementMatch) == 0

    refused = accountant.send_from(answer.text, batch, why="по реестру")
    assert refused.status_code == 422 and 'id="difference_reason-wrong"' in refused.text
    assert (count(sessions, StatementMatch), count(sessions, SettledPayment)) == (0, 0)

    sent = accountant.send_from(refused.text, batch, why="по реестру", difference_reason="округление банка")
    assert sent.status_code == 303
    said = text_of(accountant.read(sent.headers["Location"]))
    assert "по реестру" in said and "округление банка" in said
    assert count(sessions, SettledPayment) == 2
    assert accountant.read(batch).count('type="checkbox"') == 0


def test_another_commission_explains_the_rest(sessions, batch, accountant):
    """20 tenge withheld, as the accountant says: nothing is left to name."""
    assert "Not explained 0.00 KZT" in text_of(weighed(accountant, batch, commission="20").text)
    assert accountant.send(batch, "/batch", commission="20", why="письмо банка").status_code == 303
    assert count(sessions, StatementMatch) == 1


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"row_ids": None}, "row_ids"),
        ({"payment_ids": None}, "payment_ids"),
        ({"commission": "much"}, "commission"),
        ({"why": ""}, "why"),
    ],
)
def test_a_batch_that_lacks_something_is_said_at_its_field(sessions, batch, accountant, typed, field):
    """Nothing ticked, a commission that is none, no reason: said there, and nothing is settled."""
    sent = accountant.send(batch, "/batch", **{"why": "x", "commission": "20"} | typed)
    assert sent.status_code == 422 and f'id="{field}-wrong"' in sent.text
    assert count(sessions, StatementMatch) == 0


@pytest.mark.sqlite_only
def test_nothing_is_ticked_for_who_wants_to_tick_himself(batch, accountant):
    """The link takes all marks of payments off; strange arguments of the address change nothing."""
    page = accountant.read(f"{batch}&ticked=none&provider_id=x&endpoint=y".replace("&row=", "&row=x"))
    assert " checked" not in page and page.count('name="payment_ids"') == 2


def test_the_row_and_the_day_lead_to_the_batch(sessions, batch, accountant):
    """Whoever looks at the waiting row, or at the day, finds the way."""
    row = batch.rpartition("=")[2]
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(Payment)) == 2
    assert batch.replace("&", "&amp;").split("?")[0] in accountant.read(f"/statements/rows/{row}")
    day = batch.split("/batch")[0] + "/2026-11-16"
    assert "/batch?" in accountant.read(day)

"""A month billed to everybody from the browser: tried, started, watched without JavaScript, mended."""

import re
from uuid import UUID

import pytest
from sqlalchemy import select

from billing.access.models import Role
from billing.customers.models import Contract, Customer
from billing.districts.models import BankAccount
from billing.invoicing.runs.service import get_run
from billing.kernel.errors import Refusal
from billing.worker.runs import work_off
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.pages import text_of
from tests.support.season import make_bounce
from tests.support.village import make_village


@pytest.fixture
def village(sessions):
    """Ten contracts, one of them without a price."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_village(session, 10)


def run_id_of(answer):
    """The run that a form led to."""
    return re.search(r"/runs/([0-9a-f-]{36})", answer.headers["Location"])[1]


def work_through(sessions, run_id):
    """What a background worker does."""
    for _ in work_off(sessions, DISTRICT_ID, UUID(run_id)):
        continue


def test_a_month_is_tried_started_and_watched(desk, sessions, village):
    """The trial names sums and the refusal; the run's page offers another look until all is done."""
    clerk = desk.seat(Role.CLERK)
    tried = clerk.send("/runs/new", period="2026-11", trial="1")
    assert tried.status_code == 200
    assert "No tariff is set for service NEW" in text_of(tried.text)

    started = clerk.send("/runs/new", period="2026-11")
    path = f"/runs/{run_id_of(started)}"
    waiting = clerk.read(path)
    assert f'<a class="btn btn-primary" href="{path}">' in waiting  # to look again
    assert "0 of 10 done" in text_of(waiting)
    work_through(sessions, run_id_of(started))

    done = clerk.read(path)
    assert f'btn-primary" href="{path}"' not in done and "10 of 10 done" in text_of(done)
    refused = text_of(clerk.read(f"{path}?outcome=refused"))
    assert "No tariff is set for service NEW" in refused and "№ 000001" not in refused
    assert "№ 000001" in text_of(clerk.read(f"{path}?outcome=billed"))


def test_a_run_that_cannot_go_on_says_why_and_goes_on_when_mended(desk, sessions, village):
    """The bank account went missing: the page says so, and its button lets the run go on."""
    clerk = desk.seat(Role.CLERK)
    run_id = run_id_of(clerk.send("/runs/new", period="2026-11"))
    with sessions.begin(DISTRICT_ID) as session:
        account = session.query(BankAccount).one()
        account.is_primary = False
    with pytest.raises(Refusal):
        work_through(sessions, run_id)

    page = clerk.read(f"/runs/{run_id}")
    assert f'btn-primary" href="/runs/{run_id}"' not in page and 'role="alert"' in page
    with sessions.begin(DISTRICT_ID) as session:
        session.query(BankAccount).one().is_primary = True
    assert clerk.send(f"/runs/{run_id}", action="resume").status_code == 303
    work_through(sessions, run_id)

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert get_run(session, UUID(run_id)).invoices == 7


def test_a_month_to_come_is_refused_at_its_field(desk, sessions, village):
    """Neither tried nor started."""
    clerk = desk.seat(Role.CLERK)
    for trial in ("1", None):
        answer = clerk.send("/runs/new", period="2026-11", issued_on="2026-10-01", trial=trial)
        assert answer.status_code == 422
        assert "November 2026 has not begun" in text_of(answer.text)


def test_a_mailbox_that_bounces_is_shown_and_trusted_again(desk, sessions, village):
    """The run's page counts the ways and leads to the list; the card says why, and its button mends it."""
    with sessions.begin(DISTRICT_ID) as session:
        contract = session.scalars(select(Contract).order_by(Contract.id)).first()
        customer = session.get(Customer, (DISTRICT_ID, contract.customer_id))
        make_bounce(session, customer)
    clerk = desk.seat(Role.CLERK)
    run_id = run_id_of(clerk.send("/runs/new", period="2026-11"))
    work_through(sessions, run_id)

    assert f"/runs/{run_id}/undelivered" in clerk.read(f"/runs/{run_id}")
    assert "mailed=1" not in clerk.read(f"/runs/{run_id}")
    listed = text_of(clerk.read(f"/runs/{run_id}/undelivered"))
    assert customer.name in listed and "550 5.1.1 User unknown" in listed
    card = f"/customers/{customer.id}"
    assert "a letter to this address came back: 550 5.1.1 User unknown" in text_of(clerk.read(card))
    assert clerk.send(card, "trust-mailbox").status_code == 303
    assert "came back" not in text_of(clerk.read(card))
    assert "mailed=1" in clerk.read(f"/runs/{run_id}")
    for query in ("", "?two_up=1", "?mailed=1"):
        assert clerk.get(f"/runs/{run_id}/invoices.pdf{query}").mimetype == "application/pdf"


def test_a_customer_chooses_e_mail_on_his_card(desk, sessions):
    """The tick needs an address; with one it is kept, and stands on the card."""
    with sessions.begin(DISTRICT_ID) as session:
        customer_id = make_customer(session).id
    clerk, form = desk.seat(Role.CLERK), f"/customers/{customer_id}/edit"
    assert clerk.send(form, "edit", invoices_by_email="true").status_code == 422

    assert clerk.send(form, "edit", invoices_by_email="true", email="turgyn@example.kz").status_code == 303

    assert "…@example.kz · invoices are sent there" in text_of(clerk.read(f"/customers/{customer_id}"))
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert session.get(Customer, (DISTRICT_ID, customer_id)).invoices_by_email

"""The accountant reconciles a provider's day in the browser."""

import io
from datetime import date

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.payments.models import Payment, SignedDay
from billing.reconciliation.three_way.models import RegistryRow
from tests.pages.test_pages import token_on
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID
from tests.support.pages import text_of
from tests.support.provider_money import pay_through
from tests.support.providers import make_provider


@pytest.fixture
def shop(sessions):
    """A provider with one payment of two recorded: its id, and the customer's account number."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        provider = make_provider(session, desk.enterprise.id)
        pay_through(desk, 1000, date(2026, 11, 16), outside_id="1")
        return str(provider.id), desk.customer.account_number


def upload(reader, provider_id, content):
    """Send a registry as the page's form does."""
    data = {
        "csrf_token": token_on(reader, "/three-way/"),
        "provider_id": provider_id,
        "file": (io.BytesIO(content.encode()), "kaspi.csv"),
    }
    return reader.client.post("/three-way/registry", data=data, content_type="multipart/form-data")


def count(sessions, model):
    """How many there are."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_from_the_registry_to_the_signed_day(desk, sessions, shop):
    """Registry in, differences read, missing payment booked, day signed with a word and unsigned again."""
    provider_id, account = shop
    accountant = desk.seat(Role.ACCOUNTANT)
    day = f"/three-way/{provider_id}/2026-11-16"
    sent = upload(
        accountant,
        provider_id,
        "Номер транзакции;Сумма;Дата;Лицевой счет\n"
        f"1;1000;16.11.2026;{account}\n2;500;16.11.2026;{account}\n",
    )
    assert sent.status_code == 303
    assert "1,500.00 KZT" in text_of(accountant.read(sent.headers["Location"]))
    shown = text_of(accountant.read(day))
    assert "not recorded" in shown and "not paid over yet" in shown

    assert accountant.send(day, "/missing").status_code == 303
    assert count(sessions, Payment) == 2
    refused = accountant.send(day, "/sign")
    assert refused.status_code == 422 and "The day does not agree" in refused.text
    assert count(sessions, SignedDay) == 0
    assert accountant.send(day, "/sign", why="банк ещё не перечислил").status_code == 303
    assert count(sessions, SignedDay) == 1
    assert "signed off" in text_of(accountant.read("/three-way/?first_day=2026-11-01&last_day=2026-11-22"))
    assert accountant.send(day, "/unsign", reason="пришла выписка").status_code == 303
    assert count(sessions, SignedDay) == 0
    assert "пришла выписка" in text_of(accountant.read(day))
    assert accountant.get(f"{day}?as=xlsx").data.startswith(b"PK")
    assert accountant.get("/three-way/?as=xlsx").data.startswith(b"PK")


def test_a_wrong_registry_is_shown_at_its_file(desk, sessions, shop):
    """Row and reason of every problem; nothing is written. A day that is none is refused."""
    accountant = desk.seat(Role.ACCOUNTANT)

    refused = upload(
        accountant, shop[0], "Номер транзакции;Сумма;Дата\n1;мало;16.11.2026\n2;5;нет\n3;5;16.11.2026\n"
    )

    assert refused.status_code == 422
    said = text_of(refused.text)
    assert "2 problems" in said and "row 2: Not a sum above zero" in said and "Дата: нет" in said
    assert count(sessions, RegistryRow) == 0
    assert accountant.get(f"/three-way/{shop[0]}/2026-13-01").status_code == 422

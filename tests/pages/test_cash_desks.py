"""The page of cash desks: hours typed as on a door, and read by residents beside what they owe."""

import pytest

from billing.access.models import Role
from billing.customers.account_links import account_link
from tests.support.billing import open_for_business
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.pages import text_of

NAMES = {
    "name_kk": "Бас касса",
    "name_ru": "Главная касса",
    "address_kk": "Достық, 1",
    "address_ru": "Достык, 1",
}


@pytest.fixture
def link(sessions):
    """The link to a resident's account."""
    with sessions.begin(DISTRICT_ID) as session:
        open_for_business(session)
        return account_link(session, make_customer(session).account_number, 0)


def test_hours_reach_residents(desk, link):
    """A clerk types them as people write; a day off is said; a cash desk given up is seen no more."""
    clerk = desk.seat(Role.CLERK)
    typed = {f"hours_{day}": "9-13, 14.00–18:00" for day in ("monday", "tuesday", "wednesday", "thursday")}
    sent = clerk.send("/cash-desks/new", **NAMES, **typed, hours_friday="09:00 — 16:30", hours_saturday="")
    assert sent.status_code == 303, sent.text

    said = text_of(desk.stranger().get(f"{link}?lang=en").text)
    assert "Главная касса Достык, 1" in said
    assert "Monday – Thursday: 09:00–13:00, 14:00–18:00" in said
    assert "Friday: 09:00–16:30" in said
    assert "Saturday – Sunday: closed" in said
    said = text_of(desk.stranger().get(f"{link}?lang=kk").text)
    assert "Бас касса Достық, 1" in said and "дүйсенбі – бейсенбі: 09:00–13:00, 14:00–18:00" in said

    listed = clerk.read("/cash-desks/")
    [path] = {part for part in listed.split('"') if part.startswith("/cash-desks/0")}
    assert 'value="09:00–13:00, 14:00–18:00"' in clerk.read(path)
    assert clerk.send(path, "/close").status_code == 303
    assert "Главная касса" not in text_of(desk.stranger().get(f"{link}?lang=en").text)
    assert "given up" in text_of(clerk.read("/cash-desks/"))


@pytest.mark.sqlite_only
def test_wrong_hours_are_told_at_their_day(desk, link):
    """What was typed stays; nothing is kept."""
    clerk = desk.seat(Role.ADMIN)
    for wrong, sentence in (
        ("с утра", "Hours are written so"),
        ("25-26", "Hours are written so"),
        ("18-9", "Sunday: hours end after they begin"),
        ("9-13, 12-18", "Sunday: hours end after they begin"),
    ):
        refused = clerk.send("/cash-desks/new", **NAMES, hours_sunday=wrong)
        assert refused.status_code == 422 and sentence in refused.text, wrong
        assert f'value="{wrong}"' in refused.text and 'id="hours_sunday-wrong"' in refused.text
    assert "Главная касса" not in clerk.read("/cash-desks/")

"""Rules of the matching and profiles of banks' columns, kept by the accountant in the browser."""

import pytest
from sqlalchemy import select

from billing.access.models import Role
from billing.reconciliation.models import MatchingRule, SavedProfile
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID
from tests.support.identifiers import synthetic_iban, synthetic_iin
from tests.support.pages import text_of

IBAN = synthetic_iban(800)


@pytest.fixture
def customer(sessions):
    """A customer of an enterprise with a book."""
    with sessions.begin(DISTRICT_ID) as session:
        return open_desk(session).customer


@pytest.fixture
def accountant(desk):
    """An accountant who reads English."""
    return desk.seat(Role.ACCOUNTANT)


def kept(sessions, *columns):
    """What stands in the database."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return [tuple(row) for row in session.execute(select(*columns))]


def test_a_rule_is_made_read_and_ended(sessions, customer, accountant):
    """The list names the customer and masks the payer's number; an ended rule stays to be read."""
    typed = {"iin_bin": synthetic_iin(7), "customer": customer.account_number, "why": "платит сын"}
    assert accountant.send("/statements/rules/new", **typed).status_code == 303
    said = text_of(accountant.read("/statements/rules/"))
    assert customer.name in said and "платит сын" in said and synthetic_iin(7) not in said

    assert accountant.send("/statements/rules/", "/end").status_code == 303
    assert kept(sessions, MatchingRule.customer_id, MatchingRule.is_active) == [(customer.id, False)]
    assert "There are no rules." in text_of(accountant.read("/statements/rules/"))
    assert "ended" in text_of(accountant.read("/statements/rules/?ended=yes"))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"customer": "1"}, "customer"),
        ({}, "customer"),
        ({"iban": ""}, "iban"),
        ({"account": "6010", "purpose_part": "за"}, "purpose_part"),
        ({"account": "1210"}, "account"),
        ({"account": "1030"}, "account"),
        ({"why": ""}, "why"),
    ],
)
@pytest.mark.sqlite_only
def test_a_rule_that_cannot_be_made_is_said_at_its_field(sessions, customer, accountant, typed, field):
    """Nobody, nothing asked, too little asked, no reason: no rule is made."""
    given = {"iban": IBAN, "why": "x"} | ({"customer": customer.account_number} if "iban" in typed else {})
    sent = accountant.send("/statements/rules/new", **given | typed)
    assert sent.status_code == 422 and f'id="{field}-wrong"' in sent.text
    assert kept(sessions, MatchingRule.id) == []


def test_a_profile_is_kept_and_changed(sessions, customer, accountant):
    """A heading to a line; whoever saves what another changed meanwhile is told so."""
    new = "/statements/profiles/new"
    headings = {"headings_date": "Күні\r\nДата\r\n", "headings_amount": "Сомасы"}
    assert accountant.send(new, name="Ауыл банкі", **headings).status_code == 303
    assert "Sum, either way: Сомасы" in text_of(accountant.read("/statements/profiles/"))
    [(profile_id, read)] = kept(sessions, SavedProfile.id, SavedProfile.headings)
    assert read == {"date": ["Күні", "Дата"], "amount": ["Сомасы"]}

    own = f"/statements/profiles/{profile_id}"
    before = accountant.read(own)
    assert accountant.send_from(before, own, headings_knp="КНП").status_code == 303
    assert accountant.send_from(before, own, headings_knp="Код", fields={"once": "x"}).status_code == 422
    [(name, read)] = kept(sessions, SavedProfile.name, SavedProfile.headings)
    assert (name, read) == ("Ауыл банкі", {"date": ["Күні", "Дата"], "amount": ["Сомасы"], "knp": ["КНП"]})


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"headings_amount": ""}, "headings_amount"),
        ({"headings_date": "Сомасы"}, "headings_amount"),
        ({"headings_knp": "x" * 101}, "headings_knp"),
        ({"name": ""}, "name"),
    ],
)
@pytest.mark.sqlite_only
def test_a_profile_that_reads_nothing_is_refused(sessions, customer, accountant, typed, field):
    """No sum, one heading for two columns, a heading too long, no name: nothing is kept."""
    given = {"name": "x", "headings_date": "Күні", "headings_amount": "Сомасы"} | typed
    sent = accountant.send("/statements/profiles/new", **given)
    assert sent.status_code == 422 and f'id="{field}-wrong"' in sent.text
    assert kept(sessions, SavedProfile.id) == []

"""Links to accounts: the same until they are revoked, never to be forged, and every revocation is kept."""

import pytest
from sqlalchemy import func, select

from billing.customers.account_links import (
    AccountToken,
    account_link,
    customer_linked,
    link_serial,
    link_serials,
    list_revocations,
    read_token,
    revoke_links,
    signing_with,
)
from billing.customers.models import AccountLinkRevocation
from billing.customers.refusals import AccountLinkRevoked
from billing.kernel.checks import InvalidText
from billing.kernel.dates import Month
from billing.kernel.errors import NotFound
from billing.kernel.ids import new_id
from billing.kernel.paging import PageRequest
from tests.support.billing import open_desk
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.threads import at_once

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def token_of(session, customer):
    """The token that opens the customer's account now."""
    return account_link(session, customer.account_number, link_serial(session, customer.id)).split("/")[-1]


def test_a_token_says_whose_account_it_opens(session):
    """It is short enough for a small QR code, and the same every time it is written."""
    customer = make_customer(session)

    token = token_of(session, customer)

    assert len(token) == 32 and token.isascii()
    assert token_of(session, customer) == token
    assert read_token(session, token) == AccountToken(DISTRICT_ID, customer.account_number, 0)
    assert customer_linked(session, read_token(session, token)) is customer


@pytest.mark.sqlite_only
def test_no_altered_token_is_read(session):
    """Each of its letters changed, cut off, lengthened, signed with another key: none says anything."""
    token = token_of(session, make_customer(session))

    altered = [
        token[:place] + LETTERS[LETTERS.index(letter) ^ 1] + token[place + 1 :]
        for place, letter in enumerate(token)
    ]
    assert [text for text in altered if read_token(session, text) is not None] == []
    for text in ("", "A" * 32, token[:-1], token + "A", f"{token}\n", token.replace(token[0], "é", 1)):
        assert read_token(session, text) is None
    session.info.update(signing_with("another key"))
    assert read_token(session, token) is None


def test_revoking_kills_every_link_given_so_far(session):
    """Who, when and why is kept; a new link works; another customer's stays as it was."""
    customer, other = make_customer(session, 1), make_customer(session, 2)
    first, others = token_of(session, customer), token_of(session, other)
    clerk = session.info["actor_id"] = new_id()

    revocation = revoke_links(session, customer.id, reason="  шот   жоғалды ")

    session.refresh(revocation)
    assert (revocation.serial, revocation.reason) == (1, "шот жоғалды")
    assert revocation.recorded_by == clerk
    assert revocation.recorded_at.tzinfo is not None
    with pytest.raises(AccountLinkRevoked) as refusal:
        customer_linked(session, read_token(session, first))
    assert refusal.value.facts == {"account_number": customer.account_number}
    assert customer_linked(session, read_token(session, token_of(session, customer))) is customer
    assert token_of(session, other) == others
    assert link_serials(session, [customer.id, other.id]) == {customer.id: 1, other.id: 0}


def test_revocations_are_listed_the_latest_first(session):
    """In pages."""
    customer = make_customer(session)
    for reason in ("первая", "вторая", "третья"):
        revoke_links(session, customer.id, reason=reason)

    page = list_revocations(session, customer.id, PageRequest(limit=2))
    rest = list_revocations(session, customer.id, PageRequest(page.next_cursor, 2))

    assert [each.reason for each in page.items + rest.items] == ["третья", "вторая", "первая"]
    assert rest.next_cursor is None


def test_a_revocation_needs_a_reason_and_a_customer(session):
    """Neither is made up, and nothing is written without."""
    customer = make_customer(session)

    with pytest.raises(InvalidText) as refusal:
        revoke_links(session, customer.id, reason="   ")
    assert refusal.value.facts["field"] == "reason"
    with pytest.raises(NotFound):
        revoke_links(session, new_id(), reason="жоқ")
    with pytest.raises(NotFound):
        list_revocations(session, new_id())

    assert session.scalar(select(func.count()).select_from(AccountLinkRevocation)) == 0


def test_what_the_register_never_gave_opens_nothing(session):
    """A link of an account that is not there, or of a later state of this one (an old backup came back)."""
    customer = make_customer(session)

    for token in (
        AccountToken(DISTRICT_ID, customer.account_number, 1),
        AccountToken(DISTRICT_ID, "47363900995", 0),
    ):
        with pytest.raises(NotFound):
            customer_linked(session, token)


def test_an_invoice_issued_while_links_are_revoked_carries_one_that_was_given(sessions):
    """Whoever comes first: the invoice has the link before or after, and nobody waits for ever."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)

    def work(number):
        with sessions.begin(DISTRICT_ID) as session:
            if number == 0:
                return revoke_links(session, desk.customer.id, reason="сатылды").serial
            invoice = desk.at(session).issue(Month(2025, number))
            return invoice.facts["account"]["link_serial"]

    revoked, *printed = at_once(4, work)

    assert revoked == 1 and set(printed) <= {0, 1}
    with sessions.begin(DISTRICT_ID) as session:
        assert desk.at(session).issue(Month(2025, 12)).facts["account"]["link_serial"] == 1


def test_clerks_who_revoke_at_once_count_on(sessions):
    """Each revocation has a serial of its own; no one's is lost."""
    with sessions.begin(DISTRICT_ID) as session:
        customer_id = make_customer(session).id

    def revoke(number):
        with sessions.begin(DISTRICT_ID) as session:
            return revoke_links(session, customer_id, reason=f"№ {number}").serial

    assert sorted(at_once(4, revoke)) == [1, 2, 3, 4]

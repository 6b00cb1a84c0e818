"""The page behind the link in an invoice's QR code: one account, without a log-in, and nobody else's."""

import re
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pypdf
import pytest
from sqlalchemy import event

from billing.access.models import Role
from billing.customers.account_links import account_link, link_serial, revoke_links
from billing.customers.models import Contract
from billing.districts.service import edit_enterprise, get_enterprise
from billing.kernel.dates import Month
from billing.kernel.i18n import Language, text
from billing.payments.models import Payment
from billing.web.security import MISSES_PER_MINUTE_MAX
from tests.support.billing import credit, make_invoice, pay, reverse
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.identifiers import synthetic_iban
from tests.support.pages import text_of
from tests.support.providers import make_provider
from tests.support.season import make_season
from tests.support.web import TODAY

OCTOBER = Month(2026, 10)


@pytest.fixture
def season(sessions):
    """One of everything, in one of two districts."""
    with sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    with sessions.begin(DISTRICT_ID) as session:
        return make_season(session, TODAY)


def link_of(sessions, season):
    """The link that opens the season's account now."""
    with sessions.begin(DISTRICT_ID) as session:
        serial = link_serial(session, season.customer)
        return account_link(session, season.account_number, serial)


@pytest.fixture
def link(sessions, season):
    """The link that opens the season's account."""
    return link_of(sessions, season)


def test_whoever_has_the_link_sees_the_account(desk, season, link):
    """Debt, invoices, payments and bank details; the name masked, no IIN, no address."""
    answer = desk.stranger().get(f"{link}?lang=en")

    said = text_of(answer.text)
    assert answer.status_code == 200 and answer.text.count("<h1") == 1
    assert f"Personal account {season.account_number}" in said and "А. Есенова" in said
    assert "To pay on 23 Nov 2026 3,500.00 KZT" in said
    assert "Invoice No. 000001 of 24 Oct 2026" in said and "Still open: 2,500.00 KZT" in said
    assert "25 Oct 2026: 2,500.00 KZT" in said and synthetic_iban(1) in said
    assert "HSBKKZKX" in said and "859" in said and "Monday: 09:00–13:00, 14:00–18:00" in said
    assert f"Payment for services, personal account {season.account_number}" in said
    for secret in ("Есенова Айгүл", "Достық", str(season.customer)):
        assert secret not in answer.text


@pytest.mark.sqlite_only
def test_nothing_of_the_page_is_kept_or_told_on(desk, season, link):
    """No search engine, shared browser or other site learns the address, nor a paper's."""
    stranger = desk.stranger()
    for path in (link, f"{link}/invoice/{season.invoice}.pdf", f"/pay/{season.invoice}", "/a/unknown"):
        headers = stranger.get(path).headers
        assert headers["X-Robots-Tag"] == "noindex, nofollow", path
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert headers["Cache-Control"] == "private, no-store", path


def test_a_payment_is_followed_into_the_budget(desk, sessions, season, link):
    """Invoice, service, code, month; what was taken back stands against it."""
    said = text_of(desk.stranger().get(f"{link}?lang=en").text)
    assert "invoice No. 000001, Snow removal: 2,500.00 KZT → to the budget" in said
    assert "2,500.00 KZT, budget code 206109, October 2026 (Код 206109)" in said

    with sessions.begin(DISTRICT_ID) as session:
        reverse(session, session.get(Payment, (DISTRICT_ID, season.payment)), reversed_on=TODAY)
    said = text_of(desk.stranger().get(f"{link}?lang=en").text)
    assert "taken back on 23 Nov 2026" in said
    assert "invoice No. 000001, Snow removal: -2,500.00 KZT → to the budget" in said
    assert "-2,500.00 KZT, budget code 206109, November 2026" in said
    assert "To pay on 23 Nov 2026 6,000.00 KZT" in said


@pytest.mark.sqlite_only
def test_the_provider_s_page_is_one_touch_away(desk, sessions, season, link):
    """With the account and all that is owed, as far as the provider takes it at once."""
    with sessions.begin(DISTRICT_ID) as session:
        make_provider(
            session, season.enterprise, "halyk", pay_link="https://pay.kz/?id={account}&amount={sum}"
        )
    page = desk.stranger().get(f"{link}?lang=en").text
    assert f'href="https://pay.kz/?id={season.account_number}&amp;amount=3500.00"' in page

    with sessions.begin(DISTRICT_ID) as session:
        pay(session, season.enterprise, season.customer, 3500, received_on=TODAY)
    page = desk.stranger().get(f"{link}?lang=en").text
    assert "pay.kz" not in page and "Nothing is owed." in text_of(page)


@pytest.mark.sqlite_only
def test_papers_are_handed_out(desk, sessions, season, link):
    """Invoice and credit note as archived; the receipt says what was settled, why, and what remained."""
    stranger = desk.stranger()
    page = stranger.get(f"{link}?lang=kk").text
    papers = dict.fromkeys(re.findall(rf'href="({re.escape(link)}/(\w+)/[^"]+\.pdf)"', page))
    assert sorted({kind for _, kind in papers}) == ["credit_note", "invoice", "receipt"]

    texts = {}
    for path, kind in papers:
        answer = stranger.get(path)
        assert answer.status_code == 200 and answer.mimetype == "application/pdf", path
        reader = pypdf.PdfReader(BytesIO(answer.data))
        texts[kind] = " ".join(sheet.extract_text() for sheet in reader.pages)

    receipt = texts["receipt"]
    assert "000001" in receipt and "24.10.2026" in receipt  # what was settled
    assert "начиная с самой старой задолженности" in receipt  # why in that order
    assert "3 500,00" in receipt.replace("\u202f", " ").replace("\xa0", " ")  # what remained


def test_nobody_else_s_papers_are_handed_out(desk, sessions, season, link):
    """Another customer's link opens none of them, nor does the season's open an unknown one."""
    with sessions.begin(DISTRICT_ID) as session:
        others = account_link(session, make_customer(session, 77).account_number, 0)
    papers = {"invoice": season.invoice, "credit_note": season.credit_note, "receipt": season.payment}
    stranger = desk.stranger()
    for kind, paper in papers.items():
        assert stranger.get(f"{others}/{kind}/{paper}.pdf").status_code == 404, kind
        assert stranger.get(f"{link}/{kind}/{uuid4()}.pdf").status_code == 404, kind
        assert stranger.get(f"{link}/act/{paper}.pdf").status_code == 404
        assert stranger.get(f"{link}/{kind}/{paper}.pdf").status_code == 200, kind


@pytest.mark.sqlite_only
def test_a_revoked_link_says_what_to_do(desk, sessions, season):
    """In the reader's language; the enterprise's phone is named, the account is not."""
    with sessions.begin(DISTRICT_ID) as session:
        enterprise = get_enterprise(session, season.enterprise)
        names = ("name_kk", "name_ru", "address_kk", "address_ru", "payment_term_days")
        known = {name: getattr(enterprise, name) for name in names}
        edit_enterprise(session, enterprise.id, version=None, phone="+77292555000", email=None, **known)
    link = link_of(sessions, season)
    with sessions.begin(DISTRICT_ID) as session:
        revoke_links(session, season.customer, reason="үй сатылды")

    for language in Language:
        answer = desk.stranger().get(f"{link}?lang={language}")
        assert answer.status_code == 410 and text("page.link_revoked", language) in answer.text
        assert text("page.link_revoked_hint", language) in answer.text
        assert "+77292555000" in answer.text and season.account_number not in answer.text


def test_a_revoked_link_opens_nothing_on_either_database(desk, sessions, season, link):
    """Neither page nor papers; the new link does, and so does the page of one invoice that says no more."""
    with sessions.begin(DISTRICT_ID) as session:
        revoke_links(session, season.customer, reason="үй сатылды")
    stranger = desk.stranger()
    assert stranger.get(link).status_code == 410
    assert stranger.get(f"{link}/receipt/{season.payment}.pdf").status_code == 410
    assert stranger.get(f"/pay/{season.invoice}").status_code == 200
    assert stranger.get(link_of(sessions, season)).status_code == 200


@pytest.mark.sqlite_only
def test_forged_links_are_turned_away_and_counted(desk, season, link):
    """After some wrong ones in a minute the next is not even looked at; a right one still opens."""
    stranger = desk.stranger()
    forged = f"/a/{'A' * 32}"
    statuses = [stranger.get(forged).status_code for _ in range(MISSES_PER_MINUTE_MAX + 1)]

    assert statuses == [404] * MISSES_PER_MINUTE_MAX + [429]
    assert stranger.get(f"/pay/{uuid4()}").status_code == 429
    assert stranger.get(f"/verify/{uuid4()}").status_code == 429
    assert stranger.get(link).status_code == 200


@pytest.mark.sqlite_only
def test_one_account_is_not_read_without_end(desk, season, link, monkeypatch):
    """A program that reads a link over and over is told to wait."""
    monkeypatch.setattr("billing.pages.resident.linked_account.VISITS_PER_MINUTE_MAX", 2)
    stranger = desk.stranger()
    assert [stranger.get(link).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.sqlite_only
def test_a_clerk_who_looks_stays_in_his_own_district(desk, sessions, season, link):
    """A member of another district sees what the link shows, and his own lists afterwards."""
    foreign = desk.seat(Role.CLERK, district_id=OTHER_DISTRICT_ID)
    assert season.account_number in foreign.read(link)
    assert "Есенова" not in foreign.read("/customers/")


@pytest.mark.sqlite_only
def test_long_lists_come_in_pages(desk, sessions, season, link):
    """Ten payments on a page, the latest first; turning one list leaves the other where it was."""
    with sessions.begin(DISTRICT_ID) as session:
        for number in range(11):
            day = TODAY - timedelta(days=number)
            pay(session, season.enterprise, season.customer, 10 + number, received_on=day)
    stranger = desk.stranger()

    first = stranger.get(f"{link}?lang=en").text
    [onward] = re.findall(r'href="([^"]*payments=[^"]*)" rel="next"', first)
    second = text_of(stranger.get(onward.replace("&amp;", "&")).text)

    assert text_of(first).count("Receipt No.") == 10 and second.count("Receipt No.") == 2
    assert "23 Nov 2026: 10.00 KZT" in text_of(first) and "25 Oct 2026: 2,500.00 KZT" in second
    assert second.count("Invoice No. 000001 of 24 Oct 2026") == 1


def test_the_number_of_queries_does_not_grow(desk, sessions, season, link, engine):
    """Ten payments and another invoice with its credit note cost as many statements as one of each."""
    few = statements_of(desk, engine, link)
    with sessions.begin(DISTRICT_ID) as session:
        for number in range(9):
            pay(session, season.enterprise, season.customer, 10 + number, received_on=TODAY)
        contract = session.get(Contract, (DISTRICT_ID, season.contract))
        credit(session, make_invoice(session, contract, OCTOBER, issued_on=TODAY), issued_on=TODAY)
    assert statements_of(desk, engine, link) == few <= 25


def statements_of(desk, engine, link):
    """How many statements a visit takes."""
    seen = []

    def note(*arguments):
        seen.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert desk.stranger().get(link).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_a_clerk_revokes_the_links_of_an_account(desk, sessions, season, link):
    """The page shows the link that works; after the reason is given another one, and who did it and why."""
    clerk = desk.seat(Role.CLERK)
    path = f"/customers/{season.customer}/link"
    assert link in clerk.read(path)

    refused = clerk.send(path, "/link", reason=" ")
    assert refused.status_code == 422 and desk.stranger().get(link).status_code == 200

    assert clerk.send(path, "/link", reason="Шот жоғалды").status_code == 303
    page = clerk.read(path)
    assert link not in page and link_of(sessions, season) in page
    assert "Шот жоғалды" in page and "Айгүл" in page
    assert desk.stranger().get(link).status_code == 410

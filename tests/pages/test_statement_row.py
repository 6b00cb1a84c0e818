"""The page of a statement's row: what it may be, the decision, and the way back, without JavaScript."""

import re

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.districts.models import BankAccount
from billing.kernel.ids import new_id
from billing.payments.models import Payment
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import open_exceptions
from billing.reconciliation.models import ExceptionKind, MatchingRule, MatchKind, StatementMatch
from tests.support.bank_desk import Bank, add_treasury_account
from tests.support.bank_rows import account_of, row, take_in_rows
from tests.support.billing import make_contract, make_invoice, open_desk
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.identifiers import synthetic_iban, synthetic_iin
from tests.support.pages import text_of
from tests.support.resident_rows import APRIL_12, came
from tests.support.workforce import make_worker

IBAN = synthetic_iban(800)


@pytest.fixture
def billed(sessions):
    """A resident who owes March, and his neighbour, committed."""
    with sessions.begin(DISTRICT_ID) as session:
        billed = open_desk(session)
        billed.issue()
        neighbour = make_customer(session, 2, name="Көршіев Сынақ")
        make_invoice(session, make_contract(session, billed.enterprise, neighbour, (billed.service, "2")))
        return billed, neighbour


@pytest.fixture
def accountant(desk):
    """An accountant who reads English."""
    return desk.seat(Role.ACCOUNTANT)


def row_in(sessions, given):
    """A row that waits; the address of its page."""
    with sessions.begin(DISTRICT_ID) as session:
        [taken] = take_in_rows(session, session.scalars(select(BankAccount)).one(), given)
        open_exceptions(session, {taken.id: ExceptionKind.UNKNOWN_PAYER}, opened_on=APRIL_12)
        return f"/statements/rows/{taken.id}"


def payments_in(sessions):
    """Sums of the recorded payments, in their order."""
    with sessions.begin(DISTRICT_ID) as session:
        return [str(amount) for amount in session.scalars(select(Payment.amount).order_by(Payment.id))]


def test_a_row_is_read_decided_and_undone(sessions, billed, accountant):
    """Candidates with reasons in words; the likeliest is suggested; a decision, a rule, and the way back."""
    page = row_in(sessions, came(counterparty_iin_bin=synthetic_iin(1), counterparty_iban=IBAN))
    said = text_of(accountant.read(page))
    assert "90 of 100" in said and "he is the payer: IIN/BIN 9912" in said
    assert synthetic_iin(1) not in accountant.read(page)

    sent = accountant.send(page, "/payment", why="rang him", rule_iban="yes")
    assert sent.status_code == 303

    said = text_of(accountant.read(page))
    assert "customer's payment" in said and "rang him" in said and "he is the payer" in said
    assert payments_in(sessions) == ["1160.00"]
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalars(select(MatchingRule.iban)).all() == [IBAN]

    sent = accountant.send(page, "/undo", undone_on="15.04.2026", undo_reason="another's")
    assert sent.status_code == 303
    assert "unknown payer" in text_of(accountant.read(page))


def test_a_row_is_split_over_two_customers(sessions, billed, accountant):
    """Two lines of the form, the second with the invoice it is for."""
    desk_, neighbour = billed
    page = row_in(sessions, came("2000"))
    sent = accountant.send(
        page,
        "/payment",
        customer_1=desk_.customer.account_number,
        amount_1="1 160,00",
        customer_2=neighbour.iin_bin,
        amount_2="840",
        invoice_2="000002/2026",
        why="по списку",
    )
    assert sent.status_code == 303, text_of(sent.text)
    assert payments_in(sessions) == ["1160.00", "840.00"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"amount_1": "1159"}, "The sums differ"),
        ({"customer_1": "123"}, None),
        ({"customer_2": "123"}, None),
        ({"invoice_1": "999"}, "no such"),
        ({"why": ""}, None),
        ({"rule_iban": "yes"}, "Such a rule would hold"),
    ],
)
def test_a_wrong_form_is_shown_again_and_nothing_is_recorded(sessions, billed, accountant, typed, sentence):
    """What was typed stays, the sentence says what is wrong."""
    page = row_in(sessions, came())
    given = {"customer_1": billed[0].customer.account_number, "amount_1": "1160", "why": "x"} | typed
    sent = accountant.send(page, "/payment", **given)
    assert sent.status_code == 422
    assert sentence is None or sentence.lower() in text_of(sent.text).lower()
    assert 'class="invalid-feedback' in sent.text or 'role="alert"' in sent.text
    assert payments_in(sessions) == []


def test_a_row_is_found_in_the_books(sessions, billed, accountant):
    """A payment that a clerk had recorded is ticked; nothing is recorded twice."""
    with sessions.begin(DISTRICT_ID) as session:
        billed[0].at(session).pay("77", received_on=APRIL_12)
    page = row_in(sessions, came("77"))
    [transfer_id] = re.findall(r'name="transfer_ids" id="[^"]+" value="([^"]+)"', accountant.read(page))
    assert accountant.send(page, "/confirm", confirm_why="тот самый").status_code == 422
    sent = accountant.send(page, "/confirm", transfer_ids=transfer_id, confirm_why="тот самый")
    assert sent.status_code == 303
    assert payments_in(sessions) == ["77.00"]
    assert "already in the books" in text_of(accountant.read(page)) or "confirm" in accountant.read(page)


def test_money_that_went_out_is_posted_or_waits_with_a_note(sessions, billed, accountant):
    """No customer is asked for; the row is looked after, marked, posted."""
    page = row_in(sessions, row("8", Direction.OUT, on=APRIL_12))
    said = accountant.read(page)
    assert "Whose money is it?" not in said
    assert accountant.send(page, "/care", note="спрошу банк").status_code == 303
    assert "спрошу банк" in accountant.read(page)
    assert accountant.send(page, "/entry", account="7210", entry_why="подписка").status_code == 303
    assert "подписка" in accountant.read(page)
    with sessions.begin(DISTRICT_ID) as session:
        worker = make_worker(session)
    page = row_in(sessions, row("7", Direction.OUT, on=APRIL_12))
    unnamed = accountant.send(page, "/entry", account="3350", entry_why="жалақы")
    assert unnamed.status_code == 422 and 'id="party_id-wrong"' in unnamed.text
    named = {"account": "3350", "party_id": str(worker.id), "entry_why": "жалақы"}
    assert accountant.send(page, "/entry", **named).status_code == 303
    page = row_in(sessions, came("9"))
    address = f"{page}/wrong-account"
    shown = accountant.read(page)
    assert f'formaction="{address}"' in shown
    sent = accountant.send_from(
        shown.replace(f'action="{page}/care"', f'action="{address}"'), page, "/wrong-account", note="школе"
    )
    assert sent.status_code == 303
    assert "wrong account" in text_of(accountant.read(page))


def test_a_candidate_is_chosen_by_a_link(sessions, billed, accountant):
    """Who is chosen among the candidates stands in the form."""
    _, neighbour = billed
    page = row_in(sessions, came())
    shown = accountant.read(f"{page}?customer={neighbour.account_number}")
    assert f'value="{neighbour.account_number}"' in shown


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_page_speaks_every_language(sessions, billed, desk, language):
    """Nothing is left without a text, whatever the row is."""
    reader = desk.seat(Role.ACCOUNTANT, language=language)
    page = row_in(sessions, came(counterparty_iin_bin=synthetic_iin(1), ultimate_name="Асан"))
    assert reader.get(page).status_code == 200
    reader.send(page, "/payment", why="x")
    assert reader.get(page).status_code == 200


@pytest.mark.parametrize("role", list(Role))
def test_who_may_do_what(sessions, billed, desk, role):
    """Accountant and auditor read; only the accountant is shown the forms, and may send them."""
    page = row_in(sessions, came(counterparty_iin_bin=synthetic_iin(1)))
    reader = desk.seat(role)
    answer = reader.get(page)
    assert answer.status_code == (200 if role in {Role.ACCOUNTANT, Role.AUDITOR} else 403)
    assert (f'action="{page}/payment"' in answer.text) == (role is Role.ACCOUNTANT)
    assert desk.stranger().get(page).status_code == 302
    if role in {Role.ACCOUNTANT, Role.AUDITOR}:
        assert reader.get(f"/statements/rows/{new_id()}").status_code == 404
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(func.count()).select_from(Payment)) == 0


def test_fees_that_reached_the_budget_are_said_on_the_page(sessions, billed, accountant):
    """The budget's account offers no entry and no payment; more than was on its way is refused."""
    with sessions.begin(DISTRICT_ID) as session:
        here = billed[0].at(session)
        here.pay(1000, received_on=APRIL_12)
        treasury = add_treasury_account(Bank(here, account_of(session, here.enterprise)))
        much, found = take_in_rows(session, treasury, came(1001), came(600))
    said = accountant.read(f"/statements/rows/{much.id}")
    assert not any(f"{much.id}/{form}" in said for form in ("entry", "payment", "confirm"))
    refused = accountant.send(f"/statements/rows/{much.id}", "/arrival", arrival_why="письмо")
    assert refused.status_code == 422 and 'id="enterprise_id-wrong"' in refused.text
    sent = accountant.send(f"/statements/rows/{found.id}", "/arrival", arrival_why="письмо")
    assert sent.status_code == 303
    assert "письмо" in accountant.read(f"/statements/rows/{found.id}")
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalars(select(StatementMatch.kind)).all() == [MatchKind.ARRIVAL]

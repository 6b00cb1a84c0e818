"""The same statement from many at once: its rows are there once, and each is explained once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import select, text

from billing.districts.bank_accounts import add_bank_account
from billing.kernel.money import Money, total
from billing.payments.models import Payment, PaymentMethod
from billing.receivables import service as receivables
from billing.reconciliation import service
from billing.reconciliation.matching.decisions import Part, decide_payments
from billing.reconciliation.models import BankStatement, MatchedRow, MatchKind, RowException, StatementRow
from billing.reconciliation.service import rematch, take_in
from billing.verification.service import verify
from tests.support.bank_files import OTHER, OWN, document, one_c, section
from tests.support.billing import make_contract, make_invoice, pay
from tests.support.committed import count
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.identifiers import synthetic_iban

NOVEMBER_26 = date(2026, 11, 26)
# Whoever waits for this session's locks; pg_locks, unlike pg_stat_activity, is not frozen in a transaction.
WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


def statement(first, last):
    """A file of days of November: two look-alikes of 5 tenge a day, and a charge of 1 tenge."""
    days = range(first, last + 1)
    opening = f"{100 + 9 * (first - 1)}.00"
    texts = [f"{first:02}.11.2026", f"{last:02}.11.2026"]
    head = section(
        ["5.00"] * 2 * len(days), ["1.00"] * len(days), first=texts[0], last=texts[1], opening=opening
    )
    parts = []
    for day in days:
        named = {"day": f"{day:02}.11.2026", "number": ""}
        parts += [document("5.00", **named), document("5.00", **named)]
        parts.append(
            document(
                "1.00",
                **named,
                out=True,
                name="АО «Народный Банк Казахстана»",
                iin_bin="940140000385",
                purpose="Комиссия банка",
                ПолучательБанкБИК="HSBKKZKX",
            )
        )
    return one_c(head, *parts, first=texts[0], last=texts[1], own=OWN).encode()


def agree(sessions):
    """Everything recomputed: no difference."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return [difference.code for difference in verify(session)] == []


def test_one_file_from_many_at_once(sessions, desk, together, clients):
    """One of them takes it in, the others are told that it is known."""
    content = statement(1, 9)

    answers = together(
        lambda session, _: take_in(session, content, file_name="a", taken_in_on=NOVEMBER_26).is_known
    )

    assert sorted(answers) == [False] + [True] * (clients - 1)
    assert (count(sessions, BankStatement), count(sessions, StatementRow)) == (1, 27)
    assert (count(sessions, MatchedRow), count(sessions, RowException)) == (9, 18)
    assert agree(sessions)


def test_overlapping_files_from_many_at_once(sessions, desk, together, clients):
    """Each file shares days with the others; in whatever order they come, no row is lost and none doubled."""

    def take(session, number):
        first = number % 5 + 1
        content = statement(first, first + 4) + b"\n" * (number // 5)  # other bytes, the same days
        return take_in(session, content, file_name="a", taken_in_on=NOVEMBER_26).statement.new_row_count

    answers = together(take)

    assert sum(each for each in answers if isinstance(each, int)) == count(sessions, StatementRow)
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        told = session.execute(
            select(StatementRow.booked_on, StatementRow.occurrence, StatementRow.amount)
        ).all()
    assert len(told) == len(set(told)) == 27
    assert agree(sessions)


def test_looking_again_meanwhile(sessions, desk, together):
    """Files and looks at what waits at the same time: every row is explained or waits, each once."""
    with sessions.begin(DISTRICT_ID) as session:
        account_id = take_in(session, statement(1, 3), file_name="a", taken_in_on=NOVEMBER_26).account.id

    def work(session, number):
        if number % 2:
            rematch(session, account_id, rematched_on=NOVEMBER_26)
        else:
            take_in(session, statement(1, 4 + number % 6), file_name="a", taken_in_on=NOVEMBER_26)

    assert set(together(work)) == {None}
    assert agree(sessions)


def test_statements_of_two_accounts_name_the_same_people(sessions, desk, together, monkeypatch):
    """One file names them in one order, the other in the opposite one: each waits its turn, and none dies."""
    monkeypatch.setattr(service, "PART", 1)  # so that each file locks its people one after the other
    with sessions.begin(DISTRICT_ID) as session:
        people = [make_customer(session, 60 + number) for number in range(4)]
        add_bank_account(
            session,
            desk.enterprise.id,
            iban=OTHER,
            bic="CASPKZKA",
            bank_name_kk="Каспи",
            bank_name_ru="Каспи",
            kbe="16",
        )

    def take(session, number):
        if number >= 8:
            return None
        day = f"{number // 2 + 1:02}.11.2026"
        own = (OWN, OTHER)[number % 2]
        opening = f"{100 + 20 * (number // 2)}.00"
        named = people[:: (1, -1)[number % 2]]
        parts = [
            document(
                "5.00",
                day=day,
                number=f"{number + 1}{place}",
                iin_bin=each.iin_bin,
                iban=synthetic_iban(number * 10 + place, bank="722"),
                purpose=f"лицевой счет {each.account_number}",
                own=own,
            )
            for place, each in enumerate(named)
        ]
        head = section(["5.00"] * len(named), first=day, last=day, opening=opening, own=own)
        content = one_c(head, *parts, first=day, last=day, own=own).encode()
        return take_in(session, content, file_name="a", taken_in_on=NOVEMBER_26).outcome.matched.total()

    answers = together(take)

    assert [each for each in answers if each is not None] == [4] * 8
    assert count(sessions, Payment) == 32
    assert agree(sessions)


def test_cashiers_take_money_of_those_whom_a_file_names(sessions, desk, together, clients, monkeypatch):
    """A debt that a cashier and the file settle at once is settled once; what is too much is an advance."""
    monkeypatch.setattr(service, "PART", 1)
    with sessions.begin(DISTRICT_ID) as session:
        people = [make_customer(session, 60 + number) for number in range(4)]
        for each in people:
            make_invoice(session, make_contract(session, desk.enterprise, each, (desk.service, "2")))
    documents = [
        document("1160.00", number=str(place), iin_bin=each.iin_bin, purpose=f"л/с {each.account_number}")
        for place, each in enumerate(people)
    ]
    content = one_c(section(["1160.00"] * 4), *documents).encode()

    def act(session, number):
        if number == 0:
            return take_in(session, content, file_name="a", taken_in_on=NOVEMBER_26).outcome.matched.total()
        return pay(session, desk.enterprise.id, people[number % 4].id, 300, method=PaymentMethod.CASH).id

    booked, *_ = together(act)

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        owed = [receivables.debt_of(session, desk.enterprise.id, each.id) for each in people]
        paid_ahead = [receivables.advance_of(session, desk.enterprise.id, each.id) for each in people]
    # The file's money is just what they owed.
    assert total(paid_ahead) - total(owed) == Money.tenge(300 * (clients - 1))
    assert (booked, count(sessions, Payment)) == (4, clients + 3)
    assert agree(sessions)


@pytest.mark.postgresql_only
def test_a_person_decides_about_a_row_that_a_later_part_looks_at(sessions, desk, monkeypatch):
    """The first part holds his customer: he waits at the row, where he holds nothing that others need."""
    monkeypatch.setattr(service, "PART", 1)
    with sessions.begin(DISTRICT_ID) as session:
        customer = make_customer(session, 60)
        documents = [
            document("5.00", number=str(place), purpose=f"л/с {customer.account_number}")
            for place in range(2)
        ]
        content = one_c(section(["5.00"] * 2), *documents).encode()
        account = take_in(session, content, file_name="a", taken_in_on=NOVEMBER_26).account
        later = session.scalars(select(StatementRow.id).order_by(StatementRow.id)).all()[1]

    def decide():
        with sessions.begin(DISTRICT_ID) as session:
            part = Part(customer.id, Money.tenge(5))
            return decide_payments(session, [later], [part], decided_on=NOVEMBER_26, why="тест").kind

    with ThreadPoolExecutor(1) as thread, sessions.begin(DISTRICT_ID) as session:

        def let_him_come(done, _):
            if done == 1:
                decisions.append(thread.submit(decide))
                while not session.scalar(WAITING):
                    assert not decisions[0].done()

        decisions = []
        rematch(session, account.id, rematched_on=NOVEMBER_26, progress=let_him_come)

    assert decisions[0].result() is MatchKind.PAYMENT
    assert agree(sessions)

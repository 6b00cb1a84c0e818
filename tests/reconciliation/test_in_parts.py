"""A file is looked at part by part: what one part taught is known at the next, and the parts do not show."""

from datetime import date

import pytest
from sqlalchemy import select, update

from billing.budget.models import BudgetCode
from billing.invoicing.models import Invoice
from billing.ledger.models import SourceKind, Transfer
from billing.receivables.models import Receivable
from billing.reconciliation import service
from billing.reconciliation.matching.decisions import confirm_postings
from billing.reconciliation.matching.incoming import Incoming
from billing.reconciliation.models import ExceptionKind, MatchKind, StatementRow
from billing.reconciliation.service import rematch, take_in
from billing.verification.service import verify
from tests.support.bank_desk import NOVEMBER_26
from tests.support.bank_files import document, one_c, section
from tests.support.customers import make_customer
from tests.support.identifiers import synthetic_iban
from tests.support.provider_money import MONDAY, open_bank_with_provider, paid_over, pay_through
from tests.support.resident_rows import A_MONTH, APRIL_15, came, open_counter
from tests.support.statements import counted_statements

IBAN = synthetic_iban(801)
FIRST, LAST = date(2026, 4, 1), date(2026, 4, 28)


@pytest.fixture
def counter(session):
    """A resident who owes March, and a bank account."""
    counter = open_counter(session)
    counter.desk.issue()
    return counter


def left_of(counter, rows, size):
    """Why each row was left, None for a booked one, when a file of them is looked at in parts of a size."""
    taken = counter.rows(*rows)
    incoming = Incoming(counter.session, counter.account, (taken[0].booked_on, taken[-1].booked_on))
    left = {}
    for start in range(0, len(taken), size):
        left |= incoming.match(taken[start : start + size], decided_on=APRIL_15).left
    return taken, [left.get(each.id) for each in taken]


def named(customer, **also):
    """What a row says that names a customer's account."""
    return {"purpose": f"л/с {customer.account_number}", **also}


@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_parts_do_not_show(counter, size):
    """Debts that were settled, movements seen and accounts that spoke count from the next row on."""
    asan = counter.customer
    beket, _ = counter.another(2)
    april_5 = {"on": date(2026, 4, 5), "document_number": "7", "counterparty_iin_bin": asan.iin_bin}
    rows = [
        came(on=FIRST, counterparty_iban=IBAN, **named(asan)),  # settles what he owes
        came("700", on=FIRST, counterparty_iban=IBAN, counterparty_iin_bin=asan.iin_bin),
        came(on=date(2026, 4, 2), **named(beket)),
        came(on=date(2026, 4, 3), **named(asan)),  # the sum fits no debt any more
        came("500", **april_5, **named(asan)),
        came("500", **april_5, purpose=f"/ASSIGN/л/с {asan.account_number}"),  # the same movement
        came("500", on=LAST, counterparty_iin_bin=asan.iin_bin, **named(asan)),
    ]

    taken, left = left_of(counter, rows, size)

    assert left == [
        None,
        None,
        None,
        ExceptionKind.AMOUNT_DIFFERS,
        None,
        ExceptionKind.DUPLICATE_SUSPECTED,
        None,
    ]
    assert counter.explained(taken[1]).reasons == ["payer", "iban"]
    assert counter.debt(asan) == counter.debt(beket) == "0.00"
    assert list(verify(counter.session)) == []


@pytest.mark.parametrize("size", [1, 2, 100])
def test_who_pays_for_another_finds_what_is_left_of_his_debt(counter, size):
    """A part of the mother's debt is paid, then the son pays the rest, and more: that is his own debt's."""
    son, _ = counter.another(2)
    mother, _ = counter.another(3, payer_id=son.id)
    rows = [
        came("160", on=FIRST, counterparty_iin_bin=mother.iin_bin, **named(mother)),
        came("1000", on=date(2026, 4, 2), counterparty_iin_bin=son.iin_bin, **named(mother)),
        came("2000", on=date(2026, 4, 3), counterparty_iin_bin=son.iin_bin, **named(son)),
    ]

    _, left = left_of(counter, rows, size)

    assert left == [None, None, None]
    assert (counter.debt(mother), counter.debt(son)) == ("0.00", "0.00")
    assert [str(payment.amount) for payment in counter.payments()] == ["160.00", "1000.00", "2000.00"]
    assert list(verify(counter.session)) == []


@pytest.mark.parametrize("size", [1, 2, 100])
def test_an_invoice_is_found_by_its_number_in_every_part(counter, size):
    """The number alone, then with another year that nothing was issued in, then alone again."""
    asan = counter.customer
    number = f"{counter.session.scalars(select(Invoice.number)).one():06d}"
    rows = [
        came("100", on=FIRST, counterparty_iin_bin=asan.iin_bin, purpose=f"шот {number}"),
        came("110", on=FIRST, counterparty_iin_bin=asan.iin_bin, purpose=f"шот {number} от 05.03.2011"),
        came("120", on=FIRST, counterparty_iin_bin=asan.iin_bin, purpose=f"счет на оплату {number}"),
    ]

    _, left = left_of(counter, rows, size)

    assert left == [None, ExceptionKind.AMOUNT_DIFFERS, None]


def test_a_part_that_the_books_refuse_does_not_stop_the_next(counter):
    """A code that the new year does not know: its part is booked row by row, and the next part goes on."""
    session = counter.session
    neighbour, _ = counter.another(2)
    [code] = set(session.scalars(select(Receivable.revenue_code)))
    newcomers = [make_customer(session, serial) for serial in (8, 9)]  # owe nothing: an advance is no revenue
    session.execute(update(BudgetCode).where(BudgetCode.code == code).values(valid_to_year=2026))
    next_year = date(2027, 1, 12)
    people = [counter.customer, newcomers[0], neighbour, newcomers[1], newcomers[0]]
    days = [FIRST, *[next_year] * 4]
    rows = [
        came(on=day, counterparty_iin_bin=each.iin_bin, **named(each))
        for day, each in zip(days, people, strict=True)
    ]

    _, left = left_of(counter, rows, 2)

    assert left == [None, None, ExceptionKind.NOT_BOOKABLE, None, None]
    assert counter.debt(neighbour) == A_MONTH
    assert list(verify(session)) == []


def test_what_a_person_confirmed_meanwhile_is_learnt_anew(counter):
    """An earlier part knew of a recorded payment that awaits its row; before the next it has another."""
    recorded = counter.desk.pay(A_MONTH, received_on=FIRST)
    [theirs] = counter.rows(came(on=LAST))
    neighbour, _ = counter.another(2)
    his = {"counterparty_iin_bin": counter.customer.iin_bin}
    first, *others = counter.rows(
        came("99", on=FIRST, **his),
        came(on=date(2026, 4, 2), **his),
        came(on=date(2026, 4, 2), counterparty_iin_bin=neighbour.iin_bin, **named(neighbour)),
    )
    incoming = Incoming(counter.session, counter.account, (FIRST, date(2026, 4, 2)))
    assert incoming.match([first], decided_on=APRIL_15).left == {first.id: ExceptionKind.AMOUNT_DIFFERS}

    of_payment = (Transfer.source_kind == SourceKind.PAYMENT, Transfer.source_id == recorded.id)
    transfer_id = counter.session.scalars(select(Transfer.id).where(*of_payment)).one()
    confirm_postings(counter.session, [theirs.id], [transfer_id], decided_on=APRIL_15, why="тест")
    left = incoming.match(others, decided_on=APRIL_15).left

    assert left == {others[0].id: ExceptionKind.AMOUNT_DIFFERS}
    assert counter.debt(neighbour) == "0.00"
    assert list(verify(counter.session)) == []


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_file_comes_in_part_by_part(counter, monkeypatch, size):
    """Its days lie in any order: what a clerk recorded is found all the same, and how far it is is told."""
    monkeypatch.setattr(service, "PART", size)
    asan, session = counter.customer, counter.session
    counter.desk.pay(A_MONTH, received_on=date(2026, 4, 3))
    beket, _ = counter.another(2)
    days = {"first": "01.04.2026", "last": "30.04.2026"}
    content = one_c(
        section([A_MONTH, A_MONTH, "5.00"], ["1.00"], **days),
        document(A_MONTH, day="28.04.2026", iin_bin=beket.iin_bin, purpose=f"л/с {beket.account_number}"),
        document("1.00", day="15.04.2026", out=True, name="", iin_bin="", iban="", purpose="Комиссия банка"),
        document(A_MONTH, day="02.04.2026", iin_bin=asan.iin_bin, purpose=f"л/с {asan.account_number}"),
        document("5.00", day="01.04.2026"),
        **days,
    ).encode()
    told = []

    def tell(*done):
        told.append(done)

    def take(content):
        return take_in(session, content, file_name="a", taken_in_on=APRIL_15, progress=tell)

    outcome = take(content).outcome

    kinds = [MatchKind.PAYMENT, MatchKind.CONFIRMATION, MatchKind.COMMISSION]
    assert outcome.matched == dict.fromkeys(kinds, 1)
    assert outcome.waiting == {ExceptionKind.UNKNOWN_PAYER: 1}
    assert told == [(min(done, 4), 4) for done in range(size, 4 + size, size)]
    assert take(content + b"\n").statement.new_row_count == 0
    kept = session.scalars(select(StatementRow.position).order_by(StatementRow.id)).all()
    assert kept == [4, 3, 2, 1]
    assert counter.debt(beket) == counter.debt(asan) == "0.00"
    assert list(verify(session)) == []


def test_nobody_is_asked_for_twice(counter):
    """The second part of the same people asks neither who they are nor what they owe."""
    people = [counter.another(serial)[0] for serial in range(2, 8)]
    rows = [
        came("50", on=day, counterparty_iban=synthetic_iban(810 + place), counterparty_iin_bin=each.iin_bin)
        | named(each)
        for day in (FIRST, LAST)
        for place, each in enumerate(people)
    ]
    taken = counter.rows(*rows)
    incoming = Incoming(counter.session, counter.account, (FIRST, LAST))
    asked = []
    for part in (taken[:6], taken[6:]):
        with counted_statements(counter.session) as statements:
            assert incoming.match(part, decided_on=APRIL_15).left == {}
        looks = [each for each in statements if each.startswith("SELECT")]
        asked.append([each for each in looks if "customer" in each or "receivable" in each])
    assert asked[0] != []
    assert asked[1] == []


def test_rows_of_a_day_are_looked_at_together(session, monkeypatch):
    """Two rows of a provider come to its day only together: no part ends between them."""
    monkeypatch.setattr(service, "PART", 2)
    bank, _ = open_bank_with_provider(session)
    for _ in range(2):
        pay_through(bank.desk, 1000)
    bank.rows(came(on=MONDAY), paid_over(800), paid_over(1181, purpose="Остаток"))

    outcome = rematch(session, bank.account.id, rematched_on=NOVEMBER_26)

    assert outcome.matched == {MatchKind.PROVIDER_BATCH: 2}
    assert outcome.waiting == {ExceptionKind.UNKNOWN_PAYER: 1}
    assert bank.balances("1020", "7210") == {"1020": "0.00", "7210": "19.00"}

"""Money that came in is booked where it is sure whose it is, and left for a person where it is not."""

from datetime import date

import pytest
from sqlalchemy import event, select, update

from billing.budget.models import BudgetCode
from billing.kernel.dates import Month
from billing.kernel.identifiers import make_account_number
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.payments.models import PaymentMethod
from billing.receivables.models import Receivable
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matching.settings import change_settings
from billing.reconciliation.models import ExceptionKind, MatchedRow, MatchKind
from billing.reconciliation.undo import undo_match
from billing.verification.service import verify
from tests.support.bank_rows import row
from tests.support.billing import APRIL_30
from tests.support.customers import make_customer
from tests.support.identifiers import synthetic_bin, synthetic_iban, synthetic_iin
from tests.support.providers import make_provider
from tests.support.resident_rows import A_MONTH, APRIL_12, APRIL_15, came, open_counter

AMBIGUOUS = ExceptionKind.AMBIGUOUS
UNKNOWN = ExceptionKind.UNKNOWN_PAYER
OWN_IBAN = synthetic_iban(800)


@pytest.fixture
def counter(session):
    """A resident who owes March, and a bank account."""
    counter = open_counter(session)
    counter.desk.issue()
    return counter


def number_of(invoice):
    """An invoice's number as it is printed."""
    return f"{invoice.number:06d}"


def test_an_account_and_the_sum_of_its_debt_are_booked(counter):
    """Named account and fitting sum: a payment that settles the debt, with its reasons and who paid."""
    [taken] = counter.rows(
        came(purpose=f"л/с {counter.customer.account_number}", counterparty_name="Асан Б.")
    )

    assert counter.match([taken]) == {}

    found = counter.explained(taken)
    assert (found.kind, found.score) == (MatchKind.PAYMENT, 90)
    assert found.reasons == ["account", "invoice_amount", "day"]
    assert found.moved == [("1030", "3510", Money.tenge(A_MONTH))]
    [payment] = counter.payments()
    assert (payment.customer_id, payment.received_on, payment.payer_name) == (
        counter.customer.id,
        APRIL_12,
        "Асан Б.",
    )
    assert (payment.method, payment.channel) == (PaymentMethod.BANK, "bank")
    assert counter.debt(counter.customer) == "0.00"
    assert list(verify(counter.session)) == []


@pytest.mark.parametrize(
    ("named", "reasons"),
    [
        ({"counterparty_iin_bin": synthetic_iin(1)}, ["payer", "invoice_amount", "day"]),
        ({"ultimate_iin_bin": synthetic_iin(1)}, ["ultimate_payer", "invoice_amount", "day"]),
        (
            {"ultimate_iin_bin": synthetic_iin(1), "counterparty_iin_bin": synthetic_bin(77)},
            ["ultimate_payer", "invoice_amount", "day"],
        ),
        ({"purpose": "шот 000001"}, ["invoice", "invoice_amount", "day"]),
        ({"purpose": "сч.№1 от 31.03.2026"}, ["invoice", "invoice_amount", "day"]),
    ],
)
def test_who_paid_or_what_he_named_is_enough_with_the_sum(counter, named, reasons):
    """An IIN, or an invoice's number within its term, together with a fitting sum."""
    [taken] = counter.rows(came(**named))

    assert counter.match([taken]) == {}
    assert counter.explained(taken).reasons == reasons
    assert counter.debt(counter.customer) == "0.00"


def test_who_pays_himself_is_no_other_payer(counter):
    """The payer's name is kept only where somebody else paid."""
    counter.left(came(counterparty_iin_bin=synthetic_iin(1), counterparty_name="Т. ТЕСТ"))
    assert [payment.payer_name for payment in counter.payments()] == [None]


@pytest.mark.parametrize(
    ("tenge", "named", "left"),
    [
        (A_MONTH, {}, UNKNOWN),
        (A_MONTH, {"purpose": "оплата за снег"}, UNKNOWN),
        ("500", {"counterparty_iin_bin": synthetic_iin(1)}, ExceptionKind.AMOUNT_DIFFERS),
        ("500", {"purpose": "л/с {account}"}, ExceptionKind.AMOUNT_DIFFERS),
        ("500", {"purpose": "шот 1"}, ExceptionKind.AMOUNT_DIFFERS),
        (A_MONTH, {"purpose": "000001"}, UNKNOWN),
        (A_MONTH, {"purpose": "шот 1", "on": date(2026, 9, 1)}, UNKNOWN),
        (A_MONTH, {"purpose": "шот 2"}, UNKNOWN),
        (A_MONTH, {"purpose": "шот 1/2025"}, UNKNOWN),
        (A_MONTH, {"purpose": f"л/с {make_account_number('473637100', 1)}"}, ExceptionKind.WRONG_ACCOUNT),
        (A_MONTH, {"counterparty_iin_bin": synthetic_iin(2)}, UNKNOWN),
    ],
)
def test_one_kind_of_evidence_is_a_question(counter, tenge, named, left):
    """A sum alone, a number alone, a name alone: nothing is recorded."""
    purpose = named.get("purpose", "").format(account=counter.customer.account_number)

    assert counter.left(came(tenge, **(named | {"purpose": purpose}))) == [left]

    assert counter.payments() == []
    assert counter.debt(counter.customer) == A_MONTH


def test_a_part_of_the_debt_is_booked_on_two_kinds_of_evidence(counter):
    """The payer's IIN and the account he names are enough for whatever sum; the rest is his advance."""
    purpose = f"л/с {counter.customer.account_number}"
    assert counter.left(
        came("160", purpose=purpose, counterparty_iin_bin=synthetic_iin(1)),
        came("1500", purpose=purpose, counterparty_iin_bin=synthetic_iin(1)),
    ) == [None, None]
    assert counter.debt(counter.customer) == "0.00"
    assert counter.desk.advance == Money.tenge(500)


def test_the_named_invoice_is_settled_before_older_ones(counter):
    """Who names an invoice pays that one, though an older one is open."""
    april = counter.desk.issue(Month(2026, 4))
    [taken] = counter.rows(
        came(purpose=f"шот {number_of(april)}", counterparty_iin_bin=synthetic_iin(1), on=date(2026, 5, 4))
    )

    assert counter.match([taken]) == {}

    [payment] = counter.payments()
    assert [step["invoice_id"] for step in payment.explanation] == [str(april.id)]
    assert [step["reason"] for step in payment.explanation] == ["named"]


def test_a_second_payment_of_one_invoice_becomes_an_advance(counter):
    """Two rows of one file name the same invoice: the second finds it settled, and nothing fails."""
    named = {"purpose": "шот 1", "counterparty_iin_bin": synthetic_iin(1)}
    assert counter.left(came(document_number="1", **named), came(document_number="2", **named)) == [
        None,
        None,
    ]
    assert counter.desk.advance == Money.tenge(A_MONTH)


def test_two_equally_good_customers_are_a_question(counter):
    """The purpose names two accounts that owe the same: nobody gets the money by chance."""
    neighbour, _ = counter.another(2)
    purpose = f"л/с {counter.customer.account_number}, л/с {neighbour.account_number}"
    assert counter.left(came(purpose=purpose)) == [AMBIGUOUS]
    assert counter.payments() == []


def test_the_account_of_one_and_the_iin_of_another_are_a_question(counter):
    """Who is not known to pay for somebody does not do so without a person's word."""
    neighbour, _ = counter.another(2)
    named = {"purpose": f"л/с {counter.customer.account_number}", "counterparty_iin_bin": neighbour.iin_bin}
    assert counter.left(came(**named)) == [AMBIGUOUS]
    assert counter.payments() == []


def test_the_invoice_of_one_and_the_account_of_another_are_a_question(counter):
    """Two numbers that do not belong together."""
    neighbour, _ = counter.another(2)
    assert counter.left(came(purpose=f"шот 1, л/с {neighbour.account_number}")) == [AMBIGUOUS]


def test_who_is_known_to_pay_for_another_may(counter):
    """The son is written down as his mother's payer: he names her account, and the payment is hers."""
    son, _ = counter.another(2, name="Ұлы Тест")
    mother, _ = counter.another(3, payer_id=son.id)
    named = {"purpose": f"л/с {mother.account_number}", "counterparty_iin_bin": son.iin_bin}

    assert counter.left(came(counterparty_name="ҰЛЫ Т.", **named)) == [None]

    [payment] = counter.payments()
    assert (payment.customer_id, payment.payer_name) == (mother.id, "ҰЛЫ Т.")
    assert counter.debt(mother) == "0.00"
    assert counter.debt(son) == A_MONTH


def test_a_stranger_may_pay_for_a_named_account(counter):
    """Who paid is nobody of ours: the account and the sum decide, and his name is kept."""
    named = {"purpose": f"л/с {counter.customer.account_number}", "counterparty_iin_bin": synthetic_iin(600)}
    assert counter.left(came(counterparty_name="Бөтен А.", **named)) == [None]
    assert [payment.payer_name for payment in counter.payments()] == ["Бөтен А."]


def test_an_account_seen_before_speaks_for_its_customer(counter):
    """After one sure payment the same IBAN counts, together with a fitting sum or the IIN."""
    known = {"counterparty_iban": OWN_IBAN}
    assert counter.left(came("500", **known)) == [UNKNOWN]
    purpose = f"л/с {counter.customer.account_number}"
    assert counter.left(came(purpose=purpose, **known)) == [None]
    [taken] = counter.rows(came("700", counterparty_iin_bin=synthetic_iin(1), **known))
    assert counter.match([taken]) == {}
    assert counter.explained(taken).reasons == ["payer", "iban"]
    assert counter.left(came("700", on=APRIL_30, **known)) == [UNKNOWN]


def test_an_account_of_many_payers_speaks_for_nobody(counter):
    """A post office's account sends the money of a whole village."""
    village = [counter.another(serial)[0] for serial in range(2, 6)]
    rows = [came(purpose=f"л/с {each.account_number}", counterparty_iban=OWN_IBAN) for each in village]
    assert counter.left(*rows) == [None] * 4
    [taken] = counter.rows(came(counterparty_iin_bin=synthetic_iin(1), counterparty_iban=OWN_IBAN))
    assert counter.match([taken]) == {}
    assert counter.explained(taken).reasons == ["payer", "invoice_amount", "day"]


def test_providers_and_we_ourselves_are_no_payers(counter):
    """A customer whose BIN is a provider's, or ours, is not meant when that one pays."""
    provider = make_provider(counter.session, counter.desk.enterprise.id)
    counter.another(2, iin_bin=provider.bin, category="organisation")
    counter.another(3, iin_bin=counter.desk.enterprise.bin, category="organisation")
    assert counter.left(
        came(counterparty_iin_bin=provider.bin), came(counterparty_iin_bin=counter.desk.enterprise.bin)
    ) == [UNKNOWN, UNKNOWN]
    assert counter.payments() == []


def test_a_closed_month_does_not_stop_the_others(counter):
    """Rows of the closed month are left, and the rest of the file is booked."""
    book_id = ledger.enterprise_book_id(counter.session, counter.desk.enterprise.id)
    ledger.close_month(counter.session, book_id, Month(2026, 3), today=APRIL_12)
    named = {"counterparty_iin_bin": synthetic_iin(1), "purpose": f"л/с {counter.customer.account_number}"}
    assert counter.left(came("1", on=date(2026, 3, 31), **named), came("2", **named)) == [
        ExceptionKind.NOT_BOOKABLE,
        None,
    ]
    assert [str(payment.amount) for payment in counter.payments()] == ["2.00"]


def test_a_day_without_a_posting_policy_is_left(session):
    """Nobody said yet what of the fees is revenue: the row waits, an advance does not."""
    counter = open_counter(session, policy_from=date(2026, 5, 1))
    counter.desk.issue()
    named = {"counterparty_iin_bin": synthetic_iin(1), "purpose": f"л/с {counter.customer.account_number}"}
    assert counter.left(came(**named), came(on=date(2026, 5, 2), **named), came("5", **named)) == [
        ExceptionKind.NOT_BOOKABLE,
        None,
        None,
    ]


def test_an_unknown_code_stops_only_its_own_rows(counter):
    """A code that the new year's classification does not know: the other customers' money is booked."""
    session = counter.session
    neighbours = [counter.another(serial)[0] for serial in (2, 3)]
    [code] = codes_of(counter)
    session.execute(update(BudgetCode).where(BudgetCode.code == code).values(valid_to_year=2026))
    next_year = date(2027, 1, 12)
    newcomer = make_customer(session, 9)  # owes nothing: his money is an advance, and no revenue yet
    rows = [
        came(on=next_year, counterparty_iin_bin=each.iin_bin, purpose=f"л/с {each.account_number}")
        for each in (*neighbours, newcomer)
    ]
    assert counter.left(*rows) == [ExceptionKind.NOT_BOOKABLE, ExceptionKind.NOT_BOOKABLE, None]
    assert [payment.customer_id for payment in counter.payments()] == [newcomer.id]


def codes_of(counter):
    """The budget codes of what is owed."""
    return set(counter.session.scalars(select(Receivable.revenue_code)))


def test_the_threshold_is_the_accountant_s(counter):
    """With a higher threshold the same row is a question."""
    change_settings(counter.session, counter.desk.enterprise.id, threshold=91, days_around=5)
    purpose = f"л/с {counter.customer.account_number}"
    assert counter.left(came(purpose=purpose)) == [UNKNOWN]
    change_settings(counter.session, counter.desk.enterprise.id, threshold=90, days_around=5)
    assert counter.left(came(purpose=purpose)) == [None]


def test_only_incoming_rows_of_the_enterprise_s_own_account_are_looked_at(counter):
    """What went out is another matcher's."""
    purpose = f"л/с {counter.customer.account_number}"
    taken = counter.rows(row(A_MONTH, Direction.OUT, on=APRIL_12, purpose=purpose))
    assert counter.match(taken) == {}
    assert counter.payments() == []


def test_undoing_gives_the_debt_back_and_the_row_waits(counter):
    """What the match posted is mirrored; verify finds nothing wrong, and the row can be booked again."""
    [taken] = counter.rows(came(purpose=f"л/с {counter.customer.account_number}"))
    counter.match([taken])
    undo_match(counter.session, match_of(counter, taken), undone_on=APRIL_15, reason="қате")
    assert counter.debt(counter.customer) == A_MONTH
    assert list(verify(counter.session)) == []
    assert counter.match([taken]) == {}
    assert counter.debt(counter.customer) == "0.00"
    assert list(verify(counter.session)) == []


def match_of(counter, taken):
    """The live match of a row."""
    return counter.session.scalars(select(MatchedRow.match_id).where(MatchedRow.row_id == taken.id)).one()


def test_the_number_of_queries_does_not_grow_with_the_rows(counter):
    """Thirty rows, some booked and some left, take as many queries as six."""

    def queries(count):
        villagers = [counter.another(serial)[0] for serial in numbers(count)]
        rows = [came(purpose=f"л/с {each.account_number}", counterparty_iban=OWN_IBAN) for each in villagers]
        rows += [came(counterparty_iin_bin=each.iin_bin, on=APRIL_30) for each in villagers]
        taken = counter.rows(*rows)
        seen = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        engine = counter.session.get_bind()
        event.listen(engine, "before_cursor_execute", listener)
        try:
            counter.match(taken)
        finally:
            event.remove(engine, "before_cursor_execute", listener)
        return len(seen)

    serials = iter(range(100, 200))
    numbers = lambda count: [next(serials) for _ in range(count)]  # noqa: E731
    queries(4)  # opens the code's account of the year; the IBAN is known as a collector's
    assert queries(15) == queries(3)

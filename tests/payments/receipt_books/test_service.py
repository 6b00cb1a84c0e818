"""Receipt books: ranges that never overlap, numbers that are used once, gaps and doubles that are told."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from billing.access.models import Role
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.payments import service as payments
from billing.payments.models import Payment
from billing.payments.receipt_books import refusals, report
from billing.payments.receipt_books import service as books
from billing.payments.receipt_books.models import ReceiptBook, ReceiptDouble, ReceiptLeaf
from billing.verification.service import verify
from tests.support.billing import open_desk
from tests.support.customers import make_customer
from tests.support.receipt_books import ISSUED_ON, NOW, TAKEN_AT, make_book, make_cashier, paper
from tests.support.statements import counted_statements
from tests.support.web import make_user

E = books.EntryOutcome
RETURNED_ON = date(2026, 4, 25)


@pytest.fixture
def desk(session):
    """A resident who owes 1,160 tenge for March."""
    desk = open_desk(session)
    desk.issue()
    return desk


@pytest.fixture
def cashier(session):
    """Who takes cash in the villages; the session works on his behalf."""
    cashier = make_cashier(session)
    session.info["actor_id"] = cashier.id
    return cashier


@pytest.fixture
def book(session, desk, cashier):
    """Numbers 1 to 5 of series А."""
    return make_book(session, desk.enterprise.id, cashier)


def enter(session, book, number, receipt, *, as_accountant=False, now=NOW):
    return books.enter_receipt(session, book.id, number, receipt, now=now, as_accountant=as_accountant)


def spoil(session, book, number, reason="бүлінді", *, as_accountant=False):
    return books.spoil_number(session, book.id, number, reason=reason, now=NOW, as_accountant=as_accountant)


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def found(session):
    return [(each.code, each.facts["number"]) for each in verify(session)]


def test_a_receipt_is_a_cash_payment_of_its_day(session, desk, book):
    """Entered ten days later: with its own time, its fiscal receipt, a cash order, and the debt settled."""
    entry = enter(session, book, 3, paper(desk.customer.id, 1160))

    assert (entry.outcome, entry.number) == (E.ENTERED, 3)
    payment = entry.payment
    assert (payment.amount, payment.received_on) == (Money.tenge(1160), date(2026, 4, 10))
    assert (payment.fiscal_number, payment.fiscal_at) == ("700", TAKEN_AT)
    assert (payment.channel, payment.cash_order_number) == ("receipt_book", 1)
    assert payment.outside_id == f"{desk.enterprise.bin} А 000003"
    assert desk.debt == Money(0)
    leaf = next(leaf for leaf in books.leaves_of(session, book.id) if leaf.number == 3)
    assert (leaf.payment_id, leaf.settled_at, leaf.settled_by) == (payment.id, NOW, book.held_by)
    assert found(session) == []


def test_the_same_receipt_again_is_the_same_payment(session, desk, book):
    """Whoever is not sure whether it was sent sends it again, at any time."""
    first = enter(session, book, 1, paper(desk.customer.id))
    again = enter(session, book, 1, paper(desk.customer.id), now=NOW + timedelta(days=1))

    assert (again.outcome, again.payment.id) == (E.AGAIN, first.payment.id)
    assert count(session, Payment) == 1 and count(session, ReceiptDouble) == 0


@pytest.mark.parametrize("other", [{"tenge": 581}, {"fiscal_number": "701"}, {"customer": 2}])
def test_another_payment_under_a_number_is_kept_and_not_booked(session, desk, book, other):
    """Told three times it is one double; the first payment stays, and an accountant says what it was."""
    first = enter(session, book, 1, paper(desk.customer.id))
    customer = make_customer(session, 2) if "customer" in other else desk.customer
    facts = {name: value for name, value in other.items() if name != "customer"}
    for _ in range(3):
        entry = enter(session, book, 1, paper(customer.id, **facts))
    assert (entry.outcome, entry.payment.id) == (E.DOUBLE, first.payment.id)
    assert count(session, Payment) == 1

    [double] = report.doubles(session)
    assert (double.series, double.number, double.cashier) == ("А", 1, "Сәуле")
    assert (double.booked, double.account_number) == (Money.tenge(580), customer.account_number)
    assert found(session) == [("receipt_number_double", 1)]
    books.resolve_double(session, double.double.id, resolution="қате нөмір", at=NOW)
    with pytest.raises(refusals.DoubleResolved):
        books.resolve_double(session, double.double.id, resolution="қате", at=NOW)
    assert report.doubles(session) == [] and found(session) == []


def test_a_spoiled_number_has_its_reason(session, desk, book):
    """Torn: nothing is entered under it, said again the first reason stays; a used one cannot be spoiled."""
    assert spoil(session, book, 2, "жыртылды").spoiled_reason == "жыртылды"
    assert spoil(session, book, 2, "басқа").spoiled_reason == "жыртылды"
    with pytest.raises(refusals.NumberSpoiled) as refusal:
        enter(session, book, 2, paper(desk.customer.id))
    assert refusal.value.facts["reason"] == "жыртылды"

    enter(session, book, 1, paper(desk.customer.id))
    with pytest.raises(refusals.NumberUsed):
        spoil(session, book, 1)
    assert count(session, Payment) == 1 and found(session) == []


def test_a_book_handed_back_names_what_is_missing(session, desk, book):
    """1 and 4 are known; 2, 3 and 5 are not: named, reported, and found by verify until accounted for."""
    enter(session, book, 1, paper(desk.customer.id))
    spoil(session, book, 4)
    assert [(gap.trouble, gap.first, gap.last) for gap in report.gaps(session)] == [("gap", 2, 3)]
    assert found(session) == []

    returned = books.return_book(session, book.id, returned_on=RETURNED_ON, as_accountant=False)

    assert (returned.book.returned_on, returned.missing) == (RETURNED_ON, [2, 3, 5])
    assert [(gap.trouble, gap.first, gap.last, gap.since) for gap in report.gaps(session)] == [
        ("missing", 2, 3, RETURNED_ON),
        ("missing", 5, 5, RETURNED_ON),
    ]
    assert found(session) == [("receipt_number_missing", number) for number in (2, 3, 5)]
    with pytest.raises(refusals.BookReturned):
        enter(session, book, 2, paper(desk.customer.id))
    with pytest.raises(refusals.BookReturned):
        books.return_book(session, book.id, returned_on=RETURNED_ON)

    enter(session, book, 2, paper(desk.customer.id, fiscal_number="701"), as_accountant=True)
    for number in (3, 5):
        spoil(session, book, number, "жоғалды", as_accountant=True)
    assert report.gaps(session) == [] and found(session) == []


def test_the_report_says_both(session, desk, book):
    """A gap of two numbers and a double, in one table, with who holds the book."""
    for number in (1, 4):
        enter(session, book, number, paper(desk.customer.id, fiscal_number=str(number)))
    enter(session, book, 1, paper(desk.customer.id, 999))

    rows = [row.values for row in report.troubles_table(session).rows]

    assert [(row["receipt_trouble"], row["receipt_numbers"], row["numbers_count"]) for row in rows] == [
        ("gap", "000002–000003", 2),
        ("double", "000001", 1),
    ]
    assert {row["cashier"] for row in rows} == {"Сәуле"}
    assert (rows[1]["amount"], rows[1]["receipt_booked"]) == (Money.tenge(999), Money.tenge(580))


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize(("first", "last"), [(1, 5), (5, 9), (3, 3), (1, 1)])
def test_ranges_never_overlap(session, desk, cashier, first, last):
    """Refused as a whole: no book, no leaf of it; another series or enterprise may have the same numbers."""
    with pytest.raises(refusals.ReceiptNumbersTaken):
        make_book(session, desk.enterprise.id, cashier, first_number=first, last_number=last)
    assert (count(session, ReceiptBook), count(session, ReceiptLeaf)) == (1, 5)

    make_book(session, desk.enterprise.id, cashier, series="Б", first_number=first, last_number=last)
    other = open_desk(session, 2)
    make_book(session, other.enterprise.id, cashier, first_number=first, last_number=last)


def test_the_database_itself_refuses_overlapping_numbers(session, book):
    """Whatever program writes there."""
    leaf = books.leaves_of(session, book.id)[0]
    names = ("district_id", "book_id", "enterprise_id", "series", "number")
    row = {name: getattr(leaf, name) for name in names} | {"id": new_id()}
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(ReceiptLeaf).values(row))


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"first_number": 0}, "first_number"),
        ({"first_number": -5}, "first_number"),
        ({"first_number": 10_000_000, "last_number": 10_000_000}, "first_number"),
        ({"first_number": 5, "last_number": 4}, "last_number"),
        ({"last_number": 501}, "last_number"),
        ({"series": "А-1"}, "series"),
        ({"series": "ABCDEFGHIJK"}, "series"),
    ],
)
def test_a_range_that_cannot_be_is_refused(session, desk, cashier, facts, field):
    """By its field; nothing is made."""
    with pytest.raises(refusals.InvalidNumbers) as refusal:
        make_book(session, desk.enterprise.id, cashier, **facts)
    assert refusal.value.facts == {"field": field}
    assert count(session, ReceiptBook) == 0


def test_books_go_to_cashiers_only(session, desk):
    """A clerk takes no cash, and nobody is somebody."""
    clerk = make_user(session, "clerk", Role.CLERK)
    with pytest.raises(refusals.NotACashier):
        make_book(session, desk.enterprise.id, clerk)
    nobody = {"cashier_id": new_id(), "issued_on": ISSUED_ON}
    with pytest.raises(NotFound):
        books.issue_book(session, desk.enterprise.id, first_number=1, last_number=2, **nobody)
    assert count(session, ReceiptBook) == 0


def test_nobody_enters_with_another_s_book(session, desk, book):
    """Another cashier is refused, an accountant is not."""
    session.info["actor_id"] = make_cashier(session, "another").id
    for work in (
        lambda: enter(session, book, 1, paper(desk.customer.id)),
        lambda: spoil(session, book, 1),
        lambda: books.return_book(session, book.id, returned_on=RETURNED_ON, as_accountant=False),
    ):
        with pytest.raises(refusals.BookOfAnother):
            work()
    assert count(session, Payment) == 0
    assert enter(session, book, 1, paper(desk.customer.id), as_accountant=True).outcome is E.ENTERED


@pytest.mark.parametrize(
    ("number", "facts", "refusal"),
    [
        (6, {}, refusals.NumberNotInBook(field="number", number=6, first=1, last=5)),
        (0, {}, refusals.NumberNotInBook(field="number", number=0, first=1, last=5)),
        (1, {"tenge": 0}, InvalidInput(field="amount")),
        (1, {"taken_at": NOW + timedelta(seconds=1)}, InvalidInput(field="taken_at")),
        (
            1,
            {"taken_at": TAKEN_AT - timedelta(days=10)},
            refusals.TakenOutsideOfBook(field="taken_at", day=date(2026, 3, 31), issued_on=ISSUED_ON),
        ),
    ],
)
def test_a_receipt_that_cannot_be_is_refused(desk, book, number, facts, refusal):
    """A number not in the book, no money, a day to come, a day before the book: nothing is written."""
    session = desk.session
    with pytest.raises(type(refusal)) as refused:
        enter(session, book, number, paper(desk.customer.id, **facts))
    assert refused.value.facts == refusal.facts
    assert count(session, Payment) == 0
    assert all(leaf.settled_at is None for leaf in books.leaves_of(session, book.id))


def test_an_unknown_customer_or_book_is_refused(session, desk, book):
    """Also as a double, and nothing is kept of it."""
    enter(session, book, 1, paper(desk.customer.id))
    for number in (1, 2):
        with pytest.raises(NotFound):
            enter(session, book, number, paper(new_id()))
    unknown = {"now": NOW, "as_accountant": True}
    with pytest.raises(NotFound):
        books.enter_receipt(session, new_id(), 1, paper(desk.customer.id), **unknown)
    assert count(session, ReceiptDouble) == 0


def test_a_reversed_payment_keeps_its_number(session, desk, book):
    """The leaf was given to somebody: taken back in the books, it is still his."""
    entry = enter(session, book, 1, paper(desk.customer.id))
    payments.reverse_payment(session, entry.payment.id, reversed_on=date(2026, 4, 20), reason="қате")

    assert enter(session, book, 1, paper(desk.customer.id)).outcome is E.AGAIN
    assert found(session) == []


def test_reports_need_no_query_per_book(session, desk, cashier, book):
    """Ten books with gaps are read in as many statements as one."""
    enter(session, book, 3, paper(desk.customer.id))
    with counted_statements(session) as one:
        report.troubles_table(session)
    for number in range(1, 10):
        other = make_book(
            session, desk.enterprise.id, cashier, first_number=number * 10, last_number=number * 10 + 5
        )
        spoil(session, other, number * 10 + 3)
    with counted_statements(session) as ten:
        assert len(report.troubles_table(session).rows) == 10
    assert len(ten) == len(one) == 2

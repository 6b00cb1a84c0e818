"""Many rows in one statement reach the database exactly as they are."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.exc import DataError, IntegrityError

from billing.customers.models import Customer
from billing.kernel.bulk import among, insert_row_once, insert_rows, lower_rows
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.kernel.ready import Ready, among_given
from billing.payments.models import Payment, PaymentMethod
from billing.receivables.models import Advance
from tests.support.billing import advance_left, open_desk, pay
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.statements import counted_statements

ODD = ['"', "\\", "{a,b}", "NULL", "", " two  spaces ", "Ұлы «қала»\n₸", "it's; DROP", "%s"]


def payment_row(desk, number, **differing):
    values = {
        "district_id": DISTRICT_ID,
        "id": new_id(),
        "enterprise_id": desk.enterprise.id,
        "customer_id": desk.customer.id,
        "method": PaymentMethod.CASH,
        "channel": "cash_desk",
        "outside_id": None,
        "amount": Money(1),
        "received_on": date(2026, 4, 10),
        "payer_name": None,
        "cash_order_year": 2026,
        "cash_order_number": 1_000 + number,
        "fiscal_number": "1",
        "fiscal_at": datetime(2026, 4, 10, 6, 30, 0, 123456, tzinfo=UTC),
        "explanation": [],
        "debt_after": Money(0),
    }
    return {**values, **differing}


def write(desk, *rows):
    columns = tuple(rows[0])
    insert_rows(desk.session, Payment, columns, [tuple(row[name] for name in columns) for row in rows])


@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_odd_text_numbers_days_and_json_come_back_as_they_were(session, together):
    """Quotes, braces, backslashes, the word NULL, nothing at all: none is taken for the array's own signs."""
    desk = open_desk(session)
    rows = [
        payment_row(
            desk,
            number,
            payer_name=odd,
            fiscal_number=odd[:3],
            amount=Money(10**15 + number),
            explanation=[{"why": odd, "n": None}],
        )
        for number, odd in enumerate(ODD)
    ] + [payment_row(desk, 99)]

    for part in [rows] if together else [[row] for row in rows]:
        write(desk, *part)

    for row in rows:
        stored = session.get_one(Payment, (DISTRICT_ID, row["id"]))
        assert {name: getattr(stored, name) for name in row} == row
        assert stored.recorded_at is not None


@pytest.mark.parametrize("odd", [None, *ODD])
def test_what_all_rows_share_comes_back_as_it_was(session, odd):
    """Two rows that differ by their numbers only: odd text and none, JSON, days, instants, sums."""
    desk = open_desk(session)
    shared = payment_row(desk, 0, payer_name=odd, explanation=[{"why": odd}])
    rows = [{**shared, "id": new_id(), "cash_order_number": number} for number in (1_001, 1_002)]

    write(desk, *rows)

    for row in rows:
        stored = session.get_one(Payment, (DISTRICT_ID, row["id"]))
        assert {name: getattr(stored, name) for name in row} == row


def test_rows_that_share_everything_are_written_too(session):
    """Here the same payment twice: it is the table's key that refuses it."""
    desk = open_desk(session)
    row = payment_row(desk, 1)

    with pytest.raises(IntegrityError), session.begin_nested():
        write(desk, row, row)


@pytest.mark.postgresql_only
@pytest.mark.parametrize("count", [1, 2])
def test_what_is_too_long_is_refused_not_cut(session, count):
    """A channel of 31 letters reaches the column's own limit; a cast on the way would have shortened it."""
    desk = open_desk(session)
    channel = "c" * 31

    with pytest.raises(DataError), session.begin_nested():
        write(desk, *(payment_row(desk, number, channel=channel) for number in range(count)))


def test_rows_are_all_written_or_none(session):
    """The second row breaks a CHECK: the first is not there either."""
    desk = open_desk(session)
    good = payment_row(desk, 1)

    with pytest.raises(IntegrityError), session.begin_nested():
        write(desk, good, payment_row(desk, 2, amount=Money(0)))

    assert session.get(Payment, (DISTRICT_ID, good["id"])) is None


def test_no_rows_are_no_statement(session):
    """Nothing to write sends nothing."""
    with counted_statements(session) as sent:
        insert_rows(session, Payment, ("district_id",), [])
        lower_rows(session, Advance, "payment_id", ("open_amount",), [])

    assert sent == []


def test_each_row_is_lowered_by_its_own_sum(session):
    """Two advances, two sums, one statement; a third stays."""
    desk = open_desk(session)
    paid = [pay(session, desk.enterprise.id, desk.customer.id, tenge) for tenge in (100, 200, 300)]
    ids = [each.id for each in paid]

    lower_rows(
        session, Advance, "payment_id", ("open_amount",), [(ids[0], Money(1)), (ids[1], Money(20_000))]
    )
    session.expire_all()

    assert [advance_left(session, each) for each in paid] == [Money(9_999), Money(0), Money(30_000)]


def test_lowering_below_zero_is_refused(session):
    """The table's CHECK holds for many rows as for one; none is lowered."""
    desk = open_desk(session)
    paid = [pay(session, desk.enterprise.id, desk.customer.id, 100) for _ in range(2)]

    with pytest.raises(IntegrityError), session.begin_nested():
        lower_rows(
            session,
            Advance,
            "payment_id",
            ("open_amount",),
            [(paid[0].id, Money(1)), (paid[1].id, Money(10_001))],
        )
    session.expire_all()

    assert [advance_left(session, each) for each in paid] == [Money(10_000), Money(10_000)]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_among_finds_ids_and_texts(session, count):
    """Whatever the number of values, with one parameter."""
    people = [make_customer(session, serial) for serial in range(3)]
    wanted = people[:count]

    by_id = session.scalars(select(Customer).where(among(session, Customer.id, [each.id for each in wanted])))
    by_name = session.scalars(
        select(Customer).where(
            among(session, Customer.account_number, [each.account_number for each in wanted])
        )
    )

    assert {each.id for each in by_id} == {each.id for each in by_name} == {each.id for each in wanted}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_query_made_once_finds_ids_and_odd_texts(session, count):
    """The same query is asked for any number of values, whatever signs are in them."""
    people = [make_customer(session, serial) for serial in range(3)]
    wanted = people[:count]
    of_ids = Ready(select(Customer.id).where(among_given(Customer.id, "ids")))
    of_numbers = Ready(select(Customer.id).where(among_given(Customer.account_number, "numbers")))

    by_id = of_ids.rows(session, ids=[each.id for each in wanted])
    by_number = of_numbers.rows(session, numbers=[*ODD, *(each.account_number for each in wanted)])

    assert {row.id for row in by_id} == {row.id for row in by_number} == {each.id for each in wanted}


def test_a_query_made_once_sees_what_waits_in_the_session(session):
    """What the session has not written yet is written before the question."""
    names = Ready(select(Customer.name).where(Customer.id == bindparam("customer_id")))
    customer = make_customer(session)
    customer.name = "Changed"

    assert [row.name for row in names.rows(session, customer_id=customer.id)] == ["Changed"]


def test_a_row_is_inserted_once(session):
    """The second with the same key leaves the first as it is; another constraint still refuses."""
    desk = open_desk(session)
    key = ("district_id", "channel", "outside_id")
    first, again, other = (
        payment_row(desk, number, outside_id=outside_id, amount=Money(number))
        for number, outside_id in ((1, "a"), (2, "a"), (1, "b"))
    )

    def insert(row):
        return insert_row_once(session, Payment, tuple(row), tuple(row.values()), key=key)

    assert (insert(first), insert(again)) == (True, False)
    with pytest.raises(IntegrityError), session.begin_nested():
        insert(other)  # the number of its cash order is taken

    [stored] = session.scalars(select(Payment).where(Payment.channel == "cash_desk"))
    assert (stored.id, stored.amount) == (first["id"], Money(1))

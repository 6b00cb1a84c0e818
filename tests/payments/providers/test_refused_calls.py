"""Every refusal has the dialect's code and HTTP 200; nothing is paid, and a person hears of what he must."""

from datetime import date
from urllib.parse import quote

import pytest

from billing.customers import service as customers
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.payments.models import Payment
from billing.payments.providers import service
from billing.payments.providers.models import (
    ProviderDialect,
    ProviderTransaction,
)
from tests.support.committed import all_agrees, count
from tests.support.customers import make_customer
from tests.support.districts import (
    DISTRICT_ID,
    make_enterprise,
)
from tests.support.providers import code, make_provider, open_line

T = Money.tenge
KASPI, OSMP = ProviderDialect.KASPI, ProviderDialect.OSMP
NOBODY = "47363909995"  # a right check digit, but nobody's
MARCH_31 = date(2026, 3, 31)
FORM = "application/x-www-form-urlencoded"
UNREADABLE = [
    "",
    "command=pay",
    "command=PAY&txn_id=1&account={account}&sum=1.00",
    "command=refund&txn_id=1&account={account}&sum=1.00",
    "txn_id=1&account={account}&sum=1.00",
    "command=pay&account={account}&sum=1.00",
    "command=pay&txn_id=&account={account}&sum=1.00",
    "command=pay&txn_id=-1&account={account}&sum=1.00",
    "command=pay&txn_id=1a&account={account}&sum=1.00",
    "command=pay&txn_id=123456789012345678901&account={account}&sum=1.00",
    "command=pay&txn_id=1&txn_id=2&account={account}&sum=1.00",
    "command=pay&txn_id=1&account={account}",
    "command=pay&txn_id=1&account={account}&sum=",
    "command=pay&txn_id=1&account={account}&sum=1,00",
    "command=pay&txn_id=1&account={account}&sum=-1.00",
    "command=pay&txn_id=1&account={account}&sum=1e3",
    "command=pay&txn_id=1&account={account}&sum=1.001",
    "command=pay&txn_id=1&account={account}&sum=NaN",
    "command=pay&txn_id=1&account={account}&sum=99999999999",
    "command=pay&txn_id=1&account={account}&sum=%D9%A1",
    "command=pay&txn_id=1&account={account}&sum=1.00&txn_date=20261301000000",
    "command=pay&txn_id=1&account={account}&sum=1.00&txn_date=2026-11-23",
    "command=pay&txn_id=1&account={account}&sum=1.00&txn_date=20261123250000",
    "command=check&txn_id=1&account={account}&sum=abc",
    "command=pay&txn_id=%FF%FE&account={account}&sum=1.00",
    "command=pay&txn_id=1%00&account={account}&sum=1.00",
    "&".join(["x=1"] * 41) + "&command=pay&txn_id=1&account={account}&sum=1.00",
    "command=pay&txn_id=1&account={account}&sum=1.00&x=" + "y" * 4_000,
]


def nothing_was_paid(sessions):
    return count(sessions, Payment) == 0 and all_agrees(sessions)


@pytest.mark.parametrize("dialect", [KASPI, OSMP])
def test_each_refusal_has_the_code_of_the_dialect(sessions, line_of, account, dialect):
    """The payer's application says what is wrong; nothing is paid."""
    line = line_of(dialect, sum_min=T(10), sum_max=T(5000))
    with sessions.begin(DISTRICT_ID) as session:
        closed = make_customer(session, 2).id
        closed_account = customers.deactivate_customer(session, closed, on=MARCH_31).account_number
    wrong_digit = account[:-1] + str((int(account[-1]) + 1) % 10)
    refused = [
        # what is told, and the codes of Kaspi and OSMP
        ({"account": wrong_digit}, 1, 4),
        ({"account": NOBODY}, 1, 5),
        ({"account": "abc"}, 1, 4),
        ({"account": "1" * 51}, 1, 4),
        ({"account": "٤٧٣٦٣٩٠٠٠١٣"}, 1, 4),
        ({"account": closed_account}, 5, 79),
        ({"tenge": "9.99"}, 5, 241),
        ({"tenge": "5000.01"}, 5, 242),
        ({"txn_date": "20201123080000"}, 5, 300),
        ({"txn_date": "20271123080000"}, 5, 300),
    ]

    for number, (told, kaspi_code, osmp_code) in enumerate(refused):
        answer = line.pay(**{"account": account, "txn_id": number, **told})
        assert code(answer) == {KASPI: kaspi_code, OSMP: osmp_code}[dialect], told
    with sessions.begin(DISTRICT_ID) as session:
        service.close_provider(session, service.get_provider_by_code(session, dialect.value).id)
    assert code(line.pay(account, txn_id=100)) == {KASPI: 5, OSMP: 7}[dialect]

    assert nothing_was_paid(sessions)


def test_what_cannot_be_understood_is_answered_and_never_booked(sessions, kaspi, osmp, account):
    """The dialect's "other error" with HTTP 200, by GET and by POST, and no trace."""
    for query in (each.format(account=account) for each in UNREADABLE):
        assert code(kaspi.get(query)) == 5, query
        assert code(osmp.get(query)) == 300, query
        assert code(osmp.app.test_client().post(osmp.url, data=query, content_type=FORM)) == 300, query

    assert count(sessions, ProviderTransaction) == 0
    assert nothing_was_paid(sessions)


def test_a_body_nobody_agreed_on_is_answered(sessions, osmp):
    """Too long, of another kind, in another encoding: code 300 and HTTP 200."""
    bodies = [
        (b"x" * 5_000, FORM),
        (b'{"command": "pay"}', "application/json"),
        (b"\x00\xff" * 100, "application/octet-stream"),
        ("command=pay&txn_id=1&sum=1.00&account=ә".encode("utf-16"), FORM),
    ]
    for body, content_type in bodies:
        assert code(osmp.app.test_client().post(osmp.url, data=body, content_type=content_type)) == 300

    assert nothing_was_paid(sessions)


def test_fields_nobody_asked_for_may_come_in_any_encoding(osmp, account):
    """The name of a terminal in cp1251 keeps nobody from paying."""
    query = f"command=pay&txn_id=1&account={account}&sum=5.00&terminal={quote('Қордай'.encode('kz1048'))}"
    assert code(osmp.get(query)) == 0


@pytest.mark.parametrize(("dialect", "expected"), [(KASPI, 5), (OSMP, 8)])
def test_what_cannot_be_booked_is_noted(sessions, line_of, desk, dialect, expected):
    """A closed month: the provider hears that we cannot, an accountant sees why, nothing is recorded."""
    line, account = line_of(dialect), desk.customer.account_number
    with sessions.begin(DISTRICT_ID) as session:
        book_id = ledger.enterprise_book_id(session, desk.enterprise.id)
        for number in range(3, 11):
            ledger.close_month(session, book_id, Month(2026, number), today=date(2026, 11, 23))

    late = line.pay(account, txn_id=3, txn_date="20261031235959")

    assert code(late) == expected
    assert line.pay(account, txn_id=3, txn_date="20261031235959").data == late.data
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        [incident] = service.list_incidents(session).items
        assert (incident.txn_id, incident.account, incident.refusal) == ("3", account, "month_closed")
    assert nothing_was_paid(sessions)
    assert code(line.pay(account, txn_id=4, txn_date="20261101000000")) == 0


def test_an_enterprise_that_cannot_post_takes_no_money(app, sessions, osmp, account):
    """Without a posting policy nothing is recorded; the accountant hears of it."""
    with sessions.begin(DISTRICT_ID) as session:
        bookless = make_provider(session, make_enterprise(session, 2).id, "bookless", OSMP)
    line = open_line(app, bookless)

    assert code(line.pay(account)) == 8
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert [each.refusal for each in service.list_incidents(session).items] == ["not_found"]
    assert nothing_was_paid(sessions)

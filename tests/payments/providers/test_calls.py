"""Providers call: accounts are checked, and payments recorded once."""

from datetime import date
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from billing.customers.models import Customer
from billing.kernel.money import Money
from billing.payments.models import Payment, PaymentMethod
from billing.payments.providers import service
from billing.payments.providers.models import (
    ProviderAnswer,
    ProviderDialect,
    ProviderTransaction,
)
from billing.payments.service import record_payment
from tests.support.committed import all_agrees, count
from tests.support.customers import make_customer, make_organisation
from tests.support.districts import (
    DISTRICT_ID,
)
from tests.support.providers import code, make_agreement, said
from tests.support.web import TODAY

T = Money.tenge
KASPI, OSMP = ProviderDialect.KASPI, ProviderDialect.OSMP
NOBODY = "47363909995"  # a right check digit, but nobody's
MARCH_31 = date(2026, 3, 31)


def nothing_was_paid(sessions):
    return count(sessions, Payment) == 0 and all_agrees(sessions)


def test_kaspi_checks_in_json(sessions, kaspi, account):
    """Debt as a number with two decimals, the name masked; and nothing is written."""
    answer = kaspi.check(account, txn_id=1234567, sum="1.00")

    assert answer.content_type == "application/json; charset=utf-8"
    assert said(answer) == {
        "txn_id": "1234567",
        "result": 0,
        "sum": "1160.00",
        "comment": "қабылданды / принято",
        "fields": {
            "field1": {"@name": "Аты-жөні / ФИО", "#text": "Т. Тұрғынов"},
            "field2": {"@name": "Берешек, теңге / Задолженность, тенге", "#text": "1160.00"},
        },
    }
    assert count(sessions, ProviderTransaction) == count(sessions, ProviderAnswer) == 0
    assert nothing_was_paid(sessions)


def test_osmp_checks_in_xml(osmp, account):
    """Its own name of the transaction, and fields with their titles as attributes."""
    answer = osmp.check(account, txn_id=77, prv_id="3", trm_id="12345", pay_type="1")

    assert answer.content_type == "text/xml; charset=utf-8"
    assert answer.text.startswith("<?xml version='1.0' encoding='utf-8'?>")
    assert said(answer) == {
        "osmp_txn_id": "77",
        "sum": "1160.00",
        "result": "0",
        "comment": "қабылданды / принято",
    }
    fields = ElementTree.fromstring(answer.data).find("fields")
    assert [(field.tag, field.get("name"), field.text) for field in fields] == [
        ("field1", "Аты-жөні / ФИО", "Т. Тұрғынов"),
        ("field2", "Берешек, теңге / Задолженность, тенге", "1160.00"),
    ]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_payment_is_recorded_and_answered_with_its_number(sessions, osmp, desk, method):
    """It settles the debt on the provider's day, in transit until a statement shows it."""
    fields = {
        "command": "pay",
        "txn_id": "00123",
        "txn_date": "20261122235959",
        "account": desk.customer.account_number,
        "sum": "1160.00",
    }
    client = osmp.app.test_client()
    answer = (
        client.get(osmp.url, query_string=fields) if method == "GET" else client.post(osmp.url, data=fields)
    )

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        [payment] = session.scalars(select(Payment)).all()
        assert desk.at(session).debt == T(0)
    assert (payment.method, payment.channel, payment.outside_id) == (PaymentMethod.PROVIDER, "osmp", "00123")
    assert (payment.amount, payment.received_on) == (T(1160), date(2026, 11, 22))
    assert said(answer) == {
        "osmp_txn_id": "00123",
        "prv_txn": str(payment.id.int % 10**18),
        "sum": "1160.00",
        "result": "0",
        "comment": "қабылданды / принято",
    }
    assert all_agrees(sessions)


def test_the_first_answer_is_given_again_whatever_changed_since(sessions, kaspi, desk, account):
    """Byte for byte: after an edit, a closed account and a closed provider, by GET and by POST."""
    first = kaspi.pay(account, "1160.00", txn_id=5)
    with sessions.begin(DISTRICT_ID) as session:
        provider = service.get_provider_by_code(session, "kaspi")
        service.edit_provider(session, provider.id, make_agreement(sum_max=T(1)), version=None)
        service.close_provider(session, provider.id)
        session.get(Customer, (DISTRICT_ID, desk.customer.id)).is_active = False

    again = kaspi.pay(account, "1160.00", txn_id=5, txn_date="20261123090000")
    posted = kaspi.app.test_client().post(
        kaspi.url, data={"command": "pay", "txn_id": "5", "account": account, "sum": "1160"}
    )

    assert code(first) == 0
    assert first.data == again.data == posted.data
    assert first.content_type == again.content_type == posted.content_type
    assert count(sessions, Payment) == 1
    assert all_agrees(sessions)


def test_a_refusal_too_is_the_answer_for_good(sessions, osmp):
    """A provider gave the money back after a refusal: the same transaction is not taken later."""
    refused = osmp.pay(NOBODY, txn_id=5)
    with sessions.begin(DISTRICT_ID) as session:
        make_customer(session, 2).account_number = NOBODY

    assert code(refused) == 5
    assert osmp.pay(NOBODY, txn_id=5).data == refused.data
    assert nothing_was_paid(sessions)
    assert code(osmp.pay(NOBODY, txn_id=6)) == 0


@pytest.mark.parametrize(("dialect", "expected"), [(KASPI, 5), (OSMP, 300)])
def test_one_transaction_of_two_accounts_or_sums_goes_to_the_accountant(
    sessions, line_of, account, dialect, expected
):
    """Refused, and counted as one incident each however often it comes; the first answer stays."""
    line = line_of(dialect)
    with sessions.begin(DISTRICT_ID) as session:
        other = make_customer(session, 2).account_number
    first = line.pay(account, "100.00", txn_id=9)

    for _ in range(3):
        assert code(line.pay(account, "100.01", txn_id=9)) == expected
    assert code(line.pay(other, "100.00", txn_id=9)) == expected

    assert line.pay(account, "100.00", txn_id=9).data == first.data
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        incidents = service.list_incidents(session).items
        assert [(each.account, each.amount, each.times) for each in incidents] == [
            (other, T(100), 1),
            (account, T("100.01"), 3),
        ]
        assert session.scalars(select(Payment.amount)).all() == [T(100)]
    assert all_agrees(sessions)


def test_blanks_and_hyphens_within_an_account_are_people(sessions, kaspi, account):
    """They are dropped, and the same account without them is the same call."""
    typed = f"{account[:6]}-{account[6:10]} {account[10:]}"

    assert kaspi.pay(typed, txn_id=1).data == kaspi.pay(account, txn_id=1).data
    assert count(sessions, Payment) == 1


def test_fields_are_called_as_agreed(line_of, account):
    """Names that differ from the dialect's are read and written as they were told."""
    line = line_of(
        OSMP,
        field_names={
            "account": "acc",
            "command": "cmd",
            "answer_txn_id": "txn",
            "answer_provider_txn": "prv",
        },
    )
    answer = line.get({"cmd": "pay", "txn_id": "1", "acc": account, "sum": "5"})

    assert code(answer) == 0
    assert set(said(answer)) == {"txn", "prv", "sum", "result", "comment"}
    assert code(line.pay(account)) == 300


def test_an_organisation_is_named_as_it_is_called(sessions, kaspi):
    """Only persons are masked; a debt of zero suggests no sum."""
    with sessions.begin(DISTRICT_ID) as session:
        account = make_organisation(session).account_number

    answer = said(kaspi.check(account))

    assert answer["fields"]["field1"]["#text"] == "«Сынақ» ЖШС"
    assert answer["sum"] == "0.00"


def test_a_payment_entered_by_hand_is_not_recorded_again(sessions, kaspi, desk, account):
    """The clerk was faster: the provider hears the payment's number, or that the number is another's."""
    with sessions.begin(DISTRICT_ID) as session:
        by_hand = [
            record_payment(
                session,
                desk.enterprise.id,
                desk.customer.id,
                amount=T(100),
                method=PaymentMethod.PROVIDER,
                received_on=TODAY,
                channel="kaspi",
                outside_id=outside_id,
            )
            for outside_id in ("1", "2")
        ]

    answer = said(kaspi.pay(account, "100.00", txn_id=1))
    other = kaspi.pay(account, "99.00", txn_id=2)

    assert (answer["result"], answer["prv_txn_id"]) == (0, by_hand[0].int % 10**18)
    assert code(other) == 5
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert [each.txn_id for each in service.list_incidents(session).items] == ["2"]
    assert count(sessions, Payment) == 2
    assert all_agrees(sessions)

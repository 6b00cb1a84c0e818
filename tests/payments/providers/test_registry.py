"""What the provider's registry says beyond its calls: booked late, taken back, once each."""

from datetime import date, datetime

import pytest

from billing.access.models import Role
from billing.kernel.clock import ALMATY
from billing.kernel.dates import Month
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.identifiers import InvalidAccountNumber
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.ledger.service import MonthClosed
from billing.payments.models import Payment, PaymentReversal
from billing.payments.providers import service
from billing.payments.providers.models import ProviderTransaction
from billing.payments.service import PaymentRefunded, find_payment
from tests.support.billing import refund
from tests.support.committed import all_agrees, count
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.providers import code, said
from tests.support.web import TODAY, Office

T = Money.tenge
DEBT = T(1160)
EVENING = datetime(2026, 11, 20, 23, 59, tzinfo=ALMATY)
NOBODY = "47363909995"


@pytest.fixture
def provider(sessions, kaspi):
    """The provider with the open line."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return service.get_provider_by_code(session, "kaspi")


def late(sessions, provider, account, txn_id="7", amount=DEBT):
    """Book a payment of the registry."""
    with sessions.begin(DISTRICT_ID) as session:
        return service.record_late(session, provider, txn_id, account=account, amount=amount, paid_at=EVENING)


def take_back(sessions, provider, txn_id="7", cancelled_on=TODAY):
    """Take back a payment."""
    with sessions.begin(DISTRICT_ID) as session:
        return service.cancel(session, provider, txn_id, cancelled_on=cancelled_on, reason="возврат")


def test_a_missing_payment_is_booked_with_the_provider_s_time(sessions, provider, kaspi, desk, account):
    """Once, however often; the provider who tells it at last hears that it is paid, and limits are past."""
    with sessions.begin(DISTRICT_ID) as session:
        service.close_provider(session, provider.id)

    payment = late(sessions, provider, account)

    assert (payment.received_on, payment.amount, payment.channel) == (date(2026, 11, 20), T(1160), "kaspi")
    assert late(sessions, provider, account).id == payment.id
    told = said(kaspi.pay(account, "1160.00", txn_id=7))
    assert (told["result"], told["prv_txn_id"]) == (0, payment.id.int % 10**18)
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert desk.at(session).debt == T(0)
    assert count(sessions, Payment) == 1
    assert all_agrees(sessions)


def test_a_registry_that_contradicts_a_call_is_refused(sessions, provider, kaspi, account):
    """Another sum or account under a number that was told: nothing is booked."""
    with sessions.begin(DISTRICT_ID) as session:
        other = make_customer(session, 2).account_number
    assert code(kaspi.pay(account, "100.00", txn_id=7)) == 0

    for told in ({"account": other, "amount": T(100)}, {"account": account, "amount": T(101)}):
        with pytest.raises(service.TransactionContradicts):
            late(sessions, provider, **told)
    assert late(sessions, provider, account, amount=T(100)).amount == T(100)
    assert count(sessions, Payment) == 1


def test_what_cannot_be_booked_late_leaves_no_trace(sessions, provider, desk, account):
    """Nobody's account, no number, no sum, a closed month: each is refused by name."""
    for refusal, told in (
        (NotFound, {"account": NOBODY}),
        (InvalidAccountNumber, {"account": "1"}),
        (InvalidInput, {"account": account, "txn_id": "x"}),
        (InvalidInput, {"account": account, "amount": Money(0)}),
    ):
        with pytest.raises(refusal):
            late(sessions, provider, **told)
    with sessions.begin(DISTRICT_ID) as session:
        book_id = ledger.enterprise_book_id(session, desk.enterprise.id)
        for number in range(3, 12):
            ledger.close_month(session, book_id, Month(2026, number), today=date(2026, 12, 1))
    with pytest.raises(MonthClosed):
        late(sessions, provider, account)
    assert count(sessions, Payment) == count(sessions, ProviderTransaction) == 0


def test_a_payment_is_taken_back_once(sessions, provider, kaspi, desk, account):
    """The debt is open again; the same call still gets its first answer; an unknown one is nobody's."""
    first = kaspi.pay(account, "1160.00", txn_id=7)

    reversal = take_back(sessions, provider)

    assert take_back(sessions, provider, cancelled_on=date(2026, 11, 24)).reversed_on == TODAY
    assert reversal.reversed_on == TODAY
    assert kaspi.pay(account, "1160.00", txn_id=7).data == first.data
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert desk.at(session).debt == T(1160)
    with pytest.raises(NotFound):
        take_back(sessions, provider, txn_id="8")
    assert count(sessions, PaymentReversal) == 1
    assert all_agrees(sessions)


def test_a_payment_taken_back_before_it_was_told_is_not_paid(sessions, provider, kaspi, osmp, account):
    """Booked from the registry and cancelled: the late call hears that it is cancelled."""
    late(sessions, provider, account)
    take_back(sessions, provider)

    assert code(kaspi.pay(account, "1160.00", txn_id=7)) == 2
    assert count(sessions, Payment) == 1
    assert all_agrees(sessions)


def test_money_given_back_here_is_not_taken_back_again(sessions, provider, kaspi, desk, account):
    """A refunded payment cannot be cancelled; the provider and we would both have paid."""
    kaspi.pay(account, "2000.00", txn_id=7)
    with sessions.begin(DISTRICT_ID) as session:
        refund(session, find_payment(session, "kaspi", "7"), 100, refunded_on=TODAY)

    with pytest.raises(PaymentRefunded):
        take_back(sessions, provider)
    assert count(sessions, PaymentReversal) == 0


def test_an_accountant_looks_up_books_and_takes_back(app, sessions, provider, kaspi, account):
    """Over HTTP, in the order things happen; the same again changes nothing."""
    office = Office(app, None).member(Role.ACCOUNTANT)
    own = f"/api/v1/providers/{provider.id}"
    kaspi.pay(NOBODY, "50.00", txn_id=6)

    body = {"txn_id": "7", "account": account, "amount": "1160.00", "paid_at": "2026-11-20T23:59:00+05:00"}
    booked = office.post(f"{own}/late-payments", json=body)
    undone = office.post(
        f"{own}/cancellations", json={"txn_id": "7", "cancelled_on": "2026-11-23", "reason": "возврат"}
    )

    assert (booked.status_code, booked.json["received_on"]) == (201, "2026-11-20")
    assert (undone.status_code, undone.json["payment_id"]) == (201, booked.json["id"])
    listed = office.get(f"{own}/transactions").json["items"]
    assert [(each["txn_id"], each["outcome"], each["payment_id"]) for each in listed] == [
        ("7", None, None),
        ("6", "unknown_account", None),
    ]
    assert listed[0]["paid_at"] == "2026-11-20T18:59:00Z"
    assert office.get(f"{own}/transactions", query_string={"txn_id": "6"}).json["items"] == listed[1:]
    clerk = Office(app, None).member(Role.CLERK)
    assert clerk.post(f"{own}/late-payments", json=body | {"txn_id": "8"}).status_code == 403
    assert clerk.get(f"{own}/transactions").status_code == 403
    assert count(sessions, Payment) == 1

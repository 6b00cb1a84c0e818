"""The engine behind both dialects: looks an account up, and records what a provider collected, once.

A transaction is claimed by inserting it: whoever tells the same one at the same moment waits there until the
first is committed, and then finds its answer. The answer is stored with the payment, in one transaction of
the database, so a provider never hears of a payment that is not there.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.catalog.models import PayerCategory
from billing.customers import service as customers
from billing.customers.models import Customer
from billing.kernel.clock import ALMATY
from billing.kernel.db import district_of, insert_into
from billing.kernel.errors import Refusal
from billing.kernel.identifiers import InvalidAccountNumber, check_account_number
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, total
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentReversal
from billing.payments.providers.agreements import method_of
from billing.payments.providers.incidents import note_incident
from billing.payments.providers.models import (
    CallOutcome,
    IncidentKind,
    Provider,
    ProviderAnswer,
    ProviderTransaction,
)
from billing.payments.providers.protocol.messages import Answer, Call, Verdict, write_answer
from billing.receivables import service as receivables

PROVIDER_TXN_MODULUS = 10**18  # a provider keeps our number of a payment as a whole number
AHEAD_MAX = timedelta(days=1)  # clocks differ; a wrong year is no clock
LATE_MAX = timedelta(days=60)  # later ones come with the registry, and through a person


class CallRefused(Exception):
    """The decision about a call, where it cannot be accepted."""

    def __init__(self, outcome: CallOutcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def check(session: Session, provider: Provider, call: Call) -> Verdict:
    """Say whether an account can be paid, whose it is, and what it owes. Writes nothing."""
    try:
        customer = _payer(session, provider, call.account)
        if call.amount is not None and call.amount > ZERO:
            _check_sum(provider, call.amount)
    except CallRefused as refused:
        return Verdict(refused.outcome, call.txn_id)
    lines = receivables.open_lines(session, provider.enterprise_id, customer.id)
    debt = total(line.open_amount for line in lines)
    facts = (
        ("provider_fact.name", masked_name(customer)),
        ("provider_fact.debt", str(debt)),
    )
    return Verdict(CallOutcome.ACCEPTED, call.txn_id, min(debt, provider.sum_max), facts=facts)


def pay(session: Session, provider: Provider, call: Call, *, now: datetime) -> Answer:
    """Record what a provider collected and answer it; told again, the first answer is given again.

    Told again with another account or sum it is refused, and the accountant hears of it.

    Args:
        call: one that says a sum.
        now: the day of a payment is the provider's, but never after this.
    """
    assert call.amount is not None, call
    transaction = claim(session, provider, call, paid_at=min(call.paid_at or now, now))
    if (transaction.account, transaction.amount) != (call.account, call.amount):
        note(session, provider, call, IncidentKind.TXN_REUSED, at=now)
        return write_answer(provider, Verdict(CallOutcome.TXN_REUSED, call.txn_id, call.amount))
    known = session.get(ProviderAnswer, (district_of(session), transaction.id))
    if known is not None:
        return Answer(known.outcome, known.content_type, known.body)
    try:
        payment = _paid(session, provider, transaction, call, now)
    except CallRefused as refused:
        return keep_answer(session, provider, transaction, None, refused.outcome)
    return keep_answer(session, provider, transaction, payment, CallOutcome.ACCEPTED)


def claim(session: Session, provider: Provider, call: Call, paid_at: datetime) -> ProviderTransaction:
    """The transaction as it was told first: by this call, or by an earlier one."""
    told = {
        "district_id": district_of(session),
        "id": new_id(),
        "provider_id": provider.id,
        "txn_id": call.txn_id,
        "account": call.account,
        "amount": call.amount,
        "paid_at": paid_at,
    }
    # Whoever claims it at this moment is waited for here, before any customer is locked: no way to block.
    insert = insert_into(session, ProviderTransaction.__table__).values(told)
    session.execute(insert.on_conflict_do_nothing())
    return session.scalars(
        select(ProviderTransaction).where(
            ProviderTransaction.provider_id == provider.id, ProviderTransaction.txn_id == call.txn_id
        )
    ).one()


def _paid(
    session: Session, provider: Provider, transaction: ProviderTransaction, call: Call, now: datetime
) -> Payment:
    """The payment of a transaction: booked before, from the provider's registry, or now.

    Raises:
        CallRefused: it cannot be accepted. Nothing is recorded but, where a person must know, an incident.
    """
    booked = payments.find_payment(session, provider.code, transaction.txn_id)
    if booked is None:
        customer = _payer(session, provider, transaction.account)
        _check_sum(provider, transaction.amount)
        try:
            _check_date(call, now)
            return book(session, provider, customer, transaction)
        except CallRefused as refused:
            note(session, provider, call, IncidentKind.NOT_BOOKED, at=now, refusal=refused.outcome.value)
            raise
        except payments.OutsideIdReused as refusal:
            note(session, provider, call, IncidentKind.TXN_REUSED, at=now, refusal=refusal.code)
            raise CallRefused(CallOutcome.TXN_REUSED) from refusal
        except Refusal as refusal:
            note(session, provider, call, IncidentKind.NOT_BOOKED, at=now, refusal=refusal.code)
            raise CallRefused(CallOutcome.NOT_BOOKABLE) from refusal
    if session.get(PaymentReversal, (booked.district_id, booked.id)) is not None:
        raise CallRefused(CallOutcome.CANCELLED)
    if not is_of(session, booked, transaction):
        note(session, provider, call, IncidentKind.TXN_REUSED, at=now)
        raise CallRefused(CallOutcome.TXN_REUSED)
    return booked


def book(
    session: Session, provider: Provider, customer: Customer, transaction: ProviderTransaction
) -> Payment:
    """Record a transaction's payment on the provider's day, wholly or not at all.

    Raises:
        OutsideIdReused: the channel told this transaction of somebody else at this very moment.
        MonthClosed, NoPostingPolicy, UnknownBudgetCode, NotFound: it cannot be posted. Nothing is recorded.
    """
    # Within a savepoint: the claim and the incident stay when the payment cannot.
    with session.begin_nested():
        payment_id = payments.record_payment(
            session,
            provider.enterprise_id,
            customer.id,
            amount=transaction.amount,
            method=method_of(provider),
            received_on=day_of(transaction.paid_at),
            channel=provider.code,
            outside_id=transaction.txn_id,
        )
        return payments.get_payment(session, payment_id)


def day_of(instant: datetime) -> date:
    """The date of an instant in Kazakhstan."""
    return instant.astimezone(ALMATY).date()


def masked_name(customer: Customer) -> str:
    """A resident as his payer recognises him, «Ғ. Әлімбаева»; an organisation as it is called."""
    if customer.category is PayerCategory.ORGANISATION:
        return customer.name
    surname, *others = customer.name.split()
    return f"{others[0][0]}. {surname}" if others else f"{surname[0]}."


def _payer(session: Session, provider: Provider, account: str) -> Customer:
    if not provider.is_open:
        raise CallRefused(CallOutcome.PROVIDER_CLOSED)
    try:
        number = check_account_number(account)
    except InvalidAccountNumber as error:
        raise CallRefused(CallOutcome.WRONG_ACCOUNT) from error
    customer = customers.find_customer(session, account_number=number)
    if customer is None:
        raise CallRefused(CallOutcome.UNKNOWN_ACCOUNT)
    if not customer.is_active:
        raise CallRefused(CallOutcome.ACCOUNT_CLOSED)
    return customer


def _check_sum(provider: Provider, amount: Money) -> None:
    if amount < provider.sum_min:
        raise CallRefused(CallOutcome.SUM_TOO_SMALL)
    if amount > provider.sum_max:
        raise CallRefused(CallOutcome.SUM_TOO_LARGE)


def _check_date(call: Call, now: datetime) -> None:
    if call.paid_at is not None and not now - LATE_MAX <= call.paid_at <= now + AHEAD_MAX:
        raise CallRefused(CallOutcome.DATE_OUT_OF_RANGE)


def note(
    session: Session,
    provider: Provider,
    call: Call,
    kind: IncidentKind,
    *,
    at: datetime,
    refusal: str | None = None,
) -> None:
    """Let an accountant know of a call."""
    assert call.amount is not None, call
    note_incident(
        session,
        provider,
        kind,
        txn_id=call.txn_id,
        account=call.account,
        amount=call.amount,
        at=at,
        refusal=refusal,
    )


def provider_txn(payment: Payment) -> int:
    """Our number of a payment, as providers keep it."""
    return payment.id.int % PROVIDER_TXN_MODULUS


def is_of(session: Session, payment: Payment, transaction: ProviderTransaction) -> bool:
    """Whether a payment is what a transaction tells of: the same account and sum."""
    account = customers.get_customer(session, payment.customer_id).account_number
    return (account, payment.amount) == (transaction.account, transaction.amount)


def keep_answer(
    session: Session,
    provider: Provider,
    transaction: ProviderTransaction,
    payment: Payment | None,
    outcome: CallOutcome,
) -> Answer:
    """Write the answer and keep it."""
    number = None if payment is None else provider_txn(payment)
    answer = write_answer(provider, Verdict(outcome, transaction.txn_id, transaction.amount, number))
    session.add(
        ProviderAnswer(
            district_id=transaction.district_id,
            transaction_id=transaction.id,
            outcome=outcome,
            payment_id=None if payment is None else payment.id,
            provider_txn=number,
            content_type=answer.content_type,
            body=answer.body,
        )
    )
    session.flush()
    return answer

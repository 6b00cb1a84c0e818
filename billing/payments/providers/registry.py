"""What a provider's registry says beyond its calls: payments it never told, and payments it takes back."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from billing.customers import service as customers
from billing.kernel.db import district_of
from billing.kernel.errors import InvalidInput, NotFound, Refusal, RuleViolation
from billing.kernel.identifiers import check_account_number
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentReversal
from billing.payments.providers.models import (
    CallOutcome,
    IncidentKind,
    Provider,
    ProviderAnswer,
    ProviderTransaction,
)
from billing.payments.providers.paying import (
    book,
    claim,
    day_of,
    is_of,
    keep_answer,
    note,
    provider_txn,
)
from billing.payments.providers.protocol.messages import Call, Command, Verdict

SORTS: Sorts = {"-id": [ProviderTransaction.id]}
TXN_DIGITS_MAX = 20
CANCELLED_BY_PROVIDER = "cancel"  # the command, as it stands in the reversal


class TransactionContradicts(RuleViolation):
    """The transaction was told of another account or sum. Facts: ``txn_id``, ``account``, ``amount``."""

    code = "transaction_contradicts"


@dataclass(frozen=True, slots=True)
class Told:
    """A transaction as the provider told it, and its answer; None where it was booked from the registry."""

    transaction: ProviderTransaction
    answer: ProviderAnswer | None


def record_late(
    session: Session, provider: Provider, txn_id: str, *, account: str, amount: Money, paid_at: datetime
) -> Payment:
    """Book a payment that the provider has in its registry and we have not, on the provider's day.

    Its money was taken, so neither the limits nor a closed provider or account keep it out. Booked again, and
    told by the provider later, it is the same payment.

    Args:
        paid_at: by the provider's clock.

    Raises:
        InvalidInput: no transaction's number, no personal account's, or a sum of zero.
        NotFound: nobody has the account.
        TransactionContradicts: the transaction was told before of another account or sum.
        MonthClosed, NoPostingPolicy, UnknownBudgetCode: it cannot be posted. Nothing is recorded.
    """
    if not (txn_id.isascii() and txn_id.isdigit() and len(txn_id) <= TXN_DIGITS_MAX):
        raise InvalidInput(field="txn_id")
    if amount <= ZERO:
        raise InvalidInput(field="amount")
    account = check_account_number(account)
    customer = customers.find_customer(session, account_number=account)
    if customer is None:
        raise NotFound(kind="customer", id=account)
    transaction = claim(session, provider, Call(Command.PAY, txn_id, account, amount, paid_at), paid_at)
    if (transaction.account, transaction.amount) != (account, amount):
        raise TransactionContradicts(txn_id=txn_id, account=transaction.account, amount=transaction.amount)
    booked = payments.find_payment(session, provider.code, txn_id)
    return booked or book(session, provider, customer, transaction)


def cancel(
    session: Session, provider: Provider, txn_id: str, *, cancelled_on: date, reason: str
) -> PaymentReversal:
    """Take back a payment that the provider gave back to its payer. Taken back twice, it is taken back once.

    A call that tells the transaction again still gets its first answer.

    Raises:
        NotFound: no payment came under this transaction.
        PaymentRefunded: its money was given back here already.
        DateBeforePayment, MonthClosed: it cannot be posted on that day. Nothing is taken back.
    """
    payment = payments.find_payment(session, provider.code, txn_id)
    if payment is None:
        raise NotFound(kind="payment", id=txn_id)
    customers.lock_customers(session, [payment.customer_id])
    known = session.get(PaymentReversal, (district_of(session), payment.id))
    return known or payments.reverse_payment(session, payment.id, reversed_on=cancelled_on, reason=reason)


def take_back(session: Session, provider: Provider, call: Call, *, now: datetime) -> Verdict:
    """Do what a provider's ``cancel`` asks for: the payer has his money back, so his debt is open again.

    Asked again, the answer is the same. Asked before the payment is told, the payment is not taken later.
    What cannot be taken back is refused, and waits for the accountant.
    """
    transaction = claim(session, provider, call, paid_at=min(call.paid_at or now, now))
    verdict = Verdict(CallOutcome.ACCEPTED, call.txn_id, call.amount)
    if (transaction.account, transaction.amount) != (call.account, call.amount):
        note(session, provider, call, IncidentKind.TXN_REUSED, at=now)
        return replace(verdict, outcome=CallOutcome.TXN_REUSED)
    payment = payments.find_payment(session, provider.code, call.txn_id)
    if payment is None:
        if session.get(ProviderAnswer, (district_of(session), transaction.id)) is None:
            keep_answer(session, provider, transaction, None, CallOutcome.CANCELLED)
        return verdict
    if not is_of(session, payment, transaction):
        note(session, provider, call, IncidentKind.TXN_REUSED, at=now)
        return replace(verdict, outcome=CallOutcome.TXN_REUSED)
    try:
        with session.begin_nested():
            cancel(session, provider, call.txn_id, cancelled_on=day_of(now), reason=CANCELLED_BY_PROVIDER)
    except Refusal as refusal:
        note(session, provider, call, IncidentKind.CANCEL_REFUSED, at=now, refusal=refusal.code)
        return replace(verdict, outcome=CallOutcome.NOT_BOOKABLE)
    return replace(verdict, provider_txn=provider_txn(payment))


def list_transactions(
    session: Session, provider_id: UUID, page: PageRequest = FIRST_PAGE, *, txn_id: str | None = None
) -> Page[Told]:
    """What a provider told, each with what it was answered, the last first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    answered = and_(
        ProviderAnswer.district_id == ProviderTransaction.district_id,
        ProviderAnswer.transaction_id == ProviderTransaction.id,
    )
    statement = (
        select(ProviderTransaction, ProviderAnswer)
        .outerjoin(ProviderAnswer, answered)
        .where(ProviderTransaction.provider_id == provider_id)
    )
    if txn_id is not None:
        statement = statement.where(ProviderTransaction.txn_id == txn_id)
    found = page_of(session, statement, SORTS, page)
    return Page([Told(*row) for row in found.items], found.next_cursor)

"""Takes residents' card payments: an order is made, heard of, and booked once, however often it is told.

A card payment's own row is locked before anything is decided about it: the bank's notice and our own question
to the bank may come at the same moment. Money that the bank took is booked under the order's number or waits
for an accountant; it is never left unsaid.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers import service as customers
from billing.districts.models import Enterprise
from billing.districts.numbering import take_numbers
from billing.invoicing.models import Invoice
from billing.invoicing.standing import standing_of
from billing.kernel.db import district_of, insert_into
from billing.kernel.errors import Refusal, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import get_row
from billing.payments import service as payments
from billing.payments.cards.gateway import CardOutcome, Report
from billing.payments.cards.models import CardPayment, CardPaymentState
from billing.payments.models import PaymentMethod
from billing.payments.providers import service as providers
from billing.payments.providers.models import IncidentKind, Provider
from billing.payments.providers.paying import day_of
from billing.receivables.open_lines import open_lines

SORTS: Sorts = {"-made_at": [CardPayment.made_at, CardPayment.id]}
ORDER_SERIES = "card_order"
ORDER_DIGITS = 8  # and the district before them, because two districts may share a terminal
NO_YEAR = 0  # the series goes on over the years: the bank wants every number once
EXPIRES_AFTER = timedelta(minutes=135)  # the bank's token lives two hours
FIRST_WAIT = timedelta(minutes=1)
WAIT_MAX = timedelta(minutes=30)
UNBOOKED_WAIT = timedelta(hours=6)
UNBOOKED_FOR_MAX = timedelta(days=30)
BATCH = 5  # a silent bank is waited for at each of them

_CHARGED = (CardPaymentState.PAID, CardPaymentState.CHARGED)
# A refusal is news only here: told late, it takes nothing back that was charged.
_UNPAID = (CardPaymentState.PENDING, CardPaymentState.REFUSED, CardPaymentState.EXPIRED)


class CardsNotTaken(RuleViolation):
    """The enterprise takes no cards. Facts: ``invoice_id``."""

    code = "cards_not_taken"


class NothingToPay(RuleViolation):
    """Nothing is open of the invoice. Facts: ``invoice_id``."""

    code = "nothing_to_pay"


class CardSumOutOfBounds(RuleViolation):
    """The bank takes no such sum by card. Facts: ``amount``, ``sum_min``, ``sum_max``."""

    code = "card_sum_out_of_bounds"


class OtherSumPending(RuleViolation):
    """A page of the invoice is open at the bank with another sum. Facts: ``amount``, ``expires_at``."""

    code = "other_sum_pending"


@dataclass(frozen=True, slots=True)
class Question:
    """What the bank is to be asked: which enterprise's order, and for which payment of ours."""

    card_payment_id: UUID
    merchant: str
    order_number: str


def begin(session: Session, invoice_id: UUID, *, now: datetime) -> CardPayment:
    """The order under which an invoice's open sum is paid by card: a new one, or the one that is pending.

    Two open pages thus lead to one order, and the bank takes an order once.

    Raises:
        NotFound: no such invoice.
        CardsNotTaken: its enterprise has no open agreement about cards.
        NothingToPay: it is settled.
        CardSumOutOfBounds: less or more than the agreement allows.
        OtherSumPending: it was asked for with another sum, and that page can still be paid on.
    """
    pending = _pending(session, invoice_id)
    standing = standing_of(session, invoice_id, today=day_of(now))
    provider = providers.find_acquirer(session, standing.invoice.enterprise_id)
    amount = standing.open_amount
    if amount == ZERO:
        raise NothingToPay(invoice_id=invoice_id)
    if provider is None:
        raise CardsNotTaken(invoice_id=invoice_id)
    if not provider.sum_min <= amount <= provider.sum_max:
        raise CardSumOutOfBounds(amount=amount, sum_min=provider.sum_min, sum_max=provider.sum_max)
    if pending is None:
        _make(session, standing.invoice, provider, amount, now)
        pending = _pending(session, invoice_id)
        assert pending is not None, invoice_id
    if (pending.amount, pending.provider_id) != (amount, provider.id):
        raise OtherSumPending(amount=pending.amount, expires_at=pending.expires_at)
    pending.expires_at, pending.next_look_at, pending.looks = now + EXPIRES_AFTER, now + FIRST_WAIT, 0
    session.flush()
    return pending


def hear(session: Session, card_payment_id: UUID, report: Report, *, now: datetime) -> CardPayment:
    """Do what follows from what the bank says of an order; the same said again, nothing.

    Args:
        report: of the bank's own notice, or its answer to our question.

    Raises:
        NotFound: no such card payment.
    """
    card = get_row(session, CardPayment, card_payment_id, kind="card_payment", lock=True)
    provider = providers.get_provider(session, card.provider_id)
    card.reference = report.reference or card.reference
    if report.outcome is CardOutcome.CHARGED and card.payment_id is None:
        _charge(session, card, provider, report, now)
    elif report.outcome is CardOutcome.RETURNED and card.state is not CardPaymentState.RETURNED:
        if card.state in _CHARGED:
            _note(
                session,
                card,
                provider,
                IncidentKind.RETURNED,
                amount=card.told_amount or card.amount,
                now=now,
            )
        card.state = CardPaymentState.RETURNED
    elif report.outcome is CardOutcome.REFUSED and card.state in _UNPAID:
        card.state, card.reason = CardPaymentState.REFUSED, report.reason
    elif report.outcome is CardOutcome.UNKNOWN and _is_over(card, now):
        card.state = CardPaymentState.EXPIRED
    card.next_look_at = _next_look(card, now)
    session.flush()
    return card


def claim_due(session: Session, *, now: datetime) -> list[Question]:
    """Take card payments of which the bank is to be asked; commit, ask, and ``hear`` each answer.

    The next question is put off already, longer each time: whoever dies meanwhile is followed by another.
    """
    cards = session.scalars(
        select(CardPayment)
        .where(CardPayment.next_look_at <= now)
        .order_by(CardPayment.next_look_at, CardPayment.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for card in cards:
        card.next_look_at, card.looks = now + _wait(card), card.looks + 1
    session.flush()
    merchants = {
        row.id: row.bin
        for row in session.execute(
            select(Provider.id, Enterprise.bin)
            .join(
                Enterprise,
                (Enterprise.district_id == Provider.district_id) & (Enterprise.id == Provider.enterprise_id),
            )
            .where(Provider.id.in_({card.provider_id for card in cards}))
        )
    }
    return [Question(card.id, merchants[card.provider_id], card.order_number) for card in cards]


def ask_again(session: Session, card_payment_id: UUID, *, now: datetime) -> CardPayment:
    """Let the bank be asked at the next round, also about what is settled: it may have given money back.

    Raises:
        NotFound: no such card payment.
    """
    card = get_row(session, CardPayment, card_payment_id, kind="card_payment", lock=True)
    card.next_look_at = now
    session.flush()
    return card


def secret_of(card: CardPayment, key: str) -> str:
    """What the bank is told with the order, and proves itself by. Derived, so that no table holds it.

    Args:
        key: the server's own.
    """
    told = f"card:{card.district_id}:{card.id}"
    return hmac.new(key.encode(), told.encode(), hashlib.sha256).hexdigest()


def get_card_payment(session: Session, card_payment_id: UUID) -> CardPayment:
    """A card payment of the district.

    Raises:
        NotFound: no such card payment.
    """
    return get_row(session, CardPayment, card_payment_id, kind="card_payment")


def list_card_payments(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    invoice_id: UUID | None = None,
    state: CardPaymentState | None = None,
    order_number: str | None = None,
) -> Page[CardPayment]:
    """Card payments, the last made first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(CardPayment)
    if invoice_id is not None:
        statement = statement.where(CardPayment.invoice_id == invoice_id)
    if state is not None:
        statement = statement.where(CardPayment.state == state)
    if order_number is not None:
        statement = statement.where(CardPayment.order_number == order_number)
    return page_of(session, statement, SORTS, page)


def _pending(session: Session, invoice_id: UUID) -> CardPayment | None:
    """The invoice's order that may be paid at this moment, held."""
    statement = select(CardPayment).where(
        CardPayment.invoice_id == invoice_id, CardPayment.state == CardPaymentState.PENDING
    )
    locked = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).one_or_none()


def _make(session: Session, invoice: Invoice, provider: Provider, amount: Money, now: datetime) -> None:
    """A new order, unless somebody makes one at this moment: he is waited for, and it is his."""
    number = take_numbers(session, invoice.enterprise_id, ORDER_SERIES, NO_YEAR)
    row = {
        "district_id": district_of(session),
        "id": new_id(),
        "provider_id": provider.id,
        "invoice_id": invoice.id,
        "customer_id": invoice.customer_id,
        "order_number": f"{district_of(session)}{number:0{ORDER_DIGITS}d}",
        "amount": amount,
        "state": CardPaymentState.PENDING,
        "made_at": now,
        "expires_at": now + EXPIRES_AFTER,
        "looks": 0,
    }
    session.execute(insert_into(session, CardPayment.__table__).values(row).on_conflict_do_nothing())


def _charge(session: Session, card: CardPayment, provider: Provider, report: Report, now: datetime) -> None:
    """Book what the bank took, or leave it to an accountant."""
    booked = payments.find_payment(session, provider.code, card.order_number)  # late, by an accountant
    if booked is None and report.amount != card.amount:
        _leave(session, card, provider, IncidentKind.SUM_DIFFERS, amount=report.amount or ZERO, now=now)
        return
    try:
        payment_id = booked.id if booked else _book(session, card, provider, report, now)
    except Refusal as refusal:
        kind = IncidentKind.NOT_BOOKED
        _leave(session, card, provider, kind, amount=card.amount, now=now, refusal=refusal.code)
        return
    card.state, card.payment_id, card.reason = CardPaymentState.PAID, payment_id, None


def _book(session: Session, card: CardPayment, provider: Provider, report: Report, now: datetime) -> UUID:
    """Record the payment, on the bank's day: for the invoice, or what is owed where that is paid already."""
    # Within a savepoint: the order and the incident stay when the payment cannot.
    with session.begin_nested():
        customers.lock_customers(session, [card.customer_id])
        owed = open_lines(session, provider.enterprise_id, card.customer_id)
        return payments.record_payment(
            session,
            provider.enterprise_id,
            card.customer_id,
            amount=card.amount,
            method=PaymentMethod.CARD,
            received_on=day_of(min(max(report.at or now, card.made_at), now)),
            channel=provider.code,
            outside_id=card.order_number,
            invoice_ids={line.invoice_id for line in owed} & {card.invoice_id},
        )


def _leave(
    session: Session,
    card: CardPayment,
    provider: Provider,
    kind: IncidentKind,
    *,
    amount: Money,
    now: datetime,
    refusal: str | None = None,
) -> None:
    told = None if amount == card.amount else amount
    if (card.state, card.told_amount) != (CardPaymentState.CHARGED, told):
        _note(session, card, provider, kind, amount=amount, now=now, refusal=refusal)
        card.next_look_at = now + UNBOOKED_WAIT
    card.state, card.told_amount = CardPaymentState.CHARGED, told


def _note(
    session: Session,
    card: CardPayment,
    provider: Provider,
    kind: IncidentKind,
    *,
    amount: Money,
    now: datetime,
    refusal: str | None = None,
) -> None:
    """Let an accountant know of an order."""
    providers.note_incident(
        session,
        provider,
        kind,
        txn_id=card.order_number,
        account=customers.get_customer(session, card.customer_id).account_number,
        amount=amount,
        at=now,
        refusal=refusal,
    )


def _is_over(card: CardPayment, now: datetime) -> bool:
    """Whether nobody can pay any more: unless the bank is still at work on it, however long that takes."""
    return card.state is CardPaymentState.PENDING and now >= card.expires_at


def _wait(card: CardPayment) -> timedelta:
    """How long after this question the next one is asked: what is not answered is asked ever more seldom."""
    if card.state is CardPaymentState.CHARGED:
        return UNBOOKED_WAIT
    return min(FIRST_WAIT * (1 << min(card.looks, 10)), WAIT_MAX)


def _next_look(card: CardPayment, now: datetime) -> datetime | None:
    """When to ask the bank next; None where nothing more can come of it."""
    ends_at = {
        CardPaymentState.PENDING: None,
        CardPaymentState.REFUSED: card.expires_at,  # until then another card can be tried
        CardPaymentState.CHARGED: card.made_at + UNBOOKED_FOR_MAX,
    }
    if card.state not in ends_at:
        return None
    end = ends_at[card.state]
    return card.next_look_at if end is None or now < end else None

"""Records money received, once, and allocates it: one payment or thousands are the same few statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.customers import service as customers
from billing.districts.numbering import take_numbers
from billing.kernel.bulk import among, insert_row_once, insert_rows
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import InvalidInput, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.ledger import service as ledger
from billing.ledger.chart import ADVANCES, BANK, CASH, IN_TRANSIT
from billing.ledger.models import SourceKind
from billing.outbox import service as outbox
from billing.outbox.models import EventKind
from billing.payments import documents
from billing.payments.models import Payment, PaymentMethod
from billing.payments.signed_days import hold_against_signing
from billing.receivables import service as receivables
from billing.receivables.allocation import Plan

CASH_ORDER_SERIES = "cash_order"
CASH_DESK = "cash_desk"
RECEIPT_BOOK = "receipt_book"  # cash that a cashier took away from the desk, and entered later

# The account that money of each kind comes to: what a provider holds is in transit until the statement.
ACCOUNT_OF_METHOD = {
    PaymentMethod.CASH: CASH,
    PaymentMethod.BANK: BANK,
    PaymentMethod.CARD: IN_TRANSIT,
    PaymentMethod.PROVIDER: IN_TRANSIT,
}

_COLUMNS = (
    "district_id",
    "id",
    "enterprise_id",
    "customer_id",
    "method",
    "channel",
    "outside_id",
    "amount",
    "received_on",
    "payer_name",
    "cash_order_year",
    "cash_order_number",
    "fiscal_number",
    "register_number",
    "fiscal_at",
    "explanation",
    "debt_after",
    "recorded_by",
)
_TOLD_ONCE = ("district_id", "channel", "outside_id")


class OutsideIdReused(RuleViolation):
    """Another payment came under this id of the channel. Facts: ``channel``, ``outside_id``."""

    code = "outside_id_reused"


@dataclass(frozen=True, slots=True)
class CashReceipt:
    """What the cash register (ККМ) printed: fiscal number, register number and the instant."""

    fiscal_number: str
    register_number: str
    fiscal_at: datetime


class Receipt(NamedTuple):
    """Money received from or for a customer, as somebody tells it.

    Attributes:
        amount: strictly positive.
        received_on: the value date in the district's calendar.
        channel: where it came in, a provider's code; by default the cash desk, or the method's name.
        outside_id: the provider's transaction or the bank's document.
        cash: required for cash, refused otherwise: cash needs a fiscal receipt.
        payer_name: where another person paid.
        invoice_ids: the invoices the payer named; none: the oldest debt first.
    """

    customer_id: UUID
    amount: Money
    method: PaymentMethod
    received_on: date
    channel: str | None = None
    outside_id: str | None = None
    cash: CashReceipt | None = None
    payer_name: str | None = None
    invoice_ids: tuple[UUID, ...] = ()

    @property
    def told_by(self) -> str:
        """The channel that tells of it."""
        return self.channel or (CASH_DESK if self.method is PaymentMethod.CASH else self.method.value)

    def check(self) -> None:
        """Hold its facts against each other.

        Raises:
            InvalidInput: an amount of zero or less, or a cash register's receipt missing or out of place.
        """
        if self.amount <= ZERO:
            raise InvalidInput(field="amount")
        if (self.method is PaymentMethod.CASH) != (self.cash is not None):
            raise InvalidInput(field="receipt")


class Recorded(NamedTuple):
    """A payment that stands in the books.

    Attributes:
        transfer_id: of the money that came in; None for a payment that was told before.
    """

    payment_id: UUID
    transfer_id: UUID | None


def record_payments(session: Session, enterprise_id: UUID, receipts: Sequence[Receipt]) -> list[Recorded]:
    """Record money received from many customers, each receipt once, in a number of statements that is fixed.

    The same channel and outside id with the same customer, sum and date is the same payment. A customer's
    receipts are allocated in the given order. All are recorded, or none.

    Raises:
        NotFound: no such customer, or the enterprise has no book.
        InvalidInput: a receipt of the cash register missing or out of place, or an amount of zero.
        OutsideIdReused: an id belongs to a payment of another customer, sum or date.
        NotOpenForCustomer: a named invoice is not one of the customer's open ones.
        DaySignedOff: an accountant vouched for the provider's day without it.
        MonthClosed, NoPostingPolicy, UnknownBudgetCode: something cannot be posted. Nothing is recorded.
    """
    customer_ids = {receipt.customer_id for receipt in receipts}
    return Recording(session, enterprise_id, customer_ids).record(receipts)


class Recording:
    """Money received from customers who are held, recorded part by part in one transaction or savepoint.

    What it has to know of debts and books it reads with the first part, and never again: within
    ``writing_behind`` the next part is computed while the database stores this one.
    """

    def __init__(self, session: Session, enterprise_id: UUID, customer_ids: Collection[UUID]) -> None:
        """Hold the customers until the transaction ends.

        Raises:
            NotFound: no such customer.
        """
        self._session = session
        self._enterprise_id = enterprise_id
        self._customer_ids = frozenset(customer_ids)
        # Locked first: two payments of one customer must not both see the same debt, nor one told twice.
        customers.hold_customers(session, self._customer_ids)
        self._lines: receivables.OpenLines | None = None
        self._book: ledger.HeldBook | None = None
        self._settling: receivables.Settling | None = None

    def record(self, receipts: Sequence[Receipt], *, fresh: bool = False) -> list[Recorded]:
        """Record money received from some of the customers; see ``record_payments``.

        Args:
            fresh: the outside ids are the caller's own and new, so nobody can have told of them before.

        Raises:
            NotFound, InvalidInput, OutsideIdReused, NotOpenForCustomer, DaySignedOff, MonthClosed,
            NoPostingPolicy, UnknownBudgetCode: see ``record_payments``.
        """
        for receipt in receipts:
            receipt.check()
        known = {} if fresh else _known(self._session, self._enterprise_id, receipts)
        first = _first_told(receipts)
        new = [place for place in sorted(set(first)) if place not in known]
        recorded = self._record([receipts[place] for place in new], fresh=fresh)
        made = dict(zip(new, recorded, strict=True))
        return [
            made[place]
            if place in made
            else Recorded(known.get(place) or made[first[place]].payment_id, None)
            for place in range(len(receipts))
        ]

    def _record(self, receipts: Sequence[Receipt], *, fresh: bool) -> list[Recorded]:
        """Allocate receipts, and write down payments, advances and postings."""
        if not receipts:
            return []
        session, enterprise_id = self._session, self._enterprise_id
        hold_against_signing(session, _days_of_providers(receipts))
        lines, book, settling = self._known_of_books()
        plans = [lines.plan(each.customer_id, each.amount, each.invoice_ids) for each in receipts]
        ids = [new_id() for _ in receipts]
        _store(session, enterprise_id, receipts, ids, plans, fresh=fresh)
        sources = [
            receivables.Source(payment_id, receipt.customer_id, receipt.received_on)
            for payment_id, receipt in zip(ids, receipts, strict=True)
        ]
        rests = [(source, each.rest) for source, each in zip(sources, plans, strict=True)]
        receivables.open_advances(session, enterprise_id, rests)
        entries = [
            (receipt.received_on, _entry(payment_id, receipt))
            for payment_id, receipt in zip(ids, receipts, strict=True)
        ]
        postings = ledger.Postings(session)
        transfers = postings.add(book, entries)
        settlements = [
            receivables.Settlement(source, each.parts, source.received_on)
            for source, each in zip(sources, plans, strict=True)
        ]
        settling.settle(settlements, postings)
        postings.write()
        outbox.announce(session, EventKind.PAYMENT_RECEIVED, ids)
        for payment_id, receipt in zip(ids, receipts, strict=True):
            if receipt.cash is not None:
                payment = session.get_one(Payment, (district_of(session), payment_id))
                documents.archive_cash_order(session, payment)
        return [Recorded(*pair) for pair in zip(ids, transfers, strict=True)]

    def _known_of_books(self) -> tuple[receivables.OpenLines, ledger.HeldBook, receivables.Settling]:
        if self._lines is None:
            self._lines = receivables.load_open_lines(
                self._session, self._enterprise_id, self._customer_ids, lock=True
            )
        if self._book is None or self._settling is None:
            codes = {*ACCOUNT_OF_METHOD.values(), ADVANCES, *receivables.SETTLED_ON}
            self._book = ledger.hold_enterprise_book(self._session, self._enterprise_id, codes)
            self._settling = receivables.Settling(self._session, self._enterprise_id, self._book)
        return self._lines, self._book, self._settling


def _first_told(receipts: Sequence[Receipt]) -> list[int]:
    """For every receipt the place of the first one that tells of the same money; mostly its own.

    Raises:
        OutsideIdReused: one id is told of two customers, sums or dates.
    """
    told: dict[tuple[str, str], int] = {}
    first: list[int] = []
    for place, receipt in enumerate(receipts):
        if receipt.outside_id is None:
            first.append(place)
            continue
        first.append(told.setdefault((receipt.told_by, receipt.outside_id), place))
        if _facts(receipts[first[-1]]) != _facts(receipt):
            raise OutsideIdReused(channel=receipt.told_by, outside_id=receipt.outside_id)
    return first


def _facts(receipt: Receipt) -> tuple[UUID, Money, date]:
    """What must be the same for two receipts of one outside id to be one payment."""
    return receipt.customer_id, receipt.amount, receipt.received_on


def _known(session: Session, enterprise_id: UUID, receipts: Sequence[Receipt]) -> dict[int, UUID]:
    """The receipts, by their place, that were told before, with their payments.

    Raises:
        OutsideIdReused: an id belongs to a payment of another enterprise, customer, sum or date.
    """
    ids = {(each.told_by, each.outside_id) for each in receipts if each.outside_id is not None}
    if not ids:
        return {}
    found = {
        (row.channel, row.outside_id): row
        for row in session.execute(
            select(
                Payment.channel,
                Payment.outside_id,
                Payment.id,
                Payment.enterprise_id,
                Payment.customer_id,
                Payment.amount,
                Payment.received_on,
            ).where(
                Payment.channel.in_({channel for channel, _ in ids}),
                among(session, Payment.outside_id, {outside_id for _, outside_id in ids}),
            )
        )
    }
    known: dict[int, UUID] = {}
    for place, receipt in enumerate(receipts):
        row = found.get((receipt.told_by, receipt.outside_id))
        if row is None:
            continue
        if (row.enterprise_id, row.customer_id, row.amount, row.received_on) != (
            enterprise_id,
            *_facts(receipt),
        ):
            raise OutsideIdReused(channel=receipt.told_by, outside_id=receipt.outside_id)
        known[place] = row.id
    return known


def _days_of_providers(receipts: Sequence[Receipt]) -> dict[str, set[date]]:
    """The days of channels whose money is in transit."""
    days: dict[str, set[date]] = {}
    for receipt in receipts:
        if ACCOUNT_OF_METHOD[receipt.method] == IN_TRANSIT:
            days.setdefault(receipt.told_by, set()).add(receipt.received_on)
    return days


def _entry(payment_id: UUID, receipt: Receipt) -> ledger.Entry:
    return ledger.Entry(
        debit=ACCOUNT_OF_METHOD[receipt.method],
        credit=ADVANCES,
        amount=receipt.amount,
        source_kind=SourceKind.PAYMENT,
        source_id=payment_id,
        party_id=receipt.customer_id,
    )


def _store(
    session: Session,
    enterprise_id: UUID,
    receipts: Sequence[Receipt],
    ids: Sequence[UUID],
    plans: Sequence[Plan],
    *,
    fresh: bool,
) -> None:
    numbers = _cash_order_numbers(session, enterprise_id, receipts)
    district_id, actor_id = district_of(session), actor_of(session)
    rows = [
        (
            district_id,
            payment_id,
            enterprise_id,
            receipt.customer_id,
            receipt.method,
            receipt.told_by,
            receipt.outside_id,
            receipt.amount,
            receipt.received_on,
            receipt.payer_name,
            receipt.received_on.year if receipt.cash else None,
            numbers.get(place),
            receipt.cash.fiscal_number if receipt.cash else None,
            receipt.cash.register_number if receipt.cash else None,
            receipt.cash.fiscal_at if receipt.cash else None,
            [step.stored() for step in allocation.steps],
            allocation.owed_after.get(receipt.customer_id, ZERO),
            actor_id,
        )
        for place, (payment_id, receipt, allocation) in enumerate(zip(ids, receipts, plans, strict=True))
    ]
    told = [(each.told_by, each.outside_id) for each in receipts if each.outside_id is not None]
    if fresh or not told:
        insert_rows(session, Payment, _COLUMNS, rows)
        return
    if len(rows) == 1:
        # Whoever tells the same id of another customer at this very moment has locked nobody we have.
        if not insert_row_once(session, Payment, _COLUMNS, rows[0], key=_TOLD_ONCE):
            raise OutsideIdReused(channel=told[0][0], outside_id=told[0][1])
        return
    try:
        with session.begin_nested():
            insert_rows(session, Payment, _COLUMNS, rows)
    except IntegrityError as error:
        taken = session.execute(
            select(Payment.channel, Payment.outside_id).where(
                Payment.channel.in_({channel for channel, _ in told}),
                among(session, Payment.outside_id, {outside_id for _, outside_id in told}),
            )
        ).first()
        if taken is None:
            raise
        raise OutsideIdReused(channel=taken.channel, outside_id=taken.outside_id) from error


def _cash_order_numbers(
    session: Session, enterprise_id: UUID, receipts: Sequence[Receipt]
) -> Mapping[int, int]:
    """The numbers of cash orders, by the receipt's place: one block for each year."""
    places: dict[int, list[int]] = {}
    for place, receipt in enumerate(receipts):
        if receipt.cash is not None:
            places.setdefault(receipt.received_on.year, []).append(place)
    numbers: dict[int, int] = {}
    for year, of_year in sorted(places.items()):
        first = take_numbers(session, enterprise_id, CASH_ORDER_SERIES, year, count=len(of_year))
        numbers |= {place: first + offset for offset, place in enumerate(of_year)}
    return numbers

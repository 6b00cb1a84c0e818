"""Records money received, once, and allocates it: one payment or thousands are the same few statements."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.budget import service as budget
from billing.customers import service as customers
from billing.districts.numbering import take_numbers
from billing.kernel.behind import writing_together
from billing.kernel.bulk import insert_row_once, insert_rows
from billing.kernel.db import actor_of, district_of
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO
from billing.ledger import service as ledger
from billing.ledger.chart import ADVANCES, BANK, BUDGET_IN_TRANSIT, CASH, IN_TRANSIT
from billing.ledger.models import SourceKind
from billing.outbox import service as outbox
from billing.outbox.models import EventKind
from billing.payments import documents
from billing.payments.models import Payment, PaymentMethod
from billing.payments.receipts import OutsideIdReused, Receipt, find_known, find_told, first_told
from billing.payments.signed_days import hold_against_signing
from billing.receivables import service as receivables
from billing.receivables.allocation import Plan

CASH_ORDER_SERIES = "cash_order"
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
    recording = Recording(session, enterprise_id)
    recording.hold({receipt.customer_id for receipt in receipts})
    return recording.record(receipts)


class Recording:
    """Money received from customers who are held, recorded part by part in one transaction or savepoint.

    What it has to know of books, and of each customer's debts, it reads once: within ``writing_behind`` the
    next part is computed while the database stores this one.
    """

    def __init__(self, session: Session, enterprise_id: UUID) -> None:
        """Record an enterprise's money."""
        self._session = session
        self._enterprise_id = enterprise_id
        self._held: set[UUID] = set()
        self._unread: set[UUID] = set()  # customers who are held and whose debts are not known yet
        self._lines = receivables.OpenLines()
        self._book: ledger.HeldBook | None = None
        self._settling: receivables.Settling | None = None

    def hold(self, customer_ids: Collection[UUID]) -> None:
        """Hold more customers until the transaction ends, or the savepoint is rolled back.

        Raises:
            NotFound: no such customer.
        """
        new = set(customer_ids) - self._held
        if new:
            # Locked first: two payments of one customer must not both see the same debt, nor one told twice.
            customers.hold_customers(self._session, new)
            self._held |= new
            self._unread |= new

    def open_lines(self) -> receivables.OpenLines:
        """What the held customers owe or pay for others, after all that was recorded so far."""
        if self._unread:
            receivables.load_open_lines(
                self._session, self._enterprise_id, self._unread, lock=True, into=self._lines
            )
            self._unread = set()
        return self._lines

    def record(self, receipts: Sequence[Receipt], *, fresh: bool = False) -> list[Recorded]:
        """Record money received from some of the held customers; see ``record_payments``.

        Args:
            fresh: the outside ids are the caller's own and new, so nobody can have told of them before.

        Raises:
            NotFound, InvalidInput, OutsideIdReused, NotOpenForCustomer, DaySignedOff, MonthClosed,
            NoPostingPolicy, UnknownBudgetCode: see ``record_payments``.
        """
        for receipt in receipts:
            receipt.check()
        known = {} if fresh else find_known(self._session, self._enterprise_id, receipts)
        first = first_told(receipts)
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
        lines = self.open_lines()
        plans = [lines.plan(each.customer_id, each.amount, each.invoice_ids) for each in receipts]
        book, settling = self._held_books(plans)
        ids = [new_id() for _ in receipts]
        _store(session, enterprise_id, receipts, ids, plans, fresh=fresh)
        postings = ledger.Postings(session)
        entries = [
            (receipt.received_on, _entry(payment_id, receipt))
            for payment_id, receipt in zip(ids, receipts, strict=True)
        ]
        transfers = postings.add(book, entries)
        sources = [
            receivables.Source(payment_id, receipt.customer_id, receipt.received_on)
            for payment_id, receipt in zip(ids, receipts, strict=True)
        ]
        with writing_together(session):
            rests = [(source, each.rest) for source, each in zip(sources, plans, strict=True)]
            receivables.open_advances(session, enterprise_id, rests)
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

    def _held_books(self, plans: Sequence[Plan]) -> tuple[ledger.HeldBook, receivables.Settling]:
        """The enterprise's book, and what settles the plans; held with the first part."""
        if self._book is None or self._settling is None:
            codes = {*ACCOUNT_OF_METHOD.values(), ADVANCES, *receivables.SETTLED_ON, BUDGET_IN_TRANSIT}
            codes |= {part.line.revenue_code for each in plans for part in each.parts}
            self._book, revenue = budget.hold_books(self._session, self._enterprise_id, codes)
            self._settling = receivables.Settling(self._session, self._enterprise_id, self._book, revenue)
        return self._book, self._settling


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
        taken = next(iter(find_told(session, told)), None)
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

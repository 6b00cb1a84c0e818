"""Money moved between an enterprise's own bank accounts: two rows, on two statements, often of two days.

All own accounts are one account of the ledger (1030). Until the other statement shows it, the money is in
transit (1020): each row is booked by itself, and whichever comes first waits for nobody.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount, BankAccountKind
from billing.kernel.ids import new_id
from billing.ledger import service as ledger
from billing.ledger.chart import BANK, IN_TRANSIT
from billing.reconciliation.booking import Booking, Leg, book_matches
from billing.reconciliation.expectations import days_around_of, entries_by_hand
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import NOTHING_SEEN, Look, OpenRow, Reason
from billing.reconciliation.models import ExceptionKind, MatchKind


def match_own_transfers(
    session: Session, account: BankAccount, rows: Sequence[OpenRow], *, decided_on: date
) -> Look:
    """Book rows whose other side is another bank account of the same enterprise (see ``Matcher``)."""
    if account.kind is not BankAccountKind.BANK:
        return NOTHING_SEEN
    ibans = set(
        session.scalars(
            select(BankAccount.iban).where(
                BankAccount.enterprise_id == account.enterprise_id,
                BankAccount.kind == BankAccountKind.BANK,
                BankAccount.id != account.id,
            )
        )
    )
    moved = [row for row in rows if row.counterparty_iban in ibans]
    if not moved:
        return NOTHING_SEEN
    book = ledger.get_book(session, ledger.enterprise_book_id(session, account.enterprise_id))
    days_around = days_around_of(session, account.enterprise_id)
    by_hand = {
        direction: entries_by_hand(session, book.id, moved, days_around, direction) for direction in Direction
    }
    left: dict[UUID, ExceptionKind] = {}
    bookings: list[Booking] = []
    for row in moved:
        days = by_hand[row.direction].get(row.amount, ())
        if any(abs(day - row.booked_on) <= timedelta(days=days_around) for day in days):
            left[row.id] = ExceptionKind.DUPLICATE_SUSPECTED
        elif book.closed_through is not None and row.booked_on <= book.closed_through:
            left[row.id] = ExceptionKind.NOT_BOOKABLE
        else:
            bookings.append(_booking(row))
    explained = book_matches(session, account, bookings, decided_on=decided_on)
    return Look(explained, left)


def _booking(row: OpenRow) -> Booking:
    debit, credit = (BANK, IN_TRANSIT) if row.direction is Direction.IN else (IN_TRANSIT, BANK)
    reasons = (
        Reason("other_side_is_our_account", 60, {"iban": row.counterparty_iban}),
        Reason("moved_within_the_enterprise", 40),
    )
    legs = (Leg(row.booked_on, debit, credit, row.amount),)
    return Booking(new_id(), MatchKind.ENTRY, (row.id,), legs, reasons)

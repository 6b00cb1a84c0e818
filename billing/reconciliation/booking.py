"""Books what rows of a bank were: posts every match's entries on their days, and records the matches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from billing.districts.models import BankAccount
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.ledger.chart import BANK
from billing.ledger.models import SourceKind
from billing.reconciliation.matches import MatchDraft, Reason, kinds_of, record_matches
from billing.reconciliation.models import MatchKind


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry of a match in the enterprise's book, on the day of the row that showed it."""

    posted_on: date
    debit: str
    credit: str
    amount: Money
    party_id: UUID | None = None

    @property
    def touches_bank(self) -> bool:
        """Whether it moves the bank's own account, so that rows of the bank are this posting."""
        return BANK in {self.debit, self.credit}


@dataclass(frozen=True, slots=True)
class Booking:
    """A match that posts its entries itself.

    Attributes:
        row_ids: what the bank showed, all of one account.
        legs: those that touch 1030 move it by exactly as much as the rows.
        payment_ids: collected payments that a provider paid over with these rows.
        return_ids: transfers of money given back, by which the provider paid over less.
        why: of a person; None for an automatic match.
    """

    id: UUID
    kind: MatchKind
    row_ids: Sequence[UUID]
    legs: Sequence[Leg]
    reasons: Sequence[Reason] = ()
    payment_ids: Sequence[UUID] = ()
    return_ids: Sequence[UUID] = ()
    why: str | None = None

    @property
    def matched_on(self) -> date:
        """The day of its last row."""
        return max(leg.posted_on for leg in self.legs)

    @property
    def score(self) -> int | None:
        """How sure the program was, of 100; None where a person decided."""
        return sum(reason.points for reason in self.reasons) if self.why is None else None


def book_matches(
    session: Session, account: BankAccount, bookings: Sequence[Booking], *, decided_on: date
) -> Mapping[UUID, MatchKind]:
    """Post what rows of an enterprise's own bank account were, and record it. The rows are locked and open.

    Returns:
        The rows, and what they were.

    Raises:
        NotFound: the enterprise has no book, or its book lacks an account.
        MonthClosed: a row lies in a closed month.
        PaymentSettled: a payment is claimed by another match. Nothing is posted.
    """
    if not bookings:
        return {}
    book_id = ledger.enterprise_book_id(session, account.enterprise_id)
    legs = [(booking, place) for booking in bookings for place in range(len(booking.legs))]
    ids = ledger.post_dated(
        session,
        book_id,
        [(booking.legs[place].posted_on, _entry(booking, place)) for booking, place in legs],
    )
    claimed: dict[UUID, list[UUID]] = {booking.id: [] for booking in bookings}
    for transfer_id, (booking, place) in zip(ids, legs, strict=True):
        if booking.legs[place].touches_bank:
            claimed[booking.id].append(transfer_id)
    drafts = [_draft(booking, claimed[booking.id]) for booking in bookings]
    record_matches(session, account.id, drafts, decided_on=decided_on)
    return kinds_of(drafts)


def _entry(booking: Booking, position: int) -> ledger.Entry:
    leg = booking.legs[position]
    return ledger.Entry(
        debit=leg.debit,
        credit=leg.credit,
        amount=leg.amount,
        source_kind=SourceKind.STATEMENT,
        source_id=booking.id,
        position=position,
        party_id=leg.party_id,
    )


def _draft(booking: Booking, transfer_ids: Sequence[UUID]) -> MatchDraft:
    return MatchDraft(
        id=booking.id,
        kind=booking.kind,
        row_ids=booking.row_ids,
        transfer_ids=transfer_ids,
        matched_on=booking.matched_on,
        payment_ids=booking.payment_ids,
        return_ids=booking.return_ids,
        score=booking.score,
        reasons=booking.reasons,
        why=booking.why,
    )

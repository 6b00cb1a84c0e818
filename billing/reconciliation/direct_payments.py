"""Customers' money that comes straight to the budget's account: paid and arrived in one row.

The office of an akim may have its residents pay to the КСН. The payment stands in the office's book like any
other, and the whole of it has arrived in the budget's, with whatever it settles now or later.
"""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount, BankAccountKind, Enterprise, EnterpriseForm
from billing.kernel.db import district_of
from billing.kernel.ids import new_id
from billing.kernel.money import Money, total
from billing.kernel.rows import get_row
from billing.ledger import service as ledger
from billing.ledger.chart import BUDGET_IN_TRANSIT, BUDGET_KSN
from billing.ledger.models import SourceKind, Transfer
from billing.reconciliation.matches import MatchDraft, in_chunks, record_matches
from billing.reconciliation.models import RevenueArrival


def takes_payments(session: Session, account: BankAccount) -> bool:
    """Whether customers may pay to an account: an enterprise's own, or the budget's where it is an office."""
    if account.kind is BankAccountKind.BANK:
        return True
    enterprise = get_row(session, Enterprise, account.enterprise_id, kind="enterprise")
    return enterprise.form is EnterpriseForm.AKIM_OFFICE


def record_payment_matches(
    session: Session, account: BankAccount, drafts: Sequence[MatchDraft], *, decided_on: date
) -> None:
    """Record matches whose rows are payments; on the budget's account they have arrived with it.

    Raises:
        MonthClosed: a day lies in a closed month of the budget's book.
        TransferMatched: see ``record_matches``. Nothing is recorded.
    """
    if account.kind is BankAccountKind.BANK or not drafts:
        record_matches(session, account.id, drafts, decided_on=decided_on)
        return
    paid = _payments(session, drafts)
    complete = _post_arrivals(session, drafts, paid)
    record_matches(session, account.id, complete, decided_on=decided_on)
    nothing = {"allocation_id": None, "revenue_line_id": None}
    values = [
        {
            **nothing,
            "district_id": district_of(session),
            "id": new_id(),
            "match_id": draft.id,
            "payment_id": payment_id,
            "amount": amount,
            "arrived_on": draft.matched_on,
        }
        for draft in drafts
        for payment_id, amount in (paid[each] for each in draft.transfer_ids)
    ]
    session.execute(insert(RevenueArrival), values)


def _payments(session: Session, drafts: Sequence[MatchDraft]) -> dict[UUID, tuple[UUID, Money]]:
    """The payment behind each posting that the matches claim."""
    claimed = [transfer_id for draft in drafts for transfer_id in draft.transfer_ids]
    found: dict[UUID, tuple[UUID, Money]] = {}
    for some in in_chunks(claimed):
        rows = select(Transfer.id, Transfer.source_id, Transfer.amount).where(
            Transfer.id.in_(some), Transfer.source_kind == SourceKind.PAYMENT
        )
        found |= {row[0]: (row[1], row[2]) for row in session.execute(rows)}
    return found


def _post_arrivals(
    session: Session, drafts: Sequence[MatchDraft], paid: dict[UUID, tuple[UUID, Money]]
) -> list[MatchDraft]:
    """The matches with the postings in the budget's book that they claim as well."""
    book_id = ledger.budget_book_id(session)
    complete: list[MatchDraft] = []
    for day, some in groupby(sorted(drafts, key=_day), key=_day):
        of_day = list(some)
        entries = [
            ledger.Entry(
                debit=BUDGET_KSN,
                credit=BUDGET_IN_TRANSIT,
                amount=total(paid[transfer_id][1] for transfer_id in draft.transfer_ids),
                source_kind=SourceKind.ARRIVAL,
                source_id=draft.id,
            )
            for draft in of_day
        ]
        posted = ledger.post(session, book_id, day, entries)
        complete += [
            draft._replace(transfer_ids=(*draft.transfer_ids, transfer_id))
            for draft, transfer_id in zip(of_day, posted, strict=True)
        ]
    return complete


def _day(draft: MatchDraft) -> date:
    return draft.matched_on

"""Entries on accounts that are kept by party: which workers or contractors the money went to, or came from.

Without a party what somebody is owed would not become less, and would be paid once more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.kernel.errors import InvalidInput, RuleViolation
from billing.kernel.money import ZERO, Money
from billing.ledger.chart import BANK, CONTRACTORS, WORKERS
from billing.reconciliation.booking import Leg
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import OpenRow
from billing.workforce.service import get_contractor, get_worker

KEPT_BY: Mapping[str, Callable[..., Any]] = {WORKERS: get_worker, CONTRACTORS: get_contractor}
SHARES_MAX = 200


class PartyNeeded(RuleViolation):
    """The account is kept by worker or contractor, and nobody was named. Facts: ``account``."""

    code = "party_needed"


@dataclass(frozen=True, slots=True)
class Share:
    """A party's part of the rows."""

    party_id: UUID
    amount: Money


def hold_parties(session: Session, account_code: str, shares: Sequence[Share]) -> None:
    """Hold whom an entry on an account names, if it is kept by such.

    Raises:
        PartyNeeded: it is, and nobody is named.
        InvalidInput: it is not, or the shares cannot be.
        NotFound: no such worker on 3350, or contractor on 3310.
    """
    getter = KEPT_BY.get(account_code)
    if getter is None:
        if shares:
            raise InvalidInput(field="parties")
        return
    if not shares:
        raise PartyNeeded(account=account_code)
    if len(shares) > SHARES_MAX or any(share.amount <= ZERO for share in shares):
        raise InvalidInput(field="parties")
    for party_id in sorted({share.party_id for share in shares}):
        getter(session, party_id, lock=True)


def legs_of(rows: Sequence[OpenRow], account_code: str, shares: Sequence[Share]) -> list[Leg]:
    """Postings of rows to an account, each on its row's day; the first rows are the first party's."""
    into, out = (BANK, account_code), (account_code, BANK)
    debit, credit = into if rows[0].direction is Direction.IN else out
    if not shares:
        return [Leg(row.booked_on, debit, credit, row.amount) for row in rows]
    legs: list[Leg] = []
    of_party = [(share.party_id, share.amount) for share in reversed(shares)]
    for row in rows:
        left = row.amount
        while left > ZERO:
            party_id, amount = of_party.pop()
            part = min(left, amount)
            legs.append(Leg(row.booked_on, debit, credit, part, party_id))
            left -= part
            if amount > part:
                of_party.append((party_id, amount - part))
    return legs

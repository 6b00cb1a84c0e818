"""Fees that reached the budget: rows of the КСН become revenue that has arrived, the oldest first.

An arrival is Dr ksn Cr transit in the budget's book, and parts that say which fees it was. Who sent the money
must be an enterprise of the district, and it cannot be more than that enterprise has on its way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount, BankAccountKind, Enterprise
from billing.kernel.checks import line
from billing.kernel.db import district_of
from billing.kernel.errors import RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, total
from billing.kernel.rows import get_row
from billing.ledger import service as ledger
from billing.ledger.chart import BUDGET_IN_TRANSIT, BUDGET_KSN
from billing.ledger.models import Book, SourceKind
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import (
    NOTHING_SEEN,
    Look,
    MatchDraft,
    OpenRow,
    Reason,
    lock_open_rows,
    record_matches,
)
from billing.reconciliation.models import (
    ExceptionKind,
    MatchingSettings,
    MatchKind,
    RevenueArrival,
    StatementMatch,
    StatementRow,
)
from billing.reconciliation.transit import Thing, UnderWay, under_way

FROM_OURS, COVERED, NAMED_CODE, ALL_OF_IT = 50, 30, 20, 20  # points of a hundred
SCORE_MAX = 100
THRESHOLD = 80  # as the settings have it where nobody changed them


class NotTreasuryAccount(RuleViolation):
    """Only money that came to the budget's account can be fees that arrived. Facts: ``row_id``."""

    code = "not_treasury_account"


class MoreThanInTransit(RuleViolation):
    """The enterprise has less on its way than the row brings. Facts: ``amount``, ``in_transit``."""

    code = "more_than_in_transit"


@dataclass(frozen=True, slots=True)
class Part:
    """What of an arrival was the revenue of one thing; negative where a fee given back is offset."""

    thing: Thing
    id: UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row of the budget's account that is fees of an enterprise.

    Attributes:
        match_id: of the match to record; its postings point to it.
        parts: add up to the amount.
    """

    match_id: UUID
    row: OpenRow
    parts: Sequence[Part]
    score: int | None
    reasons: Sequence[Reason]


def match_arrivals(
    session: Session, account: BankAccount, rows: Sequence[OpenRow], *, decided_on: date
) -> Look:
    """Book what reached the budget's account from enterprises of the district; a ``Matcher``."""
    if account.kind is BankAccountKind.BANK:
        return NOTHING_SEEN
    senders = _Senders(session)
    sent = [(row, senders.of(row)) for row in rows if row.direction is Direction.IN]
    ours = [(row, enterprise) for row, enterprise in sent if enterprise is not None]
    if not ours:
        return NOTHING_SEEN
    closed_through = lock_budget_book(session)
    pool = _Pool(under_way(session, until=max(row.booked_on for row, _ in ours)))
    kinds: dict[UUID, ExceptionKind] = {}
    found: list[Arrival] = []
    for row, enterprise in ours:
        if closed_through is not None and row.booked_on <= closed_through:
            kinds[row.id] = ExceptionKind.NOT_BOOKABLE
            continue
        arrival = _explained(row, enterprise, pool)
        if arrival is None or (arrival.score or 0) < senders.thresholds.get(enterprise.id, THRESHOLD):
            kinds[row.id] = ExceptionKind.AMOUNT_DIFFERS
        else:
            pool.take(arrival.parts)
            found.append(arrival)
    record_arrivals(session, account, found, decided_on=decided_on)
    return Look({arrival.row.id: MatchKind.ARRIVAL for arrival in found}, kinds)


def record_arrivals(
    session: Session,
    account: BankAccount,
    arrivals: Sequence[Arrival],
    *,
    decided_on: date,
    why: str | None = None,
) -> None:
    """Post arrivals in the budget's book and write down which fees they were.

    Args:
        decided_on: the district's date.
        why: of the person who decided; None for automatic matches.

    Raises:
        MonthClosed: a row's day lies in a closed month of the budget's book. Nothing is posted.
    """
    book_id = ledger.budget_book_id(session)
    for day, some in groupby(sorted(arrivals, key=_day), key=_day):
        of_day = list(some)
        transfers = ledger.post(
            session,
            book_id,
            day,
            [
                ledger.Entry(
                    debit=BUDGET_KSN,
                    credit=BUDGET_IN_TRANSIT,
                    amount=arrival.row.amount,
                    source_kind=SourceKind.ARRIVAL,
                    source_id=arrival.match_id,
                )
                for arrival in of_day
            ],
        )
        drafts = [
            MatchDraft(
                id=arrival.match_id,
                kind=MatchKind.ARRIVAL,
                row_ids=[arrival.row.id],
                transfer_ids=[transfer_id],
                matched_on=day,
                score=arrival.score,
                reasons=arrival.reasons,
                why=why,
            )
            for arrival, transfer_id in zip(of_day, transfers, strict=True)
        ]
        record_matches(session, account.id, drafts, decided_on=decided_on)
        _keep_parts(session, of_day)


def decide_arrival(
    session: Session, row_id: UUID, *, enterprise_id: UUID, decided_on: date, why: str
) -> StatementMatch:
    """A row of the budget's account is fees of this enterprise, the oldest first: a person says so.

    Raises:
        NotFound: no such row or enterprise.
        RowMatched: it is explained already.
        NotTreasuryAccount: the row is not one of the budget's account, or money went out.
        MoreThanInTransit: the enterprise has less on its way on that day.
        MonthClosed: the row's day lies in a closed month of the budget's book. Nothing is recorded.
    """
    why = line(why, field="why", length_max=300)
    [row] = lock_open_rows(session, [row_id])
    account_id = session.scalars(select(StatementRow.bank_account_id).where(StatementRow.id == row_id)).one()
    account = get_row(session, BankAccount, account_id, kind="bank_account")
    if account.kind is BankAccountKind.BANK or row.direction is not Direction.IN:
        raise NotTreasuryAccount(row_id=row_id)
    get_row(session, Enterprise, enterprise_id, kind="enterprise")
    lock_budget_book(session)
    items = _Pool(under_way(session, until=row.booked_on)).available(enterprise_id, "", row.booked_on)
    parts = share_out(row.amount, items)
    if parts is None:
        raise MoreThanInTransit(amount=row.amount, in_transit=total(item.amount for item in items))
    arrival = Arrival(new_id(), row, parts, None, ())
    record_arrivals(session, account, [arrival], decided_on=decided_on, why=why)
    return get_row(session, StatementMatch, arrival.match_id, kind="statement_match")


def _day(arrival: Arrival) -> date:
    return arrival.row.booked_on


def _keep_parts(session: Session, arrivals: Sequence[Arrival]) -> None:
    nothing = dict.fromkeys(thing.value for thing in Thing)
    values = [
        {
            **nothing,
            "district_id": district_of(session),
            "id": new_id(),
            "match_id": arrival.match_id,
            part.thing.value: part.id,
            "amount": part.amount,
            "arrived_on": arrival.row.booked_on,
        }
        for arrival in arrivals
        for part in arrival.parts
    ]
    if values:
        session.execute(insert(RevenueArrival), values)


def lock_budget_book(session: Session) -> date | None:
    """Let arrivals wait for each other: each takes from the same money. Returns the last closed day."""
    return session.scalar(
        select(Book.closed_through)
        .where(Book.id == ledger.budget_book_id(session))
        .with_for_update(key_share=True)
    )


class _Senders:
    """The district's enterprises, by what a row says of who sent the money.

    Attributes:
        thresholds: how sure one must be to book a row of an enterprise, where it is not the usual.
    """

    def __init__(self, session: Session) -> None:
        enterprises = {enterprise.id: enterprise for enterprise in session.scalars(select(Enterprise))}
        own = select(BankAccount.iban, BankAccount.enterprise_id).where(
            BankAccount.kind == BankAccountKind.BANK
        )
        self._by_bin = {enterprise.bin: enterprise for enterprise in enterprises.values()}
        self._by_iban = {row.iban: enterprises[row.enterprise_id] for row in session.execute(own)}
        settings = select(MatchingSettings.enterprise_id, MatchingSettings.threshold)
        self.thresholds = {row[0]: row[1] for row in session.execute(settings)}

    def of(self, row: OpenRow) -> Enterprise | None:
        """The enterprise that sent a row's money; the one that really did, where the bank names it."""
        return (
            self._by_iban.get(row.ultimate_iban)
            or self._by_bin.get(row.ultimate_iin_bin)
            or self._by_iban.get(row.counterparty_iban)
            or self._by_bin.get(row.counterparty_iin_bin)
        )


class _Pool:
    """What is on its way, less what rows before have taken."""

    def __init__(self, items: Sequence[UnderWay]) -> None:
        self._items = items

    def available(self, enterprise_id: UUID, code: str, day: date) -> list[UnderWay]:
        """What an enterprise has on its way on a day, of one code where the row names one; oldest first."""
        return [
            item
            for item in self._items
            if item.amount
            and item.enterprise_id == enterprise_id
            and item.since <= day
            and (not code or item.code == code)
        ]

    def take(self, parts: Sequence[Part]) -> None:
        """What has arrived is no longer on its way."""
        by_id = {part.id: part.amount for part in parts}
        for item in self._items:
            item.amount -= by_id.get(item.id, ZERO)


def _explained(row: OpenRow, enterprise: Enterprise, pool: _Pool) -> Arrival | None:
    items = pool.available(enterprise.id, row.budget_code, row.booked_on)
    parts = share_out(row.amount, items)
    if parts is None:
        return None
    whole = total(item.amount for item in items)
    reasons = [
        Reason("from_our_enterprise", FROM_OURS, {"name": enterprise.name_ru, "bin": enterprise.bin}),
        Reason("covered_by_transit", COVERED, {"in_transit": str(whole)}),
    ]
    if row.budget_code:
        reasons.append(Reason("budget_code_named", NAMED_CODE, {"code": row.budget_code}))
    elif whole == row.amount:
        reasons.append(Reason("all_in_transit", ALL_OF_IT))
    score = min(SCORE_MAX, sum(reason.points for reason in reasons))
    return Arrival(new_id(), row, parts, score, reasons)


def share_out(amount: Money, items: Sequence[UnderWay]) -> list[Part] | None:
    """Which revenue an amount is: what was given back is offset first, then the oldest; None: more than all.

    Args:
        items: the oldest first.
    """
    parts = [Part(item.thing, item.id, item.amount) for item in items if item.amount < ZERO]
    left = amount - total(part.amount for part in parts)
    for item in items:
        if item.amount <= ZERO:
            continue
        if left == ZERO:
            break
        part = min(item.amount, left)
        parts.append(Part(item.thing, item.id, part))
        left -= part
    return None if left else parts

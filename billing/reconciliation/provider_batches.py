"""Providers' money on the bank account: which payments a row pays over, less which commission.

A provider pays in aggregate. Its payments of some days, less its commission, must come to exactly what was
credited; otherwise the row waits for an accountant, who picks rows and payments and names the difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount, BankAccountKind
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, total
from billing.ledger import service as ledger
from billing.ledger.chart import ADMINISTRATION, BANK, IN_TRANSIT
from billing.payments.providers.models import Provider
from billing.payments.signed_days import hold_providers, signed_days_of
from billing.reconciliation.batch_fitting import (
    DAYS_BACK_MAX,
    DAYS_NAMED_MAX,
    Collected,
    Fit,
    Period,
    Returned,
    Terms,
    fits,
    likely_periods,
    named_period,
)
from billing.reconciliation.booking import Booking, Leg, book_matches
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.in_provider_hands import unsettled_payments, unsettled_returns
from billing.reconciliation.matches import NOTHING_SEEN, Look, OpenRow, Reason
from billing.reconciliation.models import ExceptionKind, MatchKind


@dataclass(slots=True)
class Pool:
    """What providers hold, by channel; what a row pays over is taken out of it."""

    payments: dict[str, list[Collected]] = field(default_factory=dict)
    returns: dict[str, list[Returned]] = field(default_factory=dict)

    def take(self, fit: Fit) -> None:
        """Let no other row pay the same over."""
        paid = {each.payment_id for each in fit.payments}
        taken_back = {each.transfer_id for each in fit.returns}
        of_channel = self.payments.get(fit.channel, [])
        self.payments[fit.channel] = [each for each in of_channel if each.payment_id not in paid]
        returns = self.returns.get(fit.channel, [])
        self.returns[fit.channel] = [each for each in returns if each.transfer_id not in taken_back]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that pay over together: one, or several of a provider for the same days.

    Attributes:
        terms: of the channels it may be for; several of a provider may share its BIN.
        named: the days that the purpose names.
    """

    rows: tuple[OpenRow, ...]
    terms: tuple[Terms, ...]
    named: Period | None

    @property
    def credited(self) -> Money:
        """What came in."""
        return total(row.amount for row in self.rows)

    @property
    def first_row_on(self) -> date:
        """The day of the first row."""
        return min(row.booked_on for row in self.rows)

    @property
    def booked_on(self) -> date:
        """The day of the last row."""
        return max(row.booked_on for row in self.rows)


def match_provider_batches(
    session: Session, account: BankAccount, rows: Sequence[OpenRow], *, decided_on: date
) -> Look:
    """Settle providers' payments with the rows that pay them over exactly (see ``Matcher``)."""
    if account.kind is not BankAccountKind.BANK:
        return NOTHING_SEEN
    batches = _batches_of(session, account, rows)
    if not batches:
        return NOTHING_SEEN
    pool = _load_pool(session, account.enterprise_id, batches)
    decided = decide(batches, pool)
    book = ledger.get_book(session, ledger.enterprise_book_id(session, account.enterprise_id))
    left: dict[UUID, ExceptionKind] = {}
    bookings: list[Booking] = []
    for batch, decision in decided:
        if isinstance(decision, ExceptionKind):
            left |= dict.fromkeys((row.id for row in batch.rows if not _names_a_payer(row)), decision)
        elif book.closed_through is not None and batch.first_row_on <= book.closed_through:
            left |= dict.fromkeys((row.id for row in batch.rows), ExceptionKind.NOT_BOOKABLE)
        else:
            bookings.append(_booking(batch, decision))
    explained = book_matches(session, account, bookings, decided_on=decided_on)
    return Look(explained, left)


def _batches_of(session: Session, account: BankAccount, rows: Sequence[OpenRow]) -> list[Batch]:
    """Each row in which a provider of the enterprise pays, with the channels it may be for."""
    incoming = [row for row in rows if row.direction is Direction.IN]
    bins = {row.counterparty_iin_bin for row in incoming} - {""}
    ibans = {row.counterparty_iban for row in incoming} - {""}
    if not bins and not ibans:
        return []
    # Few providers and thousands of rows: so the rows are not taken to the database.
    agreed = session.execute(
        select(Provider.id, Provider.bin, Provider.iban).where(
            Provider.enterprise_id == account.enterprise_id
        )
    )
    known = [each.id for each in agreed if each.bin in bins or each.iban in ibans]
    # Held: two statements at once must not both pay the same payments over.
    providers = hold_providers(session, known)
    batches = []
    for row in incoming:
        payers = [provider for provider in providers if _pays(provider, row)]
        if payers:
            terms = tuple(Terms(each.code, each.commission_bp, each.commission_min) for each in payers)
            batches.append(Batch((row,), terms, named_period(row.purpose, row.booked_on)))
    return batches


def _pays(provider: Provider, row: OpenRow) -> bool:
    # A resident who pays from his own account at the provider is named as the one who really pays.
    if row.ultimate_iin_bin not in {"", provider.bin}:
        return False
    return row.counterparty_iin_bin == provider.bin or (
        provider.iban is not None and row.counterparty_iban == provider.iban
    )


def _names_a_payer(row: OpenRow) -> bool:
    """Whether a row that is no batch may be a resident's, whose bank is named in his place."""
    accounts, invoices = row.mentions.accounts, row.mentions.invoices
    return any(each.named for each in accounts) or any(each.named for each in invoices)


def _load_pool(session: Session, enterprise_id: UUID, batches: Sequence[Batch]) -> Pool:
    channels = {terms.channel for batch in batches for terms in batch.terms}
    back = timedelta(days=DAYS_NAMED_MAX if any(batch.named for batch in batches) else DAYS_BACK_MAX)
    days = [batch.booked_on for batch in batches]
    first_day, last_day = min(days) - back, max(days)
    frozen = signed_days_of(session, channels, first_day, last_day)
    pool = Pool()
    for payment in unsettled_payments(
        session, enterprise_id, channels, first_day=first_day, last_day=last_day
    ):
        if (payment.channel, payment.day) not in frozen:
            pool.payments.setdefault(payment.channel, []).append(payment)
    for returned in unsettled_returns(session, enterprise_id, channels, last_day=last_day):
        pool.returns.setdefault(returned.channel, []).append(returned)
    return pool


def decide(batches: Sequence[Batch], pool: Pool) -> list[tuple[Batch, Fit | ExceptionKind]]:
    """What each batch pays over, or why it is left. Pure but for the pool, which it empties.

    Rows whose purpose names the days come first: they leave less to guess for the others. What does not
    fit alone is tried together with the provider's other rows for the same days.
    """
    decided: list[tuple[Batch, Fit | ExceptionKind]] = []
    left: list[tuple[Batch, ExceptionKind]] = []
    for batch in sorted(batches, key=lambda each: (each.named is None, each.booked_on)):
        decision = _fit(batch, pool)
        if isinstance(decision, Fit):
            pool.take(decision)
            decided.append((batch, decision))
        else:
            left.append((batch, decision))
    for together, several in _joined(left):
        decision = _fit(together, pool) if len(several) > 1 else several[0][1]
        if isinstance(decision, Fit):
            pool.take(decision)
            decided.append((together, decision))
        else:
            decided += several
    return decided


def _joined(
    left: Sequence[tuple[Batch, ExceptionKind]],
) -> list[tuple[Batch, list[tuple[Batch, ExceptionKind]]]]:
    """What is left, put together by provider and days paid for."""
    groups: dict[Any, list[tuple[Batch, ExceptionKind]]] = {}
    for batch, decision in left:
        groups.setdefault((batch.terms, batch.named or batch.booked_on), []).append((batch, decision))
    return [
        (Batch(tuple(row for batch, _ in several for row in batch.rows), terms, several[0][0].named), several)
        for (terms, _), several in groups.items()
    ]


def _fit(batch: Batch, pool: Pool) -> Fit | ExceptionKind:
    found: list[Fit] = []
    for terms in batch.terms:
        payments = pool.payments.get(terms.channel, [])
        if batch.named is not None:
            periods = [batch.named]
        else:
            periods = list(likely_periods(batch.booked_on, [each.day for each in payments]))
        returns = [each for each in pool.returns.get(terms.channel, []) if each.day <= batch.booked_on]
        found += fits(terms, batch.credited, payments, returns, periods)
    if len(found) == 1:
        return found[0]
    return ExceptionKind.AMBIGUOUS if found else ExceptionKind.PROVIDER_DIFFERENCE


def _booking(batch: Batch, fit: Fit) -> Booking:
    legs = credit_legs(batch.rows)
    if fit.commission > ZERO:
        legs.append(Leg(batch.booked_on, ADMINISTRATION, IN_TRANSIT, fit.commission))
    return Booking(
        id=new_id(),
        kind=MatchKind.PROVIDER_BATCH,
        row_ids=[row.id for row in batch.rows],
        legs=legs,
        reasons=_reasons(batch, fit),
        payment_ids=[payment.payment_id for payment in fit.payments],
        return_ids=[returned.transfer_id for returned in fit.returns],
    )


def credit_legs(rows: Sequence[OpenRow]) -> list[Leg]:
    """Each row against money in transit, on the row's own day: the bank's balance of every day must agree."""
    return [
        Leg(row.booked_on, BANK, IN_TRANSIT, row.amount)
        if row.direction is Direction.IN
        else Leg(row.booked_on, IN_TRANSIT, BANK, row.amount)
        for row in rows
    ]


def _reasons(batch: Batch, fit: Fit) -> list[Reason]:
    days = {"first": fit.period.first.isoformat(), "last": fit.period.last.isoformat()}
    sums = {"gross": str(fit.gross), "commission": str(fit.commission), "count": len(fit.payments)}
    reasons = [
        Reason("batch_of_provider", 40, {"channel": fit.channel}),
        Reason("batch_comes_to_the_sum", 40, sums),
        Reason("batch_days_named", 20, days) if batch.named else Reason("batch_days_before", 10, days),
    ]
    if fit.returns:
        returned = total(each.amount for each in fit.returns)
        reasons.append(Reason("batch_less_returns", 0, {"returned": str(returned)}))
    return reasons

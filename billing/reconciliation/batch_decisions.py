"""An accountant's word on a provider's money: which rows pay which payments over, and what is different."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount, BankAccountKind
from billing.kernel.checks import line, optional_line
from billing.kernel.dates import FOREVER
from billing.kernel.errors import InvalidInput, NotFound, RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money, total
from billing.kernel.rows import get_row
from billing.ledger.chart import ADMINISTRATION, IN_TRANSIT
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentReversal
from billing.payments.providers.models import Provider
from billing.payments.signed_days import hold_providers, refuse_signed
from billing.reconciliation.batch_fitting import Collected, Returned, Terms, commissions, gross_of
from billing.reconciliation.booking import Booking, Leg, book_matches
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.in_provider_hands import IN_TRANSIT_METHODS, unsettled_returns
from billing.reconciliation.matches import OpenRow, PaymentSettled, Reason, in_chunks, lock_open_rows
from billing.reconciliation.models import MatchKind, SettledPayment, StatementRow
from billing.reconciliation.provider_batches import credit_legs

WHY_LENGTH_MAX = 300


class RowsOfSeveralAccounts(RuleViolation):
    """A match explains rows of one bank account. Facts: ``count`` of accounts."""

    code = "rows_of_several_accounts"


class AccountNotForBatch(RuleViolation):
    """A provider pays to an account of the enterprise whose money it takes. Facts: ``iban``."""

    code = "account_not_for_batch"


class PaymentOfAnotherChannel(RuleViolation):
    """The payment did not come through this provider. Facts: ``payment_id``, ``channel``."""

    code = "payment_of_another_channel"


class DifferenceNotNamed(RuleViolation):
    """Payments less commission are not what was credited, and nobody said why.

    Facts: ``gross``, ``commission``, ``credited``, ``difference``.
    """

    code = "difference_not_named"


@dataclass(frozen=True, slots=True)
class BatchSums:
    """What a batch comes to.

    Attributes:
        gross: of the payments, less what was taken back.
        credited: by the rows, less what went out in them.
        difference: what is missing of ``gross`` after both; below zero where too much was paid.
    """

    gross: Money
    commission: Money
    credited: Money

    @property
    def difference(self) -> Money:
        """What neither the rows nor the commission explain."""
        return self.gross - self.commission - self.credited


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the accountant put together.

    Attributes:
        commission: withheld; None takes what makes the sums agree, or else what was agreed.
    """

    provider_id: UUID
    row_ids: Sequence[UUID]
    payment_ids: Sequence[UUID]
    return_ids: Sequence[UUID] = ()
    commission: Money | None = None


def settle_batch(
    session: Session,
    chosen: Chosen,
    *,
    why: str,
    difference_reason: str | None = None,
    decided_on: date,
) -> UUID:
    """Settle a provider's payments with rows of the bank, as an accountant says; returns the match's id.

    What the rows do not explain is posted to 7210 under its reason.

    Args:
        why: of the decision, in the accountant's words.
        difference_reason: what the difference is; needed where there is one.
        decided_on: the district's date of the decision; postings carry the rows' own days.

    Raises:
        NotFound: no such provider, row, payment, or money taken back.
        InvalidInput, InvalidText: nothing chosen, a commission below zero, no word of why.
        RowMatched, RowsOfSeveralAccounts, AccountNotForBatch: the rows cannot be this provider's batch.
        PaymentOfAnotherChannel, PaymentSettled, PaymentReversed: a payment cannot be in it.
        DaySignedOff: a payment is of a day that an accountant vouched for.
        DifferenceNotNamed: the sums do not agree, and no reason is given.
        MonthClosed: a row lies in a closed month. Nothing is settled.
    """
    why = line(why, field="why", length_max=WHY_LENGTH_MAX)
    named = optional_line(difference_reason, field="difference_reason", length_max=WHY_LENGTH_MAX)
    if not chosen.row_ids:
        raise InvalidInput(field="row_ids")
    rows = lock_open_rows(session, chosen.row_ids)
    # In the order of the automatic matcher: rows, provider, payments.
    [provider] = hold_providers(session, [chosen.provider_id])
    account = _account_of(session, provider, chosen.row_ids)
    collected = _collected(session, provider, chosen.payment_ids)
    refuse_signed(session, {provider.code: {each.day for each in collected}})
    returned = _returned(session, provider, chosen.return_ids)
    sums = _sums(provider, rows, collected, returned, chosen.commission)
    if sums.difference and not named:
        raise DifferenceNotNamed(
            gross=sums.gross,
            commission=sums.commission,
            credited=sums.credited,
            difference=sums.difference,
        )
    booking = Booking(
        id=new_id(),
        kind=MatchKind.PROVIDER_BATCH,
        row_ids=[row.id for row in rows],
        legs=_legs(rows, sums),
        reasons=_reasons(provider, sums, len(collected), named),
        payment_ids=[each.payment_id for each in collected],
        return_ids=[each.transfer_id for each in returned],
        why=why,
    )
    book_matches(session, account, [booking], decided_on=decided_on)
    return booking.id


def weigh_batch(session: Session, chosen: Chosen) -> BatchSums:
    """What rows and payments would come to, before anybody decides. Writes nothing.

    Raises:
        NotFound, InvalidInput, RowMatched: see ``settle_batch``.
        PaymentOfAnotherChannel, PaymentSettled, PaymentReversed: likewise.
    """
    rows = lock_open_rows(session, chosen.row_ids)
    provider = get_row(session, Provider, chosen.provider_id, kind="provider")
    collected = _collected(session, provider, chosen.payment_ids)
    returned = _returned(session, provider, chosen.return_ids)
    return _sums(provider, rows, collected, returned, chosen.commission)


def _account_of(session: Session, provider: Provider, row_ids: Sequence[UUID]) -> BankAccount:
    ids = session.scalars(
        select(StatementRow.bank_account_id).where(StatementRow.id.in_(row_ids)).distinct()
    ).all()
    if len(ids) > 1:
        raise RowsOfSeveralAccounts(count=len(ids))
    account = get_row(session, BankAccount, ids[0], kind="bank_account")
    if account.kind is not BankAccountKind.BANK or account.enterprise_id != provider.enterprise_id:
        raise AccountNotForBatch(iban=account.iban)
    return account


def _collected(session: Session, provider: Provider, payment_ids: Sequence[UUID]) -> list[Collected]:
    """The payments, locked, if all of them are in this provider's hands."""
    found: list[Payment] = []
    wanted = sorted(set(payment_ids))
    for some in in_chunks(wanted):
        payments.lock_payments(session, some)
        found += session.scalars(select(Payment).where(Payment.id.in_(some)).order_by(Payment.id))
        reversed_ = session.scalar(
            select(PaymentReversal.payment_id).where(PaymentReversal.payment_id.in_(some)).limit(1)
        )
        if reversed_ is not None:
            raise payments.PaymentReversed(payment_id=reversed_)
        settled = session.scalar(
            select(SettledPayment.payment_id).where(SettledPayment.payment_id.in_(some)).limit(1)
        )
        if settled is not None:
            raise PaymentSettled(payment_id=settled)
    for payment in found:
        if (
            payment.channel != provider.code
            or payment.enterprise_id != provider.enterprise_id
            or payment.method not in IN_TRANSIT_METHODS
        ):
            raise PaymentOfAnotherChannel(payment_id=payment.id, channel=payment.channel)
    return [Collected(each.id, each.channel, each.received_on, each.amount) for each in found]


def _returned(session: Session, provider: Provider, return_ids: Sequence[UUID]) -> list[Returned]:
    if not return_ids:
        return []
    open_ = unsettled_returns(session, provider.enterprise_id, [provider.code], last_day=FOREVER)
    known = {each.transfer_id: each for each in open_}
    if missing := set(return_ids) - known.keys():
        raise NotFound(kind="provider_return", id=min(missing))
    return [known[return_id] for return_id in sorted(set(return_ids))]


def _sums(
    provider: Provider,
    rows: Sequence[OpenRow],
    collected: Sequence[Collected],
    returned: Sequence[Returned],
    commission: Money | None,
) -> BatchSums:
    if not collected and not returned:
        raise InvalidInput(field="payment_ids")
    gross = gross_of(collected, returned)
    credited = total(row.amount if row.direction is Direction.IN else -row.amount for row in rows)
    if commission is None:
        terms = Terms(provider.code, provider.commission_bp, provider.commission_min)
        usual = commissions(terms, collected)
        commission = gross - credited if gross - credited in usual else usual[0]
    if commission < ZERO:
        raise InvalidInput(field="commission")
    return BatchSums(gross, commission, credited)


def _legs(rows: Sequence[OpenRow], sums: BatchSums) -> list[Leg]:
    legs = credit_legs(rows)
    last_day = max(row.booked_on for row in rows)
    if sums.commission > ZERO:
        legs.append(Leg(last_day, ADMINISTRATION, IN_TRANSIT, sums.commission))
    if sums.difference > ZERO:
        legs.append(Leg(last_day, ADMINISTRATION, IN_TRANSIT, sums.difference))
    elif sums.difference < ZERO:
        legs.append(Leg(last_day, IN_TRANSIT, ADMINISTRATION, -sums.difference))
    return legs


def _reasons(provider: Provider, sums: BatchSums, count: int, named: str) -> list[Reason]:
    facts = {"gross": str(sums.gross), "commission": str(sums.commission), "count": count}
    reasons = [
        Reason("batch_of_provider", 0, {"channel": provider.code}),
        Reason("batch_put_together", 0, facts),
    ]
    if sums.difference:
        facts = {"difference": str(sums.difference), "reason": named}
        reasons.append(Reason("batch_difference", 0, facts))
    return reasons

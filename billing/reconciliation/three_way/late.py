"""Books payments late that a provider took and the books do not know, from its registry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.kernel.errors import InvalidInput, RuleViolation
from billing.kernel.identifiers import check_account_number
from billing.kernel.rows import get_row
from billing.payments.models import Payment
from billing.payments.providers.agreements import method_of
from billing.payments.providers.models import Provider
from billing.payments.receipts import Receipt
from billing.payments.recording import record_payments
from billing.payments.signed_days import hold_providers, refuse_signed
from billing.reconciliation.matches import in_chunks
from billing.reconciliation.three_way.models import RegistryRow


class RegistryAccountUnknown(RuleViolation):
    """No customer has the account that the payer typed: say whose payment it is. Facts: ``account``."""

    code = "registry_account_unknown"


@dataclass(frozen=True, slots=True)
class BookedLate:
    """What became of the payments that the books did not know.

    Attributes:
        payment_ids: that stand in the books now.
        of_nobody: rows whose account belongs to nobody; nothing was booked for them.
    """

    payment_ids: list[UUID]
    of_nobody: list[RegistryRow]


def book_late(session: Session, row_id: UUID, *, customer_id: UUID | None = None) -> UUID:
    """Record a payment as the provider's registry tells it, on the provider's day; returns the payment's id.

    The same row again is the same payment, and so is the provider's own request if it comes after all.

    Args:
        customer_id: whose payment it is; None finds the customer by the account that the payer typed.

    Raises:
        NotFound: no such row or customer.
        RegistryAccountUnknown: nobody has the account, and no customer is named.
        DaySignedOff: an accountant vouched for the day without it.
        OutsideIdReused: the transaction is recorded for another customer, sum or day.
        MonthClosed, NoPostingPolicy, UnknownBudgetCode: it cannot be posted. Nothing is recorded.
    """
    row = get_row(session, RegistryRow, row_id, kind="registry_row")
    [provider] = hold_providers(session, [row.provider_id])
    refuse_signed(session, {provider.code: [row.paid_on]})
    if customer_id is None:
        customer_id = _customers_of(session, [row]).get(row.id)
    if customer_id is None:
        raise RegistryAccountUnknown(account=row.account)
    [recorded] = record_payments(session, provider.enterprise_id, [_receipt(provider, row, customer_id)])
    return recorded.payment_id


def book_missing(session: Session, provider_id: UUID, first_day: date, last_day: date) -> BookedLate:
    """Record all payments of some days that the provider's registry tells and the books do not know.

    Raises:
        NotFound: no such provider.
        DaySignedOff: a day of them is frozen.
        MonthClosed, NoPostingPolicy, UnknownBudgetCode: something cannot be posted. Nothing is recorded.
    """
    [provider] = hold_providers(session, [provider_id])
    missing = _missing(session, provider, first_day, last_day)
    refuse_signed(session, {provider.code: {row.paid_on for row in missing}})
    customers = _customers_of(session, missing)
    receipts = [_receipt(provider, row, customers[row.id]) for row in missing if row.id in customers]
    recorded = record_payments(session, provider.enterprise_id, receipts) if receipts else []
    return BookedLate(
        [each.payment_id for each in recorded], [row for row in missing if row.id not in customers]
    )


def _missing(session: Session, provider: Provider, first_day: date, last_day: date) -> list[RegistryRow]:
    statement = (
        select(RegistryRow)
        .outerjoin(
            Payment,
            and_(
                Payment.district_id == RegistryRow.district_id,
                Payment.channel == provider.code,
                Payment.outside_id == RegistryRow.outside_id,
            ),
        )
        .where(
            RegistryRow.provider_id == provider.id,
            RegistryRow.paid_on.between(first_day, last_day),
            Payment.id.is_(None),
        )
        .order_by(RegistryRow.paid_on, RegistryRow.id)
    )
    return list(session.scalars(statement))


def _customers_of(session: Session, rows: Sequence[RegistryRow]) -> dict[UUID, UUID]:
    """Customers by the rows whose account is theirs."""
    accounts: dict[UUID, str] = {}
    for row in rows:
        try:
            accounts[row.id] = check_account_number(row.account)
        except InvalidInput:
            continue
    known: dict[str, UUID] = {}
    for some in in_chunks(sorted(set(accounts.values()))):
        found = select(Customer.account_number, Customer.id).where(Customer.account_number.in_(some))
        known |= {row.account_number: row.id for row in session.execute(found)}
    return {row_id: known[account] for row_id, account in accounts.items() if account in known}


def _receipt(provider: Provider, row: RegistryRow, customer_id: UUID) -> Receipt:
    return Receipt(
        customer_id=customer_id,
        amount=row.amount,
        method=method_of(provider),
        received_on=row.paid_on,
        channel=provider.code,
        outside_id=row.outside_id,
    )
